/**
 * Where a login is kept.
 *
 *     memoryStorage    as long as the page lives
 *     usualStorage     localStorage, where there is one that works
 *     Shelf            one record in a storage, which may fail at any time: nobody is shut out for that
 */

/** @typedef {import("./types.js").Storage} Storage */

/**
 * Keeps nothing beyond the page. Several clients may share one.
 * @returns {Storage & {keys: () => string[]}}
 */
export function memoryStorage() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    keys: () => [...kept.keys()],
  };
}

/** The page's localStorage; memory in private modes that refuse it, and in Node. @returns {Storage} */
export function usualStorage() {
  try {
    const it = typeof document === "undefined" ? null : globalThis.localStorage;
    if (it) {
      const probe = "acquaint:probe";
      it.setItem(probe, "");
      it.removeItem(probe);
      return it;
    }
  } catch {
    // refused
  }
  return memoryStorage();
}

/**
 * One record in a storage, as JSON. What cannot be written is remembered instead; what cannot be read is not there.
 * A record that could not be removed is never read again.
 */
export class Shelf {
  /** @type {string | null | undefined} What is remembered instead of what the storage has. */
  #instead = undefined;
  /** What was there last, as far as we know. @type {string | null | undefined} */
  #known = null;
  /** @type {Promise<unknown>} */
  #writing = Promise.resolve();
  /** Whether the storage answers with promises: then one thing is done after the other. */
  #isSlow = false;

  /** @param {Storage} storage @param {string} key */
  constructor(storage, key) {
    this.storage = storage;
    this.key = key;
  }

  /** @returns {unknown | Promise<unknown>} a promise only where the storage answers with one */
  read() {
    if (this.#instead !== undefined) return parsed(this.#instead);
    let found;
    try {
      found = this.storage.getItem(this.key);
    } catch {
      return parsed(this.#known);
    }
    if (found instanceof Promise) {
      this.#isSlow = true;
      return Promise.all([found, this.#writing]).then(
        ([text]) => parsed((this.#known = this.#instead === undefined ? text : this.#instead)),
        () => parsed(this.#known),
      );
    }
    this.#known = found;
    return parsed(found);
  }

  /** @param {unknown} record @returns {Promise<boolean>} whether the storage took it */
  write(record) {
    const text = JSON.stringify(record);
    return this.#do(() => this.storage.setItem(this.key, text), text);
  }

  /** @returns {Promise<boolean>} whether the storage let go of it */
  remove() {
    return this.#do(() => this.storage.removeItem(this.key), null);
  }

  /** @param {() => unknown} act @param {string | null} instead @returns {Promise<boolean>} */
  #do(act, instead) {
    this.#known = instead;
    const failed = () => {
      this.#instead = instead;
      if (instead !== null) this.#forget(); // what was there before is not to come back
      return false;
    };
    let doing;
    try {
      doing = this.#isSlow ? this.#writing.then(act) : act();
    } catch {
      return Promise.resolve(failed());
    }
    if (!(doing instanceof Promise)) {
      this.#instead = undefined;
      return Promise.resolve(true);
    }
    this.#isSlow = true;
    this.#instead = instead; // until it is done
    /** @type {Promise<boolean>} */
    const turn = doing.then(() => {
      if (this.#writing === turn) this.#instead = undefined;
      return true;
    }, failed);
    this.#writing = turn;
    return turn;
  }

  #forget() {
    try {
      Promise.resolve(this.storage.removeItem(this.key)).catch(() => {});
    } catch {
      // it was tried
    }
  }
}

/** @param {string | null | undefined} text */
function parsed(text) {
  try {
    return JSON.parse(text || "null");
  } catch {
    return null;
  }
}
