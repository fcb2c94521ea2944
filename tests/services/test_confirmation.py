"""Addresses that are confirmed by mail before anybody is let in: who waits, what the mail does, and for whom."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from acquaint.domain.apps import App
from acquaint.domain.errors import (
    AddressUnconfirmed,
    AppClosed,
    IdentifierTaken,
    InvalidCredentials,
    NotAllowed,
    TicketRefused,
    TooManyRequests,
    Unacceptable,
)
from acquaint.domain.events import EventKind
from acquaint.domain.identities import NO_CHANGE, Assurance, Identifier, Identity, ProfileChange
from acquaint.domain.mails import MailKind
from acquaint.domain.users import User
from acquaint.services import addresses, apps, confirmation, history, recovery, sign_in, users
from acquaint.services.core import Core
from acquaint.services.registration import Names, OwnChange, change_own, sign_in_or_register, sign_up
from acquaint.services.sign_in_by_id import enter_by_id, prove_by_id
from tests.cast import Cast, Person, ann, ben, eve
from tests.services.doors import EVERYTHING, at, it_of
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

from .test_recovery import Postbox

NEW = "an owl in the barn"
SOMEWHERE = "203.0.113.7"


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def core(core: Core, postbox: Postbox) -> Core:
    return replace(core, mailer=postbox)


@pytest.fixture
async def app(core: Core, acme: Cast) -> App:
    return await apps.change_policy(core, acme.app, {"requires_confirmed_emails": True})


async def signed_up(core: Core, app: App, who: Person, *, login: bool = True, email: bool = True) -> User:
    names = Names(who.login if login else None, who.email if email else None)
    return await sign_up(core, app, names, who.password, ProfileChange(name=who.name), at())


async def mailed(core: Core, app: App, postbox: Postbox, user: User) -> str:
    await confirmation.send(core, app, user.id, SOMEWHERE)
    return postbox.tickets[-1]


async def comes_in(core: Core, app: App, who: Person, by: Identifier | None = None) -> User:
    meant = by or await addresses.meant(core, app, who.email)
    user = (await sign_in.sign_in(core, app, meant, who.password, at())).user
    assert user is not None
    return user


def named(user: User) -> list[str]:
    return sorted(f"{it.kind} {it.value}" for it in user.identifiers)


@on_both_databases
async def test_ann_is_let_in_once_she_followed_the_mail_and_said_her_password(
    core: Core, app: App, postbox: Postbox
) -> None:
    user = await signed_up(core, app, ann)
    for door in (ann.by_login, await addresses.meant(core, app, ann.email)):
        with pytest.raises(AddressUnconfirmed):
            await comes_in(core, app, ann, door)
    for enter in (enter_by_id, prove_by_id):
        with pytest.raises(AddressUnconfirmed):
            await enter(core, app.id, user.id, ann.password, at())
    ticket = await mailed(core, app, postbox, user)
    [mail] = postbox.mails
    assert (mail.to, mail.subject) == (ann.email, "Acme: confirm your address")
    assert f"{core.public_url}/acquaint/v1/email-confirmation#ticket={ticket}" in mail.text
    assert "Hello Ann Archer," in mail.text
    with pytest.raises(InvalidCredentials):
        await confirmation.complete(core, ticket, eve.password, at())
    done = await confirmation.complete(core, ticket, ann.password, at())
    assert (done.user.id, done.former) == (user.id, None)
    assert named(done.user) == [f"email {ann.email}", "login ann", f"login {ann.email}"]
    assert (await comes_in(core, app, ann)).id == (await comes_in(core, app, ann, ann.by_login)).id == user.id
    assert (await enter_by_id(core, app.id, user.id, ann.password, at())).is_new
    with pytest.raises(TicketRefused):
        await confirmation.complete(core, ticket, ann.password, at())
    events = (await history.audit(core, app, EVERYTHING)).items
    assert [it.details["identifiers"] for it in events if it.kind is EventKind.USER_CHANGED] == [True]
    doubts = [it.details["doubt"] for it in events if it.kind is EventKind.SIGN_IN_REFUSED]
    assert sorted(set(doubts)) == ["unconfirmed", "wrong_password"]


async def test_who_registers_by_signing_in_is_made_and_waits(core: Core, app: App, postbox: Postbox) -> None:
    whose = set()
    for _ in range(2):
        with pytest.raises(AddressUnconfirmed) as refused:
            await sign_in_or_register(core, app, Names(email=ann.email), ann.password, NO_CHANGE, at())
        whose.add(refused.value.user_id)
    user = await users.find(core, app, Identifier.login(ann.email))
    assert whose == {user.id}
    ticket = await mailed(core, app, postbox, user)
    await confirmation.complete(core, ticket, ann.password, at())
    assert (await sign_in_or_register(core, app, Names(email=ann.email), ann.password, NO_CHANGE, at())).user


async def test_nobody_waits_who_gave_no_address_or_is_vouched_for_or_whose_app_requires_nothing(
    core: Core, acme: Cast, app: App, postbox: Postbox
) -> None:
    plain = await signed_up(core, app, ben, email=False)
    assert (await comes_in(core, app, ben, ben.by_login)).id == plain.id
    opaque = Identifier.login(eve.email)  # what Qiscus calls an email, and nobody said was one
    await sign_in.login_or_register(core, app, opaque, eve.password, NO_CHANGE, at())
    anns = await signed_up(core, app, ann)
    await users.put(core, app, Identity((ann.by_login,), Assurance.VERIFIED))
    await users.set_password(core, app, anns.id, ann.password)
    assert (await comes_in(core, app, ann, ann.by_login)).id == anns.id, "the App says itself who she is"
    carls = await signed_up(core, app, replace(ann, login="carl", email="carl@example.com"), login=False)
    off = await apps.change_policy(core, app, {"requires_confirmed_emails": False})
    who = replace(ann, email="carl@example.com")
    assert (await comes_in(core, off, who)).id == carls.id
    for user in (plain, anns):
        await confirmation.send(core, app, user.id, SOMEWHERE)
    await confirmation.send(core, off, carls.id, SOMEWHERE)
    assert postbox.mails == []
    with pytest.raises(NotAllowed):
        await confirmation.ask(core, off, ann.by_email, SOMEWHERE)


async def test_eve_who_registered_with_anns_address_gets_nothing_of_it(core: Core, app: App, postbox: Postbox) -> None:
    """Ann follows the link without a thought, and cannot say Eve's password. Her own way in takes it all back."""
    eves = await signed_up(core, app, replace(eve, email=ann.email))
    ticket = await mailed(core, app, postbox, eves)
    with pytest.raises(InvalidCredentials):
        await confirmation.complete(core, ticket, ann.password, at())
    with pytest.raises(AddressUnconfirmed):
        await comes_in(core, app, eve, eve.by_login)
    await recovery.send(core, app, ann.by_email)
    user = await recovery.complete(core, postbox.tickets[-1], ann.password, SOMEWHERE)
    assert f"email {ann.email}" in named(user), "whoever reads the mail has the address, and nobody else has anything"
    with pytest.raises(InvalidCredentials):
        await comes_in(core, app, eve, eve.by_login)
    assert (await comes_in(core, app, ann)).id == user.id
    with pytest.raises(TicketRefused):
        await confirmation.complete(core, ticket, ann.password, at())


