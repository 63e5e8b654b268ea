// The view of one message.

import {besides, versions} from "./chats.js";
import {button, copyButton, duration, el, short} from "./dom.js";
import {MarkdownView} from "./markdown.js";
import {mediaView} from "./media.js";
import {inWords} from "./settings.js";
import {structuredView} from "./structured.js";
import {TokenView} from "./tokens.js";
import {callView, resultForm, resultView} from "./tools.js";

/**
 * @param app `main.js`: what the buttons do
 * @param node the message
 */
export class MessageView {
  #app;
  #node;
  #body = el("div", {class: "body"});
  #actions = el("div", {class: "actions"});
  #markdown = new MarkdownView();
  #thinking = null;
  #showsTokens = false;
  /** The form for results of calls, kept while it is shown: it holds what the user types. */
  #results = null;
  /** The user opened or closed the thinking; until then it is open while the model thinks. */
  #isThinkingChosen = false;

  constructor(app, node) {
    this.#app = app;
    this.#node = node;
    const who = {user: "You", tool: "Tool", assistant: [node.model, node.effort && `effort ${node.effort}`,
      inWords(node.settings)].filter(Boolean).join(", ")}[node.role];
    const label = {user: "Your message", assistant: `Answer of ${who}`, tool: "Tool result"}[node.role];
    this.element = el("article", {class: `message ${node.role}`, tabIndex: -1, "data-node": node.id,
      "aria-label": label}, el("div", {class: "who"}, who), this.#body, this.#actions);
    this.update();
  }

  get node() {
    return this.#node;
  }

  /** Shows the node's present state. */
  update() {
    this.element.classList.remove("editing");
    const {role} = this.#node;
    if (role === "user") {
      this.#user();
    } else if (role === "tool") {
      this.#body.replaceChildren(resultView(this.#node));
    } else {
      this.#answer();
    }
  }

  #user() {
    const pictures = this.#node.images?.map((src, i) => mediaView(src, i + 1, " of the message")) ?? [];
    this.#body.replaceChildren(...[
      pictures.length ? el("div", {class: "pictures"}, ...pictures) : null,
      this.#node.text ? el("div", {class: "text plain"}, this.#node.text) : null,
    ].filter(Boolean));
    this.#actions.replaceChildren(...this.#versions(), copyButton("Copy your message", () => this.#node.text),
      button("Edit", () => this.edit(), {class: "plain", "aria-label": "Edit your message"}));
  }

  /** Opens an editor in place of a user's message. */
  edit() {
    if (this.#node.role !== "user") {
      return;
    }
    const area = el("textarea", {value: this.#node.text, rows: 4, "aria-label": "Edited message"});
    const close = () => {
      this.update();
      this.element.querySelector(".actions button")?.focus();
    };
    const send = () => area.value.trim() && this.#app.edit(this.#node, area.value);
    area.addEventListener("keydown", event => {
      if (event.key === "Escape") {
        event.stopPropagation();
        close();
      } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        send();
      }
    });
    this.element.classList.add("editing");
    this.#body.replaceChildren(el("div", {class: "editor"}, area,
      el("div", {class: "bar"}, button("Cancel", close), button("Send", send, {class: "primary"}))));
    this.#actions.replaceChildren();
    area.focus();
  }

  #answer() {
    const node = this.#node;
    const isRunning = this.#app.isRunning(node);
    this.element.setAttribute("aria-busy", String(isRunning));
    const parts = [this.#thinkingPart(isRunning), ...this.#textPart(isRunning)];
    if (isRunning && node.canvas?.length) {
      parts.push(canvasView(node.canvas));
    }
    node.calls?.forEach(call => parts.push(callView(call, true)));
    if (node.error) {
      parts.push(errorView(node.error, this.#app));
    }
    if (!isRunning && this.#reason()) {
      parts.push(this.#cut());
    }
    if (!isRunning && node.calls?.length && !this.#app.hasAnswer(node)) {
      parts.push(this.#results ??= resultForm(node.calls, results => this.#app.sendResults(node, results)));
    } else {
      this.#results = null;
    }
    keep(this.#body, parts.filter(Boolean));
    this.#act(isRunning ? [] : this.#answerActions());
  }

  /** Shows what can be done. What looks the same stays: a button replaced while it is pressed would not act. */
  #act(wanted) {
    const shown = this.#actions.children;
    if (shown.length !== wanted.length || wanted.some((one, i) => !one.isEqualNode(shown[i]))) {
      this.#actions.replaceChildren(...wanted);
    }
  }

  #thinkingPart(isRunning) {
    const node = this.#node;
    if (!node.thinking) {
      return null;
    }
    if (!this.#thinking) {
      const text = el("div", {class: "thought", tabIndex: 0, role: "region", "aria-label": "Thinking"});
      const summary = el("summary", {onClick: () => { this.#isThinkingChosen = true; }});
      this.#thinking = {element: el("details", {class: "thinking"}, summary, text), summary, text};
    }
    const {element, summary, text} = this.#thinking;
    const isThinking = isRunning && !node.text && !node.calls;
    if (!this.#isThinkingChosen) {
      element.open = isThinking;
    }
    if (text.textContent !== node.thinking) {
      text.textContent = node.thinking;
      text.scrollTop = isThinking ? text.scrollHeight : text.scrollTop;
    }
    const figures = [node.times?.thinking ? duration(node.times.thinking) : "",
      node.usage?.thinking ? `${short(node.usage.thinking)} tokens` : ""].filter(Boolean).join(", ");
    summary.textContent = isThinking ? "Thinking…" : `Thought${figures ? ` for ${figures}` : ""}`;
    return element;
  }

  #textPart(isRunning) {
    const node = this.#node;
    if (this.#showsTokens && !isRunning) {
      this.tokenView ??= new TokenView(this.#app.chat, node, this.#app.system(node));
      return [this.tokenView.element];
    }
    if (!node.text) {
      return isRunning && !node.canvas?.length
        ? [el("div", {class: "waiting"}, el("span", {class: "visually-hidden"}, "Generating"))] : [];
    }
    if (node.format) {
      return structuredView(node.format, node.text, !isRunning && node.finish === "stop");
    }
    this.#markdown.update(node.text);
    return [this.#markdown.element];
  }

  /** Why an answer is not complete; empty if it is. An answer that the page left has neither an end nor times. */
  #reason() {
    const node = this.#node;
    switch (node.finish) {
      case "stopped": return "You stopped this answer.";
      case "length": return "The answer reached the most tokens, or the context is full.";
      case "error": return this.#canContinue() ? "This answer broke off." : "";
      case undefined: return node.times ? "" : "This answer broke off when the page was left.";
      default: return "";
    }
  }

  #canContinue() {
    const node = this.#node;
    return (node.text || node.thinking) && !node.format && !node.calls?.length;
  }

  #cut() {
    const more = this.#canContinue() ? button("Continue", () => this.#app.goOn(this.#node)) : null;
    return el("div", {class: "cut"}, this.#reason(), " ", more);
  }

  #answerActions() {
    const node = this.#node;
    const group = besides(this.#app.chat, node);
    const isChosen = this.#app.isChosen(node);
    const list = [...isChosen ? this.#versions() : []];
    if (group.length > 1) {
      list.push(isChosen ? el("span", {class: "note"}, "The chat goes on from here")
        : button("Go on from this one", () => this.#app.choose(node), {class: "plain"}));
    }
    if (node.text) {
      list.push(copyButton("Copy the answer", () => node.text));
      if (this.#app.voice()) {
        list.push(button("Listen", () => this.#app.speak(node),
          {class: "plain", "aria-label": "Listen to this answer"}));
      }
    }
    list.push(button("Regenerate", () => this.#app.regenerate(node),
      {class: "plain", "aria-label": "Regenerate this answer"}));
    if (node.text || node.probabilities) {
      list.push(button("Tokens", () => {
        this.#showsTokens = !this.#showsTokens;
        this.update();
      }, {class: "plain", "aria-pressed": String(this.#showsTokens),
        title: "Probabilities and attention of the tokens"}));
    }
    list.push(el("span", {class: "figures"}, figures(node)));
    return list;
  }

  /** Buttons that switch between versions. */
  #versions() {
    const list = versions(this.#app.chat, this.#node);
    if (list.length < 2) {
      return [];
    }
    const at = list.findIndex(version => version.includes(this.#node));
    const step = (sign, by, label) => button(sign, () => this.#app.step(this.#node, by),
      {class: "plain", "aria-label": label, disabled: !list[at + by]});
    return [el("span", {class: "versions", role: "group", "aria-label": "Versions"}, step("‹", -1, "Previous version"),
      el("span", {}, `${at + 1} / ${list.length}`), step("›", 1, "Next version"))];
  }
}

/** Replaces children without touching those that stay in place. */
function keep(parent, wanted) {
  [...parent.childNodes].filter(child => !wanted.includes(child)).forEach(child => child.remove());
  wanted.forEach((child, i) => {
    if (parent.childNodes[i] !== child) {
      parent.insertBefore(child, parent.childNodes[i] ?? null);
    }
  });
}

/** What text diffusion may still change, behind the text that is final. Not read aloud: it changes with each step. */
function canvasView(spans) {
  return el("div", {class: "canvas", "aria-hidden": "true"},
    ...spans.map(span => el("span", {class: span.state}, span.text)));
}

function figures(node) {
  const {usage, times} = node;
  if (!usage || !times) {
    return "";
  }
  const seconds = (times.total - times.first) / 1000;
  return [`${short(usage.tokens)} tokens`,
    usage.tokens > 1 && seconds > 0 ? `${short((usage.tokens - 1) / seconds)} tokens/s` : "",
    `first after ${duration(times.first)}`,
    `prompt ${short(usage.prompt)}${usage.cached ? `, ${short(usage.cached)} cached` : ""}`,
  ].filter(Boolean).join(" · ");
}

function errorView(error, app) {
  return el("div", {class: "error", role: "alert"},
    el("p", {}, error.message), el("p", {}, error.hint),
    error.requestId ? el("p", {class: "note"}, `Request ${error.requestId}`) : null,
    error.status === 401 || error.status === 403 ? button("Enter an API key", () => app.openKey(error.status)) : null);
}
