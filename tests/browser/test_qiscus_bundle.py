"""The unmodified browser bundle of qiscus-sdk-core 2.16.9 on a page of another origin, in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page

from tests.support.server import Server

pytestmark = pytest.mark.browser

BUNDLE = Path(__file__).parents[1] / "sdk/node_modules/qiscus-sdk-core/dist/qiscus-sdk-core.min.js"

SET_UP = """async ([appId, baseURL, mqttURL]) => {
    window.heard = []
    window.qiscus = new QiscusSDKCore()
    await qiscus.init({
        AppId: appId, baseURL, mqttURL, syncInterval: 500,
        options: {
            newMessagesCallback: (comments) => heard.push(...comments.map((it) => it.message)),
            authTokenRefreshedCallback: ({ token }) => heard.push({ token }),
        },
    })
}"""


class _Shop(BaseHTTPRequestHandler):
    """Every page of the shop is the same."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>Shop</title><link rel=icon href=data:,><p>Shop"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Of the shop's pages: a server of its own, because a page from nowhere may not ask this machine for anything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Shop) as shop:
        thread = Thread(target=shop.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{shop.server_port}"
        shop.shutdown()
        thread.join()


@pytest.fixture
def app(server: Server) -> dict[str, Any]:
    return server.create_app()


@pytest.fixture
def page(somebody: Callable[[], Page], server: Server, origin: str, app: dict[str, Any]) -> Callable[[], Page]:
    """``page()`` is one of the shop's, in a browser of somebody's own, with the SDK set up and its config asked for."""

    def new() -> Page:
        it = somebody()
        it.goto(f"{origin}/")
        it.add_script_tag(path=BUNDLE)
        it.evaluate(SET_UP, [app["slug"], server.url, f"{server.socket_url}/mqtt"])
        return it

    return new


def sdk(page: Page, method: str, *args: Any) -> Any:
    """What the SDK's method resolves to; ``{"refused": …}`` where it rejects."""
    return page.evaluate(
        """async ([method, args]) => {
            try { return JSON.parse(JSON.stringify((await qiscus[method](...args)) ?? null)) }
            catch (error) { return { refused: error?.response?.body ?? String(error) } }
        }""",
        [method, args],
    )


def heard(page: Page, wanted: str) -> None:
    page.wait_for_function("(wanted) => heard.includes(wanted)", arg=wanted)


def test_two_people_on_a_page_of_the_shop(page: Callable[[], Page]) -> None:
    laptop, phone = page(), page()
    assert sdk(phone, "setUser", "ben", "k2", "Ben", None, None)["user"]["email"] == "ben"
    account = sdk(laptop, "setUser", "ann", "k1", "Ann", "http://x/a.png", {"role": "vip"})["user"]
    assert account["extras"] == {"role": "vip"}
    assert sdk(laptop, "updateProfile", {"name": "Ann 2"})["username"] == "Ann 2"
    room = sdk(laptop, "chatTarget", "ben")
    sdk(laptop, "sendComment", room["id"], "hello Ben")
    heard(phone, "hello Ben")
    assert sdk(laptop, "blockUser", "ben")["email"] == "ben"
    assert [it["email"] for it in sdk(laptop, "getBlockedUser")] == ["ben"]
    sdk(laptop, "logout")
    assert laptop.evaluate("qiscus.isLogin") is False


def test_a_wrong_key_is_read_by_the_page(page: Callable[[], Page]) -> None:
    laptop, eves = page(), page()
    sdk(laptop, "setUser", "ann", "k1", "Ann")
    refused = sdk(eves, "setUser", "ann", "guess", "Eve")["refused"]
    assert refused["error"]["message"] == "wrong password"


def test_an_expired_token_is_refreshed_under_the_page(
    page: Callable[[], Page], server: Server, app: dict[str, Any]
) -> None:
    server.run("apps", "policy", app["slug"], "token_lifetime=1h")
    laptop = page()
    first = sdk(laptop, "setUser", "ann", "k1", "Ann")["user"]
    headers = {"QISCUS-SDK-APP-ID": app["slug"], "QISCUS-SDK-TOKEN": first["token"]}
    expired = httpx2.post(f"{server.url}/api/v2/mobile/expire_user_token", headers=headers)
    assert expired.status_code == 200
    assert sdk(laptop, "getUserProfile")["email"] == "ann"
    laptop.wait_for_function("heard.some((it) => it.token)")
    assert laptop.evaluate("qiscus.userData.token") != first["token"]
