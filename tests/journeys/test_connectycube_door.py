"""One person at ConnectyCube's door and at the others: one user, one password, one record."""

from __future__ import annotations

import httpx2
import pytest

from tests.cast import Cast, ann, eve
from tests.dialects.connectycube.asking import Cube
from tests.journeys.shop import Shop
from tests.support.databases import on_both_databases

ANOTHER = "the second rowing boat"


@pytest.fixture
def cube(client: httpx2.AsyncClient, acme: Cast) -> Cube:
    return Cube.of(client, acme)


@on_both_databases
async def test_who_signs_up_here_is_known_everywhere_by_both_names(shop: Shop, cube: Cube) -> None:
    made = await cube.sign_up(login=ann.login, email=ann.email, password=ann.password, full_name=ann.name)
    user = str(made.json()["user"]["id"])
    assert (await shop.arrives(login=ann.login, password=ann.password)).user == user
    assert (await shop.arrives(email=ann.email, password=ann.password)).user == user
    assert (await shop.logs_in(ann.login, ann.password)).user == user
    assert (await shop.logs_in(ann.email, ann.password)).user == user


@on_both_databases
async def test_a_password_changed_here_ends_what_was_open_at_the_others(shop: Shop, cube: Cube) -> None:
    laptop = await shop.registers(ann)
    phone = await shop.logs_in(ann.login, ann.password)
    tablet = await cube.log_in(ann.login, ann.password)
    assert str(tablet["user_id"]) == laptop.user == phone.user
    changed = await cube.update(tablet["token"], password=ANOTHER, old_password=ann.password)
    assert changed.status_code == 200
    assert [await laptop.is_in(), await phone.is_in(), await cube.is_open(tablet["token"])] == [False, False, True]
    assert (await shop.logs_in(ann.login, ANOTHER)).user == laptop.user


async def test_who_deletes_themselves_here_is_gone_at_the_others(shop: Shop, cube: Cube) -> None:
    laptop = await shop.registers(ann)
    tablet = await cube.log_in(ann.login, ann.password)
    assert (await cube.ask("DELETE", "/users", tablet["token"])).status_code == 200
    assert not await laptop.is_in()
    assert (await shop.registers(ann)).user != laptop.user


async def test_the_apps_word_at_one_door_shuts_out_who_registered_at_the_other(shop: Shop, cube: Cube) -> None:
    """Eve takes Ann's login here; the App's server names Ann there."""
    eves = await cube.log_in(ann.login, eve.password)
    assert (await shop.rest("POST", "login_or_register", user_id=ann.login, password=ann.password)).status_code == 200
    assert (await cube.open(user={"login": ann.login, "password": eve.password})).status_code == 401
    anns = await cube.log_in(ann.login, ann.password)
    assert anns["user_id"] == eves["user_id"], "one name, one user"


async def test_what_only_this_door_has_a_word_for_stays_when_another_writes(shop: Shop, cube: Cube) -> None:
    token = await cube.token(ann.login, ann.password)
    await cube.update(token, custom_data="seat 7", website="ann.example", tag_list="vip", external_id="acme-ann")
    phone = await shop.logs_in(ann.login, ann.password)
    assert phone.user == str((await cube.me(token))["id"])
    await shop.server("PATCH", f"/users/{phone.user}", {"name": "Ann Lee", "tags": ["gold"]})
    me = await cube.me(token)
    shown = {"full_name": "Ann Lee", "custom_data": "seat 7", "website": "http://ann.example", "user_tags": "gold,vip"}
    assert {name: me[name] for name in shown} == shown
