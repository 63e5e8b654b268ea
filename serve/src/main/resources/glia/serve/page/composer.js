// The message box: text, images, sounds, send and stop.

import {button, byId, el} from "./dom.js";
import {dataUrl, isSound, mediaView, photograph, record} from "./media.js";

const MOST_IMAGE_BYTES = 8 << 20;
const MOST_SOUND_BYTES = 20 << 20;

export class Composer {
  #input = byId("input");
  /** Images and sounds as data URLs. */
  #images = [];
  #takes = {image: false, audio: false};
  /** Ends the recording that runs. */
  #endRecording = null;
  #onSend;
  #onProblem;

  /**
   * @param onSend receives text, and images and sounds; returns whether they were sent
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
    byId("record").addEventListener("click", () => this.#record());
    byId("camera").addEventListener("click", () => this.#device("camera", async () => {
      const picture = await photograph();
      if (picture) this.#add(picture);
    }));
    this.#input.addEventListener("paste", event => {
      const files = this.#usable(event.clipboardData);
      if (files.length) {
        event.preventDefault();
        this.#attach(files);
      }
    });
    for (const type of ["dragover", "drop"]) {
      // Elsewhere the browser would leave the page and show the file.
      document.addEventListener(type, event => {
        if (event.dataTransfer.types.includes("Files")) {
          event.preventDefault();
          this.#attach(this.#usable(event.dataTransfer));
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

  /** The files that the models read. */
  #usable(data) {
    return [...data.files].filter(file => this.#takes[file.type.split("/")[0]]);
  }

  /** Shows the buttons for images and sounds where the models accept them. */
  allow(image, audio) {
    this.#takes = {image, audio};
    const kinds = Object.keys(this.#takes).filter(kind => this.#takes[kind]);
    byId("attach").hidden = !kinds.length;
    byId("attach").textContent = audio ? "Attach" : "Image";
    byId("image-file").accept = kinds.map(kind => `${kind}/*`).join(",");
    byId("camera").hidden = !image || !navigator.mediaDevices;
    byId("record").hidden = !audio || !navigator.mediaDevices;
    this.#images = this.#images.filter(url => this.#takes[isSound(url) ? "audio" : "image"]);
    this.#showImages();
  }

  /** Does something with a microphone or a camera, which the user may refuse. */
  async #device(name, work) {
    try {
      await work();
    } catch (e) {
      this.#onProblem(`The ${name} cannot be used: ${e.message}. Allow it for this page in the browser.`);
    }
  }

  #record() {
    return this.#device("microphone", async () => {
      const end = this.#endRecording;
      this.#endRecording = null;
      this.#showRecording(false);
      if (end) {
        this.#add(await end());
      } else {
        this.#endRecording = await record();
        this.#showRecording(true);
      }
    });
  }

  #showRecording(isOn) {
    byId("record").setAttribute("aria-pressed", String(isOn));
    byId("record").textContent = isOn ? "End recording" : "Record";
  }

  #add(url) {
    this.#images.push(url);
    this.#showImages();
  }

  async #attach(files) {
    for (const file of files) {
      const [most, kind] = file.type.startsWith("audio/") ? [MOST_SOUND_BYTES, "a sound"]
        : [MOST_IMAGE_BYTES, "an image"];
      if (file.size > most) {
        this.#onProblem(`${file.name} has ${Math.round(file.size / 1e6)} MB. `
          + `Choose ${kind} of at most ${most >> 20} MB.`);
        continue;
      }
      // Not push(await ...): that would name the list before the wait, in which allow() may replace it.
      this.#add(await dataUrl(file));
    }
  }

  #showImages() {
    byId("images").hidden = !this.#images.length;
    byId("images").replaceChildren(...this.#images.map((src, i) => el("li", {},
      mediaView(src, i + 1, ", attached"),
      button("✕", () => {
        this.#images.splice(i, 1);
        this.#showImages();
        this.focus();
      }, {class: "icon", "aria-label": `Remove ${isSound(src) ? "sound" : "image"} ${i + 1}`}))));
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
