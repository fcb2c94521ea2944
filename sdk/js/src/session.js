/**
 * Who is here, and how that changes. One change at a time, in this page and in all tabs of the browser.
 *
 * Nobody is made for looking: a session begins with the first thing somebody does. What is kept is kept after the
 * server said yes, and is gone before the server is told of a log out.
 *
 * A session that ended elsewhere is not replaced in silence when somebody was logged in: what Ann is about to write
 * would be written by nobody. Anonymous ones begin anew.
 */

import { pause } from "./api.js";
import { AcquaintError } from "./errors.js";
import { claimsIn, isOfSomebody, loginIn, mayBe, recordOf, statusOf, withLogin } from "./kept.js";
import { Queue } from "./queue.js";
import { Shelf } from "./storage.js";
import { Tabs } from "./tabs.js";

/** @typedef {import("./types.js").Admission} Admission */
/** @typedef {import("./types.js").AuthState} AuthState */
/** @typedef {import("./types.js").Claims} Claims */
/** @typedef {import("./types.js").OwnUser} OwnUser */
/** @typedef {import("./kept.js").Login} Login */
/** @typedef {import("./queue.js").Turn} Turn */

const FAREWELL = 5_000; // milliseconds that whoever comes next waits at most for the server to hear of a log out
const BETWEEN_FAREWELLS = 60_000; // milliseconds between two tries to tell the server of a log out

/**
 * @typedef {{[name: string]: unknown}} Way What somebody sends to come in; nothing: they are just visiting.
 * @typedef {(user: OwnUser | null) => boolean} IsThem Whether a user may be whoever comes in.
 */

/** One App on one server, as whoever is in front of this client. */
export class Visitor {
  queue = new Queue();
  /** What the page knows of the visitor, not said yet. @type {Claims | null} */
  unsaid = null;
  /** Writes that are on their way. @type {Set<Promise<unknown>>} */
  underway = new Set();
  /** Aborted when the client is closed. */
  closing = new AbortController();
  /** @type {import("./kept.js").Record | null} */
  #record = null;
  /** @type {Set<(state: AuthState) => void>} */
  #listeners = new Set();
  #told = "";
  #shelf;
  #tabs;
  /** What was kept, where the storage takes its time. @type {Promise<import("./kept.js").Record | null> | null} */
  #loading = null;

  /**
   * @param {import("./api.js").Api} api @param {import("./types.js").Storage | null} storage
   * @param {string} app @param {string | null} workspace
   */
  constructor(api, storage, app, workspace) {
    this.api = api;
    this.app = app;
    this.workspace = workspace;
    const key = `acquaint:${JSON.stringify([api.url, app])}`;
    this.#shelf = new Shelf(storage, key);
    this.#tabs = new Tabs(storage ?? {}, key, () => void this.reload(), this.closing.signal);
    const found = this.#shelf.read(true);
    if (found instanceof Promise) this.#loading = found.then((it) => ((this.#loading = null), recordOf(it)));
    else this.#record = recordOf(found);
    this.#told = this.#telling();
    /** When what was kept is known. */
    this.ready = this.queue.add(() => this.reload()).catch(() => {});
  }

  // Local, and at once

  /** @returns {Login | null} */
  get login() {
    return loginIn(this.#record, this.workspace);
  }

  /** @returns {AuthState} */
  get state() {
    const { login, workspace } = this;
    const { user = null, session = null } = login ?? {};
    return { status: statusOf(login, this.now), user, session, workspace };
  }

  /** The server's time, in milliseconds: by its last answer, or by the one that let this login in. */
  get now() {
    return Date.now() + (this.api.skew ?? this.login?.skew ?? 0) * 1000;
  }

  /** @param {(state: AuthState) => void} listener @returns {() => void} */
  watch(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  // Coming in

  /**
   * One change of who is here, when everything before is done.
   * @template T @param {(turn: Turn) => Promise<T>} task @returns {Promise<T>}
   */
  change(task) {
    return this.queue.add((turn) =>
      this.#tabs.alone(async () => {
        await this.reload();
        turn.throwIfAborted();
        return task(turn);
      }),
    );
  }

