"""A Mail as the letter that travels: what SmtpMailer sends and OutboxMailer keeps."""

from __future__ import annotations

import email.errors
import email.policy
import email.utils
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final

import idna

from ..ports.mail import Mail, MailNotSent

# Seven bits and short lines pass everywhere.
_POLICY: Final = email.policy.SMTP.clone(cte_type="7bit")
_POLICY_UTF8: Final = email.policy.SMTPUTF8.clone(cte_type="7bit")


def letter(mail: Mail, sender: Address, now: datetime) -> EmailMessage:
    """To one address and no other, whatever is written in the mail; raises MailNotSent when it is no address."""
    to = recipient(mail.to)
    made = EmailMessage(_POLICY if to.addr_spec.isascii() else _POLICY_UTF8)
    made["From"] = sender
    made["To"] = to
    made["Subject"] = _one_line(mail.subject)
    made["Date"] = email.utils.format_datetime(now)
    made["Message-ID"] = email.utils.make_msgid(domain=sender.domain)
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office programs do not answer it
    try:
        made.set_content(mail.text)
        made.add_alternative(mail.html, subtype="html")
    except UnicodeEncodeError:
        raise MailNotSent("the mail holds half characters") from None
    return made


def recipient(address: str) -> Address:
    """The address with its domain in ASCII; raises MailNotSent for what is not exactly one address."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or any(it.isspace() or not it.isprintable() or it in '<>(),;:"\\[]' for it in address):
        raise MailNotSent("the recipient is not an address")
    try:
        plain = domain if domain.isascii() else idna.encode(domain).decode()
        return Address(username=local, domain=plain)
    except (ValueError, IndexError, email.errors.MessageError):
        raise MailNotSent("the recipient is not an address") from None


def sender(text: str) -> Address:
    """The sender an operator wrote down, such as ``Acme <chat@example.com>``; raises ValueError when it is none."""
    header = email.policy.SMTP.header_factory("From", _one_line(text))
    addresses: tuple[Address, ...] = header.addresses
    if len(addresses) != 1 or header.defects or not addresses[0].domain:
        raise ValueError("the sender of mails must be like Acme <chat@example.com>")
    return addresses[0]


def _one_line(text: str) -> str:
    """Nothing that could end a header and begin another."""
    return " ".join("".join(it if it.isprintable() else " " for it in text).split())
