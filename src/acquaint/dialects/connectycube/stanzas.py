"""What the server says on a chat connection, frame by frame. Texts of others pass through ``xml.write``, always.

stream     opening, features, signing in, errors that end it, closing
iq         answers to requests
message    errors, and the copy of what one's other device sent
presence   of oneself, and of a room
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from .xml import CLIENT, Element, element, with_children, write

FRAMING: Final = "urn:ietf:params:xml:ns:xmpp-framing"  # RFC 7395
STREAMS: Final = "http://etherx.jabber.org/streams"
STREAM_ERRORS: Final = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERRORS: Final = "urn:ietf:params:xml:ns:xmpp-stanzas"
SASL: Final = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND: Final = "urn:ietf:params:xml:ns:xmpp-bind"
SESSION: Final = "urn:ietf:params:xml:ns:xmpp-session"
ACKNOWLEDGING: Final = "urn:xmpp:sm:3"  # XEP-0198
CARBONS: Final = "urn:xmpp:carbons:2"  # XEP-0280
FORWARD: Final = "urn:xmpp:forward:0"  # XEP-0297
PING: Final = "urn:xmpp:ping"  # XEP-0199
MUC: Final = "http://jabber.org/protocol/muc"  # XEP-0045
MUC_USER: Final = "http://jabber.org/protocol/muc#user"
LAST: Final = "jabber:iq:last"  # XEP-0012
ROSTER: Final = "jabber:iq:roster"
DISCO_INFO: Final = "http://jabber.org/protocol/disco#info"  # XEP-0030
DISCO_ITEMS: Final = "http://jabber.org/protocol/disco#items"
STATUS: Final = "https://connectycube.com/protocol/status_streaming"
MOBILE: Final = "http://tigase.org/protocol/mobile#v2"

Condition = Literal[
    "bad-request",
    "conflict",
    "feature-not-implemented",
    "forbidden",
    "internal-server-error",
    "item-not-found",
    "not-acceptable",
    "not-allowed",
    "resource-constraint",
    "service-unavailable",
]

_ERRORS: Final[Mapping[Condition, tuple[str, str]]] = {
    "bad-request": ("400", "modify"),
    "conflict": ("409", "cancel"),
    "feature-not-implemented": ("501", "cancel"),
    "forbidden": ("403", "auth"),
    "internal-server-error": ("500", "wait"),
    "item-not-found": ("404", "cancel"),
    "not-acceptable": ("406", "modify"),
    "not-allowed": ("405", "cancel"),
    "resource-constraint": ("500", "wait"),
    "service-unavailable": ("503", "cancel"),
}
"""The number, which is what the vendor's SDK reads (XEP-0086), and the kind."""

# The stream


def opened(domain: str, stream_id: str) -> str:
    return write(element("open", FRAMING, from_=domain, id=stream_id, version="1.0", xml_lang="en"))


def offering_sasl() -> str:
    """PLAIN, nothing else: clients take SCRAM where it is offered, and our hashes of passwords are of other kinds."""
    plain = with_children(element("mechanism", SASL), "PLAIN")
    return _features(with_children(element("mechanisms", SASL), plain))


def offering_bind() -> str:
    return _features(element("sm", ACKNOWLEDGING), element("bind", BIND), element("session", SESSION))


def success() -> str:
    return write(element("success", SASL))


def failure(condition: str) -> str:
    return write(with_children(element("failure", SASL), element(condition, SASL)))


def stream_error(condition: str, text: str | None = None) -> str:
    it = Element("stream:error", "", {"xmlns:stream": STREAMS})
    said = None if text is None else with_children(element("text", STREAM_ERRORS, xml_lang="en"), text)
    return write(with_children(it, element(condition, STREAM_ERRORS), said), inside="")


def closed() -> str:
    return write(element("close", FRAMING))


def acknowledging() -> str:
    return write(element("enabled", ACKNOWLEDGING))


def not_resumed() -> str:
    return write(with_children(element("failed", ACKNOWLEDGING), element("item-not-found", STANZA_ERRORS)))


def acknowledged(count: int) -> str:
    return write(element("a", ACKNOWLEDGING, h=count))


