// Markdown of answers as elements (a subset of CommonMark and GitHub's tables). Text is not trusted: see inline.js.
// Line breaks are kept, as in other chats.

import {copyButton, el} from "./dom.js";
import {inline} from "./inline.js";

const MOST_DEPTH = 8;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(\s+|$)/;
const QUOTE = /^ {0,3}> ?/;
const TABLE_CELL = /^:?-+:?$/;

/** Shows a text that may grow: blocks that have not changed keep their elements. */
export class MarkdownView {
  element = el("div", {class: "text"});
  #blocks = [];

  update(text) {
    const blocks = parse(text.replaceAll("\r\n", "\n").replaceAll("\t", "    ").split("\n"));
    let same = 0;
    while (same < blocks.length && same < this.#blocks.length && equal(blocks[same], this.#blocks[same])) {
      blocks[same].element = this.#blocks[same].element;
      same++;
    }
    for (const old of this.#blocks.slice(same)) {
      old.element.remove();
    }
    for (const block of blocks.slice(same)) {
      block.element = render(block, 0);
      this.element.append(block.element);
    }
    this.#blocks = blocks;
  }
}

function equal(a, b) {
  return a.type === b.type && a.info === b.info && a.lines.length === b.lines.length
    && a.lines.every((line, i) => line === b.lines[i]);
}

/** The elements of a text. */
export function markdown(lines, depth = 0) {
  return depth > MOST_DEPTH ? [el("p", {}, lines.join("\n"))] : parse(lines).map(block => render(block, depth));
}

