"""Acme's shop: a page of another origin, with our chat in it, under a strict Content-Security-Policy.

Shop(server)      an App of its own; as a context, it serves
shop.page(…)      the address of a page with the chat in it
shop.token(who)   what Acme's backend signs for somebody who is logged in there
shop.answers(…)   Acme's people answer in the latest conversation
shop.was_read()   whether its visitor has read it to the end
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Locator, Page, expect

from tests.cast import Person
from tests.support.server import Server


class Shop:
    def __init__(self, server: Server) -> None:
        self.server, self.app = server, server.create_app()
        self._pages: dict[str, str] = {}
        headers = {"Authorization": f"Bearer {self.app['api_key']}"}
        self.api = httpx2.Client(base_url=f"{server.url}/acquaint/v1", headers=headers)
        self._web = ThreadingHTTPServer(("127.0.0.1", 0), self._visited())
        self._serving = threading.Thread(target=self._web.serve_forever)

    def __enter__(self) -> Shop:
        self._serving.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._web.shutdown()
        self._serving.join()
        self._web.server_close()
        self.api.close()

    @property
    def policy(self) -> str:
        """What docs/widget.md tells a site to allow, and nothing else."""
        it = self.server.url
        return (
            f"default-src 'none'; script-src {it}; connect-src {it} {self.server.socket_url}; img-src {it} blob:; "
            "style-src 'none'; base-uri 'none'; form-action 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )

    def page(self, *, name: str = "", body: str = "", **attributes: str | bool) -> str:
        """The page's address. ``collect_user_data=True`` becomes the attribute of that name."""
        given = {"app": self.app["slug"], **attributes}
        said = " ".join(
            it.replace("_", "-") if value is True else f'{it.replace("_", "-")}="{escape(str(value))}"'
            for it, value in given.items()
        )
        self._pages[f"/{name}"] = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>Acme</title><script type="module" src="{self.server.url}/widget.js"></script>'
            f"<main><h1>Acme</h1>{body}<button>Buy</button></main>"
            + ("" if given["app"] == "none" else f"<acquaint-chat {said}></acquaint-chat>")
        )
        return f"http://127.0.0.1:{self._web.server_address[1]}/{name}"

    def token(self, who: Person, **claims: Any) -> str:
        said = {"email": who.email, "name": who.name, "iat": int(time.time()), **claims}
        text = ".".join(_base64(json.dumps(it).encode()) for it in ({"alg": "HS256", "typ": "JWT"}, said))
        return f"{text}.{_base64(hmac.digest(self.app['signing_secret'].encode(), text.encode(), hashlib.sha256))}"

    def conversations(self) -> list[dict[str, Any]]:
        return list(self.api.get("/app/conversations").raise_for_status().json()["items"])

    def users(self) -> list[dict[str, Any]]:
        return list(self.api.get("/app/users").raise_for_status().json()["items"])

    def texts(self) -> list[str]:
        """What was said in the latest conversation, oldest first."""
        path = f"/app/conversations/{self.conversations()[0]['id']}/messages"
        return [it["text"] for it in self.api.get(path, params={"order": "oldest"}).raise_for_status().json()["items"]]

    def was_read(self) -> bool:
        """Whether its visitor has read the latest conversation to the end."""
        it = self.conversations()[0]
        return bool(it["members"][0]["last_read_id"] == it["last_message"]["id"])

    def answers(self, text: str, **more: Any) -> None:
        path = f"/app/conversations/{self.conversations()[0]['id']}/messages"
        self.api.post(path, json={"text": text, **more}).raise_for_status()

    def _visited(self) -> type[BaseHTTPRequestHandler]:
        shop = self

        class Visited(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = shop._pages.get(urlsplit(self.path).path)
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", shop.policy)
                self.end_headers()
                self.wfile.write((found or "").encode())

            def log_message(self, format: str, *arguments: Any) -> None:
                """Nobody reads it."""

        return Visited


def launcher(page: Page) -> Locator:
    return page.get_by_role("button", name="Open chat")


def chat(page: Page) -> Locator:
    return page.get_by_role("dialog")


def opens(page: Page, address: str | None = None) -> Locator:
    """Goes there, and opens the chat."""
    if address:
        page.goto(address)
    launcher(page).click()
    expect(chat(page)).to_be_visible()
    return chat(page)


def says(it: Locator, text: str) -> None:
    it.get_by_label("Message", exact=True).fill(text)
    it.get_by_role("button", name="Send").click()


def hears(it: Locator, text: str) -> Locator:
    """The message with this text."""
    found = it.locator("li.said", has_text=text)
    expect(found).to_be_visible()
    return found


def has_said(it: Locator, text: str) -> None:
    """It is there, and the server has it."""
    expect(it.locator("li.said.sent", has_text=text)).to_be_visible()


def latest(it: Locator) -> None:
    """From the list into the conversation on top."""
    it.get_by_role("list").get_by_role("button").first.click()


def is_known_as(it: Locator, who: str) -> None:
    expect(it.locator(".who").first).to_have_text(who)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
