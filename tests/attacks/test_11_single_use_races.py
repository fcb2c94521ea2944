"""Attack 11: using what is good once fifty times at the same moment (better-auth #9993, Supabase #2612).

Without the defence, reading and then marking lets several through; here each is raced through the door that takes it.
Live tickets are raced on real sockets in tests/realtime/test_handshake.py.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable

import httpx2
import pytest

from acquaint.domain.errors import Refusal
from acquaint.services import apps, renewing, sign_in, tickets
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast, ann, eve
from tests.journeys.shop import SDK, Shop
from tests.journeys.test_passwords_across_doors import ticket_in
from tests.services.doors import at, verified
from tests.support.databases import on_both_databases

FIFTY = range(50)


async def statuses(*asking: Awaitable[httpx2.Response]) -> Counter[int]:
    return Counter([it.status_code for it in await asyncio.gather(*asking)])


async def registered(shop: Shop) -> None:
    await shop.native("POST", "/users", {"app": shop.slug, "email": ann.email, "password": ann.password})


async def test_whoever_looks_first_and_marks_afterwards_lets_all_of_them_through() -> None:
    """The attack, on a server as one would write it at first."""
    used: set[str] = set()

    async def redeem(ticket: str) -> bool:
        is_good = ticket not in used
        await asyncio.sleep(0)  # a query
        used.add(ticket)
        return is_good

    assert await asyncio.gather(*(redeem("once") for _ in FIFTY)) == [True] * 50


@on_both_databases
async def test_of_fifty_who_open_one_live_ticket_one_does(core: Core, acme: Cast) -> None:
    text, _ = await tickets.live_ticket(core, await verified(core, acme, ann))
    outcomes = await asyncio.gather(
        *(tickets.redeem_live(core, text, "203.0.113.9") for _ in FIFTY), return_exceptions=True
    )
    assert sum(isinstance(it, Refusal) for it in outcomes) == 49


@on_both_databases
async def test_fifty_who_refresh_one_token_at_once_hold_one_token_between_them(core: Core, acme: Cast) -> None:
    """Qiscus' SDK refreshes twice at once, so all are answered: with the same, and nothing was added for the others."""
    app = await apps.change_policy(core, acme.app, {"token_lifetime": "7d"})
    admission = await sign_in.vouch_for(core, app, ann.verified(), at(renews=True))
    ticket = admission.renewal or ""
    made = await asyncio.gather(*(renewing.renew(core, app, ticket, address="203.0.113.9") for _ in FIFTY))
    assert len({(it.token, it.ticket, it.session.id) for it in made}) == 1
    assert made[0].session.id == admission.session.id


@on_both_databases
async def test_of_fifty_new_passwords_for_one_mail_one_counts(shop: Shop, settings: Settings) -> None:
    await registered(shop)
    await shop.native("POST", "/password-resets", {"app": shop.slug, "email": ann.email})
    ticket = ticket_in(settings.data)

    def choose(number: int) -> Awaitable[httpx2.Response]:
        body = {"ticket": ticket, "password": f"the {number}th rowing boat"}
        return shop.native("POST", "/password-resets/complete", body)

    answers = await asyncio.gather(*(choose(it) for it in FIFTY))
    counted = [number for number, it in enumerate(answers) if it.is_success]
    assert len(counted) == 1
    assert {it.json()["code"] for it in answers if not it.is_success} == {"ticket_refused"}
    (winner,) = counted
    assert (await shop.arriving(email=ann.email, password=f"the {winner}th rowing boat")).status_code == 201
    for number in (winner - 1, winner + 1):
        assert (await shop.arriving(email=ann.email, password=f"the {number}th rowing boat")).status_code == 401


