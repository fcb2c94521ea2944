"""Dialogs and messages over REST, as the vendor's clients use them, and as they should not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.web.ids import as_hex
from tests.cast import Cast
from tests.dialects.connectycube.asking import NEEDS_USER, NO_TOKEN, Cube, unacceptable
from tests.support.clock import SetClock

NOT_FOUND = {"errors": ["Not found"]}
FORBIDDEN = {"errors": {"base": ["Forbidden"]}}
STRANGE_ID = as_hex(7204822912614400)
HEX = "0123456789abcdef01234567"


@dataclass(frozen=True)
class Somebody:
    """A user with a session."""

    cube: Cube
    id: int
    token: str

    async def ask(self, method: str, path: str, **body: Any) -> httpx2.Response:
        return await self.cube.ask(method, path, self.token, **body)

    async def dialog(self, *others: Somebody, type: int = 2, **more: Any) -> dict[str, Any]:
        sent = {"type": type, "occupants_ids": [it.id for it in others]} | ({} if type == 3 else {"name": "G"}) | more
        answer = await self.ask("POST", "/chat/Dialog", json=sent)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def say(self, dialog: dict[str, Any], text: str = "hello", **more: Any) -> dict[str, Any]:
        sent = {"chat_dialog_id": dialog["_id"], "message": text} | more
        answer = await self.ask("POST", "/chat/Message", json=sent)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def dialogs(self, **query: Any) -> list[str]:
        answer = await self.ask("GET", "/chat/Dialog", params=query)
        assert answer.status_code == 200, answer.text
        return [it["_id"] for it in answer.json()["items"]]

    async def messages(self, dialog: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        asked = {"chat_dialog_id": dialog["_id"], "mark_as_read": 0} | query
        answer = await self.ask("GET", "/chat/Message", params=asked)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def texts(self, dialog: dict[str, Any], **query: Any) -> list[str]:
        return [it["message"] for it in await self.messages(dialog, **query)]


async def somebody(cube: Cube, login: str) -> Somebody:
    session = await cube.log_in(login)
    return Somebody(cube, session["user_id"], session["token"])


@pytest.fixture
async def ann(cube: Cube) -> Somebody:
    return await somebody(cube, "ann")


@pytest.fixture
async def ben(cube: Cube) -> Somebody:
    return await somebody(cube, "ben")


@pytest.fixture
async def eve(cube: Cube) -> Somebody:
    return await somebody(cube, "eve")


@pytest.fixture
async def rival(client: httpx2.AsyncClient, core: Core) -> Somebody:
    """Somebody of another App."""
    return await somebody(Cube.of(client, Cast(await apps.create(core, "Globex"))), "mallory")


def routes(dialog: str, message: str, user: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Every request about a dialog or message of somebody's."""
    at = f"/chat/Dialog/{dialog}"
    of = f"/chat/Message/{message}"
    return [
        ("PUT", at, {"json": {"name": "mine"}}),
        ("PUT", at, {"json": {"push_all": {"occupants_ids": [user]}}}),
        ("PUT", at, {"json": {"push_all": {"pinned_messages_ids": [message]}}}),
        ("PUT", f"{at}/admins", {"json": {"push_all": {"admins_ids": [user]}}}),
        ("DELETE", at, {}),
        ("DELETE", at, {"data": {"force": "1"}}),
        ("DELETE", f"/chat/Dialog/clearHistory/{dialog}", {}),
        ("POST", f"{at}/subscribe", {}),
        ("DELETE", f"{at}/subscribe", {}),
        ("GET", f"{at}/notifications", {}),
        ("PUT", f"{at}/notifications", {"json": {"notifications": {"enabled": 0}}}),
        ("GET", f"{at}/occupants", {}),
        ("GET", f"/chat/Message?chat_dialog_id={dialog}", {}),
        ("POST", "/chat/Message", {"json": {"chat_dialog_id": dialog, "message": "let me in"}}),
        ("PUT", "/chat/Message", {"json": {"chat_dialog_id": dialog, "read": 1}}),
        ("PUT", of, {"json": {"chat_dialog_id": dialog, "read": 1}}),
        ("PUT", of, {"json": {"message": "mine"}}),
        ("PUT", f"{of}/reactions", {"json": {"add": "x"}}),
        ("GET", f"{of}/reactions", {}),
    ]


