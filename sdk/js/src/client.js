/**
 * The visitor's client: whoever is in front of it. Nobody until the first thing is done, anonymous then, until somebody
 * logs in.
 *
 *     createClient     one App on one server
 *     Client           who is here; coming and going; oneself; conversations; files; what happens
 */

import { Api, idIn, randomId } from "./api.js";
import { Asking } from "./asking.js";
import { AcquaintError } from "./errors.js";
import { Live } from "./live.js";
import { superseded } from "./queue.js";
import { Visitor, call } from "./session.js";
import { memoryStorage, usualStorage } from "./storage.js";

/** @typedef {import("./types.js").Admission} Admission */
/** @typedef {import("./types.js").AuthState} AuthState */
/** @typedef {import("./types.js").Claims} Claims */
/** @typedef {import("./types.js").Conversation} Conversation */
/** @typedef {import("./types.js").KeptFile} KeptFile */
/** @typedef {import("./types.js").LoggedOut} LoggedOut */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").OwnUser} OwnUser */
/** @typedef {import("./types.js").Paging} Paging */
/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Who} Who */

/**
 * @template T
 * @typedef {import("./types.js").Page<T>} Page
 */

/**
 * @typedef {object} NewMessage
 * @property {Record<string, unknown>} [payload] Data that belongs to the message.
 * @property {"text" | "custom"} [kind] `custom` says that the payload is the point.
 * @property {string} [clientId] Your own id for it: sending it again posts nothing, and answers the same message.
 */

const UPLOAD_TIMEOUT = 300_000;

/**
 * A client for one App. Nothing is sent, and nobody is made, before somebody does something.
 * Throws TypeError for an address that is none.
 * @param {import("./types.js").Options} options
 * @returns {Client}
 */
export function createClient(options) {
  return new Client(options);
}

export class Client {
  #api;
  #visitor;
  #asking;
  #live;
  /** Who was asked for last, and the asking. @type {{name: string, doing: Promise<AuthState>} | null} */
  #ensuring = null;

