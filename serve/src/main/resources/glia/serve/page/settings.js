// Settings of requests, kept in this browser, and those of one answer of a comparison, which replace them. An empty
// field leaves the choice to the server, which uses the model's own options.

import {byId, el} from "./dom.js";

const KEY = "glia.settings";

/**
 * What there is to set. `field` names the field of a chat completion; numbers have bounds; what is `alone` is only of
 * an answer of a comparison.
 */
const GROUPS = [
  ["System prompt", [
    {name: "chatSystem", label: "Of this chat", rows: 3, wide: true},
    {name: "system", label: "Of new chats", rows: 2, wide: true},
    {name: "ownSystem", label: "Of this answer, in place of the chat's", rows: 3, wide: true, alone: true},
  ]],
  ["Length and sampling", [
    {name: "maxTokens", label: "Most tokens of an answer", field: "max_completion_tokens", min: 1, step: 1},
    {name: "temperature", label: "Temperature", field: "temperature", min: 0, max: 100, step: 0.05},
    {name: "topP", label: "Top-p", field: "top_p", min: 0, max: 1, step: 0.01},
    {name: "topK", label: "Top-k", field: "top_k", min: 0, step: 1},
    {name: "minP", label: "Min-p", field: "min_p", min: 0, max: 0.99, step: 0.01},
    {name: "seed", label: "Seed", field: "seed", step: 1},
    {name: "presence", label: "Presence penalty", field: "presence_penalty", min: -2, max: 2, step: 0.1},
    {name: "frequency", label: "Frequency penalty", field: "frequency_penalty", min: -2, max: 2, step: 0.1},
    {name: "repetition", label: "Repetition penalty", field: "repetition_penalty", min: 0.01, max: 100, step: 0.01},
    {name: "budget", label: "Most tokens of thinking", field: "thinking_budget", min: 0, step: 1},
    {name: "steps", label: "Text diffusion: steps", field: "steps", min: 1, step: 1},
    {name: "block", label: "Text diffusion: tokens of a block", field: "block_length", min: 1, step: 1},
    {name: "stop", label: "Stop strings, one a line", rows: 2, wide: true},
  ]],
  ["Structured output", [
    {name: "format", label: "Format of answers", wide: true, choices: [["", "Any text"],
      ["json", "Any JSON object"], ["schema", "JSON schema"], ["regex", "Regular expression"],
      ["choice", "One of several texts, one a line"], ["grammar", "Grammar (GBNF or Lark)"]]},
    {name: "formatText", label: "Schema, expression, texts or grammar", rows: 5, wide: true, code: true,
      check: checkFormat},
  ]],
  ["Tools", [
    {name: "tools", label: "Functions that the model may call: a JSON array as in OpenAI's API", rows: 5, wide: true,
      code: true, check: checkTools},
    {name: "toolChoice", label: "Calls", choices: [["", "The model decides"], ["required", "At least one"],
      ["none", "None"]]},
  ]],
  ["Tokens", [
    {name: "probabilities", label: "Request token probabilities, shown on hover", checkbox: true, wide: true},
    {name: "alternatives", label: "Alternatives of each token", field: "top_logprobs", min: 0, max: 20, step: 1},
  ]],
];
const DEFAULTS = {alternatives: "5"};

/** The fields of these groups can be an answer's own. */
const SAMPLING = "Length and sampling";
let values = load();
/** The settings of an answer while its dialog is open; null for those of all answers. */
let own = null;
const listeners = [];
const controls = new Map();

function load() {
  try {
    return {...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}")};
  } catch {
    return {...DEFAULTS};
  }
}

export function settings() {
  return values;
}

/** Calls a function after each change. */
export function onSettings(listener) {
  listeners.push(listener);
}

function set(name, value) {
  if (own) {
    own[name] = value;
  } else if (name !== "chatSystem") {
    values = {...values, [name]: value};
    localStorage.setItem(KEY, JSON.stringify(values));
  }
  listeners.forEach(listener => listener(name, value));
}

/** Fills the dialog. */
export function startSettings() {
  const fields = byId("settings-fields");
  for (const [title, list] of GROUPS) {
    fields.append(el("fieldset", {}, el("legend", {}, title), ...list.map(fieldOf)));
  }
  ["settings", "shortcuts", "key"].forEach(id => closesOutside(byId(id)));
}

/**
 * Opens the dialog.
 * @param chatSystem the system prompt of the chat
 * @param ofAnswer the settings of an answer, which are changed; null for those of all answers
 */
export function openSettings(chatSystem, ofAnswer = null, title = "Settings") {
  own = ofAnswer;
  byId("settings-title").textContent = title;
  byId("open-key").hidden = own !== null;
  for (const [group, list] of GROUPS) {
    for (const field of list) {
      const {control, element, check} = controls.get(field.name);
      const isShown = own ? field.alone || group === SAMPLING : !field.alone;
      element.hidden = !isShown;
      element.parentElement.hidden = own !== null && group !== SAMPLING && group !== GROUPS[0][0];
      if (field.checkbox) {
        control.checked = values[field.name] ?? false;
      } else if (isShown) {
        control.value = (own ?? {...values, chatSystem})[field.name] ?? "";
        control.placeholder = own && values[field.name] || (field.step ? "model's own" : "");
        check();
      }
    }
  }
  byId("settings").showModal();
}

