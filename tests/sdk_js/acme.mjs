/**
 * Acme on a running server, for tests in Node: an App of a test's own, its backend, its visitors, and a network that
 * can be cut. Everything is let go of when the test is over.
 *
 *     acme(t)        the App
 *     gateway(t)     a way to the server that can be cut
 *     until          what is to become true, soon
 */

import { createHmac } from "node:crypto";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "../../sdk/js/node_modules/ws/wrapper.mjs";
import { createClient, memoryStorage } from "../../sdk/js/src/index.js";

const SERVER = process.env.ACQUAINT_URL;
const OPERATOR_KEY = process.env.ACQUAINT_OPERATOR_KEY;
const PATIENCE = 60_000;
let number = 0;

export { WebSocket, createClient, memoryStorage };

export const ann = { external_id: "acme-ann", name: "Ann Archer", email: "ann@example.com" };
export const ben = { external_id: "acme-ben", name: "Ben Baker", email: "ben@example.com" };

/** An App of the test's own. @param {import("node:test").TestContext} t */
export async function acme(t) {
  const name = `Acme ${process.pid} ${(number += 1)}`;
  const made = await ask("POST", "/server/apps", { key: OPERATOR_KEY, body: { name } });
  return new Acme(t, made);
}

class Acme {
  constructor(t, made) {
    this.t = t;
    this.url = SERVER;
    this.slug = made.app.slug;
    this.secret = made.signing_secret;
    this.key = made.api_key;
  }

  /** Somebody at a device of their own. */
  visitor(options = {}) {
    const client = createClient({ app: this.slug, url: this.url, storage: memoryStorage(), WebSocket, ...options });
    this.t.after(() => client.close());
    return client;
  }

  /** What Acme's server signs when it knows who is in front of it. */
  jwt(person, { by = "externalId", age = 0 } = {}) {
    const said = { iat: Math.floor(Date.now() / 1000) - age, name: person.name };
    const claims = by === "email" ? { ...said, email: person.email } : { ...said, externalId: person.external_id };
    const signed = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(claims)}`;
    return `${signed}.${createHmac("sha256", this.secret).update(signed).digest("base64url")}`;
  }

  /** What Acme's server asks with its API key. */
  backend(method, path, body) {
    return ask(method, path, { key: this.key, body });
  }

  answer(conversation, text) {
    return this.backend("POST", `/app/conversations/${conversation.id}/messages`, { text });
  }
}

/** A way to the server that can be cut, as when a train enters a tunnel. */
export async function gateway(t) {
  const { hostname, port } = new URL(SERVER);
  const open = new Set();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.on("close", () => (open.delete(one), other.destroy()));
      one.on("error", () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    isCut = true;
    for (const one of open) one.destroy();
  };
  t.after(() => (cut(), server.close()));
  return { url: `http://127.0.0.1:${server.address().port}`, cut, mend: () => (isCut = false) };
}

/** A fetch that waits where it is told to: `hold(method, path)` answers when such a request was sent, and lets it go on. */
export function slowNetwork() {
  const holds = [];
  const fetch = async (url, init) => {
    const at = holds.findIndex((it) => it.method === init.method && new URL(url).pathname.endsWith(it.path));
    if (at < 0) return globalThis.fetch(url, init);
    const [it] = holds.splice(at, 1);
    const answer = it.afterwards ? await globalThis.fetch(url, init) : null;
    it.arrived();
    await it.released;
    return answer ?? globalThis.fetch(url, init);
  };
  /** `afterwards`: the server has answered already, and the answer is on its way. */
  const hold = (method, path, { afterwards = false } = {}) => {
    const it = { method, path, afterwards };
    const arrived = new Promise((resolve) => (it.arrived = resolve));
    it.released = new Promise((resolve) => (it.release = resolve));
    holds.push(it);
    return { arrived, release: () => it.release() };
  };
  return { fetch, hold };
}

/** What is to become true, soon. */
export async function until(what, patience = PATIENCE) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await what();
    if (found) return found;
    if (Date.now() > end) throw new Error(`it did not come true: ${what}`);
    await sleep(20);
  }
}

/** What a refusal says. */
export async function refused(promise) {
  const error = await promise.then(
    () => null,
    (it) => it,
  );
  if (error === null) throw new Error("it was not refused");
  return error;
}

/** Whether the server still knows a token. */
export async function isOpen(token) {
  const answer = await fetch(`${SERVER}/acquaint/v1/session`, { headers: { Authorization: `Bearer ${token}` } });
  return answer.ok;
}

/** The tokens in a storage. */
export function tokensIn(storage) {
  return storage.keys().flatMap((key) => storage.getItem(key).match(/acqs_\w+/g) ?? []);
}

async function ask(method, path, { key, body }) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const answer = await fetch(`${SERVER}/acquaint/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

function encoded(it) {
  return Buffer.from(JSON.stringify(it)).toString("base64url");
}