async def test_a_stranger_is_told_that_nothing_is_there(
    ann: Somebody, ben: Somebody, eve: Somebody, rival: Somebody
) -> None:
    group = await ann.dialog(ben)
    said = await ann.say(group, "secret")
    before = await ann.messages(group)
    for stranger in (eve, rival):
        absent = routes(STRANGE_ID, HEX, stranger.id)
        for number, (method, path, body) in enumerate(routes(group["_id"], said["_id"], stranger.id)):
            answer = await stranger.ask(method, path, **body)
            assert answer.status_code == 404, (method, path, answer.text)
            nothing = await stranger.ask(absent[number][0], absent[number][1], **absent[number][2])
            assert (answer.status_code, answer.json()) == (nothing.status_code, nothing.json())
        deleted = (await stranger.ask("DELETE", f"/chat/Message/{said['_id']}", data={"force": "1"})).json()
        assert deleted["NotFound"] == {"ids": [said["_id"]]}
        both = (await stranger.ask("DELETE", f"/chat/Dialog/{group['_id']},{STRANGE_ID}", data={"force": "1"})).json()
        assert both["NotFound"] == {"ids": [group["_id"], STRANGE_ID]}
        unread = (await stranger.ask("GET", f"/chat/Message/unread?chat_dialog_ids={group['_id']}")).json()
        assert unread == {"total": 0}
        assert await stranger.dialogs() == await stranger.dialogs(_id=group["_id"]) == []
    assert await ann.messages(group) == before
    assert await ben.dialogs() == [group["_id"]]


async def test_who_was_removed_is_a_stranger(ann: Somebody, ben: Somebody) -> None:
    group = await ann.dialog(ben)
    said = await ann.say(group)
    answer = await ann.ask("PUT", f"/chat/Dialog/{group['_id']}", json={"pull_all": {"occupants_ids": [ben.id]}})
    assert answer.json()["occupants_ids"] == [ann.id]
    for method, path, body in routes(group["_id"], said["_id"], ben.id):
        assert (await ben.ask(method, path, **body)).status_code == 404, path
    assert await ben.dialogs() == []


async def test_a_session_of_nobody_is_told_to_log_in(cube: Cube) -> None:
    token = (await cube.session())["token"]
    for method, path, body in [
        *routes(STRANGE_ID, HEX, 1),
        ("POST", "/chat/Dialog", {"json": {"type": 3, "occupants_ids": "1"}}),
        ("GET", "/chat/Dialog", {}),
        ("GET", "/chat/Message/unread", {}),
        ("DELETE", f"/chat/Message/{HEX}", {}),
        ("POST", "/address_book", {"json": {"contacts": []}}),
        ("GET", "/address_book", {}),
        ("GET", "/address_book/registered_users", {}),
    ]:
        answer = await cube.ask(method, path, token, **body)
        assert (answer.status_code, answer.json()) == (403, NEEDS_USER), path
        answer = await cube.ask(method, path, **body)
        assert (answer.status_code, answer.json()) == (401, NO_TOKEN), path


