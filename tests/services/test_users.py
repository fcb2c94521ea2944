"""Users: found, changed, banned, deleted, by themselves and by their App's server."""

from __future__ import annotations

import pytest

from acquaint.domain.errors import (
    IdentifierTaken,
    InvalidCredentials,
    NeedsUser,
    NotAllowed,
    NotFound,
    SessionEnded,
    TooManyRequests,
    Unacceptable,
    UserBanned,
)
from acquaint.domain.identities import (
    NO_CHANGE,
    Assurance,
    Identifier,
    IdentifierKind,
    Identity,
    ProfileChange,
)
from acquaint.domain.paging import PageAsked
from acquaint.domain.passwords import MACHINE_MADE
from acquaint.domain.users import Standing, UserId
from acquaint.ports.store import Recognised
from acquaint.services import apps, limits, sessions, sign_in, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, eve, laptop
from tests.support.databases import on_both_databases

from .doors import allow, at, it_of, kinds, now, registered, verified, visitor, write

NEW = "an owl in the barn"


def user_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


# by the App's server


@on_both_databases
async def test_putting_makes_or_brings_up_to_date(core: Core, acme: Cast) -> None:
    user, is_new = await users.put(core, acme.app, ann.verified())
    assert is_new
    more = Identity((ann.by_login, ann.by_email), Assurance.VERIFIED, ProfileChange(custom={"plan": "gold"}))
    again, is_new = await users.put(core, acme.app, more)
    assert (again.id, is_new) == (user.id, False)
    assert (again.profile.name, again.profile.custom) == ("Ann Archer", {"plan": "gold"})
    assert again.known_as(IdentifierKind.EMAIL) == ann.email
    assert (await users.find(core, acme.app, ann.by_email)).id == user.id


async def test_putting_never_takes_an_identifier_from_somebody(core: Core, acme: Cast) -> None:
    await users.put(core, acme.app, ann.verified(ann.by_email))
    with pytest.raises(IdentifierTaken):
        await users.put(core, acme.app, ben.verified(ann.by_email))
    with pytest.raises(NotFound):
        await users.find(core, acme.app, ben.by_login)


async def test_a_renamed_user_frees_their_names_and_keeps_the_rest(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    await users.set_password(core, acme.app, user_of(it), ann.password)  # Acme's own word, so that it is theirs to keep
    await users.rename(core, acme.app, user_of(it), (Identifier.login("ann-archer"), ann.by_email))
    with pytest.raises(NotFound):
        await users.find(core, acme.app, ann.by_login)
    assert (await users.find(core, acme.app, ann.by_email)).id == user_of(it)
    await sign_in.sign_in(core, acme.app, Identifier.login("ann-archer"), ann.password, at())
    await registered(core, acme, ann)  # the name is free for somebody new
    bens = await registered(core, acme, ben)
    with pytest.raises(IdentifierTaken):
        await users.rename(core, acme.app, user_of(bens), (ann.by_login,))


async def test_who_is_not_verified_is_given_no_names(core: Core, acme: Cast) -> None:
    """They are whoever holds the device; under a name they would be it for everybody who holds it."""
    visit = await visitor(core, acme, laptop)
    await write(core, visit)
    guest = await it_of(core, await sign_in.enter_as_guest(core, acme.app, "G", at()))
    async with core.store.read() as tx:
        on_device = await tx.users.on_device(acme.app.id, visit.session.device_id)  # type: ignore[arg-type]
    assert on_device is not None
    for id in (on_device.id, user_of(guest)):
        with pytest.raises(NotAllowed):
            await users.rename(core, acme.app, id, (ann.by_login,))


@on_both_databases
async def test_a_deleted_user_is_gone_and_their_names_are_free(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann, laptop)
    open_still = await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    await users.delete(core, acme.app, user_of(it))
    with pytest.raises(SessionEnded):
        await it_of(core, open_still)
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    again = await registered(core, acme, ann)
    assert user_of(again) != user_of(it)
    with pytest.raises(NotFound):
        await users.delete(core, acme.app, user_of(it))


async def test_nothing_reaches_another_apps_users(core: Core, acme: Cast) -> None:
    rival = (await apps.create(core, "Rival")).app
    mine = user_of(await registered(core, acme, ann))
    for refused in (
        users.get(core, rival, mine),
        users.find(core, rival, ann.by_login),
        users.update(core, rival, mine, ProfileChange(name="Eve")),
        users.rename(core, rival, mine, (eve.by_login,)),
        users.set_password(core, rival, mine, NEW),
        users.ban(core, rival, mine),
        users.admit_again(core, rival, mine),
        users.delete(core, rival, mine),
    ):
        with pytest.raises(NotFound):
            await refused
    assert (await users.newest(core, rival, PageAsked())).items == ()
    assert await users.many(core, rival, [mine]) == {}
    await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())


