"""What becomes of messages: searched, edited, deleted, received, reacted to."""

from __future__ import annotations

from typing import Final

from ....domain import errors
from ....domain.apps import App
from ....domain.conversations import ConversationId, MessageId
from ....domain.errors import NeedsUser, NotAllowed, NotFound
from ....domain.identities import KEEP
from ....domain.members import Change
from ....domain.searches import LOOKED_AT
from ....domain.users import UserId
from ....ports.store import Recognised
from ....services import conversations, messages, saying, searching
from ....services.saying import Deleted
from ..callers import USER_KEY, VISITOR
from ..operation import Asked, Operation
from ..wire import conversations as shapes
from ..wire import members as wire
from ..wire import searches
from ..wire.values import Nothing, given, id_of
from .conversations import faces, viewer

SECTION: Final = "Conversations"
FOR_APP: Final = "App: conversations"


async def search(asked: Asked[Recognised, searches.SearchPaging, Nothing]) -> searches.FoundMessages:
    it = asked.who
    if it.session.user_id is None:  # nobody has conversations
        return searches.FoundMessages(items=[], looked_at=0, next=None)
    found = await searching.search(asked.core, it.session, asked.query.asked(), asked.query.page())
    return searches.found(found, it.session.user_id)


async def edit(asked: Asked[Recognised, Nothing, wire.Correction]) -> shapes.Message:
    text, payload = given(asked.body.text), shapes.payload_in(asked.body.payload)
    said = await saying.edit(
        asked.core,
        asked.who,
        ConversationId(asked.id("conversation")),
        MessageId(asked.id("message")),
        text=KEEP if text is None else text,
        payload=KEEP if payload is None else payload,
    )
    return shapes.message(said, viewer(asked.who))


async def delete(asked: Asked[Recognised, wire.For, Nothing]) -> None:
    id, message_id = ConversationId(asked.id("conversation")), MessageId(asked.id("message"))
    for_everybody = asked.query.whom == "everybody"
    _refuse(await saying.delete(asked.core, asked.who, id, [message_id], for_everybody=for_everybody))


async def mark_received(asked: Asked[Recognised, Nothing, wire.ReceivedMark]) -> wire.Received:
    id, up_to = ConversationId(asked.id("conversation")), MessageId(id_of(asked.body.up_to, "up_to"))
    received = await messages.mark_received(asked.core, asked.who.session, id, up_to)
    return wire.Received(last_received_id=str(received))


async def reactions(asked: Asked[Recognised, Nothing, Nothing]) -> wire.Reactions:
    id, message_id = ConversationId(asked.id("conversation")), MessageId(asked.id("message"))
    return wire.reactions(await saying.reactions(asked.core, asked.who.session, id, message_id))


async def react(asked: Asked[Recognised, Nothing, wire.NewReaction]) -> wire.Reactions:
    id, message_id = ConversationId(asked.id("conversation")), MessageId(asked.id("message"))
    add, withdraw = given(asked.body.add), given(asked.body.withdraw)
    await saying.react(asked.core, asked.who, id, message_id, add=add, withdraw=withdraw)
    return wire.reactions(await saying.reactions(asked.core, asked.who.session, id, message_id))


async def delete_by_app(asked: Asked[App, Nothing, Nothing]) -> None:
    id, message_id = ConversationId(asked.id("conversation")), MessageId(asked.id("message"))
    _refuse(await saying.delete(asked.core, asked.who, id, [message_id], for_everybody=True))


async def add_by_app(asked: Asked[App, Nothing, wire.NewMembers]) -> shapes.AppConversation:
    id = ConversationId(asked.id("conversation"))
    seen = await conversations.change(asked.core, asked.who, id, asked.body.change())
    return shapes.app_conversation(seen, await faces(asked.core, asked.who, [seen]))


async def remove_by_app(asked: Asked[App, Nothing, Nothing]) -> None:
    id, user_id = ConversationId(asked.id("conversation")), UserId(asked.id("user"))
    await conversations.change(asked.core, asked.who, id, Change(remove=(user_id,)))