async def test_an_address_that_somebody_else_proved_meanwhile_is_theirs(core: Core, app: App, postbox: Postbox) -> None:
    eves = await signed_up(core, app, replace(eve, email=ann.email))
    ticket = await mailed(core, app, postbox, eves)
    anns, _ = await users.put(core, app, Identity((ann.by_email,), Assurance.VERIFIED))
    with pytest.raises(IdentifierTaken):
        await confirmation.complete(core, ticket, eve.password, at())
    await confirmation.send(core, app, eves.id, SOMEWHERE)
    assert len(postbox.mails) == 1, "and its owner is not asked again"
    assert (await users.find(core, app, ann.by_email)).id == anns.id != eves.id


@pytest.mark.parametrize("how", ["late", "another address", "another password", "renamed", "vouched", "banned", "off"])
async def test_a_ticket_is_void_after(core: Core, app: App, postbox: Postbox, clock: SetClock, how: str) -> None:
    user = await signed_up(core, app, ann)
    ticket = await mailed(core, app, postbox, user)
    password = ann.password
    match how:
        case "late":
            clock.forward(days=1)
        case "another address":
            opened = await enter_by_id(core, (await opened_up(core, app)).id, user.id, ann.password, at())
            await apps.change_policy(core, app, {"requires_confirmed_emails": True})
            it = replace(opened.it, app=app)
            await change_own(core, it, OwnChange(email=ben.email))
        case "another password":
            await users.set_password(core, app, user.id, password := NEW)
        case "renamed":
            await users.rename(core, app, user.id, (ann.by_login,))
        case "vouched":
            await users.put(core, app, Identity((ann.by_login,), Assurance.VERIFIED))
            await users.set_password(core, app, user.id, ann.password)
        case "banned":
            await users.ban(core, app, user.id)
        case "off":
            await opened_up(core, app)
    with pytest.raises(TicketRefused):
        await confirmation.complete(core, ticket, password, at())


