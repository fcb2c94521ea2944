"""Signing in by a session that is open already, as clients do that keep their token."""

from __future__ import annotations

import pytest

from acquaint.domain.errors import AlreadySignedIn, SessionEnded
from acquaint.domain.identities import NO_CHANGE
from acquaint.services import sessions, sign_in
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, laptop
from tests.services.doors import at, it_of, sees, token_of, visitor, write
from tests.support.databases import on_both_databases


@on_both_databases
async def test_a_visitor_signs_in_and_keeps_the_token(core: Core, acme: Cast) -> None:
    visit = await sign_in.visit(core, acme.app, at(laptop))
    id = await write(core, await it_of(core, visit), "before")
    here = await it_of(core, visit)
    token = token_of(core, acme.signing_secret, externalId=ann.external_id)
    taken = await sign_in.sign_in_with_token(core, acme.app, token, at(laptop, session=here.session))
    assert taken.token is None
    now = await it_of(core, visit)
    assert now.session.id == here.session.id
    assert await sees(core, now) == {id: ["before"]}


@on_both_databases
async def test_a_session_that_somebody_registered_in_outlives_their_first_token(core: Core, acme: Cast) -> None:
    """The token ends what whoever registered the name opened, but not the session it came in by."""
    visit = await sign_in.visit(core, acme.app, at())
    here = (await it_of(core, visit)).session
    await sign_in.register(core, acme.app, (ann.by_login,), ann.password, NO_CHANGE, at(session=here))
    elsewhere = await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    here = (await it_of(core, visit)).session
    await sign_in.vouch_for(core, acme.app, ann.verified(), at(session=here))
    assert (await it_of(core, visit)).session.user_id == here.user_id
    with pytest.raises(SessionEnded):
        await it_of(core, elsewhere)


async def test_nobody_takes_over_a_session_that_somebody_else_proved_to_be_in(core: Core, acme: Cast) -> None:
    anns = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    here = (await it_of(core, anns)).session
    with pytest.raises(AlreadySignedIn):
        await sign_in.vouch_for(core, acme.app, ben.verified(), at(session=here))
    assert (await it_of(core, anns)).session.user_id == here.user_id


async def test_a_session_that_ended_meanwhile_is_not_taken_over(core: Core, acme: Cast) -> None:
    visit = await visitor(core, acme, laptop)
    await sessions.log_out(core, visit.session)
    with pytest.raises(SessionEnded):
        await sign_in.vouch_for(core, acme.app, ann.verified(), at(session=visit.session))
