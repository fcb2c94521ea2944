"""Idempotency-Key: sent twice, done once."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from acquaint.services.core import Core
from acquaint.services.sessions import sweep
from acquaint.settings import Settings
from tests.cast import ann
from tests.dialects.native.asking import Api, Somebody, refused
from tests.support.clock import SetClock

KEY = {"Idempotency-Key": "b7f1"}


async def texts(api: Api, conversation: str) -> list[str]:
    history = await api.as_app("GET", f"/app/conversations/{conversation}/messages?order=oldest")
    return [it["text"] for it in history.json()["items"]]


@pytest.fixture
async def visitor(api: Api) -> Somebody:
    return await api.arrive()


@pytest.fixture
async def conversation(api: Api, visitor: Somebody) -> str:
    return await api.say(visitor, "first")


async def test_the_same_request_again_is_answered_again_and_done_once(
    api: Api, visitor: Somebody, conversation: str
) -> None:
    path, said = f"/conversations/{conversation}/messages", {"text": "once"}

    first, second = [await api.post(path, said, visitor, headers=KEY) for _ in range(2)]

    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await texts(api, conversation) == ["first", "once"]


async def test_of_many_at_once_one_is_served(api: Api, visitor: Somebody, conversation: str) -> None:
    path, said = f"/conversations/{conversation}/messages", {"text": "once"}

    answers = await asyncio.gather(*[api.post(path, said, visitor, headers=KEY) for _ in range(20)])

    for answer in answers:
        if answer.status_code != 201:
            refused(answer, 409, "still_running", retry_after=1)
            assert answer.headers["retry-after"] == "1"
    assert any(it.status_code == 201 and "idempotency-replayed" not in it.headers for it in answers)
    assert await texts(api, conversation) == ["first", "once"]


@pytest.mark.parametrize("other", ["body", "path", "method", "query"])
async def test_another_request_under_the_key_is_refused(api: Api, other: str) -> None:
    in_front = await api.vouched("ann-1")
    path = f"/app/users/{in_front.user_id}"
    await api.as_app("PATCH", path, {"name": ann.name}, headers=KEY)

    match other:
        case "body":
            answer = await api.as_app("PATCH", path, {"name": "Eve"}, headers=KEY)
        case "path":
            answer = await api.as_app("PATCH", "/app/users/1", {"name": ann.name}, headers=KEY)
        case "method":
            answer = await api.as_app("DELETE", path, headers=KEY)
        case _:
            answer = await api.as_app("PUT", "/app/users", {"identifiers": {"login": "a"}}, headers=KEY)

    refused(answer, 422, "key_reused")
    assert (await api.as_app("GET", path)).json()["name"] == ann.name


async def test_a_key_is_its_callers_own(api: Api) -> None:
    one, other = await api.vouched("ann-1"), await api.vouched("ben-1")
    for it in (one, other):
        assert "idempotency-replayed" not in (await api.post("/conversations", {}, it, headers=KEY)).headers


async def test_a_refused_request_leaves_its_key_free(api: Api, visitor: Somebody, conversation: str) -> None:
    path = f"/conversations/{conversation}/messages"
    refused(await api.post(path, {"text": " "}, visitor, headers=KEY), 400, "unacceptable")
    assert (await api.post(path, {"text": "now"}, visitor, headers=KEY)).status_code == 201


async def test_an_answer_without_a_body_is_repeated_too(api: Api) -> None:
    in_front = await api.vouched("ann-1")
    path = f"/app/users/{in_front.user_id}"
    first, second = [await api.as_app("DELETE", path, headers=KEY) for _ in range(2)]
    assert (first.status_code, second.status_code) == (204, 204)
    assert second.headers["idempotency-replayed"] == "true"


async def test_a_request_that_died_with_its_server_may_be_made_again(
    api: Api, settings: Settings, clock: SetClock, visitor: Somebody, conversation: str
) -> None:
    path, said = f"/conversations/{conversation}/messages", {"text": "once"}
    await api.post(path, said, visitor, headers=KEY)
    with sqlite3.connect(settings.data / "acquaint.db") as database:  # it died before it kept the answer
        database.execute("UPDATE answers SET status = 0, body = x''")

    refused(await api.post(path, said, visitor, headers=KEY), 409, "still_running")
    clock.forward(seconds=61)
    assert (await api.post(path, said, visitor, headers=KEY)).status_code == 201


async def test_keys_are_forgotten_after_a_day(api: Api, core: Core, clock: SetClock, visitor: Somebody) -> None:
    first = await api.post("/conversations", {}, visitor, headers=KEY)
    clock.forward(days=1, seconds=1)
    await sweep(core)
    second = await api.post("/conversations", {}, visitor, headers=KEY)
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "na\xefve"])
async def test_a_key_is_a_short_plain_text(api: Api, visitor: Somebody, key: str) -> None:
    answer = await api.post("/conversations", {}, visitor, headers={"Idempotency-Key": key})
    refused(answer, 400, "unacceptable", field="Idempotency-Key")


async def test_no_secret_is_kept(api: Api, settings: Settings, operator_key: str) -> None:
    """The routes that answer one say that they keep nothing; what the others keep holds none."""
    visitor = await api.arrive()
    for path, body, by in (
        ("/sessions", {"app": "acme"}, None),
        ("/users", {"app": "acme", "login": "ann", "password": ann.password}, None),
        ("/live/tickets", None, visitor),
        ("/app/sessions", {"identifiers": {"external_id": "42"}}, api.api_key),
        ("/app/keys", {"name": "k", "roles": ["org.user"]}, api.api_key),
        ("/app/secrets", {}, api.api_key),
        ("/server/apps", {"name": "x"}, operator_key),
    ):
        refused(await api.post(path, body, by, headers=KEY), 400, "unacceptable", field="Idempotency-Key")
    await api.post("/conversations", {}, visitor, headers=KEY)
    kept = sqlite3.connect(settings.data / "acquaint.db").execute("SELECT body FROM answers").fetchall()
    assert len(kept) == 1
    assert b"acq" not in kept[0][0].replace(b"/acquaint/", b"")