async def opened_up(core: Core, app: App) -> App:
    return await apps.change_policy(core, app, {"requires_confirmed_emails": False})


async def test_of_many_who_confirm_at_once_one_does_and_what_is_no_ticket_does_nothing(
    core: Core, app: App, postbox: Postbox
) -> None:
    user = await signed_up(core, app, ann)
    ticket = await mailed(core, app, postbox, user)
    tries = [confirmation.complete(core, ticket, ann.password, at()) for _ in range(10)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(it, confirmation.Confirmed) for it in outcomes) == 1
    await recovery.send(core, app, ann.by_email)
    for wrong in ("", "acqt_", ticket[:-1], postbox.tickets[-1]):
        with pytest.raises(TicketRefused):
            await confirmation.complete(core, wrong, ann.password, at())
    with pytest.raises(Unacceptable):
        await confirmation.complete(core, ticket, "x" * 2_000, at())


async def test_a_closed_app_confirms_nothing(core: Core, app: App, postbox: Postbox) -> None:
    ticket = await mailed(core, app, postbox, await signed_up(core, app, ann))
    await apps.close(core, app)
    with pytest.raises(AppClosed):
        await confirmation.complete(core, ticket, ann.password, at())


@on_both_databases
async def test_another_address_is_only_given_until_it_is_confirmed(core: Core, app: App, postbox: Postbox) -> None:
    user = await signed_up(core, app, ann)
    await confirmation.complete(core, await mailed(core, app, postbox, user), ann.password, at())
    it = await it_of(core, await sign_in.sign_in(core, app, ann.by_login, ann.password, at()))
    await signed_up(core, app, ben)
    given = await change_own(core, it, OwnChange(email="ann@elsewhere.example"))
    assert named(given) == [f"email {ann.email}", "login ann", f"login {ann.email}"]
    assert given.unproven_email == "ann@elsewhere.example"
    assert (await comes_in(core, app, ann)).id == user.id, "she comes in as before"
    old = await mailed(core, app, postbox, user)
    assert postbox.mails[-1].to == "ann@elsewhere.example"
    await recovery.send(core, app, Identifier.email("ann@elsewhere.example"))
    assert len(postbox.mails) == 2, "no password is mailed to it before"
    await change_own(core, it, OwnChange(email="ann@third.example"))
    with pytest.raises(TicketRefused):
        await confirmation.complete(core, old, ann.password, at())
    done = await confirmation.complete(core, await mailed(core, app, postbox, user), ann.password, at())
    assert (done.former, named(done.user)) == (ann.email, ["email ann@third.example", "login ann"])
    with pytest.raises(InvalidCredentials):
        await comes_in(core, app, ann)
    assert (await signed_up(core, app, ann, login=False)).id != user.id, "the one of before is free"
    with pytest.raises(Unacceptable):
        await change_own(core, it, OwnChange(email=None))
    back = await change_own(core, it, OwnChange(email="ann@third.example"))
    assert back.unproven_email is None, "what is confirmed already waits for nothing"


