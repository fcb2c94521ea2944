"""One call of the API, as data: what to send, and how to read the answer. No I/O here.

A call is *repeatable* when sending it twice does no more than sending it once: it reads, or it carries an
Idempotency-Key (``is_keyed``), or a message's ``client_id``. Only those are sent again when no answer came.

    Call                          one request
    reading, keyed, sending       how they are made
    id_in, name_in                what is in a path
    one, items, page …            how answers are read
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from . import models
from .models import Page

T = TypeVar("T")
Json = Mapping[str, Any]

UPLOAD_TIMEOUT: Final = 300.0
"""Seconds: as long as the server waits for the largest file."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, to ``/acquaint/v1`` and the path."""

    method: str
    path: str
    read: Callable[[Any], T]
    body: Json | None = field(default=None, repr=False)
    query: Json = field(default_factory=dict)
    is_keyed: bool = False
    is_repeatable: bool = False
    content: bytes | None = field(default=None, repr=False)  # instead of a body: it is sent as it is
    answers_bytes: bool = False
    timeout: float | None = None  # seconds, where it is not the client's


def reading(path: str, read: Callable[[Any], T], **query: Any) -> Call[T]:
    """A question. Moments are sent in ISO 8601."""
    said = {name: it.isoformat() if isinstance(it, datetime) else it for name, it in given(query).items()}
    return Call("GET", path, read, query=said, is_repeatable=True)


def keyed(method: str, path: str, read: Callable[[Any], T], body: Json | None = None) -> Call[T]:
    """A change, under an Idempotency-Key: the server makes it once, however often it is sent."""
    return Call(method, path, read, body, is_keyed=True, is_repeatable=True)


def sending(path: str, content: bytes, read: Callable[[Any], T], **query: Any) -> Call[T]:
    """Bytes that are kept: not sent twice."""
    return Call("POST", path, read, content=content, query=given(query), timeout=UPLOAD_TIMEOUT)


def id_in(id: str) -> str:
    """An id in a path. What cannot be one would name another route."""
    if not id.isalnum():
        raise ValueError(f"{id!r} is not an id")
    return quote(id, safe="")


def name_in(name: str) -> str:
    """A Provider's name in a path."""
    return id_in(name.replace("-", "").replace("_", "")) and name


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def message(text: str, *, payload: Json | None, client_id: str | None, kind: str = "text") -> dict[str, Any]:
    """A message's body; its kind is only said when it is not the usual one."""
    said_kind = None if kind == "text" else kind
    return given({"text": text, "kind": said_kind, "payload": payload, "client_id": client_id})


def one(kind: type[T]) -> Callable[[Any], T]:
    return lambda it: models.read(kind, it)


def page(kind: type[T]) -> Callable[[Any], Page[T]]:
    return lambda it: models.read_page(kind, it)


def items(kind: type[T]) -> Callable[[Any], tuple[T, ...]]:
    return lambda it: models.read_page(kind, it).items


def nothing(it: Any) -> None:
    return None


def how_many(it: Any) -> int:
    return int(it["ended"])
