// Generates an answer: streams a chat completion into a node.

import {ApiError, postStream} from "./api.js";
import {tokenText} from "./bytes.js";
import {messages} from "./chats.js";
import {addCalls} from "./tools.js";

/** One answer that is being generated. */
export class Generation {
  #controller = new AbortController();
  #start = performance.now();
  #firstAt = 0;
  #thinkingEnd = 0;
  #before = null;
  /** Chunks with text; one has a token or a few. */
  numChunks = 0;

  /**
   * @param node the answer, which is changed
   * @param onChange called after each change
   */
  constructor(chat, node, onChange) {
    this.chat = chat;
    this.node = node;
    this.onChange = onChange;
  }

  stop() {
    this.#controller.abort();
  }

  /** Milliseconds since the request. */
  get elapsed() {
    return performance.now() - this.#start;
  }

  /** Pieces a second since the first one. */
  get speed() {
    return this.numChunks < 2 ? 0 : 1000 * (this.numChunks - 1) / (performance.now() - this.#firstAt);
  }

  /** Runs to the end; errors end up in the node.
   * @param fields further fields of the request
   * @param system the system prompt
   * @param continues whether to continue the text that the node has
   */
  async run(fields, system, continues = false) {
    const {chat, node} = this;
    // A continued answer has the figures of all its requests.
    this.#before = continues && node.usage && node.times ? {usage: node.usage, times: node.times} : null;
    node.error = undefined;
    node.finish = undefined;
    node.times = undefined;
    const body = {
      model: node.model,
      messages: messages(chat, continues ? node : chat.nodes[node.parent], system, continues),
      stream: true,
      stream_options: {include_usage: true, include_canvas: true},
      ...fields,
    };
    if (continues) {
      body.continue_final_message = true;
    }
    if (node.effort) {
      body.reasoning_effort = node.effort;
    }
    try {
      for await (const event of postStream("v1/chat/completions", body, this.#controller.signal)) {
        this.#take(event);
        this.onChange(this);
      }
      node.finish ??= "stop";
    } catch (e) {
      if (e.name === "AbortError") {
        node.finish = "stopped";
      } else {
        const known = e instanceof ApiError ? e : new ApiError(500, `This page failed: ${e.message}`);
        node.error = {status: known.status, message: known.message, hint: known.hint, requestId: known.requestId};
        node.finish = "error";
      }
    }
    delete node.canvas;
    this.#measure();
  }

  #take(event) {
    const {node} = this;
    const choice = event.choices?.[0];
    const delta = choice?.delta ?? {};
    const isPiece = delta.content || delta.reasoning_content || delta.tool_calls;
    if (isPiece) {
      this.numChunks++;
      this.#firstAt ||= performance.now();
    }
    if (delta.canvas) {
      node.canvas = delta.canvas.spans;
    }
    if (delta.reasoning_content) {
      node.thinking = (node.thinking ?? "") + delta.reasoning_content;
      this.#thinkingEnd = performance.now();
    }
    if (delta.content) {
      node.text += delta.content;
    }
    if (delta.tool_calls) {
      addCalls(node, delta.tool_calls);
    }
    for (const token of choice?.logprobs?.content ?? []) {
      (node.probabilities ??= []).push({t: tokenText(token), p: token.logprob,
        top: token.top_logprobs.map(other => [tokenText(other), other.logprob])});
    }
    if (choice?.finish_reason) {
      node.finish = choice.finish_reason;
    }
    if (event.usage) {
      const before = this.#before?.usage;
      node.usage = {
        prompt: before?.prompt ?? event.usage.prompt_tokens,
        cached: before?.cached ?? event.usage.prompt_tokens_details?.cached_tokens ?? 0,
        tokens: (before?.tokens ?? 0) + event.usage.completion_tokens,
        thinking: (before?.thinking ?? 0) + (event.usage.completion_tokens_details?.reasoning_tokens ?? 0),
      };
    }
  }

  #measure() {
    const end = performance.now();
    const before = this.#before?.times;
    const first = this.#firstAt ? this.#firstAt - this.#start : 0;
    this.node.times = {
      first: before?.first ?? first,
      // Without the wait for the first token of the later request, so that the speed is that of generation.
      total: (before ? before.total - first : 0) + end - this.#start,
      thinking: (before?.thinking ?? 0) + (this.#thinkingEnd ? this.#thinkingEnd - this.#firstAt : 0),
    };
  }
}
