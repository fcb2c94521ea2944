"""How users find each other, by the unmodified connectycube 6.1.2 in Node."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sdk.connectycube.conftest import Cube

pytestmark = pytest.mark.sdk


def refused(code: int, **fields: str) -> dict[str, Any]:
    return {"code": code, "info": {"errors": {name: [text] for name, text in fields.items()}}}


def page(*logins: str, limit: int = 100, skip: int = 0, total: int | None = None) -> dict[str, Any]:
    return {
        "limit": limit,
        "skip": skip,
        "total_entries": len(logins) if total is None else total,
        "items": list(logins),
    }


def old_page(*logins: str, per_page: int = 10, total: int | None = None) -> dict[str, Any]:
    return {
        "current_page": 1,
        "per_page": per_page,
        "total_entries": len(logins) if total is None else total,
        "items": list(logins),
    }


def test_users_find_each_other(cube: Cube) -> None:
    told = cube.tells("finding")
    seen = told["v2"].pop("seen")
    assert seen["limit"] == 100  # who was seen is written down a little later
    assert told["v2"] == {
        "ids": page("ben+1", limit=10, skip=1, total=2),
        "login": page("ann"),
        "together": page("ann", limit=5),
        "begins": page("ben+1", limit=5),
        "anyTag": page("ann", "ben+1"),
        "tagList": page("ann"),
        "spelled": page("ben+1"),
        "escaped": page("ann"),
        "nothingThere": page(),
    }
    whole = told["whole"]
    assert (whole["email"], whole["phone"], whole["user_tags"]) == ("ann@example.com", "+49 30 123451", "vip,rower")
    nobody_named = refused(422, base="Query should contain at least one stand-alone field with primary operator")
    assert told["empty"] == told["onlyExcluded"] == nobody_named
    assert told["hidden"] == refused(422, password="is not supported")
    assert told["short"] == refused(422, login="start_with needs at least 4 characters")
    assert told["v1"] == {
        "id": "ann",
        "login": "ben+1",
        "email": "ann",
        "facebook": "ann",
        "twitter": "ann",
        "phone": "ann",
        "external": "ann",
        "fullName": old_page("ben+1", per_page=5),
        "tags": old_page("ann"),
        "externalUserId": old_page("ann"),
        "list": old_page("ben+1", per_page=1, total=2),
        "filtered": old_page("ann", "ben+1"),
        "since": old_page("ann", "ben+1"),
    }
    assert told["missing"] == {"code": 404, "info": {"errors": ["User not found"]}}
    said = 'Incorrect search field - "custom_data" for filter string "string custom_data eq 1"'
    assert told["badFilter"] == {"code": 422, "info": {"errors": [said]}}
    assert told["online"] == refused(403, base="Forbidden")
