/**
 * Tabs of one browser, and clients of one page, that share a storage: one changes who is here at a time, and what one
 * changes, the others hear of.
 */

/** Clients of this page, by the storage they share and the key in it. @type {WeakMap<object, Map<string, Place>>} */
const places = new WeakMap();

/** @typedef {{listeners: Set<() => void>, last: Promise<unknown>}} Place */

export class Tabs {
  /**
   * @param {import("./types.js").Storage} storage @param {string} key
   * @param {() => void} changed another one changed it @param {AbortSignal} closing
   */
  constructor(storage, key, changed, closing) {
    this.key = key;
    this.changed = changed;
    this.place = placeOf(storage, key);
    this.place.listeners.add(changed);
    closing.addEventListener("abort", () => this.place.listeners.delete(changed));
    /** Whether other tabs see what is written there. */
    this.isShared = typeof document !== "undefined" && storage instanceof Storage;
    if (!this.isShared) return;
    /** @param {StorageEvent} event */
    const heard = (event) => {
      if (event.storageArea === storage && (event.key ?? key) === key) changed(); // no key: all of them
    };
    addEventListener("storage", heard, { signal: closing });
    // A page that comes back from the back-forward cache heard nothing meanwhile.
    addEventListener("pageshow", (event) => void (event.persisted && changed()), { signal: closing });
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
    const locks = this.isShared && navigator.locks; // not on pages without TLS
    return locks ? /** @type {Promise<T>} */ (locks.request(this.key, inThisPage)) : inThisPage();
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
