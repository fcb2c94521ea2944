"""What nodes mention to each other over the Bus, in bytes. The Bus sees to it that a node says it.

Spoken  something said in passing; ``spoken`` and ``remark_of`` are the ways from a Remark and to it
Roll    who is connected to a node: a part of everybody, or what has changed
read    which of these some bytes are, or None: nodes of other versions speak, too
"""

from __future__ import annotations

from typing import Final

import msgspec

from ..domain.apps import AppId
from ..domain.conversations import ConversationId
from ..domain.sessions import SessionId
from ..domain.users import UserId
from ..services.asides import Remark, Typing
from ..services.live import Aside

LONGEST_NODE: Final = 32  # characters
MOST_IN_ROLL: Final = 300
"""Users in one message, which PostgreSQL can then tell in one piece."""


class Spoken(msgspec.Struct, tag="remark", omit_defaults=True):
    """A ``Remark``; ``typing`` is of one that is typing, ``protocol`` and ``words`` of any other."""

    app: int
    session: int | None = None
    conversation: int | None = None
    user: int | None = None
    typing: bool | None = None
    operator: str | None = None
    protocol: str = ""
    words: msgspec.Raw = msgspec.Raw(b"null")


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


_reader: Final[msgspec.json.Decoder[Spoken | Roll]] = msgspec.json.Decoder(Spoken | Roll)


def read(words: bytes) -> Spoken | Roll | None:
    """None for what nobody can read, and for a Roll of impossible size."""
    try:
        found = _reader.decode(words)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if isinstance(found, Roll) and not (0 < len(found.node) <= LONGEST_NODE and len(found.people) <= MOST_IN_ROLL):
        return None
    return found


def write(it: Spoken | Roll) -> bytes:
    return msgspec.json.encode(it)


def spoken(remark: Remark) -> Spoken:
    it = Spoken(remark.app_id, remark.session_id, remark.conversation_id, remark.to_user)
    if isinstance(remark.said, Typing):
        it.typing, it.operator = remark.said.on, remark.said.operator
    else:
        it.protocol, it.words = remark.said.protocol, msgspec.Raw(msgspec.json.encode(remark.said.words))
    return it


def remark_of(it: Spoken) -> Remark:
    return Remark(
        AppId(it.app),
        None if it.session is None else SessionId(it.session),
        None if it.conversation is None else ConversationId(it.conversation),
        Aside(it.protocol, it.words) if it.typing is None else Typing(it.typing, it.operator),
        to_user=None if it.user is None else UserId(it.user),
    )
