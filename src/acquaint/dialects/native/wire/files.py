"""Files, tickets, password resets and confirmed addresses."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ....domain import files as domain
from .values import Email, Id, Moment, Name, Password, Sent, Shown, Slug, moment


class FileName(Sent):
    """What the file is called."""

    name: Annotated[Name, Meta(description="Its name, for who downloads it.")]


class File(Shown):
    """A file that was kept."""

    id: Id
    name: str
    content_type: Annotated[str, Meta(description="What its first bytes say, not what was sent.")]
    size: Annotated[int, Meta(description="Bytes.")]
    url: Annotated[str, Meta(description="Whoever knows it may read the file. It is shown this once.")]
    is_shown_inline: Annotated[bool, Meta(description="Whether a browser shows it in place, or downloads it.")]
    created_at: Moment


class LiveTicket(Shown):
    """What opens one live connection: ``wss://…{path}?ticket={ticket}``."""

    ticket: str
    path: str
    expires_at: Moment


class ResetAsked(Sent):
    """Somebody who forgot their password."""

    app: Slug
    email: Email


class ConfirmationAsked(Sent):
    """Somebody who has not confirmed their address."""

    app: Slug
    email: Email


class ConfirmationCompletion(Sent):
    """The ticket from the mail, and the password of who registered."""

    ticket: Annotated[str, Meta(min_length=1, max_length=255)]
    password: Password


class ResetCompletion(Sent):
    """A new password, and the ticket from the mail."""

    ticket: Annotated[str, Meta(min_length=1, max_length=255)]
    password: Password


def file(it: domain.File, url: str) -> File:
    return File(
        id=str(it.id),
        name=it.name,
        content_type=it.content_type,
        size=it.size,
        url=url,
        is_shown_inline=it.is_shown_inline,
        created_at=moment(it.created_at),
    )
