/** What happens, as it happens. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { acme, ann, ben, gateway, refused, until, WebSocket, createClient, memoryStorage } from "./acme.mjs";

/** A client that listens, and what it heard; `said` is what the App's people said. */
function listening(client) {
  const news = [];
  const stop = client.listen((it) => news.push(it));
  const said = () => news.flatMap((it) => (it.type === "event" && it.message?.author === "operator" ? [it.message.text] : []));
  return { news, said, stop };
}

test("one hears what the App's people say", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  const heard = listening(phone);
  assert.equal(phone.connection, "idle"); // nobody is here yet
  const conversation = await phone.startConversation("Hello");
  await until(() => phone.connection === "online");
  assert.deepEqual(heard.news.filter((it) => it.type === "gap").length, 1); // read now: nobody tells what was before
  await app.answer(conversation, "Hi Ann");
  await until(() => heard.said().includes("Hi Ann"));
  const statuses = heard.news.flatMap((it) => (it.type === "connection" ? [it.status] : []));
  assert.deepEqual(statuses, ["connecting", "online"]);

  heard.stop();
  assert.equal(phone.connection, "idle");
});

test("what was missed in a tunnel is told afterwards, once and in order", async (t) => {
  const app = await acme(t);
  const way = await gateway(t);
  const phone = app.visitor({ url: way.url });
  const heard = listening(phone);
  const conversation = await phone.startConversation("Hello");
  await until(() => phone.connection === "online");
  await app.answer(conversation, "one");
  await until(() => heard.said().length === 1);

  way.cut();
  await until(() => phone.connection !== "online");
  for (const text of ["two", "three"]) await app.answer(conversation, text);
  way.mend();
  await until(() => heard.said().length === 3);
  await app.answer(conversation, "four");
  await until(() => heard.said().length === 4);
  assert.deepEqual(heard.said(), ["one", "two", "three", "four"]);
  assert.equal(heard.news.filter((it) => it.type === "gap").length, 1);
});

test("a login moves the connection, and Ben never hears Ann", async (t) => {
  const app = await acme(t);
  const kiosk = app.visitor();
  const heard = listening(kiosk);
  const conversation = await kiosk.startConversation("anonymous");
  await until(() => kiosk.connection === "online");
  await kiosk.logIn(app.jwt(ann));
  await until(() => kiosk.connection === "online");
  await app.answer(conversation, "for Ann");
  await until(() => heard.said().includes("for Ann"));

  await kiosk.logOutThenLogIn(app.jwt(ben));
  await until(() => kiosk.connection === "online");
  await app.answer(conversation, "for Ann alone");
  const bens = await kiosk.startConversation("Ben here");
  await app.answer(bens, "for Ben");
  await until(() => heard.said().includes("for Ben"));
  assert.ok(!heard.said().includes("for Ann alone"));
});

test("a session that is ended is cut at once, and one hears that it has ended", async (t) => {
  const app = await acme(t);
  const [phone, laptop] = [app.visitor(), app.visitor()];
  await phone.logIn(app.jwt(ann));
  await laptop.logIn(app.jwt(ann));
  listening(phone);
  await until(() => phone.connection === "online");
  await laptop.endOtherSessions();
  await until(() => phone.state.status === "ended");
  assert.equal(phone.connection, "idle");
});

test("typing and read marks are shown to the others", async (t) => {
  const app = await acme(t);
  const [anns, bens] = [app.visitor(), app.visitor()];
  await anns.logIn(app.jwt(ann));
  await bens.logIn(app.jwt(ben));
  const { id, last_message } = await anns.startConversation("Hi", { conversationKind: "direct", users: [bens.state.user.id] });
  const heard = listening(anns);
  listening(bens);
  await until(() => anns.connection === "online" && bens.connection === "online");
  for (let key = 0; key < 20; key += 1) bens.typing(id);
  bens.typing(id, false);
  bens.typing(id, false);
  await bens.markRead(id, last_message.id);
  await until(() => heard.news.some((it) => it.kind === "messages.read"));
  await until(() => heard.news.filter((it) => it.type === "typing").length === 2);
  const typed = heard.news.filter((it) => it.type === "typing").map((it) => [it.user, it.on]);
  assert.deepEqual(typed, [[bens.state.user.id, true], [bens.state.user.id, false]]);
  await assert.rejects(async () => bens.typing("../x"), { code: "not_found" });
});

