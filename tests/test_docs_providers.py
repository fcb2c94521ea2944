"""docs/providers.md: an identity provider of one's own in five minutes, as it is written there."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest

from acquaint.domain.providers import KINDS, ProviderKind, settings_of
from tests.support.patience import PATIENCE, soon
from tests.support.server import Server

PAGE = (Path(__file__).parents[1] / "docs/providers.md").read_text("utf-8")
TOOLS = ("bash", "curl")


def blocks_below(heading: str) -> list[str]:
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [textwrap.dedent(it) for it in re.findall(r"(?:^    .*\n(?:\n(?=    ))*)+", section, re.MULTILINE)]


@pytest.mark.skipif(any(shutil.which(it) is None for it in TOOLS), reason=f"needs {', '.join(TOOLS)}")
def test_an_identity_provider_of_ones_own_takes_five_minutes(tmp_path: Path) -> None:
    its_server, ours, somebody = blocks_below("Your own identity provider")
    *before, serve = ours.strip().splitlines()
    assert serve == "acquaint serve"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(tmp_path / "acquaint-data", ACQUAINT_OUTBOUND_ALLOW="127.0.0.1")
    try:
        with running(its_server.replace("9000", str(port)), tmp_path, port):
            printed = run("\n".join(before).replace("9000", str(port)), tmp_path, server)
            server.start()
            came = json.loads(run(somebody, tmp_path, server))
    finally:
        server.kill()
    assert "external_id" in printed
    assert "unknown token" in printed
    assert came["user"]["name"] == "Ann Archer"
    assert came["session"]["assurance"] == "verified"


@pytest.mark.parametrize("heading", ["Google", "Apple", "Any other OpenID Connect issuer", "Firebase"])
def test_what_is_shown_for_others_are_settings_that_are_taken(heading: str) -> None:
    (command,) = blocks_below(heading)
    _, _, _, _, name, *pairs = command.split()
    kind = name if name in {it.value for it in KINDS} else "openid"
    settings = settings_of(kind, dict(it.split("=", 1) for it in pairs))
    assert isinstance(settings, KINDS[ProviderKind(kind)])


def test_every_setting_is_explained() -> None:
    for kind, shape in KINDS.items():
        for name in (it.name for it in fields(shape)):
            if name not in ("issuer_base", "graph_url", "credentials_url"):  # for tests and proxies
                assert name in PAGE, f"{kind.value} has {name}"


def listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(script: str, folder: Path, port: int) -> Iterator[None]:
    script = script.replace("python3", f'exec "{sys.executable}"')
    process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", script], cwd=folder, stderr=subprocess.DEVNULL)
    try:
        assert soon(lambda: listens(port))
        yield
    finally:
        process.kill()
        process.wait()


def run(script: str, folder: Path, server: Server) -> str:
    script = script.replace("127.0.0.1:8080", server.url.removeprefix("http://") or "nowhere")
    mine = f'acquaint() {{ "{sys.executable}" -m acquaint "$@"; }}\n'
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", mine + script],
        cwd=folder,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
