"""The JavaScript client in Chromium, on a strict page of another origin: tabs, locks, storage, networks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Route

from acquaint_client import sign_login
from tests.cast import Person, ann, ben
from tests.sdk_js.readme import SAYS, examples
from tests.support.server import Server

pytestmark = pytest.mark.browser

SOURCE = Path(__file__).parents[2] / "sdk/js/src"
PAGE = '<!doctype html><meta charset="utf-8"><title>Acme</title><script type="module" src="/page.js"></script>'
SCRIPT = """
import { createClient } from "/index.js";
const known = new URLSearchParams(location.search);
window.client = createClient({ app: known.get("app"), url: known.get("url"), fetch: window.fetch });
window.seen = [];
window.news = [];
window.strange = [];
client.onAuthStateChange((state) => seen.push(state.status));
addEventListener("securitypolicyviolation", (event) => strange.push(event.violatedDirective));
"""
_numbers = count(1)


class Site(SimpleHTTPRequestHandler):
    """Acme's web site: one page, its script, and the client's modules as they are."""

    policy = ""

    def do_GET(self) -> None:
        given = {"/": ("text/html", PAGE), "/page.js": ("text/javascript", SCRIPT)}.get(self.path.partition("?")[0])
        if given is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", given[0])
        self.end_headers()
        self.wfile.write(given[1].encode())

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Acme:
    """An App of a test's own, and its web site."""

    def __init__(self, server: Server, site: str, made: dict[str, Any]) -> None:
        self.url, self.site = server.url, site
        self.slug, self.secret = str(made["app"]["slug"]), str(made["signing_secret"])
        self.backend = httpx2.Client(
            base_url=f"{server.url}/acquaint/v1/app", headers={"Authorization": f"Bearer {made['api_key']}"}
        )

    def jwt(self, who: Person) -> str:
        return sign_login(self.secret, external_id=who.external_id, name=who.name)

    def known(self) -> dict[str, str]:
        """What the README's page has already."""
        yesterday = sign_login(self.secret, external_id="42", now=time.time() - 86400)
        token = sign_login(self.secret, external_id="42", name=ann.name)
        return {"url": self.url, "token": token, "yesterdaysToken": yesterday}

    def opened_in(self, page: Page) -> Page:
        page.goto(f"{self.site}/?app={self.slug}&url={self.url}")
        page.wait_for_function("() => window.client")
        return page

    def answer(self, conversation: str, text: str) -> None:
        answer = self.backend.post(f"/conversations/{conversation}/messages", json={"text": text})
        assert answer.status_code == 201, answer.text

    def lets_in(self, token: str) -> bool:
        key = {"Authorization": f"Bearer {token}"}
        return httpx2.get(f"{self.url}/acquaint/v1/session", headers=key).status_code == 200


@pytest.fixture(scope="module")
def operator_key(_shared_server: Server) -> str:
    return str(_shared_server.run("keys", "create", "--server", "--name", "client")["api_key"])


@pytest.fixture
def acme(server: Server, operator_key: str) -> Iterator[Acme]:
    made = httpx2.post(
        f"{server.url}/acquaint/v1/server/apps",
        json={"name": f"Acme in Chromium {next(_numbers)}"},
        headers={"Authorization": f"Bearer {operator_key}"},
    )
    assert made.status_code == 201, made.text
    policy = f"default-src 'none'; script-src 'self'; connect-src {server.url} {server.socket_url}"
    ours = type("Ours", (Site,), {"policy": policy})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(ours, directory=str(SOURCE))) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        acme = Acme(server, f"http://127.0.0.1:{site.server_port}", made.json())
        yield acme
        acme.backend.close()
        site.shutdown()
        thread.join()


Somebody = Callable[[], Page]


def starts(page: Page, text: str) -> str:
    return str(page.evaluate("async (text) => (await client.startConversation(text)).id", text))


def says_of_chats(page: Page) -> list[str]:
    return list(page.evaluate("async () => (await client.conversations()).items.map((it) => it.last_message.text)"))


def kept(page: Page) -> list[str]:
    return list(page.evaluate("() => Object.keys(localStorage).filter((key) => key.startsWith('acquaint'))"))


def token_in(page: Page) -> str:
    return str(page.evaluate("() => Object.values(localStorage).join().match(/acqs_\\w+/)[0]"))


def becomes(page: Page, status: str) -> None:
    page.wait_for_function("(status) => client.state.status === status", arg=status)


def listens(page: Page) -> None:
    page.evaluate("() => void client.listen((it) => news.push(it))")


def hears(page: Page, text: str) -> None:
    page.wait_for_function("(text) => news.some((it) => it.message?.text === text)", arg=text)


