/** What people say, and the files they send. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { acme, ann, ben, refused, until } from "./acme.mjs";

test("a visitor and the App's people talk", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  const conversation = await phone.startConversation("Hello", { title: "An order", payload: { order: 4711 } });
  assert.equal(conversation.title, "An order");
  assert.equal(conversation.kind, "support");
  assert.deepEqual(conversation.last_message.payload, { order: 4711 });

  const answer = await app.answer(conversation, "Hi Ann");
  assert.equal((await phone.conversation(conversation.id)).unread, 1);
  assert.deepEqual(await phone.markRead(conversation.id, answer.id), { last_read_id: answer.id });
  assert.deepEqual(await phone.markReceived(conversation.id, answer.id), { last_received_id: answer.id });
  assert.equal((await phone.conversation(conversation.id)).unread, 0);

  const page = await phone.history(conversation.id, { limit: 1 });
  assert.deepEqual(page.items.map((it) => [it.author, it.text]), [["operator", "Hi Ann"]]);
  const rest = await phone.history(conversation.id, { limit: 1, after: page.next });
  assert.deepEqual(rest.items.map((it) => it.text), ["Hello"]);
  const oldest = await phone.history(conversation.id, { order: "oldest" });
  assert.deepEqual(oldest.items.map((it) => it.text), ["Hello", "Hi Ann"]);
});

test("a message whose answer is lost is said once", async (t) => {
  const app = await acme(t);
  let lost = 0;
  const fetch = async (url, init) => {
    const answer = await globalThis.fetch(url, init);
    const isWrite = init.method === "POST" && /conversations|messages/.test(url);
    if (isWrite && (lost += 1) % 2 === 1) throw new TypeError("the network is gone");
    return answer;
  };
  const phone = app.visitor({ fetch });
  const { id } = await phone.startConversation("Hello"); // lost, and repeated under its key
  await phone.post(id, "second"); // lost, and repeated under its client id
  assert.equal(lost, 4);
  assert.deepEqual((await phone.history(id)).items.map((it) => it.text), ["second", "Hello"]);
  assert.equal((await phone.conversations()).items.length, 1);
});

test("a failed message is tried again under the same id, and is said once", async (t) => {
  const app = await acme(t);
  let isLost = false;
  const fetch = async (url, init) => {
    const answer = await globalThis.fetch(url, init);
    if (isLost) throw new TypeError("the network is gone");
    return answer;
  };
  const phone = app.visitor({ fetch, attempts: 1 });
  const { id } = await phone.startConversation("Hello");
  isLost = true;
  const failed = await refused(phone.post(id, "again", { clientId: "mine-1" }));
  assert.equal(failed.isOffline, true);
  isLost = false;
  assert.equal((await phone.post(id, "again", { clientId: "mine-1" })).client_id, "mine-1");
  assert.deepEqual((await phone.history(id)).items.map((it) => it.text), ["again", "Hello"]);
});

test("what could be done twice is not sent again", async (t) => {
  const app = await acme(t);
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    throw new TypeError("the network is gone");
  };
  await refused(app.visitor({ fetch }).logIn(app.jwt(ann)));
  assert.equal(asked, 1);
});

test("Retry-After is obeyed, and a long one is told at once", async (t) => {
  const app = await acme(t);
  const waits = [0, 3600];
  const fetch = async (url, init) => {
    if (!waits.length || !url.includes("/conversations")) return globalThis.fetch(url, init);
    const headers = { "content-type": "application/problem+json", "retry-after": String(waits.shift()) };
    return new Response(JSON.stringify({ code: "too_many_requests", detail: "Slowly." }), { status: 429, headers });
  };
  const phone = app.visitor({ fetch });
  const error = await refused(phone.startConversation("Hello"));
  assert.equal(error.code, "too_many_requests");
  assert.equal(error.retryAfter, 3600);
  await phone.startConversation("Hello");
});

test("a request that takes too long is given up", async (t) => {
  const app = await acme(t);
  const fetch = (url, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(new TypeError("aborted"))));
  const error = await refused(app.visitor({ fetch, timeout: 50, attempts: 1 }).startConversation("Hello"));
  assert.equal(error.code, "timed_out");
});

test("messages are changed and taken back", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  await phone.logIn(app.jwt(ann));
  const { id } = await phone.startConversation("Hallo");
  const said = await phone.post(id, "worlt");
  assert.equal((await phone.edit(id, said.id, "world")).text, "world");
  await phone.deleteMessage(id, said.id);
  const [gone] = (await phone.history(id)).items;
  assert.ok(gone.deleted_at);
  await phone.clear(id);
  assert.deepEqual((await phone.history(id)).items, []);
});

test("people talk with each other", async (t) => {
  const app = await acme(t);
  const [anns, bens] = [app.visitor(), app.visitor()];
  await anns.logIn(app.jwt(ann));
  await bens.logIn(app.jwt(ben));
  const group = await anns.startConversation("Hi", { conversationKind: "group", title: "Rowing", users: [bens.state.user.id] });
  assert.equal((await bens.conversations()).items[0].title, "Rowing");
  await anns.removeMember(group.id, bens.state.user.id);
  assert.deepEqual((await bens.conversations()).items, []);
  await anns.addMembers(group.id, [bens.state.user.id]);
  await bens.leave(group.id);
  assert.equal((await refused(bens.conversation(group.id))).code, "not_found");
});

test("a file is shared, and what is no address of the web is none", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  const { id } = await phone.startConversation();
  const message = await phone.share(id, new File(["where is it?"], "Größe & Co.txt", { type: "text/plain" }));
  const [file] = message.payload.files;
  assert.equal(file.name, "Größe & Co.txt");
  assert.equal(file.size, 12);
  assert.equal(message.text, "Größe & Co.txt");
  const found = await fetch(phone.addressOf(file.url));
  assert.equal(await found.text(), "where is it?");

  const bytes = await phone.upload(new Uint8Array([1, 2, 3]), { name: "three" });
  assert.equal(bytes.size, 3);
  for (const url of ["javascript:alert(1)", "data:text/html,x", "blob:x", "", null, 7, "https://"]) {
    assert.equal(phone.addressOf(url), null);
  }
  assert.equal(phone.addressOf("https://example.com/a.png"), "https://example.com/a.png");

  const stop = new AbortController();
  stop.abort();
  assert.equal((await refused(phone.upload(new Blob(["x"]), { name: "x", signal: stop.signal }))).code, "aborted");
});

test("one's profile, and where one is logged in", async (t) => {
  const app = await acme(t);
  const [phone, laptop] = [app.visitor(), app.visitor()];
  await phone.logIn(app.jwt(ann));
  await laptop.logIn(app.jwt(ann));
  await phone.changeProfile({ name: "Ann A." });
  assert.equal(phone.state.user.name, "Ann A.");
  assert.equal((await laptop.me()).user.name, "Ann A.");
  const other = (await phone.sessions()).find((it) => !it.is_current);
  await phone.endSession(other.id);
  await until(async () => (await laptop.conversations().catch((error) => error.code)) === "session_ended");
  assert.equal(await phone.endOtherSessions(), 0);
});

test("what cannot be an id names no other route", async (t) => {
  const app = await acme(t);
  const phone = app.visitor();
  const { id } = await phone.startConversation("Hello");
  for (const bad of ["../session", "1/../../session", "", "%2e%2e", "x?y=1", undefined]) {
    assert.equal((await refused(phone.history(bad))).code, "not_found");
    assert.equal((await refused(phone.edit(id, bad, "x"))).code, "not_found");
  }
});
