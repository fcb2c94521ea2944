"""What a client's stanza asks for, as plain data. What is asked is not believed: who may do it is decided elsewhere.

LONG_ASKS  which stanzas may be longer than others
ask_in     a message, presence or iq to one of the classes below; ``Unasked`` for what needs no answer
Refused    what is asked is nothing that is done here, whoever asks

``from`` is never read: who asks is who signed in on the connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from . import jid, privacy, stanzas
from .jid import Person, Room
from .privacy import AskPrivacy
from .stanzas import Condition
from .xml import Bounds, Element

CHAT_STATES: Final = "http://jabber.org/protocol/chatstates"  # XEP-0085
MARKERS: Final = "urn:xmpp:chat-markers:0"  # XEP-0333
CORRECTION: Final = "urn:xmpp:message-correct:0"  # XEP-0308
DELETION: Final = "urn:xmpp:message-delete:0"

_STILL: Final = ("paused", "active", "inactive", "gone")
_NOT_HERE: Final = "service-unavailable"  # RFC 6120, section 8.4: what nobody here understands


LONG_ASKS: Final = Bounds(privacy.is_list, privacy.MOST_ELEMENTS)


class Refused(Exception):
    """It is no request of ours. ``condition`` says why."""

    def __init__(self, condition: Condition, text: str | None = None) -> None:
        super().__init__(condition)
        self.condition, self.text = condition, text


@dataclass(frozen=True, slots=True)
class Unasked:
    """Nothing is to be done, and nothing said."""


@dataclass(frozen=True, slots=True)
class Result:
    """It is answered at once: by these, or by nothing but that it was heard."""

    what: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class Carbons:
    """Whether this device is told what one's other devices send."""

    on: bool


@dataclass(frozen=True, slots=True)
class Available:
    """The client says that it is here."""


@dataclass(frozen=True, slots=True)
class Join:
    """The client comes into a room, or leaves it. It hears what is said there anyway, while it is a member."""

    room: Room
    is_leaving: bool


@dataclass(frozen=True, slots=True)
class Typing:
    to: Person | Room
    on: bool


@dataclass(frozen=True, slots=True)
class Marker:
    """The message arrived, or was read."""

    to: Person | Room
    message: str
    dialog: str | None
    is_read: bool


@dataclass(frozen=True, slots=True)
class Correction:
    to: Person | Room
    message: str
    dialog: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Deletion:
    to: Person | Room
    message: str
    dialog: str | None


@dataclass(frozen=True, slots=True)
class Saying:
    """Something is said: kept, if the sender says so, or told only to who is connected."""

    to: Person | Room
    text: str
    extra: Element | None
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Signal:
    """A system message: from app to app, and kept nowhere."""

    to: Person
    text: str
    extra: Element | None


@dataclass(frozen=True, slots=True)
class LastSeen:
    of: Person


@dataclass(frozen=True, slots=True)
class Watch:
    """Whether the client wants to be told from now on when the user comes and goes."""

    of: Person
    on: bool


@dataclass(frozen=True, slots=True)
class Privacy:
    what: AskPrivacy


@dataclass(frozen=True, slots=True)
class Occupants:
    """Who of a room's members is connected."""

    room: Room


Ask = (
    Unasked
    | Result
    | Carbons
    | Available
    | Join
    | Typing
    | Marker
    | Correction
    | Deletion
    | Saying
    | Signal
    | LastSeen
    | Watch
    | Privacy
    | Occupants
)


def ask_in(stanza: Element) -> Ask:
    """Raises Refused."""
    match stanza.name:
        case "message":
            return _message(stanza)
        case "presence":
            return _presence(stanza)
    return _iq(stanza)


def _message(stanza: Element) -> Ask:
    kind = stanza.get("type") or "normal"
    if kind == "error":
        return Unasked()  # nobody answers an error (RFC 6120, section 8.3.1)
    to = jid.read(stanza.get("to"))
    if to is None:
        raise Refused(_NOT_HERE)
    if kind == "headline":
        return _signal(stanza, to)
    if (kind == "groupchat") != isinstance(to, Room):
        raise Refused("bad-request", "A room is written to in messages of type groupchat, and a user is not.")
    content = _content(stanza, to)
    if content is not None:
        return content
    for state in stanza.elements:
        if state.namespace == CHAT_STATES:
            return Typing(to, state.name == "composing") if state.name in ("composing", *_STILL) else Unasked()
    return Unasked()


