"""What is mailed to somebody, and how an App puts it.

MailKind     what a mail is about, and which values its text may name
MailText     a subject and a text, with values to be filled in
MailTexts    those of an App; of the other kinds ours
Written      a text with its values filled in, as text and as HTML

A text is plain, and values are data: neither is ever read as HTML, or as a template once more. Values are named as
the vendor's templates name them: ``#{app.title}``, ``#{user.email}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Any, Final

from .errors import Unacceptable
from .templates import Template, render

LONGEST_SUBJECT: Final = 200
LONGEST_TEXT: Final = 8_000

LINK: Final = "link"
RESET_TICKET: Final = "user.get_reset_password_token"  # ConnectyCube's name for it
CONFIRMATION_TICKET: Final = "user.confirmation_ticket"

_URL: Final = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")
_NAME: Final = re.compile(r" ?#\{\s*user\.full_name\s*\}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


class MailKind(StrEnum):
    PASSWORD_RESET = "password_reset"
    PASSWORD_CHANGED = "password_changed"
    ADDRESS_CHANGED = "address_changed"
    WELCOME = "welcome"
    EMAIL_CONFIRMATION = "email_confirmation"

    @property
    def values(self) -> frozenset[str]:
        """What its text may name. A subject names no link and no ticket: it is shown where the mail is not."""
        return _VALUES[self]


_ALWAYS: Final = frozenset({"app.title", "user.email"})
_VALUES: Final[Mapping[MailKind, frozenset[str]]] = {
    MailKind.PASSWORD_RESET: _ALWAYS | {"user.full_name", LINK, RESET_TICKET},
    MailKind.PASSWORD_CHANGED: _ALWAYS | {"user.full_name"},
    MailKind.ADDRESS_CHANGED: _ALWAYS,  # nothing of the user: the address may be somebody's who never heard of the App
    MailKind.WELCOME: _ALWAYS | {"user.full_name"},
    MailKind.EMAIL_CONFIRMATION: _ALWAYS | {"user.full_name", LINK, CONFIRMATION_TICKET},
}
_SECRET: Final = frozenset({LINK, RESET_TICKET, CONFIRMATION_TICKET})


@dataclass(frozen=True, slots=True)
class MailText:
    subject: str
    text: str

    def check(self, kind: MailKind, field: str) -> None:
        """Refuses with Unacceptable what could not be mailed, or would not help: a reset without its ticket."""
        for part, value, longest in (("subject", self.subject, LONGEST_SUBJECT), ("text", self.text, LONGEST_TEXT)):
            if not value.strip():
                raise Unacceptable(field, f"has a {part} that is blank")
            named = {".".join(it) for it in Template.of(value, field, longest=longest).paths}
            if unknown := named - kind.values:
                raise Unacceptable(field, f"names what this mail has no value for: {min(unknown)[:64]!r}")
            if part == "subject" and (named & _SECRET or _CONTROL.search(value)):
                raise Unacceptable(field, "has a subject with a ticket or more than one line in it")
            if part == "text" and LINK in kind.values and not named & _SECRET:
                raise Unacceptable(field, f"has a text without #{{{LINK}}}")


@dataclass(frozen=True, slots=True)
class Written:
    """One line of subject, and the text twice: as it is, and as HTML in which only addresses can be followed."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class MailTexts:
    own: tuple[tuple[MailKind, MailText], ...] = ()

    def __post_init__(self) -> None:
        for kind, text in self.own:
            text.check(kind, "mail_texts")

    def of(self, kind: MailKind) -> MailText:
        return dict(self.own).get(kind, OURS[kind])

    def written(self, kind: MailKind, values: Mapping[str, str]) -> Written:
        """With the values of this kind: ``app.title`` and so on."""
        it, data = self.of(kind), _nested(values)
        if not values.get("user.full_name"):  # "Hello," and not "Hello ,"
            it = MailText(_NAME.sub("", it.subject), _NAME.sub("", it.text))
        subject = render(Template.of(it.subject, "mail_texts", longest=LONGEST_SUBJECT), data) or ""
        text = render(Template.of(it.text, "mail_texts", longest=LONGEST_TEXT), data) or ""
        text = re.sub(r"\n{3,}", "\n\n", text.replace("\r\n", "\n")).strip() + "\n"
        return Written(_CONTROL.sub(" ", subject).strip(), text, _as_html(text))

    def as_data(self) -> dict[str, dict[str, str]]:
        return {kind.value: {"subject": it.subject, "text": it.text} for kind, it in self.own}

    @classmethod
    def read(cls, name: str, value: Any) -> MailTexts:
        """Of plain data, or the JSON text of it: ``{"welcome": {"subject": "…", "text": "…"}}``. Null is ours again."""
        if isinstance(value, str):
            try:
                value = json.loads(value or "{}")
            except (ValueError, RecursionError) as error:
                raise Unacceptable(name, "must be an object, or the JSON text of one") from error
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise Unacceptable(name, "must be an object, or the JSON text of one")
        own = []
        for key, it in value.items():
            if key not in set(MailKind):
                raise Unacceptable(name, f"must be of {', '.join(MailKind)}")
            if it is None:
                continue
            is_text = isinstance(it, Mapping) and set(it) == {"subject", "text"}
            if not is_text or not all(isinstance(part, str) for part in it.values()):
                raise Unacceptable(name, "must be objects with a subject and a text")
            own.append((MailKind(key), MailText(it["subject"], it["text"])))
        return cls(tuple(sorted(own)))


