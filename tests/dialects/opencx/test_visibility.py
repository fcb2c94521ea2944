"""Who sees what: section 10 of the contract, as a table. Everybody writes one session, and then one of them looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx2
import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben
from tests.dialects.opencx.widgets import Browser, Page, Server, new_uuid, refusal

MINE = "2f1d3c5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f"  # a workspace whose id is a random UUID


@dataclass
class World:
    """Ann's laptop and phone, and Ben's laptop."""

    laptop: Browser
    phone: Browser
    bens: Browser
    server: Server


Look = Callable[[World], Awaitable[Page]]


@pytest.fixture
def world(client: httpx2.AsyncClient, acme: Cast) -> World:
    return World(Browser(client, acme), Browser(client, acme), Browser(client, acme), Server(client, acme))


def anonymous(where: str, external_id: str | None = None) -> Look:
    return lambda it: getattr(it, where).anonymous(external_id)


def form(where: str, external_id: str | None = None) -> Look:
    return lambda it: getattr(it, where).form(ann.email, ann.name, external_id)


def user_data(where: str, external_id: str | None = None, email: str = ann.email) -> Look:
    return lambda it: getattr(it, where).user_data(email, external_id)


def verified(where: str, external_id: str | None = None, email: str = ann.email) -> Look:
    async def look(it: World) -> Page:
        browser: Browser = getattr(it, where)
        return browser.verified(await it.server.token_of(email), external_id)

    return look


TABLE: list[tuple[str, Look, Look, bool]] = [
    ("an anonymous visitor reloads", anonymous("laptop"), anonymous("laptop"), True),
    ("another browser", anonymous("laptop"), anonymous("phone"), False),
    ("an anonymous visitor in a workspace reloads", anonymous("laptop", "ws-1"), anonymous("laptop", "ws-1"), True),
    ("an anonymous visitor in another workspace", anonymous("laptop", "ws-1"), anonymous("laptop", "ws-2"), False),
    ("somebody else anonymous in the workspace", anonymous("laptop", "ws-1"), anonymous("bens", "ws-1"), False),
    ("the form was filled in and the page reloads", form("laptop"), form("laptop"), True),
    ("the same form on another device", form("laptop"), form("phone"), False),
    ("the form, in a workspace, reloaded", form("laptop", "ws-1"), form("laptop", "ws-1"), True),
    ("the form, in the same workspace, on another device", form("laptop", "ws-1"), form("phone", "ws-1"), False),
    ("user.data with an email reloads", user_data("laptop"), user_data("laptop"), True),
    ("user.data on another device", user_data("laptop"), user_data("phone"), False),
    ("another address in the same browser", user_data("laptop"), user_data("laptop", email=ben.email), False),
    (
        "user.data in a workspace, reloaded: lost, so that",
        user_data("laptop", "ws-1"),
        user_data("laptop", "ws-1"),
        False,
    ),
    ("nobody who types the address sees it", user_data("laptop", "ws-1"), user_data("bens", "ws-1"), False),
    ("verified, on the same device", verified("laptop"), verified("laptop"), True),
    ("verified, on another device", verified("laptop"), verified("phone"), True),
    ("verified, without a workspace: all of them", verified("laptop", "ws-1"), verified("phone"), True),
    ("verified, in the same workspace", verified("laptop", "ws-1"), verified("phone", "ws-1"), True),
    ("verified, in another workspace", verified("laptop", "ws-1"), verified("phone", "ws-2"), False),
    ("verified, from no workspace into one", verified("laptop"), verified("phone", "ws-1"), False),
    ("somebody else verified", verified("laptop"), verified("laptop", email=ben.email), False),
    ("somebody else verified in the workspace", verified("laptop", "ws-1"), verified("bens", "ws-1", ben.email), False),
    ("unverified, then verified with the address", user_data("laptop"), verified("laptop"), False),
    ("the form, then verified with the address", form("laptop"), verified("laptop"), False),
    ("anonymous, then verified", anonymous("laptop"), verified("laptop"), False),
    ("verified, then unverified with the address", verified("laptop"), user_data("laptop"), False),
    ("verified in a workspace, then the form there", verified("laptop", "ws-1"), form("laptop", "ws-1"), False),
    ("verified in a workspace of a UUID, then its page", verified("laptop", MINE), user_data("laptop", MINE), False),
]


@pytest.mark.parametrize(("wrote", "looks", "sees"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
async def test_who_sees_what_somebody_wrote(world: World, wrote: Look, looks: Look, sees: bool) -> None:
    session = await (await wrote(world)).chat("my card is lost")
    page = await looks(world)

    assert (session in await page.sees()) is sees


IN_ANOTHER_WORKSPACE = {
    "an anonymous visitor in another workspace",
    "verified, in another workspace",
    "verified, from no workspace into one",
}
"""The same contact, who does not list it here and may go on with it."""


@pytest.mark.parametrize(("row", "wrote", "looks", "sees"), TABLE, ids=[row[0] for row in TABLE])
async def test_what_is_named_by_its_id_is_its_contacts_in_every_workspace_and_nobody_elses(
    world: World, row: str, wrote: Look, looks: Look, sees: bool
) -> None:
    session = await (await wrote(world)).chat("my card is lost")
    page = await looks(world)
    await page.lists()  # as the widget does first

    answer = await page.ask("GET", f"/poll/{session}")
    if sees or row in IN_ANOTHER_WORKSPACE:
        assert answer.status_code == 200
    else:
        assert refusal(answer) == (404, "Session not found")


async def test_an_unverified_token_that_is_put_into_user_token_sees_nothing(browser: Browser) -> None:
    page = await browser.anonymous()
    session = await page.chat()
    promoted = browser.verified(page.token or "")

    assert refusal(await promoted.lists()) == (403, "external_id is required")
    assert refusal(await promoted.lists({"external_id": ""})) == (403, "external_id is required")
    assert refusal(await promoted.ask("POST", "/create-session", {})) == (403, "external_id is required")
    assert await page.sees() == [session]


async def test_in_a_workspace_of_a_random_uuid_nobody_sees_a_colleague(world: World) -> None:
    session = await (await world.laptop.user_data(ann.email, MINE)).chat("my salary")
    bens = await world.bens.user_data(ben.email, MINE)
    assert await bens.sees() == []

    # From now on it is known to be no secret: who types Ann's address sees nothing, nor does she after a reload.
    assert await (await world.bens.user_data(ann.email, MINE)).sees() == []
    assert await (await world.laptop.user_data(ann.email, MINE)).sees() == []
    assert session not in await (await world.phone.anonymous(MINE)).sees()


async def test_a_verified_colleague_is_enough_to_know_that_a_uuid_is_no_secret(world: World) -> None:
    await (await world.laptop.user_data(ann.email, MINE)).chat("my salary")
    await (await verified("bens", MINE, ben.email)(world)).sees()

    assert await (await world.phone.user_data(ann.email, MINE)).sees() == []


async def test_an_app_can_say_that_its_workspaces_are_uuids(world: World, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"workspace_names_device": "never"})
    await (await world.laptop.user_data(ann.email, MINE)).chat("my salary")

    assert await (await world.phone.user_data(ann.email, MINE)).sees() == []


async def test_an_app_can_believe_addresses_in_workspaces_and_then_verified_history_is_still_apart(
    world: World, core: Core, acme: Cast
) -> None:
    await apps.change_policy(core, acme.app, {"workspace_names_device": "always"})
    session = await (await world.laptop.user_data(ann.email, "ws-1")).chat("hello")
    secret = await (await verified("laptop", "ws-1")(world)).chat("my card is lost")

    assert await (await world.phone.user_data(ann.email, "ws-1")).sees() == [session]
    assert await (await world.phone.user_data(ann.email, "ws-2")).sees() == []
    assert await (await world.phone.user_data(ben.email, "ws-1")).sees() == []
    assert await (await verified("phone", "ws-1")(world)).sees() == [secret]


async def test_two_tabs_that_open_together_share_an_id_and_each_keeps_what_its_token_wrote(
    client: httpx2.AsyncClient, acme: Cast
) -> None:
    shared = new_uuid()
    one, other = await Browser(client, acme).anonymous(shared), await Browser(client, acme).anonymous(shared)
    session = await other.chat()

    assert await one.sees() == []
    assert await other.sees() == [session]


async def test_whoever_is_known_on_a_device_is_one_contact_there(
    world: World, server_users: Callable[[], Awaitable[int]]
) -> None:
    first = await (await world.laptop.user_data(ann.email)).chat("one")
    page = await world.laptop.user_data(ann.email)
    assert await page.sees() == [first]
    second = await page.chat("two")

    assert await (await world.laptop.user_data(ann.email)).sees() == [second, first]
    assert await server_users() == 1


async def test_nobody_is_made_for_looking(world: World, server_users: Callable[[], Awaitable[int]]) -> None:
    await (await world.laptop.anonymous()).sees()
    await (await world.phone.user_data(ann.email)).sees()

    assert await server_users() == 0


@pytest.fixture
def server_users(backend: Server) -> Callable[[], Awaitable[int]]:
    async def count() -> int:
        return len((await backend.native("GET", "/users")).json()["items"])

    return count
