"""What the JS SDK needs and is easy to get wrong, where it is about sessions and users: a test for each line.

Others of the list are tested where they belong: reading in ``test_reading.py``, the expired session by the SDK itself.
"""

from __future__ import annotations

from pathlib import Path

import acquaint.dialects.connectycube as dialect
from tests.dialects.connectycube.asking import OVER, PASSWORD, Cube

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


async def test_checklist_12_what_must_be_unique_is_said_in_base(cube: Cube) -> None:
    await cube.sign_up(login="ann", email="ann@example.com")
    for names, said in (
        ({"login": "ann"}, "login must be unique"),
        ({"email": "ann@example.com"}, "email must be unique"),
    ):
        answer = await cube.sign_up(**names)
        assert answer.status_code == 422
        assert said in answer.json()["errors"]["base"]


def test_checklist_21_what_surprises_in_the_sdk_is_written_down() -> None:
    for surprise in (
        "drops the login",
        "firebase_phone[project_id]",
        "storage.update",
        "users.get({phone})",
        "debug.mode",
    ):
        assert surprise in README
