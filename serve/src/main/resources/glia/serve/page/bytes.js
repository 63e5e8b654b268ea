// Tokens whose bytes are only a part of a character, such as one of an emoji's several: texts of the form
// `bytes:\xf0\x9f`, as completions of OpenAI's API name them.

const NAME = /^bytes:((?:\\x[0-9a-f]{2})+)$/;

/** The text of a token, or the name of its bytes if they are no whole characters. */
export function tokenText({token, bytes}) {
  return token.includes("\ufffd") && bytes?.length
    ? `bytes:${bytes.map(byte => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}` : token;
}

/** Whether a token is named by its bytes. */
export function isPart(text) {
  return NAME.test(text);
}

function bytesOf(text) {
  const hex = NAME.exec(text)?.[1];
  return hex ? hex.split("\\x").slice(1).map(byte => parseInt(byte, 16)) : [...new TextEncoder().encode(text)];
}

/** The bytes of a token that is named by them: `f0 9f`. */
export function hex(text) {
  return bytesOf(text).map(byte => byte.toString(16).padStart(2, "0")).join(" ");
}

/** The text that tokens make together. */
export function joined(texts) {
  return new TextDecoder("utf-8", {ignoreBOM: true}).decode(new Uint8Array(texts.flatMap(bytesOf)));
}
