/** Time goes by, and clocks are wrong: who is here is known all the same. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { acme, ann, memoryStorage, until } from "./acme.mjs";

const HOUR = 3_600_000;

/** This machine's clock, `milliseconds` ahead from now on; it goes. */
function clock(t) {
  const { now } = Date;
  let ahead = 0;
  t.mock.method(Date, "now", () => now.call(Date) + ahead);
  return { set: (milliseconds) => (ahead = milliseconds) };
}

/** Time that goes by for both: for the client by its clock, and for the server in everything that it says. */
function time(t) {
  const here = clock(t);
  const asked = [];
  let gone = 0;
  const later = (moment) => new Date(Date.parse(moment) + gone);
  const fetch = async (url, init) => {
    asked.push(`${init.method} ${new URL(url).pathname.replace("/acquaint/v1", "")}`);
    const answer = await globalThis.fetch(url, init);
    const text = (await answer.text()).replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (it) => later(it).toISOString());
    const headers = new Headers(answer.headers);
    headers.set("date", later(headers.get("date")).toUTCString());
    return new Response(text || null, { status: answer.status, headers });
  };
  const pass = (milliseconds) => here.set((gone += milliseconds));
  return { fetch, asked, pass };
}

test("who is logged in stays that for as long as they use it, where the App's sessions end when they are not used", async (t) => {
  const app = await acme(t);
  await app.backend("PATCH", "/app/policy", { session_idle: 3600 });
  const jwt = app.jwt(ann);
  const { fetch, asked, pass } = time(t);
  const phone = app.visitor({ fetch });
  await phone.logIn(jwt);
  const { id } = await phone.startConversation("Hello");
  const ends = () => Date.parse(phone.state.session.last_seen_at) + HOUR;

  const once = ends();
  pass(20 * 60_000);
  await phone.post(id, "still here");
  assert.ok(!asked.includes("GET /session")); // it was said to last long enough
  for (const text of ["and here", "here as well", "all day"]) {
    const before = ends();
    pass(40 * 60_000);
    await Promise.all([phone.post(id, text), phone.conversation(id)]);
    await until(() => ends() > before);
    assert.equal(phone.isLoggedIn({ userId: "acme-ann" }), true);
  }
  assert.ok(ends() > once + HOUR);
  assert.equal(asked.filter((it) => it === "GET /session").length, 3); // not with everything

  const statuses = [];
  phone.onAuthStateChange((state) => statuses.push(state.status));
  phone.listen(() => {});
  await until(() => phone.connection === "online");
  const before = ends();
  pass(40 * 60_000);
  await app.answer({ id }, "Whoever listens is here, too.");
  await until(() => ends() > before);
  assert.deepEqual([...new Set(statuses)], ["verified"]);
});

test("who comes back with a clock that is a day ahead is who they were", async (t) => {
  const app = await acme(t);
  await app.backend("PATCH", "/app/policy", { session_at_most: 12 * 3600 });
  const jwt = app.jwt(ann);
  clock(t).set(24 * HOUR);
  const storage = memoryStorage();
  const first = app.visitor({ storage });
  await first.logIn(jwt);
  await first.startConversation("Hello");
  first.close();

  const second = app.visitor({ storage });
  assert.equal(second.state.status, "verified"); // before anything was asked
  second.listen(() => {});
  await until(() => second.connection === "online");
});

test("a clock that is set wrong meanwhile is seen through with the first answer", async (t) => {
  const app = await acme(t);
  await app.backend("PATCH", "/app/policy", { session_at_most: 12 * 3600 });
  const storage = memoryStorage();
  const first = app.visitor({ storage });
  await first.logIn(app.jwt(ann));
  await first.startConversation("Hello");
  first.close();

  clock(t).set(24 * HOUR);
  const second = app.visitor({ storage });
  const statuses = [];
  second.onAuthStateChange((state) => statuses.push(state.status));
  second.listen(() => {});
  assert.equal(second.state.status, "ended"); // as far as one can know
  assert.equal((await second.conversations()).items.length, 1);
  await until(() => statuses.at(-1) === "verified");
  await until(() => second.connection === "online");
});
