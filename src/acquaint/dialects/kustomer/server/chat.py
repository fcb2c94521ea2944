"""Conversations, as the App's own server has them: it names the customer, and is believed.

The vendor calls a conversation a session. ``trackingId`` is one of ours: the session of somebody's device.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from ....domain.apps import App
from ....domain.conversations import LONGEST_TITLE, Author, Conversation, ConversationId, Message
from ....domain.errors import Busy, NotFound, Unacceptable
from ....domain.paging import LARGEST_PAGE as MOST_AT_ONCE
from ....domain.paging import PageAsked
from ....domain.places import DeviceId
from ....domain.sessions import SessionId
from ....domain.users import UserId
from ....ports.store import ConversationsOf
from ....services import messages, roster
from ....services.messages import Draft
from ....web.dialect import visit_of
from ....web.ids import as_hex
from .. import wire
from ..chat.paging import numbered
from ..chat.resources import custom_of, noted
from ..reading import Asked, check_custom, query, read
from .callers import Server

LONGEST_BODY: Final = 20_000  # characters of a message
MOST_HANDED_OFF: Final = 100  # the vendor: 2 to 100 messages
MOST_WALKED: Final = 2_000  # messages; further back nobody pages by number


async def list_sessions(server: Server) -> Response:
    """GET chat/sessions: those of a customer, those begun on a tracking, or either."""
    asked, page = query(server.request), numbered(server.request, "customerId", "trackingId", "active", "brandId")
    asked.only("customerId", "trackingId", "active", "brandId", "page", "pageSize")
    only_open = bool(asked.flag("active"))
    wanted = await _wanted(server, asked, only_open=only_open)
    found: dict[int, tuple[Conversation, UserId]] = {}
    for it in wanted:
        most = page.skip + page.size + 1
        theirs, _ = await roster.conversations_of(server.core, server.app, it, skip=0, limit=most)
        found |= {conversation.id: (conversation, it.user_id) for conversation in theirs}
    latest = sorted(found.values(), key=lambda it: it[0].last_message_id or it[0].id, reverse=True)
    shown = latest[page.skip : page.skip + page.size]
    return page.answer(
        [session(server.app, it, user_id) for it, user_id in shown], is_more=len(latest) > page.skip + page.size
    )


async def create_session(server: Server) -> Response:
    """POST chat/sessions. Without a tracking it begins where the customer was last."""
    asked = (await read(server.request)).only("customerId", "trackingId", "title", "name", "custom", "brandId")
    customer_id = _customer_id(asked)
    device_id = await _device_of(server, asked, customer_id)
    title = (asked.text("title", LONGEST_BODY) or asked.text("name", LONGEST_BODY) or "").strip()[:LONGEST_TITLE]
    made = await roster.start_for(
        server.core,
        server.app,
        customer_id,
        device_id=device_id,
        title=title or None,
        custom=check_custom(asked.object("custom") or {}),
    )
    return wire.document(session(server.app, made, customer_id), 201)


async def list_messages(server: Server) -> Response:
    """GET chat/sessions/{id}/messages, newest first."""
    id, page = ConversationId(server.id()), numbered(server.request)
    found: list[Message] = []
    after = None
    while len(found) <= page.skip + page.size <= MOST_WALKED:
        asked = PageAsked(MOST_AT_ONCE, after)
        some = await messages.history_of_app(server.core, server.app, id, asked)
        found += some.items
        after = some.next
        if after is None:
            break
    shown = [message(server.app, it) for it in found[page.skip : page.skip + page.size]]
    return page.answer(shown, is_more=len(found) > page.skip + page.size)


async def post_message(server: Server) -> Response:
    """POST chat/messages: in the customer's name. Without a customer it is the one whose conversation it is."""
    asked = (await read(server.request)).only("customerId", "session", "body", "trackingId", "externalId")
    id = _session_id(asked)
    conversation, member = await roster.one_conversation(server.core, server.app, id)
    customer_id = UserId(asked.id("customerId") or (member.user_id if member else 0))
    await server.count_write(conversation.id)
    said = await roster.post_for(server.core, server.app, customer_id, id, _draft(asked))
    return wire.document(message(server.app, said), 201)


