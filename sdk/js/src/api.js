/**
 * One request: sent, repeated where that is safe, and read; the clocks are compared on the way. Who asks is not known here.
 *
 * A call is *repeatable* when sending it twice does no more than sending it once: it reads, it carries an
 * Idempotency-Key (`keyed`), or a message's `client_id`. Only those are sent again when no answer came.
 */

import { AcquaintError } from "./errors.js";

const PREFIX = "/acquaint/v1";
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000; // milliseconds; when the server wants a longer one, the refusal is raised at once
const AT_MOST = 30_000;
const NOTHING_DONE = new Set(["too_many_requests", "busy", "still_running", "provider_unavailable"]);

/**
 * @typedef {object} Call One request, to `/acquaint/v1` and the path.
 * @property {string} method
 * @property {string} path
 * @property {unknown} [body] Sent as JSON; a Blob or bytes as they are.
 * @property {Record<string, string | number | undefined>} [query]
 * @property {boolean} [keyed]
 * @property {boolean} [repeatable]
 * @property {boolean} [once] Not even when the server did nothing.
 * @property {boolean} [keepalive] Outlives the page.
 * @property {number} [timeout]
 * @property {boolean} [writes] Somebody does something: whoever is not known yet is let in first.
 */

/** The way to one server. */
export class Api {
  /** Seconds that this machine's clock lies behind the server's. @type {number | null} */
  skew = null;

  /** @param {{url: string, fetch?: typeof globalThis.fetch | undefined, timeout?: number | undefined, attempts?: number | undefined}} options */
  constructor({ url, fetch, timeout = 10_000, attempts = 4 }) {
    /** The server's address, without a slash at its end. */
    this.url = base(url);
    this.fetch = fetch ?? ((request, more) => globalThis.fetch(request, more)); // whatever it is by then
    this.timeout = timeout;
    this.attempts = attempts;
  }

  /** The server's clock, in milliseconds, as far as the two were compared. */
  now() {
    return Date.now() + (this.skew ?? 0) * 1000;
  }

  /**
   * The answer to the call. Throws AcquaintError.
   * @param {Call} call @param {string | null} token @param {AbortSignal | null} [signal]
   * @returns {Promise<any>}
   */
  async ask(call, token, signal = null) {
    const began = Date.now();
    const request = this.#request(call, token);
    for (let attempt = 1; ; attempt += 1) {
      const failure = await this.#try(call, request, signal).catch(asFailure);
      if (!(failure instanceof AcquaintError)) return failure.answer;
      const wait = failure.retryAfter === null ? pause(attempt) : failure.retryAfter * 1000;
      const isTooLong = wait > LONGEST_PAUSE || Date.now() - began + wait > AT_MOST;
      if (call.once || attempt >= this.attempts || isTooLong || !isSafe(call, failure)) throw failure;
      await sleep(wait, signal);
    }
  }

