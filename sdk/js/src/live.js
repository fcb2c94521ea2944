/**
 * What happens, as it happens: one WebSocket for each client, while somebody listens and somebody is here.
 *
 * A connection that breaks is made again after a pause that grows, and goes on where it was. It belongs to the session
 * that it was opened in, and is cut when that ends.
 */

import { idIn, pause } from "./api.js";
import { AcquaintError } from "./errors.js";
import { parsed } from "./json.js";
import { call } from "./session.js";

/** @typedef {import("./types.js").News} News */
/** @typedef {import("./types.js").Connection} Connection */

const LONGEST_PAUSE = 30_000;
const HEARTBEAT = 25_000; // of silence, after which we ask whether anybody is there
const PATIENCE = 10_000; // until there is a connection, or an answer; one that lasted so long was none of the failures
const TYPING_AGAIN = 3_000; // milliseconds before the same is shown again
const REMEMBERED = 1_000; // events that are not told a second time, should they be replayed
const OPEN = 1;

export class Live {
  #visitor;
  #asking;
  #WebSocket;
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
  /** The last event that was told. @type {string | null} */
  #after = null;
  /** @type {Set<string>} */
  #heard = new Set();
  /** @type {Map<string, number>} */
  #typed = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {import("./session.js").Visitor} visitor
   * @param {import("./asking.js").Asking} asking
   * @param {import("./types.js").WebSocketConstructor | undefined} WebSocket
   */
  constructor(visitor, asking, WebSocket) {
    this.#visitor = visitor;
    this.#asking = asking;
    this.#WebSocket = WebSocket;
    const { signal } = visitor.closing;
    visitor.watch(() => this.#follow());
    for (const it of ["online", "visibilitychange"]) globalThis.addEventListener?.(it, this.#wake, { signal });
    globalThis.addEventListener?.("offline", this.#sleep, { signal });
    signal.addEventListener("abort", () => {
      this.#listeners.clear();
      this.#forget();
    });
  }

  /** @param {(news: News) => void} listener @returns {() => void} */
  listen(listener) {
    if (!this.#WebSocket) {
      throw new AcquaintError("no_websocket", "There is no WebSocket here: give one to createClient.");
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
    const last = this.#typed.get(idIn(conversation));
    const now = Date.now();
    const isNews = on ? now - (last ?? 0) >= TYPING_AGAIN : last;
    if (!isNews || this.status !== "online") return;
    this.#typed.set(conversation, on ? now : 0);
    this.#say({ type: "typing", conversation, on });
  }

  // Whom to listen for

  /** As things are: another session, nobody, no listener any more. */
  #follow() {
    const { login, state } = this.#visitor;
    const token = (this.#listeners.size && state.status !== "ended" && login?.token) || "";
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
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
  }

  // How a connection is made

  async #connect() {
    this.#drop();
    const mine = this.#try;
    this.#be(globalThis.navigator?.onLine === false ? "offline" : "connecting");
    try {
      const { ticket, path } = await this.#asking.ask({ method: "POST", path: "/live/tickets", repeatable: true });
      if (mine !== this.#try) return;
      const address = `${this.#visitor.api.url.replace(/^http/, "ws")}${path}?ticket=${encodeURIComponent(ticket)}`;
      const socket = new /** @type {import("./types.js").WebSocketConstructor} */ (this.#WebSocket)(address);
      this.#socket = socket;
      this.#wait(PATIENCE, () => this.#comeBack());
      socket.onmessage = ({ data }) => this.#receive(String(data));
      socket.onerror = () => {}; // a close follows
      socket.onclose = (event) => this.#comeBack(null, event?.code);
    } catch (/** @type {any} */ error) {
      if (mine !== this.#try) return;
      const { status, code, retryAfter } = error;
      // The session is over, or this page may not: whoever calls next hears why.
      if (status >= 400 && status < 500 && status !== 429 && code !== "strange_answer") this.#be("offline");
      else this.#comeBack(retryAfter);
    }
  }

  /** @param {number | null} [retryAfter] seconds @param {number} [code] */
  #comeBack(retryAfter = null, code = 0) {
    this.#drop();
    this.#failures = Date.now() - this.#since >= PATIENCE ? 1 : this.#failures + 1;
    this.#since = Infinity;
    // 4401, once: the session goes on and sees something else, or it is over; the next ticket tells.
    const longest = code === 4401 && this.#failures === 1 ? 0 : LONGEST_PAUSE;
    this.#be(longest ? "offline" : "connecting");
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
    const frame = parsed(text);
    const { type, last_event } = frame ?? {};
    this.#wait(HEARTBEAT, () => this.#ask());
    if (type === "ready") this.#ready(last_event);
    if (type === "event") this.#event(frame);
    if (type === "typing") this.#news(frame);
    if (type === "resumed" || type === "gap") this.#goOnAfter(last_event);
    if (type === "gap") this.#news({ type });
  }

  /** @param {unknown} lastEvent */
  #ready(lastEvent) {
    const after = this.#after;
    this.#since = Date.now();
    this.#say({ type: "resume", after: after ?? undefined });
    if (!after) this.#goOnAfter(lastEvent);
    this.#be("online");
    if (!after) this.#news({ type: "gap" }); // what happened before, nobody tells
  }

  /** @param {any} frame */
  #event(frame) {
    this.#goOnAfter(frame.id);
    if (this.#heard.has(frame.id)) return;
    this.#heard.add(frame.id);
    if (this.#heard.size > REMEMBERED) this.#heard.delete(/** @type {string} */ (this.#heard.values().next().value));
    this.#news(frame);
  }

  /** Is anybody there? */
  #ask() {
    this.#say({ type: "ping" });
    this.#wait(PATIENCE, () => this.#comeBack());
  }

  /** @param {object} frame */
  #say(frame) {
    if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** @param {unknown} id */
  #goOnAfter(id) {
    if (Number(id) > Number(this.#after)) this.#after = String(id);
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
