"""Searching in what one sees."""

from __future__ import annotations

import pytest

from tests.cast import ann, ben, kiosk
from tests.dialects.native.asking import Api, refused
from tests.support.clock import SetClock


async def found(api: Api, by: object, **query: object) -> list[str]:
    answer = await api.get("/messages", by, params={"search": "needle", **query})  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return [it["text"] for it in answer.json()["items"]]


async def test_what_one_sees_is_found_and_goes_on_page_by_page(api: Api) -> None:
    ann_, ben_ = await api.vouched("ann-1", name=ann.name), await api.vouched("ben-1", name=ben.name)
    pair = (await api.post("/conversations", {"kind": "direct", "users": [ben_.user_id]}, ann_)).json()["id"]
    support = await api.say(ann_, "a needle for the App")
    for number in range(3):
        await api.post(f"/conversations/{pair}/messages", {"text": f"Néedle {number}"}, ann_)
    first = (await api.get("/messages", ann_, params={"search": "NEEDLE", "limit": 2})).json()
    assert [it["text"] for it in first["items"]] == ["Néedle 2", "Néedle 1"]
    assert first["items"][0]["conversation_id"] == pair
    rest = (await api.get("/messages", ann_, params={"search": "needle", "limit": 2, "after": first["next"]})).json()
    assert [it["text"] for it in rest["items"]] == ["Néedle 0", "a needle for the App"]
    assert rest["next"] is None
    assert rest["looked_at"] == 2
    assert await found(api, ben_) == ["Néedle 2", "Néedle 1", "Néedle 0"]
    assert await found(api, ben_, conversations=support) == []
    assert await found(api, ann_, conversations=f"{support},404") == ["a needle for the App"]


async def test_strangers_find_nothing(api: Api) -> None:
    ann_ = await api.vouched("ann-1")
    id = await api.say(ann_, "a needle")
    for stranger in (
        await api.vouched("eve-1"),
        await api.arrive(),
        await api.arrive(device_secret=kiosk),
        await api.arrive(guest={"name": "Ann Archer"}),
        await api.vouched("ann-1", workspace="blog"),
    ):
        assert await found(api, stranger) == await found(api, stranger, conversations=id) == []


async def test_between_two_moments(api: Api, clock: SetClock) -> None:
    ann_ = await api.vouched("ann-1")
    began = clock()
    for number in range(3):
        await api.say(ann_, f"needle {number}")
        clock.forward(hours=1)
    since, until = (began.replace(hour=began.hour + it).isoformat() for it in (1, 2))
    assert await found(api, ann_, since=since) == ["needle 2", "needle 1"]
    assert await found(api, ann_, until=until) == ["needle 1", "needle 0"]
    assert await found(api, ann_, since=until, until=since) == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"search": ""},
        {"search": "  "},
        {"search": "x" * 201},
        {"search": "a b c d e f g h i j k"},
        {"search": "x", "conversations": "1;2"},
        {"search": "x", "conversations": "9" * 16},
        {"search": "x", "conversations": ",".join(["1"] * 2000)},
        {"search": "x", "conversations": ",".join(str(it) for it in range(1, 102))},
        {"search": "x", "since": "yesterday"},
        {"search": "x", "since": "2026-01-01T00:00:00"},
        {"search": "x", "after": "-1"},
        {"search": "x", "limit": "1000"},
        {"search": "x", "regex": "1"},
    ],
)
async def test_what_cannot_be_looked_for_is_refused(api: Api, query: dict[str, str]) -> None:
    refused(await api.get("/messages", await api.vouched("ann-1"), params=query), 400, "unacceptable")
