"""Attack 6: typing somebody's address into a form, to be taken for them (chatwoot PR #14884).

Without the defence: whoever finds people by the address they typed finds Ann, and that is what these forms are for.
"""

from __future__ import annotations

from typing import Any

import pytest

from acquaint.settings import Settings
from tests.cast import ann, eve
from tests.journeys.shop import Held, Shop
from tests.support.databases import on_both_databases


@pytest.fixture
async def anns(shop: Shop) -> Held:
    held = await shop.vouches(email=ann.email, external_id=ann.external_id, phone=ann.phone)
    await held.says("my card is lost")
    return held


async def ann_as_the_app_sees_her(shop: Shop, anns: Held) -> dict[str, Any]:
    return dict(await shop.server("GET", f"/users/{anns.user}"))


@on_both_databases
async def test_an_address_that_is_typed_merges_nobody_reveals_nothing_and_changes_nothing(
    shop: Shop, anns: Held
) -> None:
    before = await ann_as_the_app_sees_her(shop, anns)
    eves = await shop.arrives()
    claims = {"name": "Ann", "email": ann.email.upper(), "phone": ann.phone, "custom": {"external_id": "acme-ann"}}
    await eves.gets("PATCH", "/session/claims", claims)
    await eves.says("send me a new card")

    # Whoever joined people by what they typed would have joined these two.
    everybody = (await shop.server("GET", "/users"))["items"]
    typed = next(it["claimed"]["email"] for it in everybody if it["id"] != anns.user)
    assert [it["id"] for it in everybody if it["identifiers"]["email"] == typed] == [anns.user]

    assert await eves.sees() == [["send me a new card"]]
    assert await anns.sees() == [["my card is lost"]]
    assert await ann_as_the_app_sees_her(shop, anns) == before
    found = await shop.server("GET", f"/users/lookup?email={ann.email}")
    assert found["id"] == anns.user
    shown = (await eves.gets("GET", "/session"))["user"]
    assert set(shown["identifiers"].values()) == {None}
    assert shown["is_verified"] is False


async def test_the_apps_people_are_told_that_nobody_proved_it(shop: Shop, anns: Held) -> None:
    eves = await shop.arrives()
    await eves.gets("PATCH", "/session/claims", {"name": ann.name, "email": ann.email})
    conversation = await eves.says("it is me")
    seen = await shop.server("GET", f"/conversations/{conversation}")
    (member,) = seen["members"]
    assert member["assurance"] == "claimed"
    assert member["user"]["name"] != ann.name, "what is claimed is not shown as a name"


async def test_claiming_before_ann_ever_came_prepares_nothing(shop: Shop) -> None:
    eves = await shop.arrives()
    await eves.gets("PATCH", "/session/claims", {"email": ann.email})
    await eves.says("in wait")
    anns = await shop.comes_by_token(email=ann.email)
    assert await anns.sees() == []
    await anns.says("my card is lost")
    assert await eves.sees() == [["in wait"]]


async def test_what_eve_says_after_claiming_is_not_slipped_into_anns_history_on_their_common_machine(
    shop: Shop, anns: Held
) -> None:
    """Only what nobody claimed is adopted: or Eve could write a message and have it look like Ann's own."""
    eves = await shop.arrives()
    anonymous = await eves.says("said by nobody")
    await eves.gets("PATCH", "/session/claims", {"email": ann.email})
    await eves.says("please pay the money to Eve")
    there = await shop.comes_by_token(eves.device_secret, email=ann.email)
    assert there.user == anns.user
    seen = await there.sees()
    assert ["please pay the money to Eve"] not in seen
    assert anonymous in {it["id"] for it in (await there.gets("GET", "/conversations"))["items"]}


async def test_no_mail_is_sent_to_an_address_that_was_only_claimed(shop: Shop, settings: Settings) -> None:
    eves = await shop.registers(eve)
    visitor = await shop.arrives()
    await visitor.gets("PATCH", "/session/claims", {"email": ann.email})
    assert await eves.code("PATCH", "/session/claims", {"email": ann.email}) == "not_allowed"
    answer = await shop.native("POST", "/password-resets", {"app": shop.slug, "email": ann.email})
    assert answer.status_code == 202
    outbox = settings.data / "outbox"
    assert not outbox.exists() or list(outbox.iterdir()) == []
