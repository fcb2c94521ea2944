"""The widget where the network is slow, breaks, or is not there, and where there is little room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.shop import Shop, has_said, hears, is_known_as, latest, launcher, opens, says
from tests.cast import ann, ben

pytestmark = pytest.mark.browser

Somebody = Callable[[], Page]

API = "**/acquaint/v1/**"
BROKEN = {"Access-Control-Allow-Origin": "*"}


@contextmanager
def nothing_answers(page: Page) -> Iterator[None]:
    """What is asked of the server is on its way, until the block ends."""
    held: list[Route] = []
    page.route(API, lambda route: held.append(route))
    yield
    page.unroute(API)
    for it in held:
        try:
            it.continue_()
        except Error:
            continue  # it was called off


def test_the_window_opens_before_anybody_knows_who_is_here_and_what_is_said_waits(
    somebody: Somebody, shop: Shop
) -> None:
    page = somebody()
    page.goto(shop.page(token="", name="before"))
    launcher(page).wait_for()
    with nothing_answers(page):
        page.locator("acquaint-chat").evaluate("(it, token) => it.setAttribute('token', token)", shop.token(ann))
        visit = opens(page)
        expect(visit.get_by_text("Write to us, we are happy to help.")).to_be_visible()
        expect(visit.locator("ul[aria-busy=true] .ghost")).to_have_count(3)
        visit.get_by_role("button", name="New conversation").click()
        expect(visit.get_by_label("Message", exact=True)).to_be_focused()
        says(visit, "Before the answer.")
        expect(hears(visit, "Before the answer.")).to_contain_text("Sending…")
        assert shop.users() == []
    has_said(visit, "Before the answer.")
    is_known_as(visit, f"{ann.name} · Verified")
    (user,) = shop.users()
    assert user["is_verified"]
    assert shop.texts() == ["Before the answer."]


def test_a_list_that_cannot_be_had_says_so_and_is_asked_for_again(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "I am here.")
    has_said(visit, "I am here.")
    page.route("**/live/tickets", lambda route: route.abort())  # otherwise it is asked for anew by itself
    page.route("**/v1/conversations?*", lambda route: route.fulfill(status=500, headers=BROKEN))
    page.reload()
    visit = opens(page)
    expect(visit.get_by_role("alert").get_by_text("The chat could not be loaded.")).to_be_visible()
    page.unroute("**/v1/conversations?*")
    visit.get_by_role("button", name="Try again").click()
    latest(visit)
    hears(visit, "I am here.")


def test_whoever_could_not_be_let_in_is_let_in_before_what_they_wrote_is_sent(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.goto(shop.page())
    launcher(page).wait_for()
    page.route(API, lambda route: route.abort())
    page.locator("acquaint-chat").evaluate("(it, token) => it.setAttribute('token', token)", shop.token(ann))
    visit = opens(page)
    expect(visit.get_by_text("The chat could not be loaded.")).to_be_visible(timeout=15_000)
    visit.get_by_role("button", name="New conversation").click()
    says(visit, "It is me.")
    expect(hears(visit, "It is me.")).to_contain_text("Not sent.", timeout=15_000)
    page.unroute(API)
    visit.get_by_role("button", name="Try again").click()
    expect(visit.get_by_label("Message", exact=True)).to_be_focused()
    has_said(visit, "It is me.")
    (user,) = shop.users()
    assert user["is_verified"]


def test_the_first_message_of_all_is_sent_when_the_network_is_there(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    page.context.set_offline(True)
    expect(visit.get_by_text("You are offline.")).to_be_visible()
    says(visit, "In the tunnel.")
    expect(hears(visit, "In the tunnel.")).to_contain_text("Not sent.", timeout=15_000)
    page.context.set_offline(False)
    has_said(visit, "In the tunnel.")
    assert shop.texts() == ["In the tunnel."]


def test_what_somebody_was_about_to_say_is_not_sent_after_they_left(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.goto(shop.page())
    launcher(page).wait_for()
    with nothing_answers(page):
        page.locator("acquaint-chat").evaluate("(it, token) => it.setAttribute('token', token)", shop.token(ann))
        visit = opens(page)
        visit.get_by_role("button", name="New conversation").click()
        says(visit, "Mine, and mine alone.")
        says(visit, "This as well.")
        page.locator("acquaint-chat").evaluate("it => it.logOut() && undefined")
        expect(visit.locator("li.said")).to_have_count(0)
    says(visit, "Somebody new.")
    has_said(visit, "Somebody new.")
    assert shop.texts() == ["Somebody new."]
    assert len(shop.conversations()) == 1


def test_the_second_of_two_messages_is_not_sent_by_nobody_when_their_author_logs_out(
    somebody: Somebody, shop: Shop
) -> None:
    page = somebody()
    visit = opens(page, shop.page(token=shop.token(ann)))
    is_there = visit.get_by_label("Message", exact=True)
    expect(is_there).to_be_visible()
    with nothing_answers(page):
        says(visit, "One.")
        says(visit, "Two.")
        page.locator("acquaint-chat").evaluate("it => it.logOut() && undefined")
        expect(visit.locator("li.said")).to_have_count(0)
    says(visit, "Somebody new.")
    has_said(visit, "Somebody new.")
    (of_nobody,) = [it for it in shop.conversations() if it["members"][0]["assurance"] == "anonymous"]
    assert of_nobody["last_message"]["text"] == "Somebody new."
    assert "Two." not in {it["last_message"]["text"] for it in shop.conversations()}


def test_nothing_of_whoever_was_here_stays_in_view_while_the_next_one_comes(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page(token=shop.token(ann)))
    says(visit, "Ann's own words.")
    has_said(visit, "Ann's own words.")
    with nothing_answers(page):
        page.locator("acquaint-chat").evaluate("(it, token) => it.logIn(token) && undefined", shop.token(ben))
        expect(visit.get_by_text("Ann's own words.")).to_have_count(0)
        expect(visit.get_by_text(ann.name)).to_have_count(0)
        expect(visit.locator(".ghost").first).to_be_visible()
    expect(visit.get_by_label("Message", exact=True)).to_be_visible()
    says(visit, "Ben's.")
    is_known_as(visit, f"{ben.name} · Verified")


def test_a_long_name_leaves_room_for_what_is_known_of_it(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.set_viewport_size({"width": 320, "height": 480})
    name = "Maximiliane Freifrau von Donaudampfschifffahrt"
    visit = opens(page, shop.page(token=shop.token(ann, name=name)))
    says(visit, "It is me.")
    has_said(visit, "It is me.")
    state = visit.locator(".who span").first
    expect(state).to_have_text("· Verified")
    assert state.evaluate("it => it.scrollWidth <= it.clientWidth")
    box, close = state.bounding_box(), visit.get_by_role("button", name="Close chat").bounding_box()
    assert box is not None
    assert close is not None
    assert box["x"] + box["width"] <= close["x"]


def test_the_last_message_stays_in_view_when_a_keyboard_comes_up(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.set_viewport_size({"width": 390, "height": 844})
    visit = opens(page, shop.page())
    for number in range(12):
        says(visit, f"Line {number}.")
    has_said(visit, "Line 11.")
    page.set_viewport_size({"width": 390, "height": 400})
    expect(hears(visit, "Line 11.")).to_be_in_viewport()


def test_who_has_many_conversations_finds_the_oldest(somebody: Somebody, shop: Shop) -> None:
    come_in = {"app": shop.app["slug"], "token": shop.token(ann)}
    anns = shop.api.post("/sessions", json=come_in, headers={"Authorization": ""}).raise_for_status().json()
    as_ann = {"Authorization": f"Bearer {anns['token']}"}
    for number in range(45):
        said = {"message": {"text": f"Number {number}."}}
        shop.api.post("/conversations", json=said, headers=as_ann).raise_for_status()
    visit = opens(somebody(), shop.page(token=shop.token(ann)))
    rows = visit.get_by_role("list").get_by_role("button")
    expect(rows).to_have_count(40)
    visit.locator(".home").evaluate("it => it.scrollTo(0, it.scrollHeight)")
    expect(rows).to_have_count(45)
    expect(rows.last).to_contain_text("Number 0.")


def test_a_few_emoji_are_large_and_read_on_any_background(somebody: Somebody, shop: Shop) -> None:
    visit = opens(somebody(), shop.page())
    says(visit, "👍🏽🎉")
    has_said(visit, "👍🏽🎉")
    says(visit, "👍 7")
    has_said(visit, "👍 7")
    sizes = visit.locator("li.said > p").evaluate_all("all => all.map(it => parseInt(getComputedStyle(it).fontSize))")
    assert sizes == [32, 15]
