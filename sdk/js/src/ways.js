/**
 * The other ways in, for `Client`. Each leaves somebody in, or everything as it was.
 *
 *     withPassword    a name and a password; the first time may register
 *     asSomebodyNew   registering
 *     asGuest         nothing but a name, for a day
 *     withProvider    somebody else vouches: Google, Firebase, the App's own identity provider …
 *     takeOver        a session that the App's server opened
 *     makeRoomFor     another person is to be here: whoever is, goes
 */

import { isNamed, isOfSomebody, mayBe } from "./kept.js";

/** @typedef {import("./session.js").Visitor} Visitor */
/** @typedef {import("./types.js").Admission} Admission */
/** @typedef {import("./types.js").OwnUser} OwnUser */

const nobodyKnown = () => false;

/** @param {Visitor} visitor @param {{login?: string, email?: string, password: string, register?: boolean}} way */
export function withPassword(visitor, { login, email, password, register }) {
  const claims = { login, email };
  // An address that somebody registered with is their login: nobody has proved it.
  const isThem = (/** @type {OwnUser | null} */ it) => mayBe(it, claims) || mayBe(it, { login: email });
  return visitor.comeInAs({ login, email, password, register }, isThem);
}

/** @param {Visitor} visitor @param {{login?: string, email?: string, password: string, name?: string}} way */
export function asSomebodyNew(visitor, { login, email, password, name }) {
  return visitor.comeInAs({ login, email, password, name }, nobodyKnown, nobodyKnown, "/users");
}

/** @param {Visitor} visitor @param {string} [name] */
export function asGuest(visitor, name) {
  return visitor.comeInAs({ guest: { name } }, nobodyKnown);
}

/**
 * Whom it means, only the provider knows: it is asked, and what it says is refused if somebody else is logged in.
 * @param {Visitor} visitor @param {string} provider @param {{[name: string]: string | undefined}} credential
 */
export function withProvider(visitor, provider, credential) {
  return visitor.comeInAs({ ...credential, provider }, nobodyKnown, () => true, "/sessions/provider");
}

/**
 * Goes on in a session that the App's server opened (`POST /app/sessions`).
 * @param {Visitor} visitor @param {Admission | string} given what the server was answered, or the session's token alone
 */
export function takeOver(visitor, given) {
  return visitor.change(async (turn) => {
    const token = typeof given === "string" ? given : given.token;
    const { session, user } = await visitor.api.ask({ method: "GET", path: "/session" }, token);
    visitor.refuseAnother((it) => it?.id === user?.id);
    const rest = typeof given === "string" ? { device_secret: null, expires_at: session.expires_at } : given;
    await visitor.reload();
    turn.throwIfAborted();
    await visitor.keep({ ...rest, token, session, user, is_new_user: false });
    return visitor.state;
  });
}

/** Another person, or nobody, is to be here; while somebody is, they go. @param {Visitor} visitor @param {import("./types.js").Who} who */
export function makeRoomFor(visitor, who) {
  const { login } = visitor;
  return login && isOfSomebody(login) && !isNamed(login.user, who) ? visitor.logOut() : null;
}
