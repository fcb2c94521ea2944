"""The Core: everything a use case needs from outside, in one hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from ..domain import ids
from ..domain.places import DeviceId
from ..domain.tokens import BASE62, RANDOM_BYTES, TokenKind, compose
from ..ports.bus import Bus
from ..ports.crypto import Chance, Clock, IdTokenReader, PasswordHasher, RequestSigner, Sealing, TokenSigner
from ..ports.files import FileShelf
from ..ports.formats import Formats
from ..ports.limits import Limiter
from ..ports.mail import Mailer
from ..ports.outbound import Outbound
from ..ports.pictures import Drawing
from ..ports.store import Store
from .known_apps import KnownApps
from .known_newest import KnownNewest
from .outside import Outside
from .recognition import RecognisedSessions


@dataclass(frozen=True)
class Core:
    store: Store
    hasher: PasswordHasher
    signer: TokenSigner
    id_tokens: IdTokenReader
    oauth1: RequestSigner
    sealing: Sealing
    clock: Clock
    chance: Chance
    limiter: Limiter
    bus: Bus
    mailer: Mailer
    outbound: Outbound
    outside: Outside
    files: FileShelf
    drawing: Drawing
    new_id: Callable[[], int]
    recognised: RecognisedSessions
    known_apps: KnownApps
    known_newest: KnownNewest
    formats: Formats  # how Apps are told what happened
    file_space: int | None  # MiB of files that any App may keep, whatever its Policy says; None: as many as come
    public_url: str  # where people reach this server, without a trailing slash; links in mails begin with it


class IdMaker:
    """Makes ids of one process: each larger than the one before, whatever the clock does."""

    def __init__(self, clock: Clock, chance: Chance) -> None:
        self._clock, self._chance = clock, chance
        self._last = 0

    def __call__(self) -> int:
        milliseconds = ids.milliseconds_at(self._clock())
        if milliseconds > self._last >> ids.LOW_BITS:
            low = int.from_bytes(self._chance(2), "big")  # where the millisecond begins: nodes rarely meet
            self._last = ids.compose(milliseconds, low)
        else:
            self._last += 1
        return self._last


def fingerprint(text: str) -> str:
    """What we keep of a bearer text: enough to recognise it, not enough to use it (SHA-256, hexadecimal)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()  # any text, one of ours or not


def new_text(core: Core, kind: TokenKind) -> str:
    """A fresh bearer text of 256 random bits."""
    return compose(kind, core.chance(RANDOM_BYTES))


def new_word(core: Core, length: int) -> str:
    """That many random letters and digits, for vendors whose texts have no prefix."""
    word = ""
    while len(word) < length:
        word += "".join(
            BASE62[byte] for byte in core.chance(length) if byte < 62
        )  # 62 and up are left out: no letter is likelier
    return word[:length]


def device_of(secret: str) -> DeviceId:
    """A device is named by what it alone knows, so naming one is proving it."""
    return DeviceId(fingerprint(secret))
