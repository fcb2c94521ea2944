"""Recorded requests and answers, as JSON files that a person can read and write.

    {"about": "The first login registers, and the second must match.",
     "policy": {"registers_on_login": true},                     what differs from a fresh App's
     "each": {"prefix": ["/api/v2/sdk", "/api/v2/mobile"]},      the story is told once for each value
     "story": [{"after": {"minutes": 11},                        how much later than what was before
                "request": {"method": "POST", "path": "<prefix>/login", "headers": {…}, "query": {…},
                            "json": {…}  or  "form": {…}  or  "body": "as it is"},
                "answer": {"status": 200, "headers": {"retry-after": "1", "etag": null},
                           "json": {…}  or  "text": "…"}}]}

What is new each time is written as a placeholder:

    <app.slug>          a value that is known: of the App (``known_of``), of ``each``, or learned from an answer before
    <now+600>           Unix seconds, 600 from now; only as a whole value
    <token:first>       in an answer, also inside a text: something of this kind (``KINDS``), learned as ``first``
    {"<signed>": {"claims": {…}, "header": {…}, "secret": "<app.signing_secret>"}}      a JWT, in a request
    {"<like>": "account", "username": "Ann"}    the object of that name in the folder's shapes.json, but for this

Everything else in an answer must be there exactly, and nothing more.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from acquaint.domain import ids
from acquaint.domain.tokens import TokenKind, is_well_formed
from acquaint.web.ids import read_hex, read_uuid
from tests.cast import Cast

FOLDER: Final = Path(__file__).parents[1] / "dialects"

SHAPES: Final = "shapes.json"

Signer = Callable[[Mapping[str, Any], str, Mapping[str, Any]], str]
"""Claims, secret and more header to a JWT."""


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "anything": lambda it: True,
    "text": lambda it: isinstance(it, str) and it != "",
    "id": lambda it: isinstance(it, int) and 0 < it <= ids.LARGEST,
    "digits": lambda it: isinstance(it, str) and it.isdecimal(),
    "hex24": lambda it: isinstance(it, str) and read_hex(it) is not None,
    "uuid": lambda it: isinstance(it, str) and read_uuid(it) is not None,
    "token": lambda it: isinstance(it, str) and is_well_formed(it, TokenKind.SESSION),
    "word40": lambda it: isinstance(it, str) and re.fullmatch(r"[A-Za-z0-9]{40}", it) is not None,
    "time": _is_time,
    "millis": lambda it: _is_time(it) and re.fullmatch(r".*T[0-9:]{8}\.[0-9]{3}Z", it) is not None,
    "jwt": lambda it: isinstance(it, str) and re.fullmatch(r"ey[\w-]+\.ey[\w-]+\.[\w-]{43}", it) is not None,
    "ticket": lambda it: isinstance(it, str) and is_well_formed(it, TokenKind.TICKET),
}

_PLACEHOLDER: Final = re.compile(r"<([a-z][a-z0-9_.]*)>")
_NOW: Final = re.compile(r"<now(?:([+-])([0-9]+))?>")
_KIND: Final = re.compile(rf"<({'|'.join(KINDS)})(?::([a-z][a-z0-9_]*))?>")


@dataclass(frozen=True)
class Example:
    """One story, with what is known before it begins."""

    path: Path
    content: Mapping[str, Any]
    chosen: Mapping[str, str]
    shapes: Mapping[str, Any]

    def __str__(self) -> str:
        return "-".join([f"{self.path.parents[1].name}/{self.path.stem}", *self.chosen.values()])

    @property
    def exchanges(self) -> list[Mapping[str, Any]]:
        return list(self.content["story"])


def examples(dialect: str = "*") -> Iterator[Example]:
    for path in sorted(FOLDER.glob(f"{dialect}/examples/*.json")):
        if path.name != SHAPES:
            content, shapes = json.loads(path.read_text()), path.with_name(SHAPES)
            each = content.get("each", {})
            for values in itertools.product(*each.values()):
                chosen = dict(zip(each, values, strict=True))
                yield Example(path, content, chosen, json.loads(shapes.read_text()) if shapes.exists() else {})


@dataclass(frozen=True)
class Teller:
    """Tells a story: fills in what is known, and learns from answers."""

    known: dict[str, Any]
    shapes: Mapping[str, Any]
    now: datetime
    sign: Signer

    def at(self, now: datetime) -> Teller:
        return replace(self, now=now)

    def fill(self, value: Any) -> Any:
        """The value with its placeholders replaced; one that is a whole text keeps its type."""
        match value:
            case {"<like>": shape, **but}:
                return self.fill({**self.shapes[shape], **but})
            case {"<signed>": signed}:
                whole = self.fill(signed)
                return self.sign(whole["claims"], whole["secret"], whole.get("header", {}))
            case Mapping():
                return {self.fill(key): self.fill(inner) for key, inner in value.items()}
            case list():
                return [self.fill(it) for it in value]
            case str():
                if found := _NOW.fullmatch(value):
                    return int(self.now.timestamp()) + int((found[1] or "+") + (found[2] or "0"))
                if found := _PLACEHOLDER.fullmatch(value):
                    return self._known(found[1])
                return _PLACEHOLDER.sub(lambda found: str(self._known(found[1])), value)
        return value

    def check(self, expected: Any, found: Any, at: str = "$") -> None:
        """Fails where the answer is not what the story says, and learns its names."""
        match expected:
            case str() if kind := _KIND.fullmatch(expected):
                assert KINDS[kind[1]](found), f"{at} is no {kind[1]}: {found!r}"
                if kind[2]:
                    assert self.known.setdefault(kind[2], found) == found, f"{at} is another {kind[2]}: {found!r}"
            case str() if _KIND.search(expected):
                self._check_inside(expected, found, at)
            case {"<like>": shape, **but}:
                self.check({**self.shapes[shape], **but}, found, at)
            case Mapping():
                assert isinstance(found, dict), f"{at} is no object: {found!r}"
                assert found.keys() == expected.keys(), (
                    f"{at} has other fields: {sorted(found.keys() ^ expected.keys())}"
                )
                for name, inner in expected.items():
                    self.check(inner, found[name], f"{at}.{name}")
            case list():
                assert isinstance(found, list), f"{at} is no list: {found!r}"
                assert len(found) == len(expected), f"{at} has {len(found)} items: {found!r}"
                for number, inner in enumerate(expected):
                    self.check(inner, found[number], f"{at}[{number}]")
            case _:
                wanted = self.fill(expected)
                assert type(found) is type(wanted), f"{at} is {found!r}, not {wanted!r}"
                assert found == wanted, f"{at} is {found!r}, not {wanted!r}"

    def _check_inside(self, expected: str, found: Any, at: str) -> None:
        """A text with kinds in it; each is as little of it as fits."""
        between = re.split(_KIND.pattern, expected)[::3]
        pattern = "(.+?)".join(re.escape(str(self.fill(it))) for it in between)
        match = re.fullmatch(pattern, found if isinstance(found, str) else "", re.DOTALL)
        assert match, f"{at} is {found!r}, not like {expected!r}"
        for kind, value in zip(_KIND.finditer(expected), match.groups(), strict=True):
            self.check(kind[0], value, at)

    def _known(self, name: str) -> Any:
        assert name in self.known, f"nothing is known by the name {name}"
        return self.known[name]


def known_of(acme: Cast, public_url: str) -> dict[str, Any]:
    """What a story may say of the App it is about."""
    app = acme.app
    return {
        "app.id": app.id,
        "app.slug": app.slug,
        "app.name": app.name,
        "app.auth_key": app.public_keys.auth_key,
        "app.auth_secret": app.auth_secret,
        "app.widget_token": app.public_keys.widget_token,
        "app.signing_secret": acme.new.signing_secret,
        "app.api_key": acme.new.api_key,
        "app.chat_key": acme.new.chat_key,
        "public_url": public_url,
    }
