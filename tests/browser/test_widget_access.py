"""The widget for everybody: keyboard, screen reader, right to left, small screens, little movement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.shop import Shop, chat, has_said, hears, latest, launcher, opens, says
from tests.cast import ann

pytestmark = pytest.mark.browser

Somebody = Callable[[], Page]

AXE: Final = Path(__file__).parents[1] / "sdk/node_modules/axe-core/axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE: Final = {"width": 375, "height": 720}
SMALLEST_TARGET: Final = 24  # CSS pixels, WCAG 2.2, 2.5.8


@pytest.fixture
def looked_at(browser: Browser) -> Iterator[Callable[[], Page]]:
    """A page into which axe may be put: the policy of the shop's would refuse it, as it should."""
    contexts = []

    def new() -> Page:
        contexts.append(browser.new_context(bypass_csp=True, reduced_motion="reduce"))
        return contexts[-1].new_page()

    yield new
    for it in contexts:
        it.close()


def is_accessible(page: Page) -> None:
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(path=AXE)
    asked = {"runOnly": RULES, "rules": {"region": {"enabled": False}}}
    found = page.evaluate("how => axe.run('acquaint-chat', how)", asked)
    wrong: list[Any] = [(it["id"], [node["html"][:200] for node in it["nodes"]]) for it in found["violations"]]
    assert wrong == []
    assert "button-name" in {it["id"] for it in found["passes"]}  # it did look into the element


def is_large_enough(it: Locator) -> None:
    """Every button can be hit."""
    for button in it.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= SMALLEST_TARGET, button.evaluate("it => it.outerHTML")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_view_passes_axe(looked_at: Callable[[], Page], shop: Shop, theme: str) -> None:
    page = looked_at()
    page.goto(shop.page(collect_user_data=True, theme=theme))
    launcher(page).wait_for()
    is_accessible(page)
    visit = opens(page)
    visit.get_by_role("button", name="Start chatting").click()
    expect(visit.get_by_text("Please give a valid e-mail address.")).to_be_visible()
    is_accessible(page)

    visit.get_by_label("Name").fill(ann.name)
    visit.get_by_label("E-mail").fill(ann.email)
    visit.get_by_role("button", name="Start chatting").click()
    expect(visit.get_by_label("Message", exact=True)).to_be_focused()
    is_accessible(page)
    says(visit, "See https://acme.example/orders/4711")
    has_said(visit, "See https://acme.example/orders/4711")
    shop.answers("I do.")
    hears(visit, "I do.")
    page.context.set_offline(True)
    expect(visit.get_by_text("You are offline.")).to_be_visible()
    is_accessible(page)
    is_large_enough(visit)
    page.context.set_offline(False)
    at = f"/app/conversations/{shop.conversations()[0]['id']}"
    shop.api.patch(at, json={"is_closed": True, "asks_rating": True}).raise_for_status()
    visit.get_by_role("button", name="3 of 5").click()
    expect(visit.get_by_label("Tell us more, if you like")).to_be_focused()
    is_accessible(page)
    is_large_enough(visit)

    visit.get_by_role("button", name="All conversations").click()
    is_accessible(page)
    visit.get_by_role("button", name="Forget me on this device").click()
    is_accessible(page)
    is_large_enough(visit)


def test_a_verified_visitor_s_views_pass_axe_from_right_to_left(looked_at: Callable[[], Page], shop: Shop) -> None:
    page = looked_at()
    page.set_viewport_size({**PHONE})  # type: ignore[typeddict-item]
    page.goto(shop.page(token=shop.token(ann), lang="ar", open=True))
    chat(page).get_by_label("رسالة", exact=True).fill("مرحبا")
    page.keyboard.press("Enter")
    expect(chat(page).locator("li.said.sent")).to_have_count(1)
    is_accessible(page)
    chat(page).get_by_role("button", name="كل المحادثات").click()
    is_accessible(page)


