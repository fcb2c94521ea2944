"""What operators do beside answering, and what visitors see of it; what visitors thought of it in the end."""

from __future__ import annotations

import pytest

from tests.cast import ann
from tests.dialects.native.asking import Api, refused


async def test_ann_sees_how_far_operators_have_read(api: Api) -> None:
    in_front = await api.vouched("ann-1", name=ann.name)
    id = await api.say(in_front, "Where is it?")
    path, of_app = f"/conversations/{id}", f"/app/conversations/{id}"
    before = (await api.get(path, in_front)).json()
    assert before["operators_read_id"] is None
    assert (await api.as_app("GET", "/app/conversations")).json()["items"][0]["unread"] == 1

    last = before["last_message"]["id"]
    assert (await api.as_app("POST", f"{of_app}/read", {"up_to": last})).json() == {"operators_read_id": last}
    assert (await api.get(path, in_front)).json()["operators_read_id"] == last
    assert (await api.get("/conversations", in_front)).json()["items"][0]["operators_read_id"] == last
    assert (await api.as_app("GET", of_app)).json()["unread"] == 0

    answered = (await api.as_app("POST", f"{of_app}/messages", {"text": "On its way."})).json()["id"]
    assert (await api.get(path, in_front)).json()["operators_read_id"] == answered
    assert (await api.as_app("POST", f"{of_app}/read", {"up_to": last})).json() == {"operators_read_id": answered}
    refused(await api.as_app("POST", f"{of_app}/read", {"up_to": "1"}), 404, "not_found", what="message")


async def test_typing_is_of_open_conversations(api: Api) -> None:
    id = await api.say(await api.arrive())
    path = f"/app/conversations/{id}/typing"
    for body in ({"on": True}, {"on": True, "operator": "Mia"}, {"on": False, "operator": None}):
        assert (await api.as_app("POST", path, body)).status_code == 204
    refused(await api.as_app("POST", path, {"on": True, "operator": "M\x07"}), 400, "unacceptable", field="operator")
    refused(await api.as_app("POST", path, {"operator": "Mia"}), 400, "unacceptable")
    await api.as_app("PATCH", f"/app/conversations/{id}", {"is_closed": True})
    refused(await api.as_app("POST", path, {"on": True}), 409, "conversation_closed")


async def test_ann_is_asked_what_she_thought_of_it_and_the_app_reads_it(api: Api) -> None:
    in_front = await api.vouched("ann-1")
    id = await api.say(in_front)
    path, of_app = f"/conversations/{id}", f"/app/conversations/{id}"
    refused(await api.post(f"{path}/rating", {"score": 5}, in_front), 403, "not_allowed")

    closed = (await api.as_app("PATCH", of_app, {"is_closed": True, "asks_rating": True})).json()
    assert (closed["asks_rating"], closed["rating"]) == (True, None)
    assert (await api.get(path, in_front)).json()["asks_rating"]
    assert (await api.post(f"{path}/rating", {"score": 5}, in_front)).json()["comment"] is None
    given = (await api.post(f"{path}/rating", {"score": 5, "comment": "Quick."}, in_front)).json()
    assert given == {"score": 5, "comment": "Quick.", "at": "2026-11-21T12:00:00.000Z"}
    refused(await api.post(f"{path}/rating", {"score": 1}, in_front), 403, "not_allowed")

    for seen in ((await api.get(path, in_front)).json(), (await api.as_app("GET", of_app)).json()):
        assert (seen["asks_rating"], seen["rating"]) == (False, given)
    opened = (await api.as_app("PATCH", of_app, {"is_closed": False})).json()
    assert (opened["closed_at"], opened["rating"]) == (None, given)
    late = await api.as_app("PATCH", of_app, {"is_closed": False, "asks_rating": True})
    refused(late, 400, "unacceptable", field="asks_rating")


@pytest.mark.parametrize(
    "body", [{}, {"score": 0}, {"score": 6}, {"score": "5"}, {"score": 4.5}, {"score": 5, "comment": "x" * 2_001}]
)
async def test_what_is_no_rating_is_refused(api: Api, body: dict[str, object]) -> None:
    visitor = await api.arrive()
    id = await api.say(visitor)
    await api.as_app("PATCH", f"/app/conversations/{id}", {"is_closed": True})
    refused(await api.post(f"/conversations/{id}/rating", body, visitor), 400, "unacceptable")
