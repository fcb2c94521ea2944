"""Listening to what happens: who hears what, and what is said last."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from acquaint.bootstrap import House, build_app
from acquaint.dialects.kustomer.chat import event_stream, events
from acquaint.services import apps, messages, sessions, users
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, eve
from tests.dialects.kustomer.phones import SESSIONS, Phone, id_of, refusal, signed
from tests.dialects.kustomer.server.backends import Backend
from tests.support.clock import SetClock
from tests.support.patience import PATIENCE
from tests.support.server import Server

EVENTS = "/c/v1/events"
TYPING = "/v2.1/chat/outbound/typing"


@dataclass
class Ear:
    """One listener: an ASGI server that hands every piece on as it comes."""

    status: int = 0
    text: str = ""
    is_over: bool = False
    is_gone: asyncio.Event = field(default_factory=asyncio.Event)
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.text += message["body"].decode()
            self.is_over = not message.get("more_body", False)
        async with self._news:
            self._news.notify_all()

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Name and data of each event, but for the greeting."""
        found = []
        for block in self.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in lines and lines["event"] != "ready":
                found.append((lines["event"], json.loads(lines["data"])))
        return found

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    @property
    def last_id(self) -> str:
        return [it[4:] for it in self.text.splitlines() if it.startswith("id: ")][-1]

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: true(self))


@asynccontextmanager
async def listening(house: House, phone: Phone, **headers: str) -> AsyncIterator[Ear]:
    ear = Ear()
    ear.takes.set()
    sent = {"host": phone.host, "x-kustomer-tracking-token": phone.token or ""} | headers
    scope = {
        "type": "http",
        "method": "GET",
        "path": EVENTS,
        "raw_path": EVENTS.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("203.0.113.7", 40000),
        "scheme": "http",
    }
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await ear.is_gone.wait()
        return {"type": "http.disconnect"}

    ear.task = asyncio.create_task(build_app(house)(scope, receive, ear.send))
    try:
        await ear.until(lambda it: "event: ready" in it.text or it.is_over)
        yield ear
    finally:
        ear.is_gone.set()
        async with asyncio.timeout(PATIENCE):
            await ear.task


async def test_a_message_is_told_to_every_device_of_the_customer_and_to_nobody_else(
    house: House, phone: Phone, tablet: Phone, client: httpx2.AsyncClient, core: Core, acme: Cast
) -> None:
    stranger = await Phone(client, acme).begin()
    await stranger.logged_in(signed(core, acme, email=eve.email))
    for it in (phone, tablet):
        await it.logged_in(signed(core, acme, email=ann.email))
    async with listening(house, phone) as one, listening(house, tablet) as two, listening(house, stranger) as other:
        session = await phone.chat("Hello")
        await messages.answer(core, acme.app, id_of(session), Draft("Hi\n\nevent: token.revoked"))
        for ear in (one, two):
            await ear.until(lambda it: len(it.told) >= 3)
            assert ear.names == ["session.update", "message.send", "message.send"]
        _, data = one.told[-1]
        assert data["clipped"] is False
        assert data["data"]["attributes"]["body"] == "Hi\n\nevent: token.revoked"
        assert data["data"]["attributes"]["direction"] == "out"
        assert one.told[0][1] == {"clipped": True, "data": {"type": "chat_session", "id": session}}
        assert other.told == []


