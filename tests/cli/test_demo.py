"""``acquaint demo``: the story holds, it is told plainly, and nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from acquaint.cli.demo.customer import HERE
from acquaint.cli.demo.story import STEPS
from tests.support.patience import PATIENCE

DEMO = (sys.executable, "-m", "acquaint", "demo")


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """Where temporary folders are made, so that what is left of them can be seen. Nobody's settings are in the way."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ACQUAINT_")}
    return {**ours, "TMPDIR": str(tmp_path)}


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody has."""
    with socket.create_server(("127.0.0.1", 0)) as it:
        yield int(it.getsockname()[1])


def _once(environment: dict[str, str], port: int) -> subprocess.CompletedProcess[str]:
    command = [*DEMO, "--once", "--port", str(port)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3 * PATIENCE, check=False)


def test_the_story_holds_and_leaves_nothing_behind(elsewhere: dict[str, str], tmp_path: Path) -> None:
    ran = _once(elsewhere, 0)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("✓") == len(STEPS)
    assert re.fullmatch(r"\s*http://127\.0\.0\.1:\d+   the page to play by hand", ran.stdout.strip().splitlines()[0])
    assert "\x1b" not in ran.stdout, "colours, and nobody there to see them"
    assert ran.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_no_obstacle(elsewhere: dict[str, str], taken: int) -> None:
    ran = _once(elsewhere, taken)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"Port {taken} is taken" in ran.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_page_until_it_is_told_to_stop(
    elsewhere: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen([*DEMO, "--port", "0"], env=elsewhere, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        said = ""
        while "play it by hand" not in said:
            said += demo.stdout.readline()
            assert demo.poll() is None, said
        address = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert address is not None
        page = httpx2.get(address[0], trust_env=False)
        shop = httpx2.get(f"{address[0]}/shop", trust_env=False)
        demo.send_signal(number)
        rest = demo.stdout.read()
    assert demo.returncode == 0, said + rest
    assert "Traceback" not in said + rest
    assert list(tmp_path.iterdir()) == []
    for it in (page, shop):
        assert it.status_code == 200
        assert "{{" not in it.text
        assert "acqk_" not in it.text, "the page holds an API key"
        assert "acqx_" not in it.text, "the page holds a signing secret"
        assert "default-src 'none'" in it.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["page.html", "shop.html"])
def test_the_pages_are_short_and_load_nothing_from_elsewhere(name: str) -> None:
    text = (HERE / name).read_text("utf-8")
    assert len(text.splitlines()) < 200
    assert not re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", text)
    assert "innerHTML" not in text
