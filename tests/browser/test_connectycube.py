"""The unmodified connectycube 6.1.2, as its authors build it for browsers, in pages of another origin."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.sdk]

SDK = Path(__file__).parents[1] / "sdk" / "node_modules" / "connectycube" / "dist"

SIGN_IN = """async ({ app, url, socket, login }) => {
  const Cube = window.ConnectyCube.default ?? window.ConnectyCube
  Cube.init(
    { appId: app.app_id, authKey: app.auth_key },
    { endpoints: { api_url: url, chat: '127.0.0.1', chat_url: socket }, debug: { mode: 0 } }
  )
  window.heard = []
  Cube.chat.onMessageListener = (from, message) => window.heard.push([from, message.body])
  const session = await Cube.createSession({ login, password: 'secret77' })
  await Cube.chat.connect({ userId: session.user_id, password: session.token })
  window.Cube = Cube
  return session.user_id
}"""
SAY = "([to, body]) => { window.Cube.chat.send(to, { type: 'chat', body, extension: { save_to_history: 1 } }) }"


class Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of pages of another origin, where the SDK lies beside them."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(SDK))) as web:
        serving = threading.Thread(target=web.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        serving.join()


@pytest.fixture
def visiting(somebody: Callable[[], Page], server: Server, shop: str) -> Callable[[str], tuple[Page, int]]:
    """Somebody who opens a page of the shop, and signs in and connects there."""
    app = server.create_app()

    def visit(login: str) -> tuple[Page, int]:
        page = somebody()
        page.goto(f"{shop}/types/")
        page.add_script_tag(url=f"{shop}/connectycube.min.js")
        given: dict[str, Any] = {"app": app, "url": server.url, "socket": f"{server.socket_url}/ws", "login": login}
        return page, page.evaluate(SIGN_IN, given)

    return visit


def test_two_browsers_sign_in_and_talk(visiting: Callable[[str], tuple[Page, int]]) -> None:
    anns, ann = visiting("ann")
    bens, ben = visiting("ben")
    anns.evaluate(SAY, [ben, "Are you there?"])
    bens.wait_for_function("() => window.heard.length")
    assert bens.evaluate("window.heard") == [[ann, "Are you there?"]]
    bens.evaluate(SAY, [ann, "Here I am."])
    anns.wait_for_function("() => window.heard.length")
    assert anns.evaluate("window.heard") == [[ben, "Here I am."]]