async def test_a_private_dialog_is_there_once(ann: Somebody, ben: Somebody) -> None:
    first = await ann.dialog(ben, type=3)
    again = await ben.dialog(ann, type=3, name="ignored", occupants_ids=f"{ann.id}, {ben.id}")
    assert first["_id"] == again["_id"]
    assert (first["name"], again["name"]) == ("ben", "ann"), "each sees the other"
    assert (first["type"], first["xmpp_room_jid"], first["user_id"]) == (3, None, ann.id)
    assert again["occupants_ids"] == [ann.id, ben.id]
    letters = set(first["_id"]) - set("0123456789")
    assert letters, "an id of digits alone the SDK would take for a user's"


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({}, unacceptable(type="should be 1, 2, 3 or 4")),
        ({"type": 5}, unacceptable(type="should be 1, 2, 3 or 4")),
        ({"type": "x"}, unacceptable(type="should be an integer")),
        ({"type": 3}, unacceptable(occupants_ids="cannot be blank")),
        ({"type": 2, "occupants_ids": ""}, unacceptable(occupants_ids="cannot be blank")),
        ({"type": 2, "occupants_ids": "1"}, unacceptable(name="cannot be blank")),
        ({"type": 2, "occupants_ids": "1", "name": None}, unacceptable(name="cannot be blank")),
        ({"type": 3, "occupants_ids": "1, x"}, unacceptable(occupants_ids="should be a list of positive integers")),
        ({"type": 3, "occupants_ids": [1, 2]}, unacceptable(occupants_ids="should be one other user")),
        ({"type": 2, "occupants_ids": [{}], "name": "G"}, unacceptable(occupants_ids="should be a text")),
        ({"type": 4, "name": "x" * 256}, unacceptable(name="is longer than 255 characters")),
        ({"type": 4, "name": "C", "photo": "x" * 2049}, unacceptable(photo="is longer than 2048 characters")),
        ({"type": 4, "name": "C", "extensions": 7}, unacceptable(extensions="should be an object")),
        (
            {"type": 4, "name": "C", "extensions": {"a": "x" * 256}},
            unacceptable(extensions="should be at most 10 short texts"),
        ),
    ],
)
async def test_a_dialog_that_makes_no_sense_is_refused(ann: Somebody, sent: dict[str, Any], errors: Any) -> None:
    answer = await ann.ask("POST", "/chat/Dialog", json=sent)
    assert (answer.status_code, answer.json()) == (422, errors)
    assert await ann.dialogs() == []


async def test_nobody_is_added_who_is_not_there(ann: Somebody, rival: Somebody) -> None:
    for id in (1, rival.id):
        answer = await ann.ask("POST", "/chat/Dialog", json={"type": 3, "occupants_ids": id})
        assert (answer.status_code, answer.json()) == (404, {"errors": ["User not found"]})


async def test_a_group_is_changed_in_one_go_or_not_at_all(ann: Somebody, ben: Somebody, eve: Somebody) -> None:
    group = await ann.dialog(ben, description="d", photo="uid-of-a-blob", extensions={"location": "bar"})
    assert (group["photo"], group["description"], group["extensions"]) == ("uid-of-a-blob", "d", {"location": "bar"})
    assert group["xmpp_room_jid"] == f"{ann.cube.app.id}_{group['_id']}@muc.acquaint.test"
    said = await ann.say(group)
    change = {
        "name": "H",
        "photo": "https://acme.example/h.png",
        "description": None,
        "push_all": {"occupants_ids": [eve.id], "admins_ids": [ben.id], "pinned_messages_ids": [said["_id"]]},
    }
    changed = (await ann.ask("PUT", f"/chat/Dialog/{group['_id']}.json", json=change)).json()
    assert (changed["name"], changed["photo"], changed["description"]) == ("H", "https://acme.example/h.png", None)
    assert (changed["admins_ids"], changed["pinned_messages_ids"]) == ([ben.id], [said["_id"]])
    assert changed["extensions"] == {"location": "bar"}, "what is not sent stays"
    assert set(changed["occupants_ids"]) == {ann.id, ben.id, eve.id}

    grab = {"name": "mine", "push_all": {"admins_ids": [eve.id]}}
    answer = await eve.ask("PUT", f"/chat/Dialog/{group['_id']}", json=grab)
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
    answer = await eve.ask("PUT", f"/chat/Dialog/{group['_id']}/admins", json={"push_all": {"admins_ids": [eve.id]}})
    assert answer.status_code == 403
    answer = await eve.ask("PUT", f"/chat/Dialog/{group['_id']}", json={"pull_all": {"occupants_ids": [ben.id]}})
    assert answer.status_code == 403
    for_all = await eve.ask("DELETE", f"/chat/Dialog/{group['_id']}", data={"force": "1"})
    assert (for_all.status_code, for_all.json()) == (403, FORBIDDEN)
    unchanged = (await ann.ask("PUT", f"/chat/Dialog/{group['_id']}", json={})).json()
    assert (unchanged["name"], unchanged["admins_ids"]) == ("H", [ben.id])
    dismissed = await ann.ask("PUT", f"/chat/Dialog/{group['_id']}/admins", json={"pull_all": {"admins_ids": [ben.id]}})
    assert dismissed.json()["admins_ids"] == []
    gone = await eve.ask("PUT", f"/chat/Dialog/{group['_id']}", json={"pull_all": {"occupants_ids": [eve.id]}})
    assert gone.status_code == 200
    assert await eve.dialogs() == []