/** Divides lines into blocks: `{type, lines, info}`. */
function parse(lines) {
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    if (!lines[at].trim()) {
      at++;
      continue;
    }
    const [block, next] = blockAt(lines, at);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function blockAt(lines, at) {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (fence) {
    return fenced(lines, at, fence);
  }
  const heading = HEADING.exec(line);
  if (heading) {
    return [{type: "heading", info: heading[1].length, lines: [heading[2].replace(/\s#+\s*$/, "")]}, at + 1];
  }
  if (RULE.test(line)) {
    return [{type: "rule", lines: []}, at + 1];
  }
  if (QUOTE.test(line)) {
    const end = last(lines, at, next => next.trim() && (QUOTE.test(next) || !starts(next)));
    return [{type: "quote", lines: lines.slice(at, end).map(inside => inside.replace(QUOTE, ""))}, end];
  }
  if (ITEM.test(line)) {
    return list(lines, at);
  }
  if (line.includes("|") && isTableRule(lines[at + 1] ?? "", cells(line).length)) {
    const end = last(lines, at, next => next.includes("|"));
    return [{type: "table", lines: lines.slice(at, end)}, end];
  }
  if (/^ {4}/.test(line)) {
    const end = last(lines, at, next => /^ {4}/.test(next) || !next.trim());
    const code = lines.slice(at, end).map(inside => inside.slice(4));
    return [{type: "code", info: "", lines: code.join("\n").trimEnd().split("\n")}, end];
  }
  const end = last(lines, at, next => next.trim() && !starts(next));
  return [{type: "paragraph", lines: lines.slice(at, end)}, end];
}

/** Whether a line separates a table's head from its rows. */
function isTableRule(line, numCells) {
  const found = line.includes("-") ? cells(line) : [];
  return found.length === numCells && found.every(cell => TABLE_CELL.test(cell));
}

/** Whether a line begins a block even within a paragraph. */
function starts(line) {
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);
}

function last(lines, at, goesOn) {
  let end = at + 1;
  while (end < lines.length && goesOn(lines[end])) {
    end++;
  }
  return end;
}

function fenced(lines, at, fence) {
  const [mark, length] = [fence[1][0], fence[1].length];
  let end = at + 1;
  const closes = line => {
    const text = line.trim();
    return text.length >= length && text === mark.repeat(text.length);
  };
  while (end < lines.length && !closes(lines[end])) {
    end++;
  }
  return [{type: "code", info: fence[2], lines: lines.slice(at + 1, end)}, end + 1];
}

/** A list with the lines of its items, which may hold further blocks. */
function list(lines, at) {
  const isOrdered = /\d/.test(ITEM.exec(lines[at])[2]);
  let end = at + 1;
  for (; end < lines.length; end++) {
    const line = lines[end];
    const item = ITEM.exec(line);
    const isIndented = /^ {2}/.test(line);
    if (item && !isIndented && /\d/.test(item[2]) !== isOrdered || !item && !isIndented && starts(line)) {
      break;
    }
    const follows = lines[end + 1] ?? "";
    if (!line.trim() && !ITEM.test(follows) && !/^ {2}/.test(follows)) {
      break;
    }
  }
  const start = parseInt(ITEM.exec(lines[at])[2], 10);
  return [{type: isOrdered ? "ordered" : "bullets", info: isOrdered ? start : 0, lines: lines.slice(at, end)}, end];
}

function items(lines) {
  const found = [];
  let indent = 0;
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && (!found.length || item[1].length < Math.max(2, indent))) {
      indent = Math.min(item[0].length, item[1].length + item[2].length + 4);
      found.push([line.slice(item[0].length)]);
    } else {
      const spaces = line.length - line.trimStart().length;
      found.at(-1).push(line.slice(Math.min(spaces, indent)));
    }
  }
  return found;
}

function render(block, depth) {
  switch (block.type) {
    case "heading": return el(`h${Math.min(6, block.info + 2)}`, {}, ...inline(block.lines[0]));
    case "rule": return el("hr");
    case "quote": return el("blockquote", {}, ...markdown(block.lines, depth + 1));
    case "code": return codeBlock(block.lines.join("\n"), block.info);
    case "bullets": return el("ul", {}, ...items(block.lines).map(lines => item(lines, depth)));
    case "ordered":
      return el("ol", {start: block.info}, ...items(block.lines).map(lines => item(lines, depth)));
    case "table": return table(block.lines);
    default: return el("p", {}, ...inline(block.lines.map(line => line.trim()).join("\n")));
  }
}

function item(lines, depth) {
  const task = /^\[([ xX])\]\s/.exec(lines[0]);
  const box = task && el("input", {type: "checkbox", checked: task[1] !== " ", disabled: true,
    "aria-label": task[1] === " " ? "open" : "done"});
  const rest = task ? [lines[0].slice(4), ...lines.slice(1)] : lines;
  const made = markdown(rest, depth + 1);
  if (made[0]?.tagName === "P") {
    // A tight item has no paragraph of its own.
    made.splice(0, 1, ...made[0].childNodes);
  }
  return el("li", {}, box, box && " ", ...made);
}

function cells(line) {
  return line.trim().replace(/^\|/, "").replace(/\|$/, "").replaceAll("\\|", "\u0000").split("|")
    .map(cell => cell.trim().replaceAll("\u0000", "|"));
}

function table(lines) {
  const head = cells(lines[0]);
  const row = (line, tag) => {
    const found = cells(line);
    return el("tr", {}, ...head.map((_, i) => el(tag, {}, ...inline(found[i] ?? ""))));
  };
  return el("div", {class: "table", tabIndex: 0, role: "region", "aria-label": "Table"}, el("table", {},
    el("thead", {}, row(lines[0], "th")), el("tbody", {}, ...lines.slice(2).map(line => row(line, "td")))));
}

/** Code with its language and a button that copies it. */
export function codeBlock(code, language) {
  const name = language || "text";
  return el("div", {class: "code"},
    el("div", {class: "head"}, el("span", {}, name), copyButton(`Copy the code (${name})`, () => code)),
    el("pre", {tabIndex: 0, role: "region", "aria-label": `Code, ${name}`}, el("code", {}, code)));
}
