"""Realtime of the unmodified qiscus-sdk-core 2.16.9, in Node, against a real server; and across the vendors' SDKs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import Any

import pytest

from tests.sdk.driver import FOLDER
from tests.support.server import Server

pytestmark = pytest.mark.sdk

LONGEST = 240  # seconds: less than pytest's own, so that one sees what was said until then


def tells(server: Server, script: str, **known: Any) -> Any:
    """What the script found out."""
    node = shutil.which("node")
    assert node is not None, "the tests of SDKs need Node"
    flow = json.dumps({"url": server.url, **known})
    said = subprocess.run(
        [node, FOLDER / script],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
        env=dict(os.environ) | {"FLOW": flow},
    )
    assert said.returncode == 0, f"{script}: {said.stdout}\n{said.stderr}\n{server.chapter()}"
    return json.loads(said.stdout)


@pytest.mark.parametrize(
    ("sdk", "config"),
    [
        ("qiscus-sdk-core", False),
        ("qiscus-sdk-core", True),
        ("qiscus-sdk-core-2.14.2", False),
        ("qiscus-sdk-core-2.12.5", False),
    ],
)
def test_two_people_hear_of_each_other_as_it_happens(server: Server, sdk: str, config: bool) -> None:
    """Also with the configuration that the server hands out, whose broker is a WebSocket without TLS here."""
    told = tells(server, "qiscus_realtime.mjs", sdk=sdk, app=server.create_app()["slug"], config=config)
    user, presence = told["online"]
    assert user == "ben"
    assert re.fullmatch(r"1:\d{13}", presence)
    assert told["typing"] == {"message": "1", "username": "ben", "room_id": str(told["room"])}
    heard = told["heard"]
    assert (heard["id"], heard["room_id"], heard["email"]) == (told["said"], told["room"], "ann")
    assert told["read"] == {"id": told["said"], "by": "ben"}
    assert told["deleted"]["commentUniqueIds"] == [told["slip"]["unique_temp_id"]], "as ben heard it called"
    assert re.fullmatch(r"0:\d{13}", told["offline"][1])
    assert told["stillConnected"] is True, "whatever is told, the SDK lives"
    assert "are you there?" not in told["afterwards"], "ben is logged out"


def test_one_group_through_three_doors(server: Server) -> None:
    """A message of the Qiscus SDK is heard live by a native client and by the ConnectyCube SDK, and so the others."""
    app = server.create_app()
    told = tells(
        server,
        "across_vendors.mjs",
        sdk="connectycube",
        host=server.url.partition("://")[2],
        app=app["slug"],
        app_id=int(app["app_id"]),
        auth_key=app["auth_key"],
        api_key=app["api_key"],
    )
    assert int(told["dialog"], 16) != told["room"], "each vendor has its own spelling of the same"
    assert told["byCarol"]["conversation"] == str(told["room"])
    assert told["byCarol"]["message"]["id"] == str(told["said"])
    assert told["byBen"]["from"] == told["ann"]
    assert (told["fromBen"]["email"], told["fromBen"]["user_id"]) == ("ben", told["ben"])
    assert (told["fromCarol"]["email"], told["fromCarol"]["room_name"]) == ("carol", "Rowing")
