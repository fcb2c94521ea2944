/**
 * Where a login is kept.
 *
 *     memoryStorage    as long as the page lives
 *     usualStorage     localStorage, where there is one
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

/** The page's localStorage; memory in private modes that have none, and in Node. @returns {Storage} */
export function usualStorage() {
  try {
    if (typeof document !== "undefined" && localStorage) return localStorage;
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
  /** What is remembered instead of what the storage has. @type {string | null | undefined} */
  #instead;
  /** What was there last, as far as we know. @type {string | null | undefined} */
  #known;
  /** Of a storage that answers with promises: one thing is done after the other. @type {Promise<unknown> | undefined} */
  #last;
  /** Which change it is: what was read before is not what is there after. */
  #change = 0;

  /** @param {Storage} storage @param {string} key */
  constructor(storage, key) {
    this.storage = storage;
    this.key = key;
  }

  /**
   * @param {boolean} [isFirst] what is there to begin with: it is told, even if it was changed before it was read
   * @returns {unknown | Promise<unknown>} a promise only where the storage answers with one
   */
  read(isFirst = false) {
    if (this.#instead !== undefined) return parsed(this.#instead);
    const change = this.#change;
    let found;
    try {
      found = this.storage.getItem(this.key);
    } catch {
      found = this.#known;
    }
    if (!(found instanceof Promise)) return parsed((this.#known = found));
    const reading = found.then(
      (text) => {
        if (change === this.#change) this.#known = text;
        return parsed(isFirst ? text : this.#known);
      },
      () => parsed(this.#known),
    );
    this.#last = reading; // nothing overtakes it
    return reading;
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

  /** At once, where the storage does. @param {() => unknown} act @param {string | null} text @returns {Promise<boolean>} */
  async #do(act, text) {
    this.#known = this.#instead = text; // until it is done
    const change = (this.#change += 1);
    let isDone = true;
    try {
      const doing = this.#last ? this.#last.then(act) : act();
      if (doing instanceof Promise) {
        this.#last = doing.catch(() => {});
        await doing;
      }
    } catch {
      isDone = false;
    }
    if (change !== this.#change) return isDone; // somebody changed it again
    if (isDone) this.#instead = undefined;
    // What was there before is not to come back.
    else if (text !== null) (async () => this.storage.removeItem(this.key))().catch(() => {});
    return isDone;
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
