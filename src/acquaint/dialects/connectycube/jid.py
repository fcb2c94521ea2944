"""Addresses in the vendor's chat: who somebody is, and which conversation is meant, as text.

Person     ``1001-7@chat.example.com/resource``: the user and the App
Room       ``7_64b…@muc.chat.example.com/1001``: the App and the dialog; behind the slash the user
read       an address to one of these, or None for anything else
Names      the same the other way round, on this server's domain

The domain a client writes says nothing but whether a room is meant: clients know this server by several names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ...domain.apps import AppId
from ...domain.conversations import ConversationId
from ...domain.users import UserId
from ...web.ids import as_hex, read_hex, read_integer

LONGEST: Final = 3071  # RFC 6122, section 2.1
ROOMS: Final = "muc."

_PERSON: Final = re.compile(r"([0-9]{1,16})-([0-9]{1,16})")
_ROOM: Final = re.compile(r"([0-9]{1,16})_([0-9a-f]{24})")


@dataclass(frozen=True, slots=True)
class Person:
    app_id: AppId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class Room:
    app_id: AppId
    conversation_id: ConversationId


Address = Person | Room


def read(jid: str) -> Address | None:
    """None for an address of the server itself, too."""
    if len(jid) > LONGEST:
        return None
    local, at, rest = jid.partition("@")
    if not at:
        return None
    return _room(local) if rest.startswith(ROOMS) else read_person(local)


def read_person(local: str) -> Person | None:
    """What is before the @, as it is also said when signing in."""
    found = _PERSON.fullmatch(local)
    if found is None:
        return None
    user_id, app_id = read_integer(found[1]), read_integer(found[2])
    return None if user_id is None or app_id is None else Person(AppId(app_id), UserId(user_id))


def _room(local: str) -> Room | None:
    found = _ROOM.fullmatch(local)
    if found is None:
        return None
    app_id, dialog = read_integer(found[1]), read_hex(found[2])
    return None if app_id is None or dialog is None else Room(AppId(app_id), ConversationId(dialog))


@dataclass(frozen=True, slots=True)
class Names:
    """How people and rooms are called on this server."""

    domain: str

    @classmethod
    def at(cls, public_url: str) -> Names:
        """On the host that people reach the server by; apps name it as ``endpoints.chat``."""
        host = urlsplit(public_url).hostname or "localhost"
        return cls(f"[{host}]" if ":" in host else host)

    def bare(self, app_id: AppId, user_id: UserId) -> str:
        return f"{user_id}-{app_id}@{self.domain}"

    def room(self, app_id: AppId, conversation_id: ConversationId, occupant: UserId | None = None) -> str:
        name = f"{app_id}_{as_hex(conversation_id)}@{ROOMS}{self.domain}"
        return name if occupant is None else f"{name}/{occupant}"
