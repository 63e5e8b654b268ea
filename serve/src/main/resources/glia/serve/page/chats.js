// Conversations as trees: a regenerated answer and an edited message are siblings of what they replace. This file has
// no elements and no requests.

import {newId} from "./dom.js";
import {isSound, mediaPart} from "./media.js";

/** The parent of first messages. */
const ROOT = "root";
export const EXPORT_VERSION = 1;
const MOST_TITLE = 60;

/** @param system the system prompt */
export function newChat(system) {
  const now = Date.now();
  return {id: newId(), title: "", system, created: now, updated: now, nodes: {}, chosen: {}};
}

/** A title from the first words of a message, without marks of Markdown. */
function titleOf(text) {
  const line = text.split("\n").map(one => one.replace(/^[#>\s]+/, "").replace(/\s+/g, " ").trim())
    .find(one => /[\p{L}\p{N}]/u.test(one)) ?? text.trim();
  return line.length <= MOST_TITLE ? line
    : `${line.slice(0, MOST_TITLE).replace(/\s+\S*$/, "").replace(/[\s.,;:]+$/, "")}…`;
}

/**
 * Adds a message and chooses it.
 * @param parent the node before it; null for the first message
 * @param fields `role` and what the role has: text, images, thinking, calls, callId, model, effort, group
 */
export function addNode(chat, parent, fields) {
  const order = Object.keys(chat.nodes).length;
  const node = {id: newId(), parent: parent?.id ?? ROOT, order, text: "", ...fields};
  chat.nodes[node.id] = node;
  chat.chosen[node.parent] = node.id;
  chat.updated = Date.now();
  if (!chat.title && node.role === "user") {
    chat.title = titleOf(node.text) || (node.images?.some(isSound) ? "Sound" : "Image");
  }
  return node;
}

/** The children of a node, oldest first. */
export function children(chat, parentId) {
  return Object.values(chat.nodes).filter(node => node.parent === parentId).sort((a, b) => a.order - b.order);
}

/** The chosen messages from the first to the last. */
export function path(chat, upTo) {
  const nodes = [];
  if (upTo) {
    for (let node = upTo; node; node = chat.nodes[node.parent]) {
      nodes.unshift(node);
    }
    return nodes;
  }
  for (let at = ROOT, node; (node = chat.nodes[chat.chosen[at]])?.parent === at; at = node.id) {
    nodes.push(node);
  }
  return nodes;
}

/** Answers that are shown side by side: those of the node's group, or the node alone. */
export function besides(chat, node) {
  return node.group ? children(chat, node.parent).filter(other => other.group === node.group) : [node];
}

/** All versions of a message, each a list of nodes side by side. */
export function versions(chat, node) {
  const list = [];
  for (const child of children(chat, node.parent)) {
    if (!child.group || !list.some(version => version[0].group === child.group)) {
      list.push(besides(chat, child));
    }
  }
  return list;
}

/** Chooses the version that is some steps away. */
export function step(chat, node, steps) {
  const list = versions(chat, node);
  const at = list.findIndex(version => version.includes(node));
  const to = list[at + steps];
  if (to) {
    chat.chosen[node.parent] = to[0].id;
  }
  return Boolean(to);
}

export function choose(chat, node) {
  chat.chosen[node.parent] = node.id;
}

/**
 * The messages up to a node as chat completions take them.
 * @param continues whether the last one is to be continued, from its thinking on
 */
export function messages(chat, last, system, continues = false) {
  const nodes = last ? path(chat, last) : [];
  const lastUser = nodes.findLastIndex(node => node.role === "user");
  const list = system ? [{role: "system", content: system}] : [];
  nodes.forEach((node, i) => list.push(message(node, i > lastUser)));
  if (continues && last.thinking) {
    list.at(-1).reasoning_content = last.thinking;
  }
  return list;
}

/** Thinking goes back to the model only within a turn, between tool calls. */
function message(node, isCurrentTurn) {
  if (node.role === "user") {
    return {role: "user", content: node.images?.length ? [{type: "text", text: node.text},
      ...node.images.map(mediaPart)] : node.text};
  }
  if (node.role === "tool") {
    return {role: "tool", tool_call_id: node.callId, content: node.text};
  }
  const made = {role: "assistant", content: node.text};
  if (node.calls?.length) {
    made.tool_calls = node.calls.map(call => ({id: call.id, type: "function",
      function: {name: call.name, arguments: call.arguments}}));
    if (isCurrentTurn && node.thinking) {
      made.reasoning_content = node.thinking;
    }
  }
  return made;
}

/** Reads exported chats; throws an error that says what is wrong with them. */
export function readExport(text) {
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Error("The file is not JSON. Choose a file that Export made.");
  }
  if (data?.glia !== "chats" || data.version !== EXPORT_VERSION || !Array.isArray(data.chats)) {
    throw new Error("The file holds no chats of this page. Choose a file that Export made.");
  }
  return data.chats.map(checked);
}

const ROLES = ["user", "assistant", "tool"];
const FORMATS = ["json", "schema", "regex", "choice", "grammar"];
const ID = /^[0-9A-Za-z-]{1,80}$/;

const isText = value => typeof value === "string";
const isObject = value => typeof value === "object" && value !== null;
const areNumbers = value => isObject(value) && Object.values(value).every(Number.isFinite);

/** What a message may have beside its text, and which values are usable; others are left out. */
const FIELDS = {
  model: isText, effort: isText, group: isText, thinking: isText, finish: isText, callId: isText, name: isText,
  usage: areNumbers, times: areNumbers, settings: value => isObject(value) && Object.values(value).every(isText),
  error: value => isText(value?.message) && isText(value.hint),
  format: value => FORMATS.includes(value?.kind) && isText(value.text),
  images: value => Array.isArray(value) && value.every(url => isText(url) && /^data:(image|audio)\//.test(url)),
  calls: value => Array.isArray(value) && value.every(call => [call?.id, call?.name, call?.arguments].every(isText)),
  probabilities: value => Array.isArray(value) && value.every(token => isText(token?.t) && Number.isFinite(token.p)
    && Array.isArray(token.top) && token.top.every(pair => isText(pair?.[0]) && Number.isFinite(pair[1]))),
};

/** A copy that has the types that the page relies on. */
function checked(chat) {
  if (!isObject(chat) || !isObject(chat.nodes)) {
    throw new Error("A chat of the file is damaged. Nothing was imported.");
  }
  const nodes = {};
  for (const [id, node] of Object.entries(chat.nodes)) {
    if (node?.id !== id || !ID.test(id) || !ROLES.includes(node.role) || !isText(node.text) || !isText(node.parent)
        || !Number.isFinite(node.order)) {
      throw new Error(`The message ${id} of the chat "${chat.title}" is damaged. Nothing was imported.`);
    }
    nodes[id] = {id, parent: node.parent, order: node.order, role: node.role, text: node.text};
    for (const [name, isUsable] of Object.entries(FIELDS)) {
      if (isUsable(node[name])) {
        nodes[id][name] = node[name];
      }
    }
  }
  if (!ID.test(chat.id) || !isText(chat.title) || !isObject(chat.chosen)) {
    throw new Error("A chat of the file is damaged. Nothing was imported.");
  }
  for (const node of Object.values(nodes)) {
    const seen = new Set();
    for (let at = node; at; at = nodes[at.parent]) {
      if (seen.has(at.id)) {
        throw new Error(`The chat "${chat.title}" has a message that follows itself. Nothing was imported.`);
      }
      seen.add(at.id);
    }
  }
  const now = Date.now();
  const system = isText(chat.system) ? chat.system : "";
  return {id: chat.id, title: chat.title, system, created: Number(chat.created) || now,
    updated: Number(chat.updated) || now, nodes, chosen: {...chat.chosen}};
}
