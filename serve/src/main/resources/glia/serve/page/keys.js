// Keyboard shortcuts. All but Escape and ? have Alt, so that they do not collide with typing.

import {byId, el} from "./dom.js";

/** @param actions functions by name, as in the list below */
export function startKeys(actions) {
  const list = [
    ["Enter", "Send the message"],
    ["Shift+Enter", "New line"],
    ["Escape", "Stop the answer, or close what is open", null],
    ["Alt+N", "New chat", "newChat"],
    ["Alt+H", "List of chats", "history"],
    ["Alt+M", "Choose a model", "model"],
    ["Alt+C", "Compare two models, efforts or settings", "compare"],
    ["Alt+R", "Regenerate the last answer", "regenerate"],
    ["Alt+E", "Edit your last message", "edit"],
    ["Alt+,", "Previous version of the last answer", "previous"],
    ["Alt+.", "Next version of the last answer", "next"],
    ["Alt+I", "Message box", "input"],
    ["Alt+T", "Conversation", "thread"],
    ["Alt+S", "Settings", "settings"],
    ["?", "This list (outside of text fields)", "shortcuts"],
    ["← →", "Among the tokens of an answer", null],
  ];
  byId("shortcut-list").append(...list.flatMap(([key, label]) => [
    el("dt", {}, ...key.split(key.includes("+") ? "+" : " ").flatMap((part, i) =>
      [i && key.includes("+") ? "+" : " ", el("kbd", {}, part)])), el("dd", {}, label)]));
  const byKey = new Map(list.filter(entry => entry[2]).map(([key, , name]) => [key, name]));
  document.addEventListener("keydown", event => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey) {
      return;
    }
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      actions.escape();
      return;
    }
    const isTyping = event.target.closest?.("input, textarea, select");
    const name = event.altKey ? byKey.get(`Alt+${letter(event)}`) : isTyping ? undefined : byKey.get(event.key);
    if (name && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      actions[name]();
    }
  });
}

/** The key without what Alt makes of it on some keyboards. */
function letter(event) {
  const named = {Comma: ",", Period: "."}[event.code];
  return named ?? (event.code.startsWith("Key") ? event.code.slice(3) : event.key.toUpperCase());
}
