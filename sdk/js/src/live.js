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
/** @typedef {import("./types.js").WebSocketConstructor} WebSocketConstructor */

/**
 * @typedef {object} Live
 * @property {() => Connection} status
 * @property {(listener: (news: News) => void) => () => void} listen
 * @property {(conversation: string, on: boolean) => void} typing
 */

const BETWEEN_CONNECTIONS = 30_000;
const HEARTBEAT = 25_000; // of silence, after which we ask whether anybody is there
const PATIENCE = 10_000; // until there is a connection, or an answer; one that lasted so long was none of the failures
const TYPING_AGAIN = 3_000; // milliseconds before the same is shown again
const REMEMBERED = 1_000; // events that are not told a second time, should they be replayed
const OPEN = 1;

/**
 * @param {import("./session.js").Visitor} visitor @param {import("./asking.js").Asking} asking
 * @param {WebSocketConstructor | undefined} WebSocket
 * @returns {Live}
 */
export function liveFor(visitor, asking, WebSocket) {
  const { signal } = visitor.closing;
  /** @type {Set<(news: News) => void>} */
  const listeners = new Set();
  /** @type {Set<string>} */
  const heard = new Set();
  /** @type {Map<string, number>} */
  const typed = new Map();
  /** @type {Connection} */
  let status = "idle";
  /** @type {import("./types.js").WebSocketLike | null} */
  let socket = null;
  /** Which try it is: what an earlier one brings is not heard. */
  let which = 0;
  /** The session that is listened in. */
  let token = "";
  let failures = 0;
  /** Since when there is a connection. */
  let since = Infinity;
  /** The last event that was told. @type {string | null} */
  let last = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  visitor.watch(follow);
  for (const it of ["online", "visibilitychange"]) globalThis.addEventListener?.(it, wake, { signal });
  globalThis.addEventListener?.("offline", sleep, { signal });
  signal.addEventListener("abort", () => {
    listeners.clear();
    forget();
  });
  return { status: () => status, listen, typing };

  /** @param {(news: News) => void} listener */
  function listen(listener) {
    if (!WebSocket) throw new AcquaintError("no_websocket", "There is no WebSocket here: give one to createClient.");
    const entry = (/** @type {News} */ it) => listener(it); // the same function may listen twice
    listeners.add(entry);
    follow();
    return () => {
      if (listeners.delete(entry)) follow();
    };
  }

  /** @param {string} conversation @param {boolean} on */
  function typing(conversation, on) {
    const before = typed.get(idIn(conversation));
    const now = Date.now();
    const isNews = on ? now - (before ?? 0) >= TYPING_AGAIN : before;
    if (!isNews || status !== "online") return;
    typed.set(conversation, on ? now : 0);
    say({ type: "typing", conversation, on });
  }

  // Whom to listen for

  /** As things are: another session, nobody, no listener any more. */
  function follow() {
    const { login, state } = visitor;
    const now = (listeners.size && state.status !== "ended" && login?.token) || "";
    if (now === token) return;
    forget();
    token = now;
    if (token) void connect();
  }

  /** Lets go of the socket, and of everything that was known of it. */
  function forget() {
    token = "";
    drop();
    failures = 0;
    since = Infinity;
    last = null;
    heard.clear();
    typed.clear();
    be("idle");
  }

  /** Lets go of the socket. */
  function drop() {
    which += 1;
    clearTimeout(timer);
    const before = socket;
    socket = null;
    if (!before) return;
    before.onmessage = before.onclose = null;
    before.close();
  }

  // How a connection is made

  async function connect() {
    drop();
    const mine = which;
    be(globalThis.navigator?.onLine === false ? "offline" : "connecting");
    try {
      const { ticket, path } = await asking.ask({ method: "POST", path: "/live/tickets", repeatable: true });
      if (mine !== which) return;
      const address = `${visitor.api.url.replace(/^http/, "ws")}${path}?ticket=${encodeURIComponent(ticket)}`;
      socket = new /** @type {WebSocketConstructor} */ (WebSocket)(address);
      wait(PATIENCE, comeBack);
      socket.onmessage = ({ data }) => receive(String(data));
      socket.onerror = () => {}; // a close follows
      socket.onclose = (event) => comeBack(null, event?.code);
    } catch (/** @type {any} */ error) {
      if (mine !== which) return;
      const { status: refused, code, retryAfter } = error;
      // The session is over, or this page may not: whoever calls next hears why.
      if (refused >= 400 && refused < 500 && refused !== 429 && code !== "strange_answer") be("offline");
      else comeBack(retryAfter);
    }
  }

  /** @param {number | null} [retryAfter] seconds @param {number} [code] */
  function comeBack(retryAfter, code) {
    drop();
    failures = Date.now() - since >= PATIENCE ? 1 : failures + 1;
    since = Infinity;
    be("offline");
    // 4401, once: the session goes on and sees something else, or it is over; the next ticket tells.
    const longest = code === 4401 && failures === 1 ? 0 : BETWEEN_CONNECTIONS;
    const isTold = typeof retryAfter === "number";
    wait(isTold ? Math.min(retryAfter * 1000, BETWEEN_CONNECTIONS) : pause(failures, longest), connect);
  }

  /** The network is back, or the page is looked at again. */
  function wake() {
    if (!token || globalThis.document?.visibilityState === "hidden") return;
    if (status === "online") ask();
    else if (!socket) void connect();
  }

  function sleep() {
    if (token) comeBack();
  }

  // What is said

  /** @param {string} text */
  function receive(text) {
    const frame = parsed(text);
    const { type, last_event } = frame ?? {};
    wait(HEARTBEAT, ask);
    void asking.heard();
    if (type === "ready") begin(last_event);
    if (type === "event") hear(frame);
    if (type === "typing") tell(frame);
    if (type === "resumed" || type === "gap") goOnAfter(last_event);
    if (type === "gap") tell({ type });
  }

  /** @param {unknown} lastEvent */
  function begin(lastEvent) {
    const after = last;
    since = Date.now();
    say({ type: "resume", after: after ?? undefined });
    if (!after) goOnAfter(lastEvent);
    be("online");
    if (!after) tell({ type: "gap" }); // what happened before, nobody tells
  }

  /** @param {any} event */
  function hear(event) {
    goOnAfter(event.id);
    if (heard.has(event.id)) return;
    heard.add(event.id);
    if (heard.size > REMEMBERED) heard.delete(/** @type {string} */ (heard.values().next().value));
    tell(event);
  }

  /** Is anybody there? */
  function ask() {
    say({ type: "ping" });
    wait(PATIENCE, comeBack);
  }

  /** @param {object} frame */
  function say(frame) {
    if (socket?.readyState === OPEN) socket.send(JSON.stringify(frame));
  }

  /** @param {unknown} id */
  function goOnAfter(id) {
    if (Number(id) > Number(last)) last = String(id);
  }

  /** One thing is waited for at a time. @param {number} milliseconds @param {() => unknown} then */
  function wait(milliseconds, then) {
    clearTimeout(timer);
    timer = setTimeout(then, milliseconds);
  }

  /** @param {Connection} now */
  function be(now) {
    if (now === status) return;
    status = now;
    tell({ type: "connection", status });
  }

  /** @param {News} news */
  function tell(news) {
    const mine = which;
    for (const listener of [...listeners]) {
      if (mine !== which && news.type !== "connection") return; // somebody left while it was told
      call(listener, news);
    }
  }
}