async def post_outbound(server: Server) -> Response:
    """POST chat/outbound/messages: to the customer, who must be in the conversation."""
    asked = (await read(server.request)).only("customerId", "from", "session", "body", "trackingId", "externalId")
    asked.text("from", 256)
    id = _session_id(asked)
    await server.count_write(id)
    said = await roster.post_for(
        server.core, server.app, _customer_id(asked), id, _draft(asked), author=Author.OPERATOR
    )
    return wire.document(message(server.app, said), 201)


async def show_typing(server: Server) -> Response:
    """POST chat/outbound/typing: to the customer, that somebody of the App's writes, or no longer.

    It is told to who listens, and kept nowhere. ``ai`` is read and shown alike; whoever sent it ends it.
    """
    asked = (await read(server.request)).only("customerId", "from", "session", "typing", "ai", "trackingId")
    asked.text("from", 256)
    asked.flag("ai")
    id, customer_id, on = _session_id(asked), _customer_id(asked), asked.flag("typing")
    if on is None:
        raise Unacceptable("typing", "is required")
    await server.count_write(id)
    _, member = await roster.one_conversation(server.core, server.app, id)
    if member is None or member.user_id != customer_id:
        raise NotFound("conversation")
    hub = visit_of(server.request).hub
    if hub is None:
        raise Busy
    await hub.type_as_operator(server.app.id, id, on, None)
    attributes = {"status": "typing" if on else "typing-ended", "userType": "user", "userName": None}
    relationships = {"session": wire.reference("chat_session", id), "user": wire.reference("user", server.app.id)}
    return wire.document(wire.resource("chat_activity", id, attributes, relationships))


async def hand_off(server: Server) -> Response:
    """POST chat/handoff: what a customer talked about elsewhere, word by word, as a conversation here."""
    asked = (await read(server.request)).only("customerId", "trackingId", "messages", "title", "custom", "brandId")
    customer_id = _customer_id(asked)
    said = [_line(it) for it in asked.objects("messages", MOST_HANDED_OFF) or []]
    if len(said) < 2 or {author for author, _ in said} != {Author.USER, Author.APP}:
        raise Unacceptable("messages", f"must be 2 to {MOST_HANDED_OFF}, at least one in and one out")
    device_id = await _device_of(server, asked, customer_id)
    title = (asked.text("title", LONGEST_BODY) or next(it.text for author, it in said if author is Author.USER)).strip()
    made = await roster.start_for(
        server.core,
        server.app,
        customer_id,
        device_id=device_id,
        title=title[:LONGEST_TITLE] or None,
        custom=check_custom(asked.object("custom") or {}),
        said=said,
    )
    return wire.document(session(server.app, made, customer_id), 201)


async def one_user(server: Server) -> Response:
    """GET users/{id}: who answers. Operators speak as the App, so there is one."""
    if server.id() != server.app.id:
        raise NotFound("team member")
    attributes = {"name": server.app.name, "displayName": server.app.name, "avatarUrl": None, "userType": "user"}
    made = wire.resource("user", server.app.id, attributes, wire.org_of(server.app))
    return wire.document(made | {"links": {"self": f"/v1/users/{made['id']}"}})


