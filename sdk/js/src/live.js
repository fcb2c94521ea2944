/**
 * What happens, as it happens: one WebSocket for each client, while somebody listens and somebody is here.
 *
 * A connection that breaks is made again after a pause that grows, and goes on where it was. It belongs to the session
 * that it was opened in, and is cut when that ends.
 */

import { idIn, pause } from "./api.js";
import { AcquaintError } from "./errors.js";
import { call } from "./session.js";

/** @typedef {import("./types.js").News} News */
/** @typedef {import("./types.js").Connection} Connection */

const LONGEST_PAUSE = 30_000;
const OPEN_TIMEOUT = 10_000;
const STEADY = 10_000; // a connection that lasted so long was none of the failures
const HEARTBEAT = 25_000; // of silence, after which we ask whether anybody is there
const ANSWER_TIMEOUT = 10_000;
const TYPING_AGAIN = 3_000; // milliseconds before the same is shown again
const REMEMBERED = 1_000; // events that are not told a second time, should they be replayed
const OPEN = 1;

export class Live {
  /** @type {Connection} */
  status = "idle";
  /** @type {Set<(news: News) => void>} */
  #listeners = new Set();
  /** @type {import("./types.js").WebSocketLike | null} */
  #socket = null;
  /** Which try it is: what an earlier one brings is not heard. */
  #try = 0;
  /** The session that is listened in. */
  #token = "";
  #failures = 0;
  /** Since when there is a connection. */
  #since = Infinity;
  /** @type {string | null} */
  #after = null;
  /** @type {Set<string>} */
  #heard = new Set();
  /** @type {Map<string, number>} */
  #typed = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {import("./session.js").Visitor} visitor
   * @param {import("./types.js").WebSocketConstructor | undefined} WebSocket
   * @param {() => Promise<{ticket: string, path: string}>} ticket
   */
  constructor(visitor, WebSocket, ticket) {
    this.visitor = visitor;
    this.WebSocket = WebSocket;
    this.ticket = ticket;
    visitor.watch(() => this.#follow());
    globalThis.addEventListener?.("online", this.#wake);
    globalThis.addEventListener?.("offline", this.#sleep);
    globalThis.document?.addEventListener("visibilitychange", this.#wake);
  }

  /** @param {(news: News) => void} listener @returns {() => void} */
  listen(listener) {
    if (this.WebSocket === undefined) {
      throw new AcquaintError("no_websocket", "This platform has no WebSocket: give one to createClient.");
    }
    const entry = (/** @type {News} */ news) => listener(news); // the same function may listen twice
    this.#listeners.add(entry);
    this.#follow();
    return () => {
      if (this.#listeners.delete(entry)) this.#follow();
    };
  }

  /** @param {string} conversation @param {boolean} on */
  typing(conversation, on) {
    const key = idIn(conversation);
    if (!on && !this.#typed.has(key)) return;
    const last = this.#typed.get(key) ?? -Infinity;
    if (this.status !== "online" || (on && Date.now() - last < TYPING_AGAIN)) return;
    if (on) this.#typed.set(key, Date.now());
    else this.#typed.delete(key);
    this.#say({ type: "typing", conversation, on });
  }

  close() {
    this.#listeners.clear();
    this.#forget();
    globalThis.removeEventListener?.("online", this.#wake);
    globalThis.removeEventListener?.("offline", this.#sleep);
    globalThis.document?.removeEventListener("visibilitychange", this.#wake);
  }

  // Whom to listen for

  /** As things are: another session, nobody, no listener any more. */
  #follow() {
    const { login } = this.visitor;
    const status = this.visitor.state.status;
    const token = this.#listeners.size > 0 && login !== null && status !== "ended" ? login.token : "";
    if (token === this.#token) return;
    this.#forget();
    this.#token = token;
    if (token) void this.#connect();
  }

  /** Lets go of the socket, and of everything that was known of it. */
  #forget() {
    this.#token = "";
    this.#drop();
    this.#failures = 0;
    this.#since = Infinity;
    this.#after = null;
    this.#heard.clear();
    this.#typed.clear();
    this.#be("idle");
  }

  /** Lets go of the socket. */
  #drop() {
    this.#try += 1;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = () => {};
    try {
      socket.close();
    } catch {
      // it never opened
    }
  }

  // How a connection is made

  async #connect() {
    this.#drop();
    const mine = this.#try;
    this.#be(globalThis.navigator?.onLine === false ? "offline" : "connecting");
    try {
      const { ticket, path } = await this.ticket();
      if (mine === this.#try) this.#open(`${this.visitor.api.url.replace(/^http/, "ws")}${path}?ticket=${encodeURIComponent(ticket)}`);
    } catch (error) {
      if (mine !== this.#try) return;
      const passes = !(error instanceof AcquaintError) || error.isOffline || (error.status ?? 500) >= 500 || error.status === 429;
      if (passes || error.code === "strange_answer") this.#comeBack(error instanceof AcquaintError ? error.retryAfter : null);
      else this.#be("offline"); // the session is over, or this page may not: whoever calls next hears why
    }
  }

  /** @param {string} address */
  #open(address) {
    const Socket = /** @type {import("./types.js").WebSocketConstructor} */ (this.WebSocket);
    const socket = new Socket(address);
    this.#socket = socket;
    this.#wait(OPEN_TIMEOUT, () => this.#comeBack());
    socket.onmessage = ({ data }) => this.#receive(String(data));
    socket.onerror = () => {}; // a close follows
    socket.onclose = (event) => this.#comeBack(null, event?.code);
  }

  /** @param {number | null} [retryAfter] seconds @param {number} [code] */
  #comeBack(retryAfter = null, code = 0) {
    this.#drop();
    this.#failures = Date.now() - this.#since >= STEADY ? 1 : this.#failures + 1;
    this.#since = Infinity;
    this.#be("offline");
    // 4401, once: the session goes on and sees something else, or it is over; the next ticket tells.
    const longest = code === 4401 && this.#failures === 1 ? 0 : LONGEST_PAUSE;
    const milliseconds = retryAfter === null ? pause(this.#failures, longest) : Math.min(retryAfter * 1000, LONGEST_PAUSE);
    this.#wait(milliseconds, () => void this.#connect());
  }

  /** The network is back, or the page is looked at again. */
  #wake = () => {
    if (!this.#token || globalThis.document?.visibilityState === "hidden") return;
    if (this.status === "online") this.#ask();
    else if (this.#socket === null) void this.#connect();
  };

  #sleep = () => {
    if (this.#token) this.#comeBack();
  };

  // What is said

  /** @param {string} text */
  #receive(text) {
    const frame = read(text);
    this.#wait(HEARTBEAT, () => this.#ask());
    switch (frame?.type) {
      case "ready":
        this.#ready(frame.last_event);
        break;
      case "event":
        this.#event(frame);
        break;
      case "typing":
        this.#news({ type: "typing", conversation: frame.conversation, user: frame.user, on: frame.on });
        break;
      case "resumed":
        this.#goOnAfter(frame.last_event);
        break;
      case "gap":
        this.#goOnAfter(frame.last_event);
        this.#news({ type: "gap" });
        break;
      default: // between the server and us, or of a later version
    }
  }

  /** @param {unknown} lastEvent */
  #ready(lastEvent) {
    const isNew = this.#after === null;
    this.#since = Date.now();
    this.#say(isNew ? { type: "resume" } : { type: "resume", after: this.#after });
    if (isNew) this.#goOnAfter(lastEvent);
    this.#be("online");
    if (isNew) this.#news({ type: "gap" }); // what happened before, nobody tells
  }

  /** @param {any} frame */
  #event(frame) {
    this.#goOnAfter(frame.id);
    if (this.#heard.has(frame.id)) return;
    this.#heard.add(frame.id);
    if (this.#heard.size > REMEMBERED) {
      for (const oldest of this.#heard) {
        this.#heard.delete(oldest);
        break;
      }
    }
    this.#news(frame);
  }

  /** Is anybody there? */
  #ask() {
    this.#say({ type: "ping" });
    this.#wait(ANSWER_TIMEOUT, () => this.#comeBack());
  }

  /** @param {object} frame */
  #say(frame) {
    if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** @param {unknown} id */
  #goOnAfter(id) {
    if (typeof id !== "string" || !/^\d{1,19}$/.test(id)) return;
    if (this.#after === null || BigInt(id) > BigInt(this.#after)) this.#after = id;
  }

  /** One thing is waited for at a time. @param {number} milliseconds @param {() => void} then */
  #wait(milliseconds, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, milliseconds);
  }

  /** @param {Connection} status */
  #be(status) {
    if (status === this.status) return;
    this.status = status;
    this.#news({ type: "connection", status });
  }

  /** @param {News} news */
  #news(news) {
    const session = this.#try;
    for (const listener of [...this.#listeners]) {
      if (session !== this.#try && news.type !== "connection") return; // somebody left while it was told
      call(listener, news);
    }
  }
}

/** @param {string} text @returns {any} */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
