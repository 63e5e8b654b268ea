// Live figures: the speed of this page's answers, and the load of the server.

import {getJson, getText} from "./api.js";
import {byId, duration, short} from "./dom.js";

const PERIOD_MS = 2000;
/** Prometheus' names of what the server counts. */
const COUNTS = {
  later: "glia_inter_token_seconds_count",
  first: "glia_time_to_first_token_seconds_count",
  firstSeconds: "glia_time_to_first_token_seconds_sum",
};

/** Polls the server's load while the page is visible. @param onStatus receives each status */
export function startMetrics(onStatus) {
  let before = null;
  const poll = async () => {
    if (!document.hidden) {
      try {
        const status = await getJson("glia/status");
        const now = counts(await getText("metrics"));
        byId("load").textContent = `Server: ${[...load(status), ...rates(before, now)].join(", ")}`;
        before = now;
        onStatus(status);
      } catch (e) {
        byId("load").textContent = e.status === 401 ? "API key needed" : e.status === 0 ? "Server not reached" : "";
      }
    }
    setTimeout(poll, PERIOD_MS);
  };
  poll();
}

function counts(text) {
  const found = {time: performance.now()};
  for (const [key, name] of Object.entries(COUNTS)) {
    const line = text.split("\n").find(one => one.startsWith(`${name} `));
    found[key] = line ? Number(line.slice(name.length)) : 0;
  }
  return found;
}

/** Tokens a second and the mean time to the first token since the last poll. */
function rates(before, now) {
  if (!before) {
    return [];
  }
  const since = key => now[key] - before[key];
  const tokens = since("later") + since("first");
  const texts = tokens > 0 ? [`${short(1000 * tokens / since("time"))} tokens/s`] : [];
  if (since("first") > 0) {
    texts.push(`first token ${duration(1000 * since("firstSeconds") / since("first"))}`);
  }
  return texts;
}

function load({models}) {
  const sum = name => models.reduce((total, model) => total + (model[name] ?? 0), 0);
  const texts = [`${sum("running")} running`, `${sum("waiting")} waiting`];
  if (sum("cache_bytes")) {
    texts.push(`KV cache ${short(sum("cache_bytes") / 1e6)} MB`);
  }
  return texts;
}

/** Shows the speed of answers that are being generated. */
export function showSpeed(generations) {
  const texts = generations.map(generation => generation.numChunks
    ? `${short(generation.speed)} tokens/s` : `waiting ${duration(generation.elapsed)}`);
  byId("speed").textContent = texts.join(" | ");
}
