"""Typing an address proves nothing, at whichever door: who later comes with proof is somebody else."""

from __future__ import annotations

from tests.cast import ann, eve
from tests.journeys.shop import Shop
from tests.support.databases import on_both_databases


@on_both_databases
async def test_eve_who_takes_anns_address_over_qiscus_never_captures_ann_who_comes_by_signed_token(shop: Shop) -> None:
    eves = await shop.logs_in(ann.email, eve.password)
    await eves.says("sitting in wait")

    anns = await shop.comes_by_token(email=ann.email)
    await anns.says("my card is lost")

    assert anns.user != eves.user
    assert await anns.sees() == [["my card is lost"]]
    assert await eves.sees() == [["sitting in wait"]]
    again = await shop.logs_in(ann.email, eve.password)
    assert again.user == eves.user
    assert await again.sees() == [["sitting in wait"]]


async def test_nor_does_eve_who_comes_after_ann(shop: Shop) -> None:
    anns = await shop.comes_by_token(email=ann.email)
    await anns.says("my card is lost")
    eves = await shop.logs_in(ann.email, eve.password)
    assert eves.user != anns.user
    assert await eves.sees() == []
    assert await anns.sees() == [["my card is lost"]]


async def test_eve_who_registers_anns_address_over_the_native_api_captures_nobody_either(shop: Shop) -> None:
    answer = await shop.native("POST", "/users", {"app": shop.slug, "email": ann.email, "password": eve.password})
    eves = shop.held(answer)
    anns = await shop.vouches(email=ann.email)
    await anns.says("my card is lost")
    assert anns.user != eves.user
    assert await eves.sees() == []
    # From now on the address means Ann, who has no password: Eve's opens nothing under it.
    refused = await shop.arriving(email=ann.email, password=eve.password)
    assert refused.json()["code"] == "invalid_credentials"


async def test_ann_is_one_person_by_token_by_vouching_and_by_identity_token_of_her_login(shop: Shop) -> None:
    anns = await shop.vouches(login=ann.login, email=ann.email)
    await anns.says("one")
    by_token = await shop.comes_by_token(email=ann.email)
    answer = await shop.verifying(ann.login)
    assert answer.status_code == 200
    assert by_token.user == anns.user == str(answer.json()["results"]["user"]["id"])
    assert await by_token.sees() == [["one"]]


async def test_an_identity_token_for_the_text_of_an_address_is_not_proof_of_the_address(shop: Shop) -> None:
    anns = await shop.comes_by_token(email=ann.email)
    await anns.says("my card is lost")
    answer = await shop.verifying(ann.email)
    found = answer.json()["results"]["user"]
    assert str(found["id"]) != anns.user
    seen = await shop.native("GET", "/conversations", by=found["token"])
    assert seen.json()["items"] == []
