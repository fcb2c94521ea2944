"""A session that ends takes its live connections with it, at once, whoever ends it and wherever."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed

from tests.cast import ann, ben
from tests.realtime.callers import Acme, refused
from tests.support.patience import PATIENCE, PROMISED
from tests.support.server import Server


async def test_logging_out_cuts_the_connection(shop: Acme) -> None:
    client = await shop.vouched(ann)
    async with client.live() as live:
        await client.ask("DELETE", "/session")
        assert await live.end() == ("revoked", 4401)


async def test_ending_one_session_cuts_that_one_only(shop: Acme) -> None:
    laptop, phone = await shop.vouched(ann), await shop.vouched(ann)
    async with laptop.live() as cut, phone.live() as kept:
        await phone.ask("DELETE", f"/sessions/{laptop.session}")
        assert await cut.end() == ("revoked", 4401)
        await phone.start("still here")
        await kept.text("still here")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/app/users/{user}/sessions", None),
        ("DELETE", "/app/users/{user}/sessions/{session}", None),
        ("PUT", "/app/users/{user}/password", {"password": "something else entirely", "ends_sessions": True}),
        ("PUT", "/app/users/{user}/ban", None),
        ("DELETE", "/app/users/{user}", None),
    ],
)
async def test_what_the_app_does_cuts_at_once(shop: Acme, method: str, path: str, body: Any) -> None:
    client = await shop.vouched(ann)
    async with client.live() as live:
        await shop.ask(method, path.format(user=client.user, session=client.session), body)
        assert await live.end() == ("revoked", 4401)


async def test_changing_ones_password_cuts_ones_other_devices(shop: Acme) -> None:
    laptop = await shop.registered(ann)
    phone = await shop.registered(ann)
    async with laptop.live() as kept, phone.live() as cut:
        body = {"old_password": ann.password, "new_password": "quite another one"}
        await laptop.ask("POST", "/user/password", body)
        assert await cut.end() == ("revoked", 4401)
        await kept.say(type="ping")
        assert (await kept.frame())["type"] == "pong"


async def test_closing_the_app_cuts_everybody_in_it_and_nobody_else(shop: Acme) -> None:
    other = await (await shop.other()).vouched(ann)
    here = [await shop.vouched(ann), await shop.vouched(ben), await shop.visitor()]
    async with here[0].live() as one, here[1].live() as two, here[2].live() as three, other.live() as kept:
        await shop.close()
        for live in (one, two, three):
            assert await live.end() == ("revoked", 4401)
        await kept.say(type="ping")
        assert (await kept.frame())["type"] == "pong"


async def test_the_command_line_in_another_process_cuts_within_a_second(shop: Acme) -> None:
    laptop, phone = await shop.vouched(ann), await shop.vouched(ann)
    async with laptop.live() as cut, phone.live() as kept:

        async def watch() -> float:
            assert await cut.end() == ("revoked", 4401)
            return time.monotonic()

        watching = asyncio.create_task(watch())
        await asyncio.to_thread(shop.server.run, "sessions", "end", shop.slug, laptop.session)
        ended = time.monotonic()
        assert await watching - ended < PROMISED
        await shop.answer(await phone.start("still here"), "so are we")
        await kept.text("so are we")
    assert await refused(shop.server, "ticket=x") == (401, "ticket_refused")


async def test_nothing_is_heard_after_the_end_of_the_session_was_answered(shop: Acme) -> None:
    laptop, phone = await shop.vouched(ann), await shop.vouched(ann)
    conversation = await laptop.start("0")
    async with phone.live() as live:
        posting = [asyncio.create_task(laptop.post(conversation, f"before {it}")) for it in range(20)]
        await laptop.ask("DELETE", f"/sessions/{phone.session}")
        for number in range(20):
            await laptop.post(conversation, f"after {number}")
        assert await live.end() == ("revoked", 4401)
        assert not [it for it in live.texts if it.startswith("after")]
        await asyncio.gather(*posting)


async def test_a_session_whose_time_is_over_is_cut(shop: Acme) -> None:
    await shop.policy(session_idle=3)
    client = await shop.vouched(ann)
    async with client.live() as live:
        assert await live.end() == ("expired", 4401)


async def test_being_connected_does_not_prolong_a_session_and_using_it_does(shop: Acme) -> None:
    idle = 4
    await shop.policy(session_idle=idle)
    client = await shop.vouched(ann)
    async with client.live() as live:

        async def talk() -> None:
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await live.say(type="ping")
                    await asyncio.sleep(0.5)

        began = asked = time.monotonic()
        for _ in range(3):
            await asyncio.sleep(idle * 0.4)
            asked = time.monotonic()
            await client.ask("GET", "/session")
        assert asked - began > idle
        talking = asyncio.create_task(talk())  # which is no use of the session
        async with asyncio.timeout(PATIENCE):
            assert await live.end() == ("expired", 4401)
        assert time.monotonic() - asked > idle - 0.1
        await talking


async def test_a_server_that_stops_says_so(own_server: Callable[..., Server]) -> None:
    server = own_server()
    made = await asyncio.to_thread(server.create_app)
    async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        shop = Acme(server, http, "", {"app": {"slug": made["slug"]}, "api_key": made["api_key"]})
        anns, bens = await shop.vouched(ann), await shop.vouched(ben)
        async with anns.live() as one, bens.live() as other:
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            assert await one.end() == ("going_away", 1001)
            assert await other.end() == ("going_away", 1001)
            assert await stopping == 0
