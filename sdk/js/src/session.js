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
import { claimsIn, isNamed, isOfSomebody, loginIn, loginOf, mayBe, recordOf, statusOf, withLogin } from "./kept.js";
import { Queue } from "./queue.js";
import { Shelf } from "./storage.js";
import { Tabs } from "./tabs.js";

/** @typedef {import("./types.js").Admission} Admission */
/** @typedef {import("./types.js").AuthState} AuthState */
/** @typedef {import("./types.js").Claims} Claims */
/** @typedef {import("./kept.js").Login} Login */
/** @typedef {import("./queue.js").Turn} Turn */

const FAREWELL = 5_000; // milliseconds that whoever comes next waits at most for the server to hear of a log out
const LONGEST_PAUSE = 60_000; // milliseconds between two tries to tell the server of a log out

/** One App on one server, as whoever is in front of this client. */
export class Visitor {
  queue = new Queue();
  /** What the page knows of the visitor, not said yet. @type {Claims | null} */
  unsaid = null;
  /** @type {import("./kept.js").Record | null} */
  #record = null;
  /** @type {Set<(state: AuthState) => void>} */
  #listeners = new Set();
  /** Tokens of sessions that the server is yet to end. @type {Map<string, () => void>} */
  #leftovers = new Map();
  /** Writes that are on their way. @type {Set<Promise<unknown>>} */
  underway = new Set();
  #told = "";
  /** What was kept, where the storage takes its time. @type {Promise<import("./kept.js").Record | null> | null} */
  #loading = null;
  isClosed = false;

