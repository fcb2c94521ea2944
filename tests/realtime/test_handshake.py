"""Who is let in: by a ticket that is good once, from a page that the App allows, never by anything else."""

from __future__ import annotations

import asyncio

import pytest
import websockets

from acquaint.domain.tokens import TokenKind, compose
from tests.cast import ann, ben
from tests.realtime.callers import Acme, connection, opened, refused
from tests.support.patience import until
from tests.support.server import Server

PAGE = "https://shop.example"


async def test_a_ticket_is_good_once(shop: Acme) -> None:
    ticket = await (await shop.vouched(ann)).ticket()
    async with opened(shop.server, ticket):
        assert await refused(shop.server, f"ticket={ticket}") == (401, "ticket_refused")
    assert await refused(shop.server, f"ticket={ticket}") == (401, "ticket_refused")


async def test_of_fifty_who_come_with_one_ticket_one_is_let_in(shop: Acme) -> None:
    ticket = await (await shop.vouched(ann)).ticket()

    async def attempt() -> int:
        try:
            async with connection(shop.server, f"ticket={ticket}") as socket:
                await socket.recv()
                return 101
        except websockets.InvalidStatus as refusal:
            return refusal.response.status_code

    assert sorted(await asyncio.gather(*(attempt() for _ in range(50)))) == [101] + [401] * 49


@pytest.mark.parametrize(
    "query",
    [
        "",
        "ticket=",
        "ticket=x",
        "ticket=%00",
        "ticket=%ff%fe",
        "ticket=" + "a" * 5000,
        "token=x",
        "ticket=a&ticket=b",
        "Ticket=a",
        f"ticket={compose(TokenKind.TICKET, bytes(32))}",
        f"ticket={compose(TokenKind.SESSION, bytes(32))}",
    ],
)
async def test_what_is_no_ticket_lets_nobody_in(shop: Acme, query: str) -> None:
    assert await refused(shop.server, query) == (401, "ticket_refused")


async def test_no_other_credential_lets_anybody_in(shop: Acme) -> None:
    client = await shop.vouched(ann)
    for credential in (client.token, shop.api_key):
        for query in (f"ticket={credential}", f"token={credential}", f"access_token={credential}"):
            assert await refused(shop.server, query) == (401, "ticket_refused")
        for headers in (
            {"Authorization": f"Bearer {credential}"},
            {"Cookie": f"token={credential}; session={credential}"},
            {"Sec-WebSocket-Protocol": credential},
        ):
            assert await refused(shop.server, "", headers=headers) == (401, "ticket_refused")


async def test_two_good_tickets_at_once_are_no_ticket(shop: Acme) -> None:
    client = await shop.vouched(ann)
    assert await refused(shop.server, f"ticket={await client.ticket()}&ticket={await client.ticket()}") == (
        401,
        "ticket_refused",
    )


async def test_a_ticket_for_another_purpose_lets_nobody_in(shop: Acme) -> None:
    nonce = await shop.http.post(
        "/api/v2/sdk/auth/nonce", headers={"qiscus-sdk-app-id": shop.slug, "qiscus_sdk_app_id": shop.slug}
    )
    text = nonce.json()["results"]["nonce"]
    assert await refused(shop.server, f"ticket={text}") == (401, "ticket_refused")


async def test_a_ticket_opens_its_own_app_and_nothing_of_another(shop: Acme) -> None:
    other = await shop.other()
    ticket = await (await shop.vouched(ann)).ticket()
    theirs = await other.vouched(ann)
    async with opened(shop.server, ticket) as live:
        await live.say(type="resume", after=live.ready["last_event"])
        await live.until(lambda frame: frame["type"] == "resumed")
        conversation = await theirs.start("in the other App")
        await live.say(type="typing", conversation=conversation, on=True)
        assert (await live.frame())["code"] == "not_found"
        await live.nothing(0.1)


async def test_a_ticket_of_a_session_that_ended_lets_nobody_in(shop: Acme) -> None:
    client = await shop.vouched(ann)
    ticket = await client.ticket()
    await client.ask("DELETE", "/session")
    assert await refused(shop.server, f"ticket={ticket}") == (401, "session_ended")


