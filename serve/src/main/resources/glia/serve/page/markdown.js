// Markdown of answers as elements: markdown-it parses (CommonMark, tables, strikethrough), KaTeX sets formulas, and
// DOMPurify makes elements. Text is not trusted: HTML in it stays text, links lead to http, https and mailto alone, and
// images are shown as links, since loading one would report the reader to its host. Line breaks are kept, as in other
// chats.

import {CodeBlock} from "./code.js";
import {el} from "./dom.js";
import {addFormulas, showFormulas} from "./math.js";

const LINK = /^(?:https?|mailto):/i;
const REFERENCE = /^ {0,3}\[[^\]\n]+\]:/m;
const CLEAN = {RETURN_DOM_FRAGMENT: true, ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false,
  ALLOWED_TAGS: ["p", "br", "em", "strong", "s", "a", "code", "pre", "h3", "h4", "h5", "h6", "ul", "ol", "li",
    "blockquote", "hr", "table", "thead", "tbody", "tr", "th", "td", "span", "div"],
  ALLOWED_ATTR: ["href", "title", "start", "class"]};

const parser = globalThis.markdownit({breaks: true, linkify: true});
parser.validateLink = address => LINK.test(address);
parser.linkify.set({fuzzyLink: false, fuzzyEmail: false});
parser.inline.ruler.before("emphasis", "operator", operator);
addFormulas(parser);
parser.renderer.rules.image = (tokens, i) => {
  const {attrs, content} = tokens[i];
  const address = parser.utils.escapeHtml(attrs[0][1]);
  return `<a href="${address}">Image: ${parser.utils.escapeHtml(content) || address}</a>`;
};
// The page's own headings are of levels 1 and 2.
for (const rule of ["heading_open", "heading_close"]) {
  parser.renderer.rules[rule] = (tokens, i, options, env, renderer) => {
    tokens[i].tag = `h${Math.min(6, Number(tokens[i].tag[1]) + 2)}`;
    return renderer.renderToken(tokens, i, options);
  };
}
// The security policy allows no styles in HTML.
for (const rule of ["th_open", "td_open"]) {
  parser.renderer.rules[rule] = (tokens, i) => {
    const align = /text-align:(\w+)/.exec(tokens[i].attrGet("style") ?? "")?.[1];
    return `<${tokens[i].tag}${align ? ` class="${align}"` : ""}>`;
  };
}

/** A number, a bracket or a variable of one letter. */
const BEFORE = /(?:[\p{N})\]]|(?<!\p{L})[\p{Script=Latin}\p{Script=Greek}])$/u;
const AFTER = /^(?:\p{N}|[\p{Script=Latin}\p{Script=Greek}](?!\p{L}))/u;

/**
 * Stars between two operands are operators: `2*7*3` and `(a)**2` are no emphasis, as they were in CommonMark. All
 * other stars are CommonMark's.
 */
function operator(state, isSilent) {
  const {src, pos} = state;
  let end = pos;
  while (src[end] === "*") {
    end++;
  }
  const isOperator = end > pos && BEFORE.test(src.slice(Math.max(0, pos - 3), pos))
    && (AFTER.test(src.slice(end, end + 4)) || end === pos + 1 && src[end] === "(");
  if (isOperator) {
    if (!isSilent) {
      state.pending += src.slice(pos, end);
    }
    state.pos = end;
  }
  return isOperator;
}

/** Shows a text that may grow: blocks that have not changed keep their elements. */
export class MarkdownView {
  element = el("div", {class: "text"});
  #text = "";
  /** Blocks of the text: `{at, html, info, element, code}`. */
  #blocks = [];

  update(text) {
    const whole = text.replace(/\r\n?/g, "\n");
    // What is added changes the last block alone, but for addresses of links that follow later.
    const grows = this.#blocks.length && whole.startsWith(this.#text) && !REFERENCE.test(whole);
    const numKept = grows ? this.#blocks.length - 1 : 0;
    const blocks = parse(whole, grows ? this.#blocks[numKept].at : 0);
    blocks.forEach((block, i) => this.#place(block, this.#blocks[numKept + i]));
    this.#blocks.slice(numKept + blocks.length).forEach(old => old.element.remove());
    this.#blocks = [...this.#blocks.slice(0, numKept), ...blocks];
    this.#text = whole;
  }

  #place(block, old) {
    if (old && old.html === block.html && old.info === block.info) {
      Object.assign(block, {element: old.element, code: old.code});
    } else if (old?.code && block.info === old.info) {
      Object.assign(block, {element: old.element, code: old.code});
      old.code.update(block.html);
    } else {
      block.code = block.info === null ? null : new CodeBlock(block.html, block.info);
      block.element = block.code?.element ?? elements(block.html).firstElementChild ?? el("p");
      if (old) {
        old.element.replaceWith(block.element);
      } else {
        this.element.append(block.element);
      }
    }
  }
}

/** The blocks of a text from a place on. A block of code has its code as `html`, and its language as `info`. */
function parse(text, from) {
  const env = {};
  const part = text.slice(from);
  const tokens = parser.parse(part, env);
  const starts = [0];
  for (let i = part.indexOf("\n"); i >= 0; i = part.indexOf("\n", i + 1)) {
    starts.push(i + 1);
  }
  const blocks = [];
  for (let i = 0, first = 0, depth = 0; i < tokens.length; i++) {
    depth += tokens[i].nesting;
    if (depth === 0) {
      const {type, info, content, map} = tokens[first];
      const isCode = type === "fence" || type === "code_block";
      blocks.push({at: from + starts[map[0]], info: isCode ? language(info) : null,
        html: isCode ? content.replace(/\n$/, "")
          : parser.renderer.render(tokens.slice(first, i + 1), parser.options, env)});
      first = i + 1;
    }
  }
  return blocks;
}

function language(info) {
  return info.trim().split(/\s/, 1)[0];
}

/** The elements of what the parser wrote. */
function elements(html) {
  const made = globalThis.DOMPurify.sanitize(html, CLEAN);
  for (const link of made.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    link.title ||= link.href;
  }
  for (const code of made.querySelectorAll("pre > code")) {
    code.parentNode.replaceWith(new CodeBlock(code.textContent.replace(/\n$/, ""),
      code.className.replace("language-", "")).element);
  }
  for (const table of made.querySelectorAll("table")) {
    const frame = el("div", {class: "table", tabIndex: 0, role: "region", "aria-label": "Table"});
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const item of made.querySelectorAll("li")) {
    showTask(item);
  }
  showFormulas(made);
  return made;
}

/** `[x]` at the beginning of an item is a checkbox. */
function showTask(item) {
  const text = (item.firstElementChild?.tagName === "P" ? item.firstElementChild : item).firstChild;
  const task = text?.nodeType === Node.TEXT_NODE && /^\s*\[([ xX])\]\s/.exec(text.data);
  if (task) {
    text.data = text.data.slice(task[0].length);
    const isDone = task[1] !== " ";
    text.before(el("input", {type: "checkbox", checked: isDone, disabled: true,
      "aria-label": isDone ? "done" : "open"}), " ");
  }
}
