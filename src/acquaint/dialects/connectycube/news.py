"""What happened in a conversation, as stanzas: written once, for everybody who hears it.

Stanza      written, but for whom it is to
Telling     the words of a server's domain; ``services.live.Told.in_words`` remembers what they make of some news
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ...domain.conversations import ConversationKind, Message
from ...domain.events import EventKind
from ...domain.users import UserId
from ...services.history import News
from ...web.ids import as_hex, read_hex
from . import stanzas
from .asks import CORRECTION, DELETION, MARKERS
from .extra import extra_of
from .jid import Names
from .xml import Element, element, with_children, write

MOST_REMEMBERED: Final = 10_000
"""What the connections of this node said last, so that they need not hear it as news. Beyond it they hear it twice."""


@dataclass(frozen=True, slots=True)
class Stanza:
    """``by`` is who did it; in a direct conversation their other devices hear it as a copy of what went to ``other``.

    ``resource`` is which of their connections did, where it was one of this node's. ``only_for`` is the one user whom
    it concerns.
    """

    text: str
    is_direct: bool
    by: UserId | None
    resource: str | None
    other: str | None
    only_for: UserId | None = None


class Telling:
    """``words`` is what ``in_words`` is asked for: always the same one, so that it is remembered."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.words = self._words
        self._said: OrderedDict[tuple[UserId, EventKind, str], str] = OrderedDict()

    def says(self, user_id: UserId, kind: EventKind, name: str, resource: str) -> None:
        """The connection is about to do this with the message that is ``known_as`` this."""
        self._said[(user_id, kind, name)] = resource
        self._said.move_to_end((user_id, kind, name))
        if len(self._said) > MOST_REMEMBERED:
            self._said.popitem(last=False)

    def _words(self, news: News) -> Sequence[Stanza]:
        if news.marked:
            return [stanza for it in news.marked if (stanza := self._marker(news, it)) is not None]
        found = self._removed(news) if news.event.details.get("removed") else self._message(news)
        return () if found is None else (found,)

    def _message(self, news: News) -> Stanza | None:
        it = news.message
        if it is None:
            return None
        match news.event.kind:
            case EventKind.MESSAGE_POSTED if it.deleted_at is None:
                return self._stanza(news, it, _posted(it))
            case EventKind.MESSAGE_CHANGED if it.deleted_at is None and "reactions" not in news.event.details:
                return self._stanza(news, it, _changed(news, it))
            case EventKind.MESSAGE_DELETED:
                return self._stanza(news, it, _deleted(it))
        return None

    def _stanza(self, news: News, it: Message, what: Element) -> Stanza:
        by = news.event.user_id
        app_id, conversation = news.conversation.app_id, news.conversation
        resource = None if by is None else self._said.pop((by, news.event.kind, known_as(it)), None)
        is_direct = conversation.kind is ConversationKind.DIRECT and by is not None
        other = next((self.names.bare(app_id, it.user_id) for it in news.members if it.user_id != by), None)
        if not is_direct or by is None:
            address = self.names.room(app_id, conversation.id, by)
        else:
            address = self.names.bare(app_id, by) + (f"/{resource}" if resource else "")
        what.attributes = {"from": address, "type": "chat" if is_direct else "groupchat", **what.attributes}
        with_children(what, extra_of(it, as_hex(conversation.id)))
        return Stanza(write(what), is_direct, by, resource, other)

    def _removed(self, news: News) -> Stanza | None:
        """For those who are not in the conversation any more; whoever left by themselves knows."""
        by = news.event.user_id
        if (
            news.members
            or news.conversation.kind is ConversationKind.DIRECT
            or news.event.details["removed"] == [str(by)]
        ):
            return None
        app_id = news.conversation.app_id
        room = self.names.room(app_id, news.conversation.id)
        actor = None if by is None else self.names.bare(app_id, by)
        return Stanza(stanzas.removed_presence(room, actor), False, by, None, None)

    def _marker(self, news: News, it: Message) -> Stanza | None:
        """Only for who wrote the message, as the vendor's clients send them."""
        by = news.event.user_id
        if by is None or it.sender_id is None or it.sender_id == by:
            return None
        said = marker(
            self.names.bare(news.conversation.app_id, by),
            name_of(it),
            as_hex(news.conversation.id),
            is_read=news.event.kind is EventKind.MESSAGES_READ,
        )
        return Stanza(write(said), True, by, None, None, only_for=it.sender_id)


def name_of(it: Message) -> str:
    """What a message is called among chat clients: as its sender's client did, or by an id that looks the same."""
    name = it.client_id
    return name if name is not None and is_ours(name) and read_hex(name) is None else as_hex(it.id)


def known_as(it: Message) -> str:
    """What its sender's client called it, whatever that is; others may know it by another name."""
    return it.client_id or as_hex(it.id)


def is_ours(name: str) -> bool:
    """24 hex digits, as the vendor's clients name messages."""
    return len(name) == 24 and all(it in "0123456789abcdef" for it in name)


def marker(sender: str, message: str, dialog_id: str | None, *, is_read: bool) -> Element:
    """That a message arrived, or was read."""
    dialog = None if dialog_id is None else with_children(element("dialog_id"), dialog_id)
    return with_children(
        element("message", from_=sender, type="chat"),
        element("displayed" if is_read else "received", MARKERS, id=message),
        None if dialog is None else with_children(element("extraParams"), dialog),
    )


def _posted(it: Message) -> Element:
    return with_children(element("message", id=name_of(it)), _body(it))


def _changed(news: News, it: Message) -> Element:
    is_last = news.conversation.last_message_id == it.id
    replaces = element("replace", CORRECTION, id=name_of(it), last="true" if is_last else "false")
    return with_children(element("message", id=as_hex(news.event.id)), _body(it), replaces)


def _deleted(it: Message) -> Element:
    return with_children(element("message"), element("remove", DELETION, id=name_of(it)))


def _body(it: Message) -> Element | None:
    return with_children(element("body"), it.text) if it.text else None
