"""Getting back in with a mail, when the password is forgotten.

ask         counts the question; says nothing about whether anybody has the address
send        the mail, to whoever has the address: run it after the answer is given
complete    a new password for the ticket in the mail; everything that was open ends
tell_former_address    somebody gave another address than this one
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Final

import structlog

from ..domain.apps import App
from ..domain.errors import AppClosed, NotAllowed, TicketRefused, TooManyRequests
from ..domain.identities import Identifier
from ..domain.passwords import MACHINE_MADE, OWASP_ASVS
from ..domain.tickets import Purpose, Ticket, TicketId
from ..domain.tokens import TokenKind, is_well_formed
from ..domain.users import User
from ..ports.mail import Mail, MailNotSent
from ..ports.store import Transaction
from . import limits
from .addresses import reachable
from .core import Core, fingerprint, new_text
from .sign_in import rules_of
from .users import replace_password

log = structlog.get_logger()

LIFETIME: Final = timedelta(hours=1)
"""Against old mails in a mailbox that somebody else reads; less would hurt people whose mail is slow."""

Letter = Callable[[Core, App, User, str, str], Mail]
"""What is mailed to somebody: the user, their address as they proved or claimed it, and the ticket."""


async def ask(core: Core, app: App, email: Identifier, address: str) -> None:
    """Counts the question, known address or not. Refuses with TooManyRequests, or NotAllowed where the Policy does."""
    if not app.policy.resets_passwords_by_mail:
        raise NotAllowed
    await limits.take(core, limits.RECOVERIES_PER_ADDRESS, address)
    await core.limiter.take(limits.RECOVERIES_PER_EMAIL, f"{app.id}|{email.value}")


async def send(core: Core, app: App, email: Identifier, letter: Letter | None = None) -> None:
    """Mails a ticket to the address, if somebody who has a password has it. Never raises, and answers nothing.

    It takes longer where somebody has the address, so nobody who asked may wait for it (rule 9).
    """
    try:
        made = await _ticket(core, app, email)
        if made is not None:
            user, text = made
            await core.mailer.send((letter or _mail)(core, app, user, email.value, text))
            log.info("recovery_mailed", app=app.id)
    except MailNotSent:
        log.warning("recovery_not_mailed", app=app.id)
    except Exception:
        log.exception("recovery_broke", app=app.id)


async def complete(core: Core, ticket_text: str, password: str, address: str) -> User:
    """Sets the password, voids the user's other tickets and ends all their sessions; opens none.

    Refuses with TicketRefused, or with Unacceptable, and then the ticket is good for another try.
    """
    if not is_well_formed(ticket_text, TokenKind.TICKET):
        raise TicketRefused
    MACHINE_MADE.check(password)  # its length, before hashing; the App and its rules are not known yet
    await limits.take(core, limits.PASSWORDS_PER_ADDRESS, address)
    hashed = await core.hasher.hash(password)  # before the ticket is looked at: never in a transaction
    async with core.store.write() as tx:
        app, user = await _redeem(core, tx, ticket_text)
        rules_of(app, OWASP_ASVS).check(password)
        await replace_password(core, tx, user, hashed, ends_sessions=True, but=None)
    await core.limiter.give_back(limits.PASSWORDS_PER_ADDRESS, limits.party(address))
    return user


async def tell_former_address(core: Core, app: App, email: str) -> None:
    """Tells an address that a user gave another one in its place, in case it was not them. Never raises.

    Nothing of the user is said, and no more mails are sent than would be for a forgotten password: the address may be
    somebody's who never heard of the App.
    """
    try:
        await core.limiter.take(limits.RECOVERIES_PER_EMAIL, f"{app.id}|{email}")
        await core.mailer.send(_farewell(app, email))
    except TooManyRequests:
        log.info("farewell_limited", app=app.id)
    except MailNotSent:
        log.warning("farewell_not_mailed", app=app.id)
    except Exception:
        log.exception("farewell_broke", app=app.id)


async def _ticket(core: Core, app: App, email: Identifier) -> tuple[User, str] | None:
    async with core.store.read() as tx:
        user = await reachable(tx, app, email)
        if user is None or not user.may_act or await tx.users.password_hash(user.id) is None:
            return None
    text = new_text(core, TokenKind.TICKET)
    ticket = Ticket(TicketId(core.new_id()), app.id, Purpose.PASSWORD_RESET, core.clock() + LIFETIME, user.id)
    async with core.store.write() as tx:
        await tx.tickets.add(ticket, fingerprint(text))
    return user, text


async def _redeem(core: Core, tx: Transaction, text: str) -> tuple[App, User]:
    ticket = await tx.tickets.take(Purpose.PASSWORD_RESET, fingerprint(text), core.clock())
    if ticket is None or ticket.app_id is None or ticket.user_id is None:
        raise TicketRefused
    app = await tx.apps.get(ticket.app_id)
    user = await tx.users.get(ticket.app_id, ticket.user_id)
    if app is None or user is None or not user.may_act or not app.policy.resets_passwords_by_mail:
        raise TicketRefused
    if not app.is_open:
        raise AppClosed
    return app, user


def _mail(core: Core, app: App, user: User, to: str, ticket: str) -> Mail:
    link = f"{core.public_url}/acquaint/v1/password-reset#ticket={ticket}"
    minutes = LIFETIME // timedelta(minutes=1)
    intro = f"Somebody, probably you, asked for a new password for {app.name}."
    rest = (
        f"The link works once, within {minutes} minutes. Choosing a new password signs you out everywhere. "
        "If it was not you, there is nothing to do: without the link your password stays as it is."
    )
    text = f"{intro}\n\nChoose it here:\n{link}\n\n{rest}\n"
    html = (
        f"<p>{escape(intro)}</p>\n"
        f'<p><a href="{escape(link)}" rel="noreferrer">Choose a new password</a></p>\n'
        f"<p>{escape(rest)}</p>\n"
    )
    return Mail(to, f"A new password for {app.name}", text, html)


def _farewell(app: App, to: str) -> Mail:
    said = f"Somebody who signs in to {app.name} gave another e-mail address in place of this one."
    rest = "If it was you, there is nothing to do. If it was not, sign in and choose a new password."
    return Mail(
        to, f"Your address at {app.name}", f"{said}\n\n{rest}\n", f"<p>{escape(said)}</p>\n<p>{escape(rest)}</p>\n"
    )
