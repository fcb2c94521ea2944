"""Reading what ConnectyCube's clients send: the same parameters in the query, in a form or in JSON, on any method.

read          a request's parameters, of all three places together
parse_pairs   a form or a query string, with names such as ``user[login]`` and ``tags[]``
nested        a mapping whose names may be bracketed, as an object
Asked         parameters, read as what a route wants of them
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from ...domain.errors import Unacceptable, Unreadable, UnsupportedMedia
from ...web.reading import check_texts, media_type, parse_json, read_body

MOST_PAIRS: Final = 1_000
"""Pairs in a query or form. Against forms of a hundred thousand names."""
DEEPEST_NAME: Final = 5  # brackets in one name; the SDKs write at most two
MOST_TEXTS: Final = 1_000  # in one list

_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")
_NOTHING: Final = ("null", "undefined")  # what JavaScript writes into a query where there is no value


async def read(request: Request) -> Asked:
    """The parameters of the query and of the body; those of the body count first.

    Refuses with Unreadable, Unacceptable, TooLarge or UnsupportedMedia.
    """
    is_question = request.method in ("GET", "HEAD", "DELETE")
    found = parse_pairs(request.scope["query_string"], but=_NOTHING)
    return Asked(found | parse(await read_body(request), media_type(request), but=_NOTHING if is_question else ()))


def parse(body: bytes, media: str, *, but: Iterable[str] = ()) -> dict[str, Any]:
    """The parameters of a body. What it is said to be does not count where it looks like JSON: clients are careless."""
    text = body.strip()
    if not text:
        return {}
    if media == "application/json" or text.startswith(b"{"):
        return nested(parse_json(body, dict[str, Any]).items())
    if media in ("application/x-www-form-urlencoded", ""):
        return parse_pairs(text, but=but)
    raise UnsupportedMedia("The body must be application/json or application/x-www-form-urlencoded.")


def parse_pairs(raw: bytes, *, but: Iterable[str] = ()) -> dict[str, Any]:
    """Names and values; a name that is given more than once is a list. Values that are among ``but`` are left out."""
    pieces = [it for it in raw.split(b"&") if it]
    if len(pieces) > MOST_PAIRS:
        raise Unreadable(f"There are more than {MOST_PAIRS} parameters.")
    pairs = []
    for piece in pieces:
        name, _, value = piece.partition(b"=")
        pairs.append((_text(name), _text(value)))
    found = nested(pair for pair in pairs if pair[1] not in but)
    check_texts(found)
    return found


def nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """``user[login]`` is ``login`` in ``user``, ``tags[]`` a list; refuses what is given both as an object and not."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        _put(tree, _path(name), value)
    return tree


def _path(name: str) -> list[str]:
    match = _NAME.fullmatch(name)
    if match is None:
        return [name]
    inner = _BRACKETS.findall(match[2])
    if len(inner) > DEEPEST_NAME:
        raise Unacceptable(match[1][:100], "is nested too deeply")
    return [match[1], *inner]


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    is_list = len(path) > 1 and path[-1] == ""
    *above, last = path[:-1] if is_list else path
    for name in above:
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            raise Unacceptable(path[0][:100], "is given both as an object and not")
        tree = below
    if last not in tree:
        tree[last] = [value] if is_list else value
        return
    was = tree[last]
    if isinstance(was, dict) or isinstance(value, dict):
        raise Unacceptable(path[0][:100], "is given both as an object and not")
    tree[last] = [*(was if isinstance(was, list) else [was]), value]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, by name; unknown names are ignored. Each reading refuses with Unacceptable.

    A name that is given as JSON's null is there (``has``) and says nothing: that empties a field.
    """

    raw: Mapping[str, Any]

    def has(self, name: str) -> bool:
        """Whether the name is given, be it as null."""
        return name in self.raw

    def text(self, name: str) -> str | None:
        """A text; a number is one, too, since ids arrive as either. None where it is absent, null or empty."""
        return self.text_as_is(name) or None

    def text_as_is(self, name: str) -> str | None:
        """``text``, where an empty text differs from none."""
        value = self.raw.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise Unacceptable(name, "should be a text")

    def needed(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise Unacceptable(name, "cannot be blank")
        return value

    def number(self, name: str) -> int | None:
        """A whole number, also as a text. None where it is absent, null or empty."""
        text = self.text(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,16}", text.strip()):
            raise Unacceptable(name, "should be an integer")
        return int(text)

    def flag(self, name: str) -> bool:
        """Whether it is true; the vendor's clients write 1, "1", true or "true". False where it is absent or null."""
        value = self.raw.get(name)
        match value.strip().lower() if isinstance(value, str) else value:
            case None | False | 0 | "" | "0" | "false":
                return False
            case True | 1 | "1" | "true":
                return True
        raise Unacceptable(name, "should be true or false")

    def texts(self, name: str, *, at_most: int = MOST_TEXTS) -> list[str]:
        """A list of texts, or a text of them with commas; empty ones are left out. Empty where it is absent or null."""
        value = self.raw.get(name)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if len(items) > at_most:
            raise Unacceptable(name, f"has more than {at_most} values")
        texts = [Asked({name: it}).text(name) or "" for it in items]
        found = [part.strip() for it in texts for part in it.split(",") if part.strip()]
        if len(found) > at_most:
            raise Unacceptable(name, f"has more than {at_most} values")
        return found

    def within(self, name: str) -> Asked:
        """The object of this name; an empty one where it is absent or null."""
        value = self.raw.get(name)
        if value is None:
            return Asked({})
        if not isinstance(value, Mapping):
            raise Unacceptable(name, "should be an object")
        return Asked(value)


def _text(encoded: bytes) -> str:
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise Unreadable("The parameters are not UTF-8.") from error
