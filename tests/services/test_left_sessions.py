"""Sessions that somebody leaves: they go on, with their token and nobody in them."""

from __future__ import annotations

import pytest

from acquaint.domain.errors import AlreadySignedIn, NeedsUser, NotFound, SessionEnded
from acquaint.domain.identities import Assurance
from acquaint.services import sessions, sign_in, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, eve, kiosk
from tests.support.databases import on_both_databases

from .doors import at, it_of, kinds, registered, sees, verified, visitor, write


@on_both_databases
@pytest.mark.parametrize("remembered", [True, False])
async def test_the_token_opens_a_session_of_nobody_from_then_on(core: Core, acme: Cast, remembered: bool) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at(kiosk))
    it = await it_of(core, admission)
    await write(core, it, "my secret")
    if not remembered:
        core.recognised.lost()
    left = await sessions.leave(core, it.session)
    assert (left.user_id, left.device_id, left.assurance) == (None, None, Assurance.ANONYMOUS)
    after = await it_of(core, admission)
    assert (after.session.id, after.user) == (it.session.id, None)
    assert await sees(core, after) == {}
    with pytest.raises(NeedsUser):
        await write(core, after)
    assert (await kinds(core, acme))[-1] == "session.left"


@on_both_databases
async def test_whoever_comes_in_next_sees_their_own_and_nothing_of_before(core: Core, acme: Cast) -> None:
    await registered(core, acme, ben)
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    it = await it_of(core, admission)
    await write(core, it, "my secret")
    with pytest.raises(AlreadySignedIn):
        await sign_in.sign_in(core, acme.app, ben.by_login, ben.password, at(session=it.session))
    left = await sessions.leave(core, it.session)
    taken = await sign_in.sign_in(core, acme.app, ben.by_login, ben.password, at(session=left))
    assert (taken.session.id, taken.token) == (it.session.id, None)
    bens = await it_of(core, admission)
    assert bens.user is not None
    assert bens.user.known_as(ben.by_login.kind) == ben.login
    assert await sees(core, bens) == {}


async def test_a_visitors_device_begins_anew(core: Core, acme: Cast) -> None:
    """Rule 6, as with logging out: what was said on it is nobody's, and its other tabs are over."""
    visit = await visitor(core, acme, kiosk)
    await write(core, visit, "mine")
    other_tab = await sign_in.visit(core, acme.app, at(kiosk))
    await sessions.leave(core, visit.session)
    with pytest.raises(SessionEnded):
        await it_of(core, other_tab)
    assert await sees(core, await verified(core, acme, eve, kiosk)) == {}


async def test_leaving_twice_is_fine_and_an_ended_session_is_not_left(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    left = await sessions.leave(core, it.session)
    before = await kinds(core, acme)
    assert await sessions.leave(core, left) == left
    assert await kinds(core, acme) == before
    await sessions.log_out(core, left)
    with pytest.raises(SessionEnded):
        await sessions.leave(core, left)


async def test_a_left_session_is_none_of_the_users_any_more(core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    it = await it_of(core, admission)
    assert it.user is not None
    await sessions.leave(core, it.session)
    assert await sessions.list_of(core, acme.app, it.user.id) == []
    await users.ban(core, acme.app, it.user.id)
    assert (await it_of(core, admission)).user is None


@on_both_databases
@pytest.mark.parametrize("who", ["somebody", "a guest"])
async def test_whoever_deletes_themselves_can_keep_the_session_without_them(core: Core, acme: Cast, who: str) -> None:
    if who == "a guest":
        admission = await sign_in.enter_as_guest(core, acme.app, "Vera", at())
        other = None
    else:
        admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
        other = await sign_in.vouch_for(core, acme.app, ann.verified(), at(kiosk))
    it = await it_of(core, admission)
    assert it.user is not None
    await users.delete_own(core, it, keeps_session=True)
    after = await it_of(core, admission)
    assert (after.session.id, after.user) == (it.session.id, None)
    with pytest.raises(NotFound):
        await users.get(core, acme.app, it.user.id)
    if other is not None:
        with pytest.raises(SessionEnded):
            await it_of(core, other)
    await sessions.log_out(core, after.session)
