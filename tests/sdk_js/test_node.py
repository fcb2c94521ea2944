"""The JavaScript client in Node, against a running server: every ``*.test.mjs`` of this folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Server, serving

FOLDER = Path(__file__).parent
LONGEST = 240  # seconds: less than pytest's own, so that one sees what was said until then

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all files: it may ask an App's identity provider on this machine."""
    with serving(tmp_path_factory.mktemp("sdk-js") / "data", ACQUAINT_OUTBOUND_ALLOW="127.0.0.1") as server:
        yield server


@pytest.fixture(scope="module")
def operator_key(server: Server) -> str:
    return str(server.run("keys", "create", "--server", "--name", "sdk-js")["api_key"])


@pytest.mark.parametrize("file", sorted(it.name for it in FOLDER.glob("*.test.mjs")))
def test_in_node(server: Server, operator_key: str, file: str) -> None:
    node = shutil.which("node")
    assert node is not None, "the tests of SDKs need Node"
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", FOLDER / file],
        env=os.environ
        | {"ACQUAINT_URL": server.url, "ACQUAINT_OPERATOR_KEY": operator_key, "ACQUAINT_DATA": str(server.data)},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) > 1, done.stdout
