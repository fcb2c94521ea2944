"""Messages by what chat clients call them: 24 hex digits, chosen by the sender's client or made of our id."""

from __future__ import annotations

from collections.abc import Iterable

from ...domain.conversations import ConversationId, Message, MessageId
from ...domain.sessions import Session
from ...services import saying
from ...services.core import Core
from ...web.ids import as_hex, read_hex
from .news import is_ours


async def named(
    core: Core, session: Session, names: Iterable[str], *, dialog: ConversationId | None = None
) -> dict[str, Message]:
    """Those the session sees, of this dialog if one is given; a name that is nobody's is left out.

    Our own ids come first: nobody's message can be called like another one's. Of messages that were given the same
    name the caller's own is meant, or else the oldest.
    """
    names = [it for it in dict.fromkeys(names) if is_ours(it)]
    ids = [MessageId(id) for it in names if (id := read_hex(it)) is not None]
    found: dict[str, Message] = {}
    for it in await saying.found(core, session, ids=ids, client_ids=names):
        if dialog is not None and it.conversation_id != dialog:
            continue
        called = as_hex(it.id)
        if called not in names or called in found:
            called = it.client_id or called
        found.setdefault(called, it)
    return {it: found[it] for it in names if it in found}
