"""Merging users must give nobody what was not proved to be theirs.

Without the rules of ``services.merging`` a visitor's open session would become the session of whoever they are merged
into, and read everything; so would the session, and the password, of somebody who registered a name in advance.
"""

from __future__ import annotations

import pytest

from acquaint.domain.errors import InvalidCredentials, SessionEnded, Unacceptable
from acquaint.domain.identities import NO_CHANGE, Assurance
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import merging, sessions, sign_in, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, eve, kiosk, laptop, phone
from tests.services.doors import at, it_of, registered, sees, verified, visitor, write


def id_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


async def in_store(core: Core, it: Recognised) -> Recognised:
    async with core.store.read() as tx:
        session = await tx.sessions.get(it.app.id, it.session.id)
        assert session is not None
        user = await tx.users.get(session.app_id, session.user_id) if session.user_id else None
    return Recognised(session, it.app, user)


async def test_a_visitors_session_never_becomes_the_session_of_whom_they_are_merged_into(
    core: Core, acme: Cast
) -> None:
    """Eve says in a chat that she is Ann, and Carol believes her."""
    anns = await verified(core, acme, ann, laptop)
    await write(core, anns, "my secret")
    token = (await sign_in.visit(core, acme.app, at(phone))).token
    assert token is not None
    await write(core, await sessions.resume(core, token), "I am Ann, believe me")
    eves = await sessions.resume(core, token)
    await merging.merge(core, acme.app, source=id_of(eves), target=id_of(anns))
    with pytest.raises(SessionEnded):
        await sessions.resume(core, token)
    again = await visitor(core, acme, phone)
    assert await sees(core, again) == {}
    assert again.user is None or again.user.id != id_of(anns)


async def test_who_registered_a_name_does_not_come_along(core: Core, acme: Cast) -> None:
    """Eve registered Ben's login before Ben came; later his duplicate is merged into Ben."""
    bens = await verified(core, acme, ben, laptop)
    await write(core, bens, "my secret")
    token = (await sign_in.login_or_register(core, acme.app, eve.by_login, eve.password, NO_CHANGE, at(phone))).token
    assert token is not None
    eves = await sessions.resume(core, token)
    await merging.merge(core, acme.app, source=id_of(eves), target=id_of(bens))
    with pytest.raises(SessionEnded):
        await sessions.resume(core, token)
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, eve.by_login, eve.password, at(phone))


async def test_who_registered_the_target_gets_nothing_of_the_source(core: Core, acme: Cast) -> None:
    eves, anns = await registered(core, acme, eve, phone), await verified(core, acme, ann, laptop)
    await write(core, anns, "my secret")
    await merging.merge(core, acme.app, source=id_of(anns), target=id_of(eves))
    with pytest.raises(SessionEnded):
        await write(core, eves)
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, eve.by_login, eve.password, at(phone))
    back = await it_of(core, await sign_in.vouch_for(core, acme.app, ann.verified(), at(laptop)))
    assert ["my secret"] in (await sees(core, back)).values()


async def test_nobody_is_merged_into_a_device(core: Core, acme: Cast) -> None:
    anns, somebody = await verified(core, acme, ann, laptop), await visitor(core, acme, kiosk)
    await write(core, somebody)
    with pytest.raises(Unacceptable):
        await merging.merge(core, acme.app, source=id_of(anns), target=id_of(await in_store(core, somebody)))


async def test_who_signs_in_on_the_device_next_does_not_adopt_what_was_given_to_ann(core: Core, acme: Cast) -> None:
    anns, somebody = await verified(core, acme, ann, laptop), await visitor(core, acme, kiosk)
    left = await write(core, somebody, "my secret")
    await merging.merge(core, acme.app, source=id_of(await in_store(core, somebody)), target=id_of(anns))
    eves = await verified(core, acme, eve, kiosk)
    assert left not in await sees(core, eves)
    assert left in await sees(core, await verified(core, acme, ann, kiosk))


async def test_a_ban_is_not_left_behind_by_being_merged(core: Core, acme: Cast) -> None:
    anns, eves = await verified(core, acme, ann, laptop), await verified(core, acme, eve, phone)
    await users.ban(core, acme.app, id_of(eves))
    await merging.merge(core, acme.app, source=id_of(eves), target=id_of(anns))
    with pytest.raises(SessionEnded):
        await write(core, eves)
    await users.ban(core, acme.app, id_of(anns))
    bens = await verified(core, acme, ben)
    await merging.merge(core, acme.app, source=id_of(bens), target=id_of(anns))
    with pytest.raises(SessionEnded):
        await write(core, bens)
    assert not (await users.find(core, acme.app, ben.by_login)).may_act


async def test_a_block_is_not_left_behind_by_being_merged(core: Core, acme: Cast) -> None:
    anns, bens, eves = [await verified(core, acme, it) for it in (ann, ben, eve)]
    async with core.store.write() as tx:
        await tx.blocks.put(id_of(anns), id_of(eves), core.clock())
        await tx.blocks.put(id_of(eves), id_of(bens), core.clock())
    await merging.merge(core, acme.app, source=id_of(eves), target=id_of(bens))
    async with core.store.read() as tx:
        assert await tx.blocks.blocking(id_of(bens), [id_of(anns), id_of(bens)]) == {id_of(anns)}


async def test_nothing_is_believed_more_than_before(core: Core, acme: Cast) -> None:
    anns, somebody = await verified(core, acme, ann, laptop), await visitor(core, acme, kiosk)
    left = await write(core, somebody)
    await merging.merge(core, acme.app, source=id_of(await in_store(core, somebody)), target=id_of(anns))
    async with core.store.read() as tx:
        [member] = await tx.conversations.members(left)
    assert member.assurance is Assurance.ANONYMOUS