async def test_dialogs_are_deleted_for_oneself_or_for_all(ann: Somebody, ben: Somebody) -> None:
    private, group = await ann.dialog(ben, type=3), await ann.dialog(ben)
    await ann.say(private, "old")
    answer = await ben.ask("DELETE", f"/chat/Dialog/{private['_id']}.json")
    assert (answer.status_code, answer.text) == (200, " ")
    assert await ben.dialogs() == [group["_id"]]
    await ann.say(private, "new")
    assert await ben.texts(private) == ["new"], "it comes back with what is new"

    several = (await ben.ask("DELETE", f"/chat/Dialog/{private['_id']},{group['_id']},zzz", data={"force": "1"})).json()
    assert several == {
        "SuccessfullyDeleted": {"ids": []},
        "NotFound": {"ids": ["zzz"]},
        "WrongPermissions": {"ids": [private["_id"], group["_id"]]},
    }
    assert (await ann.ask("DELETE", f"/chat/Dialog/{group['_id']}", data={"force": "1"})).text == " "
    assert await ben.dialogs() == await ann.dialogs() == [private["_id"]]


async def test_history_is_cleared_for_oneself(ann: Somebody, ben: Somebody) -> None:
    group = await ann.dialog(ben)
    await ann.say(group, "old")
    assert (await ben.ask("DELETE", f"/chat/Dialog/clearHistory/{group['_id']}")).text == " "
    assert await ben.texts(group) == []
    listed = (await ben.ask("GET", "/chat/Dialog")).json()["items"][0]
    assert (listed["last_message"], listed["unread_messages_count"]) == (None, 0)
    assert await ann.texts(group) == ["old"]
    answer = await ann.ask("DELETE", f"/chat/Dialog/clearHistory/{group['_id']}", data={"force": "1"})
    assert answer.status_code == 403, "not for everybody"


async def test_a_public_dialog_is_subscribed_to(ann: Somebody, ben: Somebody) -> None:
    channel = await ann.dialog(type=4)
    assert (channel["occupants_ids"], channel["occupants_count"]) == ([], 1)
    assert await ben.dialogs() == []
    answer = await ben.ask("POST", f"/chat/Dialog/{channel['_id']}/subscribe.json")
    assert (answer.status_code, answer.json()["occupants_count"]) == (200, 2)
    occupants = (await ben.ask("GET", f"/chat/Dialog/{channel['_id']}/occupants?limit=1&skip=1")).json()["items"]
    assert [it["id"] for it in occupants] == [ben.id]
    await ben.say(channel)
    answer = await ben.ask("DELETE", f"/chat/dialog/{channel['_id']}/subscribe")
    assert (answer.status_code, answer.text) == (200, " ")
    broadcast = await ann.dialog(type=1)
    await ben.ask("POST", f"/chat/Dialog/{broadcast['_id']}/subscribe")
    sent = {"chat_dialog_id": broadcast["_id"], "message": "me too"}
    assert (await ben.ask("POST", "/chat/Message", json=sent)).status_code == 403
    assert (await ann.say(broadcast))["message"] == "hello"


async def test_notifications_are_one_s_own(ann: Somebody, ben: Somebody) -> None:
    group = await ann.dialog(ben)
    path = f"/chat/Dialog/{group['_id']}/notifications"
    assert (await ben.ask("PUT", path, json={"notifications": {"enabled": 0}})).json() == {
        "notifications": {"enabled": 0}
    }
    assert (await ann.ask("GET", path)).json() == {"notifications": {"enabled": 1}}
    assert (await ben.ask("PUT", path, json={"enabled": "1"})).json() == {"notifications": {"enabled": 1}}
    assert (await ben.ask("PUT", path, json={})).json() == unacceptable(enabled="cannot be blank")


