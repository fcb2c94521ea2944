"""Chromium, headless, and who is in it. A test that fails leaves a picture of every page in its temporary folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.shop import Shop
from tests.support.patience import PATIENCE
from tests.support.server import Server

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SLOWEST = 1000 * PATIENCE  # milliseconds for anything to appear


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the whole session: while it is open an event loop runs here, and nobody else can start theirs."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS, timeout=SLOWEST)
        expect.set_options(timeout=SLOWEST)
        yield browser
        browser.close()


@pytest.fixture
def somebody(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Page]]:
    """``somebody()`` opens a page in a browser of their own: nothing is shared with anybody else's."""
    contexts: list[BrowserContext] = []

    def new() -> Page:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        contexts[-1].set_default_timeout(SLOWEST)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        return page

    wrong: list[str] = []
    yield new
    report = getattr(request.node, "report_of_call", None)
    if report is None or report.failed:
        for number, context in enumerate(contexts):
            for page in context.pages:
                page.screenshot(path=tmp_path / f"page-{number}.png", full_page=True)
    for context in contexts:
        context.close()
    assert wrong == [], "scripts on the pages broke"


@pytest.fixture
def shop(server: Server) -> Iterator[Shop]:
    """A page of another origin with the chat in it, for an App of its own."""
    with Shop(server) as shop:
        yield shop


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if call.when == "call":
        item.report_of_call = report  # type: ignore[attr-defined]  # where the fixture finds it
    return report
