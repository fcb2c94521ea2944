"""Who comes and goes, and what becomes of conversations and messages, over the native API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import ann, ben
from tests.dialects.native.asking import Api, Somebody, refused


async def group(api: Api, by: Somebody, *others: Somebody, kind: str = "group") -> str:
    sent = {"kind": kind, "title": "Rowing", "users": [str(it.user_id) for it in others], "message": {"text": "hello"}}
    return str((await api.post("/conversations", sent, by)).json()["id"])


async def texts(api: Api, id: str, by: Somebody) -> list[str]:
    return [it["text"] for it in (await api.get(f"/conversations/{id}/messages", by)).json()["items"]]


async def listed(api: Api, by: Somebody) -> list[str]:
    return [it["id"] for it in (await api.get("/conversations", by)).json()["items"]]


@pytest.fixture
async def anns(api: Api) -> Somebody:
    return await api.vouched("ann-1", name=ann.name)


@pytest.fixture
async def bens(api: Api) -> Somebody:
    return await api.vouched("ben-1", name=ben.name)


async def test_a_group_from_its_beginning_to_its_end(api: Api, anns: Somebody, bens: Somebody) -> None:
    id = await group(api, anns)
    path = f"/conversations/{id}"
    joined = (await api.post(f"{path}/members", {"users": [str(bens.user_id)]}, anns)).json()
    roles = {it["user"]["id"]: it["role"] for it in joined["members"]}
    assert roles == {str(anns.user_id): "owner", str(bens.user_id): "member"}

    changed = (await api.ask("PATCH", path, {"title": "Oars", "description": "On Sundays"}, by=bens)).json()
    assert (changed["title"], changed["description"], changed["avatar_url"]) == ("Oars", "On Sundays", None)
    refused(await api.ask("PATCH", path, {"is_managed": True}, by=bens), 403, "not_allowed")
    refused(await api.ask("PATCH", path, {"avatar_url": "javascript:x"}, by=bens), 400, "unacceptable")
    refused(await api.ask("DELETE", path, by=bens), 403, "not_allowed")
    refused(await api.ask("PATCH", f"{path}/members/{bens.user_id}", {"role": "admin"}, by=bens), 403, "not_allowed")
    promoted = (await api.ask("PATCH", f"{path}/members/{bens.user_id}", {"role": "admin"}, by=anns)).json()
    assert {it["user"]["id"]: it["role"] for it in promoted["members"]}[str(bens.user_id)] == "admin"
    refused(await api.ask("DELETE", f"{path}/members/{anns.user_id}", by=bens), 403, "not_allowed")

    assert (await api.ask("DELETE", f"{path}/members/{bens.user_id}", by=anns)).status_code == 204
    refused(await api.get(path, bens), 404, "not_found")
    assert await listed(api, bens) == []
    assert (await api.ask("DELETE", path, by=anns)).status_code == 204
    refused(await api.get(path, anns), 404, "not_found")


async def test_a_channel_is_joined_and_left(api: Api, anns: Somebody, bens: Somebody) -> None:
    id = await group(api, anns, kind="channel")
    assert (await api.post(f"/conversations/{id}/join", {}, bens)).json()["kind"] == "channel"
    assert await texts(api, id, bens) == ["hello"]
    assert (await api.ask("POST", f"/conversations/{id}/leave", by=bens)).status_code == 204
    refused(await api.get(f"/conversations/{id}", bens), 404, "not_found")
    refused(await api.ask("POST", f"/conversations/{await group(api, anns)}/join", by=bens), 404, "not_found")
    visitor = await api.arrive()
    await api.say(visitor)
    refused(await api.ask("POST", f"/conversations/{id}/join", by=visitor), 404, "not_found")


async def test_what_one_does_for_oneself(api: Api, anns: Somebody, bens: Somebody) -> None:
    id = await group(api, anns, bens)
    path = f"/conversations/{id}"
    assert (await api.ask("PUT", f"{path}/muted", {"is_muted": True}, by=bens)).status_code == 204
    assert (await api.get(path, bens)).json()["is_muted"]
    assert not (await api.get(path, anns)).json()["is_muted"]
    assert (await api.post(f"{path}/hide", {}, bens)).status_code == 204
    assert await listed(api, bens) == []
    await api.post(f"{path}/messages", {"text": "again"}, anns)
    assert await listed(api, bens) == [id]
    assert (await api.ask("POST", f"{path}/clear", by=bens)).status_code == 204
    assert await texts(api, id, bens) == []
    assert (await api.get(path, bens)).json()["last_message"] is None
    assert await texts(api, id, anns) == ["again", "hello"]
    assert (await api.post(f"{path}/hide", {"and_clear": True}, anns)).status_code == 204
    assert (await listed(api, anns), await texts(api, id, anns)) == ([], [])


async def test_messages_are_edited_deleted_received_and_reacted_to(api: Api, anns: Somebody, bens: Somebody) -> None:
    id = await group(api, anns, bens)
    path = f"/conversations/{id}"
    said = (await api.get(path, anns)).json()["last_message"]["id"]
    edited = (await api.ask("PATCH", f"{path}/messages/{said}", {"text": "hello!"}, by=anns)).json()
    assert edited["text"] == "hello!"
    assert edited["edited_at"] is not None
    refused(await api.ask("PATCH", f"{path}/messages/{said}", {"text": "mine"}, by=bens), 403, "not_allowed")
    refused(await api.ask("PATCH", f"{path}/messages/1", {"text": "x"}, by=anns), 404, "not_found", what="message")

    assert (await api.post(f"{path}/received", {"up_to": said}, bens)).json() == {"last_received_id": said}
    members = (await api.get(path, anns)).json()["members"]
    assert {it["last_received_id"] for it in members} == {None, said}

    reactions = f"{path}/messages/{said}/reactions"
    assert (await api.post(reactions, {"add": "👍"}, bens)).json() == {
        "items": [{"sign": "👍", "users": [str(bens.user_id)]}]
    }
    assert (await api.post(reactions, {"withdraw": "👍"}, bens)).json() == (await api.get(reactions, anns)).json()
    refused(await api.post(reactions, {"add": "two words"}, bens), 400, "unacceptable")

    deleting = f"{path}/messages/{said}"
    refused(await api.ask("DELETE", deleting, by=bens), 403, "not_allowed")
    assert (await api.ask("DELETE", deleting, by=bens, params={"whom": "oneself"})).status_code == 204
    assert (await texts(api, id, bens), await texts(api, id, anns)) == ([], ["hello!"])
    assert (await api.ask("DELETE", deleting, by=anns)).status_code == 204
    [left] = (await api.get(f"{path}/messages", anns)).json()["items"]
    assert (left["text"], left["deleted_at"] is not None) == ("", True)
    refused(await api.ask("DELETE", deleting, by=anns), 404, "not_found")


async def test_the_app_may_what_any_member_may(api: Api, anns: Somebody, bens: Somebody) -> None:
    id = await group(api, anns)
    path = f"/app/conversations/{id}"
    joined = (await api.as_app("POST", f"{path}/members", {"users": [str(bens.user_id)]})).json()
    assert joined["member_count"] == 2
    said: Any = (await api.get(f"/conversations/{id}", anns)).json()["last_message"]
    assert (await api.as_app("DELETE", f"{path}/messages/{said['id']}")).status_code == 204
    assert await texts(api, id, bens) == [""]
    assert (await api.as_app("DELETE", f"{path}/members/{anns.user_id}")).status_code == 204
    assert await listed(api, anns) == []
    assert (await api.as_app("DELETE", path)).status_code == 204
    assert await listed(api, bens) == []
    refused(await api.as_app("DELETE", path), 404, "not_found")
