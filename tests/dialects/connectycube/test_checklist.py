"""What the JS SDK needs and is easy to get wrong, where it is about sessions and users: a test for each line.

Others of the list are tested where they belong: reading in ``test_reading.py``, the expired session by the SDK itself,
chat in ``test_checklist_chat.py``.
"""

from __future__ import annotations

import re
from pathlib import Path

import acquaint.dialects.connectycube as dialect
from tests.dialects.connectycube.asking import OVER, PASSWORD, Cube
from tests.dialects.connectycube.uploading import PNG, Somebody, send

README = (Path(dialect.__file__).parent / "README.md").read_text()


async def test_checklist_4_what_is_over_is_said_so_and_nothing_else_is(cube: Cube) -> None:
    """The hook compares the text exactly, and looks at nothing but 401."""
    token = await cube.token("ann")
    await cube.ask("DELETE", "/session", token)
    for over in (token, "x", "acqs_" + "0" * 49):
        answer = await cube.update(over, full_name="Ann")
        assert (answer.status_code, answer.json()) == (401, OVER)
    nobody = (await cube.session())["token"]
    for answer in (
        await cube.ask("PUT", "/users", json={}),
        await cube.update(nobody, full_name="Ann"),
        await cube.open(user={"login": "ann", "password": "wrong77"}),
        await cube.open(auth_key="x"),
    ):
        assert "Required session does not exist" not in answer.text


def test_checklist_5_no_path_but_that_of_sessions_says_session() -> None:
    """Or the SDK would never call ``sessionExpired`` for it; and the README warns of hosts that do."""
    others = [it.path for it in dialect.ROUTES if not it.path.startswith(("/session", "/session.json"))]
    assert not [it for it in others if "session" in it.lower()]
    assert 'may contain the word "session"' in README


async def test_checklist_6_the_auth_key_alone_names_the_app(cube: Cube) -> None:
    answer = await cube.ask(
        "POST",
        "/users.json",
        headers={"CB-AuthKey": cube.app.public_keys.auth_key, "CB-SDK": "JS 6.1.2 - Client"},
        json={"user": {"login": "ann", "password": PASSWORD}},
    )
    assert answer.status_code == 201
    assert (await cube.log_in("ann"))["application_id"] == cube.app.id


async def test_checklist_9_v2_answers_bare_users_and_v1_wrapped_ones(cube: Cube) -> None:
    token = await cube.token("ann")
    v2 = (await cube.ask("GET", "/users/v2.json?login=ann&limit=10&offset=0", token)).json()
    assert set(v2) == {"limit", "skip", "total_entries", "items"}
    assert [it["login"] for it in v2["items"]] == ["ann"]
    v1 = (await cube.ask("GET", "/users.json?page=1&per_page=5", token)).json()
    assert set(v1) == {"current_page", "per_page", "total_entries", "items"}
    assert [it["user"]["login"] for it in v1["items"]] == ["ann"]


async def test_checklist_10_a_file_comes_without_a_name_and_its_size_unwrapped(cube: Cube) -> None:
    session = await cube.log_in("ann")
    anns = Somebody(cube.client, session["token"], session["user_id"])
    blob = await anns.announce()
    sent = await send(cube.client, blob, PNG)  # as Node's form-data writes it
    assert sent.status_code == 201
    done = await anns.ask("PUT", f"/blobs/{blob['id']}/complete.json", {"size": len(PNG)})
    assert done.status_code == 200
    assert (await anns.ask("GET", f"/blobs/{blob['uid']}")).content == PNG


async def test_checklist_12_what_must_be_unique_is_said_in_base(cube: Cube) -> None:
    await cube.sign_up(login="ann", email="ann@example.com")
    for names, said in (
        ({"login": "ann"}, "login must be unique"),
        ({"email": "ann@example.com"}, "email must be unique"),
    ):
        answer = await cube.sign_up(**names)
        assert answer.status_code == 422
        assert said in answer.json()["errors"]["base"]


async def test_checklist_16_users_have_numbers_and_dialogs_24_hex_digits_with_a_letter(cube: Cube) -> None:
    ben = await cube.log_in("ben")
    token = await cube.token("ann")
    assert isinstance(ben["user_id"], int)
    for number in range(20):
        group = {"type": 2, "name": f"Group {number}", "occupants_ids": str(ben["user_id"])}
        dialog = (await cube.ask("POST", "/chat/Dialog.json", token, json=group)).json()
        assert re.fullmatch(r"(?=.*[a-f])[0-9a-f]{24}", dialog["_id"])


def test_checklist_21_what_surprises_in_the_sdk_is_written_down() -> None:
    for surprise in (
        "drops the login",
        "firebase_phone[project_id]",
        "storage.update",
        "users.get({phone})",
        "debug.mode",
    ):
        assert surprise in README
