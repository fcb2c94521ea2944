"""Attack 14: coming in all the same, banned, deleted, or to an App that is closed. CVE-2023-32682, GHSA-2vg6-77g8-24mp.

Every way in and every way on, against every way of being shut out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from acquaint.domain.errors import (
    AppClosed,
    InvalidCredentials,
    NotFound,
    SessionEnded,
    TicketRefused,
    UserBanned,
)
from acquaint.domain.identities import NO_CHANGE, Claimed, ProfileChange
from acquaint.domain.paging import PageAsked
from acquaint.ports.store import Recognised
from acquaint.services import apps, conversations, messages, sessions, sign_in, tickets, users
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, laptop
from tests.services.doors import at, it_of, registered, token_of, visitor, write

WaysIn = Callable[[Core, Cast], Awaitable[Any]]


async def by_password(core: Core, acme: Cast) -> Any:
    return await sign_in.sign_in(core, await apps.by_slug(core, "acme"), ann.by_login, ann.password, at())


async def by_first_login(core: Core, acme: Cast) -> Any:
    app = await apps.by_slug(core, "acme")
    return await sign_in.login_or_register(core, app, ann.by_login, ann.password, NO_CHANGE, at())


async def by_token(core: Core, acme: Cast) -> Any:
    app = await apps.by_slug(core, "acme")
    token = token_of(core, acme.signing_secret, externalId=ann.external_id)
    return await sign_in.sign_in_with_token(core, app, token, at())


async def vouched(core: Core, acme: Cast) -> Any:
    return await sign_in.vouch_for(core, await apps.by_api_key(core, acme.api_key, "org.user"), ann.verified(), at())


async def vouched_as_known(core: Core, acme: Cast) -> Any:
    app = await apps.by_api_key(core, acme.api_key, "org.user")
    return await sign_in.vouch_for_known(core, app, ann.by_login, at())


WAYS_IN: tuple[WaysIn, ...] = (by_password, by_first_login, by_token, vouched, vouched_as_known)


async def _ann(core: Core, acme: Cast) -> Recognised:
    """Ann, by every way there is, and with a session open."""
    identity = ann.verified(ann.by_external_id)
    user, _ = await users.put(core, acme.app, identity)
    await users.set_password(core, acme.app, user.id, ann.password)
    return await registered(core, acme, ann)


@pytest.mark.parametrize("way", WAYS_IN, ids=lambda it: it.__name__)
async def test_without_being_shut_out_every_way_works(core: Core, acme: Cast, way: WaysIn) -> None:
    it = await _ann(core, acme)
    admission = await way(core, acme)
    assert admission.user.id == it.user.id  # type: ignore[union-attr]


@pytest.mark.parametrize("way", WAYS_IN, ids=lambda it: it.__name__)
async def test_who_is_banned_comes_in_by_no_way(core: Core, acme: Cast, way: WaysIn) -> None:
    it = await _ann(core, acme)
    assert it.user is not None
    await users.ban(core, acme.app, it.user.id)
    with pytest.raises(UserBanned):
        await way(core, acme)
    assert await sessions.list_of(core, acme.app, it.user.id) == []


@pytest.mark.parametrize("way", WAYS_IN, ids=lambda it: it.__name__)
async def test_who_is_deleted_is_somebody_new_or_nobody(core: Core, acme: Cast, way: WaysIn) -> None:
    it = await _ann(core, acme)
    assert it.user is not None
    await write(core, it, "my secret")
    await users.delete(core, acme.app, it.user.id)
    try:
        admission = await way(core, acme)
    except (InvalidCredentials, NotFound):
        return
    assert admission.is_new_user
    assert admission.user.id != it.user.id
    assert (await conversations.seen(core, admission.session, PageAsked())).items == ()


@pytest.mark.parametrize("way", WAYS_IN, ids=lambda it: it.__name__)
async def test_to_a_closed_app_there_is_no_way(core: Core, acme: Cast, way: WaysIn) -> None:
    await _ann(core, acme)
    await apps.close(core, acme.app)
    with pytest.raises(AppClosed):
        await way(core, acme)


@pytest.mark.parametrize("what", ["banned", "deleted", "closed", "ended"])
async def test_what_was_open_goes_on_by_no_way(core: Core, acme: Cast, what: str) -> None:
    it = await _ann(core, acme)
    assert it.user is not None
    id = await write(core, it)
    admission = await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    recognised = await it_of(core, admission)
    ticket, _ = await tickets.live_ticket(core, recognised)
    match what:
        case "banned":
            await users.ban(core, acme.app, it.user.id)
        case "deleted":
            await users.delete(core, acme.app, it.user.id)
        case "closed":
            await apps.close(core, acme.app)
        case "ended":
            await sessions.end_all(core, acme.app, it.user.id)
    with pytest.raises((SessionEnded, AppClosed)):
        await it_of(core, admission)
    with pytest.raises((SessionEnded, TicketRefused)):
        await tickets.redeem_live(core, ticket, "203.0.113.7")
    if what == "closed":
        return  # every request is turned away before it comes so far
    for going_on in (
        messages.post(core, recognised, id, Draft("x")),
        conversations.start(core, recognised),
        users.update_own(core, recognised, ProfileChange(name="x")),
    ):
        with pytest.raises(SessionEnded):
            await going_on


async def test_a_banned_visitor_does_not_come_back_on_their_device(core: Core, acme: Cast) -> None:
    visit = await visitor(core, acme, laptop)
    session = await sign_in.claim(core, visit, Claimed("Spammer"))
    assert session.user_id is not None
    await users.ban(core, acme.app, session.user_id)
    with pytest.raises(UserBanned):
        await visitor(core, acme, laptop)
    with pytest.raises(SessionEnded):
        await write(core, visit)
