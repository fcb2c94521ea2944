/** Things that happen at once: changes of who is here, requests meanwhile, and two pages over one storage. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { acme, ann, ben, isOpen, memoryStorage, refused, slowNetwork, tokensIn, until } from "./acme.mjs";

test("ten first things at once make one visitor", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  const [one, other] = [app.visitor({ storage }), app.visitor({ storage })];
  await Promise.all(Array.from({ length: 10 }, (_, at) => (at % 2 ? one : other).startConversation(`${at}`)));
  assert.equal((await one.conversations()).items.length, 10);
  assert.equal(tokensIn(storage).length, 1);
});

test("who is asked for while somebody logs in is whoever will be here", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const phone = app.visitor({ fetch });
  await phone.startConversation("anonymous");
  const slow = hold("POST", "/sessions");
  const logIn = phone.logIn(app.jwt(ann));
  await slow.arrived;
  const asking = phone.me();
  const posting = phone.startConversation("mine");
  slow.release();
  await logIn;
  assert.equal((await asking).user.identifiers.external_id, "acme-ann");
  assert.equal((await posting).last_message.sender_id, phone.state.user.id);
});

test("a login that is overtaken by a log out lets nobody in, and its session is ended", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const storage = memoryStorage();
  let minted = "";
  const noting = async (url, init) => {
    const answer = await fetch(url, init);
    if (init.method === "POST" && url.endsWith("/sessions")) minted = (await answer.clone().json()).token;
    return answer;
  };
  const kiosk = app.visitor({ fetch: noting, storage });
  const slow = hold("POST", "/sessions", { afterwards: true });
  const logIn = kiosk.logIn(app.jwt(ann));
  await slow.arrived;
  const gone = kiosk.logOut();
  slow.release();
  assert.equal((await refused(logIn)).code, "superseded");
  await gone;
  assert.equal(kiosk.state.status, "nobody");
  assert.deepEqual(storage.keys(), []);
  await until(async () => minted && !(await isOpen(minted)));
});

test("the last one who is called wins", async (t) => {
  const app = await acme(t);
  const kiosk = app.visitor();
  const calls = [
    kiosk.logIn(app.jwt(ann)),
    kiosk.logOutThenLogIn(app.jwt(ben)),
    kiosk.logOutThenLogIn(app.jwt(ann)),
    kiosk.logOutThenLogIn(app.jwt(ben)),
  ];
  const outcomes = await Promise.allSettled(calls);
  assert.equal(outcomes.at(-1).status, "fulfilled");
  for (const it of outcomes.slice(0, -1)) assert.equal(it.reason.code, "superseded");
  assert.equal(kiosk.isLoggedIn({ userId: "acme-ben" }), true);
  assert.equal((await kiosk.me()).user.identifiers.external_id, "acme-ben");
});

test("who is asked for last is who is logged in", async (t) => {
  const app = await acme(t);
  const kiosk = app.visitor();
  let give;
  const slow = new Promise((resolve) => (give = resolve));
  const anns = refused(kiosk.ensureLoggedIn("acme-ann", () => slow));
  await kiosk.ensureLoggedIn("acme-ben", () => app.jwt(ben));
  give(app.jwt(ann));
  assert.equal((await anns).code, "superseded");
  assert.equal(kiosk.isLoggedIn({ id: "acme-ben" }), true);

  const both = [kiosk.ensureLoggedIn("acme-ann", () => app.jwt(ann)), kiosk.ensureLoggedIn("acme-ben", () => app.jwt(ben))];
  await Promise.allSettled(both);
  assert.equal((await both[1]).status, "verified");
  assert.equal(kiosk.isLoggedIn({ id: "acme-ben" }), true);
});

test("who is asked for again after a log out does not wait for what was asked before", async (t) => {
  const app = await acme(t);
  const kiosk = app.visitor();
  let give;
  const first = refused(kiosk.ensureLoggedIn("acme-ann", () => new Promise((resolve) => (give = resolve))));
  await until(() => give);
  await kiosk.logOut();
  await kiosk.ensureLoggedIn("acme-ann", () => app.jwt(ann));
  give(app.jwt(ann));
  assert.equal((await first).code, "superseded");
  assert.equal(kiosk.isLoggedIn({ id: "acme-ann" }), true);
});

test("who logs in after a log out comes when the log out is done", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const sent = [];
  const noting = (url, init) => (sent.push(`${init.method} ${new URL(url).pathname}`), fetch(url, init));
  const kiosk = app.visitor({ fetch: noting });
  await kiosk.logIn(app.jwt(ann));
  const { id } = await kiosk.startConversation("private");
  const slow = hold("DELETE", "/session");
  sent.length = 0;
  const coming = kiosk.logOutThenLogIn(app.jwt(ben));
  const asking = kiosk.conversations(); // waits until Ben is here
  await slow.arrived;
  await someTime(app, id);
  assert.deepEqual(sent, ["DELETE /acquaint/v1/session"]);
  slow.release();
  await coming;
  assert.deepEqual((await asking).items, []);
});

test("what somebody is saying when they log in is said, and becomes theirs", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const phone = app.visitor({ fetch });
  const { id } = await phone.startConversation("first");
  const slow = hold("POST", "/messages");
  const posting = phone.post(id, "second");
  await slow.arrived;
  const logIn = phone.logIn(app.jwt(ann));
  await someTime(app, id);
  slow.release();
  assert.equal((await posting).text, "second");
  await logIn;
  const texts = (await phone.history(id)).items.filter((it) => it.author === "user").map((it) => it.text);
  assert.deepEqual(texts, ["second", "first"]);
});

test("what was asked before somebody logged in is not answered to them, here or on the other page", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const storage = memoryStorage();
  const [left, right] = [app.visitor({ storage, fetch }), app.visitor({ storage })];
  await left.startConversation("anonymous");

  const slow = hold("GET", "/conversations", { afterwards: true });
  const reading = refused(left.conversations());
  await slow.arrived;
  await right.logIn(app.jwt(ann));
  slow.release();
  assert.equal((await reading).code, "superseded");

  await left.logOut();
  await left.startConversation("anonymous again");
  const slower = hold("GET", "/conversations", { afterwards: true });
  const another = refused(left.conversations());
  await slower.arrived;
  await left.logIn(app.jwt(ann));
  slower.release();
  assert.equal((await another).code, "superseded");
});

test("what nobody in particular was about to say is not said by Ann", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const storage = memoryStorage();
  const [left, right] = [app.visitor({ storage, fetch }), app.visitor({ storage })];
  const { id } = await left.startConversation("anonymous");
  const slow = hold("POST", "/messages");
  const posting = refused(left.post(id, "I hate Ann"));
  await slow.arrived;
  await right.logIn(app.jwt(ann)); // which ends the anonymous session
  slow.release();
  assert.ok(["session_ended", "superseded", "not_found"].includes((await posting).code));
  assert.deepEqual((await right.history(id)).items.map((it) => it.text), ["anonymous"]);
});

test("the secret that Ann's browser was known by is not Ben's, though Ann never logged out", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  const device = () => JSON.parse(storage.getItem(storage.keys()[0])).device;
  const [kiosk, anns] = [app.visitor({ storage }), app.visitor()];
  await kiosk.logIn(app.jwt(ann));
  await anns.logIn(app.jwt(ann));
  await anns.endOtherSessions();
  assert.equal((await refused(kiosk.me())).code, "session_ended");
  const before = device();
  await kiosk.logIn(app.jwt(ann));
  assert.equal(device(), before); // she came back
  await anns.endOtherSessions();
  assert.equal((await refused(kiosk.me())).code, "session_ended");
  await kiosk.logIn(app.jwt(ben));
  assert.notEqual(device(), before);
});

test("a login finds the storage emptied meanwhile, and lets nobody in", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const storage = memoryStorage();
  const phone = app.visitor({ fetch, storage });
  await phone.startConversation("anonymous");
  const slow = hold("POST", "/sessions", { afterwards: true });
  const logIn = refused(phone.logIn(app.jwt(ann)));
  await slow.arrived;
  storage.removeItem(storage.keys()[0]); // as another tab does, whose event is yet to come
  slow.release();
  assert.equal((await logIn).code, "superseded");
  assert.equal(phone.state.status, "nobody");
  assert.deepEqual(storage.keys(), []);
});

test("where pages cannot take turns, the one that began first is the visitor on both", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const storage = memoryStorage();
  const elsewhere = { ...storage }; // the same keys, and another page that knows nothing of this one
  const [slow, quick] = [app.visitor({ storage, fetch }), app.visitor({ storage: elsewhere })];
  const held = hold("POST", "/sessions", { afterwards: true });
  const starting = slow.startConversation("slow");
  await held.arrived;
  await quick.startConversation("quick");
  held.release();
  await starting;
  assert.equal(slow.state.session.id, quick.state.session.id);
  assert.equal((await quick.conversations()).items.length, 2);
});

test("what one page does, the other one of the same storage knows", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  const [left, right] = [app.visitor({ storage }), app.visitor({ storage })];
  const seen = [];
  right.onAuthStateChange((state) => seen.push(state.status));
  await left.startConversation("anonymous");
  await until(() => right.state.status === "anonymous");
  await left.logIn(app.jwt(ann));
  await until(() => right.isLoggedIn({ userId: "acme-ann" }));
  assert.equal((await right.conversations()).items.length, 1);
  await right.logOut();
  await until(() => left.state.status === "nobody");
  assert.deepEqual(seen, ["nobody", "anonymous", "anonymous", "verified", "nobody"]);
  assert.deepEqual(await left.conversations(), { items: [], next: null });
});

test("a log out on one page overtakes a login on the other", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const storage = memoryStorage();
  const [left, right] = [app.visitor({ storage, fetch }), app.visitor({ storage })];
  await left.startConversation("anonymous");
  const slow = hold("POST", "/sessions", { afterwards: true });
  const logIn = left.logIn(app.jwt(ann));
  await slow.arrived;
  const gone = right.logOut();
  slow.release();
  assert.equal((await refused(logIn)).code, "superseded");
  await gone;
  assert.equal(left.state.status, "nobody");
  assert.deepEqual(storage.keys(), []);
});

test("a listener that throws keeps nobody else from hearing", async (t) => {
  const app = await acme(t);
  const thrown = [];
  const keep = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", (error) => thrown.push(error.message));
  t.after(() => keep.forEach((it) => process.on("uncaughtException", it)));
  const phone = app.visitor();
  await phone.logIn(app.jwt(ann));
  const heard = [];
  const stop = phone.onAuthStateChange((state) => {
    if (state.status === "nobody") throw new Error("the listener's own");
  });
  phone.onAuthStateChange((state) => heard.push(state.status));
  await phone.logOut();
  assert.deepEqual(heard, ["nobody"]);
  assert.deepEqual(thrown, ["the listener's own"]);
  stop();
});

/** The server does something else meanwhile: whatever was not waiting has happened by then. */
async function someTime(app, id) {
  for (let times = 0; times < 5; times += 1) await app.answer({ id }, "meanwhile");
}
