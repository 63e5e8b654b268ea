// Tool calls of an answer and their results.

import {el} from "./dom.js";
import {codeBlock} from "./code.js";

function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json || "{}"), null, 2);
  } catch {
    return json;
  }
}

/** A call with its arguments. */
export function callView(call, isOpen) {
  return el("details", {class: "tool", open: isOpen},
    el("summary", {}, "Tool call ", el("b", {}, call.name)),
    el("div", {class: "inside"}, codeBlock(pretty(call.arguments), "arguments")));
}

/** The result of a call. */
export function resultView(node) {
  return el("details", {class: "tool"},
    el("summary", {}, "Result of ", el("b", {}, node.name ?? "the tool")),
    el("div", {class: "inside"}, codeBlock(pretty(node.text), "result")));
}

/**
 * A form for the results of calls, which the user enters: this page runs no tools.
 * @param onResults receives the results in the order of the calls
 */
export function resultForm(calls, onResults) {
  const areas = calls.map(call => el("textarea", {rows: 3, id: `result-${call.id}`, placeholder: "{}"}));
  const form = el("form", {class: "result-form", onSubmit: event => {
    event.preventDefault();
    onResults(areas.map(area => area.value));
  }}, ...calls.flatMap((call, i) => [
    el("label", {for: areas[i].id}, `Result of ${call.name}`), areas[i],
  ]), el("div", {class: "bar"}, el("button", {type: "submit", class: "primary"}, "Send results")));
  return form;
}

/** Adds the pieces of calls in a chunk of a stream to the calls of a node. */
export function addCalls(node, deltas) {
  node.calls ??= [];
  for (const delta of deltas) {
    const call = node.calls[delta.index] ??= {id: "", name: "", arguments: ""};
    call.id += delta.id ?? "";
    call.name += delta.function?.name ?? "";
    call.arguments += delta.function?.arguments ?? "";
  }
}
