/**
 * One change of who is here at a time; and what was asked before somebody left is not answered to whoever comes.
 *
 *     departures    how often somebody left: what was waiting then is not done any more
 *     epoch         how often it changed who is here: an answer to a question of before is dropped
 */

import { AcquaintError } from "./errors.js";

export class Queue {
  departures = 0;
  epoch = 0;
  /** Aborted when somebody leaves: requests of theirs are called off. */
  leaving = new AbortController();
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** Somebody left: at once, whatever is waiting. */
  leave() {
    this.departures += 1;
    this.epoch += 1;
    this.leaving.abort();
    this.leaving = new AbortController();
  }

  /**
   * Does it when everything before is done, unless somebody left meanwhile.
   * @template T @param {(turn: Turn) => Promise<T>} task @returns {Promise<T>}
   */
  add(task) {
    const turn = this.turn();
    const doing = this.#last.then(() => {
      turn.check();
      return task(turn);
    });
    this.#last = doing.catch(() => {});
    return doing;
  }

  /** From now on. */
  turn() {
    return new Turn(this);
  }

  /** When nothing is waiting any more. */
  async idle() {
    for (let last; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
  }
}

/** What began at some moment, and is over when somebody leaves. */
export class Turn {
  #departures;

  /** @param {Queue} queue */
  constructor(queue) {
    this.queue = queue;
    this.#departures = queue.departures;
  }

  get isOver() {
    return this.#departures !== this.queue.departures;
  }

  /** Throws `superseded` when somebody left since. */
  check() {
    if (this.isOver) throw superseded();
  }
}

export function superseded() {
  return new AcquaintError("superseded", "Meanwhile somebody else logged in, or logged out.");
}
