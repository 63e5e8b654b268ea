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

/** Opens the dialog. @param reason what the server said */
export function askKey(reason = "") {
  const dialog = byId("key");
  byId("key-note").textContent = reason;
  byId("key-note").hidden = !reason;
  if (!dialog.open) {
    dialog.returnValue = "";
    byId("key-input").value = apiKey();
    dialog.showModal();
  }
  byId("key-input").focus();
}
