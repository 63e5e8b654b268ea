// Live figures: the speed of this page's answers, and the load of the server.

import {getJson} from "./api.js";
import {byId, duration, short} from "./dom.js";

const PERIOD_MS = 2000;

/** Polls the server's load while the page is visible. @param onStatus receives each status */
export function startMetrics(onStatus) {
  const poll = async () => {
    if (!document.hidden) {
      try {
        const status = await getJson("glia/status");
        showLoad(status);
        onStatus(status);
      } catch (e) {
        byId("load").textContent = e.status === 401 ? "API key needed" : e.status === 0 ? "server not reached" : "";
      }
    }
    setTimeout(poll, PERIOD_MS);
  };
  poll();
}

function showLoad({models}) {
  const sum = name => models.reduce((total, model) => total + (model[name] ?? 0), 0);
  byId("load").textContent = `Server: ${sum("running")} running, ${sum("waiting")} waiting`
    + (sum("cache_bytes") ? `, KV cache ${short(sum("cache_bytes") / 1e6)} MB` : "");
}

/** Shows the speed of answers that are being generated, and of the last one afterwards. */
export function showSpeed(generations) {
  const texts = generations.map(generation => generation.numChunks
    ? `${short(generation.speed)} tokens/s` : `waiting ${duration(generation.elapsed)}`);
  byId("speed").textContent = texts.join(" | ");
}
