"""Attack 33: webhooks turned against the server that sends them, and against who receives them.

Somebody with an App's key has us ask what only we can reach (CVE-2026-55671); an endpoint that leads elsewhere, never
ends or answers for ever; a secret that is left in a log; a delivery that is sent again by somebody who has seen it.
Another App's webhooks: tests/services/test_webhooks.py.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.adapters.outbound import GuardedOutbound
from acquaint.bootstrap import open_core
from acquaint.domain.paging import PageAsked
from acquaint.domain.webhooks import DeliveryState, Trouble, Webhook
from acquaint.services import users, webhooks
from acquaint.services.core import Core
from acquaint.services.delivering import Courier
from acquaint.settings import Settings
from tests.cast import Cast, ann
from tests.support.clock import SetClock
from tests.support.endpoints import listening
from tests.support.patience import soon
from tests.support.server import Server
from tests.support.web import answering, page

NAME = "user.created"


@pytest.fixture
async def core(settings: Settings, clock: SetClock) -> AsyncIterator[Core]:
    """Nothing is sent unless a test says so; only 127.0.0.1 is allowed, and of the rest nothing."""
    allowed = replace(settings, outbound_allow=("127.0.0.1",))
    async with open_core(allowed, clock=clock, hashing=CHEAPEST) as core:
        yield core


async def told(core: Core, acme: Cast, url: str) -> tuple[Webhook, DeliveryState, Trouble | None]:
    """What becomes of one delivery to the address."""
    it = await webhooks.register(core, acme.app, url, names=[NAME])
    await users.put(core, acme.app, ann.verified())
    await Courier(core).round()
    [(delivery, _)] = (await webhooks.log(core, acme.app, it.id, PageAsked(10))).items
    return await webhooks.one(core, acme.app, it.id), delivery.state, delivery.last.trouble if delivery.last else None


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "http://[::1]:{port}/", "http://127.0.0.2:{port}/",
        "http://2130706433:{port}/", "http://0x7f.1:{port}/", "http://[::ffff:127.0.0.2]:{port}/", "http://10.0.0.1/",
    ],
)  # fmt: skip
async def test_what_only_we_can_reach_is_not_asked(core: Core, acme: Cast, url: str) -> None:
    async with answering(page(b"hush")) as server:
        _, state, trouble = await told(core, acme, url.format(port=server.port))
        assert (state, trouble) == (DeliveryState.WAITING, Trouble.NOT_ALLOWED)
        assert server.asked == []


async def test_a_redirect_leads_nowhere(core: Core, acme: Cast) -> None:
    async with answering(page(b"hush")) as inside:
        moved = page(b"", "307 Temporary Redirect", location=f"http://127.0.0.1:{inside.port}/")
        async with answering(moved) as server:
            _, state, trouble = await told(core, acme, f"http://127.0.0.1:{server.port}/")
            assert (state, trouble) == (DeliveryState.WAITING, Trouble.STATUS)
            assert len(server.asked) == 1
            assert inside.asked == []


async def test_an_answer_without_end_is_not_read(core: Core, acme: Cast) -> None:
    async def for_ever(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()

    async with answering(for_ever) as server:
        _, state, _ = await told(core, acme, f"http://127.0.0.1:{server.port}/")
        assert state is DeliveryState.DELIVERED


async def test_a_bomb_is_not_unpacked_and_what_is_answered_is_kept_nowhere(
    core: Core, acme: Cast, settings: Settings
) -> None:
    bomb = page(gzip.compress(b"the inside of somebody's network" * 100_000), content_encoding="gzip")
    async with answering(bomb) as server:
        _, state, _ = await told(core, acme, f"http://127.0.0.1:{server.port}/")
        assert state is DeliveryState.DELIVERED
    kept = b"".join(it.read_bytes() for it in Path(settings.data).glob("acquaint.db*"))
    assert b"somebody's network" not in kept


async def test_who_never_answers_costs_a_moment_and_nothing_else(core: Core, acme: Cast) -> None:
    impatient = GuardedOutbound(("127.0.0.1",), answered_within=0.05)
    async with listening() as endpoint:
        endpoint.waits = asyncio.Event()
        webhook, state, trouble = await told(replace(core, outbound=impatient), acme, endpoint.url)
        endpoint.waits.set()
    await impatient.close()
    assert (state, trouble) == (DeliveryState.WAITING, Trouble.NO_ANSWER)
    assert webhook.paused_until is not None


async def test_what_somebody_saw_is_not_believed_again_later_or_changed(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    """Replay: the moment is signed, so that a receiver refuses what is old; so are the id and every byte."""
    async with listening() as endpoint:
        it = await webhooks.register(core, acme.app, endpoint.url, names=[NAME])
        await users.put(core, acme.app, ann.verified())
        await Courier(core).round()
        [heard] = endpoint.heard
    assert heard.is_signed_with(it.secret, clock())
    assert not heard.is_signed_with(it.secret, clock.forward(minutes=6))
    clock.back(minutes=6)
    later = str(int(heard.headers["webhook-timestamp"]) + 60)
    for changed in (
        replace(heard, headers={**heard.headers, "webhook-timestamp": later}),
        replace(heard, headers={**heard.headers, "webhook-id": heard.id + "0"}),
        replace(heard, body=heard.body.replace(b"Ann", b"Eve")),
    ):
        assert not changed.is_signed_with(it.secret, clock())


def test_no_secret_and_no_address_is_left_in_the_log(own_server: Callable[..., Server]) -> None:
    server = own_server(ACQUAINT_LOG_LEVEL="debug", ACQUAINT_LOG_READS="true")
    server.create_app("Acme")
    made = server.run("webhooks", "add", "acme", "https://127.0.0.1:9/hooks?token=in-the-address")
    server.run("webhooks", "rotate", "acme", str(made["id"]))
    server.run("webhooks", "test", "acme", str(made["id"]))
    soon(lambda: "outbound_not_allowed" in server.chapter())
    server.stop()
    log = server.log.read_text()
    assert "outbound_not_allowed" in log
    assert made["secret"] not in log
    assert "whsec_" not in log
    assert "in-the-address" not in log
