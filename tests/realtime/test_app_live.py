"""Apps' own servers that listen: what they hear, who is let in, and how they are cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import connect

from acquaint.domain.errors import InvalidCredentials, TooManyRequests
from acquaint.domain.keys import Role
from acquaint.realtime import backends as module
from acquaint.realtime.backends import OfApp
from acquaint.realtime.hub import Hub
from acquaint.services import apps, members, messages
from acquaint.services.core import Core
from acquaint.services.live import Typed
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, laptop
from tests.realtime.callers import Acme, Live
from tests.realtime.conftest import Listen
from tests.realtime.test_hub import CutBus
from tests.services.doors import verified, visitor, write
from tests.support.clock import SetClock
from tests.support.patience import until

PATH = "/acquaint/v1/app/live"


@asynccontextmanager
async def opened(shop: Acme, key: str, *, after: str | None = None, **headers: str) -> AsyncIterator[Live]:
    sent = {"Authorization": f"Bearer {key}"} if key else {}
    async with connect(
        shop.server.socket_url + PATH, additional_headers={**sent, **headers}, compression=None, proxy=None
    ) as socket:
        live = Live(socket, {})
        live.ready = await live.frame()
        live.seen.clear()
        await live.say(type="resume", **({} if after is None else {"after": after}))
        yield live


async def refused(shop: Acme, key: str, **headers: str) -> int:
    with pytest.raises(websockets.InvalidStatus) as refusal:
        async with opened(shop, key, **headers):
            pass
    return refusal.value.response.status_code


async def test_an_inbox_hears_visitors_write_and_type_and_what_was_missed(shop: Acme) -> None:
    it = await shop.visitor()
    async with opened(shop, shop.api_key) as inbox:
        assert inbox.ready["type"] == "ready"
        id = await it.start("hello", kind="support")
        frame = await inbox.text("hello")
        assert (frame["kind"], frame["conversation"], frame["message"]["author"]) == ("message.posted", id, "user")
        async with it.live() as visitors:
            await visitors.say(type="typing", conversation=id, on=True)
            typing = await inbox.until(lambda one: one["type"] == "typing")
            assert (typing["conversation"], typing["on"]) == (id, True)
            assert typing["user"] is not None

            await shop.ask("POST", f"/app/conversations/{id}/typing", {"on": True, "operator": "Mia"})
            for hearing in (visitors, inbox):
                shown = await hearing.until(lambda one: one["type"] == "typing" and one["user"] is None)
                assert (shown["operator"], shown["on"]) == ("Mia", True)

            await shop.ask("POST", f"/app/conversations/{id}/read", {"up_to": frame["message"]["id"]})
            read = await visitors.until(lambda one: one.get("kind") == "messages.read")
            assert (read["user"], read["up_to"]) == (None, frame["message"]["id"])
        last = frame["id"]
        await inbox.say(type="typing", conversation=id, on=True)
        assert (await inbox.until(lambda one: one["type"] == "error"))["code"] == "unknown_type"

    await it.post(id, "are you there?", client_id="mine-1")
    async with opened(shop, shop.api_key, after=last) as inbox:
        again = await inbox.text("are you there?")
        assert again["message"]["client_id"] == "mine-1"  # as over HTTP: the App is shown it


async def test_only_an_api_key_of_an_open_app_is_let_in_and_no_page(shop: Acme) -> None:
    it = await shop.visitor()
    assert await refused(shop, "") == 401
    assert await refused(shop, it.token) == 401
    assert await refused(shop, "acqk_" + "x" * 43) == 401
    assert await refused(shop, shop.operator_key) == 403
    assert await refused(shop, shop.api_key, Origin="https://acme.example") == 403
    away = await shop.ask("POST", "/app/keys", {"name": "x", "roles": ["org.user"], "network": "198.51.100.0/24"})
    assert await refused(shop, away["text"]) == 403
    narrow = await shop.ask("POST", "/app/keys", {"name": "x", "roles": ["org.permission.message.read"]})
    assert await refused(shop, narrow["text"]) == 403


async def test_a_key_that_is_revoked_is_cut_at_once_and_so_is_an_app_that_is_closed(shop: Acme) -> None:
    made = await shop.ask("POST", "/app/keys", {"name": "inbox", "roles": ["org.user"]})
    async with opened(shop, made["text"]) as first, opened(shop, shop.api_key) as second:
        await shop.ask("DELETE", f"/app/keys/{made['key']['id']}")
        assert await first.end() == ("revoked", 4401)
        await (await shop.visitor()).start("anybody?")
        assert (await second.text("anybody?"))["user"] is not None
        await shop.close()
        assert await second.end() == ("revoked", 4401)
    assert await refused(shop, made["text"]) == 401


async def test_nobody_hears_of_another_app(shop: Acme) -> None:
    other = await shop.other()
    async with opened(other, other.api_key) as inbox:
        await (await shop.visitor()).start("private")
        await (await other.visitor()).start("ours")
        await inbox.text("ours")
        assert inbox.texts == ["ours"]


# Without a network


class Wall:
    """What is sent to nobody, frame by frame."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    async def __call__(self, message: Any) -> None:
        self.frames.append(dict(message))


