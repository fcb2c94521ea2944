/**
 * One change of who is here at a time; and what was asked before somebody left is not answered to whoever comes.
 *
 *     turn     until somebody leaves: aborted then, and what was waiting is not done any more
 *     epoch    how often it changed who is here: an answer to a question of before is dropped
 */

import { AcquaintError } from "./errors.js";

/** @typedef {AbortSignal} Turn */

export class Queue {
  epoch = 0;
  #leaving = new AbortController();
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** @returns {Turn} */
  get turn() {
    return this.#leaving.signal;
  }

  /** Somebody left: at once, whatever is waiting, and requests of theirs are called off. */
  leave() {
    this.epoch += 1;
    this.#leaving.abort(superseded());
    this.#leaving = new AbortController();
  }

  /** Everybody left, and nobody comes any more. */
  close() {
    this.#leaving.abort(new AcquaintError("closed", "The client was closed."));
  }

  /**
   * Does it when everything before is done, unless somebody left meanwhile.
   * @template T @param {(turn: Turn) => Promise<T>} task @returns {Promise<T>}
   */
  add(task) {
    const { turn } = this;
    const doing = this.#last.then(() => {
      turn.throwIfAborted();
      return task(turn);
    });
    this.#last = doing.catch(() => {});
    return doing;
  }

  /** When nothing is waiting any more. */
  async idle() {
    for (let last; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
  }
}

export function superseded() {
  return new AcquaintError("superseded", "Somebody else logged in, or logged out.");
}