async def test_that_somebody_of_the_apps_writes_is_shown_to_the_customer_alone(
    house: House, phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    backend = Backend(core, phone.client, acme, acme.api_key)
    await phone.logged_in(signed(core, acme, email=ann.email))
    await tablet.logged_in(signed(core, acme, email=eve.email))
    made = await phone.asked("POST", SESSIONS, json={"title": "Hello"})
    customer = made["relationships"]["customer"]["data"]["id"]
    asked = {"customerId": customer, "from": "a" * 24, "session": made["id"]}
    async with listening(house, phone) as anns, listening(house, tablet) as eves:
        for on in (True, False):
            await backend.done("POST", TYPING, json=asked | {"typing": on})
        await anns.until(lambda it: len(it.told) >= 2)
        said = [(name, it["clipped"], it["data"]["attributes"]["status"]) for name, it in anns.told]
        assert said == [("activity.typing", False, "typing"), ("activity.typing", False, "typing-ended")]
        assert anns.told[0][1]["data"]["relationships"]["session"]["data"]["id"] == made["id"]
        assert eves.told == []
    eves_id = (await tablet.asked("POST", SESSIONS, json={}))["relationships"]["customer"]["data"]["id"]
    for wrong, status in (
        ({"customerId": eves_id}, 404),
        ({"customerId": "f" * 24}, 404),
        ({"session": "f" * 24}, 404),
        ({"session": "x"}, 400),
        ({"typing": None}, 400),
        ({"typing": "yes"}, 400),
        ({"body": "Hi"}, 400),
    ):
        assert (await backend.ask("POST", TYPING, json=asked | {"typing": True} | wrong)).status_code == status
    await phone.asked("PUT", f"{SESSIONS}/{made['id']}", json={"locked": True})
    assert refusal(await backend.ask("POST", TYPING, json=asked | {"typing": True}))[:2] == (409, "chat_ended")


async def test_the_end_of_a_conversation_is_told(house: House, phone: Phone) -> None:
    session = await phone.chat("Hello")
    async with listening(house, phone) as ear:
        await phone.asked("PUT", f"{SESSIONS}/{session}", json={"locked": True})
        await ear.until(lambda it: it.told)
        assert ear.told == [("session.end", {"clipped": True, "data": {"type": "chat_session", "id": session}})]


async def test_logging_in_is_told_and_the_listener_comes_again(
    house: House, phone: Phone, core: Core, acme: Cast
) -> None:
    await phone.chat("Hello")
    async with listening(house, phone) as ear:
        await phone.logged_in(signed(core, acme, email=ann.email))
        await ear.until(lambda it: it.is_over)
        assert ear.names[-1] == "identity.update"
    async with listening(house, phone) as ear:
        assert ear.status == 200


async def test_what_another_device_brings_in_by_logging_in_is_told(
    house: House, phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    await tablet.logged_in(signed(core, acme, email=ann.email))
    session = await phone.chat("Said before")
    async with listening(house, tablet) as ear:
        await phone.logged_in(signed(core, acme, email=ann.email))
        await ear.until(lambda it: it.told)
        assert ear.told == [("session.update", {"clipped": True, "data": {"type": "chat_session", "id": session}})]
    assert await tablet.reads(session) == ["Said before"]


async def test_who_listens_uses_the_session(
    house: House,
    client: httpx2.AsyncClient,
    core: Core,
    acme: Cast,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await apps.change_policy(core, acme.app, {"session_idle": "10m"})
    phone = await Phone(client, acme).begin()
    monkeypatch.setattr(events, "HEARTBEAT", timedelta(milliseconds=10))
    async with listening(house, phone) as ear:
        for _ in range(3):
            clock.forward(minutes=6)
            beats = ear.text.count(":\n\n")
            await ear.until(lambda it, beats=beats: it.text.count(":\n\n") >= beats + 2)
    assert (await phone.ask("GET", SESSIONS)).status_code == 200


async def test_logging_out_is_told_and_nothing_after_it(house: House, phone: Phone, core: Core, acme: Cast) -> None:
    session = await phone.chat("Hello")
    async with listening(house, phone) as ear:
        await phone.log_out()
        await messages.answer(core, acme.app, id_of(session), Draft("Too late"))
        await ear.until(lambda it: it.is_over)
        assert ear.names == ["token.revoked"]
        assert "Too late" not in ear.text


async def test_a_deleted_customer_is_told_first(house: House, phone: Phone, core: Core, acme: Cast) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    async with listening(house, phone) as ear:
        await users.delete(core, acme.app, (await users.find(core, acme.app, ann.by_email)).id)
        await ear.until(lambda it: it.is_over)
        assert ear.names == ["customer.deleted", "token.revoked"]


async def test_a_revoked_session_is_told(house: House, phone: Phone, core: Core, acme: Cast) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    user = await users.find(core, acme.app, ann.by_email)
    async with listening(house, phone) as ear:
        await sessions.end_all(core, acme.app, user.id)
        await ear.until(lambda it: it.is_over)
        assert ear.names == ["token.revoked"]


async def test_what_was_missed_is_told_from_the_last_event_on(
    house: House, phone: Phone, core: Core, acme: Cast, clock: SetClock
) -> None:
    session = await phone.chat("Hello")
    clock.forward(minutes=1)
    async with listening(house, phone) as ear:
        await messages.answer(core, acme.app, id_of(session), Draft("one"))
        await ear.until(lambda it: it.told)
        last = ear.last_id
    clock.forward(minutes=1)
    for text in ("two", "three"):
        await messages.answer(core, acme.app, id_of(session), Draft(text))
    async with listening(house, phone, **{"last-event-id": last}) as ear:
        await ear.until(lambda it: len(it.told) >= 2)
        assert [it["data"]["attributes"]["body"] for _, it in ear.told] == ["two", "three"]


@pytest.mark.parametrize("last", ["x", "-1", "9" * 30, "", "1;2"])
async def test_a_last_event_that_cannot_be_is_none(house: House, phone: Phone, last: str) -> None:
    await phone.chat("Hello")
    async with listening(house, phone, **{"last-event-id": last}) as ear:
        assert ear.status == 200
        assert ear.told == []


async def test_who_missed_too_much_is_told_to_read_everything(
    house: House, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await phone.chat("Hello")
    for number in range(4):
        await phone.say(session, f"{number}")
    monkeypatch.setattr(events, "MOST_REPLAYED", 3)
    async with listening(house, phone, **{"last-event-id": "1"}) as ear:
        await ear.until(lambda it: it.told)
        assert ear.told == [("missed", {})]


async def test_somebody_who_takes_nothing_is_let_go(
    house: House, phone: Phone, core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "SLOWEST_TAKER", 0.05)
    session = await phone.chat("Hello")
    async with listening(house, phone) as ear:
        ear.takes.clear()
        await messages.answer(core, acme.app, id_of(session), Draft("Hi"))
        assert ear.task is not None
        async with asyncio.timeout(PATIENCE):
            await ear.task
        assert len(house.hub) == 0


async def test_somebody_who_falls_too_far_behind_is_cut(
    house: House, phone: Phone, core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 3)
    session = await phone.chat("Hello")
    async with listening(house, phone) as slow, listening(house, phone) as quick:
        slow.takes.clear()
        for number in range(10):
            await messages.answer(core, acme.app, id_of(session), Draft(f"{number}"))
            await quick.until(lambda it, many=number + 1: len(it.told) == many)
        slow.takes.set()
        await slow.until(lambda it: it.is_over)
        assert len(slow.told) < 10
        assert not quick.is_over


async def test_without_a_token_nobody_listens(phone: Phone) -> None:
    answer = await phone.ask("GET", EVENTS, headers={"x-kustomer-tracking-token": "x"})
    assert refusal(answer)[:2] == (401, "unauthorized")


async def test_asking_for_the_head_only_does_not_listen(phone: Phone, house: House) -> None:
    answer = await phone.ask("HEAD", EVENTS)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert len(house.hub) == 0


async def test_whoever_goes_is_forgotten(house: House, phone: Phone) -> None:
    async with listening(house, phone):
        assert len(house.hub) == 1
    assert len(house.hub) == 0


async def test_when_the_server_stops_listeners_are_let_go(house: House, phone: Phone) -> None:
    async with listening(house, phone) as ear:
        await house.hub.close()
        await ear.until(lambda it: it.is_over)
        assert ear.told == []
    assert refusal(await phone.ask("GET", EVENTS))[0] == 503


async def test_something_is_said_when_nothing_happens(
    house: House, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", timedelta(milliseconds=10))
    async with listening(house, phone) as ear:
        await ear.until(lambda it: it.text.count(":\n\n") >= 2)


async def test_over_the_network_events_come_as_they_happen(server: Server) -> None:
    """A real server: what ASGI promises, and browsers' and proxies' manners."""
    made = server.create_app("Stream")
    async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        org = {"x-kustomer-org": made["slug"]}
        token = (await http.get("/c/v1/tracking/tokens/current", headers=org)).json()["data"]["attributes"]["token"]
        mine = {"x-kustomer-tracking-token": token}
        session = (await http.post(SESSIONS, headers=mine, json={"title": "Hi"})).json()["data"]["id"]
        async with http.stream("GET", EVENTS, headers=mine | {"origin": "https://acme.example"}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["access-control-allow-origin"] == "*"
            lines = answer.aiter_lines()
            while (await anext(lines)) != "event: ready":
                pass
            said = {"session": session, "body": "Hello"}
            assert (await http.post("/c/v1/chat/messages", headers=mine, json=said)).status_code == 201
            while (await anext(lines)) != "event: message.send":
                pass
            assert json.loads((await anext(lines))[6:])["data"]["attributes"]["body"] == "Hello"
            assert (await http.post("/c/v1/tracking/tokens", headers=mine)).status_code == 201
            rest = [it async for it in lines]
            assert "event: token.revoked" in rest
