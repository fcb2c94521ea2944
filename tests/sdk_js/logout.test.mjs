/** Logging out leaves nothing: no key, no socket, no timer, no request, no token that lets anybody in. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { acme, ann, ben, gateway, isOpen, memoryStorage, slowNetwork, tokensIn, until, WebSocket } from "./acme.mjs";

/** Sockets that one can count. */
function countedSockets() {
  const made = [];
  class Counted extends WebSocket {
    constructor(url) {
      super(url);
      made.push(this);
    }
  }
  return { Counted, open: () => made.filter((it) => it.readyState <= 1) };
}

const timers = () => process.getActiveResourcesInfo().filter((it) => it === "Timeout").length;

test("logging out wipes every key, socket, timer and token", async (t) => {
  const app = await acme(t);
  const [storage, sockets] = [memoryStorage(), countedSockets()];
  const before = timers();
  const kiosk = app.visitor({ storage, WebSocket: sockets.Counted });
  const news = [];
  kiosk.listen((it) => news.push(it));
  await kiosk.logIn(app.jwt(ann));
  const { id } = await kiosk.startConversation("private");
  await until(() => kiosk.connection === "online");
  kiosk.setUserData({ name: "Ann" });
  const [token] = tokensIn(storage);
  assert.ok(token);
  assert.equal(sockets.open().length, 1);
  assert.ok(timers() > before);

  const going = kiosk.logOut();
  assert.equal(kiosk.state.status, "nobody"); // at once
  assert.equal(kiosk.state.user, null);
  assert.equal(kiosk.state.session, null);
  assert.deepEqual(storage.keys(), []);
  assert.equal(kiosk.connection, "idle");
  assert.deepEqual(await going, { toldServer: true, wiped: true });

  assert.equal(await isOpen(token), false);
  await until(() => sockets.open().length === 0);
  await until(() => timers() <= before);
  assert.equal(kiosk.isLoggedIn({ userId: "acme-ann" }), false);
  assert.deepEqual(await kiosk.conversations(), { items: [], next: null });

  news.length = 0;
  await app.answer({ id }, "for Ann alone");
  await kiosk.startConversation("the next one");
  await until(() => kiosk.connection === "online");
  assert.ok(news.every((it) => it.type !== "event" || it.conversation !== id));
  assert.ok(!JSON.stringify(storage.keys().map((it) => storage.getItem(it))).includes("Ann"));
});

test("what is kept names nobody once they are gone, whatever was kept", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  storage.setItem("the page's own", "stays");
  const kiosk = app.visitor({ storage, workspace: "berlin" });
  await kiosk.startConversation("anonymous");
  await kiosk.useWorkspace(null);
  await kiosk.logIn(app.jwt(ann));
  await kiosk.logOut();
  assert.deepEqual(storage.keys(), ["the page's own"]);
});

test("logging out works offline, and the server is told when it can be", async (t) => {
  const app = await acme(t);
  const way = await gateway(t);
  const storage = memoryStorage();
  const kiosk = app.visitor({ url: way.url, storage });
  await kiosk.logIn(app.jwt(ann));
  const [token] = tokensIn(storage);
  way.cut();

  assert.deepEqual(await kiosk.logOut(), { toldServer: false, wiped: true });
  assert.deepEqual(storage.keys(), []);
  assert.equal(kiosk.state.status, "nobody");
  assert.equal(await isOpen(token), true);

  way.mend();
  await until(async () => !(await isOpen(token)));
});

test("a page that is closed after an offline log out waits for nothing", async (t) => {
  const app = await acme(t);
  const way = await gateway(t);
  const ours = new Set();
  const { setTimeout: real, clearTimeout: clear } = globalThis;
  t.mock.method(Math, "random", () => 1);
  t.mock.method(globalThis, "setTimeout", (act, milliseconds, ...more) => {
    const timer = real(act, milliseconds, ...more);
    if (milliseconds === 2000) ours.add(timer); // until the server is told again
    return timer;
  });
  t.mock.method(globalThis, "clearTimeout", (timer) => (ours.delete(timer), clear(timer)));
  const kiosk = app.visitor({ url: way.url });
  await kiosk.logIn(app.jwt(ann));
  way.cut();
  await kiosk.logOut();
  assert.equal(ours.size, 1);
  kiosk.close();
  assert.equal(ours.size, 0);
});

test("who comes after an offline log out is somebody new", async (t) => {
  const app = await acme(t);
  const way = await gateway(t);
  const kiosk = app.visitor({ url: way.url });
  await kiosk.startConversation("anonymous");
  const before = kiosk.state.user.id;
  way.cut();
  await kiosk.logOut();
  way.mend();
  await kiosk.startConversation("next");
  assert.notEqual(kiosk.state.user.id, before);
  assert.equal((await kiosk.conversations()).items.length, 1);
  await kiosk.logIn(app.jwt(ben));
  assert.equal((await kiosk.conversations()).items.length, 1);
});

test("a log out is not waited with for requests that are on their way, and they are answered to nobody", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const kiosk = app.visitor({ fetch });
  await kiosk.logIn(app.jwt(ann));
  await kiosk.startConversation("private");
  const slow = hold("GET", "/conversations", { afterwards: true });
  const reading = kiosk.conversations().then(
    () => assert.fail("Ann's conversations were shown after she left"),
    (error) => error.code,
  );
  await slow.arrived;
  await kiosk.logOut();
  slow.release();
  assert.equal(await reading, "superseded");
});

test("logging out twice, or when nobody is here, is fine", async (t) => {
  const app = await acme(t);
  const kiosk = app.visitor();
  assert.deepEqual(await kiosk.logOut(), { toldServer: true, wiped: true });
  await kiosk.logIn(app.jwt(ann));
  const both = await Promise.all([kiosk.logOut(), kiosk.logOut()]);
  assert.deepEqual(both, [{ toldServer: true, wiped: true }, { toldServer: true, wiped: true }]);
});

test("a closed client holds nothing back: the process can end", async (t) => {
  const app = await acme(t);
  const before = timers();
  const phone = app.visitor();
  phone.listen(() => {});
  await phone.startConversation("Hello");
  await until(() => phone.connection === "online");
  phone.close();
  assert.equal(phone.connection, "idle");
  await until(() => timers() <= before);
  await assert.rejects(phone.conversations(), { code: "closed" });
  await assert.rejects(phone.logIn(app.jwt(ann)), { code: "closed" });
});