async def test_lists_are_filtered_as_documented(ann: Somebody, ben: Somebody, eve: Somebody, clock: SetClock) -> None:
    private = (await ann.dialog(ben, type=3))["_id"]
    noon = int(clock().timestamp())
    clock.forward(minutes=1)
    group = (await ann.dialog(eve, name="Boats & oars"))["_id"]
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, [group, private]),
        ({"sort_asc": "last_message_date_sent"}, [private, group]),
        ({"sort_desc": "created_at"}, [group, private]),
        ({"sort_desc": "updated_at", "limit": 1}, [group]),
        ({"limit": 1, "skip": 1}, [private]),
        ({"type": 3}, [private]),
        ({"type[in]": "2,3"}, [group, private]),
        ({"type[nin]": "3"}, [group]),
        ({"type[ne]": "2", "type[in]": "2,3"}, [private]),
        ({"_id": private}, [private]),
        ({"_id[in][]": private}, [private]),
        ({"_id[ne]": private}, [group]),
        ({"_id[in]": "nonsense"}, []),
        ({"name": "Boats & oars"}, [group]),
        ({"name[ctn]": "boats"}, [group]),
        ({"occupants_ids[all]": f"{ann.id},{eve.id}"}, [group]),
        ({"occupants_ids[in]": f"{ben.id}"}, [private]),
        ({"created_at[gt]": noon}, [group]),
        ({"created_at[gte]": noon}, [group, private]),
        ({"created_at[lte]": "2026-11-21T12:00:00Z"}, [private]),
        ({"created_at[lt]": noon * 1000 + 1500}, [private]),
        ({"updated_at[gt]": "null"}, [group, private]),
        ({"last_message_date_sent[gt]": noon}, []),
        ({"whatever": "x"}, [group, private]),
    ]
    for query, expected in cases:
        assert await ann.dialogs(**query) == expected, query
    counted = (await ann.ask("GET", "/chat/Dialog", params={"count": 1})).json()
    assert counted == {"items": {"count": 2}}
    page = (await ann.ask("GET", "/chat/Dialog.json?limit=1")).json()
    assert (page["total_entries"], page["skip"], page["limit"]) == (2, 0, 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"type": "5"}, "type"),
        ({"type[gt]": "2"}, "type"),
        ({"name[foo]": "x"}, "name"),
        ({"extensions[location]": "bar"}, "extensions"),
        ({"user_id[in]": "1"}, "user_id"),
        ({"created_at[gt]": "yesterday"}, "created_at"),
        ({"created_at[in]": "1"}, "created_at"),
        ({"occupants_ids[all]": "ann"}, "occupants_ids"),
        ({"sort_desc": "password"}, "sort_desc"),
        ({"limit": "0"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"skip": "-1"}, "skip"),
        ({"skip": "999999999"}, "skip"),
    ],
)
async def test_a_filter_that_is_not_understood_is_refused(ann: Somebody, query: dict[str, str], field: str) -> None:
    answer = await ann.ask("GET", "/chat/Dialog", params=query)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


async def test_messages_are_listed_as_documented(ann: Somebody, ben: Somebody, clock: SetClock) -> None:
    group = await ann.dialog(ben)
    first = await ann.say(group, "1")
    clock.forward(minutes=1)
    await ben.say(group, "2")
    last = await ann.say(group, "3")
    noon = first["date_sent"]
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["1", "2", "3"]),
        ({"sort_desc": "date_sent"}, ["3", "2", "1"]),
        ({"sort_desc": "date_sent", "limit": 1}, ["3"]),
        ({"skip": 1}, ["2", "3"]),
        ({"sender_id": ann.id}, ["1", "3"]),
        ({"sender_id[ne]": ann.id}, ["2"]),
        ({"date_sent[gt]": noon}, ["2", "3"]),
        ({"date_sent[lte]": noon}, ["1"]),
        ({"_id": first["_id"]}, ["1"]),
        ({"_id[gt]": first["_id"], "_id[lt]": last["_id"]}, ["2"]),
        ({"updated_at[gte]": noon + 1}, ["2", "3"]),
    ]
    for query, expected in cases:
        assert await ann.texts(group, **query) == expected, query
    counted = await ann.ask("GET", "/chat/Message", params={"chat_dialog_id": group["_id"], "count": 1})
    assert counted.json() == {"items": {"count": 3}}
    for query in ({"message[ctn]": "x"}, {"message": "x"}, {"recipient_id": 1}, {"sort_asc": "text"}, {"_id[lt]": "x"}):
        asked: dict[str, Any] = {"chat_dialog_id": group["_id"]} | query
        assert (await ann.ask("GET", "/chat/Message", params=asked)).status_code == 422, query
    missing = await ann.ask("GET", "/chat/Message")
    assert missing.json() == unacceptable(chat_dialog_id="cannot be blank")


