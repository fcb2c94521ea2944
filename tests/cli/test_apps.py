"""`acquaint apps`, `keys` and `secrets`: what others' scripts rely on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.server import InThisProcess, Server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A database that nobody serves, and the command line on it. Each test makes its own App."""
    place = InThisProcess(tmp_path_factory.mktemp("place") / "data")
    place.run("init")
    return place


def test_creating_an_app_prints_one_object_with_every_key(place: Server) -> None:
    made = place.create_app("Acme Rockets!", slug="rockets")
    assert list(made) == [
        "app_id",
        "slug",
        "auth_key",
        "auth_secret",
        "signing_secret",
        "widget_token",
        "chat_api_key",
        "api_key",
    ]
    assert isinstance(made["app_id"], int)
    assert made["slug"] == "rockets"
    assert all(isinstance(it, str) and it for it in list(made.values())[1:])
    assert len(set(made.values())) == len(made), "no two are alike"


def test_an_app_can_be_made_before_anything_else(tmp_path: Path) -> None:
    assert Server(tmp_path / "data").create_app()["slug"] == "acme"


def test_an_app_is_found_by_slug_and_by_id_and_no_secret_is_shown_twice(place: Server) -> None:
    made = place.create_app("Found")
    by_slug, by_id = place.run("apps", "show", "found"), place.run("apps", "show", str(made["app_id"]))
    assert by_slug == by_id
    assert (by_slug["name"], by_slug["open"], by_slug["auth_key"]) == ("Found", True, made["auth_key"])
    assert by_slug["policy"]["registers_on_login"] is True
    everything = place.say("apps", "show", "found").stdout + place.say("apps", "list").stdout
    everything += place.say("keys", "list", "found").stdout + place.say("secrets", "list", "found").stdout
    for name in ("auth_secret", "signing_secret", "chat_api_key", "api_key"):
        assert made[name] not in everything


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["apps", "show", "nobody"], "there is no such App"),
        (["apps", "create", "--name", "Taken", "--slug", "taken"], "this slug is taken"),
        (["apps", "create", "--name", "Bad", "--slug", "Not A Slug"], "slug must be"),
        (["apps", "policy", "taken", "registers_on_login=perhaps"], "registers_on_login must be"),
        (["apps", "policy", "taken", "session_idle=soon"], "session_idle must be"),
        (["apps", "policy", "taken", "nonsense=1"], "nonsense is not a rule"),
        (["keys", "revoke", "taken", "1"], "there is no such key"),
        (["secrets", "retire", "taken", "1"], "there is no such secret"),
        (["keys", "create", "taken", "--name", "x", "--days", "0"], "expires_in_days must be"),
        (["sessions", "end", "taken", "1"], "there is no such session"),
        (["users", "delete", "taken", "1"], "there is no such user"),
    ],
)
def test_what_is_refused_is_said_on_standard_error(place: Server, words: list[str], says: str) -> None:
    if not any(it["slug"] == "taken" for it in place.run("apps", "list")):
        place.create_app("Taken")
    said = place.say(*words, "--json")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("acquaint: ")
    assert says in said.stderr


def test_a_policy_with_one_wrong_pair_changes_nothing(place: Server) -> None:
    place.create_app("Steady")
    before = place.run("apps", "policy", "steady")
    place.run("apps", "policy", "steady", "allows_guests=false", "nonsense=1", code=1)
    place.run("apps", "policy", "steady", "allows_guests", code=2)
    assert place.run("apps", "policy", "steady") == before


def test_keys_are_made_listed_and_revoked(place: Server) -> None:
    place.create_app("Keys")
    key = place.run("keys", "create", "keys", "--name", "CI", "--role", "org.user", "--days", "30")
    assert key["roles"] == ["org.user"]
    assert key["api_key"].endswith(key["ending"])
    lives = datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"])
    assert lives.days == 30

    listed = place.run("keys", "list", "keys")
    assert [it["name"] for it in listed] == ["first", "chat", "CI"]
    assert "api_key" not in listed[0]

    assert place.run("keys", "revoke", "keys", str(key["key_id"]))["revoked_at"]
    assert [it["revoked_at"] is None for it in place.run("keys", "list", "keys")] == [True, True, False]


def test_the_operators_keys_belong_to_no_app(place: Server) -> None:
    place.create_app("Other")
    key = place.run("keys", "create", "--server", "--name", "me")
    assert key["roles"] == ["server.operator"]
    assert [it["key_id"] for it in place.run("keys", "list", "--server")] == [key["key_id"]]
    assert place.run("keys", "revoke", "other", str(key["key_id"]), code=1) is None
    assert place.run("keys", "revoke", "--server", str(key["key_id"]))["revoked_at"]
    place.run("keys", "create", "--server", "--name", "me", "--role", "org.admin", code=2)
    place.run("keys", "create", "other", "--server", "--name", "me", code=2)
    place.run("keys", "list", code=2)


def test_secrets_are_rotated_calmly(place: Server) -> None:
    place.create_app("Calm")
    new = place.run("secrets", "rotate", "calm", "--grace", "2d")
    old, newest = place.run("secrets", "list", "calm")
    assert newest["secret_id"] == new["secret_id"]
    assert new["signing_secret"].endswith(newest["ending"])
    assert (old["retired_at"] is not None, newest["retired_at"]) == (True, None)

    place.run("secrets", "rotate", "calm", "--grace", "soon", code=2)
    assert place.run("secrets", "retire", "calm", str(old["secret_id"]))["retired_at"]
    place.run("secrets", "retire", "calm", str(newest["secret_id"]), code=1)


def test_people_read_lines_and_tables(place: Server) -> None:
    place.create_app("Lines")
    shown = place.say("apps", "show", "lines").stdout
    assert "slug" in shown
    assert "{" not in shown
    listed = place.say("apps", "list").stdout.splitlines()
    assert listed[0].split() == ["app_id", "slug", "name", "open", "created_at"]


def test_a_key_can_be_of_a_network_and_of_any_role(place: Server) -> None:
    place.create_app("Netted")
    words = (
        "keys",
        "create",
        "netted",
        "--name",
        "crm",
        "--network",
        "203.0.113.0/24",
        "--role",
        "org.permission.customer.read",
    )
    made = place.run(*words)
    assert (made["network"], made["roles"]) == ("203.0.113.0/24", ["org.permission.customer.read"])
    assert made["used_at"] is None
    assert place.run("keys", "list", "netted")[-1]["network"] == "203.0.113.0/24"
    refused = place.say("keys", "create", "netted", "--name", "crm", "--network", "everywhere")
    assert refused.returncode != 0
    assert "network must be an address" in refused.stderr
    assert place.say("keys", "create", "netted", "--name", "crm", "--role", "org.root").returncode == 2
    public = place.run("keys", "create", "netted", "--name", "chat", "--role", "org.tracking")
    assert public["api_key"].count(".") == 2, "a JWT, which client SDKs read"


def test_what_enforcement_would_refuse_is_shown_day_by_day(place: Server) -> None:
    place.create_app("Strict")
    assert place.run("apps", "policy", "strict", "enforcement=report")["enforcement"] == "report"
    assert place.run("apps", "enforcement", "strict") == []
    refused = place.say("apps", "enforcement", "strict", "--days", "0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "days must be from 1 to 400" in refused.stderr
    place.run("apps", "policy", "strict", "enforcement=perhaps", code=1)