def is_connected(page: Page, status: str = "online") -> None:
    page.wait_for_function("(status) => client.connection === status", arg=status)


def test_a_visitor_talks_from_a_strict_page_and_nobody_else_sees_it(acme: Acme, somebody: Somebody) -> None:
    page, stranger = acme.opened_in(somebody()), acme.opened_in(somebody())
    assert kept(page) == []
    listens(page)
    conversation = starts(page, "Hello, where is my order?")
    is_connected(page)
    acme.answer(conversation, "On its way.")
    hears(page, "On its way.")
    page.reload()
    page.wait_for_function("() => window.client")
    assert says_of_chats(page) == ["On its way."]
    assert says_of_chats(stranger) == []
    assert page.evaluate("() => Math.abs(client.skew) < 5")  # the page may read the Date header
    error = page.evaluate("async () => client.conversation('1').catch((it) => ({ ...it, id: it.requestId }))")
    assert error["status"] == 404
    assert error["requestId"]
    assert page.evaluate("() => strange") == []


def test_tabs_that_begin_at_once_are_one_visitor(acme: Acme, somebody: Somebody) -> None:
    first = acme.opened_in(somebody())
    tabs = [first, *(acme.opened_in(first.context.new_page()) for _ in range(3))]
    for tab in tabs:  # all are asked before any is answered
        tab.evaluate("() => { window.starting = client.startConversation('Hello'); }")
    for tab in tabs:
        tab.evaluate("() => window.starting")
    assert [len(says_of_chats(tab)) for tab in tabs] == [4, 4, 4, 4]
    assert len({token_in(tab) for tab in tabs}) == 1


def test_logging_in_or_out_in_one_tab_does_so_in_all(acme: Acme, somebody: Somebody) -> None:
    left = acme.opened_in(somebody())
    right = acme.opened_in(left.context.new_page())
    listens(right)
    starts(left, "anonymous")
    becomes(right, "anonymous")
    left.evaluate("(jwt) => client.logIn(jwt)", acme.jwt(ann))
    becomes(right, "verified")
    assert right.evaluate("() => client.isLoggedIn({ userId: 'acme-ann' })")
    is_connected(right)
    token = token_in(left)

    assert left.evaluate("() => client.logOut()") == {"toldServer": True, "wiped": True}
    becomes(right, "nobody")
    assert right.evaluate("() => client.connection") == "idle"
    assert right.evaluate("() => client.state.user") is None
    assert kept(right) == []
    assert says_of_chats(right) == []
    assert not acme.lets_in(token)
    assert right.evaluate("() => seen.at(-1)") == "nobody"

    right.evaluate("(jwt) => client.logIn(jwt)", acme.jwt(ben))
    becomes(left, "verified")
    assert says_of_chats(left) == []


def test_who_logs_out_in_one_tab_is_not_answered_in_the_other(acme: Acme, somebody: Somebody) -> None:
    left = acme.opened_in(somebody())
    right = acme.opened_in(left.context.new_page())
    left.evaluate("(jwt) => client.logIn(jwt)", acme.jwt(ann))
    conversation = starts(left, "private")
    becomes(right, "verified")
    waiting: list[Route] = []
    right.route("**/messages", lambda route: waiting.append(route))
    post = "(id) => { window.saying = client.post(id, 'on its way').then(() => 'said', (it) => it.code); }"
    with right.expect_request("**/messages"):
        right.evaluate(post, conversation)
    assert left.evaluate("() => client.logOut()") == {"toldServer": True, "wiped": True}
    assert right.evaluate("() => window.saying") == "superseded"
    assert right.evaluate("() => client.state.status") == "nobody"
    assert kept(right) == []
    assert starts(right, "somebody else") != conversation
    assert says_of_chats(right) == ["somebody else"]


def test_a_page_that_is_closed_while_somebody_logs_in_holds_nobody_up(acme: Acme, somebody: Somebody) -> None:
    left = acme.opened_in(somebody())
    right = acme.opened_in(left.context.new_page())
    left.route("**/acquaint/v1/sessions", lambda route: None)  # nobody answers
    with left.expect_request("**/acquaint/v1/sessions"):
        left.evaluate("(jwt) => void client.logIn(jwt)", acme.jwt(ann))
    right.evaluate("(jwt) => { window.coming = client.logIn(jwt); }", acme.jwt(ben))
    left.close()
    assert right.evaluate("async () => (await window.coming).user.name") == ben.name
    assert says_of_chats(right) == []


