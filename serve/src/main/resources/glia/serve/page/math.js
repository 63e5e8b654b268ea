// Formulas of LaTeX: $…$ and \(…\) in a line, $$…$$ and \[…\] on lines of their own. KaTeX sets them; what it cannot
// set is shown as it was written. Its commands for links, images and HTML are off.

const OPTIONS = {throwOnError: true, strict: "ignore", maxSize: 20, maxExpand: 500};
const MOST_LINES = 100;
const WORD = /[\p{L}\p{N}]/u;
/** A sum of money at the beginning of words: `$5 to 10$`. */
const MONEY = /^\d[\d.,]*\s+\p{L}{2,}/u;

/** Adds the rules to a parser (markdown-it). */
export function addFormulas(parser) {
  parser.inline.ruler.before("escape", "math", inlineFormula);
  parser.block.ruler.before("fence", "math", blockFormula,
    {alt: ["paragraph", "reference", "blockquote", "list"]});
  const {escapeHtml} = parser.utils;
  parser.renderer.rules.math = (tokens, i) => `<span class="math">${escapeHtml(tokens[i].content)}</span>`;
  parser.renderer.rules.math_block = (tokens, i) => `<div class="math">${escapeHtml(tokens[i].content)}</div>`;
}

const CLOSERS = {"$$": "$$", "$": "$", "\\(": "\\)", "\\[": "\\]"};

function openerAt(text, at) {
  return text[at] === "$" ? text[at + 1] === "$" ? "$$" : "$"
    : text[at] === "\\" && (text[at + 1] === "(" || text[at + 1] === "[") ? text.slice(at, at + 2) : "";
}

function inlineFormula(state, isSilent) {
  const {src, pos} = state;
  const opener = openerAt(src, pos);
  const missing = state.env.unclosed ??= new Map();
  if (!opener || missing.get(opener) === src) {
    return false;
  }
  const from = pos + opener.length;
  const closer = CLOSERS[opener];
  let end = src.indexOf(closer, from);
  while (closer[0] === "$" && src[end - 1] === "\\") {
    end = src.indexOf(closer, end + 1);
  }
  if (end < 0) {
    missing.set(opener, src);
    return false;
  }
  const tex = src.slice(from, end);
  if (!tex.trim() || opener === "$" && !isFormula(src, pos, end)) {
    return false;
  }
  if (!isSilent) {
    const token = state.push("math", "", 0);
    token.content = src.slice(pos, end + closer.length);
  }
  state.pos = end + closer.length;
  return true;
}

/** Whether two dollar signs enclose a formula, not a sum of money or a name of a variable (rules as in Pandoc). */
function isFormula(src, pos, end) {
  const tex = src.slice(pos + 1, end);
  return tex === tex.trim() && !WORD.test(src[pos - 1] ?? "") && !WORD.test(src[end + 1] ?? "") && !MONEY.test(tex);
}

function blockFormula(state, startLine, endLine, isSilent) {
  const lineAt = line => state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]).trim();
  const first = lineAt(startLine);
  const opener = openerAt(first, 0);
  if (opener !== "$$" && opener !== "\\[" || state.sCount[startLine] - state.blkIndent >= 4) {
    return false;
  }
  const closer = CLOSERS[opener];
  const last = Math.min(endLine, startLine + MOST_LINES);
  for (let line = startLine; line < last; line++) {
    const text = line === startLine ? first.slice(2) : lineAt(line);
    if (text && state.sCount[line] < state.blkIndent) {
      return false;
    }
    const end = text.indexOf(closer);
    if (end >= 0 && end < text.length - closer.length) {
      return false;
    }
    if (end >= 0) {
      if (!isSilent) {
        const token = state.push("math_block", "", 0);
        token.content = [first, ...range(startLine + 1, line + 1).map(lineAt)].join("\n");
        token.map = [startLine, line + 1];
        state.line = line + 1;
      }
      return true;
    }
  }
  return false;
}

function range(from, to) {
  return Array.from({length: Math.max(0, to - from)}, (_, i) => from + i);
}

/** Sets the formulas of a tree of elements. */
export function showFormulas(root) {
  for (const element of root.querySelectorAll(".math")) {
    const source = element.textContent;
    const opener = openerAt(source, 0);
    const tex = source.slice(opener.length, source.length - opener.length);
    try {
      const tree = globalThis.katex.__renderToDomTree(tex,
        {...OPTIONS, displayMode: opener === "$$" || opener === "\\["});
      allowStyles(tree);
      element.replaceChildren(tree.toNode());
    } catch (e) {
      element.textContent = source;
      element.title = e.message;
    }
  }
}

/** Sets the styles of KaTeX's nodes as properties, since the security policy allows no attributes with styles. */
function allowStyles(node) {
  const css = node.attributes?.style;
  if (css) {
    delete node.attributes.style;
    const make = node.toNode.bind(node);
    node.toNode = () => {
      const made = make();
      made.style.cssText = css;
      return made;
    };
  }
  node.children?.forEach(allowStyles);
}