async def test_what_is_listed_is_read(ann: Somebody, ben: Somebody) -> None:
    group = await ann.dialog(ben)
    said = await ann.say(group)
    assert (said["read"], said["read_ids"]) == (0, [ann.id])
    assert (await ben.ask("GET", "/chat/Message/unread")).json() == {"total": 1}
    await ben.ask("GET", "/chat/Message", params={"chat_dialog_id": group["_id"], "mark_as_read": 0})
    await ben.ask("PUT", "/chat/Message", json={"chat_dialog_id": group["_id"], "delivered": 1})
    [seen] = await ann.messages(group)
    assert (seen["read"], seen["read_ids"], set(seen["delivered_ids"])) == (0, [ann.id], {ann.id, ben.id})
    [mine] = (await ann.ask("GET", "/chat/Dialog")).json()["items"]
    assert mine["last_message_status"] == "delivered"
    await ben.ask("GET", "/chat/Message", params={"chat_dialog_id": group["_id"]})
    [seen] = await ann.messages(group)
    assert (seen["read"], set(seen["read_ids"])) == (1, {ann.id, ben.id})
    [mine] = (await ann.ask("GET", "/chat/Dialog")).json()["items"]
    assert mine["last_message_status"] == "read"
    [bens] = (await ben.ask("GET", "/chat/Dialog")).json()["items"]
    assert (bens["last_message_status"], bens["unread_messages_count"]) == (None, 0)
    unread = await ben.ask("GET", f"/chat/Message/unread.json?chat_dialog_ids={group['_id']}%2C%20{STRANGE_ID}")
    assert unread.json() == {"total": 0, group["_id"]: 0}


async def test_some_are_marked_and_one_s_own_is_edited(ann: Somebody, ben: Somebody, clock: SetClock) -> None:
    group = await ann.dialog(ben)
    one, two = await ann.say(group, "1"), await ann.say(group, "2")
    answer = await ben.ask(
        "PUT", f"/chat/Message/{one['_id']}.json", json={"chat_dialog_id": group["_id"], "read": "1"}
    )
    assert (answer.status_code, answer.text) == (200, " ")
    assert (await ben.ask("GET", "/chat/Message/unread")).json() == {"total": 1}
    clock.forward(seconds=2)
    edit = await ann.ask("PUT", f"/chat/Message/{one['_id']}", json={"chat_dialog_id": group["_id"], "message": "one"})
    assert edit.text == " "
    [first, _] = await ben.messages(group)
    assert (first["message"], first["updated_at"] > first["created_at"]) == ("one", True)
    theirs = await ben.ask("PUT", f"/chat/Message/{one['_id']}", json={"message": "mine"})
    assert (theirs.status_code, theirs.json()) == (403, FORBIDDEN)
    both = await ann.ask("PUT", f"/chat/Message/{one['_id']},{two['_id']}", json={"message": "same"})
    assert both.json() == unacceptable(message="should be of one message")
    elsewhere = await ann.dialog(ben, type=3)
    wrong = await ann.ask("PUT", f"/chat/Message/{one['_id']}", json={"chat_dialog_id": elsewhere["_id"], "read": 1})
    assert wrong.status_code == 404
    assert await ann.texts(group) == ["one", "2"]


