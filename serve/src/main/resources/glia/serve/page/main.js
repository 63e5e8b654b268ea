// The page: which chat is open, which models answer, and what the buttons do.

import {announce, SentenceReader} from "./announce.js";
import {getJson} from "./api.js";
import * as chats from "./chats.js";
import {Composer} from "./composer.js";
import {byId, el} from "./dom.js";
import {Generation} from "./generate.js";
import {History} from "./history.js";
import {startKeys} from "./keys.js";
import {showSpeed, startMetrics} from "./metrics.js";
import {format, onSettings, openSettings, requestFields, settings, startSettings} from "./settings.js";
import {openStore, saveChat} from "./store.js";
import {startTheme} from "./theme.js";
import {Thread} from "./thread.js";

const EFFORTS = [["", "Usual effort"], ["none", "No thinking"], ["low", "Low effort"], ["medium", "Medium effort"],
  ["high", "High effort"], ["auto", "Automatic"]];
const TARGETS = "glia.targets";

class App {
  chat = chats.newChat();
  #models = [];
  /** What answers: `{model, effort}`, one or two of them. */
  #targets = [{model: "", effort: ""}];
  #generations = new Map();
  #thread = new Thread(this);
  #history = new History(this);
  #composer = new Composer((text, images) => this.send(text, images), () => this.stop(), text => this.problem(text));
  #saving = 0;
  /** Chats that were deleted while they were open. */
  #deleted = new WeakSet();

