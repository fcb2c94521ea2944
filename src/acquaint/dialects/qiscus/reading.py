"""Reading what Qiscus' clients send: the same parameters as JSON, as a form of either kind in three spellings, or in
the query.

read          a request's parameters
parse         a body of one content type
parse_pairs   a form or a query string
Asked         one request's parameters, read as what a route wants of them

A parameter that is empty or null is not given: that is how a form says null, from Node as ``extras=`` and from a
browser as a bare ``extras``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from ...domain.errors import Unacceptable, Unreadable, UnsupportedMedia
from ...web.multipart import read_fields
from ...web.reading import check_texts, media_type, parse_json, read_body

MOST_PAIRS: Final = 1_000
"""Pairs in a form. Against forms of a hundred thousand names; the SDK's largest have as many as a group has people."""

_LIST: Final = re.compile(rb"([^\[\]]+)(?:\[\])?\[([0-9]{0,6})\]")  # name[], name[3], and Node's name[][3]
_FIELD: Final = re.compile(rb"([^\[\]]+)\[([^\[\]]+)\]")  # name[key], as PHP's clients write objects


async def read(request: Request) -> Asked:
    """The parameters of a body and of the query. In a GET or DELETE those of the query count first, or else last."""
    media = media_type(request)
    if media == "multipart/form-data":
        found = _values((name.encode(), value) for name, value in await read_fields(request))
    else:
        found = parse(await read_body(request), media)
    query = parse_pairs(request.scope["query_string"])
    return Asked(found | query if request.method in ("GET", "HEAD", "DELETE") else query | found)


def parse(body: bytes, media: str) -> dict[str, Any]:
    """The parameters of a body. A body that says nothing about itself is JSON if it looks like an object."""
    if not body.strip():
        return {}
    if not media:
        media = "application/json" if body.lstrip().startswith(b"{") else "application/x-www-form-urlencoded"
    match media:
        case "application/json":
            return {name: value for name, value in parse_json(body, dict[str, Any]).items() if value not in ("", None)}
        case "application/x-www-form-urlencoded":
            return parse_pairs(body)
    raise UnsupportedMedia(
        "The body must be application/json, application/x-www-form-urlencoded or multipart/form-data."
    )


def parse_pairs(raw: bytes) -> dict[str, Any]:
    """Names and values of a form: texts, lists of texts, and objects of texts one level deep.

    A name that is given more than once is a list; the numbers in ``name[3]`` order it and mean nothing else.
    """
    pieces = [it for it in raw.split(b"&") if it]
    if len(pieces) > MOST_PAIRS:
        raise Unreadable(f"The form has more than {MOST_PAIRS} values.")
    split = (it.partition(b"=") for it in pieces)
    return _values((_plain(name), _text(_plain(value))) for name, _, value in split)


def _values(pairs: Iterable[tuple[bytes, str]]) -> dict[str, Any]:
    values: dict[str, list[tuple[int, str]]] = {}
    lists: set[str] = set()
    objects: dict[str, dict[str, str]] = {}
    for name, value in pairs:
        if not value:
            continue
        if found := _LIST.fullmatch(name):
            lists.add(_text(found[1]))
            values.setdefault(_text(found[1]), []).append((int(found[2] or 0), value))
        elif found := _FIELD.fullmatch(name):
            objects.setdefault(_text(found[1]), {})[_text(found[2])] = value
        else:
            values.setdefault(_text(name), []).append((0, value))
    both = objects.keys() & values.keys()
    if both:
        raise Unacceptable(min(both), "is given both as an object and not")
    texts = {
        name: [it for _, it in sorted(theirs, key=lambda numbered: numbered[0])] for name, theirs in values.items()
    }
    plain = {name: theirs if name in lists or len(theirs) > 1 else theirs[0] for name, theirs in texts.items()}
    check_texts(plain | objects)
    return plain | objects


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, by name; unknown names are ignored. Each reading refuses with Unacceptable.

    Several names are spellings of one parameter; the first that is given counts.
    """

    values: Mapping[str, Any]

    def text(self, *names: str) -> str | None:
        """A text; a whole number is one, too, since ids arrive as either."""
        name, value = self._first(names)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unacceptable(name, "must be a text")
        return str(value)

    def needed(self, *names: str) -> str:
        value = self.text(*names)
        if value is None:
            raise Unacceptable(names[0], "is required")
        return value

    def texts(self, *names: str, at_most: int) -> list[str]:
        """A list of texts; one alone is a list of one."""
        name, value = self._first(names)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if len(items) > at_most:
            raise Unacceptable(name, f"are more than {at_most}")
        return [text for it in items if (text := Asked({name: it} if it != "" else {}).text(name)) is not None]

    def object(self, name: str) -> dict[str, Any] | None:
        """An object, or the JSON text of one. An empty one is not given: the SDKs send it when they mean nothing."""
        value = self.values.get(name)
        if isinstance(value, str):
            try:
                value = parse_json(value.encode(), object)
            except Unreadable as error:
                raise Unacceptable(name, "must be an object, or the JSON text of one") from error
        if value is not None and not isinstance(value, dict):
            raise Unacceptable(name, "must be an object, or the JSON text of one")
        return value or None

    def flag(self, name: str) -> bool:
        """True or false, also as texts; false when it is not given."""
        value = self.values.get(name)
        match value.lower() if isinstance(value, str) else value:
            case None | False | "false" | "0" | 0:
                return False
            case True | "true" | "1" | 1:
                return True
        raise Unacceptable(name, "must be true or false")

    def number(self, name: str, usual: int, most: int) -> int:
        """A whole number from 1 to ``most``; a larger one counts as ``most``, as the vendor documents for ``limit``."""
        text = self.text(name)
        if text is None:
            return usual
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
            raise Unacceptable(name, "must be a whole number from 1")
        return min(int(text), most)

    def _first(self, names: tuple[str, ...]) -> tuple[str, Any]:
        return next(((name, self.values[name]) for name in names if name in self.values), (names[0], None))


def _plain(encoded: bytes) -> bytes:
    return unquote_to_bytes(encoded.replace(b"+", b" "))


def _text(plain: bytes) -> str:
    try:
        return plain.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("The form is not UTF-8.") from error