def _nested(values: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        inner = found
        for it in above:
            inner = inner.setdefault(it, {})
        inner[last] = value
    return found


def _as_html(text: str) -> str:
    paragraphs = [_linked(it).replace("\n", "<br>\n") for it in text.strip().split("\n\n")]
    return "".join(f"<p>{it}</p>\n" for it in paragraphs)


def _linked(text: str) -> str:
    parts, end = [], 0
    for found in _URL.finditer(text):
        url, shown = escape(found[0]), escape(re.split("[?#]", found[0])[0])
        parts += [escape(text[end : found.start()]), f'<a href="{url}" rel="noreferrer">{shown}</a>']
        end = found.end()
    return "".join([*parts, escape(text[end:])])


OURS: Final[Mapping[MailKind, MailText]] = {
    MailKind.PASSWORD_RESET: MailText(
        "#{app.title}: password reset",
        "Hello #{user.full_name},\n\n"
        "Somebody, probably you, asked for a new password for #{app.title}.\n\n"
        "Choose it here:\n#{link}\n\n"
        "The link works once, within an hour. Choosing a new password signs you out everywhere. If it was not you, "
        "there is nothing to do: without the link your password stays as it is.\n\n"
        "#{app.title}",
    ),
    MailKind.PASSWORD_CHANGED: MailText(
        "#{app.title}: your password was changed",
        "Hello #{user.full_name},\n\n"
        "The password that you sign in to #{app.title} with was changed.\n\n"
        "If it was you, there is nothing to do. If it was not, ask for a new password in the app at once: that signs "
        "everybody out.\n\n"
        "#{app.title}",
    ),
    MailKind.ADDRESS_CHANGED: MailText(
        "#{app.title}: your address",
        "Somebody who signs in to #{app.title} gave another e-mail address in place of this one.\n\n"
        "If it was you, there is nothing to do. If it was not, sign in and choose a new password.",
    ),
    MailKind.WELCOME: MailText(
        "Welcome to #{app.title}",
        "Hello #{user.full_name},\n\nYou can sign in to #{app.title} with #{user.email} from now on.\n\n#{app.title}",
    ),
    MailKind.EMAIL_CONFIRMATION: MailText(
        "#{app.title}: confirm your address",
        "Hello #{user.full_name},\n\n"
        "Somebody, probably you, gave this address to #{app.title}.\n\n"
        "Confirm here that it is yours, with the password that you chose:\n#{link}\n\n"
        "The link works once, within a day. If it was not you, there is nothing to do: without the link nobody signs "
        "in with this address.\n\n"
        "#{app.title}",
    ),
}
"""What is mailed where an App has no text of its own."""

OUR_TEXTS: Final = MailTexts()
