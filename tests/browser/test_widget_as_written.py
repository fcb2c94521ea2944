"""The widget's modules as they were written, which a server sends whose widget is being worked on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from acquaint.widget import joining
from tests.browser.shop import Shop, has_said, hears, opens, says

pytestmark = pytest.mark.browser


@pytest.fixture
def page_of_modules(shop: Shop) -> Iterator[str]:
    """The address of a page that has the modules beside it."""
    files = {f"/{name}": content for name, content in joining.modules().items()}
    files["/"] = (
        '<!doctype html><html lang="en"><title>Acme</title><script type="module" src="widget.js"></script>'
        f'<acquaint-chat app="{shop.app["slug"]}" url="{shop.server.url}"></acquaint-chat>'
    ).encode()

    class Visited(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html")
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Visited)
    serving = threading.Thread(target=web.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{web.server_address[1]}/"
    finally:
        web.shutdown()
        serving.join()
        web.server_close()


def test_they_chat_as_what_is_made_of_them_does(somebody: Callable[[], Page], shop: Shop, page_of_modules: str) -> None:
    page = somebody()
    visit = opens(page, page_of_modules)
    says(visit, "Is anybody there?")
    has_said(visit, "Is anybody there?")
    shop.answers("I am, as I was written.")
    hears(visit, "I am, as I was written.")
    visit.get_by_role("button", name="All conversations").click()
    visit.get_by_role("button", name="Forget me on this device").click()
    visit.get_by_role("button", name="Yes, forget it").click()
    expect(visit.get_by_text("Is anybody there?")).to_have_count(0)
