// The tokens of an answer: shaded by probability; on hover or focus their alternatives and what they attend to.

import {announce} from "./announce.js";
import {loadAttention, shades, strongest} from "./attention.js";
import {hex, isPart, joined} from "./bytes.js";
import {button, byId, el} from "./dom.js";

const MOST_ROWS = 6;

/** The token with its white space visible, or its bytes if they are a part of a character. */
function visible(text) {
  return isPart(text) ? hex(text) : text.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "␣") || "∅";
}

function tint(colour, strength) {
  return `color-mix(in srgb, var(${colour}) ${Math.round(strength)}%, transparent)`;
}

function percent(logProbability) {
  const p = 100 * Math.exp(logProbability);
  return p >= 99.95 ? "100 %" : p >= 0.1 ? `${p.toFixed(1)} %` : "< 0.1 %";
}

/** The view of an answer's tokens. */
export class TokenView {
  element = el("div");
  #list = el("div", {class: "tokens", role: "listbox", "aria-label": "Tokens of the answer"});
  #legend = el("div", {class: "legend"});
  #spans = [];
  /** For each span: `{t, p, top}`; the prompt's tokens have no p. */
  #tokens;
  #attention = null;

  constructor(chat, node, system) {
    this.#tokens = node.probabilities ?? [];
    const note = el("span", {}, node.probabilities ? "The redder, the less probable."
      : "For probabilities, switch them on in the settings and regenerate.");
    const load = button("Show attention", async () => {
      load.disabled = true;
      try {
        this.#merge(await loadAttention(chat, node, system));
        note.textContent = "Point at a token: what it attends to is shaded, the mean of all layers and heads.";
        load.remove();
        announce("Attention is shown.");
      } catch (e) {
        note.textContent = `${e.message} ${e.hint ?? ""}`;
        load.disabled = false;
      }
    }, {class: "plain"});
    this.#legend.append(note, load);
    this.element.append(this.#legend, this.#list);
    this.#draw();
    this.#list.addEventListener("pointerover", event => this.#at(event.target, span => this.#show(span)));
    this.#list.addEventListener("pointerleave", () => this.#hide());
    this.#list.addEventListener("focusin", event => this.#at(event.target, span => this.#show(span)));
    this.#list.addEventListener("focusout", () => this.#hide());
    this.#list.addEventListener("keydown", event => this.#move(event));
  }

  #at(target, work) {
    const span = target.closest?.(".token");
    if (span) {
      work(Number(span.dataset.index));
    }
  }

  /** Takes the tokens of the attention; probabilities stay where the tokens are the same. */
  #merge(attention) {
    const {tokens, first} = attention;
    const known = this.#tokens;
    this.#tokens = tokens.map((t, i) => {
      const own = known[i - first];
      return own?.t === t ? own : {t, isPrompt: i < first};
    });
    this.#attention = attention;
    this.#draw();
  }

  /** The text of the tokens around one that are parts of characters, and whether it is the first of them. */
  #whole(index) {
    const isPartAt = i => this.#tokens[i] && isPart(this.#tokens[i].t)
      && this.#tokens[i].isPrompt === this.#tokens[index].isPrompt;
    let from = index;
    while (isPartAt(from - 1)) {
      from--;
    }
    let end = index;
    while (isPartAt(end)) {
      end++;
    }
    return {text: joined(this.#tokens.slice(from, end).map(token => token.t)), isFirst: from === index};
  }

  /** What stands for a token in the list: for parts of a character the character at the first, a dot at the others. */
  #shown(index) {
    const {t} = this.#tokens[index];
    if (!isPart(t)) {
      return t || "∅";
    }
    const {text, isFirst} = this.#whole(index);
    return isFirst ? text : "·";
  }

  #draw() {
    this.#spans = this.#tokens.map((token, index) => {
      const span = el("span", {class: `token${token.isPrompt ? " is-prompt" : ""}`, role: "option",
        tabIndex: index === 0 ? 0 : -1, "data-index": index, "aria-selected": "false"}, this.#shown(index));
      this.#shade(span, token);
      return span;
    });
    this.#list.replaceChildren(...this.#spans);
  }

  #shade(span, token) {
    const doubt = token.p === undefined ? 0 : 1 - Math.exp(token.p);
    span.style.background = doubt < 0.02 ? "" : tint("--bad", 40 * doubt);
  }

  #row(index) {
    return this.#attention?.weights[index - this.#attention.first];
  }

  #show(index) {
    const row = this.#row(index);
    const shade = row && shades(row);
    this.#spans.forEach((span, i) => {
      if (row) {
        span.style.background = i < index ? tint("--hue", 55 * shade[i]) : "";
      }
    });
    const tooltip = byId("tooltip");
    tooltip.replaceChildren(...this.#details(index, row));
    tooltip.hidden = false;
    this.#spans[index].setAttribute("aria-describedby", "tooltip");
    place(tooltip, this.#spans[index].getClientRects()[0]);
  }

  #details(index, row) {
    const token = this.#tokens[index];
    const part = isPart(token.t) ? ` bytes of ${this.#whole(index).text}` : "";
    const rows = token.top?.slice(0, MOST_ROWS).map(([t, p]) => el("tr", {},
      el("td", {}, visible(t)), el("td", {}, percent(p)))) ?? [];
    const attended = row && row.length > 1 ? strongest(row, MOST_ROWS).map(([i, weight]) => el("tr", {},
      el("td", {}, visible(this.#tokens[i].t)), el("td", {}, `${(100 * weight).toFixed(1)} %`))) : [];
    return [
      el("div", {}, el("code", {}, visible(token.t)), part,
        token.p === undefined ? "" : ` probability ${percent(token.p)}`),
      rows.length ? el("div", {}, "Most probable", el("table", {}, ...rows)) : null,
      attended.length ? el("div", {}, "Attends to", el("table", {}, ...attended)) : null,
    ].filter(Boolean);
  }

  #hide() {
    byId("tooltip").hidden = true;
    this.#spans.forEach((span, i) => {
      span.removeAttribute("aria-describedby");
      if (this.#attention) {
        this.#shade(span, this.#tokens[i]);
      }
    });
  }

  /** Arrow keys move between tokens. */
  #move(event) {
    const at = Number(event.target.dataset?.index);
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: this.#spans.length - 1}[event.key];
    if (this.#spans[to]) {
      event.preventDefault();
      this.#spans[at].tabIndex = -1;
      this.#spans[to].tabIndex = 0;
      this.#spans[to].focus();
    }
  }
}

/** Places the tooltip below a rectangle, or above it where there is no room. */
function place(tooltip, rectangle) {
  const {offsetWidth: width, offsetHeight: height} = tooltip;
  const left = Math.max(8, Math.min(rectangle.left, innerWidth - width - 8));
  const below = rectangle.bottom + 6;
  const top = below + height > innerHeight ? Math.max(8, rectangle.top - height - 6) : below;
  tooltip.style.left = `${left}px`;
  tooltip.style.top = `${top}px`;
}
