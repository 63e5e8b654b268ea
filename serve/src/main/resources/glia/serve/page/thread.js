// The conversation: the chosen messages, answers of a comparison beside each other.

import {besides, path} from "./chats.js";
import {button, byId, el} from "./dom.js";
import {MessageView} from "./message.js";

const NEAR = 80;
const IDEAS = ["Explain what a KV cache is in two sentences.", "Write a Python function that reverses a string.",
  "Name three differences between TCP and UDP in a table."];
const QUOTED = /"([^"\s][^"]{2,200})"/g;

export class Thread {
  #app;
  #element = byId("thread");
  #views = new Map();
  #pending = new Set();
  /** Milliseconds between two changes of the screen: more where they take long, so that typing stays smooth. */
  #pause = 0;

  constructor(app) {
    this.#app = app;
  }

  /** Shows the chat from its nodes. */
  render() {
    const {chat} = this.#app;
    const isAtEnd = this.#isAtEnd();
    const old = this.#views;
    const focused = document.activeElement;
    this.#views = new Map();
    const turns = path(chat).map(node => {
      const group = besides(chat, node);
      const views = group.map(one => this.#view(one, old.get(one.id)));
      views.forEach((view, i) => view.element.classList.toggle("chosen", group.length > 1 && group[i] === node));
      return el("div", {class: group.length > 1 ? "turn wide" : "turn"}, ...views.map(view => view.element));
    });
    this.#element.replaceChildren(...[this.#system(), ...(turns.length ? turns : [this.#welcome()])].filter(Boolean));
    if (isAtEnd) {
      this.toEnd();
    }
    if (focused !== document.activeElement && this.#element.contains(focused)) {
      focused.focus({preventScroll: true});
    }
  }

  /** The view of a node: the one before, or a new one. */
  #view(node, old) {
    const view = old?.node === node ? old : new MessageView(this.#app, node);
    if (view === old) {
      view.update();
    }
    this.#views.set(node.id, view);
    return view;
  }

  /** The view of a node; undefined if it is not shown. */
  view(node) {
    return this.#views.get(node.id);
  }

  /** Shows changes of a node with a next frame of the screen. */
  changed(node) {
    if (!this.#pending.size) {
      setTimeout(() => requestAnimationFrame(() => this.#flush()), this.#pause);
    }
    this.#pending.add(node);
  }

  #flush() {
    const start = performance.now();
    const isAtEnd = this.#isAtEnd();
    for (const node of this.#pending) {
      this.#views.get(node.id)?.update();
    }
    this.#pending.clear();
    if (isAtEnd) {
      this.toEnd();
    }
    this.#pause = Math.min(1000, 3 * (performance.now() - start));
  }

  #isAtEnd() {
    const {scrollTop, scrollHeight, clientHeight} = this.#element;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  toEnd() {
    this.#element.scrollTop = this.#element.scrollHeight;
  }

  /** The system prompt of the chat, folded. */
  #system() {
    const text = this.#app.system();
    return text && el("details", {class: "turn system"}, el("summary", {}, "System prompt"),
      el("div", {class: "text plain"}, text), button("Edit", () => this.#app.openSettings(), {class: "plain"}));
  }

  /** What the chosen model can do, and examples of it. */
  #welcome() {
    const model = this.#app.firstModel();
    const cannot = model?.embeds ? "makes embeddings, so it answers no messages. Choose another model above."
      : model?.chats === false ? "has no chat template, so it answers no messages. Choose another model above, or use "
        + "/v1/completions." : "";
    const does = cannot || model?.description || "";
    const examples = [...(model?.description ?? "").matchAll(QUOTED)].map(found => found[1]);
    const ideas = cannot ? [] : examples.length ? examples : IDEAS;
    return el("div", {class: "welcome"}, el("h2", {}, "What would you like to know?"),
      does ? el("p", {class: "ability"}, el("b", {}, model.id), ` ${does}`) : null,
      el("p", {class: "note"}, "Answers come from the models of this server. Nothing is sent anywhere else."),
      el("div", {class: "ideas"}, ...ideas.map(idea => button(idea, () => this.#app.send(idea, [])))));
  }
}