  /**
   * @param {import("./api.js").Api} api @param {import("./types.js").Storage} storage
   * @param {{app: string, workspace: string | null}} where
   */
  constructor(api, storage, { app, workspace }) {
    this.api = api;
    this.app = app;
    this.workspace = workspace;
    const key = `acquaint:${JSON.stringify([api.url, app])}`;
    this.shelf = new Shelf(storage, key);
    this.tabs = new Tabs(storage, key, () => void this.#reload());
    const found = this.shelf.first();
    if (found instanceof Promise) this.#loading = found.then((it) => ((this.#loading = null), recordOf(it)));
    else this.#record = recordOf(found);
    this.#told = this.#telling();
    /** When what was kept is known. */
    this.ready = this.#loading === null ? Promise.resolve() : this.queue.add(() => this.#reload()).catch(() => {});
  }

  // Local, and at once

  /** @returns {Login | null} */
  get login() {
    return loginIn(this.#record, this.workspace);
  }

  /** @returns {AuthState} */
  get state() {
    const it = this.login;
    const status = statusOf(it, this.api.now());
    return { status, user: it?.user ?? null, session: it?.session ?? null, workspace: this.workspace };
  }

  /** @param {import("./types.js").Who} who */
  isLoggedIn(who) {
    return this.state.status === "verified" && isNamed(this.login?.user ?? null, who);
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
    if (this.isClosed) return Promise.reject(new AcquaintError("closed", "The client was closed."));
    return this.queue.add((turn) =>
      this.tabs.alone(async () => {
        await this.#reload();
        turn.check();
        return task(turn);
      }),
    );
  }

  /** Comes in anonymously, if nobody is in yet. */
  arrive() {
    return this.change(async (turn) => {
      if (this.login === null) await this.#comeIn(turn, this.#record?.device ?? null, {});
    });
  }

  /** @param {string} jwt */
  logIn(jwt) {
    return this.change(async (turn) => {
      const claims = claimsIn(jwt);
      this.#refuseAnother((user) => Object.keys(claims).length === 0 || mayBe(user, claims));
      return this.#comeInAs(turn, (user) => mayBe(user, claims), { token: jwt });
    });
  }

  /** @param {{login?: string, email?: string, password: string, register?: boolean}} way */
  logInWithPassword({ login, email, password, register }) {
    const claims = { login, email };
    return this.change(async (turn) => {
      this.#refuseAnother((user) => mayBe(user, claims) || user?.identifiers.login === email);
      return this.#comeInAs(turn, (user) => mayBe(user, claims), { login, email, password, register });
    });
  }

  /**
   * Goes on in a session that the App's server opened (`POST /app/sessions`).
   * @param {Admission | string} given what the server was answered, or the session's token alone
   */
  takeOver(given) {
    return this.change(async (turn) => {
      const token = typeof given === "string" ? given : given.token;
      const { session, user } = await this.api.ask({ method: "GET", path: "/session" }, token);
      this.#refuseAnother((it) => it?.id === user?.id);
      const rest = typeof given === "string" ? { device_secret: null, expires_at: session.expires_at } : given;
      this.#take(await this.shelf.read());
      turn.check();
      await this.#keep({ ...rest, token, session, user, is_new_user: false });
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

  /** Another person, or nobody, is to be here; while somebody is, they go. @param {import("./types.js").Who} who */
  makeRoomFor(who) {
    const it = this.login;
    return it !== null && isOfSomebody(it) && !isNamed(it.user, who) ? this.logOut() : null;
  }

  /** @param {string | null} workspace */
  useWorkspace(workspace) {
    return this.change(async () => {
      if (workspace === this.workspace) return;
      this.workspace = workspace;
      this.queue.epoch += 1;
      this.#tell();
    });
  }

  // Being in

  /** The session is over, says the server. Somebody's is marked; an anonymous one begins anew. @param {string} token */
  comeBack(token) {
    return this.change(async (turn) => {
      const it = this.login;
      if (it === null || it.token !== token) return; // it changed meanwhile
      if (isOfSomebody(it)) await this.#save({ ...it, hasEnded: true });
      else await this.#comeIn(turn, this.#record?.device ?? null, {});
    });
  }

  /** What the server says of the session is kept. @param {string} token @param {Partial<Login>} news */
  saw(token, news) {
    return this.change(async () => {
      const it = this.login;
      if (it !== null && it.token === token) await this.#save({ ...it, ...news });
    });
  }

  close() {
    this.isClosed = true;
    this.queue.leave();
    this.tabs.close();
    for (const stop of this.#leftovers.values()) stop();
    this.#leftovers.clear();
    this.#listeners.clear();
  }

  // How it is done

  /** @param {Turn} turn @param {(user: import("./types.js").OwnUser | null) => boolean} isThem @param {{[name: string]: unknown}} way */
  async #comeInAs(turn, isThem, way) {
    await Promise.allSettled(this.underway); // what is being said is said by whoever says it
    turn.check();
    const it = this.login;
    const before = this.state;
    // What the device is known by; not, if it was another person's when their session ended.
    const device = it !== null && isOfSomebody(it) && !isThem(it.user) ? null : (this.#record?.device ?? null);
    await this.#comeIn(turn, device, way, (found) => {
      if (before.status === "verified" && before.user?.id !== found.user?.id) throw alreadySignedIn();
    });
    this.unsaid = null; // the App vouches for who is here now
    return this.state;
  }

  /**
   * @param {Turn} turn @param {string | null} device @param {{[name: string]: unknown}} way nothing: just visiting
   * @param {(found: Admission) => void} [check]
   */
  async #comeIn(turn, device, way, check) {
    const before = this.login?.token;
    const body = { app: this.app, workspace: this.workspace ?? undefined, device_secret: device ?? undefined, ...way };
    /** @type {Admission} */
    const found = await this.api.ask({ method: "POST", path: "/sessions", body }, null);
    try {
      check?.(found);
      this.#take(await this.shelf.read()); // what another tab did meanwhile
      turn.check();
    } catch (refusal) {
      void (turn.isOver ? this.#end(found.token) : this.#drop(found)); // nobody holds it
      throw refusal;
    }
    // Where tabs cannot take turns, another one was faster.
    if (Object.keys(way).length === 0 && this.login !== null && this.login.token !== before) await this.#drop(found);
    else await this.#keep(found);
  }

  /** @param {Admission} it */
  async #keep(it) {
    this.#record = withLogin(this.#record, this.workspace, loginOf(it), it.device_secret ?? null);
    this.queue.epoch += 1;
    await this.#write();
    this.#tell();
  }

  /** Ends a session that nobody needs; its device goes on. @param {Admission} it */
  #drop(it) {
    return this.api.ask({ method: "DELETE", path: `/sessions/${it.session.id}`, once: true }, it.token).catch(() => {});
  }

  /** @param {Login} login */
  async #save(login) {
    this.#record = withLogin(this.#record, this.workspace, login, this.#record?.device ?? null);
    await this.#write();
    this.#tell();
  }

  async #write() {
    const written = this.shelf.write(this.#record);
    this.tabs.announce();
    await written;
  }

  /** At once. @returns {Promise<import("./types.js").LoggedOut>} */
  async #forget() {
    const loading = this.#loading;
    const kept = this.#record;
    this.#record = null;
    this.unsaid = null;
    this.queue.leave();
    const wiping = this.shelf.remove();
    this.tabs.announce();
    this.#tell();
    const logins = Object.values((kept ?? (await loading))?.logins ?? {});
    const [wiped, ...told] = await Promise.all([wiping, ...logins.map((it) => this.#end(it.token))]);
    return { toldServer: told.every(Boolean), wiped };
  }

  /** Another tab, or another client of this page, changed what is kept. */
  async #reload() {
    if (this.isClosed) return;
    const found = this.shelf.read();
    this.#take(found instanceof Promise ? await found : found);
  }

  /** @param {unknown} found */
  #take(found) {
    const before = this.login;
    const record = recordOf(found);
    if (this.#record !== null && record === null) {
      this.#record = null;
      this.unsaid = null;
      this.queue.leave();
    } else {
      this.#record = record;
      if (this.login?.token !== before?.token) this.queue.epoch += 1;
    }
    this.#tell();
  }

  /** @param {(user: import("./types.js").OwnUser | null) => boolean} isThem */
  #refuseAnother(isThem) {
    if (this.state.status === "verified" && !isThem(this.login?.user ?? null)) throw alreadySignedIn();
  }

  /** Ends a session on the server, however long it takes while the page is open. @param {string} token @returns {Promise<boolean>} whether it is done now */
  async #end(token, attempt = 1) {
    const call = { method: "DELETE", path: "/session", once: true, keepalive: true, timeout: FAREWELL };
    const done = await this.api.ask(call, token).then(
      () => true,
      (error) => error instanceof AcquaintError && (error.status === 401 || error.status === 403),
    );
    if (done || this.isClosed) {
      this.#leftovers.delete(token);
      return done;
    }
    const again = () => {
      stop();
      if (!this.isClosed) void this.#end(token, attempt + 1);
    };
    const timer = setTimeout(again, pause(attempt + 2, LONGEST_PAUSE));
    /** @type {any} */ (timer).unref?.(); // Node need not stay for it
    const stop = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", again);
    };
    globalThis.addEventListener?.("online", again);
    this.#leftovers.set(token, stop);
    return false;
  }

  #tell() {
    const state = this.state;
    const told = this.#telling();
    if (told === this.#told) return;
    this.#told = told;
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

function alreadySignedIn() {
  return new AcquaintError("already_signed_in", "Somebody else is logged in here: log out first.");
}
