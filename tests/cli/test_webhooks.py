"""`acquaint webhooks`: registered and read about from the command line, on a database that nobody serves."""

from __future__ import annotations

import pytest

from tests.support.server import InThisProcess, Server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Server:
    place = InThisProcess(tmp_path_factory.mktemp("place") / "data")
    place.run("init")
    return place


def test_a_webhook_is_added_rotated_disabled_and_removed(place: Server) -> None:
    place.create_app("Hooks")
    made = place.run("webhooks", "add", "hooks", "https://acme.example/", "--event", "user.created")
    id, secret = str(made["id"]), made.pop("secret")
    assert secret.startswith("whsec_")
    assert place.run("webhooks", "list", "hooks") == [made]
    assert secret not in place.say("webhooks", "list", "hooks").stdout
    rotated = place.run("webhooks", "rotate", "hooks", id)
    assert rotated["secret"] != secret
    assert place.run("webhooks", "disable", "hooks", id)["enabled"] is False
    assert place.run("webhooks", "enable", "hooks", id)["enabled"] is True
    place.run("webhooks", "remove", "hooks", id)
    assert place.run("webhooks", "list", "hooks") == []
    place.run("webhooks", "remove", "hooks", id, code=1)


def test_what_is_on_its_way_is_shown(place: Server) -> None:
    place.create_app("Logs")
    made = place.run("webhooks", "add", "logs", "https://acme.example/", "--format", "opencx")
    tested = place.run("webhooks", "test", "logs", str(made["id"]))
    assert (tested["state"], tested["attempts"]) == ("waiting", 0)
    [shown] = place.run("webhooks", "log", "logs", str(made["id"]))
    assert (shown["kind"], shown["event"]) == ("webhook.tested", tested["event"])
    again = place.run("webhooks", "redeliver", "logs", str(made["id"]), str(tested["event"]))
    assert again["state"] == "waiting"
    place.run("webhooks", "redeliver", "logs", str(made["id"]), "1", code=1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ftp://acme.example/",),
        ("https://acme.example/", "--event", "user.invented"),
        ("https://acme.example/", "--format", "smoke signals"),
    ],
)
def test_what_cannot_be_meant_is_refused(place: Server, arguments: tuple[str, ...]) -> None:
    if "refuses" not in {it["slug"] for it in place.run("apps", "list")}:
        place.create_app("Refuses")
    place.run("webhooks", "add", "refuses", *arguments, code=1)
    assert place.run("webhooks", "list", "refuses") == []
