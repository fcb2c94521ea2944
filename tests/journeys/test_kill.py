"""The server dies, stops or loses its database while people talk.

What was answered is there afterwards, and what ended stays ended.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from itertools import count
from typing import Any

import httpx2
import pytest

from tests.cast import ann, ben, eve
from tests.journeys.shop import Held, Shop
from tests.support.patience import PATIENCE
from tests.support.postgres import RunningPostgres
from tests.support.server import Server

AT_ONCE = 200
BUSY = {"code": "busy", "status": 503}


def http_of(server: Server) -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=AT_ONCE + 10)
    return httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE, limits=limits)


def moved(held: Held, shop: Shop) -> Held:
    """The same token, asked for elsewhere."""
    return Held(shop, held.token, held.device_secret, held.user, held.session)


async def texts(held: Held, conversation: str) -> set[str]:
    """Everything that was said in the conversation."""
    found: set[str] = set()
    after = ""
    while True:
        page = await held.gets("GET", f"/conversations/{conversation}/messages?limit=200{after}")
        found |= {it["text"] for it in page["items"]}
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


async def test_kill_9_during_two_hundred_writes_at_once_loses_nothing_that_was_answered(
    own_server: Callable[..., Server],
) -> None:
    """Messages, first logins, conversations of visitors, and sessions that end, all answered before the kill."""
    server = own_server(ACQUAINT_LIMITS="off")
    made = await asyncio.to_thread(server.create_app)
    said: set[str] = set()
    logged_in: dict[str, str] = {}
    started: list[tuple[str, str]] = []
    ended: list[str] = []
    enough = asyncio.Event()
    numbers = count()

    async with http_of(server) as http:
        shop = Shop.made(http, made)
        anns = await shop.registers(ann)
        conversation = await anns.says("0")
        doomed = [await shop.vouches(email=ben.email) for _ in range(40)]

        async def says(_: int) -> None:
            text = f"message {next(numbers)}"
            await anns.gets("POST", f"/conversations/{conversation}/messages", {"text": text})
            said.add(text)

        async def logs_in(_: int) -> None:
            login = f"user-{next(numbers)}"
            logged_in[login] = (await shop.logs_in(login, "a key")).token

        async def starts(_: int) -> None:
            visitor = await shop.arrives()
            text = f"visit {next(numbers)}"
            await visitor.says(text)
            started.append((visitor.token, text))

        async def ends(_: int) -> None:
            if doomed:
                held = doomed.pop()
                await held.gets("DELETE", "/session")
                ended.append(held.token)
            else:
                await says(0)

        async def until_killed(act: Callable[[int], Awaitable[None]], number: int) -> None:
            while True:
                try:
                    await act(number)
                except (httpx2.TransportError, AssertionError):
                    return
                if len(said) > 300 and len(logged_in) > 20 and len(started) > 20 and len(ended) > 20:
                    enough.set()

        acts = (says, says, logs_in, starts, ends)
        working = [asyncio.create_task(until_killed(acts[it % len(acts)], it)) for it in range(AT_ONCE)]
        await asyncio.wait_for(enough.wait(), 3 * PATIENCE)
        server.kill()
        await asyncio.gather(*working)

    await asyncio.to_thread(server.start)
    async with http_of(server) as http:
        shop = Shop.made(http, made)
        anns = moved(anns, shop)
        assert said <= await texts(anns, conversation)
        for login, token in logged_in.items():
            assert await Held(shop, token, None, None, "").is_in(), f"{login} was let in, and is lost"
        for token, text in started:
            assert await Held(shop, token, None, None, "").sees() == [[text]]
        for token in ended:
            assert await Held(shop, token, None, None, "").code() == "session_ended"
    with closing(sqlite3.connect(server.data / "acquaint.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_what_the_app_took_back_a_moment_before_the_power_went_stays_taken_back(
    own_server: Callable[..., Server],
) -> None:
    server = own_server()
    made = await asyncio.to_thread(server.create_app)
    async with http_of(server) as http:
        shop = Shop.made(http, made)
        anns, bens, eves = await shop.registers(ann), await shop.registers(ben), await shop.registers(eve)
        key = (await shop.server("POST", "/keys", {"name": "lost", "roles": ["org.user"]}))["text"]
        (first_key, *_) = [it for it in (await shop.server("GET", "/keys"))["items"] if it["name"] == "lost"]
        kiosk = (await shop.arrives()).device_secret
        there = await shop.comes_by_token(kiosk, email="somebody@example.com")
        (secret,) = (await shop.server("GET", "/secrets"))["items"]
        newer = (await shop.server("POST", "/secrets", {}))["text"]
        for held in (anns, bens, eves):
            assert await held.is_in()

        await asyncio.gather(
            shop.server("PUT", f"/users/{anns.user}/ban"),
            shop.server("DELETE", f"/users/{bens.user}"),
            shop.server("PUT", f"/users/{eves.user}/password", {"password": "x" * 8 + "yz", "ends_sessions": True}),
            there.gets("DELETE", "/session"),
            shop.server("DELETE", f"/keys/{first_key['id']}"),
            shop.server("DELETE", f"/secrets/{secret['id']}"),
        )
        server.kill()

    await asyncio.to_thread(server.start)
    async with http_of(server) as http:
        shop = Shop.made(http, made)
        for held in (anns, bens, eves, there):
            assert await moved(held, shop).code() == "session_ended"
        assert (await shop.logging_in(ann.login, ann.password)).json()["error"]["message"] == "user is deactivated"
        assert (await shop.arriving(login=ben.login, password=ben.password)).status_code == 401
        assert (await shop.arriving(login=eve.login, password=eve.password)).status_code == 401
        assert (await shop.native("GET", "/app", by=key)).status_code == 401
        assert (await shop.arriving(token=shop.token(email=ann.email))).json()["claim"] == "signature"
        assert (await shop.arrives(token=shop.token(newer, email=eve.email))).user
        assert (await shop.arrives(device_secret=kiosk)).device_secret != kiosk


async def test_a_server_that_is_told_to_stop_finishes_the_requests_it_has(own_server: Callable[..., Server]) -> None:
    server = own_server(ACQUAINT_HASH_THREADS="1")
    made = await asyncio.to_thread(server.create_app)
    async with http_of(server) as http:
        shop = Shop.made(http, made)
        logins = [asyncio.create_task(shop.logs_in(f"user-{it}", "a key")) for it in range(10)]
        await asyncio.wait(logins, return_when=asyncio.FIRST_COMPLETED)
        code = await asyncio.to_thread(server.stop)
        held = await asyncio.gather(*logins)
    assert code == 0
    await asyncio.to_thread(server.start)
    async with http_of(server) as http:
        again = Shop.made(http, made)
        assert all([await moved(it, again).is_in() for it in held])
        assert len((await again.server("GET", "/users"))["items"]) == 10


@pytest.mark.postgres
async def test_when_postgresql_is_away_requests_fail_clearly_and_go_on_when_it_is_back(
    own_server: Callable[..., Server], postgres: RunningPostgres, postgresql: str
) -> None:
    server = await asyncio.to_thread(own_server, ACQUAINT_DATABASE_URL=postgresql)
    made = await asyncio.to_thread(server.create_app)
    async with http_of(server) as http:
        shop = Shop.made(http, made)
        anns, bens = await shop.registers(ann), await shop.registers(ben)
        conversation = await anns.says("before")
        await bens.gets("DELETE", "/session")
        assert (await http.get("/readyz")).status_code == 200
        try:
            await asyncio.to_thread(postgres.stop)
            answers = await asyncio.gather(
                anns.ask("POST", f"/conversations/{conversation}/messages", {"text": "meanwhile"}),
                anns.ask("GET", "/conversations"),
                anns.ask("POST", "/live/tickets", {}),
                shop.arriving(),
                shop.arriving(token=shop.token(email=ann.email)),
                shop.arriving(login=ann.login, password=ann.password),
                shop.vouching(email=ann.email),
            )
            for answer in answers:
                assert_busy(answer, "Retry-After", BUSY)
            qiscus = await shop.logging_in(ann.login, ann.password)
            assert (qiscus.status_code, qiscus.json()["error"]["message"]) == (503, "busy")
            # Nobody who left comes in because nobody can be asked, nor by what was remembered of them.
            assert (await bens.ask("GET", "/session")).status_code in (401, 503)
            assert (await http.get("/readyz")).status_code == 503
            assert (await http.get("/livez")).status_code == 200
        finally:
            postgres.start()  # not in a thread: it would end with it (PR_SET_PDEATHSIG)
        await until_served(shop)
        assert await bens.code() == "session_ended"
        assert await anns.sees() == [["before"]], "what was refused was not done"
        await anns.gets("POST", f"/conversations/{conversation}/messages", {"text": "after"})
        assert await anns.sees() == [["after", "before"]]
        assert "Traceback" not in server.chapter()


def assert_busy(answer: httpx2.Response, header: str, evidence: dict[str, Any]) -> None:
    assert answer.status_code == 503, answer.text
    assert header in answer.headers
    assert {name: answer.json()[name] for name in evidence} == evidence


async def until_served(shop: Shop) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await shop.http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