async def test_a_ticket_of_a_closed_app_lets_nobody_in(shop: Acme) -> None:
    ticket = await (await shop.vouched(ann)).ticket()
    await shop.close()
    assert await refused(shop.server, f"ticket={ticket}") == (401, "session_ended")


async def test_a_ticket_of_a_banned_user_lets_nobody_in(shop: Acme) -> None:
    client = await shop.vouched(ann)
    ticket = await client.ticket()
    await shop.ask("PUT", f"/app/users/{client.user}/ban")
    assert await refused(shop.server, f"ticket={ticket}") == (401, "session_ended")


# Pages


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://pay.shop.example",
        "https://shop.example.evil.example",
        "https://shop.example:8443",
        "http://shop.example",
        "https://SHOP.example",
        "https://shop.example/",
        "https://shop.example, https://evil.example",
        "*",
        "",
        "file://",
    ],
)
async def test_a_page_of_another_origin_is_not_let_in(shop: Acme, origin: str) -> None:
    client = await shop.vouched(ann)
    await shop.policy(allowed_origins=[PAGE])
    assert await refused(shop.server, f"ticket={await client.ticket()}", origin=origin) == (403, "origin_refused")


async def test_a_page_that_the_app_allows_and_what_is_no_browser_are_let_in(shop: Acme) -> None:
    client = await shop.vouched(ann)
    await shop.policy(allowed_origins=[PAGE])
    for origin in (PAGE, None):
        async with opened(shop.server, await client.ticket(), origin=origin) as live:
            await live.say(type="ping")
            assert (await live.frame())["type"] == "pong"


async def test_a_page_that_is_turned_away_has_spent_its_ticket(shop: Acme) -> None:
    client = await shop.vouched(ann)
    await shop.policy(allowed_origins=[PAGE])
    ticket = await client.ticket()
    assert await refused(shop.server, f"ticket={ticket}", origin="https://evil.example") == (403, "origin_refused")
    assert await refused(shop.server, f"ticket={ticket}", origin=PAGE) == (401, "ticket_refused")


async def test_a_second_origin_in_the_same_handshake_helps_nobody(shop: Acme) -> None:
    client = await shop.vouched(ann)
    await shop.policy(allowed_origins=[PAGE])
    evil = {"Origin": "https://evil.example"}
    status, _ = await refused(shop.server, f"ticket={await client.ticket()}", origin=PAGE, headers=evil)
    assert status in (400, 403)


# What is left in logs


async def test_strangers_who_are_refused_fill_no_log_of_errors(server: Server) -> None:
    for _ in range(3):
        assert await refused(server, "ticket=acqt_guessed") == (401, "ticket_refused")
    lines = server.chapter()
    assert lines.count('"event":"live_refused"') == 3
    assert '"level":"error"' not in lines


async def test_logs_tell_who_came_and_went_and_neither_tickets_nor_words(shop: Acme, server: Server) -> None:
    anns, bens = await shop.vouched(ann), await shop.vouched(ben)
    tickets = [await anns.ticket(), await bens.ticket()]
    async with opened(server, tickets[0]) as one, opened(server, tickets[1]) as other:
        await one.say(type="resume")
        await other.say(type="resume")
        conversation = await anns.start("a word nobody else knows: xylophonist", kind="direct", users=[bens.user])
        await other.text("a word nobody else knows: xylophonist")
        await one.say(type="typing", conversation=conversation, on=True)
        await one.socket.send('{"type":"xylophonist"}')
        await one.socket.send("xylophonist {{{")
        await one.until(lambda frame: frame.get("code") == "unreadable")
    await refused(server, f"ticket={tickets[0]}")
    await until(lambda: server.chapter().count('"event":"live_disconnected"') == 2)
    log = server.chapter()
    assert log.count('"event":"live_connected"') == 2
    assert log.count('"event":"live_disconnected"') == 2
    assert log.count('"event":"live_refused"') == 1
    for secret in (*tickets, anns.token, bens.token, shop.api_key, "xylophonist"):
        assert secret not in log
        assert secret[5:] not in log
