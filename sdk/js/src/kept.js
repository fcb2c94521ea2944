/**
 * What is kept of a login, as data: a record for each App of a server, with a login for each workspace.
 *
 * Everything that somebody kept is read as a stranger's: what does not look right is not there.
 */

/** @typedef {import("./types.js").AuthState} AuthState */
/** @typedef {import("./types.js").OwnUser} OwnUser */
/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Who} Who */

/**
 * @typedef {object} Login
 * @property {string} token
 * @property {string | null} expiresAt
 * @property {Session} session
 * @property {OwnUser | null} user
 * @property {boolean} hasEnded
 * @property {number | null} [skew] Seconds that this machine's clock lay behind the server's then.
 *
 * @typedef {object} Record
 * @property {number} version
 * @property {string | null} device The secret that this browser is known by.
 * @property {{[workspace: string]: Login}} logins
 */

const VERSION = 1;
const ASSURANCES = ["anonymous", "claimed", "verified"];

/** @param {unknown} found @returns {Record | null} null for what this version did not write */
export function recordOf(found) {
  const it = /** @type {any} */ (found);
  if (it?.version !== VERSION) return null;
  const logins = Object.entries(it.logins ?? {}).filter(([, login]) => isLogin(login));
  return { version: VERSION, device: typeof it.device === "string" ? it.device : null, logins: Object.fromEntries(logins) };
}

/** @param {any} it */
function isLogin(it) {
  return typeof it?.token === "string" && ASSURANCES.includes(it.session?.assurance);
}

/** The name of a workspace's login: no workspace can be called what every object has. @param {string | null} workspace */
function nameOf(workspace) {
  return workspace === null ? "" : `=${workspace}`;
}

/** @param {Record | null} record @param {string | null} workspace @returns {Login | null} */
export function loginIn(record, workspace) {
  return record?.logins[nameOf(workspace)] ?? null;
}

/** @param {Record | null} record @param {string | null} workspace @param {Login} login @param {string | null} device @returns {Record} */
export function withLogin(record, workspace, login, device) {
  return { version: VERSION, device, logins: { ...record?.logins, [nameOf(workspace)]: login } };
}

/** Whether it is a person's, and not only a browser's. @param {Login | null} it */
export function isOfSomebody(it) {
  return it?.session.assurance === "verified";
}

/** @param {Login | null} it @param {number} now milliseconds @returns {AuthState["status"]} */
export function statusOf(it, now) {
  if (it === null) return "nobody";
  if (!isOfSomebody(it)) return it.session.assurance;
  return it.hasEnded || Date.parse(it.expiresAt ?? "") <= now ? "ended" : "verified";
}

/**
 * Whether half of the time is over that it was said to last, when it was last used.
 * @param {Login | null} it @param {number} now milliseconds
 */
export function isHalfOver(it, now) {
  const ends = Date.parse(it?.expiresAt ?? "");
  return Boolean(it && !it.hasEnded) && ends - now < now - Date.parse(it?.session.last_seen_at ?? "");
}

/** Whether one of the names given is the user's, proved. @param {OwnUser | null} user @param {Who} who */
export function isNamed(user, who) {
  const email = who.email?.trim().toLowerCase();
  const id = who.userId || who.externalId || who.id;
  const names = user?.identifiers;
  return Boolean(names && ((email && names.email?.toLowerCase() === email) || (id && names.external_id === id)));
}

/**
 * Whether a token with these claims may name the user. As on the server: the e-mail address decides, if there is one.
 * @param {OwnUser | null} user @param {{[claim: string]: unknown}} claims
 */
export function mayBe(user, claims) {
  const [email, id, login] = ["email", "externalId", "login"].map((name) => {
    const it = claims[name];
    return typeof it === "string" && it.trim() ? it : null;
  });
  if (email || id) return isNamed(user, email ? { email } : { id });
  return Boolean(login) && user?.identifiers.login === login;
}

/** What a signed token says, unproven; nothing where it is none. @param {string} jwt @returns {{[claim: string]: unknown}} */
export function claimsIn(jwt) {
  try {
    const body = atob((jwt.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"));
    return Object(JSON.parse(new TextDecoder().decode(Uint8Array.from(body, (it) => it.charCodeAt(0)))));
  } catch {
    return {};
  }
}