def _content(stanza: Element, to: Person | Room) -> Ask | None:
    extra = stanza.child("extraParams")
    dialog = None if extra is None else extra.text_of("dialog_id")
    text = stanza.text_of("body") or ""
    for it in stanza.elements:
        if it.namespace == MARKERS and it.name in ("received", "displayed"):
            return Marker(to, _id_in(it), dialog, it.name == "displayed")
        if it.namespace == CORRECTION and it.name == "replace":
            return Correction(to, _id_in(it), dialog, text)
        if it.namespace == DELETION and it.name == "remove":
            return Deletion(to, _id_in(it), dialog)
    if text or (extra is not None and extra.children):
        return Saying(to, text, extra, extra is not None and extra.text_of("save_to_history") in ("1", "true"))
    return None


def _signal(stanza: Element, to: Person | Room) -> Ask:
    if not isinstance(to, Person):
        raise Refused(_NOT_HERE)
    return Signal(to, stanza.text_of("body") or "", stanza.child("extraParams"))


def _id_in(it: Element) -> str:
    id = it.get("id")
    if not 0 < len(id) <= 255:
        raise Refused("bad-request", "The message has no id.")
    return id


def _presence(stanza: Element) -> Ask:
    kind = stanza.get("type")
    if not stanza.get("to"):
        return Available() if kind == "" else Unasked()
    to = jid.read(stanza.get("to"))
    if isinstance(to, Room) and kind in ("", "unavailable"):
        return Join(to, kind == "unavailable")
    return Unasked()  # there are no contact lists to ask anybody into


def _iq(stanza: Element) -> Ask:
    kind = stanza.get("type")
    if kind in ("result", "error"):
        return Unasked()  # to a ping of ours
    asked = next(stanza.elements, None)
    if kind not in ("get", "set") or not stanza.get("id") or asked is None:
        raise Refused("bad-request")
    to = jid.read(stanza.get("to"))
    match kind, asked.name, asked.namespace:
        case "get", "ping", stanzas.PING:
            return Result()
        case "set", "enable" | "disable", stanzas.CARBONS:
            return Carbons(asked.name == "enable")
        case "set", "session", stanzas.SESSION:
            return Result()  # what RFC 3921 wanted; clients of before 2011 still ask
        case "set", "mobile", stanzas.MOBILE:
            return Result()  # whether the app is in front: it is told everything, either way
        case "get", "query", stanzas.LAST if isinstance(to, Person):
            return LastSeen(to)
        case "set", "subscribe", stanzas.STATUS:
            return _watch(asked)
        case _, "query", privacy.PRIVACY if to is None:
            return _privacy(kind, asked)
        case "get", "query", stanzas.DISCO_ITEMS if isinstance(to, Room):
            return Occupants(to)
        case "get", "query", stanzas.ROSTER if to is None:
            return Result((Element("query", stanzas.ROSTER),))  # nobody has a contact list here
        case "get", "query", stanzas.DISCO_ITEMS if to is None:
            return Result((Element("query", stanzas.DISCO_ITEMS),))
        case "get", "query", stanzas.DISCO_INFO if to is None:
            return Result((_abilities(),))
    raise Refused(_NOT_HERE)


def _watch(asked: Element) -> Watch:
    of = jid.read(asked.get("user_jid"))
    if not isinstance(of, Person):
        raise Refused("bad-request")
    return Watch(of, asked.get("enable") in ("true", "1"))


def _privacy(kind: str, asked: Element) -> Privacy:
    what = privacy.asked(kind, asked)
    if what is None:
        raise Refused("bad-request")
    return Privacy(what)


def _abilities() -> Element:
    it = Element("query", stanzas.DISCO_INFO)
    it.children.append(Element("identity", stanzas.DISCO_INFO, {"category": "server", "type": "im"}))
    for feature in (stanzas.CARBONS, stanzas.DISCO_INFO, stanzas.LAST, stanzas.PING, privacy.PRIVACY, stanzas.ROSTER):
        it.children.append(Element("feature", stanzas.DISCO_INFO, {"var": feature}))
    return it
