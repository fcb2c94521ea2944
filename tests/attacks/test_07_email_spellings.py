"""Attack 7: another spelling of somebody's address (GHSA-7rqj-j65f-68wh, CVE-2019-19844, CVE-2023-3128).

The App's server signs for whatever address Eve proved to it, as she spelled it; it must never become Nick's. What
is an address at all is tried in tests/domain/test_identities.py; here it goes through every door that takes one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from acquaint.settings import Settings
from tests.journeys.shop import Shop

NICK = "nicks@shop.example"


def _until_nul(text: str) -> str:
    return text.partition("\0")[0]


def _first_line(text: str) -> str:
    return text.split("\r\n")[0]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _visible(text: str) -> str:
    return "".join(it for it in text if it.isprintable())


SPELLINGS: list[tuple[str, Callable[[str], str]]] = [
    ("nicks＠shop.example", _folded),  # a full-width @
    ("ｎicks@shop.example", _folded),  # a full-width n
    ("nic\u212as@shop.example", str.lower),  # the Kelvin sign
    ("n\u0131cks@shop.example", lambda it: it.upper().lower()),  # a dotless i
    ("nick\u017f@shop.example", lambda it: it.upper().lower()),  # a long s
    ("nicks@shop.example\0.evil.example", _until_nul),
    ("nicks@shop.example\r\nBcc: eve@evil.example", _first_line),
    ("ni\u200bcks@shop.example", _visible),  # a space of no width
    ("nicks\u00ad@shop.example", _visible),  # a soft hyphen
    ("nicks@shop.example@evil.example", lambda it: it.rpartition("@")[0]),
    ('"nicks@shop.example"@evil.example', lambda it: it.split('"')[1]),
    ("nicks@shop.example,eve@evil.example", lambda it: it.split(",")[0]),
    ("Nick <nicks@shop.example>", lambda it: it.partition("<")[2].rstrip(">")),
    ("nicks@shop.example (eve)", lambda it: it.partition(" ")[0]),
    ("nicks@shop。example", lambda it: it.replace("。", ".")),
]


@pytest.mark.parametrize(("spelling", "repaired"), SPELLINGS)
async def test_no_spelling_of_nicks_address_is_nick_at_any_door(
    shop: Shop, settings: Settings, spelling: str, repaired: Callable[[str], str]
) -> None:
    assert repaired(spelling) == NICK, "whoever repairs it like this has led Eve to Nick"

    nick = await shop.vouches(email=NICK)
    await nick.says("my card is lost")
    for answer in (
        await shop.arriving(token=shop.token(email=spelling)),
        await shop.vouching(email=spelling),
        await shop.native("PUT", "/app/users", {"identifiers": {"email": spelling}}, by=shop.api_key),
        await shop.native("GET", "/app/users/lookup", by=shop.api_key, params={"email": spelling}),
        await shop.native("POST", "/users", {"app": shop.slug, "email": spelling, "password": "a rowing boat"}),
        await shop.arriving(email=spelling, password="a rowing boat"),
        await shop.native("POST", "/password-resets", {"app": shop.slug, "email": spelling}),
    ):
        assert answer.status_code < 500
        assert str(nick.user) not in answer.text
    claimer = await shop.arrives()
    await claimer.ask("PATCH", "/session/claims", {"email": spelling})
    assert await claimer.sees() == []
    # Over Qiscus it is a name like any other, or none.
    for answer in (
        await shop.logging_in(spelling, "a rowing boat"),
        await shop.verifying(spelling),
        await shop.rest("POST", "login_or_register", user_id=spelling, password="a rowing boat"),
    ):
        assert answer.status_code in (200, 400, 401)
        assert str(nick.user) not in answer.text
    assert mails(settings.data) == []
    assert await nick.sees() == [["my card is lost"]]


@pytest.mark.parametrize("spelling", ["NICKS@Shop.EXAMPLE", " nicks@shop.example\n"])
async def test_case_and_blanks_around_it_are_the_same_address_at_every_door(shop: Shop, spelling: str) -> None:
    """So that one person is not two: the other half of the rule."""
    nick = await shop.vouches(email=NICK)
    assert (await shop.comes_by_token(email=spelling)).user == nick.user
    assert (await shop.vouches(email=spelling)).user == nick.user
    found = await shop.native("GET", "/app/users/lookup", by=shop.api_key, params={"email": spelling})
    assert found.json()["id"] == nick.user
    taken = await shop.native("POST", "/users", {"app": shop.slug, "email": spelling, "password": "a rowing boat"})
    assert taken.json()["code"] == "identifier_taken"


async def test_a_mail_goes_to_the_address_that_is_kept_and_to_no_other(shop: Shop, settings: Settings) -> None:
    """Attack 8 as well (CVE-2023-7028): one address, of one text."""
    await shop.native("POST", "/users", {"app": shop.slug, "email": NICK, "password": "a rowing boat"})
    for several in (
        [NICK, "eve@evil.example"],
        {"0": NICK},
        f"{NICK},eve@evil.example",
        f"{NICK}\neve@evil.example",
        7,
    ):
        answer = await shop.native("POST", "/password-resets", {"app": shop.slug, "email": several})
        assert answer.status_code == 400
    assert mails(settings.data) == []
    await shop.native("POST", "/password-resets", {"app": shop.slug, "email": "NICKS@SHOP.example"})
    (mail,) = mails(settings.data)
    assert f"To: {NICK}\n" in mail
    assert "evil" not in mail


def mails(data: Path) -> list[str]:
    outbox = data / "outbox"
    return [it.read_text().replace("\r\n", "\n") for it in outbox.iterdir()] if outbox.exists() else []
