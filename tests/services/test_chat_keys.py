"""Passwords that the App's server has made for its users."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from acquaint.domain.errors import InvalidCredentials, NotFound, SessionEnded, Unacceptable
from acquaint.domain.events import EventKind
from acquaint.domain.identities import Assurance, Identifier, Identity
from acquaint.domain.paging import PageAsked
from acquaint.domain.users import UserId
from acquaint.services import chat_keys, sessions, sign_in, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben
from tests.services.doors import EVERYTHING, allow, at, events, it_of, login, now, registered
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


async def put(core: Core, acme: Cast, *identifiers: Identifier) -> UserId:
    user, _ = await users.put(core, acme.app, Identity(identifiers, Assurance.VERIFIED))
    return user.id


@on_both_databases
async def test_a_minted_key_lets_in_and_the_one_before_does_not(core: Core, acme: Cast) -> None:
    anns = await put(core, acme, ann.by_login)
    first = (await chat_keys.mint(core, acme.app, anns)).text
    second = (await chat_keys.mint(core, acme.app, anns)).text
    assert re.fullmatch(r"[A-Za-z0-9]{40}", second)
    assert first != second
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, login(ann), first, at())
    admission = await sign_in.sign_in(core, acme.app, login(ann), second, at())
    assert admission.user is not None
    assert admission.user.id == anns


async def test_only_a_hash_is_kept_and_nothing_of_it_is_told(core: Core, acme: Cast) -> None:
    anns = await put(core, acme, ann.by_login)
    text = (await chat_keys.mint(core, acme.app, anns)).text
    async with core.store.read() as tx:
        hashed = await tx.users.password_hash(anns)
    assert hashed is not None
    assert hashed.startswith("$argon2id$")
    left = await events(core, acme)
    assert left[-1].kind is EventKind.PASSWORD_CHANGED
    assert text not in repr(left)


async def test_what_is_open_ends_if_that_is_asked_for(core: Core, acme: Cast) -> None:
    anns = await put(core, acme, ann.by_login)
    text = (await chat_keys.mint(core, acme.app, anns)).text
    it = await it_of(core, await sign_in.sign_in(core, acme.app, login(ann), text, at()))
    await chat_keys.mint(core, acme.app, anns)
    assert len(await sessions.list_of(core, acme.app, anns)) == 1
    await chat_keys.mint(core, acme.app, anns, ends_sessions=True)
    assert await sessions.list_of(core, acme.app, anns) == []
    with pytest.raises(SessionEnded):
        await users.delete_own(core, it)


async def test_whoever_registered_the_login_is_out(core: Core, acme: Cast) -> None:
    eves = await registered(core, acme, ann)
    assert eves.user is not None
    await chat_keys.mint(core, acme.app, eves.user.id)
    assert await sessions.list_of(core, acme.app, eves.user.id) == []
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, login(ann), ann.password, at())


async def test_a_key_needs_something_to_be_given_with(core: Core, acme: Cast) -> None:
    nameless = await put(core, acme, ann.by_external_id)
    with pytest.raises(Unacceptable):
        await chat_keys.mint(core, acme.app, nameless)
    with pytest.raises(NotFound):
        await chat_keys.mint(core, acme.app, UserId(7))


@on_both_databases
async def test_keys_are_due_when_the_policy_says_and_go_on_being_good(core: Core, acme: Cast, clock: SetClock) -> None:
    anns, bens = await put(core, acme, ann.by_login), await put(core, acme, ben.by_login)
    text = (await chat_keys.mint(core, acme.app, anns)).text
    minted_at = clock.now
    clock.forward(days=20)
    await chat_keys.mint(core, acme.app, bens)
    clock.forward(days=11)
    assert (await chat_keys.due(core, await now(core, acme), EVERYTHING)).items == ()
    app = await allow(core, acme, chat_key_max_age="30d")
    [due] = (await chat_keys.due(core, app, EVERYTHING)).items
    assert (due.user_id, due.minted_at) == (anns, minted_at)
    await sign_in.sign_in(core, app, login(ann), text, at())
    await chat_keys.mint(core, app, anns)
    assert (await chat_keys.due(core, app, EVERYTHING)).items == ()
    clock.forward(days=31)
    first = await chat_keys.due(core, app, PageAsked(1))
    rest = await chat_keys.due(core, app, PageAsked(1, first.next))
    assert [it.user_id for page in (first, rest) for it in page.items] == sorted([anns, bens])


async def test_a_password_set_since_is_no_chat_key(core: Core, acme: Cast, clock: SetClock) -> None:
    app = await allow(core, acme, chat_key_max_age=timedelta(days=1).total_seconds())
    anns = await put(core, acme, ann.by_login)
    await chat_keys.mint(core, app, anns)
    await users.set_password(core, app, anns, ann.password)
    clock.forward(days=2)
    assert (await chat_keys.due(core, app, EVERYTHING)).items == ()
