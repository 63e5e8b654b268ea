// The page: which chat is open, which models answer, and what the buttons do.

import {announce, SentenceReader} from "./announce.js";
import {getJson, postBlob} from "./api.js";
import * as chats from "./chats.js";
import {Composer} from "./composer.js";
import {byId} from "./dom.js";
import {Generation} from "./generate.js";
import {History} from "./history.js";
import {askKey, startKey} from "./key.js";
import {startKeys} from "./keys.js";
import {showSpeed, startMetrics} from "./metrics.js";
import {format, onSettings, openSettings, requestFields, settings, startSettings} from "./settings.js";
import {openStore, saveChat} from "./store.js";
import {startTheme} from "./theme.js";
import {Targets} from "./targets.js";
import {Thread} from "./thread.js";

class App {
  chat = chats.newChat(settings().system);
  #targets = new Targets(this);
  #generations = new Map();
  #thread = new Thread(this);
  #history = new History(this);
  #composer = new Composer((text, images) => this.send(text, images), () => this.stop(), text => this.problem(text));
  #saving = 0;
  /** The sound of an answer that is being spoken. */
  #spoken = null;
  /** Chats that were deleted while they were open. */
  #deleted = new WeakSet();

  async start() {
    startTheme();
    startSettings();
    startKeys(this.#shortcuts());
    startKey(() => this.#keyChanged());
    byId("open-settings").addEventListener("click", () => this.openSettings());
    byId("compare").addEventListener("click", () => this.#targets.toggle());
    byId("open-shortcuts").addEventListener("click", () => byId("shortcuts").showModal());
    onSettings((name, value) => this.#settingChanged(name, value));
    this.#showFormat();
    this.#thread.render();
    this.#composer.focus();
    if (!await openStore()) {
      this.problem("This browser keeps no chats here: they are lost when the page is closed. Export keeps a copy.");
    }
    this.#history.render();
    await this.#readModels();
    startMetrics(status => this.#targets.take(status));
    setInterval(() => this.#tick(), 250);
  }

  async #readModels() {
    try {
      this.#targets.offer((await getJson("v1/models")).data);
      if (!this.#targets.models.length) {
        this.problem("The server serves no models. Start it with one: glia serve MODEL.");
      }
    } catch (e) {
      this.problem(e.status === 401 ? e.hint : `${e.message} ${e.hint}`);
      if (e.status === 401) {
        this.openKey(e.status);
      }
    }
  }

  /** The chosen models changed. */
  targetsChanged() {
    this.#composer.allow(this.#targets.takes("image"), this.#targets.takes("audio"));
    if (!Object.keys(this.chat.nodes).length) {
      this.#thread.render();
    }
  }

  firstModel() {
    return this.#targets.firstModel();
  }

  // What messages and buttons do.

  /** Sends a message. @returns whether it was sent */
  send(text, images) {
    if (this.#generations.size || !this.#targets.list[0].model) {
      this.problem(this.#generations.size ? "Wait for the answer, or stop it first." : "There is no model to answer.");
      return false;
    }
    if (!this.#isReady()) {
      return false;
    }
    const last = chats.path(this.chat).at(-1) ?? null;
    this.#answer(chats.addNode(this.chat, last, {role: "user", text, images}));
    this.#thread.toEnd();
    return true;
  }

  /** The model that speaks, if the server has one. */
  voice() {
    return this.#targets.voice;
  }

  /** Stops speaking and frees the sound. */
  #silence() {
    this.#spoken?.pause();
    if (this.#spoken) URL.revokeObjectURL(this.#spoken.src);
    this.#spoken = null;
  }

  /** Speaks an answer, or stops speaking. */
  async speak(node) {
    const spoken = this.#spoken;
    this.#silence();
    if (spoken?.node === node) {
      return;
    }
    try {
      const blob = await postBlob("v1/audio/speech", {model: this.voice(), input: node.text.slice(0, 4096)});
      this.#silence();
      const sound = new Audio(URL.createObjectURL(blob));
      sound.node = node;
      sound.addEventListener("ended", () => { if (this.#spoken === sound) this.#silence(); });
      this.#spoken = sound;
      await sound.play();
    } catch (e) {
      this.problem(`${e.message} ${e.hint ?? ""}`);
    }
  }

  /** A new version of a user's message, which is answered. */
  edit(node, text) {
    if (this.#isReady()) {
      const parent = this.chat.nodes[node.parent] ?? null;
      this.#answer(chats.addNode(this.chat, parent, {role: "user", text, images: node.images}));
      this.#composer.focus();
    }
  }

  /** A new version of an answer. */
  regenerate(node) {
    if (this.#isReady()) {
      this.#answer(this.chat.nodes[node.parent]);
      this.#composer.focus();
    }
  }

  /** Results of tool calls, which the model reads next. */
  sendResults(node, results) {
    if (this.#isReady()) {
      let last = node;
      node.calls.forEach((call, i) => {
        last = chats.addNode(this.chat, last, {role: "tool", text: results[i], callId: call.id, name: call.name});
      });
      this.#answer(last, [node]);
    }
  }

  /** Continues an answer that was cut. */
  goOn(node) {
    if (this.#isReady()) {
      this.#run(node, true);
    }
  }

  /** Whether an answer can be requested: none is being generated, and the settings are right. */
  #isReady() {
    try {
      this.problem("");
      requestFields();
      return !this.#generations.size;
    } catch (e) {
      this.problem(e.message);
      return false;
    }
  }

  #answer(parent, targets = this.#targets.list) {
    const group = targets.length > 1 ? `${parent.id}-${Object.keys(this.chat.nodes).length}` : undefined;
    const nodes = targets.map(({model, effort, settings: own}) => chats.addNode(this.chat, parent,
      {role: "assistant", model, effort: this.#targets.effort(model, effort), group,
        settings: targets.length > 1 || targets !== this.#targets.list ? {...own} : undefined,
        format: format() ?? undefined}));
    chats.choose(this.chat, nodes[0]);
    nodes.forEach(node => this.#run(node));
  }

  async #run(node, continues = false) {
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
    await generation.run(requestFields(node.settings), this.system(node), continues);
    this.#generations.delete(node.id);
    this.#composer.setRunning(this.#generations.size > 0);
    chat.updated = Date.now();
    if (node.error?.status === 401) {
      this.openKey(node.error.status);
    }
    if (chat === this.chat) {
      this.#thread.changed(node);
      if (chats.path(chat).includes(node)) {
        reader.finish(node.text);
        announce(node.error ? `${node.error.message} ${node.error.hint}`
          : node.finish === "stopped" ? "Stopped." : "The answer is complete.");
      }
    }
    await this.#save(chat);
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

  /** The system prompt of the chat, or of an answer with its own. Chats of earlier versions of this page have none. */
  system(node = null) {
    return (node?.settings?.ownSystem || (this.chat.system ?? settings().system) || "").trim();
  }

  openSettings() {
    openSettings(this.chat.system ?? settings().system);
  }

  openKey(status) {
    askKey(status);
  }

  #keyChanged() {
    this.problem("");
    this.#readModels();
  }

  /** Opens a chat; null for a new one. */
  open(chat) {
    this.stop();
    this.problem("");
    this.chat = chat ?? chats.newChat(settings().system);
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

  #settingChanged(name, value) {
    this.#showFormat();
    const isEmpty = !Object.keys(this.chat.nodes).length;
    if (name === "chatSystem" || name === "system" && isEmpty) {
      this.chat.system = value;
      if (name === "system") {
        byId("set-chatSystem").value = value;
      }
      this.#thread.render();
      if (!isEmpty) {
        this.#saveSoon(this.chat);
      }
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
      compare: () => this.#targets.toggle(),
      regenerate: () => withLast("assistant", node => this.regenerate(node)),
      edit: () => withLast("user", node => this.#thread.view(node)?.edit()),
      previous: () => withLast("assistant", node => this.step(node, -1)),
      next: () => withLast("assistant", node => this.step(node, 1)),
      input: () => this.#composer.focus(),
      thread: () => byId("thread").focus(),
      settings: () => this.openSettings(),
      shortcuts: () => byId("shortcuts").showModal(),
    };
  }
}

new App().start();
