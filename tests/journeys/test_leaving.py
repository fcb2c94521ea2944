"""Leaving, and being made to leave: nothing that ended is served again, on no path, not after a restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.cast import ann, ben, eve
from tests.journeys.shop import Held, Shop, connecting
from tests.support.databases import on_both_databases
from tests.support.patience import PATIENCE, PROMISED
from tests.support.server import Server


async def is_out(held: Held) -> bool:
    """Whether no door serves the token."""
    native = await held.ask("GET", "/conversations")
    qiscus = await held.shop.qiscus("GET", "my_profile", by=held.token)
    assert (native.status_code == 200) == (qiscus.status_code == 200), "both doors say the same"
    return native.status_code == 401


async def within_a_second(held: Held) -> bool:
    until = time.monotonic() + PROMISED
    while time.monotonic() < until:
        if await is_out(held):
            return True
        await asyncio.sleep(0.02)
    return False


@pytest.mark.parametrize("door", ["native", "qiscus", "by the app", "by qiscus' rest"])
async def test_a_session_that_ann_ends_is_refused_at_once_and_its_socket_is_cut(corner: Shop, door: str) -> None:
    phone, laptop = await corner.logs_in(ann.login, ann.password), await corner.registers(ann)
    assert phone.user == laptop.user
    async with phone.live() as live, laptop.live() as other:
        if door == "native":
            await phone.gets("DELETE", "/session")
        elif door == "qiscus":
            await corner.qiscus("POST", "logout", {"token": phone.token}, by=phone.token)
        elif door == "by the app":
            await corner.server("DELETE", f"/users/{ann_of(phone)}/sessions/{await session_of(phone)}")
        else:
            await corner.rest("DELETE", "deactivate_users", user_ids=[ann.login])
        assert await is_out(phone)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(live.hears("never"), PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        if door != "by qiscus' rest":
            assert not await is_out(laptop)
            await other.says(type="ping")


def ann_of(held: Held) -> str:
    assert held.user is not None
    return held.user


async def session_of(held: Held) -> str:
    return str((await held.gets("GET", "/session"))["session"]["id"])


async def test_the_command_line_in_another_process_ends_it_everywhere_and_a_restart_does_not_bring_it_back(
    own_server: Callable[..., Server],
) -> None:
    server = own_server()
    made = server.create_app()
    async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        shop = Shop.made(http, made)
        phone, bens = await shop.logs_in(ann.login, ann.password), await shop.registers(ben)
        await phone.says("before")
        spare = await phone.ticket()
        async with phone.live() as live:
            ended = await asyncio.to_thread(server.run, "sessions", "end", shop.slug, "--user", f"login:{ann.login}")
            assert ended == {"ended": 1}
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(live.hears("never"), PATIENCE)
        assert await within_a_second(phone)
        with pytest.raises(InvalidStatus):
            async with connecting(http, spare):
                pass
        await asyncio.to_thread(server.restart)
    async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        shop = Shop.made(http, made)
        assert await is_out(Held(shop, phone.token, None, phone.user, ""))
        assert not await is_out(Held(shop, bens.token, None, bens.user, ""))
        again = await shop.logs_in(ann.login, ann.password)
        assert await again.sees() == [["before"]]


@on_both_databases
async def test_after_ann_logs_out_of_the_kiosk_the_next_person_sees_nothing_though_they_hold_its_old_secret(
    shop: Shop,
) -> None:
    visitor = await shop.arrives()
    await visitor.says("anonymous, on the kiosk")
    kiosk = visitor.device_secret
    anns = await shop.comes_by_token(kiosk, email=ann.email)
    await anns.says("verified, on the kiosk")
    await anns.gets("DELETE", "/session")

    next_one = await shop.arrives(device_secret=kiosk)
    assert next_one.device_secret != kiosk
    assert await next_one.sees() == []
    bens = await shop.comes_by_token(kiosk, email=ben.email)
    assert await bens.sees() == []
    for session in (visitor, anns):
        assert await session.code() == "session_ended"
    # And what the old secret does afterwards is nobody's on the new epoch.
    assert await (await shop.comes_by_token(next_one.device_secret, email=eve.email)).sees() == []
    assert len(await (await shop.comes_by_token(email=ann.email)).sees()) == 2


async def test_an_anonymous_visitor_who_logs_out_leaves_nothing_to_adopt(shop: Shop) -> None:
    visitor = await shop.arrives()
    await visitor.says("private")
    await visitor.gets("DELETE", "/session")
    bens = await shop.comes_by_token(visitor.device_secret, email=ben.email)
    assert await bens.sees() == []


async def test_logging_out_over_qiscus_ends_what_is_open_on_the_native_device_too(shop: Shop) -> None:
    """One token, two doors: whichever it is handed back at, the kiosk's epoch ends."""
    visitor = await shop.arrives()
    anns = await shop.registers(ann, device_secret=visitor.device_secret)
    await shop.qiscus("POST", "logout", {"token": anns.token}, by=anns.token)
    assert await is_out(anns)
    next_one = await shop.arrives(device_secret=anns.device_secret)
    assert next_one.device_secret != anns.device_secret
