"""docs/quickstart-web.md, "Try it first": the shop of docs/examples, set up as the page says, and visited."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.shop import chat, has_said, hears, is_known_as, latest, launcher, opens, says
from tests.support.server import Server

DOCS = Path(__file__).parents[2] / "docs"
SLOWEST = 30  # seconds until the shop says something
NOTHING_KEPT = "localStorage.length === 0"


def test_a_shop_in_one_file_has_a_chat_that_knows_its_customers(somebody: Callable[[], Page], tmp_path: Path) -> None:
    section = (DOCS / "quickstart-web.md").read_text("utf-8").split("## Try it first\n")[1].split("\n## ")[0]
    ours, theirs = (textwrap.dedent(it) for it in re.findall(r"(?:^    .*\n)+", section, re.MULTILINE))
    *before, serve = ours.splitlines()
    assert serve.split("#")[0].split() == ["ACQUAINT_OUTBOUND_ALLOW=127.0.0.1", "acquaint", "serve"]
    server = Server(tmp_path / "acquaint-data", ACQUAINT_OUTBOUND_ALLOW="127.0.0.1")
    subprocess.run(["bash", "-euc", ACQUAINT + "\n".join(before)], cwd=tmp_path, env=server.environment, check=True)
    server.start()
    try:
        with a_shop(theirs, tmp_path, server) as (address, log):
            is_visited(somebody(), address)
            told(log, "message.posted Is it oven-proof?")
    finally:
        server.kill()


def is_visited(page: Page, address: str) -> None:
    visit = opens(page, address)
    says(visit, "Is it oven-proof?")
    has_said(visit, "Is it oven-proof?")

    page.get_by_role("button", name="Log in as Ann").click()
    visit = opens(page)
    latest(visit)
    hears(visit, "Is it oven-proof?")
    is_known_as(visit, "Ann Archer · Verified")

    page.locator("body > form").get_by_role("button", name="Log out").click()
    page.wait_for_function(NOTHING_KEPT)  # the shop's server only wrote another page
    visit = opens(page)
    expect(visit.locator("li.said")).to_have_count(0)
    says(visit, "And who am I?")
    has_said(visit, "And who am I?")

    page.goto(address)  # the page says again that nobody is logged in: a visitor stays
    latest(opens(page))
    hears(chat(page), "And who am I?")
    page.get_by_role("button", name="Log in as Ben").click()
    expect(launcher(page)).to_be_visible()
    is_known_as(opens(page), "Ben Baker · Verified")
    page.locator("acquaint-chat").evaluate("it => it.setAttribute('token', '')")  # without another page, too
    page.wait_for_function(NOTHING_KEPT)


ACQUAINT = f'acquaint() {{ {shlex.quote(sys.executable)} -m acquaint "$@"; }}\n'


@contextmanager
def a_shop(script: str, folder: Path, server: Server) -> Iterator[tuple[str, Path]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    script = script.replace("127.0.0.1:8080", server.url.removeprefix("http://")).replace("3000", port)
    script = script.replace('python3 "$SHOP"', 'exec python3 "$SHOP"')
    log, environment = folder / "shop.log", server.environment | {"SHOP": str(DOCS / "examples/shop.py"), "PORT": port}
    with log.open("wb") as out:
        command = ["bash", "-euc", ACQUAINT + script]
        shop = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=subprocess.DEVNULL)
    try:
        told(log, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}", log
    finally:
        shop.kill()
        shop.wait(SLOWEST)


def told(log: Path, text: str) -> None:
    until = time.monotonic() + SLOWEST
    while text not in log.read_text("utf-8"):
        assert time.monotonic() < until, f"the shop never said {text!r}"
        time.sleep(0.02)