def _features(*them: Element) -> str:
    return write(with_children(Element("stream:features", "", {"xmlns:stream": STREAMS}), *them), inside="")


# Answers, and errors


def result(stanza: Element, *what: Element, to: str | None = None) -> str:
    """The answer to a request: its id, from whom it was asked."""
    it = element("iq", type="result", id=stanza.get("id"), from_=stanza.get("to") or None, to=to)
    return write(with_children(it, *what))


def bound(stanza: Element, jid: str) -> str:
    return result(stanza, with_children(element("bind", BIND), with_children(element("jid", BIND), jid)))


def error(
    stanza: Element,
    condition: Condition,
    text: str | None = None,
    *,
    to: str | None = None,
    about: Element | None = None,
) -> str:
    """What was asked is not done. ``about`` repeats what the error is about, where clients look for it."""
    it = element(
        stanza.name, type="error", id=stanza.get("id") or None, from_=stanza.get("to")[:_QUOTED] or None, to=to
    )
    code, kind = _ERRORS[condition]
    said = None if text is None else with_children(element("text", STANZA_ERRORS, xml_lang="en"), text)
    why = with_children(element("error", code=code, type=kind), element(condition, STANZA_ERRORS), said)
    return write(with_children(it, about, why))


_QUOTED: Final = 3071  # characters of an address that are repeated to who wrote it: as long as one may be


def ping(id: str, domain: str, to: str) -> str:
    return write(with_children(element("iq", type="get", id=id, from_=domain, to=to), element("ping", PING)))


def last_activity(of: str, seconds: int, id: str) -> str:
    """How long ago somebody was here, which nobody asked just now; without ``to``, for ``addressed``."""
    query = Element("query", LAST, {"seconds": str(seconds)})
    return write(with_children(element("iq", type="result", id=id, from_=of), query))


# Messages


def addressed(stanza: str, to: str) -> str:
    """A message or presence that was written once, for one of those who get it; ``to`` needs no quoting."""
    name, _, rest = stanza.partition(" ")
    return f'{name} to="{to}" {rest}'


def carbon(bare: str, sent: str) -> str:
    """What one's other device sent; without ``to``, for ``addressed``."""
    head, tail = write(
        with_children(
            element("message", from_=bare, type="chat"),
            with_children(
                element("sent", CARBONS), with_children(element("forwarded", FORWARD), Element("message", CLIENT))
            ),
        )
    ).split(f'<message xmlns="{CLIENT}"/>')
    return head + sent + tail


# Presence


def own_presence(jid: str, bare: str) -> str:
    return write(element("presence", from_=jid, to=bare))


def room_presence(stanza: Element, occupant: str, to: str, *, is_leaving: bool) -> str:
    """That one came into a room, or left it."""
    it = element("presence", from_=occupant, to=to, id=stanza.get("id") or None, type=_type(is_leaving))
    return write(with_children(it, _with_status(_occupant(is_leaving), "110")))


def occupant_presence(occupant: str, *, is_leaving: bool) -> str:
    """That another one came into a room, or left it."""
    return write(with_children(element("presence", from_=occupant, type=_type(is_leaving)), _occupant(is_leaving)))


def removed_presence(room: str, actor: str | None) -> str:
    """That one is not in the room any more, because somebody wanted it so (XEP-0045, section 8.2)."""
    by = None if actor is None else element("actor", MUC_USER, jid=actor)
    item = with_children(element("item", MUC_USER, affiliation="none", role="none"), by)
    x = _with_status(with_children(element("x", MUC_USER), item), "301")
    return write(with_children(element("presence", from_=room, type="unavailable"), x))


def _type(is_leaving: bool) -> str | None:
    return "unavailable" if is_leaving else None


def _occupant(is_leaving: bool) -> Element:
    role = "none" if is_leaving else "participant"
    return with_children(element("x", MUC_USER), element("item", MUC_USER, affiliation="member", role=role))


def _with_status(x: Element, code: str) -> Element:
    """The element ``xmlns`` is no mistake of ours: it is where SDK 6.1.2 looks for the status, by one of its own."""
    theirs = with_children(element("xmlns", MUC_USER), with_children(element("code", MUC_USER), code))
    return with_children(x, element("status", MUC_USER, code=code), theirs)