class Inbox(OfApp):
    """One that writes down what it is told."""

    def __init__(self, core: Core, hub: Hub, holder: apps.Holder) -> None:
        super().__init__(core, hub.backends, holder, Wall())
        self.texts: list[str] = []
        self.cuts: list[str] = []
        self.typing: list[Typed] = []
        self.gaps = 0

    def deliver(self, told: Any) -> None:
        self.texts.append(told.news.message.text if told.news.message else told.news.event.kind.value)

    def typed(self, typed: Typed) -> None:
        self.typing.append(typed)

    def missed(self) -> None:
        self.gaps += 1

    def cut(self, why: Any) -> None:
        self.cuts.append(why.value)


async def an_inbox(core: Core, hub: Hub, acme: Cast, *, days: int | None = None) -> Inbox:
    _, text = await apps.create_key(core, acme.app, "inbox", (Role.USER,), days=days)
    inbox = Inbox(core, hub, await apps.holder_of(core, text, Role.USER))
    await hub.backends.welcome(inbox)
    return inbox


async def test_what_somebody_does_for_themselves_alone_is_not_the_apps(core: Core, hub: Hub, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    assert b.user is not None
    inbox = await an_inbox(core, hub, acme)
    id = await write(core, a, "one")
    await members.clear(core, a, id)
    await messages.post(core, a, id, Draft("two"))
    await until(lambda: "two" in inbox.texts)
    assert inbox.texts == ["conversation.started", "one", "two"]


async def test_typing_is_heard_although_no_visitor_is_connected(
    core: Core, hub: Hub, acme: Cast, listen: Listen
) -> None:
    it = await visitor(core, acme, laptop)
    id = await write(core, it)
    inbox = await an_inbox(core, hub, acme)
    await hub.type_as_operator(acme.app.id, id, True, "Mia")
    here = await listen(await visitor(core, acme, laptop))
    await hub.type(here, id, True)
    assert [(one.operator, one.user_id is None) for one in inbox.typing] == [("Mia", True), (None, False)]


async def test_a_key_whose_time_is_over_is_cut_before_anything_more_is_said(
    core: Core, hub: Hub, acme: Cast, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0.01)
    inbox = await an_inbox(core, hub, acme, days=1)
    clock.forward(days=2)
    await until(lambda: inbox.cuts)
    await write(core, await verified(core, acme, ann))
    await asyncio.sleep(0)
    assert (inbox.cuts, inbox.texts) == (["expired"], [])


async def test_one_look_that_fails_does_not_let_an_expired_key_listen_for_ever(
    core: Core, hub: Hub, acme: Cast, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was found: nobody looked any more until another server of an App came."""
    monkeypatch.setattr(module, "TICK", 0.01)
    inbox = await an_inbox(core, hub, acme, days=1)
    failed = asyncio.Event()

    async def fails(it: OfApp) -> None:
        failed.set()
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(hub.backends, "_check", fails)
        clock.forward(days=2)
        await failed.wait()
    await until(lambda: inbox.cuts)
    assert inbox.cuts == ["expired"]


async def test_who_may_have_missed_something_is_checked_and_told_so(
    core: Core, hub: Hub, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0.01)
    inbox = await an_inbox(core, hub, acme)
    hub.lost()
    await hub.backends.show(acme.app.id, None)
    await until(lambda: inbox.gaps)
    assert inbox.cuts == []


async def test_an_app_fills_no_memory_with_connections(
    core: Core, hub: Hub, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OF_APP", 1)
    inbox = await an_inbox(core, hub, acme)
    with pytest.raises(TooManyRequests):
        await an_inbox(core, hub, acme)
    hub.backends.forget(inbox)
    hub.backends.forget(inbox)
    assert len(hub.backends) == 0
    await an_inbox(core, hub, acme)


async def test_a_key_that_was_revoked_before_it_listened_hears_nothing(core: Core, hub: Hub, acme: Cast) -> None:
    key, text = await apps.create_key(core, acme.app, "inbox", (Role.USER,))
    holder = await apps.holder_of(core, text, Role.USER)
    await apps.revoke_key(core, acme.app, key.id)
    with pytest.raises(InvalidCredentials):
        await hub.backends.welcome(Inbox(core, hub, holder))
    assert len(hub.backends) == 0


async def test_while_the_bus_is_cut_every_key_is_read_before_anything_is_told(core: Core, acme: Cast) -> None:
    hub = Hub(replace(core, bus=CutBus()))
    core.bus.add(hub)
    kept, cut = await an_inbox(core, hub, acme), await an_inbox(core, hub, acme)
    async with core.store.write() as tx:
        await tx.keys.save(replace(cut.key, revoked_at=core.clock()))  # on another node
    await write(core, await verified(core, acme, ann), "secret")
    await until(lambda: "secret" in kept.texts)
    assert (cut.texts, cut.cuts) == ([], ["revoked"])
    await hub.close()
    assert kept.cuts == ["going_away"]