def session(app: App, it: Conversation, customer_id: int) -> wire.Resource:
    """A conversation, under the name that the chat has for it."""
    ending = noted(it)
    attributes = {
        "name": it.title,
        "createdAt": wire.moment(it.created_at),
        "updatedAt": wire.moment(it.updated_at),
        "lockedAt": wire.moment(it.closed_at),
        "lockReason": ending.get("lockReason"),
        "lockedByCustomer": it.closed_at is not None and bool(ending.get("lockedByCustomer")),
        "custom": custom_of(it),
    }
    relationships = wire.org_of(app) | {
        "customer": wire.reference("customer", customer_id, f"/v1/customers/{as_hex(customer_id)}")
    }
    links = {"self": f"/v2.1/chat/sessions/{as_hex(it.id)}"}
    return wire.resource("chat_session", it.id, attributes, relationships, links)


def conversation(app: App, it: Conversation, customer_id: int) -> wire.Resource:
    """The same, under the name that everything else has for it."""
    made = session(app, it, customer_id) | {
        "type": "conversation",
        "links": {"self": f"/v1/conversations/{as_hex(it.id)}"},
    }
    made["attributes"] |= {"status": "open" if it.closed_at is None else "done"}
    return made


def message(app: App, it: Message) -> wire.Resource:
    is_in = it.author is Author.USER
    attributes = {
        "body": None if it.deleted_at is not None else it.text,
        "direction": "in" if is_in else "out",
        "createdAt": wire.moment(it.created_at),
        "modifiedAt": wire.moment(it.edited_at or it.created_at),
        "deletedAt": wire.moment(it.deleted_at),
    }
    relationships = wire.org_of(app) | {"session": wire.reference("chat_session", it.conversation_id)}
    if it.sender_id is not None:
        relationships["customer"] = wire.reference("customer", it.sender_id)
    if not is_in:
        relationships["sentBy"] = wire.reference("user", app.id)
    return wire.resource("chat_message", it.id, attributes, relationships)


async def _wanted(server: Server, asked: Asked, *, only_open: bool) -> list[ConversationsOf]:
    customer_id, tracking_id = asked.id("customerId"), asked.id("trackingId")
    if customer_id is None and tracking_id is None:
        raise Unacceptable("?customerId", "or trackingId is required")
    wanted = []
    if customer_id is not None:
        wanted.append(ConversationsOf(UserId(customer_id), only_open))
    if tracking_id is not None:
        found = await roster.one_session(server.core, server.app, SessionId(tracking_id))
        if found.user_id is not None and found.device_id is not None and found.user_id != customer_id:
            wanted.append(ConversationsOf(found.user_id, only_open, device_id=found.device_id))
    return wanted


async def _device_of(server: Server, asked: Asked, customer_id: UserId) -> DeviceId | None:
    """Of the tracking that is named, which must be the customer's; or of the one they were seen on last."""
    tracking_id = asked.id("trackingId")
    if tracking_id is None:
        return await roster.latest_device(server.core, server.app, customer_id)
    found = await roster.one_session(server.core, server.app, SessionId(tracking_id))
    if found.user_id != customer_id:
        raise Unacceptable("trackingId", "is not the customer's")
    return found.device_id


def _customer_id(asked: Asked) -> UserId:
    asked.needed("customerId", 64)
    return UserId(asked.id("customerId") or 0)


def _session_id(asked: Asked) -> ConversationId:
    asked.needed("session", 64)
    return ConversationId(asked.id("session") or 0)


def _draft(asked: Asked) -> Draft:
    """``externalId`` is the sender's own id for a message: saying it again says nothing."""
    return Draft(asked.needed("body", LONGEST_BODY), client_id=asked.text("externalId", 255))


def _line(asked: Asked) -> tuple[Author, Draft]:
    asked.only("direction", "body", "preview", "sentAt")
    direction = asked.needed("direction", 8)
    if direction not in ("in", "out"):
        raise Unacceptable(asked.at + "direction", "must be in or out")
    if not asked.has("body") and asked.has("preview"):
        return Author.USER if direction == "in" else Author.APP, Draft(asked.needed("preview", LONGEST_BODY))
    return Author.USER if direction == "in" else Author.APP, Draft(asked.needed("body", LONGEST_BODY))
