"""Who finds their chat again in the widget, and who does not: what OpenCX's own is accepted by, and more."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from websockets.sync.client import connect

from tests.browser.shop import Shop, chat, has_said, hears, is_known_as, latest, launcher, opens, says
from tests.cast import ann, ben
from tests.support.patience import soon

pytestmark = pytest.mark.browser

Somebody = Callable[[], Page]

NOTHING_KEPT = "() => Object.keys(localStorage).length + Object.keys(sessionStorage).length + document.cookie.length"


def sees_nothing(it: Locator) -> None:
    expect(it.get_by_label("Message", exact=True)).to_be_visible()  # there is no list to show: one writes at once
    expect(it.locator("li.said")).to_have_count(0)


def fills_in(it: Locator, name: str, email: str) -> None:
    it.get_by_label("Name").fill(name)
    it.get_by_label("E-mail").fill(email)
    it.get_by_role("button", name="Start chatting").click()


def test_who_only_looks_is_nobody_and_keeps_nothing(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    asked: list[str] = []
    page.on("request", lambda it: asked.append(it.url))
    opens(page, shop.page())
    page.get_by_label("Message", exact=True).fill("Shall I?")

    assert page.evaluate(NOTHING_KEPT) == 0
    assert [it for it in asked if "/acquaint/v1/" in it] == []
    assert shop.users() == shop.conversations() == []


def test_who_writes_finds_it_again_and_another_browser_does_not(somebody: Somebody, shop: Shop) -> None:
    page, stranger = somebody(), somebody()
    visit = opens(page, shop.page())
    says(visit, "Where is my order?")
    has_said(visit, "Where is my order?")
    assert shop.texts() == ["Where is my order?"]

    page.reload()
    visit = opens(page)
    latest(visit)
    hears(visit, "Where is my order?")

    sees_nothing(opens(stranger, shop.page()))


def test_two_messages_in_a_row_arrive_in_order_in_one_conversation(somebody: Somebody, shop: Shop) -> None:
    visit = opens(somebody(), shop.page())
    says(visit, "One.")
    says(visit, "Two.")
    says(visit, "Three.")
    has_said(visit, "Three.")
    assert len(shop.conversations()) == 1
    assert shop.texts() == ["One.", "Two.", "Three."]


def test_an_answer_comes_live_and_is_counted_where_the_chat_is_closed(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "Hello?")
    has_said(visit, "Hello?")
    shop.answers("Good morning.")
    hears(visit, "Good morning.")
    expect(visit.get_by_role("log")).to_contain_text("Support: Good morning.")  # and is read aloud
    assert soon(shop.was_read)

    visit.get_by_role("button", name="Close chat").click()
    shop.answers("One more thing.")
    expect(page.get_by_role("button", name="Open chat, 1 unread")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Open chat, 1 unread").click()
    latest(visit)
    expect(visit.locator("li.fresh")).to_have_text("New messages")
    hears(visit, "One more thing.")
    visit.get_by_role("button", name="Close chat").click()
    expect(page.get_by_role("button", name="Open chat", exact=True)).to_be_visible()


def test_a_name_and_an_address_are_asked_for_once_and_proved_by_nobody(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    asked: list[str] = []
    page.on("request", lambda it: asked.append(it.url))
    visit = opens(page, shop.page(collect_user_data=True))
    fills_in(visit, "A", ann.email)
    expect(visit.get_by_text("Please give a name of at least 2 letters.")).to_be_visible()
    expect(visit.get_by_label("Name")).to_be_focused()
    fills_in(visit, ann.name, "ann@")
    expect(visit.get_by_text("Please give a valid e-mail address.")).to_be_visible()
    assert [it for it in asked if "/acquaint/v1/" in it] == []

    fills_in(visit, ann.name, ann.email)
    says(visit, "It is me.")
    has_said(visit, "It is me.")
    is_known_as(visit, f"{ann.name} · Not verified")
    (user,) = shop.users()
    assert (user["is_verified"], user["identifiers"]["email"]) == (False, None)
    assert (user["claimed"]["name"], user["claimed"]["email"]) == (ann.name, ann.email)

    page.reload()
    visit = opens(page)
    latest(visit)
    hears(visit, "It is me.")


def test_what_the_page_says_of_its_visitor_opens_nothing_on_another_device(somebody: Somebody, shop: Shop) -> None:
    address = shop.page(user_name=ann.name, user_email=ann.email, collect_user_data=True)
    laptop = somebody()
    visit = opens(laptop, address)
    says(visit, "From the laptop.")
    has_said(visit, "From the laptop.")
    is_known_as(visit, f"{ann.name} · Not verified")
    laptop.reload()
    visit = opens(laptop)
    latest(visit)
    hears(visit, "From the laptop.")

    sees_nothing(opens(somebody(), address))


def test_whom_the_page_vouches_for_sees_their_chat_on_every_device(somebody: Somebody, shop: Shop) -> None:
    laptop, phone = somebody(), somebody()
    visit = opens(laptop, shop.page(token=shop.token(ann)))
    says(visit, "From the laptop.")
    has_said(visit, "From the laptop.")
    is_known_as(visit, f"{ann.name} · Verified")

    second = opens(phone, shop.page(token=shop.token(ann)))
    latest(second)
    hears(second, "From the laptop.")
    is_known_as(second, f"{ann.name} · Verified")
    says(second, "And from the phone.")
    hears(visit, "And from the phone.")

    sees_nothing(opens(somebody(), shop.page(token=shop.token(ben))))


def test_what_was_said_before_signing_in_stays_with_who_signs_in(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "Nobody yet.")
    has_said(visit, "Nobody yet.")
    page.locator("acquaint-chat").evaluate("(it, token) => it.logIn(token)", shop.token(ann))
    latest(visit)
    hears(visit, "Nobody yet.")
    is_known_as(visit, f"{ann.name} · Verified")


def test_a_page_for_somebody_else_shows_nothing_of_who_was_here(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page(token=shop.token(ann)))
    says(visit, "Ann's own words.")
    has_said(visit, "Ann's own words.")
    page.goto(shop.page(token=shop.token(ben)))
    sees_nothing(opens(page))


def test_workspaces_are_kept_apart(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page(name="north", token=shop.token(ann), workspace="north"))
    says(visit, "In the north.")
    has_said(visit, "In the north.")
    sees_nothing(opens(page, shop.page(name="south", token=shop.token(ann), workspace="south")))
    visit = opens(page, shop.page(name="north", token=shop.token(ann), workspace="north"))
    latest(visit)
    hears(visit, "In the north.")


def test_a_visitor_without_a_name_has_workspaces_as_well(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page(name="north", workspace="north"))
    says(visit, "In the north.")
    has_said(visit, "In the north.")
    sees_nothing(opens(page, shop.page(name="south", workspace="south")))


def test_logging_out_leaves_nothing_in_the_browser(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page(token=shop.token(ann)))
    says(visit, "Mine alone.")
    has_said(visit, "Mine alone.")
    visit.get_by_role("button", name="All conversations").click()
    visit.get_by_role("button", name="Log out").click()
    sees_nothing(visit)
    assert page.evaluate(NOTHING_KEPT) == 0
    sees_nothing(opens(page, shop.page()))


def test_who_has_no_name_is_asked_before_their_chat_is_forgotten(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "Nobody's words.")
    has_said(visit, "Nobody's words.")
    visit.get_by_role("button", name="All conversations").click()
    visit.get_by_role("button", name="Forget me on this device").click()
    visit.get_by_role("button", name="Cancel").click()
    expect(visit.get_by_role("list").get_by_text("Nobody's words.")).to_be_visible()
    visit.get_by_role("button", name="Forget me on this device").click()
    visit.get_by_role("button", name="Yes, forget it").click()
    sees_nothing(visit)
    assert page.evaluate(NOTHING_KEPT) == 0


def test_a_session_that_the_app_ends_shows_nothing_more(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page(token=shop.token(ann)))
    says(visit, "Soon gone.")
    has_said(visit, "Soon gone.")
    (user,) = shop.users()
    shop.api.delete(f"/app/users/{user['id']}/sessions").raise_for_status()
    expect(visit.get_by_text("You were signed out.")).to_be_visible()
    expect(visit.get_by_text("Soon gone.")).to_have_count(0)

    page.locator("acquaint-chat").evaluate("(it, token) => it.logIn(token)", shop.token(ann))
    latest(visit)
    hears(visit, "Soon gone.")


def test_a_picture_and_a_file_are_shown_to_who_sent_them(somebody: Somebody, shop: Shop, tmp_path: Path) -> None:
    Image.new("RGB", (320, 200), "teal").save(tmp_path / "cat.png")
    (tmp_path / "invoice.txt").write_text("4711")
    visit = opens(somebody(), shop.page())
    visit.locator("input[type=file]").set_input_files([tmp_path / "cat.png", tmp_path / "invoice.txt"])
    expect(visit.get_by_role("button", name="Remove cat.png")).to_be_visible()
    says(visit, "Look!")
    has_said(visit, "Look!")

    picture = visit.get_by_role("img", name="cat.png")
    expect(picture).to_have_attribute("src", f"{shop.server.url}{shop_file(shop, 0)}")
    expect(picture).to_have_js_property("naturalWidth", 320)
    expect(visit.get_by_role("link", name="invoice.txt")).to_have_attribute(
        "href", f"{shop.server.url}{shop_file(shop, 1)}"
    )


def shop_file(shop: Shop, number: int) -> str:
    last = shop.conversations()[0]["last_message"]
    return str(last["payload"]["files"][number]["url"])


def test_a_file_that_is_too_large_is_not_sent(somebody: Somebody, shop: Shop, tmp_path: Path) -> None:
    with (tmp_path / "film.mp4").open("wb") as film:
        film.truncate(26 * 1024 * 1024)
    visit = opens(somebody(), shop.page())
    visit.locator("input[type=file]").set_input_files(tmp_path / "film.mp4")
    expect(visit.get_by_role("alert").get_by_text("film.mp4 is larger than 26 MB.")).to_be_visible()
    expect(visit.get_by_role("button", name="Send")).to_be_disabled()


def test_earlier_messages_come_when_one_scrolls_up(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "The first.")
    has_said(visit, "The first.")
    for number in range(70):
        shop.answers(f"Number {number}.")
    page.reload()
    page.get_by_role("button", name="Open chat").click()
    latest(visit)
    hears(visit, "Number 69.")
    expect(visit.get_by_text("The first.")).to_have_count(0)
    for _ in range(300):
        if visit.get_by_text("The first.").count():
            break
        visit.locator(".scroll.talk").evaluate("it => { it.scrollTop = 0 }")
        page.wait_for_timeout(100)
    hears(visit, "The first.")
    expect(visit.locator("li.said")).to_have_count(71)


def test_what_could_not_be_sent_is_sent_when_the_network_is_back(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "Before.")
    has_said(visit, "Before.")
    page.context.set_offline(True)
    expect(visit.get_by_text("You are offline.")).to_be_visible()
    says(visit, "In the tunnel.")
    page.context.set_offline(False)
    has_said(visit, "In the tunnel.")
    expect(visit.get_by_text("You are offline.")).to_be_hidden()
    assert shop.texts() == ["Before.", "In the tunnel."]


def test_a_refused_message_says_why_and_can_be_sent_again_or_dropped(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "Before.")
    has_said(visit, "Before.")
    answer = {"status": 422, "json": {"code": "unacceptable", "title": "No", "detail": "Not like this."}}
    page.route("**/messages", lambda route: route.fulfill(headers={"Access-Control-Allow-Origin": "*"}, **answer))
    says(visit, "Again?")
    expect(hears(visit, "Again?")).to_contain_text("Not like this.")
    page.unroute("**/messages")
    visit.get_by_role("button", name="Try again").click()
    has_said(visit, "Again?")
    assert shop.texts() == ["Before.", "Again?"]


def test_a_closed_conversation_says_so(somebody: Somebody, shop: Shop) -> None:
    visit = opens(somebody(), shop.page())
    says(visit, "Thank you, that was all.")
    has_said(visit, "Thank you, that was all.")
    id = shop.conversations()[0]["id"]
    shop.api.patch(f"/app/conversations/{id}", json={"is_closed": True}).raise_for_status()
    expect(visit.get_by_text("This conversation is closed.")).to_be_visible()
    expect(visit.get_by_label("Message", exact=True)).to_be_hidden()


def test_who_answers_is_seen_typing_and_reading(somebody: Somebody, shop: Shop) -> None:
    visit = opens(somebody(), shop.page())
    says(visit, "Is anybody there?")
    has_said(visit, "Is anybody there?")
    last = shop.conversations()[0]["last_message"]
    at = f"/app/conversations/{last['conversation_id']}"
    carols = visit.get_by_role("img", name="Carol is typing…")
    for _ in range(60):  # as often as she presses a key: what is shown to nobody who listens yet is lost
        shop.api.post(f"{at}/typing", json={"on": True, "operator": "Carol"}).raise_for_status()
        with suppress(AssertionError):
            expect(carols).to_be_visible(timeout=500)
            break
    expect(carols).to_be_visible()
    shop.api.post(f"{at}/typing", json={"on": False}).raise_for_status()
    expect(visit.locator(".dots")).to_be_hidden()
    shop.api.post(f"{at}/typing", json={"on": True}).raise_for_status()
    expect(visit.get_by_role("img", name="Support is typing…")).to_be_visible()

    expect(hears(visit, "Is anybody there?")).to_contain_text("Sent")
    shop.api.post(f"{at}/read", json={"up_to": last["id"]}).raise_for_status()
    expect(hears(visit, "Is anybody there?")).to_contain_text("Seen")
    says(visit, "Good.")
    expect(hears(visit, "Good.")).to_contain_text("Sent")
    shop.answers("I am.")  # who answers has read
    expect(hears(visit, "Good.")).to_contain_text("Seen")
    expect(visit.locator(".dots")).to_be_hidden()


def test_what_is_over_is_rated_once_and_a_word_may_follow(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    visit = opens(page, shop.page())
    says(visit, "Thank you, that was all.")
    has_said(visit, "Thank you, that was all.")
    expect(visit.get_by_role("group", name="How did we do?")).to_be_hidden()
    at = f"/app/conversations/{shop.conversations()[0]['id']}"
    shop.api.patch(at, json={"is_closed": True, "asks_rating": True}).raise_for_status()
    visit.get_by_role("button", name="4 of 5").click()
    expect(visit.get_by_text("Thank you!", exact=True)).to_be_visible()
    expect(visit.get_by_role("button", name="5 of 5")).to_be_disabled()
    visit.get_by_label("Tell us more, if you like").fill("Quick, and kind.")
    visit.get_by_role("button", name="Send").click()
    expect(visit.get_by_label("Tell us more, if you like")).to_be_hidden()
    rating = shop.api.get(at).json()["rating"]
    assert (rating["score"], rating["comment"]) == (4, "Quick, and kind.")

    page.reload()
    visit = opens(page)
    latest(visit)
    expect(visit.get_by_text("Thank you!", exact=True)).to_be_visible()
    shop.api.patch(at, json={"is_closed": False}).raise_for_status()
    expect(visit.get_by_label("Message", exact=True)).to_be_visible()
    expect(visit.get_by_role("group", name="How did we do?")).to_be_hidden()


def test_somebody_else_in_the_conversation_is_seen_typing_and_reading(somebody: Somebody, shop: Shop) -> None:
    visit = opens(somebody(), shop.page(token=shop.token(ann)))
    says(visit, "Is anybody there?")
    has_said(visit, "Is anybody there?")
    id, come_in = shop.conversations()[0]["id"], {"app": shop.app["slug"], "token": shop.token(ben)}
    bens = shop.api.post("/sessions", json=come_in, headers={"Authorization": ""}).raise_for_status().json()
    added = {"users": [bens["user"]["id"]]}
    shop.api.post(f"/app/conversations/{id}/members", json=added).raise_for_status()
    as_ben = {"Authorization": f"Bearer {bens['token']}"}
    ticket = shop.api.post("/live/tickets", headers=as_ben).raise_for_status().json()["ticket"]

    with connect(f"{shop.server.socket_url}/acquaint/v1/live?ticket={ticket}", proxy=None) as live:
        live.send(json.dumps({"type": "resume"}))
        live.send(json.dumps({"type": "typing", "conversation": id, "on": True}))
        expect(visit.get_by_role("img", name=f"{ben.name} is typing…")).to_be_visible()
        said = shop.api.post(f"/conversations/{id}/messages", json={"text": "I am."}, headers=as_ben).raise_for_status()
        hears(visit, "I am.")
        expect(visit.get_by_role("img", name=f"{ben.name} is typing…")).to_be_hidden()
        expect(visit.get_by_role("log")).to_contain_text(f"{ben.name}: I am.")
    says(visit, "Good.")
    has_said(visit, "Good.")
    last = shop.conversations()[0]["last_message"]["id"]
    assert int(last) > int(said.json()["id"])
    shop.api.post(f"/conversations/{id}/read", json={"up_to": last}, headers=as_ben).raise_for_status()
    expect(hears(visit, "Good.")).to_contain_text("Seen")


def test_it_can_be_opened_by_a_script(somebody: Somebody, shop: Shop) -> None:
    page = somebody()
    page.goto(shop.page(app="none"))
    page.wait_for_function("() => window.Acquaint")
    how = {"app": shop.app["slug"], "url": shop.server.url, "user": {"name": "Ann"}, "heading": "Ahoy!"}
    page.evaluate("how => Acquaint.open(how) && undefined", how)
    visit = chat(page)
    expect(visit.get_by_text("Ahoy!").filter(visible=True)).to_be_visible()
    says(visit, "Opened by hand.")
    has_said(visit, "Opened by hand.")
    is_known_as(visit, "Ann · Not verified")
    page.evaluate("document.querySelector('acquaint-chat').hide()")
    expect(visit).to_be_hidden()
    expect(launcher(page)).to_be_focused()
