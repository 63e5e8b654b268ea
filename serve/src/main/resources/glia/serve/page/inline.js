// Inline Markdown as nodes: code, emphasis, links. The text comes from a model and is not trusted: every piece becomes
// a text node, links lead to http, https and mailto alone, and images are shown as links, since loading one would
// report the reader to its host.

import {el} from "./dom.js";

const MOST_PARTS = 4000;
const MOST_DEPTH = 12;
const MOST_LABEL = 2000;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const ADDRESS = /https?:\/\/[^\s<>"'`\u0000-\u001f]{1,2000}/y;

/** A link of an address; null if it leads elsewhere than the web. */
export function safeAddress(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function link(href, ...children) {
  return el("a", {href, target: "_blank", rel: "noopener noreferrer nofollow", title: href}, ...children);
}

/** The nodes of a text. */
export function inline(text, depth = 0) {
  if (depth > MOST_DEPTH) {
    return [text];
  }
  const scanner = new Scanner(text, depth);
  return scanner.nodes();
}

class Scanner {
  #text;
  #depth;
  #parts = [];
  #plain = "";
  /** Lengths of runs of backticks that do not occur again. */
  #missing = new Set();

  constructor(text, depth) {
    this.#text = text;
    this.#depth = depth;
  }

  nodes() {
    for (let at = 0; at < this.#text.length;) {
      at = this.#parts.length < MOST_PARTS ? this.#next(at) : this.#rest(at);
    }
    this.#flush();
    return emphasized(this.#parts);
  }

  #rest(at) {
    this.#plain += this.#text.slice(at);
    return this.#text.length;
  }

  #flush() {
    if (this.#plain) {
      this.#parts.push({nodes: [this.#plain], depth: 0});
      this.#plain = "";
    }
  }

  #push(...nodes) {
    this.#flush();
    this.#parts.push({nodes, depth: 0});
  }

  #next(at) {
    const text = this.#text;
    const c = text[at];
    switch (c) {
      case "\\":
        if (text[at + 1] === "\n") {
          this.#push(el("br"));
          return at + 2;
        }
        if (ESCAPABLE.test(text[at + 1] ?? "")) {
          this.#plain += text[at + 1];
          return at + 2;
        }
        break;
      case "\n":
        this.#push(el("br"));
        return at + 1;
      case "`": return this.#code(at);
      case "*": case "_": case "~": return this.#delimiter(at, c);
      case "!":
        if (text[at + 1] === "[") {
          const end = this.#link(at + 1, true);
          if (end) {
            return end;
          }
        }
        break;
      case "[": {
        const end = this.#link(at, false);
        if (end) {
          return end;
        }
        break;
      }
      case "<": {
        const close = text.indexOf(">", at);
        const href = close > 0 && close - at < MOST_LABEL ? safeAddress(text.slice(at + 1, close)) : null;
        if (href) {
          this.#push(link(href, text.slice(at + 1, close)));
          return close + 1;
        }
        break;
      }
      case "h": {
        const end = this.#bareAddress(at);
        if (end) {
          return end;
        }
        break;
      }
    }
    this.#plain += c;
    return at + 1;
  }

  #code(at) {
    const length = run(this.#text, at);
    const rest = at + length;
    if (!this.#missing.has(length)) {
      for (let i = this.#text.indexOf("`", rest); i >= 0; i = this.#text.indexOf("`", i)) {
        const other = run(this.#text, i);
        if (other === length) {
          const code = this.#text.slice(rest, i).replaceAll("\n", " ");
          const isPadded = code.length > 2 && code.startsWith(" ") && code.endsWith(" ") && code.trim();
          this.#push(el("code", {}, isPadded ? code.slice(1, -1) : code));
          return i + length;
        }
        i += other;
      }
      this.#missing.add(length);
    }
    this.#plain += this.#text.slice(at, rest);
    return rest;
  }

  #delimiter(at, c) {
    const text = this.#text;
    const count = run(text, at);
    const before = text[at - 1] ?? " ";
    const after = text[at + count] ?? " ";
    const isTight = c === "_";
    const opens = !/\s/.test(after) && (!isTight || !/[\p{L}\p{N}]/u.test(before));
    const closes = !/\s/.test(before) && (!isTight || !/[\p{L}\p{N}]/u.test(after));
    if (c === "~" && count !== 2 || !opens && !closes) {
      this.#plain += text.slice(at, at + count);
    } else {
      this.#flush();
      this.#parts.push({mark: c, count, opens, closes, nodes: [], depth: 0});
    }
    return at + count;
  }

  /** `[label](address "title")`. @returns the end; 0 if it is none */
  #link(at, isImage) {
    const close = bracket(this.#text, at);
    if (!close || this.#text[close + 1] !== "(") {
      return 0;
    }
    const end = parenthesis(this.#text, close + 1);
    if (!end) {
      return 0;
    }
    const label = this.#text.slice(at + 1, close);
    const target = this.#text.slice(close + 2, end).trim().split(/\s/)[0].replace(/^<|>$/g, "");
    const href = safeAddress(target);
    if (!href) {
      this.#push(...inline(label, this.#depth + 1));
    } else if (isImage) {
      this.#push(link(href, `Image: ${label || href}`));
    } else {
      this.#push(link(href, ...inline(label, MOST_DEPTH)));
    }
    return end + 1;
  }

  #bareAddress(at) {
    if (/[\p{L}\p{N}]/u.test(this.#text[at - 1] ?? "")) {
      return 0;
    }
    ADDRESS.lastIndex = at;
    let found = ADDRESS.exec(this.#text)?.[0];
    if (!found) {
      return 0;
    }
    found = found.replace(/[.,;:!?*_~]{1,20}$/, "");
    if (found.endsWith(")") && !found.includes("(")) {
      found = found.slice(0, -1);
    }
    const href = safeAddress(found);
    if (!href) {
      return 0;
    }
    this.#push(link(href, found));
    return at + found.length;
  }
}

/** The number of equal characters from a place on. */
function run(text, at) {
  let end = at + 1;
  while (text[end] === text[at]) {
    end++;
  }
  return end - at;
}

/** The bracket that closes the one at a place; 0 if it is too far away. */
function bracket(text, at) {
  let open = 0;
  for (let i = at; i < text.length && i < at + MOST_LABEL; i++) {
    if (text[i] === "\\") {
      i++;
    } else if (text[i] === "[") {
      open++;
    } else if (text[i] === "]" && --open === 0) {
      return i;
    }
  }
  return 0;
}

function parenthesis(text, at) {
  let open = 0;
  for (let i = at; i < text.length && i < at + MOST_LABEL && text[i] !== "\n"; i++) {
    if (text[i] === "(") {
      open++;
    } else if (text[i] === ")" && --open === 0) {
      return i;
    }
  }
  return 0;
}

/** Joins delimiters to emphasis, innermost first (as in CommonMark, without its rule of multiples of three). */
function emphasized(parts) {
  const stack = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (!part.mark) {
      continue;
    }
    while (part.closes && part.count > 0) {
      const found = stack.findLastIndex(open => open.mark === part.mark && open.count > 0);
      if (found < 0) {
        break;
      }
      const opener = stack[found];
      stack.length = found + 1;
      const from = parts.indexOf(opener);
      const inside = parts.slice(from + 1, i);
      const used = part.mark === "~" || opener.count > 1 && part.count > 1 ? 2 : 1;
      opener.count -= used;
      part.count -= used;
      const depth = Math.max(0, ...inside.map(p => p.depth)) + 1;
      const nodes = inside.flatMap(content);
      const tag = part.mark === "~" ? "del" : used === 2 ? "strong" : "em";
      const joined = {nodes: depth < MOST_DEPTH && nodes.length ? [el(tag, {}, ...nodes)] : nodes, depth};
      parts.splice(from + 1, inside.length, joined);
      i = from + 2;
      if (opener.count === 0) {
        stack.pop();
      }
    }
    if (part.opens && part.count > 0 && stack.length < 100) {
      stack.push(part);
    }
  }
  return parts.flatMap(content);
}

function content(part) {
  return part.mark && part.count > 0 ? [part.mark.repeat(part.count)] : part.nodes;
}
