/**
 * Tabs of one browser, and clients of one page, that share a storage: one changes who is here at a time, and what one
 * changes, the others hear of.
 */

/** @typedef {{listeners: Set<() => void>, last: Promise<unknown>}} Place */

/** Clients of this page, by the storage they share and the key in it. @type {WeakMap<object, {[key: string]: Place}>} */
const places = new WeakMap();

const LONGEST_TURN = 60_000; // milliseconds; nothing that is done in a turn takes so long
const NEXT_TURN = 1_000; // milliseconds that are waited while another tab's turn has lasted too long

export class Tabs {
  #key;
  #changed;
  /** @type {Place} */
  #place;
  /** Whether other tabs see what is written there. */
  #isShared;
  /** How long another tab's turn is waited for. */
  #patience = LONGEST_TURN;

  /**
   * @param {object} storage @param {string} key
   * @param {() => void} changed another one changed it @param {AbortSignal} signal nobody listens any more
   */
  constructor(storage, key, changed, signal) {
    const here = places.get(storage) ?? {};
    places.set(storage, here);
    const place = (here[key] ??= { listeners: new Set(), last: Promise.resolve() });
    place.listeners.add(changed);
    signal.addEventListener("abort", () => place.listeners.delete(changed));
    this.#key = key;
    this.#changed = changed;
    this.#place = place;
    this.#isShared = typeof document !== "undefined" && storage instanceof Storage;
    if (!this.#isShared) return;
    /** @param {StorageEvent} event */
    const heard = (event) => {
      if (event.storageArea === storage && (event.key ?? key) === key) changed(); // no key: all of them
    };
    addEventListener("storage", heard, { signal });
    // A page that comes back from the back-forward cache heard nothing meanwhile.
    const shown = (/** @type {PageTransitionEvent} */ event) => {
      if (event.persisted) changed();
    };
    addEventListener("pageshow", shown, { signal });
  }

  /** Tells the other clients of this page; the browser tells other tabs. */
  announce() {
    for (const listener of this.#place.listeners) {
      if (listener !== this.#changed) queueMicrotask(listener);
    }
  }

  /**
   * Does it while no other tab or client does.
   * @template T @param {() => Promise<T>} task @returns {Promise<T>}
   */
  alone(task) {
    const place = this.#place;
    const inThisPage = () => {
      const doing = place.last.then(task);
      place.last = doing.catch(() => {});
      return doing;
    };
    const locks = this.#isShared && navigator.locks; // not on pages without TLS
    return locks ? this.#inTurn(locks, inThisPage) : inThisPage();
  }

  /**
   * When it is this tab's turn; or without, after a while: a tab whose turn it is may be asleep.
   * @template T @param {LockManager} locks @param {() => Promise<T>} task @returns {Promise<T>}
   */
  async #inTurn(locks, task) {
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), this.#patience);
    /** @type {Promise<T> | undefined} */
    let doing;
    const begin = () => {
      clearTimeout(timer);
      this.#patience = LONGEST_TURN;
      doing = task();
      return doing.catch(() => {});
    };
    await locks.request(this.#key, { signal: waiting.signal }, begin).catch(() => {});
    if (!doing) this.#patience = NEXT_TURN;
    return doing ?? task();
  }
}
