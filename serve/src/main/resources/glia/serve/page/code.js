// Code with its language in colours (highlight.js) and a button that copies it.

import {copyButton, el} from "./dom.js";

/** Longer code stays plain: colours of a text that grows are found anew with each piece. */
const MOST_COLOURED = 30_000;
const CLEAN = {RETURN_DOM_FRAGMENT: true, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false};

/** A block of code that may grow. */
export class CodeBlock {
  #language;
  #code = "";
  #view = el("code");

  constructor(code, language) {
    const name = language || "text";
    this.#language = language;
    this.element = el("div", {class: "code"},
      el("div", {class: "head"}, el("span", {}, name), copyButton(`Copy the code (${name})`, () => this.#code)),
      el("pre", {tabIndex: 0, role: "region", "aria-label": `Code, ${name}`}, this.#view));
    this.update(code);
  }

  update(code) {
    this.#code = code;
    const {hljs, DOMPurify} = globalThis;
    if (code.length > MOST_COLOURED || !hljs.getLanguage(this.#language)) {
      this.#view.textContent = code;
    } else {
      const html = hljs.highlight(code, {language: this.#language, ignoreIllegals: true}).value;
      this.#view.replaceChildren(DOMPurify.sanitize(html, CLEAN));
    }
  }
}

/** The element of a block of code. */
export function codeBlock(code, language) {
  return new CodeBlock(code, language).element;
}
