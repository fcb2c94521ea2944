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

test("logging in after logging out never brings the one into the other", async (t) => {
  const app = await acme(t);
  const { fetch, hold } = slowNetwork();
  const kiosk = app.visitor({ fetch });
  await kiosk.logIn(app.jwt(ann));
  await kiosk.startConversation("private");
  const slow = hold("DELETE", "/session");
  const coming = kiosk.logOutThenLogIn(app.jwt(ben));
  await slow.arrived;
  const asking = kiosk.conversations(); // waits until Ben is here
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
  slow.release();
  assert.equal((await posting).text, "second");
  await logIn;
  assert.deepEqual((await phone.history(id)).items.map((it) => it.text), ["second", "first"]);
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
