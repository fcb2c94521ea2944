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
  /**
   * @param {string} code
   * @param {string} [detail]
   * @param {{status?: number | null, requestId?: string | null, skew?: number | null, retryAfter?: number | null,
   *   evidence?: Record<string, any>, cause?: unknown}} [more]
   */
  constructor(code, detail = "", more = {}) {
    super(sentence(code, detail, more.skew ?? null), more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "AcquaintError";
    /** Why, for programs. */
    this.code = code;
    /** Why, for people. */
    this.detail = detail;
    /** The HTTP status; null when no answer came. */
    this.status = more.status ?? null;
    /** Finds the request in the server's log. */
    this.requestId = more.requestId ?? null;
    /**
     * Seconds that this machine's clock lies behind the server's, negative: ahead; null before the first answer.
     * @type {number | null}
     */
    this.skew = more.skew ?? null;
    /** Seconds after which to try again, where the server says so. */
    this.retryAfter = more.retryAfter ?? null;
    /**
     * What else the server says: `field` of a bad value; `claim`, `skew_seconds` and `allowed_seconds` of a token.
     * @type {Record<string, any>}
     */
    this.evidence = more.evidence ?? {};
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

/** @param {string} code @param {string} detail @param {number | null} skew */
function sentence(code, detail, skew) {
  const about =
    skew === null || Math.abs(skew) < NOTICEABLE_SKEW
      ? ""
      : ` This machine's clock is ${Math.abs(Math.round(skew))} s ${skew > 0 ? "behind" : "ahead of"} the server's.`;
  return `${detail ? `${detail} ` : ""}(${code})${about}`;
}