async def test_who_gives_an_address_later_is_not_locked_out_by_it(core: Core, app: App, postbox: Postbox) -> None:
    user = await signed_up(core, app, ann, email=False)
    it = await it_of(core, await sign_in.sign_in(core, app, ann.by_login, ann.password, at()))
    await change_own(core, it, OwnChange(email="typo@example.con"))
    assert (await comes_in(core, app, ann, ann.by_login)).id == user.id
    await users.put(core, app, Identity((ben.by_email,), Assurance.VERIFIED))
    with pytest.raises(IdentifierTaken):
        await change_own(core, it, OwnChange(email=ben.email))
    await change_own(core, it, OwnChange(email=ann.email))
    done = await confirmation.complete(core, await mailed(core, app, postbox, user), ann.password, at())
    assert named(done.user) == [f"email {ann.email}", "login ann"]
    assert (await comes_in(core, app, ann)).id == user.id


async def test_mails_are_few_and_nobody_learns_who_is_here(core: Core, app: App, postbox: Postbox) -> None:
    user = await signed_up(core, app, ann)
    for _ in range(5):
        await confirmation.send(core, app, user.id, SOMEWHERE)
    assert len(postbox.mails) == 3
    with pytest.raises(TooManyRequests):
        await confirmation.ask(core, app, ann.by_email, "198.51.100.1")
    for who in (ann, ben):
        await confirmation.send_to(core, app, who.by_email)
    assert [it.to for it in postbox.mails] == [ann.email] * 4
    for _ in range(3):
        await confirmation.ask(core, app, ben.by_email, SOMEWHERE)
    with pytest.raises(TooManyRequests):
        await confirmation.ask(core, app, ben.by_email, SOMEWHERE)
    postbox.is_open = False
    await confirmation.send_to(core, app, ann.by_email)


async def test_guessing_the_password_by_the_mail_is_counted_as_signing_in_is(
    core: Core, app: App, postbox: Postbox, clock: SetClock
) -> None:
    ticket = await mailed(core, app, postbox, await signed_up(core, app, ann))
    for _ in range(20):
        with pytest.raises(InvalidCredentials):
            await confirmation.complete(core, ticket, eve.password, at())
    with pytest.raises(TooManyRequests):
        await confirmation.complete(core, ticket, ann.password, at())
    clock.forward(minutes=10)
    assert (await confirmation.complete(core, ticket, ann.password, at())).former is None


async def test_the_app_puts_it_in_its_own_words(core: Core, app: App, postbox: Postbox) -> None:
    words = {"email_confirmation": {"subject": "#{app.title}?", "text": "#{user.email}: #{user.confirmation_ticket}"}}
    app = await apps.change_policy(core, app, {"mail_texts": words})
    await mailed(core, app, postbox, await signed_up(core, app, ann))
    assert (postbox.mails[-1].subject, postbox.mails[-1].text.partition(":")[0]) == ("Acme?", ann.email)
    for kind in (MailKind.EMAIL_CONFIRMATION, MailKind.PASSWORD_RESET):
        with pytest.raises(Unacceptable):
            await apps.change_policy(core, app, {"mail_texts": {kind.value: {"subject": "x", "text": "no link"}}})
