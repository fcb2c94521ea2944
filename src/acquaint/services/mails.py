"""What is mailed to users, in their App's words (domain/mails.py).

written                   a mail of a kind, with its values filled in
tell_former_address       somebody gave another address than this one
tell_of_new_password      somebody's password was changed
welcome                   the App's server made somebody with an address

The last three never raise, and are run after the answer is given: nobody waits for a mail.
"""

from __future__ import annotations

import re
from typing import Final

import structlog

from ..domain.apps import App
from ..domain.errors import Busy, TooManyRequests
from ..domain.identities import IdentifierKind
from ..domain.limits import Limit
from ..domain.mails import MailKind
from ..domain.users import User
from ..ports.mail import Mail, MailNotSent
from . import limits
from .core import Core

LONGEST_GREETED: Final = 60
_PLAIN_NAME: Final = re.compile(r"(?:[^\W\d_]|[ '’-]|\.(?=\s|$))+")

log = structlog.get_logger()


def written(app: App, kind: MailKind, to: str, user: User | None = None, **more: str) -> Mail:
    """``more`` are values of the kind by their names, with ``__`` for a dot."""
    values = {"app.title": app.name, "user.email": to, "user.full_name": "" if user is None else greeted(user)}
    values |= {name.replace("__", "."): value for name, value in more.items()}
    it = app.policy.mail_texts.written(kind, {name: it for name, it in values.items() if name in kind.values})
    return Mail(to, it.subject, it.text, it.html)


def greeted(user: User) -> str:
    """The name, if it is one that a letter can begin with, or else nothing.

    Whoever registered with somebody's address chose it, and would have us mail them any text and any link.
    """
    name = (user.profile.name or "").strip()
    return name if len(name) <= LONGEST_GREETED and _PLAIN_NAME.fullmatch(name) else ""


async def tell_former_address(core: Core, app: App, email: str) -> None:
    """Tells an address that a user gave another one in its place, in case it was not them.

    Nothing of the user is said, and no more mails are sent than would be for a forgotten password: the address may be
    somebody's who never heard of the App.
    """
    await _send(core, app, written(app, MailKind.ADDRESS_CHANGED, email), limits.RECOVERIES_PER_EMAIL)


async def tell_of_new_password(core: Core, user: User, *, by_mail: bool = False) -> None:
    """Where the App's Policy ``tells_of_new_passwords``, at the address that the user proved.

    One they only claimed may be somebody else's, and is told nothing; unless it was ``by_mail`` to it that the password
    was changed: whoever reads there is the one to know.
    """
    to = user.known_as(IdentifierKind.EMAIL) or (user.profile.claimed.email if by_mail else None)
    if to is None:
        return
    try:
        async with core.store.read() as tx:
            app = await tx.apps.get(user.app_id)
    except Busy:
        log.warning("notice_not_mailed", app=user.app_id)
        return
    if app is not None and app.policy.tells_of_new_passwords:
        await _send(core, app, written(app, MailKind.PASSWORD_CHANGED, to, user))


async def welcome(core: Core, app: App, user: User) -> None:
    """Where the Policy ``sends_welcome_mails``, to who has an address that is proved."""
    to = user.known_as(IdentifierKind.EMAIL)
    if app.policy.sends_welcome_mails and to is not None:
        await _send(core, app, written(app, MailKind.WELCOME, to, user))


async def _send(core: Core, app: App, mail: Mail, limit: Limit = limits.NOTICES_PER_EMAIL) -> None:
    """Those to an address that is proved are counted apart: whoever asks for forgotten passwords cannot use them up."""
    try:
        await core.limiter.take(limit, f"{app.id}|{mail.to}")
        await core.mailer.send(mail)
    except TooManyRequests:
        log.info("notice_limited", app=app.id)
    except MailNotSent:
        log.warning("notice_not_mailed", app=app.id)
    except Exception:
        log.exception("notice_broke", app=app.id)