  /** @param {import("./types.js").Options} options See `createClient`. */
  constructor(options) {
    if (typeof options?.app !== "string" || !options.app) throw new TypeError("which App? Give its slug as `app`");
    this.#api = new Api(options);
    const storage = options.storage === undefined ? usualStorage() : (options.storage ?? memoryStorage());
    this.#visitor = new Visitor(this.#api, storage, { app: options.app, workspace: options.workspace ?? null });
    this.#visitor.unsaid = options.userData ?? null;
    const Socket = options.WebSocket ?? /** @type {any} */ (globalThis).WebSocket;
    this.#asking = new Asking(this.#api, this.#visitor);
    this.#live = new Live(this.#visitor, Socket, () =>
      this.#asking.ask({ method: "POST", path: "/live/tickets", repeatable: true }),
    );
  }

  // Who is here: without the network

  /** The server's address. */
  get url() {
    return this.#api.url;
  }

  /** Settles when what was kept is known: at once, but for a storage that answers with promises. @returns {Promise<void>} */
  get ready() {
    return this.#visitor.ready;
  }

  /** Who is here, as far as is known without asking. `me` asks. @returns {AuthState} */
  get state() {
    return this.#visitor.state;
  }

  /** How the live connection is. @returns {import("./types.js").Connection} */
  get connection() {
    return this.#live.status;
  }

  /** Seconds that this machine's clock lies behind the server's, negative: ahead; null before the first answer. @returns {number | null} */
  get skew() {
    return this.#api.skew;
  }

  /**
   * Whether this person is logged in: by e-mail address (letters' case does not matter), or by the App's own id of them
   * (exact). A name that is missing or empty is nobody's. Never asks the network.
   * @param {Who} who
   * @returns {boolean}
   */
  isLoggedIn(who) {
    return this.#visitor.isLoggedIn(who ?? {});
  }

  /**
   * Calls the listener with who is here: soon, and after every change, whichever tab made it.
   * @param {(state: AuthState) => void} listener
   * @returns {() => void} stops it
   */
  onAuthStateChange(listener) {
    let isOver = false;
    let wasTold = false;
    const stop = this.#visitor.watch((state) => {
      wasTold = true;
      listener(state);
    });
    queueMicrotask(() => {
      if (!isOver && !wasTold) call(listener, this.state);
    });
    return () => {
      isOver = true;
      stop();
    };
  }

  // Coming and going

  /**
   * With a token that the App's server signed. What was said anonymously on this device becomes the user's.
   * Throws `already_signed_in` when somebody else is: see `logOutThenLogIn`. A login that fails changes nothing. The
   * token is not kept.
   * @param {string} jwt
   * @returns {Promise<AuthState>}
   */
  logIn(jwt) {
    return this.#visitor.logIn(jwt);
  }

  /**
   * With `register` the first login makes the user, if the App allows it. Give a `login` or an `email`.
   * @param {{login?: string, email?: string, password: string, register?: boolean}} way
   * @returns {Promise<AuthState>}
   */
  logInWithPassword(way) {
    return this.#visitor.logInWithPassword(way);
  }

  /**
   * Goes on in a session that the App's server vouched for: its answer to `POST /app/sessions`, or the token in it.
   * @param {Admission | string} admission
   * @returns {Promise<AuthState>}
   */
  takeOver(admission) {
    return this.#visitor.takeOver(admission);
  }

  /**
   * Forgets everything that is kept here, at once, in all tabs, and then tells the server. Works offline; the server is
   * told as soon as it can be, while this page is open. Never throws.
   * @returns {Promise<LoggedOut>}
   */
  logOut() {
    this.#ensuring = null;
    return this.#visitor.logOut();
  }

  /**
   * For the next person on this machine: they see nothing of before, even if the login fails.
   * @param {string} jwt
   * @returns {Promise<AuthState>}
   */
  logOutThenLogIn(jwt) {
    const gone = this.logOut();
    const coming = this.#visitor.logIn(jwt); // in the queue behind it
    return gone.then(() => coming, () => coming);
  }

  /**
   * Afterwards this person is logged in, and nobody else. A text with an @ is an e-mail address, any other one the App's
   * own id of the user. `fetchJwt` is called only if they are not logged in yet, and once more if its token is too old.
   * Somebody else who is logged in goes first. Who is asked for last is who is logged in. Throws `somebody_else` when the token names another, and then nobody is.
   * @param {string | Who} who
   * @param {() => string | Promise<string>} fetchJwt
   * @returns {Promise<AuthState>}
   */
  ensureLoggedIn(who, fetchJwt) {
    const whom = typeof who !== "string" ? who : who.includes("@") ? { email: who } : { userId: who };
    const name = JSON.stringify(whom);
    if (this.#ensuring?.name === name) return this.#ensuring.doing;
    const isWanted = () => this.#ensuring?.name === name;
    const doing = this.#ensure(whom, fetchJwt, isWanted).finally(() => {
      if (this.#ensuring?.doing === doing) this.#ensuring = null;
    });
    this.#ensuring = { name, doing };
    return doing;
  }

  /** @param {Who} who @param {() => string | Promise<string>} fetchJwt @param {() => boolean} isWanted */
  async #ensure(who, fetchJwt, isWanted) {
    await this.#asking.settled();
    if (this.isLoggedIn(who)) return this.state;
    await this.#visitor.makeRoomFor(who);
    for (let isLast = false; ; isLast = true) {
      const turn = this.#visitor.queue.turn();
      const jwt = await fetchJwt();
      await this.#asking.settled();
      turn.check();
      if (!isWanted()) throw superseded(); // by whoever was asked for since
      await this.#visitor.makeRoomFor(who);
      try {
        await this.#visitor.logIn(jwt);
        break;
      } catch (error) {
        if (isLast || !(error instanceof AcquaintError) || error.code !== "token_stale") throw error;
      }
    }
    if (!this.isLoggedIn(who)) {
      await this.#visitor.logOut();
      throw new AcquaintError("somebody_else", "The token names another person than was asked for.");
    }
    return this.state;
  }

  /**
   * What is said from now on is said in this workspace, and only what was said there is seen. Logins are each
   * workspace's own; a log out is all of them's.
   * @param {string | null} workspace
   * @returns {Promise<void>}
   */
  useWorkspace(workspace) {
    return this.#visitor.useWorkspace(workspace);
  }

  // Oneself

  /**
   * Who is here, as the server says; null while nobody is.
   * @returns {Promise<{session: Session, user: OwnUser | null} | null>}
   */
  me() {
    return this.#asking.me();
  }

  /**
   * What the page knows of a visitor who is not logged in. Nothing is sent now, and nobody is made for it: it goes along
   * with the next thing the visitor does. Believed by nobody, and ignored while somebody is logged in. Null forgets it.
   * A log out and a login forget it as well.
   *
   * What somebody says under a claimed name stays theirs on this device: unlike what was said anonymously, a later
   * login does not make it the user's, for it may be somebody else's.
   * @param {Claims | null} claims
   */
  setUserData(claims) {
    this.#visitor.unsaid = claims;
  }

  /**
   * For visitors who are not logged in: what they say of themselves, sent now. Believed by nobody.
   * @param {Claims} claims
   * @returns {Promise<Session>}
   */
  sayWhoIAm(claims) {
    return this.#asking.claim(claims);
  }

  /**
   * What is not given stays; null empties. Throws `needs_user` before somebody said anything.
   * @param {{name?: string | null, avatar_url?: string | null, phone?: string | null, custom?: Record<string, unknown>}} change
   * @returns {Promise<OwnUser>}
   */
  async changeProfile(change) {
    await this.#asking.needsUser();
    const user = await this.#asking.write("PATCH", "/user", change);
    const { session } = this.state;
    if (session?.user_id === user.id) await this.#asking.saw(session?.id, { user });
    return user;
  }

  /** Where one is logged in. @returns {Promise<import("./types.js").OwnSession[]>} */
  async sessions() {
    return (await this.#asking.read("/sessions")).items;
  }

  /** At once, on every path. @param {string} sessionId @returns {Promise<void>} */
  async endSession(sessionId) {
    return this.#asking.write("DELETE", `/sessions/${idIn(sessionId)}`);
  }

  /** How many ended. @returns {Promise<number>} */
  async endOtherSessions() {
    return (await this.#asking.write("DELETE", "/sessions")).ended;
  }

  // Conversations

  /**
   * With the App's people (`support`), or with `users`, by their ids (`direct`, `group`, `channel`, `broadcast`).
   * @param {string | null} [text] the first message
   * @param {NewMessage & {conversationKind?: Conversation["kind"], title?: string, users?: string[]}} [more]
   * @returns {Promise<Conversation>}
   */
  startConversation(text = null, { conversationKind, title, users, ...message } = {}) {
    const body = { kind: conversationKind, title, users, message: text === null ? undefined : draft(text, message) };
    return this.#asking.write("POST", "/conversations", body);
  }

  /**
   * What one sees; the conversation with the latest message first. Empty while nobody is here.
   * @param {Paging} [paging]
   * @returns {Promise<Page<Conversation>>}
   */
  async conversations({ limit, after } = {}) {
    if (!(await this.#asking.settled())) return { items: [], next: null };
    return this.#asking.read("/conversations", { limit, after });
  }

  /** @param {string} conversationId @returns {Promise<Conversation>} */
  async conversation(conversationId) {
    return this.#asking.read(of(conversationId));
  }

  /**
   * What was said, part by part.
   * @param {string} conversationId
   * @param {Paging & {order?: "newest" | "oldest"}} [paging]
   * @returns {Promise<Page<Message>>}
   */
  async history(conversationId, { order = "newest", limit, after } = {}) {
    return this.#asking.read(of(conversationId, "/messages"), { order, limit, after });
  }

  /**
   * Says something, once: to try again after it failed, post it with the same `clientId`.
   * @param {string} conversationId @param {string} text @param {NewMessage} [more]
   * @returns {Promise<Message>}
   */
  async post(conversationId, text, more = {}) {
    const call = { method: "POST", path: of(conversationId, "/messages"), body: draft(text, more) };
    return this.#asking.ask({ ...call, repeatable: true, writes: true }); // its client id says that it is the same
  }

  /**
   * Says one of one's own messages differently; everybody sees that it was edited.
   * @param {string} conversationId @param {string} messageId @param {string} text
   * @returns {Promise<Message>}
   */
  async edit(conversationId, messageId, text) {
    return this.#asking.write("PATCH", of(conversationId, `/messages/${idIn(messageId)}`), { text });
  }

  /**
   * For everybody: one's own, or others' where one may. For oneself: any, and nobody else notices.
   * @param {string} conversationId @param {string} messageId @param {{forOneself?: boolean}} [how]
   * @returns {Promise<void>}
   */
  async deleteMessage(conversationId, messageId, { forOneself = false } = {}) {
    const query = { whom: forOneself ? "oneself" : "everybody" };
    return this.#asking.write("DELETE", of(conversationId, `/messages/${idIn(messageId)}`), undefined, query);
  }

  /**
   * @param {string} conversationId @param {string} upTo the id of the last message that was read
   * @returns {Promise<{last_read_id: string}>}
   */
  async markRead(conversationId, upTo) {
    return this.#asking.write("POST", of(conversationId, "/read"), { up_to: upTo });
  }

  /**
   * @param {string} conversationId @param {string} upTo the id of the last message that reached this device
   * @returns {Promise<{last_received_id: string}>}
   */
  async markReceived(conversationId, upTo) {
    return this.#asking.write("POST", of(conversationId, "/received"), { up_to: upTo });
  }

  /**
   * Shows the others that one is writing. Call it at every key: what was just shown is not sent again. Needs a listener
   * (`listen`), is over by itself after some seconds, and is lost while there is no connection.
   * @param {string} conversationId @param {boolean} [on]
   */
  typing(conversationId, on = true) {
    this.#live.typing(conversationId, on);
  }

  /** Brings users in, by their ids. @param {string} conversationId @param {string[]} users @returns {Promise<Conversation>} */
  async addMembers(conversationId, users) {
    return this.#asking.write("POST", of(conversationId, "/members"), { users });
  }

  /** They see nothing of it any more. @param {string} conversationId @param {string} userId @returns {Promise<void>} */
  async removeMember(conversationId, userId) {
    return this.#asking.write("DELETE", of(conversationId, `/members/${idIn(userId)}`));
  }

  /** A group, channel or broadcast. @param {string} conversationId @returns {Promise<void>} */
  async leave(conversationId) {
    return this.#asking.write("POST", of(conversationId, "/leave"));
  }

  /** What was said until now one does not see any more, on any device. @param {string} conversationId @returns {Promise<void>} */
  async clear(conversationId) {
    return this.#asking.write("POST", of(conversationId, "/clear"));
  }

  // Files

  /**
   * Keeps a file on the server: at most 25 MiB. Whoever knows its `url` may read it. Throws `needs_user` before somebody
   * said anything: start a conversation first, without a text if there is none.
   * @param {Blob | ArrayBuffer | ArrayBufferView} file @param {{name?: string, signal?: AbortSignal}} [more] the name is the File's own, if there is one
   * @returns {Promise<KeptFile>}
   */
  async upload(file, { name, signal } = {}) {
    const given = name ?? /** @type {{name?: unknown}} */ (file).name;
    const query = { name: typeof given === "string" && given ? given : "file" };
    await this.#asking.needsUser();
    const call = { method: "POST", path: "/files", body: file, query, timeout: UPLOAD_TIMEOUT }; // no login waits for it
    return this.#asking.ask(call, signal);
  }

  /**
   * Keeps a file, and posts a message with it: `payload.files` has its name, type, size and url.
   * @param {string} conversationId @param {Blob} file
   * @param {{text?: string, name?: string, clientId?: string, signal?: AbortSignal}} [more]
   * @returns {Promise<Message>}
   */
  async share(conversationId, file, { text, name, clientId, signal } = {}) {
    const kept = await this.upload(file, { name, signal });
    const { url, content_type, size } = kept;
    const payload = { files: [{ url, name: kept.name, content_type, size }] };
    return this.post(conversationId, text || kept.name, { payload, clientId });
  }

  /**
   * Where a file or picture is read: the whole address of a `url` that the server, or somebody, gave. Null for what is
   * no address of the web, such as `javascript:`.
   * @param {unknown} url
   * @returns {string | null}
   */
  addressOf(url) {
    if (typeof url !== "string" || !url) return null;
    try {
      const it = url.startsWith("/acquaint/") ? new URL(this.url + url) : new URL(url, `${this.url}/`);
      return /^https?:$/.test(it.protocol) ? it.href : null;
    } catch {
      return null;
    }
  }

  // What happens

  /**
   * Tells what happens in one's conversations, as it happens, and how the connection is. It follows whoever is here:
   * there is no connection while nobody is. Read conversations anew after a `gap`, which is also told once whenever a
   * connection begins that has nothing to go on from, as after a login. What happened just before may be told as well:
   * know messages by their `id`.
   * Throws `no_websocket` where the platform has none.
   * @param {(news: import("./types.js").News) => void} listener
   * @returns {() => void} stops it
   */
  listen(listener) {
    return this.#live.listen(listener);
  }

  /** Lets go of the network, of timers and of listeners. Nobody is logged out. */
  close() {
    this.#live.close();
    this.#visitor.close();
  }
}

/** @param {string} text @param {NewMessage} more */
function draft(text, { payload, kind, clientId }) {
  return { text, payload, kind, client_id: clientId ?? randomId() };
}

/** @param {string} conversationId */
function of(conversationId, rest = "") {
  return `/conversations/${idIn(conversationId)}${rest}`;
}
