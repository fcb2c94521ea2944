/**
 * What can go wrong: one class, told apart by `code`. The server's codes are in its reference, at
 * `/acquaint/v1/docs`; those of this client are below.
 *
 *     offline             no answer came; the server may have done what was asked
 *     timed_out           … in time
 *     strange_answer      an answer came that is not Acquaint's: a proxy's, perhaps, or the address is wrong
 *     superseded          meanwhile somebody else logged in, or logged out: this belongs to whoever was here before
 *     somebody_else       the token that was to log in one person names another; nobody is logged in
 *     already_signed_in   somebody else is logged in here: log out first
 *     session_ended       the session was ended elsewhere: log in again, or log out
 *     needs_user          nobody is here yet: say something first
 *     no_websocket        this platform has no WebSocket: give one to `createClient`
 *     closed              the client was closed
 *     aborted             the caller's AbortSignal said so
 */

/** How far two clocks may be apart, in seconds, before a message says so: the Date header has whole seconds. */
const NOTICEABLE_SKEW = 5;

/** Something did not work. */
export class AcquaintError extends Error {
  /** The HTTP status; null when no answer came. @type {number | null} */
  status = null;
  /** Finds the request in the server's log. @type {string | null} */
  requestId = null;
  /**
   * Seconds that this machine's clock lies behind the server's, negative: ahead; null before the first answer.
   * @type {number | null}
   */
  skew = null;
  /** Seconds after which to try again, where the server says so. @type {number | null} */
  retryAfter = null;
  /**
   * What else the server says: `field` of a bad value; `claim`, `skew_seconds` and `allowed_seconds` of a token.
   * @type {Record<string, any>}
   */
  evidence = {};

  /**
   * @param {string} code
   * @param {string} [detail]
   * @param {{status?: number | null, requestId?: string | null, skew?: number | null, retryAfter?: number | null,
   *   evidence?: Record<string, any>, cause?: unknown}} [more]
   */
  constructor(code, detail = "", more = {}) {
    super(`${detail && `${detail} `}(${code})${aboutClocks(more.skew ?? 0)}`, more);
    this.name = "AcquaintError";
    /** Why, for programs. */
    this.code = code;
    /** Why, for people. */
    this.detail = detail;
    Object.assign(this, more);
  }

  /** Whether there was no answer: the same may work later. */
  get isOffline() {
    return this.code === "offline" || this.code === "timed_out";
  }

  /** Whether the session is over. */
  get isSessionOver() {
    return this.code === "session_ended" || this.code === "session_expired";
  }
}

/** @param {number} skew */
function aboutClocks(skew) {
  const seconds = Math.abs(Math.round(skew));
  if (seconds < NOTICEABLE_SKEW) return "";
  return ` This machine's clock is ${seconds} s ${skew > 0 ? "behind" : "ahead of"} the server's.`;
}
