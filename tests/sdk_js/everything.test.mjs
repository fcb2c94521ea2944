/**
 * What a visitor may do beside talking with the App's people; and that it is all that the native API lets them do:
 * every request of these tests is noted, and the last one compares.
 */

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { Client } from "../../sdk/js/src/index.js";
import { acme, ann, ben, isOpen, memoryStorage, refused, tokensIn, until } from "./acme.mjs";

const README = await readFile(new URL("../../sdk/js/README.md", import.meta.url), "utf8");
const PASSWORD = "a rowing boat at dawn";
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** @type {Set<string>} */
const asked = new Set();

const noting = async (url, init) => {
  const answer = await fetch(url, init);
  if (answer.ok) asked.add(`${init.method} ${new URL(url).pathname}`);
  return answer;
};

/** Somebody at a device of their own, logged in. */
async function somebody(app, person) {
  const client = app.visitor({ fetch: noting });
  await client.logIn(app.jwt(person));
  return client;
}

test("Ann registers, changes her password, and is logged out elsewhere", async (t) => {
  const app = await acme(t);
  const [storage, other] = [memoryStorage(), memoryStorage()];
  const [phone, laptop] = [app.visitor({ fetch: noting, storage }), app.visitor({ fetch: noting, storage: other })];
  const { id } = await phone.startConversation("anonymous");
  const state = await phone.register({ login: "ann", password: PASSWORD, name: "Ann" });
  assert.deepEqual([state.status, state.user.name, state.user.identifiers.login], ["verified", "Ann", "ann"]);
  assert.equal((await phone.conversation(id)).last_message.text, "anonymous"); // said on this device
  assert.equal((await refused(phone.register({ login: "eve", password: PASSWORD }))).code, "already_signed_in");
  assert.equal((await refused(laptop.register({ login: "ann", password: PASSWORD }))).code, "identifier_taken");
  assert.equal(laptop.state.status, "nobody");

  await laptop.logInWithPassword({ login: "ann", password: PASSWORD });
  const [token] = tokensIn(other);
  assert.equal((await refused(phone.changePassword("wrong and long enough", "a goat in the snow"))).code, "invalid_credentials");
  await phone.changePassword(PASSWORD, "a goat in the snow");
  assert.equal(await isOpen(token), false);
  assert.equal((await phone.me()).user.identifiers.login, "ann");
  assert.equal((await refused(app.visitor().changePassword(PASSWORD, "x"))).code, "needs_user");
});

test("Ann forgot her password, and chooses a new one with what she was mailed", async (t) => {
  const app = await acme(t);
  const phone = app.visitor({ fetch: noting });
  const email = "ann.forgets@example.com";
  await phone.register({ email, password: PASSWORD });
  await phone.logOut();
  await phone.askForNewPassword("nobody@example.com"); // the same answer
  await phone.askForNewPassword(email);
  assert.equal(phone.state.status, "nobody");
  const ticket = await mailedTo(email);
  assert.equal((await refused(phone.chooseNewPassword(ticket, "short"))).code, "unacceptable");
  await phone.chooseNewPassword(ticket, "a goat in the snow");
  assert.equal((await refused(phone.chooseNewPassword(ticket, "a goat in the rain"))).code, "ticket_refused");
  assert.equal((await refused(phone.logInWithPassword({ email, password: PASSWORD }))).code, "invalid_credentials");
  await phone.logInWithPassword({ email, password: "a goat in the snow" });
  assert.equal((await phone.logInWithPassword({ email, password: "a goat in the snow" })).status, "verified"); // once more is fine
  phone.close();
  assert.equal((await refused(phone.askForNewPassword(email))).code, "closed");
});

