// Answers of a set format: whether they keep to it, and JSON in order.

import {el} from "./dom.js";
import {codeBlock} from "./code.js";
import {validate} from "./schema.js";

/**
 * The view of an answer.
 * @param format as `settings.format` gives it
 * @param isComplete whether the answer has ended by itself
 */
export function structuredView(format, text, isComplete) {
  if (!isComplete) {
    return [codeBlock(text, format.kind === "json" || format.kind === "schema" ? "json" : format.kind)];
  }
  switch (format.kind) {
    case "json": case "schema": return jsonView(format, text);
    case "regex": return [verdict(matchesWhole(format.text, text), "Matches the regular expression",
      "Does not match the regular expression"), codeBlock(text, "text")];
    case "choice": return [verdict(format.text.split("\n").includes(text), "One of the texts", "None of the texts"),
      codeBlock(text, "text")];
    default: return [codeBlock(text, "text")];
  }
}

function jsonView(format, text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (e) {
    return [verdict(false, "", "Not JSON", [e.message]), codeBlock(text, "json")];
  }
  const pretty = codeBlock(JSON.stringify(value, null, 2), "json");
  if (format.kind === "json") {
    return [verdict(value !== null && typeof value === "object", "Valid JSON", "Not an object"), pretty];
  }
  const {errors, unchecked} = validate(JSON.parse(format.text), value);
  const note = unchecked.length ? `; not checked: ${unchecked.join(", ")}` : "";
  return [verdict(errors.length === 0, `Valid: matches the schema${note}`, `Does not match the schema${note}`, errors),
    pretty];
}

function matchesWhole(pattern, text) {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(text);
  } catch {
    return false;
  }
}

function verdict(isRight, good, bad, errors = []) {
  return el("div", {class: `verdict ${isRight ? "good" : "bad"}`}, isRight ? `✓ ${good}` : `✗ ${bad}`,
    errors.length ? el("ul", {}, ...errors.map(error => el("li", {}, error))) : null);
}
