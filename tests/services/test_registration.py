"""What people register themselves with: names that nobody else has, and claims that capture nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from acquaint.domain.errors import (
    IdentifierTaken,
    InvalidCredentials,
    NeedsUser,
    NotAllowed,
    Refusal,
    RegistrationClosed,
    SessionEnded,
    TicketRefused,
    Unacceptable,
)
from acquaint.domain.identities import NO_CHANGE, Assurance, Identifier, Identity, ProfileChange
from acquaint.domain.users import User
from acquaint.ports.store import Recognised
from acquaint.services import addresses, recovery, sessions, sign_in, users
from acquaint.services.core import Core
from acquaint.services.registration import (
    Names,
    OwnChange,
    change_own,
    is_known,
    named,
    sign_in_or_register,
    sign_up,
)
from tests.cast import Cast, Person, ann, ben, eve, laptop
from tests.support.databases import on_both_databases

from .doors import allow, at, it_of, kinds, now, verified, visitor
from .test_recovery import Postbox

NEW = "an owl in the barn"


async def signed_up(core: Core, acme: Cast, who: Person, *, login: bool = True, email: bool = True) -> User:
    names = Names(who.login if login else None, who.email if email else None)
    return await sign_up(core, await now(core, acme), names, who.password, ProfileChange(name=who.name), at())


async def in_session(core: Core, acme: Cast, who: Person, names: Names | None = None) -> Recognised:
    app = await now(core, acme)
    names = names or Names(who.login)
    return await it_of(core, await sign_in_or_register(core, app, names, who.password, NO_CHANGE, at()))


def shown(user: User) -> tuple[list[str], str | None]:
    return [f"{it.kind} {it.value}" for it in user.identifiers], user.profile.claimed.email


@on_both_databases
async def test_signing_up_opens_no_session_and_either_name_signs_in(core: Core, acme: Cast) -> None:
    user = await signed_up(core, acme, ann)
    assert shown(user) == (["login ann", "login ann@example.com"], "ann@example.com")
    assert await sessions.list_of(core, acme.app, user.id) == []
    for names in (Names(ann.login), Names(email=ann.email.upper()), Names(ann.login, "else@example.com")):
        it = await in_session(core, acme, ann, names)
        assert it.user is not None
        assert it.user.id == user.id
    nobodys = Names("nobody", ann.email)
    assert await named(core, acme.app, nobodys) == Identifier.login(ann.email)  # the login first, then the address
    assert await is_known(core, acme.app, nobodys)
    assert not await is_known(core, acme.app, Names("nobody", "nobody@example.com"))


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (Names("ann"), "login"),
        (Names("other", "ANN@example.com"), "email"),
        (Names("ann@example.com"), "login"),
        (Names(email="ann@example.com"), "email"),
        (Names("ann", "ann@example.com"), "login"),
    ],
    ids=str,
)
async def test_a_name_that_is_taken_is_refused_by_its_own_name(
    core: Core, acme: Cast, names: Names, taken: str
) -> None:
    await signed_up(core, acme, ann)
    with pytest.raises(IdentifierTaken) as refused:
        await sign_up(core, acme.app, names, eve.password, NO_CHANGE, at())
    assert refused.value.kind == taken


async def test_the_address_of_somebody_who_proved_it_is_taken(core: Core, acme: Cast) -> None:
    await users.put(core, acme.app, Identity((ann.by_email,), Assurance.VERIFIED))
    with pytest.raises(IdentifierTaken) as refused:
        await signed_up(core, acme, replace(eve, email=ann.email))
    assert refused.value.kind == "email"


@on_both_databases
async def test_of_two_who_sign_up_at_once_one_is_told_which_name_is_taken(core: Core, acme: Cast) -> None:
    both = await asyncio.gather(
        *[signed_up(core, acme, replace(ann, login=it)) for it in ("one", "two")], return_exceptions=True
    )
    users_made = [it for it in both if isinstance(it, User)]
    refused = [it for it in both if isinstance(it, IdentifierTaken)]
    assert (len(users_made), [it.kind for it in refused]) == (1, ["email"])


@on_both_databases
async def test_of_two_first_logins_at_once_there_is_one_user(core: Core, acme: Cast) -> None:
    both = await asyncio.gather(*[in_session(core, acme, ann, Names("ann", ann.email)) for _ in range(5)])
    assert len({it.session.user_id for it in both}) == 1


async def test_a_policy_closes_sign_up_and_creation_on_the_fly_each_for_itself(core: Core, acme: Cast) -> None:
    await allow(core, acme, registers_on_login=False)
    with pytest.raises(InvalidCredentials):
        await in_session(core, acme, ann)
    await signed_up(core, acme, ann)
    await in_session(core, acme, ann)
    await allow(core, acme, registers_on_login=True, allows_sign_up=False)
    with pytest.raises(RegistrationClosed):
        await signed_up(core, acme, ben)
    await in_session(core, acme, ben)


async def test_a_wrong_password_changes_nothing(core: Core, acme: Cast) -> None:
    await signed_up(core, acme, ann)
    with pytest.raises(InvalidCredentials):
        await in_session(core, acme, replace(eve, login=ann.login))
    await in_session(core, acme, ann)


# changing oneself


async def changed(core: Core, it: Recognised, **change: Any) -> User:
    return await change_own(core, it, OwnChange(**change))


@on_both_databases
async def test_everything_is_changed_in_one_step(core: Core, acme: Cast) -> None:
    await signed_up(core, acme, ann)
    it = await in_session(core, acme, ann)
    user = await changed(
        core,
        it,
        profile=lambda was: ProfileChange(name=f"{was.profile.name} the second"),
        login="annie",
        email="Annie@Example.com",
        old_password=ann.password,
        new_password=NEW,
    )
    assert user.profile.name == "Ann Archer the second"
    assert shown(user) == (["login annie", "login annie@example.com"], "annie@example.com")
    for names in (Names("annie"), Names(email="annie@example.com")):
        assert (await in_session(core, acme, replace(ann, password=NEW), names)).session.user_id == user.id
    for gone in (Names("ann"), Names(email=ann.email)):
        assert not await is_known(core, acme.app, gone)
    assert (await kinds(core, acme)).count("user.changed") == 1


@on_both_databases
@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"login": "ben"}, IdentifierTaken),
        ({"email": ben.email}, IdentifierTaken),
        ({"email": "not an address"}, Unacceptable),
        ({"login": "\x00"}, Unacceptable),
        ({"new_password": NEW, "old_password": "a guess of eve's"}, InvalidCredentials),
        ({"new_password": NEW}, InvalidCredentials),
        ({"new_password": "short", "old_password": ann.password}, Unacceptable),
        ({"profile": lambda user: ProfileChange(custom={"is_admin": True})}, NotAllowed),
        ({"profile": lambda user: ProfileChange(tags=("vip",))}, NotAllowed),
    ],
    ids=lambda it: ",".join(it) if isinstance(it, dict) else it.__name__,
)
async def test_what_is_refused_is_not_half_done(
    core: Core, acme: Cast, change: dict[str, Any], refusal: type[Refusal]
) -> None:
    await signed_up(core, acme, ben)
    before = await signed_up(core, acme, ann)
    it = await in_session(core, acme, ann)
    usual = {"login": "annie", "email": "annie@example.com"} | {"profile": lambda user: ProfileChange(name="Annie")}
    with pytest.raises(refusal):
        await changed(core, it, **(usual | change))
    assert await users.get(core, acme.app, before.id) == replace(
        before, last_seen_at=(await users.get(core, acme.app, before.id)).last_seen_at
    )
    await in_session(core, acme, ann)


async def test_whoever_has_only_an_address_can_choose_a_login_and_change_the_address(core: Core, acme: Cast) -> None:
    await signed_up(core, acme, ann, login=False)
    it = await in_session(core, acme, ann, Names(email=ann.email))
    user = await changed(core, it, login="ann", email="annie@example.com")
    assert shown(user) == (["login ann", "login annie@example.com"], "annie@example.com")
    user = await changed(core, it, email=None)
    assert shown(user) == (["login ann"], None)
    with pytest.raises(Unacceptable):
        await changed(core, it, login=None)  # nobody could find them any more


async def test_a_login_that_the_app_knows_somebody_by_stays(core: Core, acme: Cast) -> None:
    """Or they could take the name of somebody whom the App will name, and be vouched for already."""
    it = await verified(core, acme, ann)
    with pytest.raises(NotAllowed):
        await changed(core, it, login="ben")
    with pytest.raises(NotAllowed):
        await changed(core, it, login=None)
    user = await changed(core, it, email=ben.email)
    assert shown(user) == (["login ann"], ben.email)  # a claim, and no name
    bens = await verified(core, acme, replace(ben, login=ben.email))
    assert bens.session.user_id != it.session.user_id


async def test_a_proven_address_is_not_replaced_by_a_claim(core: Core, acme: Cast) -> None:
    it = await it_of(core, await sign_in.vouch_for(core, acme.app, ann.verified(ann.by_email), at()))
    for email in ("else@example.com", None):
        with pytest.raises(Unacceptable):
            await changed(core, it, email=email)
    assert ann.by_email in (await changed(core, it, email=ann.email.upper())).identifiers


async def test_a_guest_has_no_names_and_a_visitor_changes_nothing(core: Core, acme: Cast) -> None:
    guest = await it_of(core, await sign_in.enter_as_guest(core, acme.app, "Vera", at()))
    for change in ({"login": "vera"}, {"email": "vera@example.com"}):
        with pytest.raises(NotAllowed):
            await changed(core, guest, **change)
    assert (await changed(core, guest, profile=lambda user: ProfileChange(name="V"))).profile.name == "V"
    with pytest.raises(NeedsUser):
        await changed(core, await visitor(core, acme, laptop), login="vera")


async def test_who_has_no_password_cannot_set_one(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    with pytest.raises(InvalidCredentials):
        await changed(core, it, old_password="", new_password=NEW)


async def test_another_password_ends_the_other_sessions(core: Core, acme: Cast) -> None:
    await signed_up(core, acme, ann)
    here = await in_session(core, acme, ann)
    there = await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    await changed(core, here, old_password=ann.password, new_password=NEW)
    with pytest.raises(SessionEnded):
        await it_of(core, there)


async def test_a_link_that_was_mailed_to_the_old_address_is_void(core: Core, acme: Cast) -> None:
    postbox = Postbox()
    core = replace(core, mailer=postbox)
    await signed_up(core, acme, ann)
    await recovery.send(core, acme.app, ann.by_email)
    it = await in_session(core, acme, ann)
    await changed(core, it, email="annie@example.com")
    with pytest.raises(TicketRefused):
        await recovery.complete(core, postbox.tickets[-1], NEW, "203.0.113.7")
    async with core.store.read() as tx:
        assert await addresses.reachable(tx, acme.app, ann.by_email) is None


async def test_nothing_is_changed_in_a_session_that_somebody_else_is_in_by_now(core: Core, acme: Cast) -> None:
    await signed_up(core, acme, ann)
    await signed_up(core, acme, ben)
    it = await in_session(core, acme, ann)
    left = await sessions.leave(core, it.session)
    with pytest.raises(SessionEnded):
        await changed(core, it, login="annie")
    await sign_in.sign_in(core, acme.app, ben.by_login, ben.password, at(session=left))
    with pytest.raises(SessionEnded):
        await changed(core, it, login="annie")
