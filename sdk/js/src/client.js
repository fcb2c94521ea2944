/**
 * The visitor's client: whoever is in front of it. Nobody until the first thing is done, anonymous then, until somebody
 * logs in.
 *
 *     createClient     one App on one server
 *     Client           everything: who is here, other ways in, and oneself; `ConversationsClient` and `ChatClient` are in it
 */

import { idIn } from "./api.js";
import { UPLOAD_TIMEOUT } from "./chat.js";
import { ConversationsClient } from "./conversations.js";
import { needsUser } from "./asking.js";
import { AcquaintError } from "./errors.js";
import { isNamed } from "./kept.js";
import { superseded } from "./queue.js";
import * as ways from "./ways.js";

/** @typedef {import("./types.js").Admission} Admission */
/** @typedef {import("./types.js").AuthState} AuthState */
/** @typedef {import("./types.js").LoggedOut} LoggedOut */
/** @typedef {import("./types.js").OwnUser} OwnUser */
/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Who} Who */

/**
 * A client for one App. Nothing is sent, and nobody is made, before somebody does something.
 * Throws TypeError for an address that is none.
 * @param {import("./types.js").Options} options
 * @returns {Client}
 */
export function createClient(options) {
  return new Client(options);
}

export class Client extends ConversationsClient {
  /** Who was asked for last, and the asking. @type {{name: string, doing: Promise<AuthState>} | null} */
  #ensuring = null;

  /** Seconds that this machine's clock lies behind the server's, negative: ahead; null before the first answer. @returns {number | null} */
  get skew() {
    return this.visitor.api.skew;
  }

  /**
   * Whether this person is logged in: by e-mail address (letters' case does not matter), or by the App's own id of them
   * (exact). A name that is missing or empty is nobody's. Never asks the network.
   * @param {Who} who
   * @returns {boolean}
   */
  isLoggedIn(who) {
    const { status, user } = this.state;
    return status === "verified" && isNamed(user, who ?? {});
  }

  // Other ways in

  /**
   * With `register` the first login makes the user, if the App allows it; then give a `login`, and else a `login` or an
   * `email`.
   * @param {{login?: string, email?: string, password: string, register?: boolean}} way
   * @returns {Promise<AuthState>}
   */
  logInWithPassword(way) {
    return ways.withPassword(this.visitor, way);
  }

  /**
   * Makes a user with a password, and logs them in. Give a `login` or an `email`; nobody has proved the address: it is a
   * login like any other. Throws `identifier_taken`, and `invalid_credentials` where the App lets nobody register.
   * @param {{login?: string, email?: string, password: string, name?: string}} somebody
   * @returns {Promise<AuthState>}
   */
  register(somebody) {
    return ways.asSomebodyNew(this.visitor, somebody);
  }

  /**
   * With somebody else's credential, as the provider has it: `{token}` of an OpenID Connect issuer, Firebase or Facebook,
   * with a `nonce` where there is one; `{token, secret}` of X; `{login, password}` or whatever the App's own (`custom`) takes.
   * @param {string} provider its name, as the App set it up
   * @param {{token?: string, secret?: string, nonce?: string, project_id?: string, login?: string, email?: string, password?: string}} credential
   * @returns {Promise<AuthState>}
   */
  logInWithProvider(provider, credential) {
    return ways.withProvider(this.visitor, provider, credential);
  }

  /**
   * Somebody with nothing but a name, for a day, if the App allows it. Not known again afterwards.
   * @param {string} [name]
   * @returns {Promise<AuthState>}
   */
  comeInAsGuest(name) {
    return ways.asGuest(this.visitor, name);
  }

  /**
   * Goes on in a session that the App's server vouched for: its answer to `POST /app/sessions`, or the token in it.
   * @param {Admission | string} admission
   * @returns {Promise<AuthState>}
   */
  takeOver(admission) {
    return ways.takeOver(this.visitor, admission);
  }

  /** @override @returns {Promise<LoggedOut>} */
  logOut() {
    this.#ensuring = null;
    return super.logOut();
  }

  /**
   * Afterwards this person is logged in, and nobody else. A text with an @ is an e-mail address, any other one the App's
   * own id of the user. `fetchJwt` is called only if they are not logged in yet, and once more if its token is too old.
   * Somebody else who is logged in goes first. Who is asked for last is who is logged in. Throws `somebody_else` when the
   * token names another, and then nobody is.
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
    await this.asking.settled();
    if (this.isLoggedIn(who)) return this.state;
    await ways.makeRoomFor(this.visitor, who);
    for (let isLast = false; ; isLast = true) {
      const { turn } = this.visitor.queue;
      const jwt = await fetchJwt();
      await this.asking.settled();
      turn.throwIfAborted();
      if (!isWanted()) throw superseded(); // by whoever was asked for since
      await ways.makeRoomFor(this.visitor, who);
      try {
        await this.visitor.logIn(jwt);
        break;
      } catch (error) {
        if (isLast || !(error instanceof AcquaintError) || error.code !== "token_stale") throw error;
      }
    }
    if (!this.isLoggedIn(who)) {
      await this.visitor.logOut();
      throw new AcquaintError("somebody_else", "The token names another person than was asked for.");
    }
    return this.state;
  }

  // Oneself

  /**
   * Who is here, as the server says; null while nobody is.
   * @returns {Promise<{session: Session, user: OwnUser | null} | null>}
   */
  me() {
    return this.asking.me();
  }

