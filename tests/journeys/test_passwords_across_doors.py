"""One person has one password in an App, wherever it is set and wherever it is asked for."""

from __future__ import annotations

import re
from pathlib import Path

from acquaint.settings import Settings
from tests.cast import ann, eve
from tests.journeys.shop import OLD_REST, Shop
from tests.support.databases import on_both_databases

ANOTHER = "the second rowing boat"


@on_both_databases
async def test_a_password_set_over_qiscus_rest_works_over_the_native_api(shop: Shop) -> None:
    assert (await shop.rest("POST", "login_or_register", user_id=ann.login, password=ann.password)).status_code == 200
    anns = await shop.arrives(login=ann.login, password=ann.password)
    old = await shop.rest("POST", "login_or_register", OLD_REST, email=ann.login, password=ANOTHER)
    assert str(old.json()["results"]["user"]["id"]) == anns.user
    assert (await shop.arriving(login=ann.login, password=ann.password)).json()["code"] == "invalid_credentials"
    assert (await shop.arrives(login=ann.login, password=ANOTHER)).user == anns.user
    assert await anns.is_in(), "as at the vendor, a new key leaves sessions alone"


@on_both_databases
async def test_a_password_chosen_over_the_native_api_is_the_key_over_qiscus(shop: Shop) -> None:
    laptop = await shop.registers(ann)
    phone = await shop.logs_in(ann.login, ann.password)
    assert phone.user == laptop.user
    await laptop.gets("POST", "/user/password", {"old_password": ann.password, "new_password": ANOTHER})
    assert (await shop.logging_in(ann.login, ann.password)).json()["error"]["message"] == "wrong password"
    assert (await shop.logs_in(ann.login, ANOTHER)).user == laptop.user
    assert not await phone.is_in(), "what the old password opened ended, at the other door as well"
    assert await laptop.is_in()


async def test_a_password_that_the_app_sets_works_at_both_doors_and_can_end_what_was_open(shop: Shop) -> None:
    phone = await shop.logs_in(ann.login, ann.password)
    body = {"password": ANOTHER, "ends_sessions": True}
    await shop.server("PUT", f"/users/{phone.user}/password", body)
    assert not await phone.is_in()
    assert (await shop.logs_in(ann.login, ANOTHER)).user == phone.user
    assert (await shop.arrives(login=ann.login, password=ANOTHER)).user == phone.user


async def test_a_password_chosen_by_mail_shuts_out_who_knew_the_old_one_at_every_door(
    shop: Shop, settings: Settings
) -> None:
    made = await shop.native("POST", "/users", {"app": shop.slug, "email": ann.email, "password": ann.password})
    laptop, eves = shop.held(made), await shop.logs_in(ann.email, ann.password)
    assert eves.user == laptop.user, "Eve found the password out"
    asked = await shop.native("POST", "/password-resets", {"app": shop.slug, "email": ann.email})
    assert asked.is_success
    ticket = ticket_in(settings.data)
    done = await shop.native("POST", "/password-resets/complete", {"ticket": ticket, "password": ANOTHER})
    assert done.is_success, done.text
    assert not await laptop.is_in()
    assert not await eves.is_in()
    assert (await shop.logging_in(ann.email, ann.password)).status_code == 401
    assert (await shop.logs_in(ann.email, ANOTHER)).user == laptop.user


async def test_a_password_of_one_app_is_nothing_in_another(shop: Shop, other: Shop) -> None:
    await shop.registers(ann)
    await other.registers(eve)
    assert (await other.arriving(login=ann.login, password=ann.password)).status_code == 401
    made = await other.logs_in(ann.login, eve.password)
    assert (await shop.logging_in(ann.login, eve.password)).status_code == 401
    assert await made.sees() == []


def ticket_in(data: Path) -> str:
    """Of the one mail that was sent."""
    (mail,) = (data / "outbox").iterdir()
    text = mail.read_bytes().decode().replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
    found = re.search(r"ticket=(acqt_\w+)", text)
    assert found, text
    return found[1]