  async start() {
    startTheme();
    startSettings();
    startKeys(this.#shortcuts());
    byId("compare").addEventListener("click", () => this.#toggleCompare());
    byId("open-shortcuts").addEventListener("click", () => byId("shortcuts").showModal());
    onSettings(name => this.#settingChanged(name));
    this.#showFormat();
    this.#thread.render();
    this.#composer.focus();
    if (!await openStore()) {
      this.problem("This browser keeps no chats here: they are lost when the page is closed. Export keeps a copy.");
    }
    this.#history.render();
    await this.#readModels();
    startMetrics(status => this.#takeStatus(status));
    setInterval(() => this.#tick(), 250);
  }

  async #readModels() {
    try {
      this.#models = (await getJson("v1/models")).data;
      if (!this.#models.length) {
        this.problem("The server serves no models. Start it with one: glia serve MODEL.");
      }
    } catch (e) {
      this.problem(`${e.message} ${e.hint}`);
    }
    const ids = this.#models.map(model => model.id);
    const usable = keptTargets().filter(target => ids.includes(target?.model)).slice(0, 2);
    this.#targets = usable.length ? usable : [{model: ids[0] ?? "", effort: ""}];
    this.#showTargets();
  }

  /** What models can do, of those that are loaded. */
  #takeStatus(status) {
    for (const model of this.#models) {
      const found = status.models.find(one => one.id === model.id);
      if (found && model.thinks !== found.thinks) {
        Object.assign(model, found);
        this.#showTargets();
      }
    }
  }

  #showTargets() {
    byId("targets").replaceChildren(...this.#targets.map((target, i) => {
      const nth = this.#targets.length > 1 ? ` ${i + 1}` : "";
      const model = el("select", {"aria-label": `Model${nth}`, class: "model", onChange: event => {
        target.model = event.target.value;
        this.#keepTargets();
      }}, ...this.#models.map(one => el("option", {value: one.id, selected: one.id === target.model}, one.id)));
      const effort = el("select", {"aria-label": `Effort of thinking${nth}`, class: "effort", onChange: event => {
        target.effort = event.target.value;
        this.#keepTargets();
      }}, ...EFFORTS.map(([value, label]) => el("option", {value, selected: value === target.effort}, label)));
      effort.hidden = this.#model(target.model)?.thinks === false;
      return el("div", {class: "target"}, i ? el("span", {class: "versus"}, "and") : null, model, effort);
    }));
    byId("compare").setAttribute("aria-pressed", String(this.#targets.length > 1));
    this.#composer.allowImages(this.#targets.every(target =>
      this.#model(target.model)?.input_modalities?.includes("image")));
  }

  #model(id) {
    return this.#models.find(model => model.id === id);
  }

  #keepTargets() {
    localStorage.setItem(TARGETS, JSON.stringify(this.#targets));
    const at = [...byId("targets").querySelectorAll("select")].indexOf(document.activeElement);
    this.#showTargets();
    byId("targets").querySelectorAll("select")[at]?.focus();
  }

  /** One answer or two: the second is of the next model, or of another effort where there is one model. */
  #toggleCompare() {
    const [first] = this.#targets;
    if (this.#targets.length > 1) {
      this.#targets = [first];
    } else {
      const other = this.#models.find(model => model.id !== first.model);
      const opposite = first.effort === "none" ? "" : "none";
      this.#targets.push({model: other?.id ?? first.model, effort: other ? "" : opposite});
    }
    this.#keepTargets();
    announce(this.#targets.length > 1 ? "Two answers side by side." : "One answer.");
  }

  // What messages and buttons do.

  /** Sends a message. @returns whether it was sent */
  send(text, images) {
    if (this.#generations.size || !this.#targets[0].model) {
      this.problem(this.#generations.size ? "Wait for the answer, or stop it first." : "There is no model to answer.");
      return false;
    }
    const fields = this.#fields();
    if (!fields) {
      return false;
    }
    const last = chats.path(this.chat).at(-1) ?? null;
    this.#answer(chats.addNode(this.chat, last, {role: "user", text, images}), fields);
    this.#thread.toEnd();
    return true;
  }

  /** A new version of a user's message, which is answered. */
  edit(node, text) {
    const fields = this.#generations.size ? null : this.#fields();
    if (fields) {
      const parent = this.chat.nodes[node.parent] ?? null;
      this.#answer(chats.addNode(this.chat, parent, {role: "user", text, images: node.images}), fields);
      this.#composer.focus();
    }
  }

  /** A new version of an answer. */
  regenerate(node) {
    const fields = this.#generations.size ? null : this.#fields();
    if (fields) {
      this.#answer(this.chat.nodes[node.parent], fields);
      this.#composer.focus();
    }
  }

  /** Results of tool calls, which the model reads next. */
  sendResults(node, results) {
    const fields = this.#fields();
    if (fields) {
      let last = node;
      node.calls.forEach((call, i) => {
        last = chats.addNode(this.chat, last, {role: "tool", text: results[i], callId: call.id, name: call.name});
      });
      this.#answer(last, fields, [{model: node.model, effort: node.effort}]);
    }
  }

  /** Continues an answer that was cut. */
  goOn(node) {
    const fields = this.#generations.size ? null : this.#fields();
    if (fields) {
      this.#run(node, fields, true);
    }
  }

  #fields() {
    try {
      this.problem("");
      return requestFields();
    } catch (e) {
      this.problem(e.message);
      return null;
    }
  }

  #answer(parent, fields, targets = this.#targets) {
    const group = targets.length > 1 ? `${parent.id}-${Object.keys(this.chat.nodes).length}` : undefined;
    const nodes = targets.map(({model, effort}) => chats.addNode(this.chat, parent,
      {role: "assistant", model, effort: this.#model(model)?.thinks === false ? "" : effort, group,
        format: format() ?? undefined}));
    chats.choose(this.chat, nodes[0]);
    nodes.forEach(node => this.#run(node, fields));
  }

  async #run(node, fields, continues = false) {
    const chat = this.chat;
    const reader = new SentenceReader();
    const generation = new Generation(chat, node, () => {
      this.#thread.changed(node);
      if (chats.path(chat).includes(node)) {
        reader.grow(node.text);
      }
      this.#saveSoon(chat);
    });
    this.#generations.set(node.id, generation);
    this.#composer.setRunning(true);
    this.#thread.render();
    announce("Generating.");
    await generation.run(fields, this.system(), continues);
    this.#generations.delete(node.id);
    this.#composer.setRunning(this.#generations.size > 0);
    chat.updated = Date.now();
    await this.#save(chat);
    if (chat === this.chat) {
      this.#thread.changed(node);
      if (chats.path(chat).includes(node)) {
        reader.finish(node.text);
        announce(node.error ? `${node.error.message} ${node.error.hint}`
          : node.finish === "stopped" ? "Stopped." : "The answer is complete.");
      }
    }
    this.#history.render();
  }

  #saveSoon(chat) {
    this.#saving ||= setTimeout(() => this.#save(chat), 1000);
  }

  async #save(chat) {
    clearTimeout(this.#saving);
    this.#saving = 0;
    if (this.#deleted.has(chat)) {
      return;
    }
    try {
      await saveChat(chat);
    } catch (e) {
      this.problem(`The chat could not be kept: ${e.message}. Delete or export older chats.`);
    }
  }

  stop() {
    this.#generations.forEach(generation => generation.stop());
  }

  /** Ends the answers of a chat that is being deleted, or of all chats; what they have is not kept. */
  forget(id = null) {
    const open = [this.chat, ...[...this.#generations.values()].map(generation => generation.chat)];
    open.filter(chat => id === null || chat.id === id).forEach(chat => this.#deleted.add(chat));
    this.#generations.forEach(generation => this.#deleted.has(generation.chat) && generation.stop());
  }

  step(node, steps) {
    if (chats.step(this.chat, node, steps)) {
      this.#save(this.chat);
      this.#thread.render();
      const now = this.chat.nodes[this.chat.chosen[node.parent]];
      const shown = this.#thread.view(now)?.element;
      const name = steps < 0 ? "Previous version" : "Next version";
      (shown?.querySelector(`button[aria-label="${name}"]:not(:disabled)`) ?? shown)?.focus();
    }
  }

  /** Goes on from one of the answers side by side. */
  choose(node) {
    chats.choose(this.chat, node);
    this.#save(this.chat);
    this.#thread.render();
  }

  isRunning(node) {
    return this.#generations.has(node.id);
  }

  isChosen(node) {
    return this.chat.chosen[node.parent] === node.id;
  }

  /** Whether messages follow a node. */
  hasAnswer(node) {
    return chats.children(this.chat, node.id).length > 0;
  }

  system() {
    return settings().system?.trim() ?? "";
  }

  openKey() {
    openSettings("key");
  }

  /** Opens a chat; null for a new one. */
  open(chat) {
    this.stop();
    this.problem("");
    this.chat = chat ?? chats.newChat();
    this.#thread.render();
    this.#thread.toEnd();
    this.#history.toggle(false);
    this.#history.render();
    this.#composer.focus();
  }

  /** Shows a problem above the conversation; an empty text hides it. */
  problem(text) {
    byId("notice").textContent = text;
    byId("notice").hidden = !text;
  }

  #tick() {
    if (this.#generations.size) {
      showSpeed([...this.#generations.values()]);
    } else {
      byId("speed").textContent = "";
    }
  }

  #settingChanged(name) {
    this.#showFormat();
    if (name === "key") {
      this.problem("");
      this.#readModels();
    }
  }

  #showFormat() {
    const parts = [];
    const kind = format()?.kind;
    if (kind) {
      parts.push(`Answers: ${{json: "JSON", schema: "by a JSON schema", regex: "by a regular expression",
        choice: "one of several texts", grammar: "by a grammar"}[kind]}`);
    }
    if (settings().tools?.trim()) {
      parts.push("tools on");
    }
    byId("format-note").textContent = parts.join(" · ");
  }

  #shortcuts() {
    const lastOf = role => chats.path(this.chat).findLast(node => node.role === role);
    const withLast = (role, work) => {
      const node = lastOf(role);
      if (node) {
        work(node);
      }
    };
    return {
      escape: () => this.#generations.size ? this.stop() : this.#history.toggle(false),
      newChat: () => this.open(null),
      history: () => this.#history.toggle() || byId("new-chat").focus(),
      model: () => byId("targets").querySelector("select")?.focus(),
      compare: () => this.#toggleCompare(),
      regenerate: () => withLast("assistant", node => this.regenerate(node)),
      edit: () => withLast("user", node => this.#thread.view(node)?.edit()),
      previous: () => withLast("assistant", node => this.step(node, -1)),
      next: () => withLast("assistant", node => this.step(node, 1)),
      input: () => this.#composer.focus(),
      thread: () => byId("thread").focus(),
      settings: () => openSettings(),
      shortcuts: () => byId("shortcuts").showModal(),
    };
  }
}

/** What answered when the page was last open. */
function keptTargets() {
  try {
    const kept = JSON.parse(localStorage.getItem(TARGETS) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

new App().start();
