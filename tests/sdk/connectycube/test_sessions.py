"""Sessions and who is in them, by the unmodified connectycube 6.1.2, in Node, against a real server."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from tests.sdk.connectycube.conftest import Cube

pytestmark = pytest.mark.sdk

NEEDS_USER = {"code": 403, "info": {"errors": {"base": ["Forbidden. Need user."]}}}
WRONG_PASSWORD = {"code": 401, "info": {"errors": ["Invalid password"]}}
UNKNOWN = {"code": 404, "info": {"errors": ["User not found"]}}
OVER = {"code": 401, "info": {"errors": {"base": ["Required session does not exist"]}}}
NO_TOKEN = {"code": 401, "info": {"errors": ["Token is required"]}}


@pytest.mark.parametrize("sdk", ["connectycube", "connectycube/esm"], ids=["node", "browser"])
def test_sessions_are_opened_read_and_destroyed(cube: Cube, sdk: str) -> None:
    told = cube.tells("sessions", sdk=sdk)
    nobody, first, second = told["nobody"], told["first"], told["second"]
    assert nobody["user_id"] is None
    assert "user" not in nobody
    assert nobody["application_id"] == int(cube.app["app_id"])
    assert told["needsUser"] == NEEDS_USER
    assert first["id"] == first["user_id"] == first["user"]["id"]
    assert first["user"]["login"] == "ann"
    assert re.fullmatch(r"[A-Za-z0-9_]+", first["token"])
    assert datetime.fromisoformat(first["created_at"]).tzinfo is not None
    assert (told["read"]["token"], told["read"]["user_id"]) == (first["token"], first["user_id"])
    assert second["user_id"] == first["user_id"]
    assert second["token"] != first["token"]
    assert told["wrong"] == WRONG_PASSWORD
    assert (told["byEmail"]["user"]["email"], told["byEmail"]["user"]["login"]) == ("ben@example.com", None)
    assert told["destroyed"] == 401
    assert told["noToken"] == NO_TOKEN


def test_somebody_comes_into_a_session_and_leaves_it_and_the_token_stays(cube: Cube) -> None:
    told = cube.tells("upgrade")
    assert told["stranger"] == UNKNOWN
    assert told["wrong"] == WRONG_PASSWORD
    user = told["user"].get("user", told["user"])
    assert user["full_name"] == "Ann Archer"
    assert told["inside"]["user_id"] == user["id"]
    assert told["left"].strip() == ""
    assert told["outside"]["user_id"] is None
    assert {told[it]["token"] for it in ("opened", "inside", "outside")} == {told["opened"]["token"]}
    assert told["again"].get("user", told["again"])["full_name"] == "Ann"


def test_a_guest_is_somebody_for_a_day(cube: Cube) -> None:
    told = cube.tells("guest")
    user = told["session"]["user"]
    assert user["is_guest"] is True
    assert user["full_name"] == "A visitor"
    assert re.fullmatch(r"guest_login_[0-9a-f]{36}", user["login"])
    assert told["renamed"]["user"]["full_name"] == "Vera"
    assert told["named"]["code"] == 403
    assert told["numbered"]["user"]["is_guest"] is True


def test_checklist_4_an_expired_session_is_renewed_by_the_hook_and_the_call_repeated(cube: Cube) -> None:
    told = cube.tells("expired")
    assert told["updated"]["user"]["full_name"] == "Ann"
    assert told["second"]["token"] != told["first"]["token"]
    assert told["unmended"] == OVER
    assert told["deleted"].strip() == ""
    assert told["asked"] == 3


@pytest.mark.parametrize("rules", [{"registers_on_login": False}], ids=str)
def test_where_creation_is_denied_an_unknown_login_is_told_so(cube: Cube, rules: dict[str, bool]) -> None:
    cube.allow(**rules)
    credentials = {"login": "ann", "password": "secret77"}
    assert cube.tells("log_in", credentials=credentials) == UNKNOWN