async def test_messages_are_deleted_for_oneself_or_for_all(ann: Somebody, ben: Somebody) -> None:
    group = await ann.dialog(ben)
    mine, theirs = await ann.say(group, "ann's"), await ben.say(group, "ben's")
    ids = f"{mine['_id']},{theirs['_id']},{HEX},zzz"
    forced = (await ben.ask("DELETE", f"/chat/Message/{ids}.json", data={"force": "1"})).json()
    assert forced == {
        "SuccessfullyDeleted": {"ids": [theirs["_id"]]},
        "NotFound": {"ids": [HEX, "zzz"]},
        "WrongPermissions": {"ids": [mine["_id"]]},
    }
    assert await ann.texts(group) == ["ann's"]
    await ben.ask("DELETE", f"/chat/Message/{mine['_id']}")
    assert await ben.texts(group) == []
    assert await ann.texts(group) == ["ann's"]


async def test_what_is_sent_beside_a_text_comes_back_flat(ann: Somebody, ben: Somebody) -> None:
    group = await ann.dialog(ben)
    said = await ann.say(
        group,
        "hi",
        attachments={"0": {"type": "image", "id": 3004}, "1": {"type": "video", "url": "https://x.example/v"}},
        country="USA",
        deep={"er": [1, None]},
        send_to_chat=1,
        save_to_history="1",
        # what a client cannot say
        _id=HEX,
        sender_id=ben.id,
        read_ids=[ben.id],
        date_sent=1,
        created_at="1970",
        reactions={"own": ["x"]},
    )
    [seen] = await ben.messages(group)
    assert seen == said
    assert seen["attachments"] == [{"type": "image", "id": "3004"}, {"type": "video", "url": "https://x.example/v"}]
    assert (seen["country"], seen["deep"]) == ("USA", {"er": [1, None]})
    assert (seen["sender_id"], seen["read_ids"], seen["reactions"]) == (ann.id, [ann.id], None)
    assert seen["_id"] != HEX
    assert not {"send_to_chat", "save_to_history"} & seen.keys()


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"message": " "}, "message"),
        ({}, "message"),
        ({"message": "x" * 20_001}, "message"),
        ({"message": 7.5, "attachments": "x"}, "attachments"),
        ({"message": "x", "attachments": ["y"]}, "attachments"),
        ({"message": "x", "attachments": [{"a": {}}]}, "a"),
        ({"message": "x", "attachments": [{}] * 51}, "attachments"),
        ({"message": "x", "big": "y" * 17_000}, "base"),
        ({"message": "x", **{f"k{it}": 1 for it in range(51)}}, "base"),
        ({"message": "x", "k" * 101: 1}, "base"),
        ({"message": {"a": 1}}, "message"),
    ],
)
async def test_a_message_that_is_too_much_is_refused(
    ann: Somebody, ben: Somebody, sent: dict[str, Any], field: str
) -> None:
    group = await ann.dialog(ben)
    answer = await ann.ask("POST", "/chat/Message", json={"chat_dialog_id": group["_id"]} | sent)
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [field]
    assert await ann.texts(group) == []


async def test_a_message_to_a_recipient_begins_a_private_dialog(ann: Somebody, ben: Somebody) -> None:
    answer = await ann.ask("POST", "/chat/Message.json", json={"recipient_id": str(ben.id), "message": "hello"})
    assert answer.status_code == 201
    said = answer.json()
    assert (said["recipient_id"], await ben.dialogs()) == (ben.id, [said["chat_dialog_id"]])
    assert (await ann.ask("POST", "/chat/Message", json={"message": "x"})).json() == unacceptable(
        recipient_id="cannot be blank"
    )
    answer = await ann.ask("POST", "/chat/Message", json={"message": "x", "recipient_id": "ben"})
    assert answer.json() == unacceptable(recipient_id="should be a positive integer")
    assert (await ann.ask("POST", "/chat/Message", json={"message": "x", "recipient_id": 1})).status_code == 404


async def test_people_react(ann: Somebody, ben: Somebody) -> None:
    group = await ann.dialog(ben)
    said = await ann.say(group)
    path = f"/chat/Message/{said['_id']}/reactions"
    assert (await ben.ask("PUT", path, json={"add": "👍"})).text == " "
    await ann.ask("PUT", path, json={"add": "👍"})
    await ben.ask("PUT", path, json={"add": "🚀", "remove": "👍"})
    assert (await ann.ask("GET", path)).json() == {"👍": [ann.id], "🚀": [ben.id]}
    [seen] = await ben.messages(group)
    assert seen["reactions"] == {"own": ["🚀"], "total": {"👍": 1, "🚀": 1}}
    assert (await ben.ask("PUT", path, json={"add": "x" * 33})).status_code == 422