@on_both_databases
async def test_of_three_mails_to_one_person_that_are_used_at_once_one_counts(shop: Shop, settings: Settings) -> None:
    await registered(shop)
    found = []
    for _ in range(3):
        await shop.native("POST", "/password-resets", {"app": shop.slug, "email": ann.email})
        found.append(ticket_in(settings.data))
        for it in (settings.data / "outbox").iterdir():
            it.unlink()
    assert len(set(found)) == 3
    seen = await statuses(
        *(
            shop.native("POST", "/password-resets/complete", {"ticket": it, "password": f"a boat of {it[-5:]}"})
            for it in found * 4
        )
    )
    assert seen == {204: 1, 403: 11}


@on_both_databases
async def test_of_fifty_identity_tokens_with_one_nonce_one_logs_in(shop: Shop, other: Shop) -> None:
    """Different people even, at both spellings of the door, and with a nonce of no App at two Apps."""
    nonce = (await shop.qiscus("POST", "auth/nonce")).json()["results"]["nonce"]
    unbound = (await shop.http.post(f"{SDK}/auth/nonce")).json()["results"]["nonce"]

    def verify(number: int, at: Shop, nonce: str) -> Awaitable[httpx2.Response]:
        prefix = ("/api/v2/sdk", "/api/v2/mobile")[number % 2]
        token = at.identity_token(nonce, f"user-{number}")
        return at.http.post(
            f"{prefix}/auth/verify_identity_token",
            headers={"QISCUS-SDK-APP-ID": at.slug},
            json={"identity_token": token},
        )

    assert await statuses(*(verify(it, shop, nonce) for it in FIFTY)) == {200: 1, 401: 49}
    both = (shop, other)
    assert await statuses(*(verify(it, both[it // 2 % 2], unbound) for it in FIFTY)) == {200: 1, 401: 49}


@on_both_databases
async def test_fifty_requests_under_one_idempotency_key_do_it_once(shop: Shop) -> None:
    anns = await shop.registers(ann)
    conversation = await anns.says("one")
    seen = await statuses(
        *(
            anns.ask(
                "POST",
                f"/conversations/{conversation}/messages",
                {"text": "transfer 100"},
                headers={"Idempotency-Key": "once"},
            )
            for _ in FIFTY
        )
    )
    assert set(seen) <= {201, 409}
    assert seen[201] >= 1
    assert await anns.sees() == [["transfer 100", "one"]]


@on_both_databases
async def test_fifty_messages_with_one_id_of_the_clients_are_one(shop: Shop) -> None:
    anns = await shop.registers(ann)
    conversation = await anns.says("one")
    body = {"text": "transfer 100", "client_id": "once"}
    answers = await asyncio.gather(*(anns.ask("POST", f"/conversations/{conversation}/messages", body) for _ in FIFTY))
    assert len({it.json()["id"] for it in answers}) == 1
    assert await anns.sees() == [["transfer 100", "one"]]


@on_both_databases
@pytest.mark.parametrize("name", [{"login": "ann"}, {"email": "ann@example.com"}])
async def test_of_twenty_who_register_one_name_one_gets_it(shop: Shop, name: dict[str, str]) -> None:
    def register(number: int) -> Awaitable[httpx2.Response]:
        body = {"app": shop.slug, "password": f"the {number}th rowing boat", **name}
        return shop.native("POST", "/users", body)

    answers = await asyncio.gather(*(register(it) for it in range(20)))
    assert Counter(it.status_code for it in answers) == {201: 1, 409: 19}
    (winner,) = [number for number, it in enumerate(answers) if it.status_code == 201]
    let_in = [
        it for it in range(20) if (await shop.arriving(**name, password=f"the {it}th rowing boat")).status_code == 201
    ]
    assert let_in == [winner]


@on_both_databases
async def test_a_password_guessed_right_after_twenty_wrong_tries_at_once_is_counted_among_them(shop: Shop) -> None:
    """Guessing in parallel is no way around the limit: a try is taken before anything is hashed."""
    await shop.registers(ann)
    guesses = [shop.arriving(login=ann.login, password=f"{eve.password} {it}") for it in FIFTY]
    assert await statuses(*guesses) == {401: 20, 429: 30}
