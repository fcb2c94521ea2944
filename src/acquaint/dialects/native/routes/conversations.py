"""What one sees, and what one says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ....domain import errors
from ....domain.apps import App
from ....domain.conversations import ConversationId, ConversationKind, MessageId
from ....domain.errors import NeedsUser, NotFound
from ....domain.users import User, UserId
from ....ports.store import Recognised
from ....services import conversations as service
from ....services import messages, ratings, users
from ....services.conversations import Seen
from ....services.core import Core
from ..callers import VISITOR
from ..operation import Asked, Operation
from ..wire import conversations as wire
from ..wire import ratings as shapes
from ..wire.values import Nothing, Paging, given, id_of, optional_id

SECTION: Final = "Conversations"


async def faces(
    core: Core, app: App, seen: Iterable[Seen], most: int | None = None, *, known: User | None = None
) -> dict[UserId, User]:
    """The users who are shown as members of these conversations; ``known`` was read a moment ago."""
    shown = {member.user_id for it in seen for member in it.members[:most]}
    if known is not None and shown == {known.id}:
        return {known.id: known}
    return await users.many(core, app, shown)


async def start(asked: Asked[Recognised, Nothing, wire.NewConversation]) -> wire.Conversation:
    body, message = asked.body, given(asked.body.message)
    seen, by = await service.start(
        asked.core,
        asked.who,
        first=None if message is None else message.draft(),
        kind=ConversationKind(body.kind),
        title=given(body.title),
        with_users=[UserId(id_of(it, "users")) for it in given(body.users) or ()],
    )
    return wire.conversation(seen, await faces(asked.core, by.app, [seen], known=by.user), viewer(by))


async def visible(asked: Asked[Recognised, Paging, Nothing]) -> wire.ConversationPage:
    it = asked.who
    if it.session.user_id is None:  # nobody has conversations
        return wire.ConversationPage(items=[], next=None)
    page = await service.seen(asked.core, it.session, asked.query.page())
    known = await faces(asked.core, it.app, page.items, wire.SHOWN_IN_LISTS)
    shown = [wire.conversation(seen, known, it.session.user_id, wire.SHOWN_IN_LISTS) for seen in page.items]
    return wire.ConversationPage(items=shown, next=optional_id(page.next))


async def show(asked: Asked[Recognised, Nothing, Nothing]) -> wire.Conversation:
    it, id = asked.who, ConversationId(asked.id("conversation"))
    seen = await service.one_seen(asked.core, it.session, id)
    return wire.conversation(seen, await faces(asked.core, it.app, [seen]), viewer(it))


async def history(asked: Asked[Recognised, wire.HistoryPaging, Nothing]) -> wire.MessagePage:
    it, id = asked.who, ConversationId(asked.id("conversation"))
    newest_first = asked.query.order == "newest"
    page = await messages.history(asked.core, it.session, id, asked.query.page(), newest_first=newest_first)
    return wire.messages(page, viewer(it))


async def post(asked: Asked[Recognised, Nothing, wire.NewMessage]) -> wire.Message:
    it, id = asked.who, ConversationId(asked.id("conversation"))
    return wire.message(await messages.post(asked.core, it, id, asked.body.draft()), viewer(it))


async def mark_read(asked: Asked[Recognised, Nothing, wire.ReadMark]) -> wire.Read:
    id, up_to = ConversationId(asked.id("conversation")), MessageId(id_of(asked.body.up_to, "up_to"))
    return wire.Read(last_read_id=str(await messages.mark_read(asked.core, asked.who.session, id, up_to)))


async def rate(asked: Asked[Recognised, Nothing, shapes.NewRating]) -> shapes.Rating:
    id = ConversationId(asked.id("conversation"))
    rated = await ratings.rate(asked.core, asked.who, id, asked.body.score, asked.body.comment)
    if rated.rating is None:
        raise NotFound("rating")
    return shapes.rating(rated.rating)


def viewer(it: Recognised) -> UserId:
    """Who sees it. Nobody sees nothing, so whoever was shown something is somebody."""
    if it.session.user_id is None:
        raise NeedsUser
    return it.session.user_id


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/conversations",
        caller=VISITOR,
        serve=start,
        query=Nothing,
        body=wire.NewConversation,
        answer=wire.Conversation,
        status=201,
        section=SECTION,
        summary="Start a conversation",
        description=(
            "With the App's people, or with other users. The first conversation of a visitor makes their user. "
            "Starting a `direct` one that the two have already answers that one."
        ),
        refusals=(NeedsUser, errors.NotAllowed, errors.NotFound, errors.ConversationClosed, errors.IdentifierTaken),
        example={"message": {"text": "Hello, where is my order?"}},
    ),
    Operation(
        method="GET",
        path="/conversations",
        caller=VISITOR,
        serve=visible,
        query=Paging,
        body=Nothing,
        answer=wire.ConversationPage,
        section=SECTION,
        summary="List the conversations one sees",
        description=(
            "A verified session sees what its user joined verified, on every device. Any other one sees what was "
            "joined unverified on its device. Both within their workspace."
        ),
    ),
    Operation(
        method="GET",
        path="/conversations/{conversation}",
        caller=VISITOR,
        serve=show,
        query=Nothing,
        body=Nothing,
        answer=wire.Conversation,
        section=SECTION,
        summary="Show a conversation",
        refusals=(NeedsUser,),
    ),
    Operation(
        method="GET",
        path="/conversations/{conversation}/messages",
        caller=VISITOR,
        serve=history,
        query=wire.HistoryPaging,
        body=Nothing,
        answer=wire.MessagePage,
        section=SECTION,
        summary="Read what was said",
        refusals=(NeedsUser,),
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/messages",
        caller=VISITOR,
        serve=post,
        query=Nothing,
        body=wire.NewMessage,
        answer=wire.Message,
        status=201,
        section=SECTION,
        summary="Say something",
        description="With a `client_id` it is said once, however often it is sent: the same message is answered.",
        refusals=(NeedsUser, errors.ConversationClosed, errors.IdentifierTaken, errors.TooManyRequests),
        example={"text": "It was number 4711.", "client_id": "b7f1"},
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/read",
        caller=VISITOR,
        serve=mark_read,
        query=Nothing,
        body=wire.ReadMark,
        answer=wire.Read,
        section=SECTION,
        summary="Mark as read",
        description="How far one has read. It never moves back.",
        example={"up_to": "7204822912614400"},
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/rating",
        caller=VISITOR,
        serve=rate,
        query=Nothing,
        body=shapes.NewRating,
        answer=shapes.Rating,
        section=SECTION,
        summary="Say what one thought of it",
        description=(
            "Of a conversation with the App's people that was closed, whether or not the App asks for it "
            "(`asks_rating`). Once: a comment may follow the score, another score may not."
        ),
        refusals=(errors.NotAllowed, errors.TooManyRequests),
        example={"score": 5, "comment": "That was quick."},
    ),
)
