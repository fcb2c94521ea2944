"""Ann's app speaks Kustomer: she chats before she logs in, then on two devices; others would like to read it."""

from __future__ import annotations

import httpx2

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben
from tests.dialects.kustomer.phones import SESSIONS, Phone, refusal, signed
from tests.journeys.shop import Shop
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


@on_both_databases
async def test_from_the_first_word_to_the_next_person_on_the_phone(
    client: httpx2.AsyncClient, core: Core, acme: Cast, shop: Shop, clock: SetClock
) -> None:
    phone, tablet = await Phone(client, acme).begin(), await Phone(client, acme).begin()

    # Nobody knows who she is, and an operator answers her all the same.
    session = await phone.chat("Where is my parcel?")
    await shop.server("POST", f"/conversations/{_number(session)}/messages", {"text": "Who is asking?"})
    assert await phone.reads(session) == ["Who is asking?", "Where is my parcel?"]
    assert await tablet.sees() == []

    # A token of another App, one that is sixteen minutes old, and what each of them is told.
    globex = Cast(await apps.create(core, "Globex"))
    foreign = await phone.log_in(signed(core, globex, externalId=ann.external_id))
    assert refusal(foreign) == (401, "invalid_jwt", "signature verification failed")
    old = signed(core, acme, externalId=ann.external_id)
    clock.forward(minutes=16)
    late = await phone.log_in(old)
    assert refusal(late) == (401, "expired_jwt", "iat is older than 15 minutes")
    assert late.json()["errors"][0]["meta"]["skewSeconds"] == 16 * 60
    assert not await phone.is_verified()

    # She logs in, on the phone and on the tablet; the phone keeps the token it has.
    token = phone.token
    identity = await phone.logged_in(signed(core, acme, externalId=ann.external_id))
    assert identity["attributes"]["externalId"] == ann.external_id
    assert phone.token == token
    await tablet.logged_in(signed(core, acme, externalId=ann.external_id))
    assert await tablet.reads(session) == ["Who is asking?", "Where is my parcel?"]
    await tablet.say(session, "It is Ann.")
    assert (await phone.reads(session))[0] == "It is Ann."

    # Acme's server knows her as well, over the native API.
    vouched = await shop.vouches(external_id=ann.external_id)
    assert await vouched.sees() == [["It is Ann.", "Who is asking?", "Where is my parcel?"]]

    # She leaves the phone; whoever takes it next sees nothing, and neither does Ben when he logs in on it.
    await phone.log_out()
    assert await phone.sees() == []
    assert refusal(await phone.ask("GET", f"{SESSIONS}/{session}"))[0] == 404
    gone = await phone.ask("GET", SESSIONS, headers={"x-kustomer-tracking-token": token or ""})
    assert refusal(gone)[:2] == (401, "unauthorized")
    await phone.logged_in(signed(core, acme, email=ben.email))
    assert await phone.sees() == []
    assert await tablet.sees() == ["Where is my parcel?"]


async def test_a_secret_is_rotated_while_people_are_logged_in(
    client: httpx2.AsyncClient, core: Core, acme: Cast, shop: Shop, clock: SetClock
) -> None:
    early, later, latest = [await Phone(client, acme).begin() for _ in range(3)]
    await early.logged_in(signed(core, acme, email=ann.email))
    await early.chat("Before the rotation")

    made = await shop.server("POST", "/secrets", {})
    assert (await later.log_in(signed(core, acme, email=ann.email))).status_code == 201, "signed with the old secret"
    assert (await latest.log_in(signed(core, acme, secret=made["text"], email=ann.email))).status_code == 201

    old = next(it for it in (await shop.server("GET", "/secrets"))["items"] if it["id"] != made["secret"]["id"])
    await shop.server("DELETE", f"/secrets/{old['id']}")
    stale = await (await Phone(client, acme).begin()).log_in(signed(core, acme, email=ann.email))
    assert refusal(stale) == (401, "invalid_jwt", "signature verification failed")
    for phone in (early, later, latest):
        assert await phone.sees() == ["Before the rotation"], "rotating logs nobody out"


async def test_an_old_phone_that_polls_hears_of_everything(
    client: httpx2.AsyncClient, core: Core, acme: Cast, shop: Shop
) -> None:
    """Version 1 of the SDKs: no realtime, ``lastActivity`` every few seconds, and the list again when it changed."""
    phone, known = await Phone(client, acme).begin(), set()

    async def is_new() -> bool:
        value = (await phone.asked("GET", "/c/v1/chat/customers/stats"))["attributes"]["lastActivity"]
        was = value in known
        known.add(value)
        return not was

    assert await is_new()
    session = await phone.chat("Hello?")
    assert await is_new()
    assert not await is_new()
    await shop.server("POST", f"/conversations/{_number(session)}/messages", {"text": "Hello."})
    assert await is_new()
    assert (await phone.reads(session))[0] == "Hello."


def _number(session: str) -> str:
    return str(int(session[10:], 16))