  /**
   * What is not given stays; null empties. Throws `needs_user` before somebody said anything.
   * @param {{name?: string | null, avatar_url?: string | null, phone?: string | null, custom?: Record<string, unknown>}} change
   * @returns {Promise<OwnUser>}
   */
  changeProfile(change) {
    return this.#change({ method: "PATCH", path: "/user", body: change, writes: true });
  }

  /**
   * A picture that is shown beside one's name: PNG, JPEG, GIF or WebP, at most 25 MiB. The server draws it anew, without
   * what a camera notes. Empty it with `changeProfile({avatar_url: null})`.
   * @param {Blob | ArrayBuffer | ArrayBufferView} picture
   * @returns {Promise<OwnUser>}
   */
  changeAvatar(picture) {
    return this.#change({ method: "PUT", path: "/user/avatar", file: picture, timeout: UPLOAD_TIMEOUT });
  }

  /** @param {import("./api.js").Call} call */
  async #change(call) {
    await this.#somebody();
    const user = await this.asking.ask({ ...call, keyed: true });
    const { session } = this.state;
    if (session && session.user_id === user.id) await this.visitor.saw(session.id, { user });
    return user;
  }

  /**
   * Afterwards only the new one lets in, and one is logged out everywhere else, unless the App's Policy says otherwise.
   * Throws `invalid_credentials` when the old one is wrong.
   * @param {string} oldPassword @param {string} newPassword
   * @returns {Promise<void>}
   */
  async changePassword(oldPassword, newPassword) {
    await this.#somebody();
    return this.asking.write("POST", "/user/password", { old_password: oldPassword, new_password: newPassword });
  }

  /**
   * Asks for a mail with a ticket in it, good for an hour. It is sent only if somebody with a password has the address;
   * whether, nobody is told.
   * @param {string} email
   * @returns {Promise<void>}
   */
  askForNewPassword(email) {
    return this.#ask("/password-resets", { app: this.visitor.app, email });
  }

  /**
   * With the ticket from the mail. The user is logged out everywhere; log in with the new password. Throws
   * `ticket_refused` for one that is spent or too old.
   * @param {string} ticket @param {string} password
   * @returns {Promise<void>}
   */
  chooseNewPassword(ticket, password) {
    return this.#ask("/password-resets/complete", { ticket, password });
  }

  /**
   * Asks once more for the mail that confirms an address, where the App lets nobody in without. It is sent only if
   * somebody registered with it and has not confirmed it; whether, nobody is told. Signing in has it sent as well.
   * @param {string} email
   * @returns {Promise<void>}
   */
  askForConfirmation(email) {
    return this.#ask("/email-confirmations", { app: this.visitor.app, email });
  }

  /**
   * With the ticket from the mail, and the password one chose. Log in with it afterwards. Throws `ticket_refused` for
   * one that is spent or too old, and `invalid_credentials` for another password.
   * @param {string} ticket @param {string} password
   * @returns {Promise<void>}
   */
  confirmEmail(ticket, password) {
    return this.#ask("/email-confirmations/complete", { ticket, password });
  }

  /**
   * For good: one's names are free again, and what one said is gone, unless the App's Policy keeps it. Nobody is here
   * afterwards, as after a log out.
   * @returns {Promise<LoggedOut>}
   */
  async deleteOneself() {
    await this.#somebody();
    await this.asking.write("DELETE", "/user");
    return this.logOut();
  }

  /** Where one is logged in. @returns {Promise<import("./types.js").OwnSession[]>} */
  async sessions() {
    return (await this.asking.read("/sessions")).items;
  }

  /** At once, on every path. @param {string} sessionId @returns {Promise<void>} */
  async endSession(sessionId) {
    return this.asking.write("DELETE", `/sessions/${idIn(sessionId)}`);
  }

  /** How many ended. @returns {Promise<number>} */
  async endOtherSessions() {
    return (await this.asking.write("DELETE", "/sessions")).ended;
  }

  /** Some things are for those who said something already: nobody is made for them. */
  async #somebody() {
    await this.asking.settled();
    if (!this.state.session?.user_id) throw needsUser();
  }

  /** Nobody needs to be here for it. @param {string} path @param {object} body */
  async #ask(path, body) {
    const { api, queue, closing } = this.visitor;
    queue.turn.throwIfAborted();
    return api.ask({ method: "POST", path, body }, null, [closing.signal]);
  }
}
