// The list of chats: open, search, rename, delete, export and import.

import {announce} from "./announce.js";
import {EXPORT_VERSION, readExport} from "./chats.js";
import {button, byId, download, el} from "./dom.js";
import {allChats, deleteAllChats, deleteChat, saveChat} from "./store.js";

export class History {
  #app;

  constructor(app) {
    this.#app = app;
    byId("new-chat").addEventListener("click", () => this.#app.open(null));
    byId("search").addEventListener("input", () => this.render());
    byId("export").addEventListener("click", () => this.#export());
    byId("import").addEventListener("click", () => byId("import-file").click());
    byId("import-file").addEventListener("change", event => this.#import(event.target));
    byId("delete-all").addEventListener("click", () => this.#deleteAll());
    byId("open-history").addEventListener("click", () => this.toggle(true));
    byId("close-history").addEventListener("click", () => this.toggle(false));
  }

  /** Opens or closes the list on narrow screens. @returns whether it changed */
  toggle(isOpen = !byId("history").classList.contains("is-open")) {
    const changes = byId("history").classList.contains("is-open") !== isOpen;
    byId("history").classList.toggle("is-open", isOpen);
    byId("open-history").setAttribute("aria-expanded", String(isOpen));
    if (changes) {
      byId(isOpen ? "new-chat" : "open-history").focus();
    }
    return changes;
  }

  async render() {
    const wanted = byId("search").value.trim().toLowerCase();
    const chats = (await allChats()).filter(chat => !wanted || chat.title.toLowerCase().includes(wanted)
      || Object.values(chat.nodes).some(node => node.text.toLowerCase().includes(wanted)));
    const current = this.#app.chat.id;
    document.title = this.#app.chat.title ? `${this.#app.chat.title} – Glia` : "Glia";
    byId("chats").replaceChildren(...chats.map(chat => {
      const item = el("li", {class: chat.id === current ? "current" : "", "data-chat": chat.id});
      item.append(button(chat.title || "Untitled", () => this.#app.open(chat),
        {class: "open", title: chat.title, "aria-current": chat.id === current ? "true" : null}),
      button("✎", () => this.#rename(chat, item), {class: "icon", "aria-label": `Rename the chat ${chat.title}`}),
      button("✕", () => this.#delete(chat), {class: "icon", "aria-label": `Delete the chat ${chat.title}`}));
      return item;
    }));
  }

  /** Puts a field in place of a title. Enter or leaving it keeps the title, Escape does not. */
  #rename(chat, item) {
    const field = el("input", {value: chat.title, maxLength: 200, "aria-label": "Title of the chat"});
    let isOpen = true;
    const close = async keeps => {
      if (isOpen) {
        isOpen = false;
        const title = field.value.trim();
        if (keeps && title) {
          const own = this.#app.chat.id === chat.id ? this.#app.chat : chat;
          own.title = title;
          await saveChat(own);
        }
        await this.render();
        byId("chats").querySelector(`[data-chat="${chat.id}"] .open`)?.focus();
      }
    };
    field.addEventListener("keydown", event => {
      if (event.key === "Enter" || event.key === "Escape") {
        event.stopPropagation();
        close(event.key === "Enter");
      }
    });
    field.addEventListener("blur", () => close(true));
    item.replaceChildren(field);
    field.select();
  }

  async #delete(chat) {
    if (confirm(`Delete the chat "${chat.title}"?`)) {
      this.#app.forget(chat.id);
      await deleteChat(chat.id);
      if (chat.id === this.#app.chat.id) {
        this.#app.open(null);
      }
      announce("Chat deleted.");
      this.render();
      byId("new-chat").focus();
    }
  }

  async #deleteAll() {
    if (confirm("Delete all chats of this browser? Export keeps a copy.")) {
      this.#app.forget();
      await deleteAllChats();
      this.#app.open(null);
      announce("All chats deleted.");
      this.render();
    }
  }

  async #export() {
    const chats = await allChats();
    download("glia-chats.json", JSON.stringify({glia: "chats", version: EXPORT_VERSION, chats}, null, 1));
  }

  async #import(input) {
    const file = input.files[0];
    input.value = "";
    if (!file) {
      return;
    }
    try {
      const chats = readExport(await file.text());
      for (const chat of chats) {
        await saveChat(chat);
      }
      announce(`${chats.length} chats imported.`);
      this.render();
    } catch (e) {
      this.#app.problem(e.message);
    }
  }
}
