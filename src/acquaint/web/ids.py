"""Ids on the wire. One core id, rendered reversibly as each vendor's clients expect it."""

from __future__ import annotations

import re
import uuid
from typing import Final

from ..domain import ids

_HEX24: Final = re.compile(r"[0-9a-f]{24}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGITS: Final = re.compile(r"[1-9][0-9]{0,15}")


def read_integer(text: str) -> int | None:
    """A positive integer below 2**53; None for anything else."""
    if not _DIGITS.fullmatch(text):
        return None
    id = int(text)
    return id if id <= ids.LARGEST else None


as_hex: Final = ids.as_hex


def read_hex(text: str) -> int | None:
    """The id that ``as_hex`` rendered so; None for anything else."""
    if not _HEX24.fullmatch(text) or text[8:10] != ids.HEX_MARK:
        return None
    id = int(text[10:], 16)
    return id if 0 < id <= ids.LARGEST and as_hex(id) == text else None


def as_uuid(id: int) -> str:
    """A UUID of version 8 (RFC 9562, section 5.8) that holds the id in its last 62 bits."""
    return str(uuid.UUID(int=(0x8 << 76) | (0x2 << 62) | id))


def read_uuid(text: str) -> int | None:
    """The id that ``as_uuid`` rendered so, in small letters or capitals; None for anything else."""
    if not _UUID.fullmatch(text):
        return None
    id = int(text[-17:].replace("-", ""), 16) & (2**62 - 1)
    return id if 0 < id <= ids.LARGEST and as_uuid(id) == text.lower() else None
