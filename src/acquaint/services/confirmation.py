"""Whether people read where they say they do: the mail that confirms an e-mail address, where an App requires it.

is_due, check    whether somebody is let in only once they have confirmed the address that they registered with
ask              counts the question; says nothing about whether anybody gave the address
send, send_to    the mail, to somebody; or to whoever gave the address: run it after the answer is given
complete         the address is theirs from now on, for the ticket in the mail and their password
tell             the mails that go out then
prove_in         the same within a transaction, for who proved it otherwise

The mail alone confirms nothing. Whoever registers with somebody else's address has it mailed to them, and a click
without a thought would give that stranger's account the address and whatever it opens later. So who confirms it says
the password as well, which the stranger knows and the reader does not. Who forgot theirs asks for a new one by mail:
that ends what the stranger has, and confirms the address, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from ..domain.apps import App
from ..domain.errors import (
    AddressUnconfirmed,
    AppClosed,
    Doubt,
    IdentifierTaken,
    InvalidCredentials,
    NotAllowed,
    TicketRefused,
    TooManyRequests,
)
from ..domain.events import EventKind
from ..domain.identities import Identifier, IdentifierKind
from ..domain.mails import MailKind
from ..domain.passwords import MACHINE_MADE
from ..domain.tickets import Purpose
from ..domain.tokens import TokenKind, is_well_formed
from ..domain.users import User, UserId
from ..ports.mail import MailNotSent
from ..ports.store import Transaction
from . import limits, mails, tickets
from .admission import Place, note_refusal
from .core import Core, fingerprint
from .sessions import note

log = structlog.get_logger()

LIFETIME: Final = timedelta(days=1)
"""Long enough for who registers in the evening. The ticket opens nothing by itself, and signing in mails another."""

Link = Callable[[Core, App, str], str]
"""Where a ticket is redeemed. It leads to this server by its own settings, whatever a request was sent to."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Whose address was confirmed. ``former`` is the one that it takes the place of, if there was one."""

    app: App
    user: User
    former: str | None


def is_due(app: App, user: User) -> bool:
    """Whether the user may not come in by their password yet. Who is vouched for may, or came without an address."""
    return app.policy.requires_confirmed_emails and user.is_by_unproven_email


def check(app: App, user: User) -> None:
    """Refuses with AddressUnconfirmed. Every way in by a password asks this, after the password was right."""
    if is_due(app, user):
        raise AddressUnconfirmed(user.id)


async def ask(core: Core, app: App, email: Identifier, address: str) -> None:
    """Counts the question, known address or not. Refuses with TooManyRequests, or NotAllowed where the Policy does."""
    if not app.policy.requires_confirmed_emails:
        raise NotAllowed
    await limits.take(core, limits.CONFIRMATIONS_PER_ADDRESS, address)
    await core.limiter.take(limits.CONFIRMATIONS_PER_EMAIL, f"{app.id}|{email.value}")


async def send(core: Core, app: App, user_id: UserId, address: str, link: Link | None = None) -> None:
    """Mails a ticket to the address that the user gives and has not proved, where the Policy requires it. Never raises.

    Also when somebody signs in who has not confirmed it: they may have lost the mail.
    """
    try:
        async with core.store.read() as tx:
            user = await tx.users.get(app.id, user_id)
        if user is None or not app.policy.requires_confirmed_emails or user.unproven_email is None:
            return
        await ask(core, app, Identifier.email(user.unproven_email), address)
        await _mail(core, app, user, link or _link)
    except TooManyRequests:
        log.info("confirmation_limited", app=app.id)
    except Exception:
        log.exception("confirmation_broke", app=app.id)


async def send_to(core: Core, app: App, email: Identifier, link: Link | None = None) -> None:
    """``send`` to who registered with the address and is not let in yet, if anybody is. Never raises.

    It takes longer where somebody did, so nobody who asked may wait for it (rule 9).
    """
    try:
        async with core.store.read() as tx:
            user = await tx.users.find(app.id, Identifier.login(email.value))
        if user is not None and is_due(app, user) and user.unproven_email == email.value:
            await _mail(core, app, user, link or _link)
    except Exception:
        log.exception("confirmation_broke", app=app.id)


