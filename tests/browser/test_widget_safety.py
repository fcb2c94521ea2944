"""The widget on hostile ground: what others write, what a page forbids, what a browser cannot keep."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.shop import Shop, chat, has_said, hears, latest, opens, says
from tests.cast import ann, eve

pytestmark = pytest.mark.browser

Somebody = Callable[[], Page]

WHOLE_WIDGET = 20_000
"""Bytes, compressed, of everything that a page loads."""

EVIL = [
    "<script>hacked = 1</script>",
    "<img src=x onerror='hacked = 1'>",
    "</p></li></div><svg onload='hacked = 1'>",
    "javascript:hacked=1",
    "{{constructor.constructor('hacked = 1')()}}",
    "\" autofocus onfocus='hacked = 1' x=\"",
    "https://evil.example/\"onmouseover='hacked=1'",
    "\u202egpj.exe",
]


def is_unharmed(page: Page) -> None:
    assert page.evaluate("() => 'hacked' in window") is False
    root = "document.querySelector('acquaint-chat').shadowRoot"
    assert (
        page.evaluate(f"() => {root}.querySelectorAll('script, iframe, object, [style], [onerror], [onload]').length")
        == 0
    )
    foreign = page.evaluate(f"() => [...{root}.querySelectorAll('a, img')].map(it => it.href ?? it.src)")
    assert [it for it in foreign if not re.match(r"https?://|blob:", it)] == []


@pytest.mark.parametrize("text", EVIL)
def test_what_somebody_writes_is_text_and_nothing_else(somebody: Somebody, shop: Shop, text: str) -> None:
    page = somebody()
    visit = opens(page, shop.page(heading=text, greeting=text, user_name=text))
    says(visit, text)
    has_said(visit, text)
    shop.answers(f"Carol: {text}")
    hears(visit, f"Carol: {text}")
    expect(visit.get_by_role("log")).to_contain_text(text)
    is_unharmed(page)
    visit.get_by_role("button", name="All conversations").click()
    expect(visit.get_by_role("list").get_by_role("button")).to_contain_text(f"Carol: {text}")
    is_unharmed(page)


def test_a_file_s_name_and_type_are_text_and_its_address_is_only_ever_ours(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    foreign: list[str] = []
    page.on("request", lambda it: foreign.append(it.url) if "evil" in it.url else None)
    visit = opens(page, shop.page())
    says(visit, "Hello?")
    has_said(visit, "Hello?")
    ours = f"{shop.server.url}/acquaint/v1/files"
    files: list[Any] = [
        {"url": "https://evil.example/pixel.png", "name": "pixel.png", "content_type": "image/png", "size": 1},
        {"url": "//evil.example/acquaint/v1/files/x", "name": "slashes", "content_type": "image/png", "size": 1},
        {"url": "javascript:hacked=1//acquaint/v1/files/", "name": "script", "content_type": "image/png", "size": 1},
        {"url": "data:text/html,<script>hacked=1</script>", "name": "data", "content_type": "text/html", "size": 1},
        {"url": f"{ours}/../../../evil", "name": "up", "content_type": "image/png", "size": 1},
        {"url": f"{ours.replace('http://', 'http://evil@')}/x", "name": "user", "content_type": "image/png", "size": 1},
        "not a file",
        None,
        {"url": {"href": "x"}, "name": ["x"], "content_type": 7, "size": "many"},
        {"url": "/acquaint/v1/files/abc", "name": EVIL[1], "content_type": "image/svg+xml", "size": -1},
    ]
    shop.answers("Ten of them.", payload={"files": files})
    said = hears(visit, "Ten of them.")
    expect(said.get_by_role("link")).to_have_count(1)
    expect(said.get_by_role("link")).to_contain_text(EVIL[1])  # an SVG is downloaded, not shown
    expect(said.locator("img")).to_have_count(0)
    is_unharmed(page)
    assert foreign == []

    strange: list[Any] = ["all", {"0": {}}, [files[0]] * 100, None]
    for payload in [{"files": it} for it in strange]:
        shop.answers(f"Next: {len(str(payload))}", payload=payload)
        hears(visit, f"Next: {len(str(payload))}")


def test_names_of_a_token_are_text(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page(token=shop.token(ann, name=EVIL[1])))
    says(visit, "It is me.")
    has_said(visit, "It is me.")
    expect(visit.locator(".who").first).to_have_text(f"{EVIL[1]} · Verified")
    is_unharmed(page)


def test_it_needs_nothing_that_a_strict_policy_forbids(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    complaints: list[str] = []
    page.on("console", lambda it: complaints.append(it.text) if it.type in ("error", "warning") else None)
    page.add_init_script("addEventListener('securitypolicyviolation', it => console.error(it.violatedDirective))")
    page.goto(shop.page(collect_user_data=True, lang="de"))
    page.get_by_role("button", name="Chat öffnen").click()
    visit = chat(page)
    visit.get_by_label("Name").fill("Ann")
    visit.get_by_label("E-Mail").fill(ann.email)
    visit.get_by_role("button", name="Chat beginnen").click()
    visit.get_by_label("Nachricht", exact=True).fill("Guten Tag")
    page.keyboard.press("Enter")
    expect(visit.locator("li.said.sent")).to_have_count(1)
    style = visit.evaluate("it => getComputedStyle(it).borderTopLeftRadius")
    assert style == "18px"  # the sheet was not refused
    assert complaints == []


def test_the_policy_of_the_shop_is_the_one_that_the_page_about_the_widget_names(shop: Shop) -> None:
    text = (Path(__file__).parents[2] / "docs/widget.md").read_text()
    for name in ("script-src", "connect-src", "img-src"):
        (line,) = re.findall(rf"^    {name} (.*?);?$", text, re.MULTILINE)
        there = line.replace("https://chat.example.com", shop.server.url).replace(
            "wss://chat.example.com", shop.server.socket_url
        )
        assert f"{name} {there};" in shop.policy


def test_a_browser_that_keeps_nothing_still_chats(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    visit = opens(page, shop.page())
    says(visit, "Privately.")
    has_said(visit, "Privately.")
    shop.answers("Of course.")
    hears(visit, "Of course.")


def test_eve_sees_nothing_of_ann_s_with_her_name_a_forged_token_or_her_own(somebody: Somebody, shop: Shop) -> None:
    visit = opens(somebody(), shop.page(token=shop.token(ann)))
    says(visit, "My card ends in 4711.")
    has_said(visit, "My card ends in 4711.")

    forged = shop.token(ann)[:-6] + "AAAAAA"
    for page in (
        shop.page(user_name=ann.name, user_email=ann.email),
        shop.page(token=forged),
        shop.page(token=shop.token(eve)),
        shop.page(token="not.a.token"),
    ):
        there = opens(somebody(), page)
        expect(there.get_by_label("Message", exact=True)).to_be_visible()
        expect(there.get_by_text("4711")).to_have_count(0)
        expect(there.locator("li.said")).to_have_count(0)


def test_a_forged_token_is_told_to_the_page_and_names_nobody(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.add_init_script("addEventListener('acquaint:error', it => { document.title = it.detail.code })")
    visit = opens(page, shop.page(token=shop.token(ann)[:-6] + "AAAAAA"))
    expect(page).to_have_title("token_refused")
    expect(visit.get_by_text("Verified", exact=False)).to_have_count(0)


def test_one_tab_logs_out_and_the_other_shows_nothing_either(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "In both tabs.")
    has_said(visit, "In both tabs.")
    other = page.context.new_page()
    second = opens(other, shop.page())
    latest(second)
    hears(second, "In both tabs.")
    page.locator("acquaint-chat").evaluate("it => it.logOut()")
    expect(second.get_by_text("In both tabs.")).to_have_count(0)
    expect(visit.get_by_text("In both tabs.")).to_have_count(0)


def test_an_element_that_is_taken_out_lets_go_of_everything(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "Hello?")
    has_said(visit, "Hello?")
    page.evaluate("() => { window.kept = document.querySelector('acquaint-chat'); kept.remove() }")
    expect(page.locator("acquaint-chat")).to_have_count(0)
    assert page.evaluate("() => kept.chat") is None
    page.evaluate("() => document.body.append(kept)")
    expect(visit.locator("li.said").or_(visit.get_by_role("list")).first).to_be_visible()


def test_the_widget_is_as_small_as_it_was_promised(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    loaded: set[str] = set()
    ours = shop.server.url
    page.on("request", lambda it: loaded.add(it.url) if it.url.startswith(ours) and it.url.endswith(".js") else None)
    page.goto(shop.page())
    visit = opens(page)
    says(visit, "Hello?")
    has_said(visit, "Hello?")
    if any("/client/" in it for it in loaded):
        pytest.skip("a module was changed since this checkout was installed: `scripts/bootstrap` does it again")
    assert sum(map(sent, loaded)) <= WHOLE_WIDGET


def sent(url: str) -> int:
    """Bytes on the wire."""
    with httpx2.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw)
    return len(raw)
