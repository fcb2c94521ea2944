"""The App's conversations, as its operators answer them."""

from __future__ import annotations

from typing import Final

from ....domain import errors
from ....domain.apps import App
from ....domain.conversations import Author, ConversationId, MessageId
from ....domain.errors import Unacceptable
from ....domain.sessions import SessionId
from ....services import conversations as service
from ....services import messages, operators
from ....web.dialect import visit_of
from ....web.reading import bearer
from ..callers import USER_KEY
from ..operation import Asked, Operation
from ..wire import conversations as wire
from ..wire import operators as shapes
from ..wire.values import Nothing, Paging, given, id_of, optional_id
from .conversations import faces

SECTION: Final = "App: conversations"


async def of_app(asked: Asked[App, Paging, Nothing]) -> wire.AppConversationPage:
    page = await service.of_app(asked.core, asked.who, asked.query.page())
    known = await faces(asked.core, asked.who, page.items, wire.SHOWN_IN_LISTS)
    shown = [wire.app_conversation(seen, known, wire.SHOWN_IN_LISTS) for seen in page.items]
    return wire.AppConversationPage(items=shown, next=optional_id(page.next))


async def show(asked: Asked[App, Nothing, Nothing]) -> wire.AppConversation:
    return await _shown(asked, ConversationId(asked.id("conversation")))


async def history(asked: Asked[App, wire.HistoryPaging, Nothing]) -> wire.MessagePage:
    id, newest_first = ConversationId(asked.id("conversation")), asked.query.order == "newest"
    page = await messages.history_of_app(asked.core, asked.who, id, asked.query.page(), newest_first=newest_first)
    return wire.messages(page, "app")


async def answer(asked: Asked[App, Nothing, wire.Answer]) -> wire.Message:
    id, author = ConversationId(asked.id("conversation")), Author(asked.body.author)
    return wire.message(await messages.answer(asked.core, asked.who, id, asked.body.draft(), author=author), "app")


async def change(asked: Asked[App, Nothing, wire.ConversationChange]) -> wire.AppConversation:
    id = ConversationId(asked.id("conversation"))
    asks_rating = given(asked.body.asks_rating)
    if asked.body.is_closed:
        await service.close(asked.core, asked.who, id, asks_rating=asks_rating)
    elif asks_rating:
        raise Unacceptable("asks_rating", "is for conversations that are closed")
    else:
        await service.open_again(asked.core, asked.who, id)
    return await _shown(asked, id)


async def mark_read(asked: Asked[App, Nothing, wire.ReadMark]) -> shapes.OperatorsRead:
    id, up_to = ConversationId(asked.id("conversation")), MessageId(id_of(asked.body.up_to, "up_to"))
    return shapes.OperatorsRead(operators_read_id=str(await operators.mark_read(asked.core, asked.who, id, up_to)))


async def show_typing(asked: Asked[App, Nothing, shapes.OperatorTyping]) -> None:
    id, hub = ConversationId(asked.id("conversation")), visit_of(asked.request).hub
    on, operator, key = asked.body.on, asked.body.operator, bearer(asked.request) or ""
    await operators.show_typing(asked.core, hub, asked.who, id, on=on, operator=operator, key=key)


async def explain(asked: Asked[App, wire.OfSession, Nothing]) -> wire.Visibility:
    id, session_id = ConversationId(asked.id("conversation")), SessionId(id_of(asked.query.session, "session"))
    return wire.visibility(await service.explain(asked.core, asked.who, id, session_id))


async def _shown(
    asked: Asked[App, Nothing, Nothing] | Asked[App, Nothing, wire.ConversationChange], id: ConversationId
) -> wire.AppConversation:
    seen = await service.one_of_app(asked.core, asked.who, id)
    return wire.app_conversation(seen, await faces(asked.core, asked.who, [seen]))


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/app/conversations",
        caller=USER_KEY,
        serve=of_app,
        query=Paging,
        body=Nothing,
        answer=wire.AppConversationPage,
        section=SECTION,
        summary="List the App's conversations",
        description="The one with the latest message first.",
    ),
    Operation(
        method="GET",
        path="/app/conversations/{conversation}",
        caller=USER_KEY,
        serve=show,
        query=Nothing,
        body=Nothing,
        answer=wire.AppConversation,
        section=SECTION,
        summary="Show a conversation to the App",
    ),
    Operation(
        method="GET",
        path="/app/conversations/{conversation}/messages",
        caller=USER_KEY,
        serve=history,
        query=wire.HistoryPaging,
        body=Nothing,
        answer=wire.MessagePage,
        section=SECTION,
        summary="Read a conversation as the App",
    ),
    Operation(
        method="POST",
        path="/app/conversations/{conversation}/messages",
        caller=USER_KEY,
        serve=answer,
        query=Nothing,
        body=wire.Answer,
        answer=wire.Message,
        status=201,
        section=SECTION,
        summary="Answer",
        description="As one of the App's people, or as the App itself.",
        refusals=(errors.ConversationClosed,),
        example={"text": "It left us this morning.", "author": "operator"},
    ),
    Operation(
        method="PATCH",
        path="/app/conversations/{conversation}",
        caller=USER_KEY,
        serve=change,
        query=Nothing,
        body=wire.ConversationChange,
        answer=wire.AppConversation,
        section=SECTION,
        summary="Close a conversation, or open it again",
        description="Nothing can be said in a closed one; what was said stays. Its visitor may rate it: `asks_rating`.",
        example={"is_closed": True},
    ),
    Operation(
        method="POST",
        path="/app/conversations/{conversation}/read",
        caller=USER_KEY,
        serve=mark_read,
        query=Nothing,
        body=wire.ReadMark,
        answer=shapes.OperatorsRead,
        section=SECTION,
        summary="Mark as read by the App's people",
        description="How far they have read, all as one. It never moves back; an operator's answer moves it, too.",
        example={"up_to": "7204822912614400"},
    ),
    Operation(
        method="POST",
        path="/app/conversations/{conversation}/typing",
        caller=USER_KEY,
        serve=show_typing,
        query=Nothing,
        body=shapes.OperatorTyping,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Show that an operator is typing",
        description="To whoever is connected. Repeat it every few seconds while they are; nothing of it is kept.",
        refusals=(errors.ConversationClosed, errors.TooManyRequests),
        example={"on": True, "operator": "Mia"},
    ),
    Operation(
        method="GET",
        path="/conversations/{conversation}/visibility",
        caller=USER_KEY,
        serve=explain,
        query=wire.OfSession,
        body=Nothing,
        answer=wire.Visibility,
        section=SECTION,
        summary="Why does a session see a conversation, or not",
        description="As data and as a sentence.",
    ),
)