async def complete(core: Core, ticket_text: str, password: str, place: Place) -> Confirmed:
    """Spends the ticket, and makes the address an Identifier of the user; opens no session.

    Refuses with TicketRefused, with IdentifierTaken where somebody else proved meanwhile that it is theirs, with
    InvalidCredentials for a wrong password (then the ticket is good for another try), AppClosed or TooManyRequests.
    """
    if not is_well_formed(ticket_text, TokenKind.TICKET):
        raise TicketRefused
    MACHINE_MADE.check(password)  # its length, before hashing
    await limits.take(core, limits.PASSWORDS_PER_ADDRESS, place.address)  # whose it is is not known yet
    async with core.store.read() as tx:
        ticket = await tx.tickets.find(Purpose.EMAIL_CONFIRMATION, fingerprint(ticket_text), core.clock())
        if ticket is None or ticket.app_id is None or ticket.user_id is None:
            raise TicketRefused
        app, user = await tx.apps.get(ticket.app_id), await tx.users.get(ticket.app_id, ticket.user_id)
        hashed = None if user is None else await tx.users.password_hash(user.id)
    if app is None or user is None or hashed is None:
        raise TicketRefused
    await core.limiter.give_back(limits.PASSWORDS_PER_ADDRESS, limits.party(place.address))
    if not app.is_open:
        raise AppClosed
    whom = user.identifiers[0] if user.identifiers else Identifier.login(str(user.id))
    await limits.take_password_try(core, app, whom, place.address)
    if not await core.hasher.verify(password, hashed):
        await note_refusal(core, app, place, Doubt.WRONG_PASSWORD, user.id)
        raise InvalidCredentials(Doubt.WRONG_PASSWORD)
    await limits.give_password_try_back(core, app, whom, place.address)
    async with core.store.write() as tx:
        spent = await tx.tickets.take(Purpose.EMAIL_CONFIRMATION, fingerprint(ticket_text), core.clock())
        now_app, now_user = await tx.apps.get(app.id), await tx.users.get(app.id, user.id)
        if spent is None or now_app is None or now_user is None or not now_user.may_act:
            raise TicketRefused
        if await tx.users.password_hash(user.id) != hashed or not now_app.policy.requires_confirmed_emails:
            raise TicketRefused  # changed while we were checking
        former = now_user.known_as(IdentifierKind.EMAIL)
        after = await prove_in(core, tx, now_user, str(spent.details.get(tickets.EMAIL, "")))
        if after is now_user:
            raise TicketRefused  # they give another address by now, or the App says who they are
    return Confirmed(now_app, after, former)


async def tell(core: Core, done: Confirmed) -> None:
    """Welcomes who has an address for the first time; tells a former one that it is none of theirs any more."""
    if done.former is None:
        await mails.welcome(core, done.app, done.user)
    else:
        await mails.tell_former_address(core, done.app, done.former)


async def prove_in(core: Core, tx: Transaction, user: User, email: str) -> User:
    """The user after they proved that they read at the address, or just the user, where they do not give it (any more).

    Refuses with IdentifierTaken where it is proven to be somebody else's.
    """
    if user.unproven_email is None or user.unproven_email != email:
        return user
    owner = await tx.users.find(user.app_id, Identifier.email(email))
    if owner is not None and owner.id != user.id:
        raise IdentifierTaken(IdentifierKind.EMAIL)
    after = user.with_proven_email(core.clock())
    await tx.users.save(after)
    for purpose in (Purpose.EMAIL_CONFIRMATION, Purpose.PASSWORD_RESET):
        await tx.tickets.void(user.id, purpose)  # an address of before may have got them
    await note(core, tx, EventKind.USER_CHANGED, user.app_id, user_id=user.id, identifiers=True, confirmed=True)
    return after


async def _mail(core: Core, app: App, user: User, link: Link) -> None:
    email = user.unproven_email
    if email is None or not user.may_act:
        return
    async with core.store.read() as tx:
        if await tx.users.password_hash(user.id) is None:  # they could not say it
            return
        if await tx.users.find(app.id, Identifier.email(email)) is not None:
            return  # it is somebody else's, who proved it
    text = await tickets.for_mail(core, user, Purpose.EMAIL_CONFIRMATION, LIFETIME, email)
    values = {"link": link(core, app, text), "user__confirmation_ticket": text}
    try:
        await core.mailer.send(mails.written(app, MailKind.EMAIL_CONFIRMATION, email, user, **values))
        log.info("confirmation_mailed", app=app.id)
    except MailNotSent:
        log.warning("confirmation_not_mailed", app=app.id)


def _link(core: Core, app: App, ticket: str) -> str:
    return f"{core.public_url}/acquaint/v1/email-confirmation#ticket={ticket}"
