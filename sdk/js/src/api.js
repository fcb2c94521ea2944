/**
 * One request: sent, repeated where that is safe, and read; the clocks are compared on the way. Who asks is not known here.
 *
 * A call is *repeatable* when sending it twice does no more than sending it once: it reads, it carries an
 * Idempotency-Key (`keyed`), or a message's `client_id`. Only those are sent again when no answer came.
 */

import { AcquaintError } from "./errors.js";
import { parsed } from "./json.js";

const PREFIX = "/acquaint/v1";
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000; // milliseconds; when the server wants a longer one, the refusal is raised at once

/**
 * @typedef {object} Call One request, to `/acquaint/v1` and the path.
 * @property {string} method
 * @property {string} path
 * @property {unknown} [body] Sent as JSON.
 * @property {Blob | ArrayBuffer | ArrayBufferView} [file] Sent as it is.
 * @property {object} [query] What is undefined is not sent.
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
  #options;

  /** @param {{url: string, fetch?: typeof globalThis.fetch, timeout?: number, attempts?: number}} options */
  constructor(options) {
    this.#options = options;
    /** The server's address, without a slash at its end. */
    this.url = base(options.url);
  }

  /**
   * The answer to the call. Throws AcquaintError.
   * @param {Call} call @param {string | null} token @param {AbortSignal[]} [signals] each calls it off
   * @returns {Promise<any>}
   */
  async ask(call, token, signals = []) {
    const { attempts = 4, timeout = 10_000 } = this.#options;
    const over = new AbortController();
    const { signal } = over;
    for (const it of signals) {
      const stop = () => over.abort(it.reason);
      if (it.aborted) stop();
      else it.addEventListener("abort", stop, { signal });
    }
    try {
      const request = this.#request(call, token);
      for (let attempt = 1; ; attempt += 1) {
        const { answer, failure } = await this.#try(request, call.timeout ?? timeout, signal);
        if (!failure) return answer;
        const wait = failure.retryAfter === null ? pause(attempt) : failure.retryAfter * 1000;
        const isLast = call.once || attempt >= attempts || wait > LONGEST_PAUSE;
        if (isLast || signal.aborted || !isSafe(call, failure)) throw failure;
        await sleep(wait, signal);
      }
    } finally {
      over.abort();
    }
  }

  /** @param {Call} call @param {string | null} token @returns {{url: string, init: RequestInit}} */
  #request({ method, path, body, file, query = {}, keyed, keepalive }, token) {
    const given = new URLSearchParams(JSON.parse(JSON.stringify(query))); // without what is undefined
    /** @type {Record<string, string>} */
    const headers = {};
    if (token) headers["Authorization"] = `Bearer ${token}`;
    if (keyed) headers["Idempotency-Key"] = randomId();
    if (body) headers["Content-Type"] = "application/json";
    if (file) headers["Content-Type"] = /** @type {Blob} */ (file).type || "application/octet-stream";
    return {
      url: `${this.url}${PREFIX}${path}${given.size ? `?${given}` : ""}`,
      init: {
        method,
        headers,
        body: /** @type {BodyInit} */ (file ?? JSON.stringify(body)),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
        keepalive,
      },
    };
  }

  /**
   * @param {{url: string, init: RequestInit}} request @param {number} milliseconds @param {AbortSignal} signal
   * @returns {Promise<{answer?: unknown, failure?: AcquaintError}>}
   */
  async #try({ url, init }, milliseconds, signal) {
    const patience = new AbortController();
    const stop = () => patience.abort();
    signal.addEventListener("abort", stop);
    const timer = setTimeout(stop, milliseconds);
    try {
      signal.throwIfAborted();
      const { fetch = globalThis.fetch } = this.#options; // a browser's own wants to be called by itself
      const answer = await fetch(url, { ...init, signal: patience.signal });
      const said = Date.parse(answer.headers.get("date") ?? "");
      if (said) this.skew = (said + 500 - Date.now()) / 1000; // of the second that it names, the middle is the best guess
      return this.#read(answer, await answer.text());
    } catch (cause) {
      const { aborted, reason } = signal;
      const code = aborted ? "aborted" : patience.signal.aborted ? "timed_out" : "offline";
      const failure = new AcquaintError(code, `No answer from ${this.url}.`, { skew: this.skew, cause });
      return { failure: reason instanceof AcquaintError ? reason : failure };
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {Response} answer @param {string} text @returns {{answer?: unknown, failure?: AcquaintError}} */
  #read({ ok, status, headers }, text) {
    const found = parsed(text);
    if (ok && (headers.get("content-type")?.includes("json") ? found : !text)) return { answer: found };
    const evidence = !ok && typeof found?.code === "string" ? found : {};
    const { code = "strange_answer", title = `The answer is not Acquaint's: HTTP status ${status}.`, detail = title } = evidence;
    const wait = parseFloat(headers.get("retry-after") ?? "");
    const retryAfter = wait >= 0 ? wait : null;
    const more = { status, requestId: headers.get("x-request-id"), skew: this.skew, retryAfter, evidence };
    return { failure: new AcquaintError(code, detail, more) };
  }
}

/** 128 bits of chance. `crypto.randomUUID` is for secure pages only. */
export function randomId() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** An id in a path: what cannot be one would name another route. @param {string} id */
export function idIn(id) {
  if (!/^\d{1,16}$/.test(id)) throw new AcquaintError("not_found", `No id: ${id}`);
  return id;
}

/** Milliseconds to wait before the next try; random, so that not everybody comes at once. @param {number} attempt */
export function pause(attempt, longest = Infinity) {
  return (0.5 + Math.random() / 2) * Math.min(longest, FIRST_PAUSE * 2 ** Math.min(attempt, 10));
}

/** Until the time is over, or it is called off. @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} */
function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** @param {Call} call @param {AcquaintError} failure */
function isSafe({ method, keyed, repeatable }, { code, status, isOffline, retryAfter }) {
  const isOurs = code !== "strange_answer";
  if (isOurs && retryAfter !== null) return true; // what the server refuses for now, it has not done
  const isPassing = isOffline || (!isOurs && Number(status) > 501); // a proxy's
  return isPassing && (method === "GET" || keyed || repeatable);
}

/** @param {string} url */
function base(url) {
  const parts = new URL(url);
  if (!/^https?:$/.test(parts.protocol) || parts.search || parts.hash || parts.username) {
    throw new TypeError(`no address of a server: ${url}`);
  }
  return parts.href.replace(/\/+$/, "");
}
