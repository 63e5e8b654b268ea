// The attention of an answer's tokens over the tokens before them, computed by the server.

import {postJson} from "./api.js";
import {joined} from "./bytes.js";
import {messages} from "./chats.js";

/**
 * Requests the attention of an answer.
 * @returns {{tokens: string[], first: number, weights: number[][]}} `weights[i]` is of the token `first + i`
 */
export async function loadAttention(chat, node, system) {
  const answer = joined(node.probabilities?.map(token => token.t) ?? []) || node.text;
  return postJson("glia/attention", {
    model: node.model,
    messages: messages(chat, chat.nodes[node.parent], system),
    answer,
  });
}

/**
 * How strongly to shade the tokens before a token: 0 to 1, relative to the strongest. The first token is left out of
 * the scale, since models park attention there that they need nowhere (Xiao et al., attention sinks, 2023).
 */
export function shades(row) {
  const strongest = Math.max(1e-6, ...row.slice(1, -1));
  return row.map(weight => Math.min(1, weight / strongest));
}

/** The tokens with the most attention: `[index, weight]`, strongest first. */
export function strongest(row, count) {
  return row.map((weight, index) => [index, weight]).sort((a, b) => b[1] - a[1]).slice(0, count);
}
