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
  /** Which change it is: what was read before is not what is there after. */
  #change = 0;
  /** Whether the storage answers with promises: then one thing is done after the other. */
  #isSlow = false;

  /** @param {Storage} storage @param {string} key */
  constructor(storage, key) {
    this.storage = storage;
    this.key = key;
  }

  /** What is there to begin with. @returns {unknown | Promise<unknown>} a promise only where the storage answers with one */
  first() {
    const found = this.#ask();
    if (!(found instanceof Promise)) return parsed(found);
    const reading = found.then(parsed, () => null);
    this.#writing = reading; // nothing overtakes it
    return reading;
  }

  /** @returns {unknown | Promise<unknown>} */
  read() {
    if (this.#instead !== undefined) return parsed(this.#instead);
    const found = this.#ask();
    if (!(found instanceof Promise)) return parsed(found);
    const change = this.#change;
    return found.then(
      (text) => parsed(change === this.#change ? (this.#known = text) : this.#known),
      () => parsed(this.#known),
    );
  }

  #ask() {
    try {
      const found = this.storage.getItem(this.key);
      if (found instanceof Promise) this.#isSlow = true;
      else this.#known = found;
      return found;
    } catch {
      return this.#known;
    }
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
    this.#change += 1;
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