test("Ann confirms her address, and is let in", async (t) => {
  const app = await acme(t);
  await app.backend("PATCH", "/app/policy", { requires_confirmed_emails: true });
  const phone = app.visitor({ fetch: noting });
  const email = "ann.confirms@example.com";
  for (const comes of [() => phone.register({ email, password: PASSWORD }), () => phone.logInWithPassword({ email, password: PASSWORD })]) {
    assert.equal((await refused(comes())).code, "address_unconfirmed");
    assert.equal(phone.state.status, "nobody");
  }
  await phone.askForConfirmation("nobody@example.com"); // the same answer
  const ticket = await mailedTo(email);
  assert.equal((await refused(phone.confirmEmail(ticket, "a goat in the snow"))).code, "invalid_credentials");
  await phone.confirmEmail(ticket, PASSWORD);
  assert.equal((await refused(phone.confirmEmail(ticket, PASSWORD))).code, "ticket_refused");
  assert.equal((await phone.logInWithPassword({ email, password: PASSWORD })).user.identifiers.email, email);
});

test("a guest is somebody for a day, and not known again", async (t) => {
  const app = await acme(t);
  const phone = app.visitor({ fetch: noting });
  const state = await phone.comeInAsGuest("Visitor 7");
  assert.deepEqual([state.status, state.user.name, state.user.is_guest], ["anonymous", "Visitor 7", true]);
  await phone.startConversation("Hello");
  await phone.logIn(app.jwt(ann));
  assert.equal((await refused(phone.comeInAsGuest())).code, "already_signed_in");
});

test("whom a provider vouches for comes in, and nobody else while somebody is here", async (t) => {
  const app = await acme(t);
  const idp = createServer(({ headers }, answer) => {
    const uid = { "Bearer anns": ann.external_id, "Bearer bens": ben.external_id }[headers.authorization];
    answer.writeHead(uid ? 200 : 401, { "Content-Type": "application/json" }).end(JSON.stringify({ uid }));
  });
  await new Promise((resolve) => idp.listen(0, "127.0.0.1", resolve));
  t.after(() => (idp.close(), idp.closeAllConnections()));
  const settings = {
    endpoint: `http://127.0.0.1:${idp.address().port}/me`,
    method: "GET",
    request_headers: { Authorization: "Bearer #{login}" },
    response_params: { uid: "#{uid}" },
  };
  await app.backend("PUT", "/app/providers", { name: "custom", kind: "custom", settings });
  const storage = memoryStorage();
  const phone = app.visitor({ fetch: noting, storage });
  const { id } = await phone.startConversation("anonymous");
  assert.equal((await refused(phone.logInWithProvider("custom", { login: "nobody's" }))).status, 401);
  assert.equal(phone.state.status, "anonymous");
  await phone.logInWithProvider("custom", { login: "anns" });
  assert.equal(phone.isLoggedIn({ userId: "acme-ann" }), true);
  assert.equal((await phone.conversation(id)).last_message.text, "anonymous");
  const kept = storage.getItem(storage.keys()[0]);
  assert.equal((await refused(phone.logInWithProvider("custom", { login: "bens" }))).code, "already_signed_in");
  assert.equal(phone.isLoggedIn({ userId: "acme-ann" }), true);
  assert.equal(storage.getItem(storage.keys()[0]), kept);
  await phone.logInWithProvider("custom", { login: "anns" });
});

test("Ann shows a face, and is gone when she says so", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  const phone = app.visitor({ fetch: noting, storage });
  assert.equal((await refused(phone.changeAvatar(PICTURE))).code, "needs_user");
  await phone.logIn(app.jwt(ann));
  const { avatar_url } = await phone.changeAvatar(new Blob([PICTURE], { type: "image/png" }));
  assert.equal(phone.state.user.avatar_url, avatar_url);
  const picture = await fetch(phone.addressOf(avatar_url));
  assert.match(picture.headers.get("content-type"), /^image\//);
  await phone.changeProfile({ avatar_url: null });
  assert.equal(phone.state.user.avatar_url, null);

  const { id } = phone.state.user;
  const [token] = tokensIn(storage);
  assert.deepEqual(await phone.deleteOneself(), { toldServer: true, wiped: true });
  assert.equal(phone.state.status, "nobody");
  assert.deepEqual(storage.keys(), []);
  assert.equal(await isOpen(token), false);
  await phone.logIn(app.jwt(ann));
  assert.notEqual(phone.state.user.id, id);
  assert.equal((await refused(app.visitor().deleteOneself())).code, "needs_user");
});

