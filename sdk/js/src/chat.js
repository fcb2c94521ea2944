/**
 * What a chat window needs of the visitor's client, and no more: whoever loads a page loads only this. `Client` has the rest.
 *
 *     ChatClient    who is here; coming and going; talking with the App's people; files; what happens
 */

import { Api, idIn, randomId } from "./api.js";
import { Asking } from "./asking.js";
import { liveFor } from "./live.js";
import { Visitor, call } from "./session.js";
import { usualStorage } from "./storage.js";

/** @typedef {import("./types.js").AuthState} AuthState */
/** @typedef {import("./types.js").Claims} Claims */
/** @typedef {import("./types.js").Conversation} Conversation */
/** @typedef {import("./types.js").KeptFile} KeptFile */
/** @typedef {import("./types.js").LoggedOut} LoggedOut */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Paging} Paging */
/** @typedef {import("./types.js").Session} Session */

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

export const UPLOAD_TIMEOUT = 300_000;

/** A visitor of one App. Nothing is sent, and nobody is made, before somebody does something. */
export class ChatClient {
  #live;

  /** Throws TypeError for an address that is none. @param {import("./types.js").Options} options */
  constructor(options) {
    const { app, workspace = null, userData = null, storage = usualStorage(), WebSocket } = options;
    if (!app) throw new TypeError("which App?");
    /** @protected */
    this.visitor = new Visitor(new Api(options), storage, app, workspace);
    this.visitor.unsaid = userData;
    /** @protected */
    this.asking = new Asking(this.visitor);
    this.#live = liveFor(this.visitor, this.asking, WebSocket ?? globalThis.WebSocket);
  }

  // Who is here: without the network

  /** The server's address. */
  get url() {
    return this.visitor.api.url;
  }

  /** Settles when what was kept is known: at once, but for a storage that answers with promises. @returns {Promise<void>} */
  get ready() {
    return this.visitor.ready;
  }

  /** Who is here, as far as is known without asking. @returns {AuthState} */
  get state() {
    return this.visitor.state;
  }

  /** How the live connection is. @returns {import("./types.js").Connection} */
  get connection() {
    return this.#live.status();
  }

