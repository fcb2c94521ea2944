"""The pages that confirm an address: ConnectyCube's in a browser without scripts, ours with one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.outbox import link_mailed_to
from tests.support.server import Server

pytestmark = pytest.mark.browser

PASSWORD = "a goat in the snow"


@pytest.fixture
def app(server: Server) -> dict[str, Any]:
    app = server.create_app()
    headers = {"Authorization": f"Bearer {app['api_key']}"}
    rules = {"requires_confirmed_emails": True}
    httpx2.patch(f"{server.url}/acquaint/v1/app/policy", json=rules, headers=headers).raise_for_status()
    return app


@pytest.fixture(params=[False, True], ids=["without scripts", "with one"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert refused == []


def test_an_address_is_confirmed_with_the_password_and_once(
    page: Page, server: Server, app: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    is_ours = "with one" in request.node.name
    email = f"ann-{request.node.callspec.indices['page']}@{app['slug']}.example"
    credentials = {"application_id": app["app_id"], "auth_key": app["auth_key"]}
    signing_in = credentials | {"user": {"email": email, "password": PASSWORD}}
    if is_ours:
        who = {"app": app["slug"], "email": email, "password": PASSWORD}
        assert httpx2.post(f"{server.url}/acquaint/v1/users", json=who).status_code == 403
    else:
        assert httpx2.post(f"{server.url}/session", json=signing_in).status_code == 403
    link = link_mailed_to(server, email)

    page.goto(link)
    expect(page.get_by_role("heading")).to_have_text("Confirm your address")
    if is_ours:
        expect(page).not_to_have_url(link)  # the ticket is out of the address bar
    said = page.get_by_role("status" if is_ours else "alert")
    for password in ("not hers", PASSWORD):
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Confirm the address").click()
        if password != PASSWORD:
            expect(said).to_contain_text("not the password")
    expect(page.get_by_role("status")).to_contain_text("ign in")
    assert httpx2.post(f"{server.url}/session", json=signing_in).status_code == 201

    page.goto("about:blank")
    page.goto(link)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_text("not good any more" if not is_ours else "no good any more")).to_be_visible()
