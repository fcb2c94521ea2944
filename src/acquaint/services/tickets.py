"""Tickets: made here, spent here, once.

nonce, spend_nonce    makes one signed identity token usable once
live_ticket, redeem_live    opens one WebSocket, so that no token is ever in a URL
for_mail              what a link in a mail to somebody carries; spent where the mail is understood
is_backed             whether whoever a ticket was made for is still let in
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ..domain.apps import App
from ..domain.errors import SessionEnded, TicketRefused
from ..domain.tickets import Purpose, Ticket, TicketId
from ..domain.tokens import TokenKind, is_well_formed
from ..domain.users import User
from ..ports.store import Reading, Recognised
from . import limits
from .core import Core, fingerprint, new_text, new_word
from .sessions import present

NONCE_LIFETIME: Final = timedelta(minutes=10)  # Qiscus documents ten minutes
NONCE_LENGTH: Final = 40
EMAIL: Final = "email"  # of a mailed ticket's details: the address that it was mailed to
LIVE_LIFETIME: Final = timedelta(seconds=30)  # as long as a browser needs to open a socket


async def nonce(core: Core, app: App | None, address: str) -> tuple[str, Ticket]:
    """A nonce for the App, or for whichever App's token brings it first."""
    await limits.take(core, limits.TICKETS_PER_ADDRESS, address)
    text = new_word(core, NONCE_LENGTH)
    expires_at = core.clock() + NONCE_LIFETIME
    ticket = Ticket(TicketId(core.new_id()), app.id if app else None, Purpose.NONCE, expires_at)
    async with core.store.write() as tx:
        return text, await tx.tickets.add(ticket, fingerprint(text))


async def spend_nonce(core: Core, app: App, text: str) -> None:
    """Spends the nonce; refuses with TicketRefused when it is unknown, spent, expired or another App's."""
    async with core.store.write() as tx:
        ticket = await tx.tickets.take(Purpose.NONCE, fingerprint(text), core.clock())
    if ticket is None or ticket.app_id not in (None, app.id):
        raise TicketRefused


async def live_ticket(core: Core, it: Recognised) -> tuple[str, Ticket]:
    """A ticket that opens one live connection of this session."""
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(it.session.id))
    text = new_text(core, TokenKind.TICKET)
    now = core.clock()
    ticket = Ticket(
        TicketId(core.new_id()), it.app.id, Purpose.LIVE, now + LIVE_LIFETIME, it.session.user_id, it.session.id
    )
    async with core.store.write() as tx:
        await present(tx, it.session)
        return text, await tx.tickets.add(ticket, fingerprint(text))


async def for_mail(core: Core, user: User, purpose: Purpose, lifetime: timedelta, email: str) -> str:
    """The text of a ticket for the user, which remembers the address."""
    text = new_text(core, TokenKind.TICKET)
    until = core.clock() + lifetime
    ticket = Ticket(TicketId(core.new_id()), user.app_id, purpose, until, user.id, details={EMAIL: email})
    async with core.store.write() as tx:
        await tx.tickets.add(ticket, fingerprint(text))
    return text


async def redeem_live(core: Core, text: str, address: str) -> Recognised:
    """The session the ticket opens. Refuses with TicketRefused, or SessionEnded when it ended meanwhile."""
    await limits.take(core, limits.LIVE_TICKETS_PER_ADDRESS, address)
    if not is_well_formed(text, TokenKind.TICKET):
        raise TicketRefused
    now = core.clock()
    async with core.store.write() as tx:
        ticket = await tx.tickets.take(Purpose.LIVE, fingerprint(text), now)
        if ticket is None or ticket.app_id is None or ticket.session_id is None:
            raise TicketRefused
        app = await tx.apps.get(ticket.app_id)
        session = await tx.sessions.get(ticket.app_id, ticket.session_id)
        if app is None or session is None or not app.is_open:
            raise SessionEnded
        session, user = await present(tx, session)
    session = session.seen(ticket.expires_at - LIVE_LIFETIME)  # asking for the ticket was a use, written down or not
    session.check_live(now)
    await core.limiter.give_back(limits.LIVE_TICKETS_PER_ADDRESS, limits.party(address))
    return Recognised(session, app, user)


async def is_backed(tx: Reading, ticket: Ticket) -> bool:
    """Whether whoever it was made for is still in that session: a ticket is no way around a ban or a log-out."""
    if ticket.app_id is None or ticket.session_id is None or ticket.user_id is None:
        return False
    user = await tx.users.get(ticket.app_id, ticket.user_id)
    session = await tx.sessions.get(ticket.app_id, ticket.session_id)
    return user is not None and user.may_act and session is not None and session.ended_at is None