def test_it_can_be_used_with_the_keyboard_alone(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.goto(shop.page(collect_user_data=True))
    launcher(page).wait_for()
    press = page.keyboard.press
    press("Tab")  # Buy
    press("Tab")
    expect(launcher(page)).to_be_focused()
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")
    press("Enter")
    visit = chat(page)
    expect(visit.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Ann")
    press("Tab")
    page.keyboard.type(ann.email)
    press("Enter")
    expect(visit.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.type("One line")
    press("Shift+Enter")
    page.keyboard.type("and another.")
    press("Enter")
    has_said(visit, "and another.")
    assert shop.texts() == ["One line\nand another."]
    expect(visit.get_by_label("Message", exact=True)).to_be_focused()

    press("Shift+Tab")
    expect(visit.get_by_role("button", name="Attach a file")).to_be_focused()
    press("Shift+Tab")
    expect(visit.locator(".scroll.talk")).to_be_focused()  # the arrows scroll it
    press("Shift+Tab")
    expect(visit.get_by_role("button", name="Close chat")).to_be_focused()
    press("Shift+Tab")
    expect(visit.get_by_role("button", name="All conversations")).to_be_focused()
    press("Enter")
    expect(visit.get_by_role("button", name="New conversation")).to_be_focused()
    press("Tab")
    press("Enter")
    hears(visit, "and another.")
    press("Escape")
    expect(visit).to_be_hidden()
    expect(launcher(page)).to_be_focused()
    press("Shift+Tab")
    expect(page.get_by_role("button", name="Buy")).to_be_focused()


def test_a_chat_that_opens_by_itself_leaves_the_keyboard_where_it_was(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    # what a test asks of a page counts as something the visitor did
    page.add_init_script("Object.defineProperty(navigator, 'userActivation', { value: { isActive: false } })")
    page.goto(shop.page(open=True))
    expect(chat(page).get_by_label("Message", exact=True)).to_be_visible()
    assert page.evaluate("() => document.activeElement === document.body")


def test_on_a_wide_screen_the_keyboard_may_leave_and_on_a_phone_it_stays(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    expect(visit).to_have_attribute("aria-modal", "false")
    for _ in range(8):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("() => document.activeElement.localName") != "acquaint-chat":
            break
    assert page.evaluate("() => document.activeElement.textContent") == "Buy"

    page.set_viewport_size({**PHONE})  # type: ignore[typeddict-item]
    visit = opens(page, shop.page())
    expect(visit).to_have_attribute("aria-modal", "true")
    box = visit.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, PHONE["width"], PHONE["height"])
    for key in ("Tab", "Shift+Tab"):
        for _ in range(7):
            page.keyboard.press(key)
            assert page.evaluate("() => document.activeElement.localName") == "acquaint-chat"


def test_arabic_is_a_mirror_and_each_text_keeps_its_own_direction(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.goto(shop.page(lang="ar"))
    page.get_by_role("button", name="فتح المحادثة").click()
    visit = chat(page)
    visit.get_by_label("رسالة", exact=True).fill("Where is my order?")
    page.keyboard.press("Enter")
    has_said(visit, "Where is my order?")
    said = hears(visit, "Where is my order?").locator("p")
    assert said.evaluate("it => getComputedStyle(it).direction") == "ltr"
    width = page.evaluate("innerWidth")
    box, mine = visit.bounding_box(), said.bounding_box()
    assert box is not None
    assert mine is not None
    assert box["x"] + box["width"] < width / 2  # the window is on the left
    assert mine["x"] - box["x"] < 40  # and so is what one says oneself


@pytest.mark.parametrize(
    ("lang", "name"),
    [
        ("de-AT", "Chat öffnen"),
        ("fr", "Ouvrir le chat"),
        ("es-MX", "Abrir el chat"),
        ("id", "Buka obrolan"),
        ("ar-EG", "فتح المحادثة"),
        ("xx", "Open chat"),
    ],
)
def test_it_speaks(somebody: Somebody, shop: Shop, lang: str, name: str) -> None:
    page = somebody()
    page.goto(shop.page(lang=lang))
    expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()


def test_it_fits_where_there_is_little_room_and_texts_are_spaced_out(looked_at: Callable[[], Page], shop: Shop) -> None:
    """WCAG 1.4.10 and 1.4.12: 320 pixels, as at 400 %, and a visitor's own spacing."""
    page = looked_at()
    page.set_viewport_size({"width": 320, "height": 256})
    page.goto(shop.page(lang="de", user_name="Donaudampfschifffahrtsgesellschaftskapitän", open=True))
    visit = chat(page)
    visit.wait_for()
    page.evaluate(
        "() => { const it = new CSSStyleSheet(); it.replaceSync('* { line-height: 1.5 !important;"
        " letter-spacing: .12em !important; word-spacing: .16em !important }');"
        " document.querySelector('acquaint-chat').shadowRoot.adoptedStyleSheets.push(it) }"
    )
    visit.get_by_label("Nachricht", exact=True).fill("Rindfleischetikettierungsüberwachungsaufgabenübertragung?")
    page.keyboard.press("Enter")
    expect(visit.locator("li.said.sent")).to_be_visible()
    for it in visit.get_by_role("button").all():
        box = it.bounding_box()
        if box is not None:
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 320
    assert fits(visit)
    visit.get_by_role("button", name="Alle Gespräche").click()
    assert fits(visit)
    is_large_enough(visit)


def fits(it: Locator) -> bool:
    """Nothing has to be scrolled sideways."""
    wide = "it => [it, ...it.querySelectorAll('.scroll')].every(one => one.scrollWidth <= one.clientWidth)"
    return bool(it.evaluate(wide))


def test_whoever_forces_colours_sees_where_each_thing_ends(browser: Browser, shop: Shop) -> None:
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    visit = opens(page, shop.page())
    says(visit, "In black and white.")
    has_said(visit, "In black and white.")  # it is drawn anew when it is sent
    said = hears(visit, "In black and white.").locator("p")
    for it in (page.locator("acquaint-chat .launcher"), visit.get_by_role("button", name="Send"), said):
        width, colour, behind = it.evaluate(
            "it => { const { borderTopWidth, borderTopColor, backgroundColor } = getComputedStyle(it);"
            " return [borderTopWidth, borderTopColor, backgroundColor] }"
        )
        assert width != "0px"
        assert colour != behind
    context.close()


def test_nothing_moves_for_those_who_want_no_movement(looked_at: Callable[[], Page], shop: Shop) -> None:
    page = looked_at()
    visit = opens(page, shop.page())
    says(visit, "Still.")
    has_said(visit, "Still.")
    assert page.evaluate("() => document.getAnimations().length") == 0
    inside = "[...document.querySelector('acquaint-chat').shadowRoot.querySelectorAll('*')]"
    moves = f"() => {inside}.filter(it => getComputedStyle(it).animationName !== 'none').length"
    assert page.evaluate(moves) == 0


def test_a_site_changes_its_colours_with_custom_properties(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.goto(shop.page())
    page.evaluate(
        "() => { const it = new CSSStyleSheet(); it.replaceSync('acquaint-chat { --acquaint-brand: rgb(0, 110, 90) }');"
        " document.adoptedStyleSheets = [it] }"
    )
    colour = launcher(page).evaluate("it => getComputedStyle(it).backgroundColor")
    assert colour == "rgb(0, 110, 90)"


def test_the_latest_conversation_is_on_top(somebody: Somebody, shop: Shop) -> None:
    visit = opens(somebody(), shop.page())
    for text in ("About shoes.", "About hats."):
        says(visit, text)
        has_said(visit, text)
        visit.get_by_role("button", name="All conversations").click()
        if text == "About shoes.":
            visit.get_by_role("button", name="New conversation").click()
    latest(visit)
    hears(visit, "About hats.")
    expect(visit.get_by_text("About shoes.")).to_have_count(0)
