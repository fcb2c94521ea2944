"""Getting back in with a mail, when the password is forgotten.

ask         counts the question; says nothing about whether anybody has the address
send        the mail, to whoever has the address: run it after the answer is given
complete    a new password for the ticket in the mail; everything that was open ends

How the mail is put is the App's (mails.py); where its link leads is the door's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from ..domain.apps import App
from ..domain.errors import AppClosed, IdentifierTaken, NotAllowed, TicketRefused
from ..domain.identities import Identifier
from ..domain.mails import MailKind
from ..domain.passwords import MACHINE_MADE, OWASP_ASVS
from ..domain.tickets import Purpose
from ..domain.tokens import TokenKind, is_well_formed
from ..domain.users import User
from ..ports.mail import Mail, MailNotSent
from ..ports.store import Transaction
from . import confirmation, limits, tickets
from .addresses import reachable
from .core import Core, fingerprint
from .mails import written
from .sign_in import rules_of
from .users import replace_password

log = structlog.get_logger()

LIFETIME: Final = timedelta(hours=1)
"""Against old mails in a mailbox that somebody else reads; less would hurt people whose mail is slow."""

Link = Callable[[Core, App, str], str]
"""Where a ticket is redeemed. It leads to this server by its own settings, whatever a request was sent to."""


async def ask(core: Core, app: App, email: Identifier, address: str) -> None:
    """Counts the question, known address or not. Refuses with TooManyRequests, or NotAllowed where the Policy does."""
    if not app.policy.resets_passwords_by_mail:
        raise NotAllowed
    await limits.take(core, limits.RECOVERIES_PER_ADDRESS, address)
    await core.limiter.take(limits.RECOVERIES_PER_EMAIL, f"{app.id}|{email.value}")


async def send(core: Core, app: App, email: Identifier, link: Link | None = None) -> None:
    """Mails a ticket to the address, if somebody who has a password has it. Never raises, and answers nothing.

    It takes longer where somebody has the address, so nobody who asked may wait for it (rule 9).
    """
    try:
        made = await _ticket(core, app, email)
        if made is not None:
            user, text = made
            await core.mailer.send(_mail(app, user, email.value, (link or _link)(core, app, text), text))
            log.info("recovery_mailed", app=app.id)
    except MailNotSent:
        log.warning("recovery_not_mailed", app=app.id)
    except Exception:
        log.exception("recovery_broke", app=app.id)


async def complete(core: Core, ticket_text: str, password: str, address: str) -> User:
    """Sets the password, voids the user's other tickets and ends all their sessions; opens none. Answers whose it
    is: they are to be told (``mails.tell_of_new_password``).

    Where addresses are to be confirmed, this one is: who read the mail has it, and nobody else has anything any more.
    Refuses with TicketRefused, or with Unacceptable, and then the ticket is good for another try.
    """
    if not is_well_formed(ticket_text, TokenKind.TICKET):
        raise TicketRefused
    MACHINE_MADE.check(password)  # its length, before hashing; the App and its rules are not known yet
    await limits.take(core, limits.PASSWORDS_PER_ADDRESS, address)
    hashed = await core.hasher.hash(password)  # before the ticket is looked at: never in a transaction
    async with core.store.write() as tx:
        app, user, email = await _redeem(core, tx, ticket_text)
        rules_of(app, OWASP_ASVS).check(password)
        await replace_password(core, tx, user, hashed, ends_sessions=True, but=None)
        if app.policy.requires_confirmed_emails:
            with contextlib.suppress(IdentifierTaken):  # somebody else proved meanwhile that it is theirs
                user = await confirmation.prove_in(core, tx, user, email)
    await core.limiter.give_back(limits.PASSWORDS_PER_ADDRESS, limits.party(address))
    return user


async def _ticket(core: Core, app: App, email: Identifier) -> tuple[User, str] | None:
    async with core.store.read() as tx:
        user = await reachable(tx, app, email)
        if user is None or not user.may_act or await tx.users.password_hash(user.id) is None:
            return None
    return user, await tickets.for_mail(core, user, Purpose.PASSWORD_RESET, LIFETIME, email.value)


async def _redeem(core: Core, tx: Transaction, text: str) -> tuple[App, User, str]:
    """The App, the user, and the address that the ticket was mailed to."""
    ticket = await tx.tickets.take(Purpose.PASSWORD_RESET, fingerprint(text), core.clock())
    if ticket is None or ticket.app_id is None or ticket.user_id is None:
        raise TicketRefused
    app = await tx.apps.get(ticket.app_id)
    user = await tx.users.get(ticket.app_id, ticket.user_id)
    if app is None or user is None or not user.may_act or not app.policy.resets_passwords_by_mail:
        raise TicketRefused
    if not app.is_open:
        raise AppClosed
    return app, user, str(ticket.details.get(tickets.EMAIL, ""))


def _mail(app: App, user: User, to: str, link: str, ticket: str) -> Mail:
    return written(app, MailKind.PASSWORD_RESET, to, user, link=link, user__get_reset_password_token=ticket)


def _link(core: Core, app: App, ticket: str) -> str:
    return f"{core.public_url}/acquaint/v1/password-reset#ticket={ticket}"
