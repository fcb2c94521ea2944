"""Mails as files, where there is no mail server yet: for trying out, and for whoever delivers them otherwise."""

from __future__ import annotations

import os
import secrets
import tempfile
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import anyio.to_thread
import structlog

from ..ports.crypto import Clock
from ..ports.mail import Mail, MailNotSent
from . import letters

NOBODY: Final = "Acquaint <acquaint@localhost>"

log = structlog.get_logger()


class OutboxMailer:
    """One ``.eml`` file for each mail, whole from the moment it has its name; sorted by name they are in order."""

    def __init__(self, folder: Path, sender: str = NOBODY, *, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._folder = folder
        self._sender = letters.sender(sender)
        self._clock = clock

    async def send(self, mail: Mail) -> None:
        now = self._clock()
        letter = letters.letter(mail, self._sender, now)
        path = self._folder / f"{now:%Y%m%dT%H%M%S.%f}Z_{secrets.token_hex(4)}.eml"
        try:
            await anyio.to_thread.run_sync(_keep, letter, path)
        except OSError as failure:
            log.warning("mail_not_kept", path=str(path), why=repr(failure))
            raise MailNotSent("the outbox could not be written") from None
        log.info("mail_kept", path=str(path))


def _keep(letter: EmailMessage, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
        try:
            file.write(letter.as_bytes())
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