test("a group has an owner, who says how it looks and who speaks for it", async (t) => {
  const app = await acme(t);
  const [anns, bens] = [await somebody(app, ann), await somebody(app, ben)];
  const them = bens.state.user.id;
  const { id } = await anns.startConversation("Hi", { conversationKind: "group", title: "Rowing", users: [them] });
  const looks = await anns.changeConversation(id, { title: "Rowing on Sunday", description: "At dawn.", is_managed: true });
  assert.deepEqual([looks.title, looks.description, looks.is_managed], ["Rowing on Sunday", "At dawn.", true]);
  assert.equal((await refused(bens.changeConversation(id, { title: "Ben's" }))).code, "not_allowed");
  const roles = (it) => it.members.map((one) => one.role).sort();
  assert.deepEqual(roles(await anns.changeRole(id, them, "admin")), ["admin", "owner"]);
  assert.equal((await bens.changeConversation(id, { description: null })).description, null);
  assert.deepEqual(roles(await anns.changeRole(id, them, "member")), ["member", "owner"]);
  await anns.removeMember(id, them);
  await anns.addMembers(id, [them]);
  assert.equal((await refused(bens.deleteConversation(id))).code, "not_allowed");
  await anns.deleteConversation(id);
  assert.equal((await refused(bens.conversation(id))).code, "not_found");
  assert.equal((await refused(anns.changeRole(id, "../x", "admin"))).code, "not_found");
});

test("a channel is joined by whoever was told of it, and left", async (t) => {
  const app = await acme(t);
  const [anns, bens] = [await somebody(app, ann), await somebody(app, ben)];
  const { id } = await anns.startConversation("News", { conversationKind: "channel", title: "News" });
  assert.equal((await refused(bens.conversation(id))).code, "not_found");
  assert.equal((await bens.join(id)).title, "News");
  assert.equal((await bens.history(id)).items[0].text, "News");
  await bens.leave(id);
  assert.deepEqual((await bens.conversations()).items, []);
});

test("what one does for oneself, nobody else notices", async (t) => {
  const app = await acme(t);
  const [anns, bens] = [await somebody(app, ann), await somebody(app, ben)];
  const { id } = await anns.startConversation("Hi", { conversationKind: "direct", users: [bens.state.user.id] });
  const muted = async () => (await anns.conversation(id)).is_muted;
  await anns.mute(id);
  assert.equal(await muted(), true);
  await anns.mute(id, false);
  assert.equal(await muted(), false);

  await anns.hide(id, { andClear: true });
  assert.deepEqual((await anns.conversations()).items, []);
  assert.equal((await bens.conversations()).items[0].last_message.text, "Hi");
  const said = await bens.post(id, "Are you there?");
  assert.equal((await anns.conversations()).items[0].id, id);
  assert.deepEqual((await anns.history(id)).items.map((it) => it.text), ["Are you there?"]);
  await anns.markRead(id, said.id);
  await anns.markReceived(id, said.id);
  await anns.clear(id);
  await bens.deleteMessage(id, said.id, { forOneself: true });
});

