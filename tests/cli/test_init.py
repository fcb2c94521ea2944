"""`acquaint init`, `migrate`, `doctor`, and what is said when things are not as they should be."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest

from acquaint.settings import Settings, known, read
from tests.support.server import InThisProcess, Server


@pytest.fixture
def place(tmp_path: Path) -> Server:
    """A data directory that nobody serves, and the command line on it."""
    return InThisProcess(tmp_path / "deep/data")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_init_makes_a_folder_for_its_owner_alone_and_doing_it_again_changes_nothing(place: Server) -> None:
    place.run("init")
    assert _mode(place.data) == 0o700
    assert {it.name for it in place.data.iterdir()} >= {"acquaint.toml", "acquaint.db"}
    assert all(_mode(it) == 0o600 for it in place.data.iterdir() if it.is_file())

    place.create_app()
    config = place.data / "acquaint.toml"
    config.write_text(config.read_text() + "\nport = 9999\n")
    place.run("init")
    assert config.read_text().endswith("port = 9999\n")
    assert [it["slug"] for it in place.run("apps", "list")] == ["acme"]


def test_the_settings_file_that_init_writes_says_every_setting_with_its_default(place: Server) -> None:
    place.run("init")
    text = (place.data / "acquaint.toml").read_text()
    assert tomllib.loads(text) == {}, "all of it is commented out"

    settings = [line.removeprefix("# ") for line in text.splitlines() if " = " in line]
    assert [it.partition(" = ")[0] for it in settings] == [it.name for it in known()]
    (place.data / "acquaint.toml").write_text("\n".join(settings))
    assert read({"data": place.data}, {}) == Settings(data=place.data)


def test_commands_on_nothing_say_how_to_begin(place: Server) -> None:
    said = place.say("apps", "list", "--json")
    assert (said.returncode, said.stdout) == (1, "")
    assert "acquaint init" in said.stderr
    assert not place.data.exists(), "looking makes nothing"


def test_migrate_names_the_schema_and_doing_it_again_is_fine(place: Server) -> None:
    first = place.run("migrate")
    assert first["schema"]
    assert place.run("migrate") == first


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["apps", "list"], ["init"], ["doctor"], ["migrate"]])
def test_a_broken_settings_file_stops_every_command(place: Server, command: list[str]) -> None:
    """Security 29: a server that understands half of its settings would be open by mistake."""
    place.data.mkdir(parents=True)
    (place.data / "acquaint.toml").write_text("trusted_proxies = 'everybody'")
    said = place.say(*command)
    assert said.returncode == 1
    assert said.stderr.startswith("acquaint: trusted_proxies in ")
    assert "Traceback" not in said.stderr


def test_doctor_finds_what_is_wrong_and_says_what_to_do(place: Server) -> None:
    nothing = {it["check"]: it for it in place.run("doctor", code=1)["findings"]}
    assert nothing["data"]["state"] == "bad"
    assert nothing["database"]["state"] == "bad"
    assert "acquaint init" in nothing["database"]["do"]

    place.run("init")
    findings = place.run("doctor")["findings"]
    assert not [it for it in findings if it["state"] == "bad"]
    assert all(it["do"] for it in findings if it["state"] != "good")

    place.data.chmod(0o755)
    place.environment |= {
        "ACQUAINT_LIMITS": "off",
        "ACQUAINT_LIMITZ": "off",
        "ACQUAINT_PUBLIC_URL": "https://a.example",
    }
    wrong = [(it["check"], it["state"]) for it in place.run("doctor", code=1)["findings"] if it["state"] != "good"]
    assert wrong == [
        ("data", "bad"),
        ("settings", "doubtful"),
        ("mail", "doubtful"),
        ("proxies", "bad"),
        ("limits", "bad"),
    ]


@pytest.mark.parametrize(
    ("variable", "value", "check"),
    [
        ("SMTP_URL", "smtp://acquaint:hunter2@127.0.0.1:1", "mail"),
        ("BUS_URL", "redis://:hunter2@127.0.0.1:1/0", "bus"),
        ("DATABASE_URL", "postgresql://acquaint:hunter2@127.0.0.1:1/acquaint", "database"),
        ("OUTBOUND_ALLOW", "10.0.0.0/99", "outbound"),
    ],
)
def test_doctor_tries_what_the_settings_name(place: Server, variable: str, value: str, check: str) -> None:
    place.run("init")
    place.environment |= {f"ACQUAINT_{variable}": value}
    findings = place.run("doctor", code=1)["findings"]
    assert [it["check"] for it in findings if it["state"] == "bad"] == [check]
    assert "hunter2" not in str(findings)


def test_doctor_sees_a_database_written_in_the_future(place: Server) -> None:
    place.run("init")
    os.utime(place.data / "acquaint.db", (4e9, 4e9))
    clock = next(it for it in place.run("doctor", code=1)["findings"] if it["check"] == "clock")
    assert clock["state"] == "bad"


def test_what_is_no_database_is_said_to_be_none(place: Server) -> None:
    place.data.mkdir(parents=True)
    (place.data / "acquaint.db").write_bytes(b"this is a diary, and it is private" * 100)
    for command in (["init"], ["migrate"], ["serve", "--port", "0"], ["apps", "create", "--name", "Acme"]):
        said = place.say(*command)
        assert (said.returncode, "cannot be prepared" in said.stderr) == (1, True)
        assert "Traceback" not in said.stderr


def test_every_command_explains_itself(place: Server) -> None:
    assert place.say("--help").returncode == 0
    assert place.say("--version").stdout.startswith("acquaint")
    assert place.say("apps", "create", "--help").returncode == 0
    assert place.say("nothing").returncode == 2