/** What an answer has of its own, in words: `temperature 0.2, seed 7`. */
export function inWords(ofAnswer) {
  return GROUPS.flatMap(([, list]) => list).filter(field => ofAnswer?.[field.name]).map(field => field.alone
    ? "own system prompt" : `${field.label.toLowerCase()} ${ofAnswer[field.name].replaceAll("\n", " ")}`).join(", ");
}

/** A click beside a dialog closes it. */
function closesOutside(dialog) {
  dialog.addEventListener("click", event => {
    if (event.target === dialog) {
      dialog.close();
    }
  });
}

function fieldOf(field) {
  const id = `set-${field.name}`;
  const problem = el("span", {class: "problem", id: `${id}-problem`, role: "status"});
  const control = controlOf(field, id);
  control.setAttribute("aria-describedby", problem.id);
  const check = () => {
    problem.textContent = control.validity.valid ? field.check?.(control.value) ?? ""
      : control.validationMessage;
    control.setAttribute("aria-invalid", String(problem.textContent !== ""));
  };
  if (field.checkbox) {
    control.addEventListener("change", () => set(field.name, control.checked));
  } else {
    control.addEventListener("input", () => {
      check();
      // A number out of bounds is not kept.
      if (control.validity.valid) {
        set(field.name, control.value);
      }
    });
  }
  const label = el("label", {for: id}, field.label);
  const element = el("div", {class: `field${field.wide ? " wide" : ""}${field.checkbox ? " check" : ""}`},
    ...(field.checkbox ? [control, label] : [label, control, problem]));
  controls.set(field.name, {control, element, check});
  return element;
}

function controlOf(field, id) {
  if (field.choices) {
    return el("select", {id}, ...field.choices.map(([value, label]) => el("option", {value}, label)));
  }
  if (field.rows) {
    return el("textarea", {id, rows: field.rows, spellcheck: !field.code, class: field.code ? "mono" : ""});
  }
  if (field.checkbox) {
    return el("input", {id, type: "checkbox"});
  }
  return el("input", {id, type: "number", min: field.min, max: field.max, step: field.step,
    inputMode: field.step === 1 ? "numeric" : "decimal"});
}

function checkFormat(text) {
  if (values.format === "schema" && text.trim()) {
    return problemOfJson(text, value => typeof value === "object" && !Array.isArray(value)
      || typeof value === "boolean", "a JSON schema is an object");
  }
  if (values.format === "regex") {
    try {
      new RegExp(text, "u");
    } catch (e) {
      return e.message;
    }
  }
  return "";
}

function checkTools(text) {
  return text.trim() ? problemOfJson(text, value => Array.isArray(value)
    && value.every(tool => tool?.type === "function" && tool.function?.name),
    "expected [{\"type\": \"function\", \"function\": {\"name\": …, \"parameters\": {…}}}]") : "";
}

function problemOfJson(text, isRight, expected) {
  try {
    return isRight(JSON.parse(text)) ? "" : expected;
  } catch (e) {
    return `Not JSON: ${e.message}`;
  }
}

/**
 * The fields of a chat completion that the settings say. Throws an error in words if a JSON text is wrong.
 * @param ofAnswer the settings that an answer has of its own
 */
export function requestFields(ofAnswer = {}) {
  const fields = {};
  for (const field of GROUPS.flatMap(([, list]) => list)) {
    const value = ofAnswer[field.name] || values[field.name];
    if (field.field && value !== undefined && value !== "" && field.name !== "alternatives") {
      fields[field.field] = Number(value);
    }
  }
  const stops = lines(ofAnswer.stop || values.stop);
  if (stops.length) {
    fields.stop = stops;
  }
  if (values.probabilities) {
    fields.logprobs = true;
    fields.top_logprobs = Number(values.alternatives || 0);
  }
  if (values.tools?.trim()) {
    const problem = checkTools(values.tools);
    if (problem) {
      throw new Error(`The tools in the settings are wrong: ${problem}`);
    }
    fields.tools = JSON.parse(values.tools);
    if (values.toolChoice) {
      fields.tool_choice = values.toolChoice;
    }
  }
  return {...fields, ...formatFields(format())};
}

function lines(text) {
  return (text ?? "").split("\n").filter(line => line !== "");
}

/** The format of answers: `{kind, text}`; null for any text. */
export function format() {
  return values.format ? {kind: values.format, text: values.formatText ?? ""} : null;
}

function formatFields(wanted) {
  switch (wanted?.kind) {
    case "json": return {response_format: {type: "json_object"}};
    case "schema": {
      const problem = problemOfJson(wanted.text, () => true, "");
      if (problem) {
        throw new Error(`The JSON schema in the settings is wrong. ${problem}`);
      }
      return {response_format: {type: "json_schema", json_schema: {name: "answer", strict: true,
        schema: JSON.parse(wanted.text)}}};
    }
    case "regex": return {structured_outputs: {regex: wanted.text}};
    case "choice": return {structured_outputs: {choice: lines(wanted.text)}};
    case "grammar": return {structured_outputs: {grammar: wanted.text}};
    default: return {};
  }
}
