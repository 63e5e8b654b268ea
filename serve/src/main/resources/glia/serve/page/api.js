// Requests to this server. Every failure is an ApiError with words for people.

const KEY = "glia.key";

/** The API key; kept for this tab alone, until it is closed. */
export function apiKey() {
  return sessionStorage.getItem(KEY) ?? "";
}

export function setApiKey(key) {
  if (key) {
    sessionStorage.setItem(KEY, key);
  } else {
    sessionStorage.removeItem(KEY);
  }
}

/** A failed request: what happened, and what to try. */
export class ApiError extends Error {
  constructor(status, message, requestId = "", retryAfter = "") {
    super(message);
    this.status = status;
    this.requestId = requestId;
    this.hint = hint(status, message, retryAfter);
  }
}

function hint(status, message, retryAfter) {
  switch (status) {
    case 0: return "Check that the server is running and that this machine can reach it, then try again.";
    case 400: return message.includes("template")
      ? "Change the conversation or the system prompt; the model's chat template does not allow this one."
      : "Change the setting or the message that is named, then regenerate.";
    case 401: return "Enter an API key of this server: glia keys add makes one.";
    case 403: return "This API key may not do that. Enter another one.";
    case 404: return "Choose another model above. Reload the page to read the list of models again.";
    case 413: return "Shorten the conversation, or attach smaller images.";
    case 429: return `The server is busy. Try again in ${retryAfter || "a few"} seconds.`;
    case 503: return "The server is stopping or out of memory. Try again in a moment, or choose a smaller model.";
    default: return "Try again. If it fails again, the server's log has the cause under the request's number.";
  }
}

/** The address of a route, also where a reverse proxy serves this page below another path. */
function address(path) {
  return new URL(path, document.baseURI);
}

async function request(path, options) {
  const headers = {...options.headers};
  if (apiKey()) {
    headers.Authorization = `Bearer ${apiKey()}`;
  }
  let response;
  try {
    response = await fetch(address(path), {...options, headers});
  } catch (e) {
    throw e.name === "AbortError" ? e : new ApiError(0, "The server cannot be reached.");
  }
  if (!response.ok) {
    throw await failure(response);
  }
  return response;
}

async function failure(response) {
  let message = `The server answered with status ${response.status}.`;
  try {
    const body = await response.json();
    message = body.error?.message ?? (typeof body.error === "string" ? body.error : message);
  } catch {
    // No JSON: a proxy's page, for instance.
  }
  return new ApiError(response.status, message, response.headers.get("x-request-id") ?? "",
    response.headers.get("retry-after") ?? "");
}

export async function getJson(path, signal) {
  return (await request(path, {signal})).json();
}

export async function getText(path) {
  return (await request(path, {})).text();
}

const posted = (body, signal) => ({method: "POST", headers: {"Content-Type": "application/json"},
  body: JSON.stringify(body), signal});

export async function postJson(path, body, signal) {
  return (await request(path, posted(body, signal))).json();
}

export async function postBlob(path, body) {
  return (await request(path, posted(body))).blob();
}

/**
 * Posts a request and reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * @yields {Object} the JSON of each event up to `[DONE]`
 */
export async function* postStream(path, body, signal) {
  const response = await request(path, {
    method: "POST",
    headers: {"Content-Type": "application/json", Accept: "text/event-stream"},
    body: JSON.stringify(body),
    signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const id = response.headers.get("x-request-id") ?? "";
  let rest = "";
  try {
    for (;;) {
      const {value, done} = await read(reader, id);
      if (done) {
        throw new ApiError(500, "The connection ended before the answer was complete.", id);
      }
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const data = line.startsWith("data:") ? line.slice(5).trim() : "";
        if (data === "[DONE]") {
          return;
        }
        if (data) {
          const event = JSON.parse(data);
          if (event.error) {
            throw new ApiError(event.error.code ?? 500, event.error.message ?? "The answer failed.", id);
          }
          yield event;
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function read(reader, id) {
  try {
    return await reader.read();
  } catch (e) {
    throw e.name === "AbortError" ? e : new ApiError(0, "The connection broke off while the answer came.", id);
  }
}