async def test_a_ban_is_for_every_door_until_it_is_lifted(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    banned = await users.ban(core, acme.app, user_of(it))
    assert banned.standing is Standing.BANNED
    await users.ban(core, acme.app, user_of(it))
    with pytest.raises(UserBanned):
        await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    with pytest.raises(InvalidCredentials):  # and whoever does not know the password does not learn of it
        await sign_in.sign_in(core, acme.app, ann.by_login, "wrong", at())
    await users.admit_again(core, acme.app, user_of(it))
    await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    assert (await kinds(core, acme)).count("user.banned") == 1


# passwords


@on_both_databases
async def test_changing_a_password_needs_the_old_one_and_ends_the_others(core: Core, acme: Cast) -> None:
    here = await registered(core, acme, ann)
    there = await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at(laptop))
    assert here.user is not None
    with pytest.raises(InvalidCredentials):
        await users.change_password(core, acme.app, here.session, here.user, old="wrong", new=NEW)
    await it_of(core, there)
    await users.change_password(core, acme.app, here.session, here.user, old=ann.password, new=NEW)
    with pytest.raises(SessionEnded):
        await it_of(core, there)
    assert [it.id for it in await sessions.list_of(core, acme.app, here.user.id)] == [here.session.id]
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    await sign_in.sign_in(core, acme.app, ann.by_login, NEW, at())


async def test_the_policy_may_keep_the_other_sessions(core: Core, acme: Cast) -> None:
    app = await allow(core, acme, ends_sessions_on_password_change=False)
    here = await registered(core, acme, ann)
    there = await sign_in.sign_in(core, app, ann.by_login, ann.password, at(laptop))
    assert here.user is not None
    await users.change_password(core, app, here.session, here.user, old=ann.password, new=NEW)
    await it_of(core, there)


