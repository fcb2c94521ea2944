"""An App: one tenant. Its Policy says what it allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NewType
from urllib.parse import urlsplit

from .errors import Unacceptable
from .mails import OUR_TEXTS, MailTexts

AppId = NewType("AppId", int)
EVERY_ORIGIN: Final = "*"
MOST_FILE_SPACE: Final = 100_000_000  # MiB
EVENTS_KEPT_AT_LEAST: Final = timedelta(days=30)
"""By every App. Longer than deliveries to webhooks are kept, which are made of Events; and whoever was away for less is
told everything they missed. Against intruders, too, who would have an App forget what they did."""
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Enforcement(StrEnum):
    """What becomes of people nobody verified who begin a conversation, say something or keep a file."""

    OFF = "off"  # nothing: they may
    REPORT = "report"  # they may, and it is counted
    ENFORCE = "enforce"  # they may not, and it is counted


class WorkspaceSecrecy(StrEnum):
    """When a workspace that an unverified page names also names the device, together with the address it claims.

    For vendors whose pages send one text that is either (OpenCX' external_id).
    """

    NEVER = "never"  # workspaces are known to others: say so where they are random UUIDs
    RANDOM = "random"  # a random UUID that nobody else has said: no other browser knows it
    ALWAYS = "always"  # whoever knows it and claims the same address is the same: convenient, and no proof


@dataclass(frozen=True, slots=True)
class Policy:
    """What an App allows.

    Lifetimes that are ``None`` leave the choice to the dialect somebody comes in through: each has the lifetime
    its vendor documents.
    """

    registers_on_login: bool = (
        True  # an unknown login and a password make a user; switch off where your server makes them
    )
    registers_on_token: bool = True  # a token or your own server names an unknown user: make them
    adopts_on_sign_in: bool = True  # what the device said anonymously becomes the history of who signs in on it
    allows_guests: bool = True
    token_max_age: timedelta = timedelta(minutes=15)  # a signed token's iat, either way (Kustomer: 15 minutes)
    token_max_future: timedelta | None = None  # how far that may be ahead of our clock; None: as far as behind it
    token_requires_typ: bool = True  # a signed token's header says typ JWT (Kustomer documents it as required)
    session_idle: timedelta | None = None  # a session ends this long after its last use
    session_at_most: timedelta | None = None  # a session ends this long after it was opened
    token_lifetime: timedelta | None = None  # a session's token is renewed this often, where its dialect can (Qiscus)
    sessions_per_user: int = 200  # live at once; of more, the one that was longest unused ends
    password_min_length: int | None = None  # None: what the dialect's vendor asks
    ends_sessions_on_password_change: bool = True  # all but the one that changed it
    allows_sign_up: bool = True  # whoever asks for it in so many words may become a user with a password of their own
    resets_passwords_by_mail: bool = True  # a ticket for a new password is mailed to who forgot theirs
    requires_confirmed_emails: bool = False  # who registers with an address is let in once they confirmed it by mail
    tells_of_new_passwords: bool = True  # users are mailed that their password was changed (OWASP ASVS 6.3.7)
    sends_welcome_mails: bool = False  # whom your server makes with an e-mail address is mailed that they are welcome
    mail_texts: MailTexts = OUR_TEXTS  # how the App puts what is mailed
    chat_key_max_age: timedelta | None = None  # chat keys older than this are due for new ones; None: never
    server_requests_per_minute: int = 300  # of the App's own servers, all its keys together (Kustomer: 300 to 2000)
    lists_users: bool = True  # users may go through the App's users; where not, they find whom they can name
    strict_user_queries: bool = False  # a query by a span of time alone is refused (ConnectyCube's documented rule)
    shows_online_users: bool = False  # users may ask who is online
    shows_emails_and_phones: bool = True  # users see each other's addresses and phone numbers (ConnectyCube does so)
    keeps_messages_of_deleted_users: bool = False  # False: their words are erased with them
    unverified_users_kept: timedelta | None = None  # those who left nothing and stayed away; None: for ever
    audit_events_kept: timedelta | None = timedelta(
        days=400
    )  # a year, and time to look at it (PCI DSS: a year at least)
    live_events_kept: timedelta | None = timedelta(days=90)  # of conversations; the messages themselves stay
    file_space: int | None = None  # MiB of files that are kept in all; None: as many as come
    enforcement: Enforcement = Enforcement.OFF  # whether only the verified may begin conversations, talk, keep files
    workspace_names_device: WorkspaceSecrecy = WorkspaceSecrecy.RANDOM  # where a page has one text for both (OpenCX)
    allowed_origins: tuple[str, ...] = (EVERY_ORIGIN,)  # pages that may call from a browser; "*" is every page

    def __post_init__(self) -> None:
        _between("token_max_age", self.token_max_age, timedelta(seconds=1), timedelta(days=1))
        if self.token_max_future is not None:
            _between("token_max_future", self.token_max_future, timedelta(seconds=1), timedelta(days=1))
        for name in ("session_idle", "session_at_most", "chat_key_max_age"):
            lifetime = getattr(self, name)
            if lifetime is not None:
                _between(name, lifetime, timedelta(seconds=1), timedelta(days=3650))
        if self.token_lifetime is not None:  # a timer of browsers counts no further: beyond it Qiscus' SDK never stops
            _between("token_lifetime", self.token_lifetime, timedelta(seconds=1), timedelta(days=24))
        if self.unverified_users_kept is not None:
            _between("unverified_users_kept", self.unverified_users_kept, timedelta(days=1), timedelta(days=3650))
        for name in ("audit_events_kept", "live_events_kept"):
            kept = getattr(self, name)
            if kept is not None:
                _between(name, kept, EVENTS_KEPT_AT_LEAST, timedelta(days=3650))
        if self.file_space is not None and not 1 <= self.file_space <= MOST_FILE_SPACE:
            raise Unacceptable("file_space", f"must be from 1 to {MOST_FILE_SPACE} MiB")
        if not 1 <= self.sessions_per_user <= 10_000:
            raise Unacceptable("sessions_per_user", "must be from 1 to 10000")
        if self.password_min_length is not None and not 1 <= self.password_min_length <= 256:
            raise Unacceptable("password_min_length", "must be from 1 to 256")
        if not 1 <= self.server_requests_per_minute <= 100_000:
            raise Unacceptable("server_requests_per_minute", "must be from 1 to 100000")
        for origin in self.allowed_origins:
            if origin != EVERY_ORIGIN and not _is_origin(origin):
                raise Unacceptable(
                    "allowed_origins", f"names {origin!r}, which is not an origin such as https://example.com"
                )

    def allows_origin(self, origin: str) -> bool:
        """Whether a browser page of this origin may call. Exact comparison: a subdomain is another origin."""
        return EVERY_ORIGIN in self.allowed_origins or origin in self.allowed_origins

    def changed(self, values: Mapping[str, Any]) -> Policy:
        """The policy with these values, given as plain data; refuses unknown names and values of a wrong kind.

        Durations are numbers of seconds or texts such as ``90s``, ``15m``, ``2h``, ``30d``; texts ``true`` and
        ``false``, numbers and comma lists are read as a command line would give them.
        """
        known = {it.name: it.type for it in fields(self)}
        changes: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise Unacceptable(name, "is not a rule of the Policy")
            changes[name] = _READERS[str(known[name])](name, value)
        return replace(self, **changes)

    def as_data(self) -> dict[str, Any]:
        """Plain data that ``Policy().changed`` reads back: durations in seconds, lists for tuples."""
        return {it.name: _plain(getattr(self, it.name)) for it in fields(self)}


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """Texts that name the App in pages and client SDKs. Public: whoever can see the page knows them."""

    auth_key: str  # ConnectyCube's auth key
    widget_token: str  # OpenCX' widget token


@dataclass(frozen=True, slots=True)
class App:
    id: AppId
    slug: str  # Qiscus' App ID, Kustomer's org name
    name: str
    public_keys: PublicKeys
    auth_secret: str  # ConnectyCube's signature secret of old SDKs; empty where it cannot be opened
    created_at: datetime
    policy: Policy = field(default_factory=Policy)
    closed_at: datetime | None = None

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.slug):
            raise Unacceptable("slug", "must be 1 to 63 of a-z, 0-9 and -, and not begin or end with -")
        if not self.name.strip() or len(self.name) > 100:
            raise Unacceptable("name", "must have 1 to 100 characters")

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def slug_of(name: str) -> str:
    """A slug made from a name, or ``app`` when nothing of it can stay."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].strip("-") or "app"


def _between(name: str, value: timedelta, least: timedelta, most: timedelta) -> None:
    if not least <= value <= most:
        raise Unacceptable(name, f"must be from {int(least.total_seconds())} to {int(most.total_seconds())} seconds")


def _is_origin(text: str) -> bool:
    """Whether a browser can say this as a page's origin. There are no patterns, and all letters are small."""
    try:
        parts = urlsplit(text)
        is_spelled_out = text == f"{parts.scheme}://{parts.netloc}".lower()
        return bool(parts.hostname) and is_spelled_out and not {"@", "*"} & set(parts.netloc)
    except ValueError:
        return False


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _read_bool(name: str, value: Any) -> bool:
    match value:
        case bool():
            return value
        case "true" | "false":
            return bool(value == "true")
    raise Unacceptable(name, "must be true or false")


def _read_duration(name: str, value: Any) -> timedelta:
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,9})([smhd]?)", value)):
        value = int(match[1]) * _UNITS[match[2] or "s"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e10:
        raise Unacceptable(name, "must be a number of seconds, or a text such as 90s, 15m, 2h, 30d")
    return timedelta(seconds=value)


def _read_optional_duration(name: str, value: Any) -> timedelta | None:
    return None if value in (None, "none", "") else _read_duration(name, value)


def _read_optional_int(name: str, value: Any) -> int | None:
    if value in (None, "none", ""):
        return None
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unacceptable(name, "must be a whole number")
    return value


def _read_int(name: str, value: Any) -> int:
    found = _read_optional_int(name, value)
    if found is None:
        raise Unacceptable(name, "must be a whole number")
    return found


def _read_texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [it.strip() for it in value.split(",") if it.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(it, str) for it in value):
        raise Unacceptable(name, "must be a list of texts")
    return tuple(value)


def _read_choice(name: str, value: Any, choices: type[StrEnum]) -> StrEnum:
    if not isinstance(value, str) or value not in set(choices):
        raise Unacceptable(name, f"must be one of {', '.join(choices)}")
    return choices(value)


_READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "bool": _read_bool,
    "timedelta": _read_duration,
    "timedelta | None": _read_optional_duration,
    "int": _read_int,
    "int | None": _read_optional_int,
    "tuple[str, ...]": _read_texts,
    "MailTexts": MailTexts.read,
    "Enforcement": lambda name, value: _read_choice(name, value, Enforcement),
    "WorkspaceSecrecy": lambda name, value: _read_choice(name, value, WorkspaceSecrecy),
}


def _plain(value: Any) -> Any:
    match value:
        case timedelta():
            seconds = value.total_seconds()
            return int(seconds) if seconds == int(seconds) else seconds
        case tuple():
            return list(value)
        case StrEnum():
            return value.value
        case MailTexts():
            return value.as_data()
    return value
