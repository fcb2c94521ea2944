"""A customer's way: nobody in particular, then herself, then herself elsewhere; and those who would like to be her."""

from __future__ import annotations

import pytest

from tests.cast import ann, ben, eve
from tests.journeys.shop import Shop
from tests.support.databases import on_both_databases


@on_both_databases
async def test_what_ann_said_before_she_signed_in_is_hers_on_every_device(shop: Shop) -> None:
    visitor = await shop.arrives()
    assert visitor.user is None, "nobody is created for looking"
    await visitor.says("Hello, where is my order?")

    laptop = await shop.comes_by_token(visitor.device_secret, email=ann.email, name=ann.name)
    phone = await shop.comes_by_token(email=ann.email)

    assert laptop.user == phone.user
    assert await laptop.sees() == await phone.sees() == [["Hello, where is my order?"]]
    assert await visitor.code() == "session_ended", "the anonymous session of the device ends with the sign-in"
    answer = await shop.qiscus("GET", "my_profile", by=phone.token)
    assert answer.json()["results"]["user"]["username"] == ann.name, "at the other door she is the same"


async def test_the_answer_reaches_ann_who_signed_in_meanwhile_live(corner: Shop) -> None:
    visitor = await corner.arrives()
    conversation = await visitor.says("Hello?")
    laptop = await corner.comes_by_token(visitor.device_secret, email=ann.email)
    async with laptop.live() as live:
        await corner.server("POST", f"/conversations/{conversation}/messages", {"text": "Hello Ann"})
        frame = await live.hears("Hello Ann")
    assert frame["conversation"] == conversation


async def test_a_stranger_sees_nothing_of_it(shop: Shop) -> None:
    visitor = await shop.arrives()
    conversation = await visitor.says("Hello, where is my order?")
    laptop = await shop.comes_by_token(visitor.device_secret, email=ann.email)
    for stranger in (
        await shop.arrives(),
        await shop.arrives(guest={"name": ann.name}),
        await shop.comes_by_token(email=ben.email),
        await shop.registers(eve),
        await shop.logs_in("eve-2", eve.password),
    ):
        assert await stranger.sees() == []
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/messages", None),
            ("POST", "/messages", {"text": "hi"}),
            ("POST", "/read", {"up_to": conversation}),
        ):
            refusal = await stranger.code(method, f"/conversations/{conversation}{path}", body)
            assert refusal == await stranger.code(method, f"/conversations/1{path}", body)
            assert refusal == "not_found"
    assert await laptop.sees() == [["Hello, where is my order?"]]


@on_both_databases
async def test_an_impostor_who_claims_anns_address_stays_whoever_holds_the_device(shop: Shop) -> None:
    anns = await shop.comes_by_token(email=ann.email)
    await anns.says("my card is lost")

    impostor = await shop.arrives()
    await impostor.gets("PATCH", "/session/claims", {"name": ann.name, "email": ann.email})
    await impostor.says("it is me, Ann")
    assert await impostor.sees() == [["it is me, Ann"]]
    session = (await impostor.gets("GET", "/session"))["session"]
    assert (session["assurance"], session["user_id"] != anns.user) == ("claimed", True)

    # Nor is it given to Ann, when she comes to this machine: it was said in her name, not by her.
    there = await shop.comes_by_token(impostor.device_secret, email=ann.email)
    assert await there.sees() == [["my card is lost"]]
    assert await impostor.code() == "session_ended"


@pytest.mark.parametrize("how", ["token", "vouched"])
async def test_verified_history_is_not_shown_to_who_merely_holds_her_device(shop: Shop, how: str) -> None:
    visitor = await shop.arrives()
    secret = visitor.device_secret
    held = await (
        shop.comes_by_token(secret, email=ann.email) if how == "token" else shop.vouches(secret, email=ann.email)
    )
    await held.says("between us")
    somebody = await shop.arrives(device_secret=secret)
    assert somebody.device_secret == secret
    assert await somebody.sees() == []


async def test_two_workspaces_of_one_app_are_two_rooms(shop: Shop) -> None:
    visitor = await shop.arrives(workspace="shop")
    await visitor.says("about an order")
    secret = visitor.device_secret
    token = shop.token(email=ann.email)
    in_shop = await shop.arrives(token=token, device_secret=secret, workspace="shop")
    in_bank = await shop.arrives(token=token, device_secret=secret, workspace="bank")
    nowhere = await shop.arrives(token=token, device_secret=secret)
    assert await in_shop.sees() == [["about an order"]]
    assert await in_bank.sees() == await nowhere.sees() == []
