/**
 * Tabs of one browser, and clients of one page, that share a storage: one changes who is here at a time, and what one
 * changes, the others hear of.
 */

/** Clients of this page, by the storage they share and the key in it. @type {WeakMap<object, Map<string, Place>>} */
const places = new WeakMap();

/** @typedef {{listeners: Set<() => void>, last: Promise<unknown>}} Place */

export class Tabs {
  /** @type {(() => void) | null} */
  #stop = null;

  /** @param {import("./types.js").Storage} storage @param {string} key @param {() => void} changed another one changed it */
  constructor(storage, key, changed) {
    this.storage = storage;
    this.key = key;
    this.changed = changed;
    this.place = placeOf(storage, key);
    this.place.listeners.add(changed);
    if (isShared(storage)) {
      /** @param {StorageEvent} event */
      const heard = (event) => {
        if (event.storageArea === storage && (event.key === key || event.key === null)) changed();
      };
      // A page that comes back from the back-forward cache heard nothing meanwhile.
      /** @param {PageTransitionEvent} event */
      const shown = (event) => void (event.persisted && changed());
      addEventListener("storage", heard);
      addEventListener("pageshow", shown);
      this.#stop = () => (removeEventListener("storage", heard), removeEventListener("pageshow", shown));
    }
  }

  /** Tells the other clients of this page; the browser tells other tabs. */
  announce() {
    for (const listener of this.place.listeners) {
      if (listener !== this.changed) queueMicrotask(listener);
    }
  }

  /**
   * Does it while no other tab or client does.
   * @template T @param {() => Promise<T>} task @returns {Promise<T>}
   */
  alone(task) {
    const inThisPage = () => {
      const doing = this.place.last.then(task);
      this.place.last = doing.catch(() => {});
      return doing;
    };
    const locks = isShared(this.storage) ? globalThis.navigator?.locks : undefined; // not on pages without TLS
    return locks ? /** @type {Promise<T>} */ (locks.request(this.key, inThisPage)) : inThisPage();
  }

  close() {
    this.place.listeners.delete(this.changed);
    this.#stop?.();
  }
}

/** @param {object} storage @param {string} key @returns {Place} */
function placeOf(storage, key) {
  const keys = places.get(storage) ?? new Map();
  places.set(storage, keys);
  const place = keys.get(key) ?? { listeners: new Set(), last: Promise.resolve() };
  keys.set(key, place);
  return place;
}

/** Whether other tabs see what is written there. @param {object} storage */
function isShared(storage) {
  return typeof Storage !== "undefined" && storage instanceof Storage && typeof document !== "undefined";
}
