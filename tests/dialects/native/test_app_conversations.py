"""How the App's people see conversations, answer them, and find out who sees what."""

from __future__ import annotations

from tests.cast import ann, kiosk, laptop
from tests.dialects.native.asking import Api, Somebody, refused


async def visibility(api: Api, conversation: str, session: Somebody | str) -> dict[str, object]:
    id = session if isinstance(session, str) else session.session_id
    return dict((await api.as_app("GET", f"/conversations/{conversation}/visibility?session={id}")).json())


async def test_the_app_sees_every_conversation_and_answers(api: Api) -> None:
    visitor, in_front = await api.arrive(), await api.vouched("ann-1", name=ann.name)
    asked, other = await api.say(visitor, "Where is it?"), await api.say(in_front)

    listed = (await api.as_app("GET", "/app/conversations")).json()["items"]
    assert {it["id"] for it in listed} == {asked, other}
    assert {it["id"]: it["members"][0]["assurance"] for it in listed} == {asked: "anonymous", other: "verified"}

    answer = await api.as_app("POST", f"/app/conversations/{asked}/messages", {"text": "On its way."})
    assert (answer.json()["author"], answer.json()["sender_id"]) == ("operator", None)
    notice = {"text": "We close at six.", "author": "app"}
    assert (await api.as_app("POST", f"/app/conversations/{asked}/messages", notice)).json()["author"] == "app"

    seen = (await api.get(f"/conversations/{asked}", visitor)).json()
    assert seen["unread"] == 2
    history = (await api.as_app("GET", f"/app/conversations/{asked}/messages?order=oldest")).json()["items"]
    assert [it["text"] for it in history] == ["Where is it?", "On its way.", "We close at six."]


async def test_a_conversation_is_closed_and_opened_again(api: Api) -> None:
    conversation = await api.say(await api.arrive())
    path = f"/app/conversations/{conversation}"

    closed = (await api.as_app("PATCH", path, {"is_closed": True})).json()
    assert closed["closed_at"] is not None
    assert (await api.as_app("PATCH", path, {"is_closed": True})).json()["closed_at"] == closed["closed_at"]
    refused(await api.as_app("POST", f"{path}/messages", {"text": "late"}), 409, "conversation_closed")

    assert (await api.as_app("PATCH", path, {"is_closed": False})).json()["closed_at"] is None
    assert (await api.as_app("GET", path)).json()["closed_at"] is None
    assert (await api.as_app("POST", f"{path}/messages", {"text": "in time"})).status_code == 201


async def test_why_a_session_sees_a_conversation_or_does_not(api: Api) -> None:
    visitor = await api.arrive(device_secret=laptop)
    conversation = await api.say(visitor)
    elsewhere = await api.arrive(device_secret=kiosk)

    sees = await visibility(api, conversation, visitor)
    assert (sees["sees"], sees["reason"]) == (True, "this_device")
    assert sees["sentence"] == "The conversation was joined unverified on this very device."
    assert sees["membership"] == {
        "assurance": "anonymous",
        "workspace": None,
        "joined_at": "2026-11-21T12:00:00.000Z",
        "on_this_device": True,
    }
    nobody = await visibility(api, conversation, elsewhere)
    assert (nobody["sees"], nobody["reason"], nobody["membership"]) == (False, "nobody_yet", None)

    in_front = await api.vouched("ann-1", device_secret=laptop)
    there = await api.vouched("ann-1", workspace="shop")
    stranger = await api.vouched("eve-1")
    assert (await visibility(api, conversation, in_front))["reason"] == "verified_member"
    assert (await visibility(api, conversation, there))["reason"] == "other_workspace"
    assert (await visibility(api, conversation, stranger))["reason"] == "not_a_member"


async def test_nothing_is_explained_about_what_is_not_there(api: Api) -> None:
    visitor = await api.arrive()
    conversation = await api.say(visitor)

    path = f"/conversations/{conversation}/visibility"
    refused(await api.as_app("GET", f"{path}?session=1"), 404, "not_found", what="session")
    refused(await api.as_app("GET", path), 400, "unacceptable", field="session")
    refused(await api.as_app("GET", f"{path}?session=laptop"), 400, "unacceptable", field="session")
    missing = await api.as_app("GET", f"/conversations/1/visibility?session={visitor.session_id}")
    refused(missing, 404, "not_found", what="conversation")


async def test_visitors_do_not_ask_who_sees_what(api: Api) -> None:
    visitor = await api.arrive()
    conversation = await api.say(visitor)
    answer = await api.get(f"/conversations/{conversation}/visibility?session={visitor.session_id}", visitor)
    refused(answer, 401, "wrong_credential")
