"""What people do over chat, done: each ask is one use case of ours, and its refusals are errors of XMPP.

act       does what a stanza asks for; answers the frames that go back to who asked
Here      the connection it came on
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...domain.apps import AppId
from ...domain.conversations import ConversationId, ConversationKind, Message, visibility_of
from ...domain.errors import (
    Busy,
    ConversationClosed,
    IdentifierTaken,
    NotAllowed,
    NotFound,
    Refusal,
    SessionEnded,
    TooLarge,
    TooManyRequests,
    Unreadable,
)
from ...domain.events import EventKind
from ...domain.users import UserId
from ...ports.store import Recognised
from ...services import conversations, limits, messages, saying
from ...services.core import Core
from ...services.live import Aside, Hub, Listener
from ...services.messages import Draft
from ...services.visibility import visible
from ...web.ids import as_hex, read_hex
from . import privacy, stanzas
from .asks import (
    Ask,
    Available,
    Carbons,
    Correction,
    Deletion,
    Join,
    LastSeen,
    Marker,
    Occupants,
    Privacy,
    Result,
    Saying,
    Signal,
    Typing,
    Unasked,
    Watch,
)
from .extra import extra_told, extras_in, payload_in
from .jid import Person, Room
from .named import named
from .news import Stanza, Telling, is_ours, known_as, marker
from .stanzas import Condition
from .watches import Watches
from .xml import Element, element, with_children, write

PROTOCOL: Final = "xmpp"
"""What asides in our words are called; connections of other protocols let them pass."""

_CONDITIONS: Final[Mapping[type[Refusal], Condition]] = {
    Refusal: "not-allowed",
    Unreadable: "bad-request",
    TooLarge: "not-acceptable",
    NotAllowed: "forbidden",
    ConversationClosed: "not-allowed",
    IdentifierTaken: "conflict",
    TooManyRequests: "resource-constraint",
    Busy: "resource-constraint",
}


@dataclass(slots=True)
class Here:
    """A connection, as far as it matters for what is done over it."""

    core: Core
    hub: Hub
    telling: Telling
    listener: Listener
    it: Recognised
    user_id: UserId
    jid: str
    resource: str
    watches: Watches
    hears_copies: bool = False  # whether this device wants to hear what one's other devices say

    @property
    def app_id(self) -> AppId:
        return self.it.app.id


async def act(here: Here, ask: Ask, stanza: Element) -> Sequence[str]:
    """Raises SessionEnded when the session is over; every other refusal is answered."""
    try:
        return await _act(here, ask, stanza)
    except SessionEnded:
        raise
    except NotFound as refusal:
        return [_missing(here, ask, stanza, refusal)]
    except Refusal as refusal:
        kinds = type(refusal).__mro__
        condition = next((_CONDITIONS[kind] for kind in kinds if kind in _CONDITIONS), None)
        text = refusal.why if isinstance(refusal, Unreadable) else None
        return [_error(here, stanza, condition or "not-allowed", text)]


async def _act(here: Here, ask: Ask, stanza: Element) -> Sequence[str]:
    match ask:
        case Unasked():
            return ()
        case Result(what):
            return [stanzas.result(stanza, *what, to=here.jid)]
        case Carbons(on):
            here.hears_copies = on
            return [stanzas.result(stanza, to=here.jid)]
        case Available():
            return [stanzas.own_presence(here.jid, here.telling.names.bare(here.app_id, here.user_id))]
        case Join():
            return await _join(here, ask, stanza)
        case Typing():
            await _type(here, ask)
        case Saying():
            await _say(here, ask, stanza)
        case Signal():
            await _signal(here, ask, stanza)
        case Privacy(what):
            answer = await privacy.act(here.core, here.it, here.telling.names, what)
            return [stanzas.result(stanza, *([] if answer is None else [answer]), to=here.jid)]
        case Watch():
            await here.watches.ask(ask.of, on=ask.on)
            return [stanzas.result(stanza, to=here.jid)]
        case LastSeen(of):
            return [stanzas.result(stanza, await _last_seen(here, of), to=here.jid)]
        case Occupants(room):
            return [stanzas.result(stanza, await _occupants(here, room), to=here.jid)]
        case Marker() | Correction() | Deletion():
            await _change(here, ask)
    return ()


# Saying something


async def _say(here: Here, ask: Saying, stanza: Element) -> None:
    id = await _conversation(here, ask.to, starts=True)
    name = stanza.get("id") or here.core.chance(12).hex()
    if ask.is_kept:
        here.telling.says(here.user_id, EventKind.MESSAGE_POSTED, name, here.resource)
        payload, extras = payload_in(ask.extra), extras_in(ask.extra)
        draft = Draft(ask.text, payload=payload, extras=extras, client_id=name, is_name=is_ours(name))
        await messages.post(here.core, here.it, id, draft)
        return
    await here.core.limiter.take(limits.MESSAGES_PER_SESSION, str(here.it.session.id))
    said = element("message", id=name)
    body = with_children(element("body"), ask.text) if ask.text else None
    extra = extra_told(ask.extra, as_hex(id), here.core.clock())
    await _pass_on(here, ask.to, id, with_children(said, body, extra))


async def _type(here: Here, ask: Typing) -> None:
    with contextlib.suppress(NotFound):  # nobody is asked who was never written to, and nothing is said about it
        await here.hub.type(here.listener, await _conversation(here, ask.to), ask.on)


async def _signal(here: Here, ask: Signal, stanza: Element) -> None:
    """To any user of the App, as the vendor has it: calls begin so, and apps tell each other of new dialogs."""
    if ask.to.app_id != here.app_id:
        raise NotFound("user")
    await _count(here)
    said = element("message", type="headline", id=stanza.get("id") or None, from_=here.jid)
    body = with_children(element("body"), ask.text) if ask.text else None
    text = write(with_children(said, body, extra_told(ask.extra, None, None)))
    await here.hub.pass_to(here.listener, ask.to.user_id, Aside(PROTOCOL, Stanza(text, False, None, None, None)))


async def _pass_on(here: Here, to: Person | Room, id: ConversationId, said: Element) -> None:
    names = here.telling.names
    is_direct = isinstance(to, Person)
    address = here.jid if is_direct else names.room(here.app_id, id, here.user_id)
    said.attributes |= {"from": address, "type": "chat" if is_direct else "groupchat"}
    other = names.bare(to.app_id, to.user_id) if isinstance(to, Person) else None
    stanza = Stanza(write(said), is_direct, here.user_id, here.resource, other)
    await here.hub.pass_on(here.listener, id, Aside(PROTOCOL, stanza))
    if not is_direct:
        here.listener.overheard(Aside(PROTOCOL, stanza))  # rooms tell it to who said it, too (XEP-0045, 7.4)


# What becomes of what was said


async def _change(here: Here, ask: Marker | Correction | Deletion) -> None:
    try:
        it = await _message(here, ask)
    except NotFound:
        if not isinstance(ask, Marker):
            raise
        await _relay(here, ask)  # of a message that was kept nowhere, most likely
        return
    match ask:
        case Marker():
            mark = messages.mark_read if ask.is_read else messages.mark_received
            await mark(here.core, here.it.session, it.conversation_id, it.id)
        case Correction():
            here.telling.says(here.user_id, EventKind.MESSAGE_CHANGED, known_as(it), here.resource)
            await saying.edit(here.core, here.it, it.conversation_id, it.id, text=ask.text)
        case Deletion():
            here.telling.says(here.user_id, EventKind.MESSAGE_DELETED, known_as(it), here.resource)
            done = await saying.delete(here.core, here.it, it.conversation_id, [it.id], for_everybody=True)
            if done.not_allowed:
                raise NotAllowed
            if done.not_found:
                raise NotFound("message")


async def _message(here: Here, ask: Marker | Correction | Deletion) -> Message:
    """The message of this name that the session sees; in the conversation that is named, where one is."""
    if ask.to.app_id != here.app_id:
        raise NotFound("user")
    dialog = ask.to.conversation_id if isinstance(ask.to, Room) else read_hex(ask.dialog or "")
    meant = None if dialog is None else ConversationId(dialog)
    found = await named(here.core, here.it.session, [ask.message], dialog=meant)
    if ask.message not in found:
        raise NotFound("message")
    return found[ask.message]


async def _relay(here: Here, ask: Marker) -> None:
    """To who is named, as they are connected. It is worth nothing later, and no harm to who does not get it."""
    if not isinstance(ask.to, Person) or ask.to.app_id != here.app_id or ask.to.user_id == here.user_id:
        return
    await _count(here)
    other = here.telling.names.bare(here.app_id, ask.to.user_id)
    text = write(marker(here.jid, ask.message, ask.dialog, is_read=ask.is_read))
    with contextlib.suppress(NotFound, NotAllowed):
        await here.hub.pass_to(
            here.listener, ask.to.user_id, Aside(PROTOCOL, Stanza(text, True, here.user_id, here.resource, other))
        )


# Rooms


async def _join(here: Here, ask: Join, stanza: Element) -> Sequence[str]:
    id = await _conversation(here, ask.room)
    occupant = here.telling.names.room(here.app_id, id, here.user_id)
    await _count(here)
    told = Stanza(stanzas.occupant_presence(occupant, is_leaving=ask.is_leaving), False, here.user_id, None, None)
    with contextlib.suppress(NotAllowed, ConversationClosed):  # who may say nothing comes and goes unseen
        await here.hub.pass_on(here.listener, id, Aside(PROTOCOL, told))
    return [stanzas.room_presence(stanza, occupant, here.jid, is_leaving=ask.is_leaving)]


async def _occupants(here: Here, room: Room) -> Element:
    id = await _conversation(here, room)
    async with here.core.store.read() as tx:
        members = await tx.conversations.members(id)
    found = Element("query", stanzas.DISCO_ITEMS)
    for it in members:
        if here.hub.is_connected(here.app_id, it.user_id):
            jid = here.telling.names.room(here.app_id, id, it.user_id)
            found.children.append(Element("item", stanzas.DISCO_ITEMS, {"jid": jid, "name": str(it.user_id)}))
    return found


# Others


async def _last_seen(here: Here, of: Person) -> Element:
    """How long ago somebody did something; their profile says so, too."""
    async with here.core.store.read() as tx:
        user = await tx.users.get(here.app_id, of.user_id) if of.app_id == here.app_id else None
    if user is None or not user.may_act:
        raise NotFound("user")
    seconds = 0
    if not here.hub.is_connected(here.app_id, user.id):
        seconds = max(0, int((here.core.clock() - (user.last_seen_at or user.created_at)).total_seconds()))
    return Element("query", stanzas.LAST, {"seconds": str(seconds)})


# Which conversation is meant


async def _conversation(here: Here, to: Person | Room, *, starts: bool = False) -> ConversationId:
    """The room, or the conversation with the person. Refuses with NotFound for one that the session does not see."""
    if to.app_id != here.app_id:
        raise NotFound("conversation" if isinstance(to, Room) else "user")
    async with here.core.store.read() as tx:
        if isinstance(to, Room):
            return (await visible(tx, visibility_of(here.it.session), to.conversation_id)).id
        found = await tx.conversations.direct_between(here.app_id, here.user_id, to.user_id)
        if found is not None:
            return (await visible(tx, visibility_of(here.it.session), found.id)).id
    if not starts:
        raise NotFound("conversation")
    seen, _ = await conversations.start(here.core, here.it, kind=ConversationKind.DIRECT, with_users=(to.user_id,))
    return seen.conversation.id


async def _count(here: Here) -> None:
    await here.core.limiter.take(limits.ASIDES_PER_SESSION, str(here.it.session.id))


# Refusing


def _missing(here: Here, ask: Ask, stanza: Element, refusal: NotFound) -> str:
    """A room that is not there is refused like one that one is not in, and a user like one who does not answer."""
    if isinstance(ask, Join):
        about = Element("x", stanzas.MUC)
        return stanzas.error(stanza, "forbidden", "Not a member", to=here.jid, about=about)
    if isinstance(ask, Privacy):
        return _error(here, stanza, "item-not-found", f"There is no such {refusal.what}.")
    if refusal.what == "conversation":
        return _error(here, stanza, "forbidden", "Not a member")
    if refusal.what == "message":
        return _error(here, stanza, "item-not-found", "There is no such message.")
    return _error(here, stanza, "service-unavailable", "Service not available.")


def _error(here: Here, stanza: Element, condition: Condition, text: str | None) -> str:
    return stanzas.error(stanza, condition, text, to=here.jid)
