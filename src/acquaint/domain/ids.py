"""Ids: positive integers below 2**53 that sort by the time they were made.

The upper 41 bits are milliseconds since 2024-01-01 UTC (until 2093), the lower 12 bits tell
apart what was made within one millisecond. Below 2**53 because JavaScript, and with it every
vendor's SDK, reads numbers as doubles. An id never authorises anything.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
LOW_BITS = 12
LARGEST = 2**53 - 1
_EPOCH_SECOND = int(EPOCH.timestamp())
_MILLISECOND = timedelta(milliseconds=1)
HEX_MARK = "ac"  # makes every hex id hold a letter: SDKs take a text of digits for a number


def compose(milliseconds: int, low: int) -> int:
    """The id for that many milliseconds after EPOCH; ``low`` tells siblings apart."""
    return (milliseconds << LOW_BITS) | (low & ((1 << LOW_BITS) - 1))


def milliseconds_at(moment: datetime) -> int:
    """Whole milliseconds from EPOCH to the moment; zero for moments before it."""
    return max(0, (moment - EPOCH) // _MILLISECOND)


def created_at(id: int) -> datetime:
    """The millisecond in which the id was made."""
    return EPOCH + timedelta(milliseconds=id >> LOW_BITS)


def first_at(moment: datetime) -> int:
    """The smallest id that can have been made at the moment or later."""
    return compose(milliseconds_at(moment), 0)


def as_hex(id: int) -> str:
    """24 hex digits, the creation second (Unix) first, at least one letter among them: as MongoDB's ids look."""
    second = _EPOCH_SECOND + (id >> LOW_BITS) // 1000
    return f"{second:08x}{HEX_MARK}{id:014x}"
