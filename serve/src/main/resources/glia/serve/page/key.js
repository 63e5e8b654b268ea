// Asks for an API key, which is kept for this tab alone.

import {apiKey, setApiKey} from "./api.js";
import {byId} from "./dom.js";

/** @param onKey called after the key has changed */
export function startKey(onKey) {
  const dialog = byId("key");
  byId("open-key").addEventListener("click", () => askKey());
  byId("close-key").addEventListener("click", () => dialog.close(""));
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "use") {
      setApiKey(byId("key-input").value.trim());
      onKey();
    }
  });
}

/** Opens the dialog. @param status of the server's answer, 401 or 403; 0 where the user opens it */
export function askKey(status = 0) {
  const dialog = byId("key");
  const reason = !status ? "" : status === 403 ? "This key may not do that. Enter another one."
    : apiKey() ? "The server does not know this key." : "This server requires a key.";
  byId("key-note").textContent = reason;
  byId("key-note").hidden = !reason;
  if (!dialog.open) {
    dialog.returnValue = "";
    byId("key-input").value = apiKey();
    dialog.showModal();
  }
  byId("key-input").focus();
}
