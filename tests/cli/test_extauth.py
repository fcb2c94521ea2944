"""``acquaint extauth``, as a chat server talks to it: bytes in, bytes out."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.bootstrap import open_core
from acquaint.domain.identities import NO_CHANGE
from acquaint.domain.sessions import Lifetime
from acquaint.services import apps, limits, sign_in
from acquaint.services.admission import Place
from acquaint.settings import Settings
from tests.cast import ann, ben
from tests.support.patience import PATIENCE
from tests.support.server import Server

extauth = import_module("acquaint.cli.extauth")  # the package has the command by that name

YES, NO = b"\0\2\0\1", b"\0\2\0\0"


class Desk:
    """A running ``acquaint extauth``."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ask(self, *questions: str | bytes) -> list[bool]:
        """All at once, as a busy chat server would."""
        asks = b""
        for it in questions:
            question = it if isinstance(it, bytes) else it.encode()
            asks += len(question).to_bytes(2, "big") + question
        answers = self.send(asks, 4 * len(questions))
        found = [answers[start : start + 4] for start in range(0, len(answers), 4)]
        assert set(found) <= {YES, NO}
        return [it == YES for it in found]

    def send(self, asks: bytes, size: int) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(asks)
        self._process.stdin.flush()
        return self._process.stdout.read(size)

    def end(self) -> tuple[int, bytes, bytes]:
        """What it said beside its answers, and its exit code, once there is nothing more to ask."""
        out, err = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, out, err


@contextmanager
def desk_of(server: Server) -> Iterator[Desk]:
    command = [*server._command, "--data", str(server.data), "extauth"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=server.environment) as process:
        try:
            yield Desk(process)
        finally:
            if process.poll() is None:
                process.kill()


class Acme:
    """An App on a running server, and people who sign up there."""

    def __init__(self, server: Server) -> None:
        self.server, self.app = server, server.create_app()
        self.id = self.app["app_id"]

    def sign_in(self, login: str, password: str) -> tuple[str, str]:
        """Their name in chat, and a token."""
        user = {"login": login, "password": password}
        body = {"application_id": self.id, "auth_key": self.app["auth_key"], "user": user}
        answer = httpx2.post(f"{self.server.url}/session", json=body)
        assert answer.status_code == 201, answer.text
        session = answer.json()["session"]
        return f"{session['user_id']}-{self.id}", session["token"]

    def ask(self, method: str, path: str, **more: Any) -> None:
        headers = {"Authorization": f"Bearer {self.app['api_key']}"}
        httpx2.request(method, f"{self.server.url}/acquaint/v1{path}", headers=headers, **more).raise_for_status()


@pytest.fixture
def acme(server: Server) -> Acme:
    return Acme(server)


@pytest.fixture
def desk(acme: Acme) -> Iterator[Desk]:
    with desk_of(acme.server) as desk:
        yield desk


def test_somebody_is_who_they_say_by_their_password_or_their_token(acme: Acme, desk: Desk) -> None:
    (me, token), (other, others_token) = acme.sign_in("ann", ann.password), acme.sign_in("ben", ben.password)
    elsewhere, elsewhere_token = Acme(acme.server).sign_in("ann", ann.password)
    table = {
        f"auth:{me}:chat.example.com:{ann.password}": True,
        f"auth:{me}:chat.example.com:{token}": True,
        f"auth:{me}:any other host:{token}": True,
        f"auth:{me}:d:{ann.password}x": False,
        f"auth:{me}:d:": False,
        f"auth:{me}:d": False,
        f"auth:{me}:d:{ben.password}": False,
        f"auth:{me}:d:{others_token}": False,
        f"auth:{me}:d:{elsewhere_token}": False,
        f"auth:{other}:d:{token}": False,
        f"auth:{elsewhere}:d:{token}": False,
        f"auth:{me.split('-')[0]}-1:d:{token}": False,
        f"auth:4711-{acme.id}:d:{ann.password}": False,
        f"auth:ann:d:{ann.password}": False,
        f"isuser:{me}:d": True,
        f"isuser:{elsewhere}:d": True,
        f"isuser:4711-{acme.id}:d": False,
        f"isuser:{me.split('-')[0]}-{elsewhere.split('-')[1]}:d": False,
        "isuser:ann:d": False,
        f"setpass:{me}:d:another": False,
        f"tryregister:5-{acme.id}:d:secret": False,
        f"removeuser:{me}:d": False,
        f"removeuser3:{me}:d:{ann.password}": False,
    }
    assert dict(zip(table, desk.ask(*table), strict=True)) == table
    assert desk.ask(f"auth:{me}:d:{ann.password}") == [True], "nothing was changed"


def test_a_password_may_hold_colons_and_anything_else(acme: Acme, desk: Desk) -> None:
    password = "one:two::three ÄÖ 🌊 :"
    me, _ = acme.sign_in("colon", password)
    assert desk.ask(f"auth:{me}:d:{password}", f"auth:{me}:d:{password}:", f"auth:{me}:d:one") == [True, False, False]


