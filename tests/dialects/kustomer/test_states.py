"""The states an SDK goes through, and what each step does to the customer, the conversations and the token."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from acquaint.domain.identities import Identifier, IdentifierKind
from acquaint.domain.paging import PageAsked
from acquaint.domain.users import UserId
from acquaint.services import apps, merging, users
from acquaint.services.core import Core
from acquaint.web.ids import read_hex
from tests.cast import Cast, ann, ben, eve
from tests.dialects.kustomer.phones import CURRENT, SESSIONS, TOKENS, Phone, refusal, signed
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


async def everybody(core: Core, acme: Cast) -> int:
    return len((await users.newest(core, acme.app, PageAsked())).items)


# S0 to S1: a token for nobody


async def test_a_first_call_gets_a_token_and_creates_nobody(phone: Phone, core: Core, acme: Cast) -> None:
    data = await phone.asked("GET", CURRENT)
    assert data["type"] == "tracking_token"
    assert data["attributes"] == {"trackingId": data["id"], "token": phone.token, "verified": False}
    assert await phone.sees() == []
    assert (await phone.asked("GET", "/c/v1/chat/customers/stats"))["attributes"] == {"lastActivity": None}
    assert await everybody(core, acme) == 0


async def test_the_same_token_is_the_same_tracking(phone: Phone) -> None:
    assert await phone.tracking_id() == await phone.tracking_id()


async def test_a_token_whose_time_is_over_is_renewed_for_the_same_tracking(
    phone: Phone, clock: SetClock, core: Core
) -> None:
    was, tracking = phone.token, await phone.tracking_id()
    clock.forward(days=31)
    data = await phone.asked("GET", CURRENT)
    assert data["attributes"]["token"] != was
    assert data["attributes"]["trackingId"] == tracking
    phone.token = data["attributes"]["token"]
    assert await phone.tracking_id() == tracking
    claims = core.signer.verify(phone.token, [_jti(core, phone.token)]).claims
    assert claims["exp"] == int(core.clock().timestamp()) + 30 * 86_400


async def test_the_old_text_of_a_renewed_token_goes_on_working(phone: Phone, clock: SetClock) -> None:
    """Two tabs: one stores the renewed token a moment later than the other asks."""
    clock.forward(days=31)
    tracking = await phone.tracking_id()
    assert await phone.tracking_id() == tracking
    assert (await phone.ask("GET", SESSIONS)).status_code == 200


async def test_a_token_nobody_used_for_400_days_is_another_visitor(phone: Phone, clock: SetClock) -> None:
    tracking = await phone.tracking_id()
    clock.forward(days=401)
    assert refusal(await phone.ask("GET", SESSIONS))[:2] == (401, "unauthorized")
    assert await phone.tracking_id() != tracking


@pytest.mark.parametrize(
    "held", ["", "garbage", "a.b.c", "x" * 5000, "eyJhbGciOiJub25lIn0.e30.", "acqs_invented", "{}", "…"]
)
async def test_what_is_no_token_gets_a_new_one_and_is_never_refused(phone: Phone, held: str) -> None:
    tracking, good = await phone.tracking_id(), phone.token
    answer = await phone.ask("GET", CURRENT, headers={"x-kustomer-tracking-token": held})
    assert answer.status_code == 200
    assert answer.json()["data"]["attributes"]["trackingId"] != tracking
    assert answer.json()["data"]["attributes"]["token"] != good


async def test_asking_for_a_new_token_always_makes_a_new_tracking(phone: Phone, new_phone: Callable[[], Phone]) -> None:
    nobody = new_phone()
    one, two = await nobody.ask("POST", TOKENS), await nobody.ask("POST", TOKENS, json={})
    assert one.status_code == two.status_code == 201
    assert one.json()["data"]["id"] != two.json()["data"]["id"]


@pytest.mark.parametrize("body", [{}, {"content": b"", "headers": {"content-type": "application/json"}}, {"json": {}}])
async def test_a_post_may_be_empty(phone: Phone, body: dict[str, Any]) -> None:
    assert (await phone.ask("POST", TOKENS, **body)).status_code == 201


# S1 to S2: the anonymous customer


@on_both_databases
async def test_first_conversations_at_once_make_one_anonymous_customer(phone: Phone, core: Core, acme: Cast) -> None:
    answers = await asyncio.gather(*[phone.ask("POST", SESSIONS, json={"title": f"Hi {it}"}) for it in range(6)])
    assert {it.status_code for it in answers} == {201}
    assert len({it.json()["data"]["relationships"]["customer"]["data"]["id"] for it in answers}) == 1
    assert await everybody(core, acme) == 1
    assert len(await phone.sees()) == 6
    assert not await phone.is_verified()


async def test_an_anonymous_visitor_is_seen_on_this_device_only(phone: Phone, tablet: Phone) -> None:
    await phone.chat("My parcel")
    assert await phone.sees() == ["My parcel"]
    assert await tablet.sees() == []


# S1 to S3, S2 to S3: logging in


async def test_logging_in_before_any_chat_creates_the_customer(phone: Phone, core: Core, acme: Cast) -> None:
    token = phone.token
    answer = await phone.log_in(signed(core, acme, externalId="acct-7731"))
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert data["type"] == "identity"
    said = data["attributes"]
    assert (said["email"], said["externalId"], said["verified"], said["token"]) == (None, "acct-7731", True, token)
    assert said["trackingId"] == await phone.tracking_id()
    user = await users.find(core, acme.app, Identifier.external_id("acct-7731"))
    assert data["relationships"]["customer"]["data"]["id"].endswith(f"{user.id:014x}")
    assert await phone.is_verified()


@on_both_databases
async def test_what_was_said_before_logging_in_moves_to_the_customer(
    phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    session = await phone.chat("Before I logged in")
    tracking, token = await phone.tracking_id(), phone.token
    customer = (await phone.logged_in(signed(core, acme, email=ann.email)))["relationships"]["customer"]
    assert (await phone.tracking_id(), phone.token) == (tracking, token)
    assert await phone.sees() == ["Before I logged in"]
    assert await phone.reads(session) == ["Before I logged in"]
    await tablet.logged_in(signed(core, acme, email=ann.email))
    assert await tablet.reads(session) == ["Before I logged in"]
    [listed] = await tablet.asked("GET", SESSIONS)
    assert listed["relationships"]["customer"]["data"] == customer["data"]


async def test_another_device_sees_everything_after_logging_in(
    phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    await tablet.chat("From the tablet")
    await tablet.logged_in(signed(core, acme, externalId="acct-1"))
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    await phone.chat("From the phone")
    assert await tablet.sees() == await phone.sees() == ["From the phone", "From the tablet"]


async def test_logging_in_again_changes_nothing(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.chat("Hello")
    jwt = signed(core, acme, email=ann.email)
    first = await phone.logged_in(jwt)
    again = await phone.log_in(jwt)
    assert again.status_code == 200
    same = ("id", "relationships")
    assert {it: again.json()["data"][it] for it in same} == {it: first[it] for it in same}
    assert await phone.sees() == ["Hello"]


async def test_somebody_else_cannot_log_in_over_somebody(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    await phone.chat("Of Ann")
    answer = await phone.log_in(signed(core, acme, externalId="acct-2"))
    assert refusal(answer)[:2] == (409, "already_identified")
    assert answer.json()["errors"][0]["meta"] == {"idType": "email"}
    assert ann.email not in answer.text
    assert await phone.sees() == ["Of Ann"]
    assert await phone.is_verified()


async def test_already_identified_says_by_what(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    answer = await phone.log_in(signed(core, acme, email=ben.email))
    assert answer.json()["errors"][0]["meta"] == {"idType": "externalId"}


async def test_the_email_wins_and_the_external_id_is_not_kept(phone: Phone, core: Core, acme: Cast) -> None:
    said = (await phone.logged_in(signed(core, acme, email=f" {ann.email.upper()} ", externalId="acct-1")))[
        "attributes"
    ]
    assert (said["email"], said["externalId"]) == (ann.email, None)
    user = await users.find(core, acme.app, ann.by_email)
    assert user.known_as(IdentifierKind.EXTERNAL_ID) is None


async def test_a_deleted_customer_logs_in_as_a_new_one(phone: Phone, tablet: Phone, core: Core, acme: Cast) -> None:
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    await phone.chat("Of the one who is gone")
    gone = await users.find(core, acme.app, Identifier.external_id("acct-1"))
    await users.delete(core, acme.app, gone.id)
    assert refusal(await phone.ask("GET", SESSIONS))[0] == 401
    tracking = (await phone.asked("GET", CURRENT))["attributes"]
    assert not tracking["verified"]
    await tablet.logged_in(signed(core, acme, externalId="acct-1"))
    assert await tablet.sees() == []


async def test_without_a_tracking_logging_in_makes_one(new_phone: Callable[[], Phone], core: Core, acme: Cast) -> None:
    phone = new_phone()
    phone.token = (await phone.logged_in(signed(core, acme, email=ann.email)))["attributes"]["token"]
    assert await phone.is_verified()


async def test_an_app_that_creates_nobody_lets_only_known_customers_in(phone: Phone, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"registers_on_token": False})
    answer = await phone.log_in(signed(core, acme, externalId="acct-1"))
    assert refusal(answer)[:2] == (404, "customer_not_found")
    assert not await phone.is_verified()


async def test_an_app_that_adopts_nothing_leaves_it_behind(phone: Phone, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"adopts_on_sign_in": False})
    await phone.chat("Before")
    await phone.logged_in(signed(core, acme, email=ann.email))
    assert await phone.sees() == []


@on_both_databases
async def test_first_log_ins_on_two_devices_at_once_make_one_customer(
    phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    await phone.chat("From the phone")
    await tablet.chat("From the tablet")
    jwt = signed(core, acme, externalId="acct-7731")
    one, other = await asyncio.gather(phone.logged_in(jwt), tablet.logged_in(jwt))
    assert one["relationships"]["customer"] == other["relationships"]["customer"]
    assert sorted(await phone.sees()) == sorted(await tablet.sees()) == ["From the phone", "From the tablet"]


@on_both_databases
async def test_of_two_who_log_in_at_once_on_one_device_one_gets_it(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.chat("Before")
    one, other = signed(core, acme, email=ann.email), signed(core, acme, email=ben.email)
    answers = await asyncio.gather(phone.log_in(one), phone.log_in(other))
    assert sorted(it.status_code for it in answers)[0] == 201
    assert sorted(it.status_code for it in answers)[1] in (409, 503)
    assert await phone.is_verified()
    assert await phone.sees() == ["Before"]
    winner, loser = (one, other) if answers[0].status_code == 201 else (other, one)
    assert (await phone.log_in(winner)).status_code == 200
    assert (await phone.log_in(loser)).status_code == 409


@on_both_databases
async def test_logging_in_and_out_at_once_leaves_nothing_on_the_device(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.chat("Before")
    await asyncio.gather(phone.log_in(signed(core, acme, email=ann.email)), phone.log_out())
    assert not await phone.is_verified()
    assert await phone.sees() == []


# S3 to S4: logging out


async def test_after_logging_out_the_old_token_is_dead_and_the_next_person_sees_nothing(
    phone: Phone, core: Core, acme: Cast
) -> None:
    await phone.chat("Anonymous")
    await phone.logged_in(signed(core, acme, email=ann.email))
    await phone.chat("Of Ann")
    old, tracking = phone.token, await phone.tracking_id()
    await phone.log_out()
    assert phone.token != old
    assert await phone.tracking_id() != tracking
    assert await phone.sees() == []
    assert not await phone.is_verified()
    for method, path in (("GET", SESSIONS), ("POST", SESSIONS), ("PATCH", "/c/v1/customers/current")):
        answer = await phone.ask(method, path, headers={"x-kustomer-tracking-token": old or ""}, json={})
        assert refusal(answer)[:2] == (401, "unauthorized")


async def test_an_anonymous_visitor_who_logs_out_leaves_nothing_on_the_device(
    phone: Phone, core: Core, acme: Cast
) -> None:
    await phone.chat("Of nobody in particular")
    await phone.log_out()
    await phone.logged_in(signed(core, acme, email=eve.email))
    assert await phone.sees() == []


@on_both_databases
async def test_logging_out_twice_at_once_makes_two_visitors_and_leaves_nobody(
    phone: Phone, core: Core, acme: Cast
) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    await phone.chat("Of Ann")
    answers = await asyncio.gather(*[phone.ask("POST", TOKENS) for _ in range(3)])
    assert {it.status_code for it in answers} == {201}
    assert len({it.json()["data"]["id"] for it in answers}) == 3
    assert refusal(await phone.ask("GET", SESSIONS))[0] == 401
    for it in answers:
        phone.token = it.json()["data"]["attributes"]["token"]
        assert await phone.sees() == []


async def test_a_dead_token_is_as_good_as_none(phone: Phone) -> None:
    old = phone.token
    await phone.log_out()
    new = phone.token
    answer = await phone.ask("POST", TOKENS, headers={"x-kustomer-tracking-token": old or ""})
    assert answer.status_code == 201
    assert phone.token == new
    assert (await phone.ask("GET", SESSIONS)).status_code == 200


async def test_logging_out_and_in_as_somebody_else_mixes_nothing(
    phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    await phone.chat("Of Ann")
    await phone.log_out()
    await phone.logged_in(signed(core, acme, email=ben.email))
    await phone.chat("Of Ben")
    assert await phone.sees() == ["Of Ben"]
    await tablet.logged_in(signed(core, acme, email=ann.email))
    assert await tablet.sees() == ["Of Ann"]


async def test_logging_in_again_brings_everything_back(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    await phone.chat("Of Ann")
    await phone.log_out()
    await phone.logged_in(signed(core, acme, email=ann.email))
    assert await phone.sees() == ["Of Ann"]


def _jti(core: Core, token: str) -> str:
    body = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["jti"])


# S3 and a restart


async def test_an_app_that_is_opened_again_is_still_logged_in_and_needs_no_jwt(
    phone: Phone, core: Core, acme: Cast, clock: SetClock
) -> None:
    """Fifteen minutes are for the log-in; what comes after it lives as long as the token is renewed (item 18)."""
    await phone.logged_in(signed(core, acme, email=ann.email))
    await phone.chat("Of Ann")
    tracking = await phone.tracking_id()
    for _ in range(3):
        clock.forward(days=100)
        phone.token = (await phone.asked("GET", CURRENT))["attributes"]["token"]
    assert await phone.tracking_id() == tracking
    assert await phone.is_verified()
    assert await phone.sees() == ["Of Ann"]


# Two customers who are one


async def test_when_two_customers_are_merged_a_verified_device_goes_on_as_the_one_that_is_left(
    phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    """And whoever logs in as the one who is gone is the one who is left (row 24)."""
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    await phone.chat("Of the first")
    await tablet.logged_in(signed(core, acme, externalId="acct-2"))
    await tablet.chat("Of the second")
    first, second = [await users.find(core, acme.app, Identifier.external_id(it)) for it in ("acct-1", "acct-2")]
    await merging.merge(core, acme.app, source=first.id, target=second.id)
    assert await phone.is_verified()
    assert sorted(await phone.sees()) == sorted(await tablet.sees()) == ["Of the first", "Of the second"]
    await phone.log_out()
    again = await phone.logged_in(signed(core, acme, externalId="acct-1"))
    assert again["relationships"]["customer"]["data"]["id"].endswith(f"{second.id:014x}")


async def test_when_a_visitor_is_merged_into_a_customer_the_device_sees_nothing_of_the_customers(
    phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    await tablet.logged_in(signed(core, acme, externalId="acct-2"))
    await tablet.chat("Of the customer")
    session = await phone.asked("POST", SESSIONS, json={"title": "Of a visitor"})
    visitor = session["relationships"]["customer"]["data"]["id"]
    customer = await users.find(core, acme.app, Identifier.external_id("acct-2"))
    await merging.merge(core, acme.app, source=UserId(read_hex(visitor) or 0), target=customer.id)
    assert refusal(await phone.ask("GET", SESSIONS))[0] == 401
    assert not (await phone.asked("GET", CURRENT))["attributes"]["verified"]


async def test_the_old_sdks_headers_and_bodies_are_read(phone: Phone) -> None:
    """Item 14: what iOS 0.3 and the Android SDK of 2019 send, and proxies may drop."""
    android = {
        "x-kustomer-client": "customer-android",
        "x-kustomer-version": "release-v0.1.32",
        "accept-language": "en,fr",
        "user_agent": "Acme/1.2 (Android 9)",
        "content-type": "application/json",
    }
    assert (await phone.ask("POST", TOKENS, headers=android, content=b"")).status_code == 201
    await phone.begin()
    ios = android | {"x-kustomer-client": "customer-ios", "accept-language": "en-US;q=1, fr;q=0.9"}
    answer = await phone.ask("POST", f"{SESSIONS}?active=true", headers=ios, json={"title": "Hello"})
    assert answer.status_code == 201
