/**
 * How calls are made: as whoever is here, once that is settled; and what the page knows of them goes before what they do.
 */

import { AcquaintError } from "./errors.js";
import { isHalfOver, isOfSomebody } from "./kept.js";
import { superseded } from "./queue.js";

/** @typedef {import("./api.js").Call} Call */
/** @typedef {import("./types.js").Claims} Claims */

const CLAIMS = "/session/claims";

export class Asking {
  #visitor;
  #asksHowLong = false;

  /** @param {import("./session.js").Visitor} visitor */
  constructor(visitor) {
    this.#visitor = visitor;
  }

  /** @param {string} path @param {Call["query"]} [query] @returns {Promise<any>} */
  read(path, query) {
    return this.ask({ method: "GET", path, query });
  }

  /**
   * Something is done, and no more than once. Whoever is not known yet is let in first.
   * @param {string} method @param {string} path @param {unknown} [body] @param {Partial<Call>} [more] @returns {Promise<any>}
   */
  write(method, path, body, more) {
    return this.ask({ method, path, body, keyed: true, writes: true, ...more });
  }

  /** When no change of who is here is under way. Answers whether somebody is. */
  async settled() {
    await this.#visitor.queue.idle();
    return this.#visitor.login !== null;
  }

  /**
   * The answer to the call, as whoever is here. While that is changing, it waits.
   * @param {Call} call @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  async ask(call, signal) {
    const visitor = this.#visitor;
    const { turn } = visitor.queue;
    await this.settled();
    turn.throwIfAborted();
    if (call.writes) {
      if (!visitor.login) await visitor.arrive();
      await this.#sayUnsaid();
      turn.throwIfAborted();
    }
    for (let isLast = false; ; isLast = true) {
      const { login } = visitor;
      if (!login) throw needsUser();
      if (login.hasEnded) throw new AcquaintError("session_ended", "The session has ended. Log in again, or log out.");
      try {
        return await this.#askAs(login, call, signal ? [turn, signal] : [turn]);
      } catch (error) {
        turn.throwIfAborted();
        if (isLast || !(error instanceof AcquaintError) || !error.isSessionOver) throw error;
        await visitor.comeBack(login.token);
        turn.throwIfAborted();
        // What was asked, was asked by whoever was here then.
        if (isOfSomebody(login) || isOfSomebody(visitor.login)) throw error;
      }
    }
  }

  /** Who is here, as the server says; it is kept. @returns {Promise<any>} */
  async me() {
    if (!(await this.settled())) return null;
    const found = await this.read("/session");
    await this.#visitor.saw(found.session.id, { ...found, expiresAt: found.session.expires_at });
    return found;
  }

  /** An answer came, or news. A session may last the longer for being used: how long, is asked now and then. */
  async heard() {
    const visitor = this.#visitor;
    if (this.#asksHowLong) return;
    if (isHalfOver(visitor.login, visitor.now)) {
      this.#asksHowLong = true;
      await this.me().catch(() => {});
      this.#asksHowLong = false;
    }
    visitor.tell(); // by now it is known what time it is
  }

  /** @param {Claims} claims */
  claim(claims) {
    return this.write("PATCH", CLAIMS, claims);
  }

  /** @param {import("./kept.js").Login} login @param {Call} call @param {AbortSignal[]} signals */
  async #askAs(login, call, signals) {
    const visitor = this.#visitor;
    const { queue, underway } = visitor;
    const { epoch } = queue;
    const asking = visitor.api.ask(call, login.token, signals);
    if (call.writes) underway.add(asking);
    const answer = await asking.finally(() => underway.delete(asking));
    if (epoch !== queue.epoch) throw superseded();
    void this.heard();
    // The first thing that was done made somebody.
    if (call.path === CLAIMS || (call.writes && !visitor.login?.session.user_id)) await this.me().catch(() => {});
    return answer;
  }

  /** What the page knows goes before what the visitor does; and keeps nobody from doing it. */
  async #sayUnsaid() {
    const visitor = this.#visitor;
    const { unsaid, login } = visitor;
    visitor.unsaid = null;
    if (!unsaid || isOfSomebody(login) || isKnown(unsaid, login?.user?.claimed)) return;
    try {
      await this.claim(unsaid);
    } catch (/** @type {any} */ error) {
      if (error.isOffline) visitor.unsaid ??= unsaid;
      if (!error.status) throw error;
      console.warn(`@acquaint/client: the user data was refused: ${error.message}`);
    }
  }
}

export function needsUser() {
  return new AcquaintError("needs_user", "Nobody is here yet: start a conversation first.");
}

/** @param {Claims} claims @param {import("./types.js").Claimed | undefined} known */
function isKnown(claims, known) {
  const named = Object.entries(claims);
  return known && named.every(([name, it]) => JSON.stringify(it) === JSON.stringify(known[/** @type {keyof Claims} */ (name)]));
}
