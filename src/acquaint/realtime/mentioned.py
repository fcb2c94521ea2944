"""What nodes mention to each other over the Bus, in bytes. Whoever else is on the line can say anything: all is read.

write_remark, read_remark   something said in passing, sealed with what only nodes know
Seals                       the Apps' signing secrets, which are what they know
Roll                        who is connected to a node: a part of everybody, or what has changed
read                        which of these some bytes are, or None
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from ..domain.apps import AppId
from ..domain.conversations import ConversationId
from ..domain.sessions import SessionId
from ..domain.users import UserId
from ..ports.store import Reading
from ..services.asides import Remark, Typing
from ..services.live import Aside

BELIEVED_FOR: Final = timedelta(seconds=10)
"""Of when a remark was sealed. Against one that is played again; shorter would deafen nodes whose clocks differ."""

SEALS_BELIEVED_FOR: Final = timedelta(seconds=30)
MOST_SEALS: Final = 1_000  # Apps

LONGEST_NODE: Final = 32  # characters
MOST_IN_ROLL: Final = 300
"""Users in one message, which PostgreSQL can then tell in one piece."""

_LABEL: Final = b"acquaint: said in passing\0"


class Sealed(msgspec.Struct, tag="remark"):
    app: int
    seal: str
    said: msgspec.Raw


class Roll(msgspec.Struct, tag="roll", omit_defaults=True):
    """``people``: App, user and a ``whereabouts.State``, or None for who is not connected any more.

    ``begins`` and ``ends`` are around the parts of everybody; whoever was not in one of them is gone.
    """

    node: str
    people: list[tuple[int, int, int | None]] = []
    begins: bool = False
    ends: bool = False
    asks: bool = False  # the node wants to know who is connected to the others
    leaves: bool = False  # nobody is connected to it any more, and it says nothing again


class _Said(msgspec.Struct, omit_defaults=True):
    at: datetime
    session: int | None = None
    conversation: int | None = None
    user: int | None = None
    typing: bool | None = None
    operator: str | None = None
    protocol: str = ""
    words: msgspec.Raw = msgspec.Raw(b"null")


_reader: Final[msgspec.json.Decoder[Sealed | Roll]] = msgspec.json.Decoder(Sealed | Roll)
_said: Final = msgspec.json.Decoder(_Said)


def read(words: bytes) -> Sealed | Roll | None:
    """None for what nobody can read, and for a Roll of impossible size."""
    try:
        found = _reader.decode(words)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if isinstance(found, Roll) and not (0 < len(found.node) <= LONGEST_NODE and len(found.people) <= MOST_IN_ROLL):
        return None
    return found


def write(it: Roll) -> bytes:
    return msgspec.json.encode(it)


def write_remark(remark: Remark, key: bytes, now: datetime) -> bytes:
    said = _Said(now, remark.session_id, remark.conversation_id, remark.to_user)
    if isinstance(remark.said, Typing):
        said.typing, said.operator = remark.said.on, remark.said.operator
    else:
        said.protocol, said.words = remark.said.protocol, msgspec.Raw(msgspec.json.encode(remark.said.words))
    raw = msgspec.json.encode(said)
    return msgspec.json.encode(Sealed(remark.app_id, _seal(key, remark.app_id, raw), msgspec.Raw(raw)))


def read_remark(it: Sealed, keys: Sequence[bytes], now: datetime) -> Remark | None:
    """None for what no node sealed with one of the keys just now."""
    raw, seal = bytes(it.said), it.seal.encode()
    if not any(hmac.compare_digest(_seal(key, it.app, raw).encode(), seal) for key in keys):
        return None
    try:
        said = _said.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if said.at.tzinfo is None or abs(now - said.at) > BELIEVED_FOR:
        return None
    what: Typing | Aside = Aside(said.protocol, said.words)
    if said.typing is not None:
        what = Typing(said.typing, said.operator)
    return Remark(
        AppId(it.app),
        None if said.session is None else SessionId(said.session),
        None if said.conversation is None else ConversationId(said.conversation),
        what,
        to_user=None if said.user is None else UserId(said.user),
    )


class Seals:
    """Keys made of the Apps' signing secrets, which are in the database, and so known to nodes alone.

    The newest seals, and each that is believed opens.
    """

    def __init__(self) -> None:
        self._keys: dict[AppId, tuple[datetime, list[bytes]]] = {}

    async def of(self, tx: Reading, app_id: AppId, now: datetime) -> list[bytes]:
        """The newest last; remembered for a while."""
        found = self._keys.get(app_id)
        if found is not None and timedelta(0) <= now - found[0] <= SEALS_BELIEVED_FOR:
            return found[1]
        secrets = [it.text for it in await tx.keys.secrets_of(app_id) if it.verifies(now)]
        keys = [hmac.digest(text.encode(), _LABEL, hashlib.sha256) for text in secrets]
        if len(self._keys) >= MOST_SEALS:
            self._keys.clear()
        self._keys[app_id] = now, keys
        return keys

    def forget(self, app_id: AppId | None = None) -> None:
        """A secret came or went; without an App, nobody knows of which."""
        if app_id is None:
            self._keys.clear()
        else:
            self._keys.pop(app_id, None)


def _seal(key: bytes, app_id: int, raw: bytes) -> str:
    return hmac.new(key, b"%d\0" % app_id + raw, hashlib.sha256).hexdigest()
