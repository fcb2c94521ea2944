"""What the bearer texts we hand out look like: ``prefix_body`` with the checksum at the body's end.

The alphabet is ``[A-Za-z0-9_]`` only: such a text survives URLs, MQTT topics (Qiscus' JavaScript
SDK routes them by ``\\w``), XMPP passwords and double clicks. The prefix tells people and secret
scanners what they found; the checksum refuses typing errors and invented texts before any look-up.
"""

from __future__ import annotations

import string
import zlib
from enum import StrEnum
from typing import Final

BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_BYTES: Final = 32  # 256 bits; ASVS 5.0, 7.2.3 asks for 128
BODY: Final = 43  # base-62 digits that 256 bits need
CHECKSUM: Final = 6  # base-62 digits that a CRC-32 needs


class TokenKind(StrEnum):
    """Kinds of bearer text, by prefix."""

    SESSION = "acqs"
    DEVICE = "acqd"
    TICKET = "acqt"
    API_KEY = "acqk"
    SIGNING_SECRET = "acqx"
    PUBLIC_KEY = "acqp"  # names an App in pages and client SDKs; no secret


def compose(kind: TokenKind, randomness: bytes) -> str:
    """The text for these 32 random bytes."""
    body = f"{kind}_{_base62(int.from_bytes(randomness, 'big'), BODY)}"
    return body + _checksum(body)


def is_well_formed(text: str, kind: TokenKind) -> bool:
    """Whether the text can be one of ours of this kind. Says nothing about whether it is alive."""
    if len(text) != len(kind) + 1 + BODY + CHECKSUM or not text.startswith(kind + "_") or not text.isascii():
        return False
    return _checksum(text[:-CHECKSUM]) == text[-CHECKSUM:]


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), CHECKSUM)


def _base62(number: int, width: int) -> str:
    """The number's last digits. Five of them are a small integer of Python's, and two at a time are looked up."""
    digits = ""
    while len(digits) < width:
        number, five = divmod(number, _FIVE_DIGITS)
        four = five % _FOUR_DIGITS
        digits = BASE62[five // _FOUR_DIGITS] + _PAIRS[four // _TWO_DIGITS] + _PAIRS[four % _TWO_DIGITS] + digits
    return digits[-width:]


_TWO_DIGITS: Final = 62**2
_FOUR_DIGITS: Final = 62**4
_FIVE_DIGITS: Final = 62**5
_PAIRS: Final = [one + other for one in BASE62 for other in BASE62]
