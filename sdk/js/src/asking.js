/**
 * How calls are made: as whoever is here, once that is settled; and what the page knows of them goes before what they do.
 */

import { AcquaintError } from "./errors.js";
import { isOfSomebody } from "./kept.js";
import { superseded } from "./queue.js";

/** @typedef {import("./api.js").Call} Call */
/** @typedef {import("./types.js").Claims} Claims */

export class Asking {
  /** @param {import("./api.js").Api} api @param {import("./session.js").Visitor} visitor */
  constructor(api, visitor) {
    this.api = api;
    this.visitor = visitor;
  }

  /** @param {string} path @param {Call["query"]} [query] @returns {Promise<any>} */
  read(path, query) {
    return this.ask({ method: "GET", path, query });
  }

  /**
   * Something is done, and no more than once. Whoever is not known yet is let in first.
   * @param {string} method @param {string} path @param {unknown} [body] @param {Call["query"]} [query] @returns {Promise<any>}
   */
  write(method, path, body, query) {
    return this.ask({ method, path, body, query, keyed: true, writes: true });
  }

  /** When no change of who is here is under way. Answers whether somebody is. */
  async settled() {
    await this.visitor.ready;
    await this.visitor.queue.idle();
    return this.visitor.login !== null;
  }

  /** Some things are for those who said something already. */
  async needsUser() {
    await this.settled();
    if (!this.visitor.login?.session.user_id) throw needsUser();
  }

  /**
   * The answer to the call, as whoever is here. While that is changing, it waits.
   * @param {Call} call @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  async ask(call, signal) {
    const { visitor } = this;
    if (visitor.isClosed) throw new AcquaintError("closed", "The client was closed.");
    const turn = visitor.queue.turn();
    await this.settled();
    turn.check();
    if (call.writes) {
      if (visitor.login === null) await visitor.arrive();
      await this.#sayUnsaid();
      turn.check();
    }
    const first = await this.#once(call, turn, signal);
    if (!first.over) return first.answer;
    await visitor.comeBack(first.login.token);
    turn.check();
    // What was asked, was asked by whoever was here then.
    if (isOfSomebody(first.login) || isOfSomebody(visitor.login)) throw first.over;
    const second = await this.#once(call, turn, signal);
    if (second.over) throw second.over;
    return second.answer;
  }

  /** Who is here, as the server says; it is kept. @returns {Promise<any>} */
  async me() {
    if (!(await this.settled())) return null;
    const found = await this.read("/session");
    await this.saw(found.session.id, { ...found, expiresAt: found.session.expires_at });
    return found;
  }

  /** @param {Claims} claims */
  async claim(claims) {
    const session = await this.write("PATCH", "/session/claims", claims);
    await this.me().catch(() => {});
    return session;
  }

  /** What the server says of a session is kept. @param {string | undefined} sessionId @param {Partial<import("./kept.js").Login>} news */
  async saw(sessionId, news) {
    const { login } = this.visitor;
    if (login !== null && login.session.id === sessionId) await this.visitor.saw(login.token, news);
  }

  /** @param {Call} call @param {import("./queue.js").Turn} turn @param {AbortSignal} [signal] */
  async #once(call, turn, signal) {
    const { visitor } = this;
    const { login } = visitor;
    if (login === null) throw needsUser();
    if (login.hasEnded) throw new AcquaintError("session_ended", "The session has ended. Log in again, or log out.");
    const { epoch, leaving } = visitor.queue;
    const calledOff = new AbortController();
    const stop = () => calledOff.abort();
    const signals = signal ? [leaving.signal, signal] : [leaving.signal];
    for (const it of signals) it.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    const asking = this.api.ask(call, login.token, calledOff.signal);
    if (call.writes) visitor.underway.add(asking);
    let answer;
    try {
      answer = await asking;
    } catch (error) {
      turn.check();
      if (error instanceof AcquaintError && error.isSessionOver) return { login, over: error };
      throw error;
    } finally {
      visitor.underway.delete(asking);
      for (const it of signals) it.removeEventListener("abort", stop);
    }
    if (epoch !== visitor.queue.epoch) throw superseded();
    if (call.writes && visitor.login?.session.user_id === null && !call.path.startsWith("/session")) {
      await this.me().catch(() => {}); // the first thing that was done made somebody
    }
    return { login, answer };
  }

  /** What the page knows goes before what the visitor does; and keeps nobody from doing it. */
  async #sayUnsaid() {
    const { visitor } = this;
    const said = visitor.unsaid;
    if (said === null) return;
    visitor.unsaid = null;
    if (isOfSomebody(visitor.login) || isKnown(said, visitor.login?.user?.claimed)) return;
    try {
      await this.claim(said);
    } catch (error) {
      if (!(error instanceof AcquaintError) || error.code === "superseded") throw error;
      if (error.isOffline) visitor.unsaid ??= said;
      else console.warn(`@acquaint/client: the user data was refused: ${error.message}`);
    }
  }
}

function needsUser() {
  return new AcquaintError("needs_user", "Nobody is here yet: start a conversation first.");
}

/** @param {Claims} claims @param {import("./types.js").Claimed | undefined} known */
function isKnown(claims, known) {
  const same = (/** @type {unknown} */ one, /** @type {unknown} */ other) => JSON.stringify(one) === JSON.stringify(other);
  return known !== undefined && Object.entries(claims).every(([name, it]) => same(it, known[/** @type {keyof Claims} */ (name)]));
}
