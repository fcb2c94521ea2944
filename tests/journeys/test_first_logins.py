"""An app opens on all of somebody's devices in one moment, for the first time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest

from tests.cast import ann
from tests.journeys.shop import Held, Shop
from tests.support.databases import on_both_databases
from tests.support.patience import PATIENCE, PROMISED
from tests.support.server import Server


@on_both_databases
async def test_eight_simultaneous_first_logins_over_qiscus_make_one_user(shop: Shop) -> None:
    await eight_first_logins(shop, shop)


@on_both_databases
async def test_eight_first_arrivals_over_different_doors_make_one_user(shop: Shop) -> None:
    """By password over both doors, by identity token and by the App's word, which all name a login."""

    async def qiscus() -> str:
        return (await shop.logs_in(ann.login, ann.password)).user or ""

    async def native() -> str:
        return (await shop.registers(ann)).user or ""

    async def by_identity_token() -> str:
        answer = await shop.verifying(ann.login)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["results"]["user"]["id"])

    async def vouched() -> str:
        return (await shop.vouches(login=ann.login)).user or ""

    await shop.rest("POST", "login_or_register", user_id="somebody-else", password="x")
    outcomes = await asyncio.gather(
        *(it() for it in (qiscus, native, by_identity_token, vouched) * 2), return_exceptions=True
    )
    # Whoever came by token or word first made a user without a password: then nobody's password is right.
    users = {it for it in outcomes if isinstance(it, str)}
    refused = [str(it) for it in outcomes if not isinstance(it, str)]
    assert len(users) == 1, outcomes
    assert all("invalid_credentials" in it or "wrong password" in it for it in refused), refused
    assert len((await shop.server("GET", "/users"))["items"]) == 2


@pytest.mark.postgres
async def test_on_two_nodes_as_well_and_what_ends_on_one_is_refused_on_the_other_within_a_second(
    own_server: Callable[..., Server], postgresql: str
) -> None:
    one, other = await asyncio.gather(
        *(asyncio.to_thread(own_server, ACQUAINT_DATABASE_URL=postgresql) for _ in range(2))
    )
    made = await asyncio.to_thread(one.create_app)
    async with at(one) as here, at(other) as there:
        shop, beyond = Shop.made(here, made), Shop.made(there, made)
        await eight_first_logins(shop, beyond)

        phone = await shop.logs_in(ann.login, ann.password)
        roaming = Held(beyond, phone.token, None, phone.user, "")
        assert await roaming.is_in()
        async with roaming.live() as live:
            conversation = await phone.says("hello from the other node")
            assert (await live.hears("hello from the other node"))["conversation"] == conversation
            await phone.gets("DELETE", "/session")
            async with asyncio.timeout(PROMISED):
                await live.socket.wait_closed()
        assert live.socket.close_code == 4401
        assert not await roaming.is_in()


@asynccontextmanager
async def at(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        yield http


async def eight_first_logins(*doors: Shop) -> None:
    held = await asyncio.gather(*(doors[it % len(doors)].logs_in(ann.login, ann.password) for it in range(8)))
    assert len({it.user for it in held}) == 1
    assert len({it.token for it in held}) == 8
    assert all([await it.is_in() for it in held])
    assert len((await doors[0].server("GET", "/users"))["items"]) == 1
