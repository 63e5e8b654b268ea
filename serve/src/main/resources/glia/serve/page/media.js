// Sounds and pictures of the microphone and the camera.

import {button, el} from "./dom.js";

/** Samples a second of recordings, those that models hear. */
const RATE = 16000;

/** Records the microphone. @returns a function that ends the recording and gives a WAV file as a data URL */
export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({audio: true});
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.addEventListener("dataavailable", event => parts.push(event.data));
  const ended = new Promise(done => recorder.addEventListener("stop", done));
  recorder.start();
  return async () => {
    recorder.stop();
    await ended;
    stream.getTracks().forEach(track => track.stop());
    const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await new Blob(parts).arrayBuffer());
    return wav(sound.getChannelData(0));
  };
}

/** A WAV file of 16 bits as a data URL. */
function wav(samples) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, word) => [...word].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((x, i) => view.setInt16(44 + 2 * i, Math.round(32767 * Math.max(-1, Math.min(1, x))), true));
  return dataUrl(new Blob([view], {type: "audio/wav"}));
}

/** The data URL of a file. */
export function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** Shows the camera in a dialog. @returns a JPEG as a data URL; null if the dialog was closed */
export async function photograph() {
  const stream = await navigator.mediaDevices.getUserMedia({video: true});
  const video = el("video", {muted: true, playsInline: true, srcObject: stream});
  return new Promise(resolve => {
    let picture = null;
    const dialog = el("dialog", {id: "camera-view", "aria-label": "Camera"}, video, el("div", {class: "bar"},
      button("Cancel", () => dialog.close()), button("Take picture", () => {
        const canvas = el("canvas", {width: video.videoWidth, height: video.videoHeight});
        canvas.getContext("2d").drawImage(video, 0, 0);
        picture = canvas.toDataURL("image/jpeg", 0.9);
        dialog.close();
      }, {class: "primary"})));
    dialog.addEventListener("close", () => {
      stream.getTracks().forEach(track => track.stop());
      dialog.remove();
      resolve(picture);
    });
    document.body.append(dialog);
    dialog.showModal();
    video.play();
  });
}

export const isSound = url => url.startsWith("data:audio/");

/** An element for an attached image or sound.
 * @param where words after its kind and number */
export function mediaView(src, number, where = "") {
  const name = `${isSound(src) ? "Sound" : "Image"} ${number}${where}`;
  return isSound(src) ? el("audio", {src, controls: true, "aria-label": name}) : el("img", {src, alt: name});
}

/** The part of a message for an attached file. */
export function mediaPart(url) {
  const sound = /^data:audio\/([^;,]*)[^,]*,(.*)$/s.exec(url);
  return sound ? {type: "input_audio", input_audio: {data: sound[2], format: sound[1].replace(/^x-/, "")}}
    : {type: "image_url", image_url: {url}};
}