@pytest.mark.parametrize("end", [b"", b"\0", b"\0\5au", b"\xff\xff" + b"a" * 100])
def test_whatever_comes_is_answered_with_no_and_the_end_is_the_end(acme: Acme, desk: Desk, end: bytes) -> None:
    me, token = acme.sign_in("ann", ann.password)
    garbage: list[str | bytes] = [
        b"",
        b":",
        b"auth",
        b"auth:",
        b"auth::::",
        b"\xff\xfe\xfd",
        b"auth:\0:\0:\0",
        b"isuser:" + b"9" * 60_000,
        b"a" * 65_535,
        b"auth:1-1:d:" + b"x" * 65_000,
        "auth:１-１:d:x",
        b"\n\r\n",
        f"AUTH:{me}:d:{token}",
        f" auth:{me}:d:{token}",
        f"auth:{me}\n:d:{token}",
    ]
    assert desk.ask(*garbage) == [False] * len(garbage)
    assert desk.ask(f"auth:{me}:d:{token}") == [True]
    assert desk.send(end, 0) == b""
    code, out, err = desk.end()
    assert (code, out) == (0, b"")
    assert b"Traceback" not in err


def test_what_is_revoked_opens_nothing_any_more(acme: Acme, desk: Desk) -> None:
    me, token = acme.sign_in("ann", ann.password)
    asked = [f"auth:{me}:d:{token}", f"auth:{me}:d:{ann.password}", f"isuser:{me}:d"]
    assert desk.ask(*asked) == [True, True, True]
    httpx2.delete(f"{acme.server.url}/session", headers={"CB-Token": token}).raise_for_status()
    assert desk.ask(*asked) == [False, True, True]
    _, token = acme.sign_in("ann", ann.password)
    asked = [f"auth:{me}:d:{token}", f"auth:{me}:d:{ann.password}", f"isuser:{me}:d"]
    acme.ask("PUT", f"/app/users/{me.split('-')[0]}/ban")
    assert desk.ask(*asked) == [False, False, False]


def test_whoever_guesses_is_stopped_and_nobody_else(acme: Acme, desk: Desk) -> None:
    me, token = acme.sign_in("ann", ann.password)
    other, _ = acme.sign_in("ben", ben.password)
    guesses = limits.PASSWORDS_PER_LOGIN_AND_ADDRESS.times + 10  # while a slow machine works on some, others come free
    assert desk.ask(*[f"auth:{me}:d:guess {number}" for number in range(guesses)]) == [False] * guesses
    asked = [f"auth:{me}:d:{ann.password}", f"auth:{me}:d:{token}", f"auth:{other}:d:{ben.password}"]
    assert desk.ask(*asked) == [False, True, True], "a token cannot be guessed, and is not counted with passwords"


async def test_a_database_that_is_not_there_yet_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extauth, "OPENED_AGAIN_AFTER", 0.0)
    settings = Settings(data=tmp_path / "data")
    async with AsyncExitStack() as closing:
        desk = extauth.Desk(settings, closing)
        assert not await desk.answer(b"isuser:1-1:d")
        async with open_core(settings, makes_database=True, hashing=CHEAPEST) as core:
            new = await apps.create(core, "Acme")
            place = Place("native", Lifetime(), "203.0.113.7")
            who = await sign_in.login_or_register(core, new.app, ann.by_login, ann.password, NO_CHANGE, place)
        assert who.user is not None
        assert await desk.answer(f"auth:{who.user.id}-{new.app.id}:d:{ann.password}".encode())


def test_a_chat_server_may_talk_over_a_terminal(acme: Acme) -> None:
    """As Prosody's module does: without raw mode a terminal would keep a question back, and take parts of it away."""
    me, token = acme.sign_in("ann", ann.password)
    master, slave = pty.openpty()
    command = [*acme.server._command, "--data", str(acme.server.data), "extauth", "--terminal"]
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL, env=acme.server.environment
    ) as it:
        os.close(slave)
        try:
            for secret, answer in ((token, YES), ("\x03\x04\x11\x13\x1a\x7f\r\n", NO), (token, YES)):
                question = f"auth:{me}:d:{secret}".encode()
                os.write(master, len(question).to_bytes(2, "big") + question)
                said = b""
                while not said.endswith(
                    (YES, NO)
                ):  # the first question may come back: it was asked of a usual terminal
                    said += os.read(master, 1000)
                assert said.endswith(answer)
        finally:
            it.kill()
            os.close(master)


def test_no_secret_is_logged(acme: Acme, desk: Desk) -> None:
    me, token = acme.sign_in("ann", ann.password)
    desk.ask(f"auth:{me}:d:a wrong one indeed", f"auth:{me}:d:{token}", "auth:1-1:d:a wrong one indeed")
    _, _, err = desk.end()
    assert token.encode() not in err
    assert b"a wrong one indeed" not in err
