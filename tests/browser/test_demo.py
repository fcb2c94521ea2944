"""The demo's page, played by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

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


def device(page: Page, side: str) -> Locator:
    return page.get_by_role("region", name=f"{side} device")


def says(it: Locator, text: str) -> None:
    it.get_by_label("Message").fill(text)
    it.get_by_role("button", name="Send").click()


def signs_in(it: Locator, name: str) -> None:
    it.get_by_role("button", name=f"Sign in as {name}").click()


def is_known_as(it: Locator, assurance: str) -> None:
    expect(it.get_by_role("status")).to_have_text(assurance)


def sees(it: Locator, text: str) -> None:
    expect(it.get_by_role("log")).to_contain_text(text)


def sees_nothing(it: Locator) -> None:
    expect(it.get_by_role("log")).to_have_text("Nothing to see.")


def test_a_visitor_finds_her_chat_again_and_nobody_else_does(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    left, right = device(page, "Left"), device(page, "Right")

    is_known_as(left, "anonymous")
    says(left, "Where is my order?")
    sees(left, "Where is my order?")
    sees_nothing(right)

    signs_in(left, "Ann")
    is_known_as(left, "verified")
    sees(left, "Where is my order?")

    signs_in(right, "Ann")
    is_known_as(right, "verified")
    sees(right, "Where is my order?")

    answering = page.get_by_role("region", name="Operator").locator("article", has_text="Where is my order?")
    answering.get_by_label("Answer Ann").fill("It is on its way.")
    answering.get_by_role("button", name="Answer").click()
    for it in (left, right):
        sees(it, "It is on its way.")
        expect(it.get_by_label("Heard live")).to_contain_text("message.posted It is on its way.")

    stranger = somebody()
    stranger.goto(page_address)
    for side in ("Left", "Right"):
        sees_nothing(device(stranger, side))


def test_who_claims_her_address_sees_nothing_of_hers(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    left, right = device(page, "Left"), device(page, "Right")
    signs_in(left, "Ann")
    is_known_as(left, "verified")
    says(left, "My own words.")
    sees(left, "My own words.")

    right.get_by_text("Claim to be somebody").click()
    right.get_by_label("Name").fill("Ann")
    right.get_by_label("E-mail").fill("ann@acme.example")
    right.get_by_role("button", name="Claim").click()
    is_known_as(right, "claimed")
    sees_nothing(right)


def test_a_revoked_session_is_cut_and_its_device_shows_nothing_more(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    left = device(page, "Left")
    signs_in(left, "Ben")
    is_known_as(left, "verified")
    says(left, "I am Ben.")
    sees(left, "I am Ben.")

    thread = page.get_by_role("region", name="Operator").locator("article", has_text="I am Ben.")
    thread.get_by_role("button", name="Revoke").click()
    is_known_as(left, "ended")
    expect(left.get_by_role("log")).not_to_contain_text("I am Ben.")

    signs_in(left, "Ben")
    sees(left, "I am Ben.")


def test_whoever_comes_after_her_on_the_same_device_is_somebody_new(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    left = device(page, "Left")
    signs_in(left, "Ann")
    is_known_as(left, "verified")
    says(left, "Before I left.")
    sees(left, "Before I left.")
    left.get_by_role("button", name="Log out").click()
    is_known_as(left, "anonymous")
    sees_nothing(left)


def test_a_page_that_is_loaded_again_goes_on_where_it_was(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    says(device(page, "Left"), "Still me.")
    sees(device(page, "Left"), "Still me.")
    page.reload()
    sees(device(page, "Left"), "Still me.")
    sees_nothing(device(page, "Right"))


def test_it_can_be_played_with_the_keyboard_alone(somebody: Somebody, page_address: str) -> None:
    page = somebody()
    page.goto(page_address)
    left = device(page, "Left")
    is_known_as(left, "anonymous")
    left.get_by_label("Message").focus()
    page.keyboard.type("Typed.")
    page.keyboard.press("Enter")
    sees(left, "Typed.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(left.get_by_role("button", name="Sign in as Ann")).to_be_focused()
    page.keyboard.press("Enter")
    is_known_as(left, "verified")
