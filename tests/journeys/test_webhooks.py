"""Acme's server hears everything that happened, also what happened while ours was dead."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

from tests.support.endpoints import Heard, listening
from tests.support.server import Server


async def test_what_happens_after_a_power_cut_is_told_when_the_server_is_back(
    own_server: Callable[..., Server],
) -> None:
    server = await asyncio.to_thread(lambda: own_server(ACQUAINT_OUTBOUND_ALLOW="127.0.0.1"))

    async def run(*words: str) -> dict[str, object]:
        return dict(await asyncio.to_thread(server.run, *words))

    async def key_made(name: str) -> None:
        await run("keys", "create", "acme", "--name", name)

    async with listening() as endpoint:
        await asyncio.to_thread(server.create_app, "Acme")
        made = await run("webhooks", "add", "acme", endpoint.url, "--event", "key.created")
        secret = str(made["secret"])

        def is_genuine(it: Heard) -> bool:
            return it.is_signed_with(secret, datetime.now(UTC))

        await key_made("while it serves")
        first = await endpoint.next()
        assert is_genuine(first)
        await asyncio.to_thread(server.kill)
        await key_made("while nobody serves")
        await asyncio.to_thread(server.restart)
        while len(endpoint.heard) < 2:
            await endpoint.next()
        second = endpoint.heard[-1]
        assert is_genuine(second)
        assert first.id != second.id
        names = [json.loads(it.body)["data"]["details"]["name"] for it in (first, second)]
        assert names == ["while it serves", "while nobody serves"]


async def test_an_endpoint_that_hangs_does_not_keep_the_server_from_stopping(own_server: Callable[..., Server]) -> None:
    server = await asyncio.to_thread(lambda: own_server(ACQUAINT_OUTBOUND_ALLOW="127.0.0.1"))
    async with listening() as endpoint:
        endpoint.waits = asyncio.Event()
        await asyncio.to_thread(server.create_app, "Acme")
        made = await asyncio.to_thread(server.run, "webhooks", "add", "acme", endpoint.url)
        await asyncio.to_thread(server.run, "webhooks", "test", "acme", str(made["id"]))
        await endpoint.next()
        code = await asyncio.wait_for(asyncio.to_thread(server.stop), 8)  # a try may take ten seconds
        endpoint.waits.set()
    assert code == 0
