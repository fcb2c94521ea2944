"""Dialogs, messages and the address book over REST, by the unmodified connectycube 6.1.2 in Node."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.sdk.connectycube.conftest import Cube

pytestmark = pytest.mark.sdk

PHONE = "4930123453"
FORBIDDEN = {"code": 403, "info": {"errors": {"base": ["Forbidden"]}}}


def ids_of(deleted: Any) -> dict[str, list[str]]:
    """What the SDK hands over of deleting messages is the text of the answer."""
    found = json.loads(deleted) if isinstance(deleted, str) else deleted
    return {key: it["ids"] for key, it in found.items()}


@pytest.fixture
def told(cube: Cube) -> Any:
    headers = {"Authorization": f"Bearer {cube.app['api_key']}"}
    carol = {"identifiers": {"external_id": "carol", "phone": PHONE}, "name": "Carol"}
    httpx2.put(f"{cube.url}/acquaint/v1/app/users", json=carol, headers=headers).raise_for_status()
    return cube.tells("dialogs", phone=PHONE)


def test_the_sdk_makes_finds_changes_and_deletes_dialogs_and_messages(told: Any) -> None:
    ann, ben, eve = told["ids"]
    direct, group = told["direct"], told["group"]
    assert told["again"]["_id"] == direct["_id"]
    assert (direct["type"], direct["xmpp_room_jid"], direct["occupants_ids"]) == (3, None, [ann, ben])
    assert group["xmpp_room_jid"].endswith(f"_{group['_id']}@muc.127.0.0.1")
    assert told["noName"] == {"code": 422, "info": {"errors": {"name": ["cannot be blank"]}}}
    assert (told["channel"]["occupants_ids"], told["channel"]["occupants_count"]) == ([], 1)
    assert [it["_id"] for it in told["listed"]["items"]] == [group["_id"], direct["_id"]]
    assert (told["listed"]["total_entries"], told["listed"]["limit"]) == (2, 5)
    assert told["counted"] == {"items": {"count": 2}}
    assert told["renamed"]["name"] == "Rowing club"
    assert set(told["renamed"]["occupants_ids"]) == {ann, ben, eve}
    assert told["notBens"] == FORBIDDEN
    assert (told["admins"]["admins_ids"], told["noAdmins"]["admins_ids"]) == ([ben], [])
    assert told["subscribed"]["occupants_count"] == 2
    assert {it["id"] for it in told["occupants"]["items"]} == {ann, eve}
    assert told["unsubscribed"] == " "
    assert told["quiet"] == told["isQuiet"] == {"notifications": {"enabled": 0}}

    first, second = told["first"], told["second"]
    assert (first["mood"], first["attachments"]) == ("sunny", [{"type": "image", "uid": "U1"}])
    assert told["unread"] == {"total": 2, group["_id"]: 2, direct["_id"]: 0}
    assert [it["_id"] for it in told["newest"]["items"]] == [second["_id"]]
    assert (told["afterOne"], told["afterAll"]) == ({"total": 1}, {"total": 0})
    assert told["edited"] == " "
    assert told["notMine"] == FORBIDDEN
    assert [it["message"] for it in told["seen"]["items"]] == ["hello", "still there?"]
    assert [it["_id"] for it in told["found"]["results"]["messages"]] == [second["_id"]]
    assert ids_of(told["forBen"])["SuccessfullyDeleted"] == [first["_id"]]
    assert ids_of(told["forAll"])["SuccessfullyDeleted"] == [second["_id"]]
    assert [it["_id"] for it in told["left"]["ann"]["items"]] == [first["_id"]]
    assert told["left"]["ben"]["items"] == told["nothing"]["items"] == []
    assert told["cleared"] == " "

    assert eve not in told["kicked"]["occupants_ids"]
    assert told["gone"] == {"code": 404, "info": {"errors": ["Not found"]}}
    assert ids_of(told["several"])["WrongPermissions"] == [group["_id"], direct["_id"]]
    assert told["one"] == " "
    assert told["goneToo"] == [direct["_id"]]


def test_the_sdk_keeps_an_address_book(told: Any) -> None:
    phone = "Length of 'phone' field should be min: 10 and max: 15."
    assert told["book"] == {"created": 1, "updated": 0, "deleted": 0, "rejected": {"1": [phone]}}
    assert told["read"] == [{"phone": PHONE, "name": "Carol"}]
    [found] = told["registered"]["items"]
    assert (found["user"]["phone"], found["user"]["address_book_name"]) == (PHONE, "Carol")
