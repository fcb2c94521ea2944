"""Mails over SMTP."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import structlog

from ..ports.crypto import Clock
from ..ports.mail import Mail, MailNotSent
from . import letters

ANSWERS_WITHIN: Final = 10.0  # seconds for each answer of the mail server
SENT_WITHIN: Final = 30.0  # seconds for the whole mail

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed over, and how far the way there is protected.

    ``smtps://`` is encrypted from the start (port 465), ``smtp://`` by STARTTLS (port 587), and a server that does not
    offer it gets no mail: ``?starttls=offered`` takes what the server has, ``?starttls=never`` does without. On this
    machine itself it is ``never`` unless the address says otherwise.
    """

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    is_encrypted: bool
    starttls: str

    @classmethod
    def at(cls, url: str) -> Self:
        """Raises ValueError, without the password in it, when the address cannot be understood."""
        parts = urlsplit(url)
        asked = parse_qs(parts.query, keep_blank_values=True)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("the mail server must be like smtp://user:password@host:587 or smtps://host")
        is_encrypted = parts.scheme == "smtps"
        default = "never" if is_encrypted or _is_here(parts.hostname) else "required"
        starttls = asked.pop("starttls", [default])[-1]
        if asked or starttls not in ("required", "offered", "never") or (is_encrypted and starttls != "never"):
            raise ValueError("the mail server's only option is starttls=required, offered or never, and for smtp: only")
        if parts.password is not None and not parts.username:
            raise ValueError("the mail server's password needs a user")
        return cls(
            parts.hostname,
            parts.port or (465 if is_encrypted else 587),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password or "") if parts.username else None,
            is_encrypted,
            starttls,
        )


class SmtpMailer:
    """A connection for each mail: there are few, and none that breaks is in the way of the next."""

    def __init__(
        self,
        url: str,
        sender: str,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        tls: ssl.SSLContext | None = None,
        answers_within: float = ANSWERS_WITHIN,
        sent_within: float = SENT_WITHIN,
    ) -> None:
        self._server = MailServer.at(url)
        self._sender = letters.sender(sender)
        self._clock = clock
        self._tls = tls
        self._answers_within = answers_within
        self._sent_within = sent_within

    async def send(self, mail: Mail) -> None:
        letter = letters.letter(mail, self._sender, self._clock())
        client = self._client()
        try:
            async with asyncio.timeout(self._sent_within):
                await client.connect()
                await client.send_message(letter)
        except (aiosmtplib.SMTPException, OSError, ValueError) as failure:
            why = type(failure).__name__
            code = getattr(failure, "code", None)
            log.warning("mail_not_sent", server=self._server.host, why=why, code=code)  # its words may hold the address
            raise MailNotSent(f"the mail server did not take it: {why}") from None
        else:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=1)
        finally:
            client.close()
        log.info("mail_sent", server=self._server.host)

    def _client(self) -> aiosmtplib.SMTP:
        it = self._server
        return aiosmtplib.SMTP(
            hostname=it.host,
            port=it.port,
            username=it.user,
            password=it.password,
            use_tls=it.is_encrypted,
            start_tls={"required": True, "never": False}.get(it.starttls),
            tls_context=self._tls,
            timeout=self._answers_within,
            local_hostname=self._sender.domain,  # asking the resolver for our own name may take long
        )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
