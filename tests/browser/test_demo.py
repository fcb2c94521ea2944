"""The demo's page, played by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

pytestmark = pytest.mark.browser

Somebody = Callable[[], Page]


@pytest.fixture(scope="module")
def page_address() -> Iterator[str]:
    command = [sys.executable, "-m", "acquaint", "demo", "--port", "0"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("ACQUAINT_")}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        said = ""
        while "play it by hand" not in said:
            said += demo.stdout.readline()
            assert demo.poll() is None, said
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found is not None
        yield found[0]
        demo.terminate()


def device(page: Page, name: str) -> FrameLocator:
    """Acme's page on this device."""
    return page.frame_locator(f"iframe[title={name}]")


def operator(page: Page) -> Locator:
    return page.get_by_role("region", name="Operator")


def chat(it: FrameLocator) -> Locator:
    """The chat on the device, open."""
    found = it.get_by_role("dialog")
    it.locator("acquaint-chat").wait_for(state="attached")
    it.locator("acquaint-chat").evaluate("it => it.show()")
    expect(found).to_be_visible()
    return found


def says(it: FrameLocator, text: str) -> None:
    chat(it).get_by_label("Message", exact=True).fill(text)
    chat(it).get_by_role("button", name="Send").click()
    sees(it, text)


def logs_in(it: FrameLocator, name: str) -> None:
    it.get_by_role("button", name=f"Log in as {name}").click()
    expect(it.get_by_role("status").first).to_have_text(f"Logged in as {name}")


def is_known_as(it: FrameLocator, assurance: str) -> None:
    expect(chat(it).locator(".who").first).to_contain_text(assurance)


def sees(it: FrameLocator, text: str) -> None:
    """In the conversation in front, or in the list of them."""
    expect(chat(it).locator("li", has_text=text).first).to_be_visible()


def sees_nothing(it: FrameLocator) -> None:
    expect(chat(it).get_by_label("Message", exact=True)).to_be_visible()  # no list: one writes at once
    expect(chat(it).locator("li.said")).to_have_count(0)


def test_a_visitor_finds_her_chat_again_and_nobody_else_does(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    laptop, phone = device(page, "Laptop"), device(page, "Phone")

    says(laptop, "Where is my hat?")
    sees_nothing(phone)

    logs_in(laptop, "Ann")
    is_known_as(laptop, "Verified")
    sees(laptop, "Where is my hat?")

    logs_in(phone, "Ann")
    is_known_as(phone, "Verified")
    sees(phone, "Where is my hat?")

    operator(page).get_by_role("list", name="Conversations").get_by_text("Where is my hat?").click()
    expect(operator(page).get_by_role("log")).to_contain_text("Where is my hat?")
    operator(page).get_by_label("Answer", exact=True).fill("It is on your head.")
    operator(page).get_by_role("button", name="Answer").click()
    for it in (laptop, phone):
        sees(it, "It is on your head.")

    stranger = somebody()
    stranger.goto(page_address)
    for name in ("Laptop", "Phone"):
        sees_nothing(device(stranger, name))


def test_who_claims_her_address_sees_nothing_of_hers(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    laptop, phone = device(page, "Laptop"), device(page, "Phone")
    logs_in(laptop, "Ann")
    is_known_as(laptop, "Verified")
    chat(laptop).get_by_role("button", name="New conversation").click()
    says(laptop, "My own words.")

    phone.get_by_text("Claim to be somebody").click()
    phone.get_by_label("Name").fill("Ann")
    phone.get_by_label("E-mail").fill("ann@acme.example")
    phone.get_by_role("button", name="Claim").click()
    sees_nothing(phone)
    says(phone, "It is me, Ann.")
    is_known_as(phone, "Ann · Not verified")

    operator(page).get_by_role("list", name="Conversations").get_by_text("My own words.").click()
    expect(operator(page).get_by_role("log")).to_contain_text("My own words.")
    operator(page).get_by_text("Who sees this conversation, and why").click()
    sessions = operator(page).locator(".sessions li")
    expect(sessions.filter(has_text="Sees it.").filter(has_text="verified").first).to_be_visible()
    expect(sessions.filter(has_text="Does not see it.").filter(has_text="claimed").first).to_be_visible()
    expect(sessions.filter(has_text="Sees it.").filter(has=page.locator(".claimed"))).to_have_count(0)


def test_whoever_answers_is_seen_reading_and_typing_and_is_rated(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    laptop = device(page, "Laptop")
    says(laptop, "Do you ship to Norway?")
    operator(page).get_by_role("list", name="Conversations").get_by_text("Do you ship to Norway?").click()
    expect(operator(page).get_by_text("The visitor is typing…")).to_be_hidden()
    chat(laptop).get_by_label("Message", exact=True).press_sequentially("Or to")
    expect(operator(page).get_by_text("The visitor is typing…")).to_be_visible()
    expect(chat(laptop).locator("li.said", has_text="Norway")).to_contain_text("Seen")
    operator(page).get_by_label("Answer", exact=True).fill("We")
    expect(chat(laptop).get_by_role("img", name="Carol is typing…")).to_be_visible()
    operator(page).get_by_label("Answer", exact=True).fill("")
    operator(page).get_by_role("button", name="Close").click()
    chat(laptop).get_by_role("button", name="5 of 5").click()
    expect(operator(page).get_by_text("★★★★★")).to_be_visible()


def test_a_revoked_session_is_cut_and_its_device_shows_nothing_more(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    laptop = device(page, "Laptop")
    logs_in(laptop, "Ben")
    says(laptop, "I am Ben.")

    operator(page).get_by_role("list", name="Conversations").get_by_text("I am Ben.").click()
    operator(page).get_by_text("Who sees this conversation, and why").click()
    operator(page).get_by_role("button", name="Revoke Ben’s session").click()
    expect(chat(laptop).get_by_text("You were signed out.")).to_be_visible()
    expect(chat(laptop).get_by_text("I am Ben.")).to_have_count(0)

    laptop.get_by_role("button", name="Log out").first.click()
    sees_nothing(laptop)
    logs_in(laptop, "Ben")
    sees(laptop, "I am Ben.")


def test_whoever_comes_after_her_on_the_same_device_is_somebody_new(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    laptop = device(page, "Laptop")
    logs_in(laptop, "Ann")
    is_known_as(laptop, "Verified")
    chat(laptop).get_by_role("button", name="New conversation").click()
    says(laptop, "Before I left.")
    laptop.get_by_role("group", name="Acme’s own log in").get_by_role("button", name="Log out").click()
    sees_nothing(laptop)


def test_a_page_that_is_loaded_again_goes_on_where_it_was(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    says(device(page, "Laptop"), "Still me.")
    page.reload()
    sees(device(page, "Laptop"), "Still me.")
    sees_nothing(device(page, "Phone"))


def test_it_can_be_played_with_the_keyboard_alone(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    laptop = device(page, "Laptop")
    laptop.get_by_role("button", name="Open chat").focus()
    page.keyboard.press("Enter")
    expect(laptop.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.type("Typed.")
    page.keyboard.press("Enter")
    sees(laptop, "Typed.")
    page.keyboard.press("Escape")
    laptop.get_by_role("button", name="Log in as Ann").focus()
    page.keyboard.press("Enter")
    is_known_as(laptop, "Verified")
    sees(laptop, "Typed.")

    operator(page).get_by_role("list", name="Conversations").get_by_role("button", name="Typed.").focus()
    page.keyboard.press("Enter")
    operator(page).get_by_label("Answer", exact=True).focus()
    page.keyboard.type("Read.")
    page.keyboard.press("Enter")
    sees(laptop, "Read.")