test("a connection that is silent is asked, and left when nobody answers", async (t) => {
  const app = await acme(t);
  const sockets = [];
  /** The network swallows what is said, and says nothing. */
  class Deaf extends WebSocket {
    constructor(url) {
      super(url);
      sockets.push(this);
      this.isDeaf = false;
      this.said = [];
    }
    send(text) {
      this.said.push(JSON.parse(text).type);
      if (!this.isDeaf) super.send(text);
    }
  }
  const phone = app.visitor({ WebSocket: Deaf });
  await phone.startConversation("Hello");
  const waiting = [];
  const { setTimeout: real } = globalThis;
  t.mock.method(globalThis, "setTimeout", (act, milliseconds, ...more) => {
    if (milliseconds < 10_000) return real(act, milliseconds, ...more);
    waiting.push({ act, milliseconds });
    return real(() => {}, 0);
  });
  phone.listen(() => {});
  await until(() => phone.connection === "online");
  assert.equal(waiting.at(-1).milliseconds, 25_000);
  waiting.pop().act(); // nothing was heard for so long
  assert.deepEqual(sockets[0].said, ["resume", "ping"]);
  await until(() => waiting.at(-1).milliseconds === 25_000); // the answer came

  sockets[0].isDeaf = true;
  waiting.pop().act();
  assert.equal(phone.connection, "online");
  assert.equal(waiting.at(-1).milliseconds, 10_000);
  waiting.pop().act();
  assert.equal(phone.connection, "offline");
  await until(() => phone.connection === "online");
  assert.equal(sockets.length, 2);
});

test("a server that hangs up at once is not stormed", async (t) => {
  const app = await acme(t);
  let made = 0;
  /** Lets one in, and hangs up. */
  class Fickle extends WebSocket {
    constructor(url) {
      super(url);
      made += 1;
      this.on("message", () => this.terminate());
    }
  }
  const phone = app.visitor({ WebSocket: Fickle });
  await phone.startConversation("Hello");
  t.mock.method(Math, "random", () => 0);
  const pauses = [];
  const { setTimeout: real } = globalThis;
  t.mock.method(globalThis, "setTimeout", (act, milliseconds, ...more) => {
    if (phone.connection === "offline") pauses.push(milliseconds);
    return real(act, phone.connection === "offline" ? 0 : milliseconds, ...more);
  });
  phone.listen(() => {});
  await until(() => made >= 9);
  phone.close();
  assert.deepEqual(pauses.slice(0, 8), [250, 500, 1000, 2000, 4000, 8000, 15000, 15000]);
});

test("a server that says when to come back is asked again then, and not before", async (t) => {
  const app = await acme(t);
  const headers = { "content-type": "application/problem+json", "retry-after": "20" };
  const refusal = JSON.stringify({ code: "too_many_requests", title: "Too many requests" });
  const fetch = (url, init) =>
    url.endsWith("/live/tickets") ? new Response(refusal, { status: 429, headers }) : globalThis.fetch(url, init);
  const phone = app.visitor({ fetch });
  await phone.startConversation("Hello");
  const pauses = [];
  const { setTimeout: real } = globalThis;
  t.mock.method(globalThis, "setTimeout", (act, milliseconds) => {
    if (phone.connection === "offline") pauses.push(milliseconds);
    return real(act, milliseconds);
  });
  phone.listen(() => {});
  await until(() => phone.connection === "offline");
  assert.equal(pauses[0], 20_000);
});

test("without a WebSocket one is told so", async (t) => {
  const app = await acme(t);
  if (typeof globalThis.WebSocket !== "undefined") return t.skip("this Node has one");
  const phone = createClient({ app: app.slug, url: app.url, storage: memoryStorage() });
  t.after(() => phone.close());
  assert.throws(() => phone.listen(() => {}), { code: "no_websocket" });
  await phone.startConversation("everything else works");
});

test("several may listen, and the last one who stops hangs up", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  const listener = () => {};
  const stops = [phone.listen(listener), phone.listen(listener)];
  await phone.startConversation("Hello");
  await until(() => phone.connection === "online");
  stops[0]();
  stops[0]();
  assert.equal(phone.connection, "online");
  stops[1]();
  assert.equal(phone.connection, "idle");
  assert.equal((await refused(phone.conversation("x"))).code, "not_found");
});