def test_a_tab_that_sleeps_in_its_turn_is_waited_for_a_minute_and_no_longer(acme: Acme, somebody: Somebody) -> None:
    left = acme.opened_in(somebody())
    right = left.context.new_page()
    right.clock.install()
    acme.opened_in(right)
    key = f'acquaint:["{acme.url}","{acme.slug}"]'
    left.evaluate("(key) => new Promise((has) => navigator.locks.request(key, () => new Promise(has)))", key)
    right.evaluate("() => { window.starting = client.startConversation('Hello'); }")
    right.wait_for_function("async () => (await navigator.locks.query()).pending.length")
    assert right.evaluate("() => client.state.status") == "nobody"
    right.clock.fast_forward(60_000)
    right.evaluate("() => window.starting")
    assert says_of_chats(right) == ["Hello"]


def test_the_readme_works_in_a_browser(acme: Acme, somebody: Somebody) -> None:
    imports, rest = examples()
    script = imports.replace("@acquaint/client", "/index.js") + rest.replace('"acme"', f'"{acme.slug}"')
    page = acme.opened_in(somebody())
    page.route(
        "**/readme.js", lambda route: route.fulfill(content_type="text/javascript", body=script + "seen = null;")
    )
    said: list[str] = []
    page.on("console", lambda it: said.append(it.text) if it.type == "log" else None)
    page.evaluate("(known) => Object.assign(window, known, { fetchJwt: async () => known.token })", acme.known())
    page.add_script_tag(url="/readme.js", type="module")
    page.wait_for_function("() => window.seen === null")
    assert said == SAYS
    assert page.evaluate("() => strange") == []


def test_clearing_the_browsers_storage_logs_out_the_other_tabs(acme: Acme, somebody: Somebody) -> None:
    left = acme.opened_in(somebody())
    right = acme.opened_in(left.context.new_page())
    left.evaluate("(jwt) => client.logIn(jwt)", acme.jwt(ann))
    becomes(right, "verified")
    left.evaluate("() => localStorage.clear()")
    becomes(right, "nobody")


@pytest.mark.parametrize(
    "refusal",
    [
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });",
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };",
        "Object.defineProperty(navigator, 'locks', { value: undefined });",
    ],
    ids=["no storage", "a full storage", "no locks"],
)
def test_private_modes_and_old_pages_shut_nobody_out(acme: Acme, somebody: Somebody, refusal: str) -> None:
    page = somebody()
    page.add_init_script(refusal)
    acme.opened_in(page)
    starts(page, "anonymous")
    page.evaluate("(jwt) => client.logIn(jwt)", acme.jwt(ann))
    assert says_of_chats(page) == ["anonymous"]
    assert page.evaluate("() => client.logOut()") == {"toldServer": True, "wiped": True}
    assert says_of_chats(page) == []


def test_a_page_that_was_offline_catches_up_at_once(acme: Acme, somebody: Somebody) -> None:
    page = acme.opened_in(somebody())
    listens(page)
    conversation = starts(page, "Hello")
    is_connected(page)
    page.context.set_offline(True)
    is_connected(page, "offline")
    code = page.evaluate("async (id) => client.post(id, 'lost').catch((it) => it.code)", conversation)
    assert code == "offline"
    acme.answer(conversation, "meanwhile")
    page.context.set_offline(False)
    hears(page, "meanwhile")
    is_connected(page)


def test_a_log_out_offline_wipes_everything_and_the_server_is_told_later(acme: Acme, somebody: Somebody) -> None:
    page = acme.opened_in(somebody())
    page.evaluate("(jwt) => client.logIn(jwt)", acme.jwt(ann))
    token = token_in(page)
    page.context.set_offline(True)
    assert page.evaluate("() => client.logOut()") == {"toldServer": False, "wiped": True}
    assert kept(page) == []
    assert page.evaluate("() => client.state.status") == "nobody"
    assert acme.lets_in(token)
    with page.expect_response(lambda it: it.request.method == "DELETE"):
        page.context.set_offline(False)
    assert not acme.lets_in(token)


def test_a_page_that_the_app_does_not_name_is_told_so(acme: Acme, somebody: Somebody) -> None:
    acme.backend.patch("/policy", json={"allowed_origins": ["https://www.acme.example"]})
    page = acme.opened_in(somebody())
    assert page.evaluate("async () => client.startConversation('Hello').catch((it) => it.code)") == "origin_refused"
    assert kept(page) == []


def test_a_page_that_comes_back_from_the_cache_knows_who_is_here(
    acme: Acme, browser: Browser, somebody: Somebody
) -> None:
    page = acme.opened_in(somebody())
    page.evaluate("(jwt) => client.logIn(jwt)", acme.jwt(ann))
    page.evaluate("() => localStorage.removeItem(Object.keys(localStorage).find((it) => it.startsWith('acquaint')))")
    assert page.evaluate("() => client.state.status") == "verified"  # its own changes are told to nobody
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    becomes(page, "nobody")
