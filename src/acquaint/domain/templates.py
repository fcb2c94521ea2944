"""Templates of what an App's own identity provider is asked and answers: ``#{path}`` inside of a text.

Template    a text with paths in it, read once
render      the text with what the paths lead to; None where one leads nowhere
value_of    what a template that is one path leads to, as it is

A path is names and indexes: ``login``, ``user.id``, ``users[0].uid``, ``users.0.uid``. What it leads to is data: it
is never read as a template itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .errors import Unacceptable

LONGEST_TEMPLATE: Final = 2048
DEEPEST_PATH: Final = 16
LONGEST_STEP: Final = 128
MOST_PATHS: Final = 16  # in one template

_HOLE: Final = re.compile(r"#\{([^{}]*)\}")
_STEP: Final = re.compile(r"[^.\[\]{}#\s]+")
_PATH: Final = re.compile(r"(?:[^.\[\]{}#\s]+|\[[0-9]{1,4}\])(?:\.[^.\[\]{}#\s]+|\[[0-9]{1,4}\])*")

Path = tuple[str, ...]
NOWHERE: Final = object()
"""Where a path leads that leads nowhere: JSON's null is something else, though rarely."""


@dataclass(frozen=True, slots=True)
class Template:
    """Texts, and between each two of them a path: always one text more than paths."""

    texts: tuple[str, ...]
    paths: tuple[Path, ...]

    @classmethod
    def of(cls, text: str, field: str, *, longest: int = LONGEST_TEMPLATE) -> Template:
        """Refuses with Unacceptable, naming the field."""
        if len(text) > longest:
            raise Unacceptable(field, f"is longer than {longest} characters")
        texts, paths, end = [], [], 0
        for hole in _HOLE.finditer(text):
            texts.append(text[end : hole.start()])
            paths.append(_path(hole[1].strip(), field))
            end = hole.end()
        texts.append(text[end:])
        if any("#{" in it for it in texts):
            raise Unacceptable(field, "has a #{ without a path and a } after it")
        if len(paths) > MOST_PATHS:
            raise Unacceptable(field, f"has more than {MOST_PATHS} paths")
        return cls(tuple(texts), tuple(paths))


def _path(text: str, field: str) -> Path:
    if not _PATH.fullmatch(text):
        raise Unacceptable(field, f"has a path that cannot be read: {text[:64]!r}")
    steps = tuple(_STEP.findall(text))
    if len(steps) > DEEPEST_PATH or any(len(it) > LONGEST_STEP for it in steps):
        raise Unacceptable(field, f"has a path that is too long: {text[:64]!r}")
    return steps


def render(template: Template, data: Any) -> str | None:
    """The text; None where a path leads nowhere, or to null. Objects and lists are rendered as JSON."""
    pieces = [template.texts[0]]
    for path, text in zip(template.paths, template.texts[1:], strict=True):
        found = _text(_follow(path, data))
        if found is None:
            return None
        pieces += [found, text]
    return "".join(pieces)


def value_of(template: Template, data: Any) -> Any:
    """What the path leads to, as it is, if the template is one path and nothing else; otherwise ``render``."""
    if template.texts == ("", "") and len(template.paths) == 1:
        found = _follow(template.paths[0], data)
        return None if found is NOWHERE else found
    return render(template, data)


def _follow(path: Path, data: Any) -> Any:
    for step in path:
        if isinstance(data, Mapping):
            if step not in data:
                return NOWHERE
            data = data[step]
        elif isinstance(data, list) and re.fullmatch(r"[0-9]{1,4}", step) and int(step) < len(data):
            data = data[int(step)]
        else:
            return NOWHERE
    return data


def _text(value: Any) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case Mapping() | list():
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return None
