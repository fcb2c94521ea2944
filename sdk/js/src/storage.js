/**
 * Where a login is kept.
 *
 *     usualStorage    localStorage, where there is one
 *     Shelf           one record in a storage, which may fail at any time: nobody is shut out for that
 */

import { parsed } from "./json.js";

/** @typedef {import("./types.js").Storage} Storage */

/** The page's localStorage; none in private modes that refuse it, and in Node. @returns {Storage | null} */
export function usualStorage() {
  try {
    return globalThis.document ? localStorage : null;
  } catch {
    return null;
  }
}

/**
 * One record in a storage, as JSON. Without a storage it is remembered; so is what cannot be written, and what cannot
 * be read is not there. A record that could not be removed is never read again.
 */
export class Shelf {
  #storage;
  #key;
  /** What is remembered instead of what the storage has. @type {string | null | undefined} */
  #instead;
  /** What was there last, as far as we know. @type {string | null | undefined} */
  #known;
  /** Of a storage that answers with promises: one thing is done after the other. @type {Promise<unknown> | undefined} */
  #last;
  /** Which change it is: what was read before is not what is there after. */
  #change = 0;

  /** @param {Storage | null} storage @param {string} key */
  constructor(storage, key) {
    this.#storage = storage;
    this.#key = key;
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
      found = this.#storage ? this.#storage.getItem(this.#key) : this.#known;
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

  /**
   * @param {unknown} record @param {boolean} [isBetter] what is there is not wrong: it may stay, if this cannot be written
   * @returns {Promise<boolean>} whether the storage took it
   */
  write(record, isBetter) {
    const text = JSON.stringify(record);
    return this.#do(() => this.#storage?.setItem(this.#key, text), text, isBetter && this.#instead === undefined);
  }

  /** @returns {Promise<boolean>} whether the storage let go of it */
  remove() {
    return this.#do(() => this.#storage?.removeItem(this.#key), null);
  }

  /**
   * At once, where the storage does.
   * @param {() => unknown} act @param {string | null} text @param {boolean} [mayStay] what is there
   * @returns {Promise<boolean>}
   */
  async #do(act, text, mayStay) {
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
    if (isDone || mayStay) this.#instead = undefined;
    // What was there before is not to come back.
    else if (text !== null) (async () => this.#storage?.removeItem(this.#key))().catch(() => {});
    return isDone;
  }
}
