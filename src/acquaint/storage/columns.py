"""How values are written in columns: moments and durations as microseconds, plain data as JSON text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400_000_000
SECOND: Final = 1_000_000
_NOTHING: Final[Mapping[str, Any]] = {}
_json = msgspec.json.Encoder()


def of_moment(moment: datetime) -> int:
    """Microseconds since 1970 in UTC: every datetime is kept exactly, and compares in SQL as it does in Python."""
    return of_duration(moment - _EPOCH)


def moment(column: int) -> datetime:
    return _EPOCH + timedelta(microseconds=column)


def of_optional_moment(moment: datetime | None) -> int | None:
    return None if moment is None else of_moment(moment)


def optional_moment(column: int | None) -> datetime | None:
    return None if column is None else moment(column)


def of_duration(duration: timedelta) -> int:
    return duration.days * _DAY + duration.seconds * SECOND + duration.microseconds


def of_optional_duration(duration: timedelta | None) -> int | None:
    return None if duration is None else of_duration(duration)


def optional_duration(column: int | None) -> timedelta | None:
    return None if column is None else timedelta(microseconds=column)


def of_data(data: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON text, in the order given. Raises ValueError for what JSON cannot say, such as a lone surrogate."""
    return _json.encode(data).decode() if data else "{}" if isinstance(data, Mapping) else "[]"


def data(column: str) -> Any:
    return {} if column == "{}" else msgspec.json.decode(column)
