"""The page for a new password that ConnectyCube's users are mailed, in a browser without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.outbox import link_mailed_to
from tests.support.server import Server

pytestmark = pytest.mark.browser

NEW = "a goat in the snow"
ANN = "ann@without-scripts.example"  # nobody else's on the server that the tests share


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert refused == []


@pytest.fixture
def credentials(server: Server) -> dict[str, object]:
    app = server.create_app()
    return {"application_id": app["app_id"], "auth_key": app["auth_key"]}


def link_for(server: Server, credentials: dict[str, object], email: str) -> str:
    """The link in the mail to somebody who just signed up and forgot their password at once."""
    user = {"email": email, "password": "secret77"}
    opened = httpx2.post(f"{server.url}/session", json=credentials | {"user": user}).json()
    token = {"CB-Token": opened["session"]["token"]}
    httpx2.post(f"{server.url}/users/password/reset", json={"email": email}, headers=token).raise_for_status()
    return link_mailed_to(server, email)


def test_a_password_is_chosen_without_scripts_and_once(
    page: Page, server: Server, credentials: dict[str, object]
) -> None:
    link = link_for(server, credentials, ANN)
    page.goto(link)
    expect(page.get_by_role("heading")).to_have_text("A new password")
    padding = page.locator("main").evaluate("it => getComputedStyle(it).padding")
    assert padding == "32px", "the style was refused"

    page.get_by_label("New password").fill(NEW)
    page.get_by_label("Once more").fill("something else")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("is not the same in both fields")

    page.get_by_label("New password").fill(NEW)
    page.get_by_label("Once more").fill(NEW)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading")).to_have_text("The password is changed")
    user = {"email": ANN, "password": NEW}
    assert httpx2.post(f"{server.url}/session", json=credentials | {"user": user}).status_code == 201

    page.goto(link)
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("Once more").fill(NEW)
    page.get_by_label("Once more").press("Enter")
    expect(page.get_by_role("heading")).to_have_text("This link is not good any more")
