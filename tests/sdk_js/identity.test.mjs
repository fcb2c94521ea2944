/** Who is here: coming, going, and what is seen meanwhile. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { acme, ann, ben, gateway, isOpen, memoryStorage, refused, tokensIn } from "./acme.mjs";

test("nobody is made for looking", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  let asked = 0;
  const fetch = (...request) => ((asked += 1), globalThis.fetch(...request));
  const phone = app.visitor({ storage, fetch, userData: { name: "Ann" } });

  assert.equal(phone.state.status, "nobody");
  assert.deepEqual(await phone.conversations(), { items: [], next: null });
  assert.equal(await phone.me(), null);
  assert.equal((await refused(phone.conversation("1"))).code, "needs_user");
  assert.equal((await refused(phone.changeProfile({ name: "Ann" }))).code, "needs_user");
  assert.equal((await refused(phone.upload(new Blob(["x"]), { name: "x" }))).code, "needs_user");
  assert.equal(phone.isLoggedIn({ userId: "acme-ann" }), false);
  assert.equal(asked, 0);
  assert.deepEqual(storage.keys(), []);
});

test("a phone starts anonymously, logs in, and the tablet sees it", async (t) => {
  const app = await acme(t);
  const [phone, tablet] = [app.visitor(), app.visitor()];
  const started = await phone.startConversation("Hello, where is my order?");
  assert.equal(phone.state.status, "anonymous");
  assert.equal(started.last_message.sender_id, phone.state.user.id);

  const state = await phone.logIn(app.jwt(ann));
  assert.equal(state.status, "verified");
  assert.equal(state.user.name, "Ann Archer");
  assert.deepEqual((await phone.conversations()).items.map((it) => it.id), [started.id]);

  await tablet.logIn(app.jwt(ann));
  const [seen] = (await tablet.conversations()).items;
  assert.equal(seen.last_message.text, "Hello, where is my order?");
});

test("who is logged in is known without the network, and exactly", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  await phone.logIn(app.jwt(ann));
  assert.equal(phone.isLoggedIn({ userId: "acme-ann" }), true);
  assert.equal(phone.isLoggedIn({ id: "acme-ann" }), true);
  assert.equal(phone.isLoggedIn({ externalId: "acme-ann" }), true);
  assert.equal(phone.isLoggedIn({ userId: "ACME-ANN" }), false);
  assert.equal(phone.isLoggedIn({ userId: "acme-ben" }), false);
  for (const nobody of [{}, { userId: "" }, { userId: null, email: undefined }, { email: " " }]) {
    assert.equal(phone.isLoggedIn(nobody), false);
  }
  await phone.logOutThenLogIn(app.jwt(ben, { by: "email" }));
  assert.equal(phone.isLoggedIn({ email: " BEN@example.com " }), true);
  assert.equal(phone.isLoggedIn({ email: "ann@example.com", userId: "acme-ann" }), false);
});

test("a login that is refused changes nothing, and says why", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  const phone = app.visitor({ storage });
  await phone.startConversation("anonymous");
  const before = storage.getItem(storage.keys()[0]);

  const stale = await refused(phone.logIn(app.jwt(ann, { age: 3600 })));
  assert.equal(stale.code, "token_stale");
  assert.equal(stale.status, 401);
  assert.equal(Math.round(stale.evidence.skew_seconds / 60), 60);
  assert.ok(stale.evidence.allowed_seconds > 0);
  assert.ok(stale.requestId);
  const forged = await refused(phone.logIn(`${app.jwt(ann).slice(0, -4)}AAAA`));
  assert.equal(forged.code, "token_refused");
  assert.equal((await refused(phone.logIn("no token"))).status, 401);

  assert.equal(phone.state.status, "anonymous");
  assert.equal(phone.isLoggedIn({ userId: "acme-ann" }), false);
  assert.equal(storage.getItem(storage.keys()[0]), before);
});

test("somebody else logs in only after a log out, and sees nothing of before", async (t) => {
  const app = await acme(t);
  const kiosk = app.visitor();
  await kiosk.startConversation("anonymous");
  await kiosk.logIn(app.jwt(ann));
  await kiosk.startConversation("private");

  assert.equal((await refused(kiosk.logIn(app.jwt(ben)))).code, "already_signed_in");
  assert.equal(kiosk.isLoggedIn({ userId: "acme-ann" }), true);
  assert.equal((await kiosk.logIn(app.jwt(ann))).status, "verified"); // once more is fine

  await kiosk.logOutThenLogIn(app.jwt(ben));
  assert.equal(kiosk.isLoggedIn({ userId: "acme-ben" }), true);
  assert.deepEqual((await kiosk.conversations()).items, []);
  await kiosk.logOut();
  await kiosk.startConversation("the next one");
  assert.equal((await kiosk.conversations()).items.length, 1);
});

test("who logs out and then logs in is nobody when the login fails", async (t) => {
  const app = await acme(t);
  const kiosk = app.visitor();
  await kiosk.logIn(app.jwt(ann));
  assert.equal((await refused(kiosk.logOutThenLogIn("no token"))).status, 401);
  assert.equal(kiosk.state.status, "nobody");
  assert.deepEqual(await kiosk.conversations(), { items: [], next: null });
});

test("ensureLoggedIn asks for a token only when it must", async (t) => {
  const app = await acme(t);
  const kiosk = app.visitor();
  let fetched = 0;
  const fetches = (person, more) => () => ((fetched += 1), app.jwt(person, more));

  await Promise.all([1, 2, 3].map(() => kiosk.ensureLoggedIn("acme-ann", fetches(ann))));
  await kiosk.ensureLoggedIn({ userId: "acme-ann" }, fetches(ann));
  assert.equal(fetched, 1);
  await kiosk.startConversation("private");

  await kiosk.ensureLoggedIn("ben@example.com", fetches(ben, { by: "email" }));
  assert.equal(fetched, 2);
  assert.deepEqual((await kiosk.conversations()).items, []);

  const wrong = await refused(kiosk.ensureLoggedIn("acme-ann", fetches(ben)));
  assert.equal(wrong.code, "somebody_else");
  assert.equal(kiosk.state.status, "nobody");

  const ages = [3600, 0];
  await kiosk.ensureLoggedIn("acme-ann", () => app.jwt(ann, { age: ages.shift() }));
  assert.deepEqual(ages, []);
  assert.equal(kiosk.isLoggedIn({ id: "acme-ann" }), true);
});

test("somebody else's chat is gone before their successor's token is there", async (t) => {
  const app = await acme(t);
  const kiosk = app.visitor();
  await kiosk.logIn(app.jwt(ann));
  const failure = await refused(
    kiosk.ensureLoggedIn("acme-ben", () => {
      assert.equal(kiosk.state.status, "nobody");
      throw new Error("the backend is down");
    }),
  );
  assert.equal(failure.message, "the backend is down");
  assert.equal(kiosk.state.status, "nobody");
});

test("what was said anonymously is kept for whom ensureLoggedIn logs in", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  const { id } = await phone.startConversation("anonymous");
  await phone.ensureLoggedIn("acme-ann", async () => app.jwt(ann));
  assert.deepEqual((await phone.conversations()).items.map((it) => it.id), [id]);
});

test("a login outlives the page, and the signed token is not kept", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  const jwt = app.jwt(ann);
  const first = app.visitor({ storage });
  await first.logIn(jwt);
  const { id } = await first.startConversation("private");
  first.close();

  const second = app.visitor({ storage });
  assert.equal(second.isLoggedIn({ userId: "acme-ann" }), true);
  assert.equal((await second.conversation(id)).last_message.text, "private");
  for (const key of storage.keys()) assert.ok(!storage.getItem(key).includes(jwt));
});

test("what the page knows of a visitor is said with the first thing they do, and proves nothing", async (t) => {
  const app = await acme(t);
  const [anns, eves] = [app.visitor(), app.visitor({ userData: { name: "Ann", email: ann.email } })];
  await anns.logIn(app.jwt(ann, { by: "email" }));
  await anns.startConversation("private");

  await eves.startConversation("Hello, I am Ann");
  assert.equal(eves.state.status, "claimed");
  assert.equal(eves.state.user.claimed.email, ann.email);
  assert.equal(eves.state.user.identifiers.email, null);
  assert.equal(eves.isLoggedIn({ email: ann.email }), false);
  assert.equal((await eves.conversations()).items.length, 1);

  await eves.sayWhoIAm({ name: "Eve" });
  assert.equal(eves.state.user.claimed.name, "Eve");
});

test("what the page knows is forgotten by a log out, and unsaid to whom the App vouches for", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  phone.setUserData({ name: "Ann" });
  await phone.logOut();
  await phone.startConversation("next");
  assert.equal(phone.state.user.claimed.name, null);

  await phone.logIn(app.jwt(ann));
  phone.setUserData({ name: "Somebody" });
  await phone.startConversation("mine");
  assert.equal((await phone.me()).user.claimed.name, null);
});

test("user data that the server refuses does not keep anybody from talking", async (t) => {
  t.mock.method(console, "warn", () => {});
  const app = await acme(t);
  const phone = app.visitor({ userData: { email: "no address" } });
  await phone.startConversation("Hello");
  assert.equal(phone.state.status, "anonymous");
  assert.match(console.warn.mock.calls[0].arguments[0], /unacceptable/);
});

test("what could not be said of a visitor for want of a network goes along the next time, unless they left", async (t) => {
  const app = await acme(t);
  const way = await gateway(t);
  const phone = app.visitor({ url: way.url, attempts: 1 });
  const { id } = await phone.startConversation("Hello");
  phone.setUserData({ name: "Ann" });
  way.cut();
  assert.equal((await refused(phone.post(id, "again"))).isOffline, true);
  way.mend();
  await phone.post(id, "again");
  assert.equal(phone.state.user.claimed.name, "Ann");

  phone.setUserData({ name: "Eve" });
  way.cut();
  const posting = refused(phone.post(id, "more"));
  await phone.logOut();
  assert.ok(["superseded", "offline"].includes((await posting).code));
  way.mend();
  await phone.startConversation("the next one");
  assert.equal(phone.state.user.claimed.name, null);
});

test("a session that the App's server vouched for is taken over", async (t) => {
  const app = await acme(t);
  const identifiers = { external_id: ann.external_id };
  const admission = await app.backend("POST", "/app/sessions", { identifiers, name: ann.name });
  const [laptop, phone] = [app.visitor(), app.visitor()];
  await laptop.takeOver(admission);
  assert.equal(laptop.isLoggedIn({ userId: "acme-ann" }), true);
  await phone.takeOver(admission.token);
  assert.equal(phone.state.user.name, "Ann Archer");
  assert.equal((await refused(phone.takeOver("acqs_nonsense"))).status, 401);
  assert.equal(phone.isLoggedIn({ userId: "acme-ann" }), true);

  const bens = await app.backend("POST", "/app/sessions", { identifiers: { external_id: ben.external_id } });
  assert.equal((await refused(phone.takeOver(bens))).code, "already_signed_in");
});

test("passwords let in as well", async (t) => {
  const app = await acme(t);
  const password = "a rowing boat at dawn";
  const phone = app.visitor();
  await phone.logInWithPassword({ login: "ann", password, register: true });
  assert.equal(phone.state.status, "verified");
  assert.equal((await refused(phone.logInWithPassword({ login: "ben", password }))).code, "already_signed_in");
  await phone.logOut();
  assert.equal((await refused(phone.logInWithPassword({ login: "ann", password: "wrong and long enough" }))).code, "invalid_credentials");
  await phone.logInWithPassword({ login: "ann", password });
  assert.equal(phone.state.user.identifiers.login, "ann");
});

test("workspaces are apart, and a log out is all of theirs", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  const phone = app.visitor({ storage, workspace: "berlin" });
  await phone.startConversation("in Berlin");
  await phone.useWorkspace("paris");
  assert.equal(phone.state.status, "nobody");
  assert.equal(phone.state.workspace, "paris");
  assert.deepEqual((await phone.conversations()).items, []);
  const paris = await phone.startConversation("in Paris");
  assert.equal(paris.workspace, "paris");

  await phone.useWorkspace("berlin");
  assert.deepEqual((await phone.conversations()).items.map((it) => it.last_message.text), ["in Berlin"]);
  const tokens = tokensIn(storage);
  assert.equal(tokens.length, 2);
  await phone.logOut();
  assert.deepEqual(await Promise.all(tokens.map(isOpen)), [false, false]);
  await phone.useWorkspace("paris");
  assert.equal(phone.state.status, "nobody");
});

test("a session that was ended elsewhere is not replaced in silence, if somebody was logged in", async (t) => {
  const app = await acme(t);
  const [phone, laptop] = [app.visitor(), app.visitor()];
  await phone.logIn(app.jwt(ann));
  await laptop.logIn(app.jwt(ann));
  const states = [];
  phone.onAuthStateChange((state) => states.push(state.status));
  assert.equal(await laptop.endOtherSessions(), 1);

  assert.equal((await refused(phone.startConversation("Hello"))).code, "session_ended");
  assert.equal((await refused(phone.conversations())).code, "session_ended");
  assert.equal(phone.state.status, "ended");
  assert.equal(phone.isLoggedIn({ userId: "acme-ann" }), false);
  assert.deepEqual(states, ["verified", "ended"]);

  await phone.logIn(app.jwt(ben)); // there is nobody to log out any more
  assert.deepEqual((await phone.conversations()).items, []);
});

test("an anonymous session that has ended begins anew, as the same visitor", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  const phone = app.visitor({ storage });
  const { id } = await phone.startConversation("anonymous");
  const users = phone.state.user.id;
  const [session] = await phone.sessions();
  const [token] = tokensIn(storage);
  await phone.endSession(session.id);
  assert.equal(await isOpen(token), false);

  await phone.post(id, "still me");
  assert.equal(phone.state.user.id, users);
  assert.notEqual(tokensIn(storage)[0], token);
});

test("the clocks are compared on the way", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  assert.equal(phone.skew, null);
  mock.timers.enable({ apis: ["Date"], now: Date.now() - 3_600_000 });
  t.after(() => mock.timers.reset());
  const error = await refused(phone.logIn(app.jwt(ann, { age: 0 })));
  assert.equal(error.code, "token_stale");
  assert.ok(Math.abs(error.skew - 3600) < 10, `${error.skew}`);
  assert.ok(Math.abs(phone.skew - 3600) < 10);
  assert.match(error.message, /clock is 3\d\d\d s behind the server's/);
});

test("without a network one hears so, and nothing is half done", async (t) => {
  const app = await acme(t);
  const way = await gateway(t);
  const storage = memoryStorage();
  const phone = app.visitor({ url: way.url, storage, attempts: 1 });
  way.cut();
  const error = await refused(phone.startConversation("Hello"));
  assert.equal(error.code, "offline");
  assert.equal(error.status, null);
  assert.equal(error.isOffline, true);
  assert.equal((await refused(phone.logIn(app.jwt(ann)))).isOffline, true);
  assert.equal(phone.state.status, "nobody");
  assert.deepEqual(storage.keys(), []);
  way.mend();
  await phone.startConversation("Hello");
});

test("addresses that are none are refused at once", async (t) => {
  const app = await acme(t);
  for (const url of ["chat.example.com", "ftp://chat.example.com", "https://chat.example.com?x=1", ""]) {
    assert.throws(() => app.visitor({ url }), TypeError);
  }
  assert.throws(() => app.visitor({ app: "" }), TypeError);
  assert.equal((await refused(app.visitor({ app: "nobody-s" }).startConversation("x"))).code, "unknown_app");
  const astray = app.visitor({ url: `${app.url}/elsewhere` });
  assert.equal((await refused(astray.startConversation("x"))).code, "strange_answer");
});
