"""A real ejabberd that asks ``acquaint extauth``: in a folder of its own, and as one node, which needs no epmd."""

from __future__ import annotations

import base64
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.cast import ann
from tests.cli.test_extauth import Acme
from tests.support.patience import PATIENCE
from tests.support.ports import free_port
from tests.support.server import Server, _die_with_parent

HOME = next(iter(sorted(Path("/usr/lib").glob("*/ejabberd-*/ebin"), reverse=True)), None)
START_SECONDS = 2 * PATIENCE
OPEN = '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="localhost" version="1.0"/>'

pytestmark = pytest.mark.skipif(
    HOME is None or shutil.which("erl") is None,
    reason="needs ejabberd as Debian packages it (scripts/bootstrap test installs it)",
)

CONFIG = """\
loglevel: warning
hosts: [localhost]
auth_method: [external]
extauth_program: {program}
extauth_pool_size: 1
auth_use_cache: false
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers: {{"/ws": ejabberd_http_ws}}
modules: {{}}
"""


class Ejabberd:
    def __init__(self, folder: Path, server: Server) -> None:
        self.port = free_port()
        program = shlex.join([*server._command, "--data", str(server.data), "extauth"])
        (folder / "ejabberd.yml").write_text(CONFIG.format(program=f'"{program}"', port=self.port))
        assert HOME is not None
        environment = server.environment | {
            "ERL_LIBS": str(HOME.parent.parent),
            "EJABBERD_CONFIG_PATH": str(folder / "ejabberd.yml"),
            "EJABBERD_LOG_PATH": str(folder / "ejabberd.log"),
            "ERL_CRASH_DUMP": str(folder / "erl_crash.dump"),
            "HOME": str(folder),
        }
        self.log = folder / "out.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["erl", "-noinput", "-mnesia", "dir", f'"{folder / "mnesia"}"', "-s", "ejabberd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=folder,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"ejabberd did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    def stop(self) -> None:
        """Itself, and what it started: all of its own session, and nothing else."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def sign_in(self, name: str, secret: str) -> str:
        """``success`` or ``failure``."""
        said = base64.b64encode(f"\0{name}\0{secret}".encode()).decode()
        with connect(f"ws://127.0.0.1:{self.port}/ws", subprotocols=["xmpp"], proxy=None, close_timeout=1) as socket:  # type: ignore[list-item]
            socket.send(OPEN)
            while "mechanisms" not in (told := str(socket.recv(PATIENCE))):
                pass
            assert "PLAIN" in told
            socket.send(f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{said}</auth>')
            answer = str(socket.recv(PATIENCE))
        return "success" if answer.startswith("<success") else "failure"


@pytest.fixture
def ejabberd(tmp_path: Path, server: Server) -> Iterator[Ejabberd]:
    ejabberd = Ejabberd(tmp_path, server)
    try:
        ejabberd.wait()
        yield ejabberd
    finally:
        ejabberd.stop()


def test_users_of_an_app_sign_in_to_an_ejabberd_of_its_own(server: Server, ejabberd: Ejabberd) -> None:
    acme = Acme(server)
    me, token = acme.sign_in("ann", ann.password)
    assert ejabberd.sign_in(me, ann.password) == "success"
    assert ejabberd.sign_in(me, token) == "success"
    assert ejabberd.sign_in(me, "a wrong one") == "failure"
    assert ejabberd.sign_in(f"4711-{acme.id}", ann.password) == "failure"
    acme.ask("PUT", f"/app/users/{me.split('-')[0]}/ban")
    assert ejabberd.sign_in(me, token) == "failure"
