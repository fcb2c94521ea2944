"""Searching, system messages over REST, and permissions: as the vendor has them, and as they must not be used."""

from __future__ import annotations

from contextlib import suppress

import pytest

from acquaint.bootstrap import House
from acquaint.dialects.connectycube.xml import Element
from acquaint.domain.errors import TooManyRequests
from acquaint.services import blocks, limits, sessions
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, eve
from tests.dialects.connectycube.asking import Cube
from tests.dialects.connectycube.chatting import Chatters
from tests.dialects.connectycube.test_dialogs import FORBIDDEN, Somebody, somebody
from tests.support.clock import SetClock


@pytest.fixture
async def people(cube: Cube) -> list[Somebody]:
    return [await somebody(cube, it) for it in ("ann", "ben", "eve")]


async def found(who: Somebody, text: str, **query: object) -> list[str]:
    answer = await who.ask("GET", "/chat/search", params={"search_text": text, **query})
    assert answer.status_code == 200, answer.text
    return [it["message"] for it in answer.json()["results"]["messages"]]


async def test_messages_and_dialogs_of_ones_own_are_found(people: list[Somebody], clock: SetClock) -> None:
    a, b, e = people
    group, pair = await a.dialog(b, name="Regatta 100%"), await a.dialog(b, type=3)
    await a.say(group, "the régatta begins")
    await b.say(pair, "regatta?")
    assert await found(b, "REGATTA") == ["regatta?", "the régatta begins"]
    assert await found(b, "regatta", chat_dialog_ids=f"{group['_id']},{'f' * 24}") == ["the régatta begins"]
    assert await found(b, "regatta", limit=1) == ["regatta?"]
    assert await found(e, "regatta") == await found(e, "regatta", chat_dialog_ids=group["_id"]) == []
    whole = (await b.ask("GET", "/chat/search", params={"search_text": "gatta 100%"})).json()["results"]
    assert [it["_id"] for it in whole["dialogs"]] == [group["_id"]]
    nothing = (await e.ask("GET", "/chat/search", params={"search_text": "Regatta"})).json()["results"]
    assert nothing == {"dialogs": [], "messages": [], "users": []}


async def test_from_a_date_back_to_another_one(people: list[Somebody], clock: SetClock) -> None:
    a, b, _ = people
    group = await a.dialog(b)
    first = await a.say(group, "needle 1")
    clock.forward(minutes=100)
    second = await a.say(group, "needle 2")
    dates = {"start_date": second["date_sent"] - 1, "end_date": first["date_sent"]}
    assert await found(b, "needle", **dates) == ["needle 1"]
    assert await found(b, "needle", end_date=second["date_sent"]) == ["needle 2"]
    for query, field in (
        ({"start_date": "2026-01-01"}, "end_date"),
        ({"end_date": "yesterday"}, "end_date"),
        ({"end_date": "9999-12-31", "start_date": "9999-12-31"}, "start_date"),
        ({"search_text": "x" * 201}, "search_text"),
        ({"chat_dialog_ids": ",".join(f"{it:024x}" for it in range(11))}, "chat_dialog_ids"),
        ({"limit": "0"}, "limit"),
    ):
        answer = await b.ask("GET", "/chat/search", params={"search_text": "needle", **query})
        assert answer.status_code == 422, (query, answer.text)
        assert field in answer.json()["errors"], answer.text


async def test_a_system_message_reaches_whoever_is_connected(house: House, acme: Cast, cube: Cube) -> None:
    chatters = Chatters(house, acme)
    b = await chatters.chatter(ben)
    it, token = await chatters.signed_up(ann)
    a = Somebody(cube, it.session.user_id or 0, token)
    sent = {"recipientId": b.id, "userExt": {"name": "<Smith>"}, "friendId": "90675", "from": "1-1@evil"}
    answer = (await a.ask("POST", "/chat/Message/system", json=sent)).json()
    assert answer["extensionParams"] == {"userExt": {"name": "<Smith>"}, "friendId": "90675", "from": "1-1@evil"}
    heard = await b.until(lambda frame: frame.name == "message")
    assert (heard.get("type"), heard.get("id")) == ("headline", answer["messageId"])
    assert heard.get("from") == f"{a.id}-{acme.app.id}@acquaint.test", "whatever the client says"
    extra = next(it for it in heard.elements if it.name == "extraParams")
    assert {it.name: _value(it) for it in extra.elements} == {
        "moduleIdentifier": "SystemNotifications",
        "userExt": {"name": "<Smith>"},
        "friendId": "90675",
        "from": "1-1@evil",
    }

    e = await chatters.chatter(eve)
    await blocks.block(house.core, b.it, e.id)
    eves = Somebody(cube, e.id, chatters.tokens[e.it.session.id])
    assert (await eves.ask("POST", "/chat/Message/system", json={"recipientId": b.id, "a": 1})).status_code == 200
    assert [it for it in await b.rest() if it.name == "message"] == [], "they are not told that they are blocked"


def _value(it: Element) -> object:
    return {inner.name: _value(inner) for inner in it.elements} or it.text


async def test_what_cannot_be_told_is_refused(core: Core, people: list[Somebody], cube: Cube) -> None:
    a, b, _ = people

    async def tell(**values: object) -> tuple[int, object]:
        answer = await a.ask("POST", "/chat/Message/system", json={"recipientId": b.id, **values})
        return answer.status_code, answer.json()

    assert await tell(recipientId=7204822912614400) == (404, {"errors": ["User not found"]})
    assert (await tell(recipientId="me"))[0] == 422
    assert (await tell(**{"not a name": 1}))[0] == 422
    assert (await tell(**{"<x/>": 1}))[0] == 422
    assert (await tell(big="x" * 17_000))[0] == 422
    assert (await tell(**{f"k{it}": 1 for it in range(51)}))[0] == 422
    session = (await sessions.resume(core, a.token)).session
    with suppress(TooManyRequests):
        for _ in range(limits.ASIDES_PER_SESSION.times):
            await core.limiter.take(limits.ASIDES_PER_SESSION, str(session.id))
    assert (await tell(a=1))[0] == 429


async def test_guests_tell_nobody_anything(people: list[Somebody], cube: Cube) -> None:
    _, b, _ = people
    guest = await cube.session(user={"guest": 1, "full_name": "G"})
    answer = await cube.ask("POST", "/chat/Message/system", guest["token"], json={"recipientId": b.id, "a": 1})
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)


async def test_permissions_are_kept_as_documented_and_open_nothing(people: list[Somebody]) -> None:
    a, b, e = people
    channel = await a.dialog(type=4, permissions={"allow_preview": 1, "admin": True})
    assert channel["permissions"] == {"allow_preview": True}
    await a.say(channel, "for members")
    peek = await e.ask("GET", f"/chat/Message?chat_dialog_id={channel['_id']}")
    assert peek.status_code == 404
    for sent, shown in (({"allow_preview": False}, {"allow_preview": False}), (None, None), ({}, None)):
        answer = await a.ask("PUT", f"/chat/Dialog/{channel['_id']}", json={"permissions": sent})
        assert answer.json()["permissions"] == shown
    for wrong in ("yes", [1], {"allow_preview": "perhaps"}):
        answer = await a.ask("PUT", f"/chat/Dialog/{channel['_id']}", json={"permissions": wrong})
        assert answer.status_code == 422, answer.text
    await b.ask("POST", f"/chat/Dialog/{channel['_id']}/subscribe")
    answer = await b.ask("PUT", f"/chat/Dialog/{channel['_id']}", json={"permissions": {"allow_preview": True}})
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
