// Elements without a library. Text is never parsed as HTML: children are nodes or strings.

/**
 * Makes an element.
 * @param {string} tag
 * @param {Object} properties `class`, listeners (`onClick`), `data-…` and `aria-…` attributes, other properties
 * @param {...(Node|string|null|false)} children
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) {
      continue;
    }
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2).toLowerCase(), value);
    } else if (name === "class") {
      element.className = value;
    } else if (name.includes("-") || name === "role" || name === "for") {
      element.setAttribute(name, value);
    } else {
      element[name] = value;
    }
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** A button that does not submit. */
export function button(label, onClick, properties = {}) {
  return el("button", {type: "button", onClick, ...properties}, label);
}

/** The element with an id. */
export function byId(id) {
  return document.getElementById(id);
}

/** A random id; also where the page was loaded without TLS from another machine. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
}

/** Copies text to the clipboard; browsers offer the clipboard's API only on secure origins. */
export async function copyText(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Without the permission: below.
    }
  }
  const area = el("textarea", {value: text, class: "visually-hidden"});
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return isCopied;
}

/** A button that copies a text and says so. */
export function copyButton(label, text) {
  const made = button("Copy", async () => {
    made.textContent = await copyText(text()) ? "Copied" : "Not copied";
    setTimeout(() => { made.textContent = "Copy"; }, 1500);
  }, {class: "plain", "aria-label": label});
  return made;
}

/** Offers a text as a file. */
export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], {type: "application/json"}));
  el("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Numbers for people: 1234.5 → "1,230", 3.14159 → "3.14". */
export function short(number) {
  return new Intl.NumberFormat("en", {maximumSignificantDigits: 3}).format(number);
}

/** Milliseconds for people. */
export function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${short(ms / 1000)} s`;
}