test("what people think of a message, and what they said before", async (t) => {
  const app = await acme(t);
  const [anns, bens] = [await somebody(app, ann), await somebody(app, ben)];
  const users = [bens.state.user.id];
  const { id, last_message } = await anns.startConversation("The café opens at nine", { conversationKind: "direct", users });
  assert.deepEqual(await bens.reactions(id, last_message.id), []);
  assert.deepEqual(await bens.react(id, last_message.id, "👍"), [{ sign: "👍", users }]);
  await anns.react(id, last_message.id, "👍");
  assert.deepEqual((await anns.reactions(id, last_message.id)).map((it) => [it.sign, it.users.length]), [["👍", 2]]);
  assert.equal((await bens.withdrawReaction(id, last_message.id, "👍"))[0].users.length, 1);

  const payload = { hours: 9 };
  const edited = await anns.edit(id, last_message.id, "The café opens at ten", { payload });
  assert.deepEqual([edited.text, edited.payload], ["The café opens at ten", payload]);
  const texts = async (...search) => (await bens.search(...search)).items.map((it) => it.text);
  assert.deepEqual(await texts("CAFE ten"), ["The café opens at ten"]);
  assert.deepEqual(await texts("cafe", { conversations: [id], since: new Date(0), limit: 1 }), ["The café opens at ten"]);
  assert.deepEqual(await texts("cafe", { until: "2020-01-01T00:00:00Z" }), []);
  assert.equal((await refused(bens.search("cafe", { conversations: [] }))).code, "unacceptable"); // none are not all
  assert.equal((await refused(bens.search("cafe", { conversations: ["1&x=y"] }))).code, "not_found");
});

test("a visitor says who they are, asks, and says what they thought of the answer", async (t) => {
  const app = await acme(t);
  const phone = app.visitor({ fetch: noting, userData: { name: "Ann" } });
  const { id } = await phone.startConversation();
  phone.listen(() => {});
  await phone.share(id, new File(["where is it?"], "order.txt"));
  await app.answer({ id }, "Here.");
  await app.backend("PATCH", `/app/conversations/${id}`, { is_closed: true, asks_rating: true });
  assert.equal((await phone.conversation(id)).asks_rating, true);
  assert.equal((await phone.rate(id, 5, "Thank you")).score, 5);
  await until(() => asked.has("POST /acquaint/v1/live/tickets"));
  await phone.logIn(app.jwt(ann));
  const elsewhere = await somebody(app, ann);
  const [session] = (await phone.sessions()).filter((it) => !it.is_current);
  await phone.endSession(session.id);
  elsewhere.close();
  await phone.endOtherSessions();
  await phone.logOut();
});

test("whatever the native API lets a visitor do, the client does, or its README says why not", async (t) => {
  const { url } = await acme(t);
  const { paths } = await (await fetch(`${url}/acquaint/v1/openapi.json`)).json();
  const forVisitors = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { security }]) =>
      security?.every((it) => "visitor" in it) ? [[method.toUpperCase(), path]] : [],
    ),
  );
  assert.ok(forVisitors.length > 35, `${forVisitors.length}`);
  const [, reasons] = README.split("## What is not wrapped");
  const missing = forVisitors.filter(([method, path]) => {
    const pattern = new RegExp(`^${method} (/acquaint/v1)?${path.replace(/\{\w+\}/g, "[^/]+")}$`);
    return ![...asked].some((it) => pattern.test(it)) && !reasons.includes(`\`${method} ${path.replace("/acquaint/v1", "")}\``);
  });
  assert.deepEqual(missing.map((it) => it.join(" ")), []);
});

test("the README names everything that a client can do", () => {
  const names = [];
  for (let it = Client.prototype; it !== Object.prototype; it = Object.getPrototypeOf(it)) names.push(...Object.getOwnPropertyNames(it));
  const unnamed = names.filter((it) => it !== "constructor" && !new RegExp(`\\b${it}\\b`).test(README));
  assert.deepEqual(unnamed, []);
});

/** The ticket in the newest mail to the address. */
async function mailedTo(address) {
  const folder = `${process.env.ACQUAINT_DATA}/outbox`;
  return until(async () => {
    const whole = (await readdir(folder).catch(() => [])).filter((it) => it.endsWith(".eml")); // the others are on their way
    for (const name of whole.sort().reverse()) {
      const mail = await readFile(`${folder}/${name}`, "utf8");
      const [, ticket] = mail.replace(/=\r?\n/g, "").match(/(acqt_\w+)/) ?? [];
      if (mail.includes(`To: ${address}`) && ticket) return ticket;
    }
    return null;
  });
}