  /** @param {Call} call @param {string | null} token */
  #request(call, token) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (token !== null) headers["Authorization"] = `Bearer ${token}`;
    if (call.keyed) headers["Idempotency-Key"] = randomId();
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) query.set(name, String(value));
    }
    const isRaw = call.body instanceof Blob || ArrayBuffer.isView(call.body) || call.body instanceof ArrayBuffer;
    if (call.body !== undefined) {
      headers["Content-Type"] = isRaw ? contentType(call.body) : "application/json";
    }
    return {
      url: `${this.url}${PREFIX}${call.path}${query.size ? `?${query}` : ""}`,
      init: /** @type {RequestInit} */ ({
        method: call.method,
        headers,
        body: isRaw ? call.body : call.body === undefined ? null : JSON.stringify(call.body),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
        keepalive: call.keepalive ?? false,
      }),
    };
  }

  /** @param {Call} call @param {{url: string, init: RequestInit}} request @param {AbortSignal | null} signal */
  async #try(call, request, signal) {
    if (signal?.aborted) throw new AcquaintError("aborted", "This was called off.");
    const patience = new AbortController();
    const stop = () => patience.abort();
    let isLate = false;
    signal?.addEventListener("abort", stop);
    const timer = setTimeout(() => ((isLate = true), stop()), call.timeout ?? this.timeout);
    try {
      const { fetch } = this; // a browser's own wants to be called by itself
      const answer = await fetch(request.url, { ...request.init, signal: patience.signal });
      this.#compareClocks(answer);
      const text = await answer.text();
      return { answer: this.#read(answer, text) };
    } catch (cause) {
      if (cause instanceof AcquaintError) throw cause;
      if (signal?.aborted) throw new AcquaintError("aborted", "This was called off.", { skew: this.skew });
      const code = isLate ? "timed_out" : "offline";
      throw new AcquaintError(code, `No answer from ${this.url}.`, { skew: this.skew, cause });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  /** @param {Response} answer @param {string} text */
  #read(answer, text) {
    let found;
    try {
      found = text ? JSON.parse(text) : null;
    } catch {
      found = undefined;
    }
    const isJson = answer.headers.get("content-type")?.includes("json") ?? false;
    if (answer.ok && (isJson ? found !== undefined : text === "")) return found;
    const isOurs = !answer.ok && typeof found?.code === "string";
    const said = Number(answer.headers.get("retry-after") ?? NaN);
    throw new AcquaintError(
      isOurs ? found.code : "strange_answer",
      isOurs
        ? String(found.detail || found.title || "")
        : `The answer is not Acquaint's: HTTP status ${answer.status}.`,
      {
        status: answer.status,
        requestId: answer.headers.get("x-request-id"),
        skew: this.skew,
        retryAfter: said >= 0 ? said : null,
        evidence: isOurs ? found : {},
      },
    );
  }

  /** @param {Response} answer */
  #compareClocks(answer) {
    const said = Date.parse(answer.headers.get("date") ?? "");
    // Of the second that it names, the middle is the best guess.
    if (!Number.isNaN(said)) this.skew = (said + 500 - Date.now()) / 1000;
  }
}

/** 128 bits of chance. `crypto.randomUUID` is for secure pages only. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (it) => it.toString(16).padStart(2, "0")).join("");
}

/** An id in a path: what cannot be one would name another route. @param {string} id */
export function idIn(id) {
  if (!/^\d{1,16}$/.test(id)) throw new AcquaintError("not_found", `${JSON.stringify(id)} is no id.`);
  return id;
}

/** Milliseconds to wait before the next try; random, so that not everybody comes at once. @param {number} attempt */
export function pause(attempt, longest = Infinity) {
  return (0.5 + Math.random() / 2) * Math.min(longest, FIRST_PAUSE * 2 ** Math.min(attempt, 10));
}

/** @param {number} milliseconds @param {AbortSignal | null} signal @returns {Promise<void>} */
function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new AcquaintError("aborted", "This was called off."));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** @param {unknown} error @returns {AcquaintError} */
function asFailure(error) {
  if (error instanceof AcquaintError) return error;
  throw error;
}

/** @param {Call} call @param {AcquaintError} failure */
function isSafe(call, failure) {
  if (NOTHING_DONE.has(failure.code)) return true;
  const isRepeatable = call.method === "GET" || call.keyed || call.repeatable;
  const isPassing = failure.isOffline || (failure.code === "strange_answer" && [502, 503, 504].includes(failure.status ?? 0));
  return Boolean(isRepeatable) && isPassing;
}

/** @param {unknown} body */
function contentType(body) {
  return (body instanceof Blob && body.type) || "application/octet-stream";
}

/** @param {string} url */
function base(url) {
  const parts = URL.canParse?.(url) === false ? null : new URL(url);
  if (!parts || !/^https?:$/.test(parts.protocol) || parts.search || parts.hash || parts.username) {
    throw new TypeError(`the server's address must be like https://chat.example.com, and not ${url}`);
  }
  return parts.href.replace(/\/+$/, "");
}
