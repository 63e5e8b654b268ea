// The message box: text, images, send and stop.

import {button, byId, el} from "./dom.js";

const MOST_IMAGE_BYTES = 8 << 20;

export class Composer {
  #input = byId("input");
  #images = [];
  #onSend;
  #onProblem;

  /**
   * @param onSend receives text and images; returns whether they were sent
   * @param onStop called by the stop button
   * @param onProblem receives an error in words
   */
  constructor(onSend, onStop, onProblem) {
    this.#onSend = onSend;
    this.#onProblem = onProblem;
    byId("composer").addEventListener("submit", event => {
      event.preventDefault();
      this.#send();
    });
    this.#input.addEventListener("input", () => this.#grow());
    this.#input.addEventListener("keydown", event => {
      // While an input method composes a character, Enter belongs to it.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#send();
      }
    });
    byId("stop").addEventListener("click", onStop);
    byId("attach").addEventListener("click", () => byId("image-file").click());
    byId("image-file").addEventListener("change", event => {
      this.#attach([...event.target.files]);
      event.target.value = "";
    });
    this.#input.addEventListener("paste", event => {
      const files = [...event.clipboardData.files].filter(file => file.type.startsWith("image/"));
      if (files.length && this.#takesImages()) {
        event.preventDefault();
        this.#attach(files);
      }
    });
    for (const type of ["dragover", "drop"]) {
      // Elsewhere the browser would leave the page and show the file.
      document.addEventListener(type, event => {
        const files = [...event.dataTransfer.files].filter(file => file.type.startsWith("image/"));
        if (event.dataTransfer.types.includes("Files")) {
          event.preventDefault();
          if (files.length && this.#takesImages()) this.#attach(files);
        }
      });
    }
  }

  #send() {
    const text = this.#input.value;
    if ((text.trim() || this.#images.length) && this.#onSend(text, [...this.#images])) {
      this.#input.value = "";
      this.#images = [];
      this.#grow();
      this.#showImages();
    }
  }

  #grow() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight}px`;
  }

  #takesImages() {
    return !byId("attach").hidden;
  }

  /** Shows the button for images where the models accept them. */
  allowImages(isAllowed) {
    byId("attach").hidden = !isAllowed;
    if (!isAllowed) {
      this.#images = [];
      this.#showImages();
    }
  }

  async #attach(files) {
    for (const file of files) {
      if (file.size > MOST_IMAGE_BYTES) {
        this.#onProblem(`${file.name} has ${Math.round(file.size / 1e6)} MB. Choose an image of at most 8 MB.`);
        continue;
      }
      this.#images.push(await dataUrl(file));
    }
    this.#showImages();
  }

  #showImages() {
    byId("images").hidden = !this.#images.length;
    byId("images").replaceChildren(...this.#images.map((src, i) => el("li", {},
      el("img", {src, alt: `Attached image ${i + 1}`}),
      button("✕", () => {
        this.#images.splice(i, 1);
        this.#showImages();
        this.focus();
      }, {class: "icon", "aria-label": `Remove image ${i + 1}`}))));
  }

  setRunning(isRunning) {
    const hadFocus = [byId("send"), byId("stop")].includes(document.activeElement);
    byId("stop").hidden = !isRunning;
    byId("send").hidden = isRunning;
    if (hadFocus) {
      this.focus();
    }
  }

  focus() {
    this.#input.focus();
  }
}

function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
