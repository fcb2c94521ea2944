"""Sessions as the App's server sees them: all of the App's conversations with visitors. Paths ``/chat/sessions``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.conversations import Author, Conversation, ConversationKind, Membership
from ...domain.errors import NotFound, Unacceptable
from ...domain.identities import Assurance, Claimed, normal_email
from ...domain.keys import Role
from ...domain.paging import LARGEST_PAGE, USUAL_PAGE, PageAsked
from ...domain.places import Workspace, workspace
from ...domain.users import User, UserId
from ...services import conversations, messages, roster, users
from ...services.core import Core
from ...services.messages import Draft
from ...web.dialect import core_of
from ...web.ids import as_uuid
from . import wire
from .auth import server_of
from .reading import as_text, check_uuid, read, read_session_id, scalars
from .server_contacts import Contact, Text, asked_of, contact_id, put, read_cursor

MOST_PAGES: Final = 20  # of the App's conversations that are looked through for one page of sessions


class Channel(Struct):
    type: str = "web"


class NewContact(Contact):
    """``non_verified_*`` is only kept of somebody who is not verified."""

    non_verified_name: Text = UNSET
    non_verified_email: Text = UNSET
    non_verified_custom_data: dict[str, Any] | UnsetType | None = UNSET


class NewSession(Struct):
    """By ``contact_id``, or with a ``contact`` that is made or found."""

    contact_id: str | None = None
    contact: NewContact | None = None
    channel: Channel | None = None
    verified: bool = True
    custom_data: dict[str, Any] | None = None


class Sent(Struct):
    """``sender``: agent, or contact for what somebody said elsewhere."""

    content: str
    sender: Literal["agent", "contact"] = "agent"
    uuid: str | None = None


async def start(request: Request) -> Response:
    """POST chat/sessions. ``verified`` false: what only claims to be theirs, and what no verified contact ever sees."""
    core, app = core_of(request), await server_of(request, Role.USER)
    asked = await read(request, NewSession)
    if (asked.contact_id is None) == (asked.contact is None):
        raise Unacceptable("contact_id", "or contact is needed, and only one of them")
    if asked.channel is not None and asked.channel.type != "web":
        raise Unacceptable("channel.type", "must be web: there is no other one here")
    custom = scalars(asked.custom_data, "custom_data")
    there = _workspace(custom)
    if asked.contact_id is not None:
        user_id = contact_id(asked.contact_id)
        if asked.verified and not (await users.get(core, app, user_id)).is_verified:
            raise Unacceptable("verified", "must be false: nobody verified this contact")
    elif asked.contact is not None and asked.verified:
        user_id = (await put(core, app, asked_of(asked.contact))).id
    else:
        user_id = (await roster.add_claimed(core, app, _claimed(asked.contact or NewContact()))).id
    believed = Assurance.VERIFIED if asked.verified else Assurance.ANONYMOUS
    conversation = await roster.start_for(core, app, user_id, custom=custom, workspace=there, at_most=believed)
    return wire.answer({"id": as_uuid(conversation.id)}, 201)


async def list_sessions(request: Request) -> Response:
    """GET chat/sessions, the one with the latest message first."""
    core, app = core_of(request), await server_of(request, Role.USER)
    found: list[conversations.Seen] = []
    after = read_cursor(request)
    for _ in range(MOST_PAGES):
        page = await conversations.of_app(core, app, PageAsked(LARGEST_PAGE, after))
        found += [it for it in page.items if it.conversation.kind is ConversationKind.SUPPORT]
        after = page.next
        if after is None or len(found) > USUAL_PAGE:
            break
    if len(found) > USUAL_PAGE:
        found = found[:USUAL_PAGE]
        after = found[-1].conversation.latest_id
    contacts = await users.many(core, app, {member.user_id for it in found for member in it.members[:1]})
    items = [_session(it.conversation, it.members[0] if it.members else None, contacts) for it in found]
    return wire.answer({"items": items, "next": None if after is None else str(after)})


async def show(request: Request) -> Response:
    """GET chat/sessions/{id}"""
    core, app = core_of(request), await server_of(request, Role.USER)
    it = await _one(core, app, request)
    mine = it.members[0] if it.members else None
    contacts = await users.many(core, app, [mine.user_id] if mine else [])
    return wire.answer(_session(it.conversation, mine, contacts))


async def history(request: Request) -> Response:
    """GET chat/sessions/{id}/history: what was said and what happened beside it, oldest first."""
    core, app = core_of(request), await server_of(request, Role.USER)
    conversation = (await _one(core, app, request)).conversation
    asked = PageAsked(LARGEST_PAGE, read_cursor(request))
    page = await messages.history_of_app(core, app, conversation.id, asked, newest_first=False)
    if page.next is not None:  # what happened beside it is on the last page
        conversation = replace(conversation, by_door={}, closed_at=None)
    rows = wire.rows(app, conversation, page.items)
    return wire.answer({"items": rows, "next": None if page.next is None else str(page.next)})


async def send(request: Request) -> Response:
    """POST chat/sessions/{id}/send: an answer, or what the contact said elsewhere. The same uuid says it once."""
    core, app = core_of(request), await server_of(request, Role.USER)
    conversation = (await _one(core, app, request)).conversation
    asked = await read(request, Sent)
    if not asked.content.strip():
        raise Unacceptable("content", "is required")
    uuid = None if asked.uuid is None else check_uuid(asked.uuid, "uuid")
    draft = Draft(asked.content, client_id=uuid, is_name=uuid is not None)
    if asked.sender == "agent":
        message = await messages.answer(core, app, conversation.id, draft, author=Author.OPERATOR)
    else:
        _, member = await roster.one_conversation(core, app, conversation.id)
        if member is None:
            raise NotFound("user")
        message = await roster.post_for(core, app, member.user_id, conversation.id, draft)
    return wire.answer({"id": wire.public_id(message)}, 201)


async def _one(core: Core, app: App, request: Request) -> conversations.Seen:
    """Refuses with NotFound for what is no conversation with operators, too."""
    id = read_session_id(request.path_params["id"])
    it = await conversations.one_of_app(core, app, id)
    if it.conversation.kind is not ConversationKind.SUPPORT:
        raise NotFound("conversation")
    return it


def _session(it: Conversation, mine: Membership | None, contacts: Mapping[UserId, User]) -> dict[str, Any]:
    """Whether a closed one was resolved nobody says here: whoever closes one means that it is done."""
    user = contacts.get(mine.user_id) if mine else None
    return {
        "id": as_uuid(it.id),
        "ticket_number": it.id,
        "status": "open" if it.closed_at is None else "closed_resolved",
        "channel": {"type": "web"},
        "verified": mine is not None and mine.assurance is Assurance.VERIFIED,
        "contact": None if user is None else wire.contact(user),
        "custom_data": dict(it.custom),
        "created_at": wire.moment(it.created_at),
        "updated_at": wire.moment(it.updated_at),
    }


def _workspace(custom: Mapping[str, Any]) -> Workspace | None:
    """Where the widget finds it: ``external_id`` of the custom data, as the widget itself says it."""
    given = custom.get("external_id")
    try:
        return workspace(as_text(given) or None if given is not None else None)
    except Unacceptable as rule:
        raise Unacceptable("custom_data.external_id", rule.reason) from rule


def _claimed(contact: NewContact) -> Claimed:
    """What is only said of somebody, under either spelling."""
    email = contact.non_verified_email or contact.email or None
    name = contact.non_verified_name or contact.name or None
    given = contact.non_verified_custom_data or contact.custom_data
    return Claimed(
        name if isinstance(name, str) else None,
        normal_email(email) if isinstance(email, str) else None,
        contact.phone if isinstance(contact.phone, str) and contact.phone else None,
        scalars(given if isinstance(given, dict) else None, "custom_data"),
    )
