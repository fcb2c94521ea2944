"""Signing in as the user of an id: by the token of a session of theirs, or by their password."""

from __future__ import annotations

from datetime import timedelta

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.errors import AppClosed, InvalidCredentials, TooManyRequests, UserBanned
from acquaint.domain.events import EventKind
from acquaint.domain.identities import NO_CHANGE
from acquaint.domain.sessions import Lifetime
from acquaint.domain.users import UserId
from acquaint.services import apps, limits, sessions, sign_in, users
from acquaint.services.admission import Admission, Place
from acquaint.services.core import Core
from acquaint.services.sign_in_by_id import enter_by_id, is_there, prove_by_id
from tests.cast import Cast, ann, ben, laptop
from tests.services.doors import at, events
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

PLACE = Place("chat", Lifetime(idle=timedelta(hours=2)), "203.0.113.7")
NOBODY = UserId(4711)


async def registered(core: Core, acme: Cast) -> tuple[UserId, str]:
    admission = await sign_in.login_or_register(core, acme.app, ann.by_login, ann.password, NO_CHANGE, PLACE)
    return _known(admission)


def _known(admission: Admission) -> tuple[UserId, str]:
    assert admission.user is not None
    assert admission.token is not None
    return admission.user.id, admission.token


@on_both_databases
async def test_a_token_opens_its_own_session_and_a_password_a_new_one(core: Core, acme: Cast) -> None:
    me, token = await registered(core, acme)
    by_token = await enter_by_id(core, acme.app.id, me, token, PLACE)
    by_password = await enter_by_id(core, acme.app.id, me, ann.password, PLACE)
    assert (by_token.is_new, by_password.is_new) == (False, True)
    assert by_token.it.session.id != by_password.it.session.id
    assert by_password.it.session.door == "chat"
    assert by_password.it.user is not None
    assert by_password.it.user.id == me
    assert len(await sessions.list_of(core, acme.app, me)) == 2
    await prove_by_id(core, acme.app.id, me, token, PLACE)
    await prove_by_id(core, acme.app.id, me, ann.password, PLACE)
    assert len(await sessions.list_of(core, acme.app, me)) == 2, "to prove something opens nothing"


@on_both_databases
@pytest.mark.parametrize("way", [enter_by_id, prove_by_id])
async def test_everybody_else_is_refused_alike(core: Core, acme: Cast, way: object) -> None:
    me, _ = await registered(core, acme)
    bens, bens_token = _known(
        await sign_in.login_or_register(core, acme.app, ben.by_login, ben.password, NO_CHANGE, PLACE)
    )
    vouched, _ = _known(await sign_in.vouch_for(core, acme.app, ann.verified(), at()))
    assert vouched == me, "whom the App vouches for has no password any more"
    other = (await apps.create(core, "Other")).app
    visitor = await sign_in.visit(core, acme.app, at(laptop))
    for app_id, user_id, secret in (
        (acme.app.id, me, ann.password),
        (acme.app.id, me, bens_token),
        (acme.app.id, bens, "wrong"),
        (acme.app.id, NOBODY, ben.password),
        (other.id, bens, ben.password),
        (AppId(1), bens, ben.password),
        (acme.app.id, NOBODY, visitor.token or ""),
        (acme.app.id, bens, ""),
        (acme.app.id, bens, "\ud800"),
        (acme.app.id, bens, "x" * 100_000),
    ):
        with pytest.raises(InvalidCredentials):
            await way(core, app_id, user_id, secret, PLACE)  # type: ignore[operator]


async def test_a_refusal_leaves_its_cause_in_the_audit_trail(core: Core, acme: Cast) -> None:
    me, _ = await registered(core, acme)
    for user_id, secret in ((me, "wrong"), (NOBODY, "wrong")):
        with pytest.raises(InvalidCredentials):
            await enter_by_id(core, acme.app.id, user_id, secret, PLACE)
    refused = [it for it in await events(core, acme) if it.kind is EventKind.SIGN_IN_REFUSED]
    assert sorted(it.details["doubt"] for it in refused) == ["no_such_user", "wrong_password"]
    assert {it.details["door"] for it in refused} == {"chat"}


async def test_who_may_not_come_in_is_refused_by_each_secret(core: Core, acme: Cast) -> None:
    me, token = await registered(core, acme)
    assert await is_there(core, acme.app.id, me)
    await users.ban(core, acme.app, me)
    for secret, refusal in ((token, InvalidCredentials), (ann.password, UserBanned)):
        for way in (enter_by_id, prove_by_id):
            with pytest.raises(refusal):
                await way(core, acme.app.id, me, secret, PLACE)
    assert not await is_there(core, acme.app.id, me)
    await users.admit_again(core, acme.app, me)
    await apps.close(core, acme.app)
    with pytest.raises(AppClosed):
        await enter_by_id(core, acme.app.id, me, ann.password, PLACE)
    assert not await is_there(core, acme.app.id, me)
    assert not await is_there(core, AppId(1), me)


async def test_wrong_passwords_are_counted_with_those_of_every_other_door(core: Core, acme: Cast) -> None:
    me, token = await registered(core, acme)
    for _ in range(limits.PASSWORDS_PER_LOGIN_AND_ADDRESS.times // 2):
        with pytest.raises(InvalidCredentials):
            await enter_by_id(core, acme.app.id, me, "guess", PLACE)
        with pytest.raises(InvalidCredentials):
            await sign_in.sign_in(core, acme.app, ann.by_login, "guess", PLACE)
    with pytest.raises(TooManyRequests):
        await enter_by_id(core, acme.app.id, me, ann.password, PLACE)
    assert (await enter_by_id(core, acme.app.id, me, token, PLACE)).it.session.user_id == me


async def test_a_connection_that_stays_uses_its_session(core: Core, acme: Cast, clock: SetClock) -> None:
    me, _ = await registered(core, acme)
    session = (await enter_by_id(core, acme.app.id, me, ann.password, PLACE)).it.session
    was = session
    for _ in range(3):
        clock.forward(hours=1, minutes=30)
        session = core.recognised.went_on(session, clock())
        await sessions.write_behind(core)
    async with core.store.read() as tx:
        kept = await tx.sessions.get(acme.app.id, session.id)
    assert kept is not None
    assert kept.last_seen_at == session.last_seen_at == clock()
    clock.forward(hours=2)
    assert core.recognised.went_on(session, clock()) == session, "its time is over"
    assert core.recognised.went_on(was, clock()).last_seen_at < clock()
