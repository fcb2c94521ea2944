"""Logs are lines that programs read, and hold nothing that opens anything."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from acquaint.domain.tokens import TokenKind, compose
from acquaint.web import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(it) for it in capsys.readouterr().err.splitlines()]


def test_a_line_says_when_how_important_what_and_in_which_request(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "json")
    named = logs.REQUEST.set("abc")
    structlog.get_logger().info("session_opened", user=7)
    logs.REQUEST.reset(named)
    [line] = _lines(capsys)
    assert list(line)[:3] == ["time", "level", "event"]
    assert line["time"].endswith("Z")
    assert (line["level"], line["event"], line["user"], line["request_id"]) == ("info", "session_opened", 7, "abc")


def test_what_is_less_important_than_asked_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("warning", "json")
    log = structlog.get_logger()
    log.info("quiet")
    log.warning("loud")
    logging.getLogger("uvicorn.error").info("quiet")
    logging.getLogger("anything").warning("loud too")
    assert [it["event"] for it in _lines(capsys)] == ["loud", "library"]


def test_lines_of_libraries_go_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "json")
    logging.getLogger("uvicorn.error").warning("Invalid %s", "request")
    [line] = _lines(capsys)
    assert (line["event"], line["library"], line["says"]) == ("library", "uvicorn.error", "Invalid request")


SECRETS: dict[str, str] = {
    **{kind.value: compose(kind, bytes(range(32))) for kind in TokenKind if kind is not TokenKind.PUBLIC_KEY},
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFAYi5jIn0.c2lnbmF0dXJl",
    "header": "Bearer c2VjcmV0",
    "address": "postgresql://acquaint:hunter2@db/acquaint",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("style", ["json", "console"])
def test_what_looks_like_a_secret_is_masked_wherever_it_is(
    style: str, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("debug", style)
    log = structlog.get_logger()
    log.info(f"said {secret} aloud", why=secret, deep={"down": [{"there": (secret, secret.encode())}]})
    logging.getLogger("asyncio").error("Task got %r", secret)
    try:
        raise ValueError(f"no such thing as {secret!r}")
    except ValueError:
        log.exception("broke", it=ValueError(secret))
    said = capsys.readouterr().err
    assert "broke" in said
    assert "ValueError" in said
    assert secret not in said
    assert "hunter2" not in said
    assert "c2VjcmV0" not in said


@pytest.mark.parametrize("name", ["password", "Authorization", "auth_token", "client_secret", "api_key", "Cookie"])
def test_what_is_called_a_secret_is_masked_whatever_it_looks_like(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("info", "json")
    structlog.get_logger().info("event", **{name: "plain words"}, headers={name: "plain words"})
    [line] = _lines(capsys)
    assert (line[name], line["headers"][name]) == ("***", "***")


def test_nobody_writes_a_line_of_their_own_into_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """ASVS 16.4.1: what a stranger sent stays within its line, odd characters and all."""
    logs.set_up("info", "json")
    structlog.get_logger().info("event", name='x"}\n{"event":"session_opened"}\r\x1b[2J\ud800\0')
    [line] = _lines(capsys)
    assert line["event"] == "event"


def test_public_keys_are_no_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "json")
    key = compose(TokenKind.PUBLIC_KEY, bytes(32))
    structlog.get_logger().info("event", widget=key)
    assert _lines(capsys)[0]["widget"] == key
