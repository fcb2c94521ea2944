"""Chat by the unmodified connectycube 6.1.2, in Node, against a real server."""

from __future__ import annotations

import re

import httpx2
import pytest

from tests.sdk.connectycube.conftest import Cube

pytestmark = pytest.mark.sdk


def test_people_connect_by_their_sessions_token_or_their_password(cube: Cube) -> None:
    told = cube.tells("chat_connect")
    assert (told["connected"], told["byPassword"], told["guestIn"], told["again"]) == (True, True, True, True)
    assert re.fullmatch(rf"{told['ann']}-{told['app']}@127\.0\.0\.1/[0-9a-f-]{{30,}}", told["annJid"])
    assert told["twice"] is False, "the SDK says so itself"
    assert [told[it] for it in ("wrong", "nobody", "others")] == ["not-authorized"] * 3
    assert told["seconds"] == {"userId": told["ann"], "seconds": 0}
    assert told["left"] is True


def test_two_people_talk(cube: Cube) -> None:
    told = cube.tells("chat_direct")
    ann, ben, dialog, id = told["ann"], told["ben"], told["dialog"], told["id"]
    assert re.fullmatch(r"[0-9a-f]{24}", dialog)
    kept = told["kept"]
    assert (kept["from"], kept["id"], kept["type"], kept["recipient_id"]) == (ann, id, "chat", ben)
    assert kept["body"] == 'Good <b>morning</b> & "hello" ]]> 🌊'
    extension = kept["extension"]
    assert extension["attachments"] == [{"uid": "U1", "type": "photo", "size": 12}]
    assert (extension["mood"], extension["save_to_history"], extension["dialog_id"]) == ("sunny", "1", dialog)
    assert int(extension["date_sent"]) > 1_700_000_000
    copy = told["copy"]
    assert (copy["is_forwarded"], copy["id"], copy["from"], copy["recipient_id"]) == (True, id, ann, ben)
    assert told["delivered"] == {"id": id, "dialog": dialog, "from": ben}
    assert told["read"] == {"id": id, "dialog": dialog, "from": ben}
    assert told["typing"] == [{"on": True, "from": ben, "dialog": None}, {"on": False, "from": ben, "dialog": None}]
    updated = told["updated"]
    assert (updated["id"], updated["body"], updated["from"], updated["last"]) == (id, "Good day", ann, True)
    assert told["unkept"]["body"] == "Only in passing"
    assert told["unkept"]["extension"]["colour"] == "blue"
    assert told["unkept"]["dialog_id"] == dialog
    assert told["deleted"] == {"id": told["gone"], "dialog": dialog, "from": ann}
    assert told["psst"] == {"id": told["system"], "userId": ann, "body": "psst", "extension": {"kind": "invite"}}
    assert told["echoes"] == []
    assert told["errors"] == []


def test_a_group_talks_and_others_hear_nothing(cube: Cube) -> None:
    told = cube.tells("chat_group")
    ann, ben, dialog, id = told["ann"], told["ben"], told["dialog"], told["id"]
    assert (told["first"]["from"], told["first"]["body"]) == (ben, "Said over the native API")
    for heard in (told["heard"], told["echo"]):
        assert (heard["from"], heard["type"], heard["dialog_id"], heard["body"]) == (ann, "groupchat", dialog, "To all")
    assert told["delivered"] == told["read"] == {"id": id, "dialog": dialog, "from": ben}
    assert told["typing"] == {"on": True, "from": ben, "dialog": dialog}
    assert (told["updated"]["id"], told["updated"]["body"], told["updated"]["from"]) == (id, "To all of you", ann)
    assert told["deleted"] == {"id": id, "dialog": dialog, "from": ann}
    assert told["came"] == [["in", dialog, ben], ["out", dialog, ben]]
    assert sorted(told["online"]) == sorted([ann, ben])
    assert told["refused"] == {"code": "403", "message": "Not a member"}
    asked = told["asked"]
    errors = {it["id"]: it["code"] for it in told["errors"]}
    assert errors.pop(asked["stranger"]) == 403
    assert errors.pop(asked["whisper"]) == 403
    assert errors.pop(asked["nobody"]) == 503
    assert set(errors.values()) == {404}, "what one does not see is not there, neither to be changed nor to be deleted"
    assert told["history"] == ["", "Said over the native API"]
    assert told["eveHeard"] == []
    assert told["annHeard"] == ["Said over the native API", "To all", "In passing"]
    assert told["annTyping"] == 1


