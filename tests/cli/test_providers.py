"""`acquaint providers`: set up and tried from the command line, on a database that nobody serves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.server import InThisProcess, Server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Server:
    place = InThisProcess(tmp_path_factory.mktemp("place") / "data")
    place.run("init")
    return place


def test_a_provider_is_set_up_shown_listed_and_removed(place: Server) -> None:
    place.create_app("Sets")
    pairs = ("issuer=https://accounts.google.com", "client_ids=one.example,two.example", "requires_nonce=true")
    made = place.run("providers", "set", "sets", "google", *pairs)
    assert (made["kind"], made["enabled"]) == ("openid", True)
    assert made["settings"]["client_ids"] == ["one.example", "two.example"]
    assert made["settings"]["requires_nonce"] is True
    assert place.run("providers", "show", "sets", "google") == made
    assert [it["name"] for it in place.run("providers", "list", "sets")] == ["google"]
    place.run("providers", "remove", "sets", "google")
    assert place.run("providers", "list", "sets") == []
    place.run("providers", "remove", "sets", "google", code=1)


def test_secrets_come_in_a_file_and_are_not_shown(place: Server, tmp_path: Path) -> None:
    place.create_app("Files")
    file = tmp_path / "facebook.json"
    file.write_text(json.dumps({"app_id": "77", "app_secret": "hush-hush"}))
    place.run("providers", "set", "files", "facebook", "--file", str(file), "--disabled")
    said = place.say("providers", "show", "files", "facebook").stdout
    assert "hush" not in said
    assert "********" in said
    assert place.run("providers", "list", "files")[0]["enabled"] is False
    file.write_text("[]")
    place.run("providers", "set", "files", "facebook", "--file", str(file), code=2)
    file.write_text("{")
    place.run("providers", "set", "files", "facebook", "--file", str(file), code=2)
    place.run("providers", "set", "files", "facebook", "app_id", code=2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["set", "bad", "google", "issuer=https://a.example"], "client_ids is required"),
        (["set", "bad", "google", "issuer=nowhere", "client_ids=x"], "issuer must be an https address"),
        (
            ["set", "bad", "custom", "endpoint=https://i.example", "response_params={"],
            "response_params must be an object",
        ),
        (["set", "bad", "fb", "--kind", "facebook", "app_id=1", "app_secret=x"], "name must be facebook"),
        (["try", "bad", "google", "token=x"], "there is no such provider"),
        (["show", "bad", "google"], "there is no such provider"),
        (["list", "nobody"], "there is no such App"),
    ],
)
def test_what_is_refused_is_said(place: Server, words: list[str], says: str) -> None:
    if not any(it["slug"] == "bad" for it in place.run("apps", "list")):
        place.create_app("Bad")
    said = place.say("providers", *words)
    assert (said.returncode, said.stdout) == (1, "")
    assert says in said.stderr


def test_a_dry_run_says_why_nobody_would_come_in(place: Server) -> None:
    place.create_app("Dry")
    settings = (
        "endpoint=http://127.0.0.1:9/verify",
        'request_params={"t": "#{login}"}',
        'response_params={"uid": "#{id}"}',
    )
    place.run("providers", "set", "dry", "custom", *settings)
    found = place.run("providers", "try", "dry", "custom", "login=jwt")
    assert found["request"]["url"] == "http://127.0.0.1:9/verify?t=jwt"
    assert found["mapped"] is None
    assert "ACQUAINT_OUTBOUND_ALLOW" in found["why_not"]