async def delete_conversation_by_app(asked: Asked[App, Nothing, Nothing]) -> None:
    await conversations.delete(asked.core, asked.who, ConversationId(asked.id("conversation")))


def _refuse(it: Deleted) -> None:
    if it.not_found:
        raise NotFound("message")
    if it.not_allowed:
        raise NotAllowed


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/messages",
        caller=VISITOR,
        serve=search,
        query=searches.SearchPaging,
        body=Nothing,
        answer=searches.FoundMessages,
        section=SECTION,
        summary="Search in what one sees",
        description=(
            "In the texts of all conversations one sees, or of those that are named; of those that one does not see "
            f"nothing is found. One search looks at up to {LOOKED_AT:,} messages, and ``next`` goes on from there."
        ),
        refusals=(errors.TooManyRequests,),
    ),
    Operation(
        method="PATCH",
        path="/conversations/{conversation}/messages/{message}",
        caller=VISITOR,
        serve=edit,
        query=Nothing,
        body=wire.Correction,
        answer=shapes.Message,
        section=SECTION,
        summary="Say it differently",
        description="Only who said it. Everybody sees that, and when, it was edited.",
        refusals=(NeedsUser, errors.NotAllowed, errors.ConversationClosed, errors.TooManyRequests),
        example={"text": "It was number 4712."},
    ),
    Operation(
        method="DELETE",
        path="/conversations/{conversation}/messages/{message}",
        caller=VISITOR,
        serve=delete,
        query=wire.For,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Delete a message",
        description=(
            "For everybody: one's own, and others' for the owner and admins of a group, channel or broadcast; an empty "
            "message stays in its place. For oneself: any; nobody else notices."
        ),
        refusals=(NeedsUser, errors.NotAllowed, errors.TooManyRequests),
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/received",
        caller=VISITOR,
        serve=mark_received,
        query=Nothing,
        body=wire.ReceivedMark,
        answer=wire.Received,
        section=SECTION,
        summary="Mark as received",
        description="How far one's devices have got it. It never moves back, and what was read was received.",
        refusals=(NeedsUser,),
        example={"up_to": "7204822912614400"},
    ),
    Operation(
        method="GET",
        path="/conversations/{conversation}/messages/{message}/reactions",
        caller=VISITOR,
        serve=reactions,
        query=Nothing,
        body=Nothing,
        answer=wire.Reactions,
        section=SECTION,
        summary="What people think of a message",
        refusals=(NeedsUser,),
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/messages/{message}/reactions",
        caller=VISITOR,
        serve=react,
        query=Nothing,
        body=wire.NewReaction,
        answer=wire.Reactions,
        section=SECTION,
        summary="React to a message",
        description="Adds a sign, withdraws one, or both. At most five of one user to one message.",
        refusals=(NeedsUser, errors.TooManyRequests),
        example={"add": "👍"},
    ),
)

BY_APP: Final = (
    Operation(
        method="DELETE",
        path="/app/conversations/{conversation}",
        caller=USER_KEY,
        serve=delete_conversation_by_app,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=FOR_APP,
        summary="Delete a conversation",
        description="With everything that was said in it.",
    ),
    Operation(
        method="DELETE",
        path="/app/conversations/{conversation}/messages/{message}",
        caller=USER_KEY,
        serve=delete_by_app,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=FOR_APP,
        summary="Delete a message as the App",
        description="An empty message stays in its place.",
    ),
    Operation(
        method="POST",
        path="/app/conversations/{conversation}/members",
        caller=USER_KEY,
        serve=add_by_app,
        query=Nothing,
        body=wire.NewMembers,
        answer=shapes.AppConversation,
        section=FOR_APP,
        summary="Bring users into a conversation as the App",
        refusals=(NotAllowed,),
        example={"users": ["7204822912614400"]},
    ),
    Operation(
        method="DELETE",
        path="/app/conversations/{conversation}/members/{user}",
        caller=USER_KEY,
        serve=remove_by_app,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=FOR_APP,
        summary="Remove a member as the App",
        refusals=(NotAllowed,),
    ),
)
