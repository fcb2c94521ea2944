/** Where a login is kept, and storages that fail: nobody is shut out for that. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { acme, ann, ben, isOpen, memoryStorage, tokensIn, until } from "./acme.mjs";

/** A storage like those of apps, which answer with promises. */
function slowStorage({ reading = 5, changing = 10 } = {}, kept = memoryStorage()) {
  const late = (act, milliseconds) => async (...given) => (await sleep(milliseconds), act(...given));
  const { getItem, setItem, removeItem } = kept;
  return { getItem: late(getItem, reading), setItem: late(setItem, changing), removeItem: late(removeItem, changing), kept };
}

function failing(...names) {
  const kept = memoryStorage();
  const fail = () => {
    throw new DOMException("denied", "SecurityError");
  };
  return { ...kept, ...Object.fromEntries(names.map((name) => [name, fail])) };
}

for (const names of [["getItem", "setItem", "removeItem"], ["setItem"], ["getItem"]]) {
  test(`a storage that throws at ${names.join(", ")} shuts nobody out`, async (t) => {
    const app = await acme(t);
    const kiosk = app.visitor({ storage: failing(...names) });
    const { id } = await kiosk.startConversation("anonymous");
    await kiosk.post(id, "still the same");
    await kiosk.logIn(app.jwt(ann));
    assert.equal(kiosk.isLoggedIn({ userId: "acme-ann" }), true);
    assert.equal((await kiosk.conversations()).items.length, 1);
    await kiosk.logOut();
    assert.equal(kiosk.state.status, "nobody");
    await kiosk.logIn(app.jwt(ben));
    assert.deepEqual((await kiosk.conversations()).items, []);
  });
}

test("who is logged in stays that on all pages when the storage is full and there is more to say of them", async (t) => {
  const app = await acme(t);
  const kept = memoryStorage();
  let most = Infinity;
  const setItem = (key, text) => {
    if (text.length > most) throw new DOMException("full", "QuotaExceededError");
    kept.setItem(key, text);
  };
  const storage = { ...kept, setItem };
  const [left, right] = [app.visitor({ storage }), app.visitor({ storage })];
  await left.logIn(app.jwt(ann));
  await left.startConversation("private");
  most = kept.getItem(kept.keys()[0]).length;

  const user = await left.changeProfile({ custom: { likes: "x".repeat(200) } });
  assert.equal(left.state.user.custom.likes, user.custom.likes);
  for (const page of [left, right, app.visitor({ storage })]) {
    await page.ready;
    assert.equal(page.isLoggedIn({ userId: "acme-ann" }), true);
    assert.equal((await page.conversations()).items.length, 1);
  }
  await right.logOut();
  await right.logIn(app.jwt(ben)); // nobody's to keep: it is remembered
  await until(() => !left.isLoggedIn({ userId: "acme-ann" }));
  assert.deepEqual((await right.conversations()).items, []);
});

test("what cannot be removed is not read again by this page, and one is told", async (t) => {
  const app = await acme(t);
  const storage = failing("removeItem");
  const kiosk = app.visitor({ storage });
  await kiosk.logIn(app.jwt(ann));
  const [token] = tokensIn(storage);
  assert.deepEqual(await kiosk.logOut(), { toldServer: true, wiped: false });
  assert.equal(await isOpen(token), false);
  assert.equal((await kiosk.me()), null);
  assert.equal(kiosk.state.status, "nobody");
});

test("a storage that answers with promises keeps a login as well", async (t) => {
  const app = await acme(t);
  const storage = slowStorage();
  const first = app.visitor({ storage });
  await first.logIn(app.jwt(ann));
  await first.startConversation("private");
  first.close();

  const second = app.visitor({ storage });
  assert.equal(second.state.status, "nobody"); // not known yet
  await second.ready;
  assert.equal(second.isLoggedIn({ userId: "acme-ann" }), true);
  second.close();

  const third = app.visitor({ storage });
  assert.equal((await third.conversations()).items.length, 1); // waits
  const [token] = tokensIn(storage.kept);
  assert.deepEqual(await third.logOut(), { toldServer: true, wiped: true });
  assert.deepEqual(storage.kept.keys(), []);
  assert.equal(await isOpen(token), false);
});

test("who logs out before it is known who is here is gone as well", async (t) => {
  const app = await acme(t);
  const storage = slowStorage({ reading: 30, changing: 0 });
  const first = app.visitor({ storage });
  await first.logIn(app.jwt(ann));
  first.close();
  const [token] = tokensIn(storage.kept);

  const second = app.visitor({ storage });
  await second.logOut();
  assert.equal(second.state.status, "nobody");
  assert.deepEqual(storage.kept.keys(), []);
  assert.equal(await isOpen(token), false);
});

test("what is kept is read as a stranger's", async (t) => {
  const app = await acme(t);
  const nonsense = [
    "",
    "null",
    "{",
    "7",
    '{"version":0}',
    '{"version":1}',
    '{"version":1,"logins":7}',
    '{"version":1,"logins":{"":{"token":7}}}',
    '{"version":1,"logins":{"":{"token":"x","session":null}}}',
    '{"version":1,"logins":{"":{"token":"x","session":{"id":"1","assurance":"operator"}}}}',
    '{"version":1,"device":{},"logins":{"__proto__":{"token":"x"}}}',
  ];
  for (const text of nonsense) {
    const storage = memoryStorage();
    storage.setItem(`acquaint:${JSON.stringify([app.url, app.slug])}`, text);
    const phone = app.visitor({ storage });
    assert.equal(phone.state.status, "nobody", text);
  }
});

test("a token that was made up lets nobody in, and its page begins anew", async (t) => {
  const app = await acme(t);
  const storage = memoryStorage();
  const session = { id: "1", user_id: "2", assurance: "anonymous", workspace: null };
  const login = { token: "acqs_madeup", expiresAt: null, session, user: null, hasEnded: false };
  const record = { version: 1, device: "acqd_madeup", logins: { "": login } };
  storage.setItem(`acquaint:${JSON.stringify([app.url, app.slug])}`, JSON.stringify(record));
  const phone = app.visitor({ storage });
  await phone.startConversation("Hello");
  assert.equal((await phone.conversations()).items.length, 1);
  assert.notEqual(tokensIn(storage)[0], "acqs_madeup");
});

test("Apps and servers are kept apart in one storage", async (t) => {
  const [acmes, globexes] = [await acme(t), await acme(t)];
  const storage = memoryStorage();
  const [one, other] = [acmes.visitor({ storage }), globexes.visitor({ storage })];
  await one.logIn(acmes.jwt(ann));
  assert.equal(other.state.status, "nobody");
  await other.startConversation("Hello");
  await one.logOut();
  assert.equal(other.state.status, "anonymous");
  assert.equal(storage.keys().length, 1);
});
