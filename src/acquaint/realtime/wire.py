"""The frames of the native live protocol, as docs/live.md describes them. A message looks as it does over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ..domain.apps import App
from ..domain.conversations import Message
from ..domain.events import EventKind
from ..domain.sessions import Session
from ..services.history import News
from ..services.live import Typed

# What clients send


class Heard(Struct, tag_field="type", frozen=True, forbid_unknown_fields=True):
    """A frame of a client's."""


class Resume(Heard, tag="resume", frozen=True):
    after: str | None = None


class Typing(Heard, tag="typing", frozen=True):
    conversation: str
    on: bool


class Ping(Heard, tag="ping", frozen=True):
    pass


_reader: msgspec.json.Decoder[Resume | Typing | Ping] = msgspec.json.Decoder(Resume | Typing | Ping)
TYPES = frozenset({"resume", "typing", "ping"})


def read(text: str) -> Resume | Typing | Ping:
    """Raises msgspec.ValidationError for JSON of another shape, msgspec.DecodeError for what is not JSON."""
    return _reader.decode(text)


def type_of(text: str) -> object:
    """What a frame of another shape calls itself."""
    found = msgspec.json.decode(text)
    return found.get("type") if isinstance(found, dict) else None


# What we send


class _Said(Struct, tag_field="type"):
    pass


class _Ready(_Said, tag="ready"):
    session: str
    user: str | None
    server_time: str
    last_event: str


class _ReadyForApp(_Said, tag="ready"):
    app: str
    server_time: str
    last_event: str


class _Message(Struct):
    id: str
    conversation_id: str
    author: str
    sender_id: str | None
    text: str
    kind: str
    payload: dict[str, Any]
    extras: dict[str, Any]
    client_id: str | None
    created_at: str
    edited_at: str | None
    deleted_at: str | None


class _Event(_Said, tag="event"):
    id: str
    kind: str
    at: str
    conversation: str
    user: str | None
    message: _Message | UnsetType = UNSET
    message_id: str | UnsetType = UNSET  # where the message itself is not shown
    up_to: str | UnsetType = UNSET


class _Resumed(_Said, tag="resumed"):
    last_event: str


class _Gap(_Said, tag="gap"):
    last_event: str


class _Typing(_Said, tag="typing"):
    conversation: str
    user: str | None
    on: bool
    operator: str | UnsetType | None = UNSET  # where one of the App's people types


class _Pong(_Said, tag="pong"):
    server_time: str


class _Error(_Said, tag="error"):
    code: str
    message: str


class _Bye(_Said, tag="bye"):
    reason: str


Words = Callable[[News], str]
ErrorCode = Literal["unreadable", "unacceptable", "unknown_type", "already_resumed", "not_found", "busy"]

_MARKS = frozenset({EventKind.MESSAGES_READ, EventKind.MESSAGES_RECEIVED})

_encode = msgspec.json.Encoder().encode


def ready(session: Session, now: datetime, last_event: int) -> str:
    user = None if session.user_id is None else str(session.user_id)
    return _text(_Ready(str(session.id), user, _moment(now), str(last_event)))


def ready_for_app(app: App, now: datetime, last_event: int) -> str:
    return _text(_ReadyForApp(str(app.id), _moment(now), str(last_event)))


def event(news: News) -> str:
    """As everybody hears it but the sender."""
    return _event(news, shows_client_id=False)


def event_for_sender(news: News) -> str:
    """With the id that the sender gave the message, which only they and the App are shown."""
    return _event(news, shows_client_id=True)


def resumed(last_event: int) -> str:
    return _text(_Resumed(str(last_event)))


def gap(last_event: int) -> str:
    return _text(_Gap(str(last_event)))


def typing(it: Typed) -> str:
    if it.user_id is None:
        return _text(_Typing(str(it.conversation_id), None, it.on, it.operator))
    return _text(_Typing(str(it.conversation_id), str(it.user_id), it.on))


def pong(now: datetime) -> str:
    return _text(_Pong(_moment(now)))


def error(code: ErrorCode, message: str) -> str:
    return _text(_Error(code, message))


def bye(reason: str) -> str:
    return _text(_Bye(reason))


def _event(news: News, *, shows_client_id: bool) -> str:
    it = news.event
    return _text(
        _Event(
            str(it.id),
            it.kind.value,
            _moment(it.at),
            str(news.conversation.id),
            None if it.user_id is None else str(it.user_id),
            UNSET if news.message is None else _message(news.message, shows_client_id),
            UNSET if news.message is not None else it.details.get("message", UNSET),
            str(it.details.get("up_to", "")) if it.kind in _MARKS else UNSET,
        )
    )


def _message(it: Message, shows_client_id: bool) -> _Message:
    return _Message(
        str(it.id),
        str(it.conversation_id),
        it.author.value,
        None if it.sender_id is None else str(it.sender_id),
        it.text,
        it.kind,
        dict(it.payload),
        dict(it.extras),
        it.client_id if shows_client_id else None,
        _moment(it.created_at),
        None if it.edited_at is None else _moment(it.edited_at),
        None if it.deleted_at is None else _moment(it.deleted_at),
    )


def _moment(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds. Every moment of ours is in UTC already."""
    return at.isoformat(timespec="milliseconds")[:23] + "Z"


def _text(frame: _Said) -> str:
    return _encode(frame).decode()
