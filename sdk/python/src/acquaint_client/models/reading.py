"""JSON, read into values and written from them; and the pages that lists come in."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Generic, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Part of a list. ``next`` is ``after`` of the following page; None at the end."""

    items: tuple[T, ...]
    next: str | None


def read(kind: type[T], value: Any) -> T:
    """The value that JSON means; raises ValueError for JSON of another shape."""
    return cast(T, _read(kind, value, kind.__name__))


def read_page(kind: type[T], value: Any) -> Page[T]:
    if not isinstance(value, dict):
        raise ValueError("a page must be an object")
    items = _read(tuple[kind, ...], value.get("items"), "items")  # type: ignore[valid-type]
    return Page(items=items, next=_read(str | None, value.get("next"), "next"))


def plain(it: Any) -> Any:
    """JSON that ``read`` reads."""
    return _plain(asdict(it))


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return {name: _plain(it) for name, it in value.items()}
        case list() | tuple():
            return [_plain(it) for it in value]
        case _:
            return value


def _read(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return _read(next(it for it in get_args(kind) if it is not NoneType), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list")
        return tuple(_read(get_args(kind)[0], it, where) for it in value)
    if is_dataclass(kind):
        return _read_fields(kind, value, where)
    if kind is datetime and isinstance(value, str):
        return datetime.fromisoformat(value)
    if kind is float and isinstance(value, int):
        return float(value)
    expected = str if origin is Literal else dict if origin is not None else kind  # words of later versions are read
    if not isinstance(value, expected):
        raise ValueError(f"{where} must be {expected.__name__}")
    return value


def _read_fields(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be an object")
    hints = _hints(kind)
    return kind(**{it.name: _read(hints[it.name], value.get(it.name), f"{where}.{it.name}") for it in fields(kind)})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
