"""Finding users: who is found by whom, and how often one may ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.domain.directory import Condition, Field, Operator, Query
from acquaint.domain.errors import NotFound, TooManyRequests
from acquaint.domain.identities import NO_CHANGE, Claimed, Identifier, IdentifierKind
from acquaint.domain.paging import PageAsked
from acquaint.services import apps, directory, limits, sessions, sign_in, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, eve
from tests.services.doors import at, now, registered, verified, visitor, write
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


def named(name: str) -> Query:
    return Query((Condition.of(Field.NAME, Operator.IN, name),))


@on_both_databases
async def test_a_user_is_found_by_what_names_them(core: Core, acme: Cast) -> None:
    identity = ann.verified(ann.by_email, ann.by_external_id, Identifier.phone(ann.phone))
    user, _ = await users.put(core, acme.app, identity)
    for field, value in (
        (Field.ID, user.id),
        (Field.LOGIN, ann.login),
        (Field.EMAIL, ann.email.upper()),
        (Field.EXTERNAL_ID, ann.external_id),
        (Field.PHONE, ann.phone),
    ):
        assert await directory.one(core, acme.app, field, value) == user
    with pytest.raises(NotFound):
        await directory.one(core, acme.app, Field.LOGIN, ben.login)
    assert (await directory.find(core, acme.app, named(ann.name))).total == 1


async def test_an_impostor_is_not_found_under_the_address_of_its_owner(core: Core, acme: Cast) -> None:
    """However early they came, and however many they are."""
    for number in range(3):
        who = replace(eve, login=f"eve{number}")
        admission = await sign_in.login_or_register(
            core, await now(core, acme), who.by_login, who.password, NO_CHANGE, at()
        )
        assert admission.user is not None
        async with core.store.write() as tx:
            impostor = await tx.users.get(acme.app.id, admission.user.id)
            assert impostor is not None
            profile = impostor.profile.claiming(Claimed(email=ann.email, external_id=ann.external_id))
            await tx.users.save(replace(impostor, profile=profile))
    assert (await directory.one(core, acme.app, Field.EMAIL, ann.email)).known_as(IdentifierKind.LOGIN) == "eve0"
    owner, _ = await users.put(core, acme.app, ann.verified(ann.by_email, ann.by_external_id))
    for field, value in ((Field.EMAIL, ann.email), (Field.EXTERNAL_ID, ann.external_id)):
        assert await directory.one(core, acme.app, field, value) == owner
        found = await directory.find(core, acme.app, Query((Condition.of(field, Operator.IN, value),)))
        assert (found.users, found.total) == ((owner,), 1)


async def test_visitors_are_found_by_the_apps_server_alone(core: Core, acme: Cast) -> None:
    came = await visitor(core, acme, "laptop")
    await write(core, came)
    everybody = await directory.find(core, acme.app, Query())
    assert everybody.users == ()
    since = (Condition.of(Field.CREATED_AT, Operator.AT_LEAST, core.clock() - timedelta(minutes=1)),)
    assert len((await directory.newest(core, acme.app, since, PageAsked())).items) == 1


async def test_users_of_another_app_are_not_found(core: Core, acme: Cast) -> None:
    rival = await apps.create(core, "Rival")
    theirs, _ = await users.put(core, rival.app, ann.verified(ann.by_email))
    assert (await directory.find(core, acme.app, named(ann.name))).users == ()
    for field, value in ((Field.EMAIL, ann.email), (Field.ID, theirs.id)):
        with pytest.raises(NotFound):
            await directory.one(core, acme.app, field, value)


async def test_who_was_here_just_now_is_online(core: Core, acme: Cast, clock: SetClock) -> None:
    admission = await sign_in.login_or_register(
        core, await now(core, acme), ann.by_login, ann.password, NO_CHANGE, at()
    )
    await registered(core, acme, ben)
    clock.forward(minutes=10)
    assert admission.token is not None
    await sessions.resume(core, admission.token)
    await sessions.write_behind(core)
    online = await directory.online(core, acme.app, skip=0, limit=10)
    assert ([it.profile.name for it in online.users], online.total) == ([None], 1)
    assert online.users[0].identifiers == (ann.by_login,)
    clock.forward(minutes=4)
    assert (await directory.online(core, acme.app, skip=0, limit=10)).users == ()


async def test_newest_first_page_by_page(core: Core, acme: Cast) -> None:
    for number in range(5):
        await verified(core, acme, replace(ann, login=f"ann{number}"))
    by_name = (Condition.of(Field.NAME, Operator.STARTS_WITH, "ann"),)
    seen: list[str | None] = []
    after: int | None = None
    for _ in range(3):
        page = await directory.newest(core, acme.app, by_name, PageAsked(limit=2, after=after))
        seen += [it.identifiers[0].value for it in page.items]
        after = page.next
    assert (seen, after) == (["ann4", "ann3", "ann2", "ann1", "ann0"], None)


async def test_strangers_may_not_copy_the_directory(core: Core, acme: Cast) -> None:
    async def copy(query: Query, times: int) -> None:
        for _ in range(times):
            await directory.find(core, acme.app, query, address="203.0.113.9")

    with pytest.raises(TooManyRequests):
        await copy(named(ann.name), limits.BROAD_SEARCHES_PER_ADDRESS.times * 2)
    by_login = Query((Condition.of(Field.LOGIN, Operator.IN, ann.login),))
    await copy(by_login, limits.BROAD_SEARCHES_PER_ADDRESS.times)
    with pytest.raises(TooManyRequests):
        await copy(by_login, limits.SEARCHES_PER_ADDRESS.times * 2)
    await directory.find(core, acme.app, named(ann.name), address="203.0.113.10")
    await directory.find(core, acme.app, named(ann.name))
