"""docs/quickstart-backends.md: what it says can be done, and prints what it should."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Server

PAGE = Path(__file__).parents[2] / "docs/quickstart-backends.md"


def test_every_line_of_the_quickstart_runs(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    [command] = [text for language, text in blocks if language == "sh"]
    _, *words = shlex.split(command)
    made = server.run(*words)
    monkeypatch.setenv("ACQUAINT_URL", server.url)
    monkeypatch.setenv("ACQUAINT_API_KEY", made["api_key"])
    monkeypatch.setenv("ACQUAINT_SIGNING_SECRET", made["signing_secret"])
    names: dict[str, Any] = {}
    for block in [text for language, text in blocks if language == "python"]:
        exec(compile(block.replace('"acme"', repr(made["slug"])), PAGE.name, "exec"), names)  # noqa: S102
    assert capsys.readouterr().out.splitlines() == [
        "Hello, where is my order?",
        "Ann Archer",
        "True",
        "0",
        "ann@example.com",
        "native verified",
        "native verified",
        "native verified",
        "3",
        "()",
        "not_found",
    ]