def test_a_connection_ends_with_its_session_and_comes_back_with_the_network(cube: Cube) -> None:
    told = cube.tells("chat_ending", api_key=cube.app["api_key"])
    assert "policy-violation" in told["ben"]
    assert "policy-violation" in told["ann"]
    assert told["lost"] == []


def test_chat_and_rest_are_about_the_same_things(cube: Cube) -> None:
    told = cube.tells("chat_rest")
    ann, ben, dialog, id = told["ann"], told["ben"], told["dialog"]["_id"], told["id"]
    assert told["dialog"]["xmpp_room_jid"] == f"{cube.app['app_id']}_{dialog}@muc.127.0.0.1"
    [listed] = told["listed"]
    assert (listed["_id"], listed["message"], listed["sender_id"], listed["mood"]) == (id, "By chat", ann, "sunny")
    assert listed["attachments"] == [{"uid": "U1", "type": "photo"}]
    assert ben in listed["delivered_ids"]
    assert ben not in listed["read_ids"]
    assert told["unread"][dialog] == 1
    heard, said = told["heard"], told["said"]
    assert (heard["id"], heard["from"], heard["dialog_id"]) == (said["_id"], ben, dialog)
    assert heard["extension"]["colour"] == "blue"
    assert (told["read"]["from"], told["read"]["dialog"]) == (ben, dialog)
    assert (told["updated"]["id"], told["updated"]["body"]) == (said["_id"], "By REST, edited")
    assert told["deleted"] == {"id": said["_id"], "dialog": dialog, "from": ben}
    private = next(it for it in told["dialogs"] if it["type"] == 3)
    assert (private["_id"], private["last_message_id"]) == (told["direct"]["dialog_id"], told["first"])
    assert told["kicked"]["dialog"] == dialog, "by whom the SDK looks for in the wrong place"
    assert told["benHeard"] == ["By chat", "By REST", "Between us"]
    assert told["errors"] == []


def test_somebody_hears_only_from_whom_they_want_to_and_when_others_come_and_go(cube: Cube) -> None:
    told = cube.tells("chat_privacy", many=many(cube, 300))
    ben, eve = told["ben"], told["eve"]
    name = "nobody of these"

    def denied(who: str) -> list[int]:
        return sorted(it["user_id"] for it in told[who]["list"]["items"] if it["action"] == "deny")

    assert told["before"]["names"] == {"default": None, "active": None, "names": [name]}
    assert told["inForce"]["names"] == {"default": name, "active": None, "names": [name, name]}, "the SDK counts both"
    assert (denied("before"), denied("inForce"), denied("declined")) == ([ben], sorted([ben, eve]), [eve])
    assert told["declined"]["names"]["default"] is None
    assert told["after"] == {
        "names": {"default": None, "active": None, "names": []},
        "list": {"name": "", "items": []},
    }
    assert told["heard"][2:] == ["Heard again", "Heard as well"]
    assert sorted(told["heard"][:2]) == ["Before it was in force", "Hello"]
    assert (told["typing"], told["system"], told["errors"]) == ([], [], []), "and who is blocked is not told so"
    assert [it["code"] for it in told["refused"]] == [404, 404, 404]
    assert told["seen"] == [[ben, 0], told["going"]]
    assert told["going"][0] == ben
    assert told["going"][1] > 0, "0 is said of who is here"
    assert (told["refusal"]["code"], told["benHeard"]) == (403, 0), "with mutualBlock one does not write to them either"
    assert len(told["long"]["items"]) == 300, "which are more elements, and more bytes, than other stanzas have"
    assert told["tooLong"]["code"] == 406, "and the connection goes on"


def many(cube: Cube, count: int) -> list[int]:
    """Users whom nobody has heard of."""
    cube.allow(server_requests_per_minute=10_000)
    with httpx2.Client(headers={"Authorization": f"Bearer {cube.app['api_key']}"}) as backend:
        users = f"{cube.url}/acquaint/v1/app/users"
        made = [backend.put(users, json={"identifiers": {"login": f"one of many, {it}"}}) for it in range(count)]
    return [int(it.raise_for_status().json()["user"]["id"]) for it in made]
