// Chats in the browser's IndexedDB; in memory where the browser refuses it, such as in some private windows.

const memory = new Map();
let database = null;

/** Opens the database. @returns {Promise<boolean>} whether chats outlast the page */
export async function openStore() {
  try {
    database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open("glia", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("chats", {keyPath: "id"});
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
      opening.onblocked = () => reject(new Error("blocked"));
    });
  } catch {
    database = null;
  }
  return database !== null;
}

function run(mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("chats", mode);
    const request = work(transaction.objectStore("chats"));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** All chats, the last used first. */
export async function allChats() {
  const chats = database ? await run("readonly", store => store.getAll()) : [...memory.values()];
  return chats.sort((a, b) => b.updated - a.updated);
}

export async function saveChat(chat) {
  if (database) {
    await run("readwrite", store => store.put(chat));
  } else {
    memory.set(chat.id, chat);
  }
}

export async function deleteChat(id) {
  if (database) {
    await run("readwrite", store => store.delete(id));
  } else {
    memory.delete(id);
  }
}

export async function deleteAllChats() {
  if (database) {
    await run("readwrite", store => store.clear());
  } else {
    memory.clear();
  }
}