  /**
   * Calls the listener with who is here: soon, and after every change, whichever tab made it.
   * @param {(state: AuthState) => void} listener
   * @returns {() => void} stops it
   */
  onAuthStateChange(listener) {
    let isFresh = true;
    const unwatch = this.visitor.watch((state) => {
      isFresh = false;
      listener(state);
    });
    queueMicrotask(() => isFresh && call(listener, this.state));
    return () => {
      isFresh = false;
      unwatch();
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
    return this.visitor.logIn(jwt);
  }

  /**
   * Forgets everything that is kept here, at once, in all tabs, and then tells the server. Works offline; the server is
   * told as soon as it can be, while this page is open. Never throws.
   * @returns {Promise<LoggedOut>}
   */
  logOut() {
    return this.visitor.logOut();
  }

  /**
   * For the next person on this machine: they see nothing of before, even if the login fails.
   * @param {string} jwt
   * @returns {Promise<AuthState>}
   */
  logOutThenLogIn(jwt) {
    void this.logOut();
    return this.visitor.logIn(jwt); // in the queue behind it
  }

  /**
   * What is said from now on is said in this workspace, and only what was said there is seen. Logins are each
   * workspace's own; a log out is all of them's.
   * @param {string | null} workspace
   * @returns {Promise<void>}
   */
  useWorkspace(workspace) {
    return this.visitor.useWorkspace(workspace);
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
    this.visitor.unsaid = claims;
  }

  /**
   * For visitors who are not logged in: what they say of themselves, sent now. Believed by nobody.
   * @param {Claims} claims
   * @returns {Promise<Session>}
   */
  sayWhoIAm(claims) {
    return this.asking.claim(claims);
  }

  // Talking

  /**
   * With the App's people (`support`), or with `users`, by their ids (`direct`, `group`, `channel`, `broadcast`).
   * @param {string | null} [text] the first message
   * @param {NewMessage & {conversationKind?: Conversation["kind"], title?: string, users?: string[]}} [more]
   * @returns {Promise<Conversation>}
   */
  startConversation(text = null, { conversationKind, title, users, ...message } = {}) {
    const body = { kind: conversationKind, title, users, message: text === null ? undefined : draft(text, message) };
    return this.asking.write("POST", "/conversations", body);
  }

  /**
   * What one sees; the conversation with the latest message first. Empty while nobody is here.
   * @param {Paging} [paging]
   * @returns {Promise<Page<Conversation>>}
   */
  async conversations(paging) {
    return (await this.asking.settled()) ? this.asking.read("/conversations", paging) : { items: [], next: null };
  }

  /** @param {string} conversationId @returns {Promise<Conversation>} */
  async conversation(conversationId) {
    return this.asking.read(of(conversationId));
  }

  /**
   * What was said, part by part: the newest first, if nothing else is asked for.
   * @param {string} conversationId
   * @param {Paging & {order?: "newest" | "oldest"}} [paging]
   * @returns {Promise<Page<Message>>}
   */
  async history(conversationId, paging) {
    return this.asking.read(of(conversationId, "/messages"), paging);
  }

  /**
   * Says something, once: to try again after it failed, post it with the same `clientId`.
   * @param {string} conversationId @param {string} text @param {NewMessage} [more]
   * @returns {Promise<Message>}
   */
  async post(conversationId, text, more = {}) {
    const path = of(conversationId, "/messages");
    // Its client id says that it is the same.
    return this.asking.write("POST", path, draft(text, more), { keyed: false, repeatable: true });
  }

  /**
   * @param {string} conversationId @param {string} upTo the id of the last message that was read
   * @returns {Promise<{last_read_id: string}>}
   */
  async markRead(conversationId, upTo) {
    return this.asking.write("POST", of(conversationId, "/read"), { up_to: upTo });
  }

  /**
   * What one thought of a conversation with the App's people that is closed: once. A comment may follow the score.
   * @param {string} conversationId @param {number} score from 1, poor, to 5, great @param {string} [comment]
   * @returns {Promise<import("./types.js").Rating>}
   */
  async rate(conversationId, score, comment) {
    return this.asking.write("POST", of(conversationId, "/rating"), { score, comment });
  }

  /**
   * Shows the others that one is writing. Call it at every key: what was just shown is not sent again. Needs a listener
   * (`listen`), is over by itself after some seconds, and is lost while there is no connection.
   * @param {string} conversationId @param {boolean} [on]
   */
  typing(conversationId, on = true) {
    this.#live.typing(conversationId, on);
  }

  // Files

  /**
   * Keeps a file on the server: at most 25 MiB. Whoever knows its `url` may read it. Throws `needs_user` before somebody
   * said anything: start a conversation first, without a text if there is none.
   * @param {Blob | ArrayBuffer | ArrayBufferView} file @param {{name?: string, signal?: AbortSignal}} [more] the name is the File's own, if there is one
   * @returns {Promise<KeptFile>}
   */
  async upload(file, { name, signal } = {}) {
    const query = { name: name || /** @type {File} */ (file).name || "file" };
    const call = { method: "POST", path: "/files", file, query, timeout: UPLOAD_TIMEOUT }; // no login waits for it
    return this.asking.ask(call, signal);
  }

  /**
   * Where a file or picture is read: the whole address of a `url` that the server, or somebody, gave. Null for what is
   * no address of the web, such as `javascript:`.
   * @param {unknown} url
   * @returns {string | null}
   */
  addressOf(url) {
    try {
      if (typeof url !== "string" || !url) return null;
      const { href, protocol } = new URL(url.startsWith("/acquaint/") ? this.url + url : url, `${this.url}/`);
      return /^https?:$/.test(protocol) ? href : null;
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
    this.visitor.close();
  }
}

/** @param {string} text @param {NewMessage} more */
function draft(text, { payload, kind, clientId = randomId() }) {
  return { text, payload, kind, client_id: clientId };
}

/** The path of a conversation, or of what is in it. @param {string} conversationId */
export function of(conversationId, rest = "") {
  return `/conversations/${idIn(conversationId)}${rest}`;
}
