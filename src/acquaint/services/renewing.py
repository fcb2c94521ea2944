"""Renewing the token of a session, where the App's Policy lets tokens expire and the dialect can renew them.

first     the ticket that a session's first token is renewed by
renew     the next token, and the ticket for the one after it
expire    the token opens nothing any more, and can be renewed

A session keeps its id, its device and its place in lists: only the text changes that it goes by. A ticket that was
spent a moment ago is answered with the same two texts again, since clients ask twice at once; spent longer ago it is in
two hands, and the session ends. Of neither text anything but fingerprints is kept, so they are made of the ticket that
was presented, which only its holder knows, and of chance that is kept beside it, which they do not.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ..domain.apps import App
from ..domain.errors import SessionEnded, TicketRefused
from ..domain.events import EventKind
from ..domain.sessions import Session
from ..domain.tickets import Purpose, Ticket, TicketId
from ..domain.tokens import RANDOM_BYTES, TokenKind, compose, is_well_formed
from ..domain.users import User, UserId
from ..ports.store import Recognised, Transaction
from . import limits
from .core import Core, fingerprint, new_text
from .sessions import end_in, note

AGAIN_WITHIN: Final = timedelta(seconds=60)
"""How long a spent ticket is answered again. Qiscus' SDK refreshes twice at once, and networks lose answers; longer
would give a thief as long."""

UNUSED_FOR: Final = timedelta(days=90)
"""How long after its last use a session can be renewed, where neither Policy nor dialect says."""

_LONGEST: Final = timedelta(days=3650)  # of a ticket: it goes with its session, which ends by rules of its own
_CHANCE: Final = "chance"


@dataclass(frozen=True, slots=True)
class Renewed:
    """A session after its token was replaced: by which text it goes now, and which ticket renews that."""

    user: User
    session: Session
    token: str
    ticket: str


async def first(core: Core, tx: Transaction, session: Session) -> str:
    """The ticket for a session that is being opened."""
    text = new_text(core, TokenKind.TICKET)
    await _add(core, tx, session, text)
    return text


async def renew(core: Core, app: App, text: str, *, address: str, of: UserId | None = None) -> Renewed:
    """Refuses with TicketRefused, whatever is wrong; with ``of``, also where the session is not that user's."""
    await limits.take(core, limits.RENEWALS_PER_ADDRESS, address)
    if not is_well_formed(text, TokenKind.TICKET):
        raise TicketRefused
    async with core.store.read() as tx:
        ticket = await tx.tickets.known(Purpose.RENEWAL, fingerprint(text))
    if ticket is None:
        raise TicketRefused
    await core.limiter.take(limits.RENEWALS_PER_SESSION, str(ticket.session_id))
    async with core.store.write() as tx:
        ticket = await tx.tickets.take(Purpose.RENEWAL, fingerprint(text), core.clock())
        is_again = ticket is None
        ticket = ticket or await tx.tickets.known(Purpose.RENEWAL, fingerprint(text))
        session, user = await _of_ticket(core, tx, app, ticket, of)
        if ticket is None or session is None or user is None:
            raise TicketRefused
        token, next_text = _made_of(text, str(ticket.details[_CHANCE]))
        if not is_again:
            session = await _replace_token(core, tx, app, session, token)
            await _add(core, tx, session, next_text)
        elif ticket.used_at is None or core.clock() - ticket.used_at > AGAIN_WITHIN:
            await end_in(core, tx, [session], why="renewed_twice")
            user = None
    if user is None:
        raise TicketRefused
    await core.limiter.give_back(limits.RENEWALS_PER_ADDRESS, limits.party(address))
    return Renewed(user, session, token, next_text)


async def expire(core: Core, it: Recognised) -> None:
    """The token opens nothing any more. The session goes on for who renews it; one that nobody can renew ends."""
    async with core.store.write() as tx:
        session = await tx.sessions.get(it.app.id, it.session.id)
        if session is None or session.ended_at is not None:
            raise SessionEnded
        if session.token_expires_at is None:
            await end_in(core, tx, [session], why="expired")
            return
        await tx.sessions.expire_token(session.id, core.clock())
        await note(core, tx, EventKind.SESSION_RENEWED, it.app.id, user_id=session.user_id, session_id=session.id)


async def _of_ticket(
    core: Core, tx: Transaction, app: App, ticket: Ticket | None, of: UserId | None
) -> tuple[Session | None, User | None]:
    """The session that the ticket renews and who is in it, if both may go on."""
    if ticket is None or ticket.app_id != app.id or ticket.session_id is None or not app.is_open:
        return None, None
    session = await tx.sessions.get(app.id, ticket.session_id)
    if session is None or session.user_id is None or of not in (None, session.user_id):
        return None, None
    try:
        core.recognised.used(session).check_renewable(core.clock())
    except SessionEnded:
        return None, None
    user = await tx.users.get(app.id, session.user_id)
    return session, user if user is not None and user.may_act else None


async def _replace_token(core: Core, tx: Transaction, app: App, session: Session, token: str) -> Session:
    now = core.clock()
    lifetime = app.policy.token_lifetime  # None: tokens do not expire any more
    session = replace(session.seen(now), token_expires_at=None if lifetime is None else now + lifetime, renewed_at=now)
    await tx.sessions.renew(session, fingerprint(token))
    await note(core, tx, EventKind.SESSION_RENEWED, app.id, user_id=session.user_id, session_id=session.id)
    return session


async def _add(core: Core, tx: Transaction, session: Session, text: str) -> None:
    ticket = Ticket(
        TicketId(core.new_id()),
        session.app_id,
        Purpose.RENEWAL,
        core.clock() + _LONGEST,
        session.user_id,
        session.id,
        details={_CHANCE: core.chance(RANDOM_BYTES).hex()},
    )
    await tx.tickets.add(ticket, fingerprint(text))


def _made_of(text: str, chance: str) -> tuple[str, str]:
    """The token and the ticket that follow the ticket of this text: each time the same."""
    key = bytes.fromhex(chance) + text.encode()
    token, ticket = (hmac.digest(key, what.encode(), "sha256") for what in ("token", "ticket"))
    return compose(TokenKind.SESSION, token), compose(TokenKind.TICKET, ticket)
