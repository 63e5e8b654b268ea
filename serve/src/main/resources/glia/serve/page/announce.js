// What a screen reader says: whole sentences of answers as they come, and events. The conversation itself is not live,
// or each token would be read.

import {byId} from "./dom.js";

const PAUSE_MS = 700;
let queue = [];
let timer = 0;

/** Says a text politely. */
export function announce(text) {
  queue.push(text);
  if (!timer) {
    timer = setTimeout(flush, 60);
  }
}

function flush() {
  byId("announcer").textContent = queue.join(" ");
  queue = [];
  timer = setTimeout(() => {
    timer = 0;
    if (queue.length) {
      flush();
    }
  }, PAUSE_MS);
}

/** Announces the sentences of a text that grows. */
export class SentenceReader {
  #read = 0;

  grow(text) {
    const end = Math.max(...["\n", ". ", "? ", "! "].map(mark => text.lastIndexOf(mark)));
    if (end > this.#read) {
      announce(text.slice(this.#read, end + 1).trim());
      this.#read = end + 1;
    }
  }

  finish(text) {
    const last = text.slice(this.#read).trim();
    if (last) {
      announce(last);
    }
    this.#read = text.length;
  }
}
