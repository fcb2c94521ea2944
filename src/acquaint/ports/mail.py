"""What the core asks of mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one address, as text and as HTML."""

    to: str
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hands the mail over for delivery; raises MailNotSent when nobody would take it."""
        ...


class MailNotSent(Exception):
    """The mail server could not be reached or refused the mail. Never shown to a stranger: it would tell who exists."""