async def test_a_guest_talks_to_a_user_one_to_one(cube: Cube, ann: Somebody) -> None:
    guest, other = [await cube.session(user={"guest": 1, "full_name": it}) for it in ("Visitor", "Another")]
    pair = {"type": 3, "occupants_ids": ann.id}
    dialog = (await cube.ask("POST", "/chat/Dialog", guest["token"], json=pair)).json()
    assert sorted(dialog["occupants_ids"]) == sorted([guest["user_id"], ann.id])
    same = (await ann.ask("POST", "/chat/Dialog", json={"type": 3, "occupants_ids": guest["user_id"]})).json()
    assert same["_id"] == dialog["_id"]
    said = {"chat_dialog_id": dialog["_id"], "message": "May I ask something?"}
    assert (await cube.ask("POST", "/chat/Message", guest["token"], json=said)).status_code == 201
    await ann.say(dialog)
    path = f"/chat/Message?chat_dialog_id={dialog['_id']}"
    for token in (guest["token"], ann.token):
        assert len((await cube.ask("GET", path, token)).json()["items"]) == 2
    assert (await cube.ask("GET", path, other["token"])).status_code == 404


async def test_a_guest_brings_nobody_else_in(cube: Cube, ann: Somebody) -> None:
    guest, other = [await cube.session(user={"guest": 1, "full_name": it}) for it in ("Visitor", "Another")]
    group = {"type": 2, "name": "Ours", "occupants_ids": ann.id}
    answer = await cube.ask("POST", "/chat/Dialog", guest["token"], json=group)
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
    pair = {"type": 3, "occupants_ids": other["user_id"]}
    assert (await cube.ask("POST", "/chat/Dialog", guest["token"], json=pair)).status_code == 404


async def test_a_guest_is_brought_into_a_group_and_sees_it(cube: Cube, ann: Somebody, ben: Somebody) -> None:
    guest = await cube.session(user={"guest": 1, "full_name": "Visitor"})
    group = (await ann.ask("POST", "/chat/Dialog", json={"type": 2, "name": "Ours", "occupants_ids": ben.id})).json()
    change = {"push_all": {"occupants_ids": [guest["user_id"]]}}
    assert (await ann.ask("PUT", f"/chat/Dialog/{group['_id']}", json=change)).status_code == 200
    [seen] = (await cube.ask("GET", "/chat/Dialog", guest["token"])).json()["items"]
    assert seen["_id"] == group["_id"]


@pytest.mark.parametrize(
    "text",
    [
        '"\\ud800"',
        '"a\\u0000b"',
        '{"a":"\\u0000"}',
        "[" * 2000 + "]" * 2000,
        '{"a":' * 2000 + "1" + "}" * 2000,
        "1e999",
    ],
)
@pytest.mark.parametrize("name", ["message", "attachments", "anything"])
async def test_hostile_json_is_refused_and_breaks_nothing(ann: Somebody, ben: Somebody, name: str, text: str) -> None:
    group = await ann.dialog(ben)
    body = f'{{"chat_dialog_id": "{group["_id"]}", "{name}": {text}}}'
    headers = {"content-type": "application/json", "CB-Token": ann.token}
    answer = await ann.cube.client.post("/chat/Message", content=body.encode(), headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert await ann.texts(group) == []


async def test_hostile_names_of_things_name_nothing(ann: Somebody) -> None:
    for name in ("..", "%00", "x" * 5000, "'; DROP TABLE messages; --", "６４" * 12, HEX.upper(), ",", ",,"):
        for method, path in (
            ("PUT", f"/chat/Dialog/{name}"),
            ("DELETE", f"/chat/Message/{name}"),
            ("GET", f"/chat/Message/{name}/reactions"),
        ):
            answer = await ann.ask(method, path, **({"json": {}} if method == "PUT" else {}))
            assert answer.status_code in (200, 400, 404, 405, 422), (path, answer.text)
            if answer.status_code == 200:
                assert answer.json()["SuccessfullyDeleted"] == {"ids": []}