async def test_guessing_the_old_password_is_counted_with_guessing_at_the_door(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    assert it.user is not None
    user = it.user

    async def guess() -> None:
        for _ in range(limits.PASSWORDS_PER_LOGIN_AND_ADDRESS.times):
            with pytest.raises(InvalidCredentials):
                await users.change_password(
                    core, acme.app, it.session, user, old="guess", new=NEW, address="203.0.113.7"
                )

    await guess()
    with pytest.raises(TooManyRequests):
        await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    assert (await kinds(core, acme)).count("sign_in.refused") == limits.PASSWORDS_PER_LOGIN_AND_ADDRESS.times


@pytest.mark.parametrize("new", ["", "short", "password", "x" * 1025])
async def test_a_new_password_is_judged_before_the_old_one_is(core: Core, acme: Cast, new: str) -> None:
    it = await registered(core, acme, ann)
    assert it.user is not None
    with pytest.raises(Unacceptable) as refusal:
        await users.change_password(core, acme.app, it.session, it.user, old=ann.password, new=new)
    assert refusal.value.field == "new_password"


async def test_who_has_no_password_cannot_change_it(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    assert it.user is not None
    with pytest.raises(InvalidCredentials):
        await users.change_password(core, acme.app, it.session, it.user, old="", new=NEW)


@on_both_databases
async def test_the_apps_server_sets_a_password_without_the_old_one(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    there = await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    await users.set_password(core, acme.app, user_of(it), NEW)
    with pytest.raises(SessionEnded):  # whoever registered the name may have been anybody
        await it_of(core, there)
    there = await sign_in.sign_in(core, acme.app, ann.by_login, NEW, at())
    await users.set_password(core, acme.app, user_of(it), NEW)
    await it_of(core, there)
    await users.set_password(core, acme.app, user_of(it), NEW, ends_sessions=True)
    with pytest.raises(SessionEnded):
        await it_of(core, there)
    await sign_in.sign_in(core, acme.app, ann.by_login, NEW, at())


@on_both_databases
async def test_a_user_may_be_put_with_a_password(core: Core, acme: Cast) -> None:
    user, is_new = await users.put_with_password(core, acme.app, ann.verified(), "key1", rules=MACHINE_MADE)
    assert is_new
    first = await sign_in.sign_in(core, acme.app, ann.by_login, "key1", at())
    with pytest.raises(Unacceptable):
        await users.put_with_password(core, acme.app, ann.verified(), None)
    again, is_new = await users.put_with_password(core, acme.app, ann.verified(), NEW, ends_sessions=True)
    assert (again.id, is_new) == (user.id, False)
    with pytest.raises(SessionEnded):
        await it_of(core, first)
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, ann.by_login, "key1", at())


# by themselves


async def test_users_say_of_themselves_what_nobody_has_to_vouch_for(core: Core, acme: Cast) -> None:
    """Mass assignment: custom data and tags are the App's word, whichever way somebody tries to write them."""
    it = await registered(core, acme, ann)
    user = await users.update_own(core, it, ProfileChange(name="Annie", claimed_custom={"plan": "gold"}))
    assert (user.profile.name, user.profile.custom, user.profile.claimed.custom) == ("Annie", {}, {"plan": "gold"})
    for change in (ProfileChange(custom={"plan": "gold"}), ProfileChange(tags=("vip",)), ProfileChange(custom={})):
        with pytest.raises(NotAllowed):
            await users.update_own(core, it, change)
        with pytest.raises(NotAllowed):
            await sign_in.login_or_register(core, acme.app, eve.by_login, eve.password, change, at())
        with pytest.raises(NotAllowed):
            await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at(), change)


async def test_who_is_not_there_or_not_verified_changes_no_profile(core: Core, acme: Cast) -> None:
    visit = await visitor(core, acme, laptop)
    with pytest.raises(NeedsUser):
        await users.update_own(core, visit, ProfileChange(name="Ann"))
    await write(core, visit)
    with pytest.raises(NotAllowed):
        await users.update_own(core, visit, ProfileChange(name="Ann"))


async def test_users_delete_themselves(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    await users.delete_own(core, it)
    with pytest.raises(NotFound):
        await users.find(core, acme.app, ann.by_login)
    with pytest.raises(SessionEnded):
        await users.delete_own(core, it)
    with pytest.raises(NeedsUser):
        await users.delete_own(core, await visitor(core, acme, laptop))


async def test_lists_are_newest_first_and_whole(core: Core, acme: Cast) -> None:
    made = [(await users.put(core, acme.app, it.verified()))[0].id for it in (ann, ben, eve)]
    first = await users.newest(core, acme.app, PageAsked(limit=2))
    second = await users.newest(core, acme.app, PageAsked(limit=2, after=first.next))
    assert [it.id for it in first.items + second.items] == list(reversed(made))
    assert second.next is None
    found, count = await users.known_by(core, await now(core, acme), IdentifierKind.LOGIN, skip=1, limit=1)
    assert ([it.id for it in found], count) == ([made[1]], 3)


async def test_nothing_new_leaves_no_event(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    before = len(await kinds(core, acme))
    await users.update(core, acme.app, user_of(it), NO_CHANGE)
    assert len(await kinds(core, acme)) == before
