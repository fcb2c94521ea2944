"""The first steps in README.md are commands that work, and show what they say they show."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.server import Server

README = Path(__file__).parents[1] / "README.md"
TOOLS = ("bash", "curl", "openssl")


def blocks_below(heading: str) -> list[str]:
    """The indented blocks of the section, as scripts."""
    section = README.read_text("utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"(?:^    .*\n(?:\n(?=    ))*)+", section, re.MULTILINE)
    return [textwrap.dedent(it) for it in found]


@pytest.mark.skipif(any(shutil.which(it) is None for it in TOOLS), reason=f"needs {', '.join(TOOLS)}")
def test_the_first_steps_can_be_taken(tmp_path: Path) -> None:
    in_one_terminal, *in_another = blocks_below("First steps")
    *before, serve = in_one_terminal.strip().splitlines()
    assert serve.split()[:2] == ["acquaint", "serve"]
    assert in_another

    server = Server(tmp_path / "acquaint-data")
    try:
        run("\n".join(before), tmp_path, server)
        server.start()
        printed = run("\n".join(in_another), tmp_path, server)
    finally:
        server.kill()

    hers, answer, strangers = re.split(r"(?<=})(?={)", printed)
    assert "Hello, where is my order?" in hers
    assert "It is on its way." in answer
    assert '"author":"operator"' in answer
    assert strangers == '{"items":[],"next":null}'


def run(script: str, folder: Path, server: Server) -> str:
    """In a terminal of its own whose acquaint is this one, and whose server is that one."""
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
