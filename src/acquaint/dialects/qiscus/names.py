"""What rooms and comments are called: rooms by number or by a unique id, comments by number or by their sender's word.

room_number, room_called     from what a client says to a room
unique_id_of                 what a room is called: what it was given as a name, or our id in another spelling
check_unique_id              what a new room may be called
name_of, comments_called     the same for comments
check_comment_name           what a new comment may be called
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ...domain.apps import App
from ...domain.conversations import Conversation, ConversationId, Message, MessageId
from ...domain.errors import NotFound, Unacceptable
from ...domain.sessions import Session
from ...domain.users import UserId
from ...services import hosting, saying
from ...services.core import Core
from ...web.ids import as_hex, read_hex, read_integer

LONGEST_COMMENT_NAME: Final = 255

_UNIQUE_ID: Final = re.compile(r"[^\s/+#\x00-\x1f\x7f]{1,255}")
_UNIQUE_ID_RULE: Final = "must have 1 to 255 characters, and no spaces or / + #"


def room_number(text: str) -> ConversationId:
    """Refuses with NotFound: what is no number names nothing."""
    id = read_integer(text)
    if id is None:
        raise NotFound("conversation")
    return ConversationId(id)


async def room_called(core: Core, app: App, unique_id: str) -> ConversationId:
    """Refuses with NotFound. Who may see it is asked later, of everybody in the same way."""
    id = read_hex(unique_id)
    return ConversationId(id) if id is not None else (await hosting.called(core, app, unique_id)).id


def unique_id_of(it: Conversation) -> str:
    return as_hex(it.id) if it.unique_id is None else it.unique_id


def check_unique_id(unique_id: str) -> str:
    """Unique ids become parts of MQTT topics, and none may look like one of ours. Refuses with Unacceptable."""
    if not _UNIQUE_ID.fullmatch(unique_id):
        raise Unacceptable("unique_id", _UNIQUE_ID_RULE)
    if read_hex(unique_id) is not None:
        raise Unacceptable("unique_id", "looks like the id of another room")
    return unique_id


def name_of(it: Message, viewer: UserId | None) -> str:
    """What a comment is called for the viewer: as its sender's client calls it, where nobody else can call theirs so,
    or by our id. The sender hears their own word, whatever it is."""
    name = it.client_id if it.sender_id is not None and it.sender_id == viewer else it.name
    return as_hex(it.id) if name is None or read_hex(name) is not None else name


async def comments_called(core: Core, session: Session, names: Iterable[str]) -> dict[str, Message]:
    """Those the session sees; a name that is nobody's is left out. Of several of one name it is the user's own."""
    names = list(dict.fromkeys(names))
    ids = [MessageId(id) for it in names if (id := read_hex(it)) is not None]
    found: dict[str, Message] = {}
    for it in await saying.found(core, session, ids=ids, client_ids=names):
        for name in (as_hex(it.id), name_of(it, session.user_id)):
            found.setdefault(name, it)
    return {name: found[name] for name in names if name in found}


def check_comment_name(name: str | None) -> str | None:
    """Refuses with Unacceptable."""
    if name is not None and len(name) > LONGEST_COMMENT_NAME:
        raise Unacceptable("unique_temp_id", f"is longer than {LONGEST_COMMENT_NAME} characters")
    if name is not None and read_hex(name) is not None:
        raise Unacceptable("unique_temp_id", "looks like the id of another comment")
    return name