  /** Comes in anonymously, if nobody is in yet. */
  arrive() {
    return this.change(async (turn) => this.login ?? this.#comeIn(turn, {}));
  }

  /** @param {string} jwt */
  logIn(jwt) {
    const claims = claimsIn(jwt);
    const isUnreadable = !Object.keys(claims).length; // the server refuses it
    return this.comeInAs({ token: jwt }, (it) => mayBe(it, claims), (it) => isUnreadable || mayBe(it, claims));
  }

  /**
   * @param {Way} way @param {IsThem} isThem @param {IsThem} [mayTry] whether it is tried while this user is logged in
   * @param {string} [path]
   * @returns {Promise<AuthState>}
   */
  comeInAs(way, isThem, mayTry = isThem, path = "/sessions") {
    return this.change(async (turn) => {
      this.refuseAnother(mayTry);
      await Promise.allSettled(this.underway); // what is being said is said by whoever says it
      turn.throwIfAborted();
      await this.#comeIn(turn, way, isThem, path);
      this.unsaid = null; // the App vouches for who is here now
      return this.state;
    });
  }

  /**
   * Forgets everything that is kept here, at once, and then tells the server.
   * @returns {Promise<import("./types.js").LoggedOut>}
   */
  logOut() {
    const gone = this.#forget();
    this.queue.add(() => gone).catch(() => {}); // who comes next, comes then
    return gone;
  }

  /** @param {string | null} workspace */
  useWorkspace(workspace) {
    return this.change(async () => {
      if (workspace === this.workspace) return;
      this.workspace = workspace;
      this.queue.epoch += 1;
      this.tell();
    });
  }

  // Being in

  /** The session is over, says the server. Somebody's is marked; an anonymous one begins anew. @param {string} token */
  comeBack(token) {
    return this.change(async (turn) => {
      const { login } = this;
      if (login?.token !== token) return; // it changed meanwhile
      if (isOfSomebody(login)) await this.#save({ ...login, hasEnded: true });
      else await this.#comeIn(turn, {});
    });
  }

  /** What the server says of the session is kept. @param {string} sessionId @param {Partial<Login>} news */
  saw(sessionId, news) {
    return this.change(async () => {
      const { login } = this;
      if (login?.session.id === sessionId) await this.#save({ ...login, ...news });
    });
  }

  close() {
    this.closing.abort();
    this.queue.close();
    this.#listeners.clear();
  }

  // How it is done

  /** @param {Turn} turn @param {Way} way @param {IsThem} [isThem] @param {string} [path] */
  async #comeIn(turn, way, isThem, path = "/sessions") {
    const { login, app } = this;
    const workspace = this.workspace ?? undefined;
    // What the device is known by is not sent if it was another person's when their session ended.
    const device = login && isOfSomebody(login) && !isThem?.(login.user) ? undefined : this.#record?.device;
    const body = { app, workspace, device_secret: device ?? undefined, ...way };
    /** @type {Admission} */
    const found = await this.api.ask({ method: "POST", path, body }, null);
    try {
      await this.reload(); // what another tab did meanwhile
      turn.throwIfAborted();
      if (isThem) this.refuseAnother((it) => it?.id === found.user?.id);
    } catch (refusal) {
      if (turn.aborted) void this.#end(found.token);
      else void this.#drop(found); // nobody holds it
      throw refusal;
    }
    // Where tabs cannot take turns, another one was faster.
    if (!isThem && this.login && this.login.token !== login?.token) await this.#drop(found);
    else await this.keep(found);
  }

  /** @param {Admission} it */
  keep({ token, expires_at, session, user, device_secret }) {
    this.queue.epoch += 1;
    return this.#save({ token, expiresAt: expires_at, session, user, hasEnded: false }, device_secret ?? null);
  }

  /** Ends a session that nobody needs; its device goes on. @param {Admission} it */
  #drop({ session, token }) {
    return this.api.ask({ method: "DELETE", path: `/sessions/${session.id}`, once: true }, token).catch(() => {});
  }

  /** @param {Login} login */
  async #save(login, device = this.#record?.device ?? null) {
    const isSame = login.token === this.login?.token;
    this.#record = withLogin(this.#record, this.workspace, { ...login, skew: this.api.skew }, device);
    const written = this.#shelf.write(this.#record, isSame);
    this.#tabs.announce();
    await written;
    this.tell();
  }

  /** At once. @returns {Promise<import("./types.js").LoggedOut>} */
  async #forget() {
    const loading = this.#loading;
    const kept = this.#record;
    const wiping = this.#shelf.remove();
    this.#leave();
    this.#tabs.announce();
    this.tell();
    const logins = Object.values((kept ?? (await loading))?.logins ?? {});
    const [wiped, ...told] = await Promise.all([wiping, ...logins.map((it) => this.#end(it.token))]);
    return { toldServer: told.every(Boolean), wiped };
  }

  #leave() {
    this.#record = null;
    this.unsaid = null;
    this.queue.leave();
  }

  /** Another tab, or another client of this page, changed what is kept. */
  async reload() {
    if (this.closing.signal.aborted) return;
    const found = this.#shelf.read();
    const record = recordOf(found instanceof Promise ? await found : found); // at once: nobody leaves meanwhile
    const before = this.login?.token;
    if (this.#record && !record) this.#leave();
    this.#record = record;
    if (this.login?.token !== before) this.queue.epoch += 1;
    this.tell();
  }

  /** @param {(user: OwnUser | null) => boolean} isThem */
  refuseAnother(isThem) {
    const { status, user } = this.state;
    if (status === "verified" && !isThem(user)) {
      throw new AcquaintError("already_signed_in", "Somebody else is logged in here: log out first.");
    }
  }

  /** Ends a session on the server, however long it takes while the page is open. @param {string} token @returns {Promise<boolean>} whether it is done now */
  async #end(token, attempt = 1) {
    const call = { method: "DELETE", path: "/session", once: true, keepalive: true, timeout: FAREWELL };
    const done = await this.api.ask(call, token).then(
      () => true,
      ({ status }) => status === 401 || status === 403,
    );
    const closing = this.closing.signal;
    if (done || closing.aborted) return done;
    const waiting = new AbortController();
    const { signal } = waiting;
    const stop = () => {
      waiting.abort();
      clearTimeout(timer);
    };
    const again = () => {
      stop();
      void this.#end(token, attempt + 1);
    };
    const timer = setTimeout(again, pause(attempt + 2, BETWEEN_FAREWELLS));
    /** @type {any} */ (timer).unref?.(); // Node need not stay for it
    globalThis.addEventListener?.("online", again, { signal });
    closing.addEventListener("abort", stop, { signal });
    return false;
  }

  /** Tells who is here, if that is news: it may be for what time it is. */
  tell() {
    const told = this.#telling();
    if (told === this.#told) return;
    this.#told = told;
    const { state } = this;
    for (const listener of [...this.#listeners]) call(listener, state);
  }

  #telling() {
    return JSON.stringify([this.state, this.login?.token]);
  }
}

/** What a listener throws is its own affair, and is reported as such. @template T @param {(it: T) => void} listener @param {T} it */
export function call(listener, it) {
  try {
    listener(it);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
