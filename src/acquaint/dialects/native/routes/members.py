"""Who is in a conversation, how it looks, and what one does with it for oneself."""

from __future__ import annotations

from typing import Final

from ....domain import errors
from ....domain.conversations import ConversationId
from ....domain.errors import NeedsUser
from ....domain.members import Change
from ....domain.users import UserId
from ....ports.store import Recognised
from ....services import conversations as service
from ....services import members
from ..callers import VISITOR
from ..operation import Asked, Operation
from ..wire import conversations as shapes
from ..wire import members as wire
from ..wire.values import Nothing
from .conversations import faces, viewer

SECTION: Final = "Conversations"


async def change(asked: Asked[Recognised, Nothing, wire.Looks]) -> shapes.Conversation:
    return await _changed(asked, asked.body.change())


async def add(asked: Asked[Recognised, Nothing, wire.NewMembers]) -> shapes.Conversation:
    return await _changed(asked, asked.body.change())


async def set_role(asked: Asked[Recognised, Nothing, wire.Role]) -> shapes.Conversation:
    return await _changed(asked, asked.body.change(UserId(asked.id("user"))))


async def remove(asked: Asked[Recognised, Nothing, Nothing]) -> None:
    await service.change(asked.core, asked.who, _id(asked), Change(remove=(UserId(asked.id("user")),)))


async def delete(asked: Asked[Recognised, Nothing, Nothing]) -> None:
    await service.delete(asked.core, asked.who, _id(asked))


async def join(asked: Asked[Recognised, Nothing, Nothing]) -> shapes.Conversation:
    await members.join(asked.core, asked.who, _id(asked))
    seen = await service.one_seen(asked.core, asked.who.session, _id(asked))
    return shapes.conversation(seen, await faces(asked.core, asked.who.app, [seen]), viewer(asked.who))


async def leave(asked: Asked[Recognised, Nothing, Nothing]) -> None:
    await members.leave(asked.core, asked.who, _id(asked))


async def hide(asked: Asked[Recognised, Nothing, wire.Hidden]) -> None:
    await members.hide(asked.core, asked.who, _id(asked), and_clear=asked.body.and_clear)


async def clear(asked: Asked[Recognised, Nothing, Nothing]) -> None:
    await members.clear(asked.core, asked.who, _id(asked))


async def mute(asked: Asked[Recognised, Nothing, wire.Muted]) -> None:
    await members.mute(asked.core, asked.who, _id(asked), asked.body.is_muted)


AskedToChange = (
    Asked[Recognised, Nothing, wire.Looks]
    | Asked[Recognised, Nothing, wire.NewMembers]
    | Asked[Recognised, Nothing, wire.Role]
)


async def _changed(asked: AskedToChange, change: Change) -> shapes.Conversation:
    seen = await service.change(asked.core, asked.who, ConversationId(asked.id("conversation")), change)
    return shapes.conversation(seen, await faces(asked.core, asked.who.app, [seen]), viewer(asked.who))


def _id(
    asked: Asked[Recognised, Nothing, Nothing]
    | Asked[Recognised, Nothing, wire.Hidden]
    | Asked[Recognised, Nothing, wire.Muted],
) -> ConversationId:
    return ConversationId(asked.id("conversation"))


_MAY_NOT: Final = (NeedsUser, errors.NotAllowed, errors.TooManyRequests)

OPERATIONS: Final = (
    Operation(
        method="PATCH",
        path="/conversations/{conversation}",
        caller=VISITOR,
        serve=change,
        query=Nothing,
        body=wire.Looks,
        answer=shapes.Conversation,
        section=SECTION,
        summary="Change how a conversation looks",
        description=(
            "In a group any member may, unless it is managed; in a channel or broadcast its owner and admins. "
            "Nobody in a direct conversation or with the App's people."
        ),
        refusals=(*_MAY_NOT, errors.ConversationClosed),
        example={"title": "Rowing on Sunday", "description": None},
    ),
    Operation(
        method="DELETE",
        path="/conversations/{conversation}",
        caller=VISITOR,
        serve=delete,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Delete a conversation for everybody",
        description="With everything that was said in it. Its owner may; a direct conversation is nobody's alone.",
        refusals=_MAY_NOT,
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/members",
        caller=VISITOR,
        serve=add,
        query=Nothing,
        body=wire.NewMembers,
        answer=shapes.Conversation,
        section=SECTION,
        summary="Bring users into a conversation",
        description=(
            "In a group any member may, unless it is managed; in a channel or broadcast its owner and admins. "
            "They see what was said before. A conversation has at most 1,000 members."
        ),
        refusals=(*_MAY_NOT, errors.ConversationClosed),
        example={"users": ["7204822912614400"]},
    ),
    Operation(
        method="PATCH",
        path="/conversations/{conversation}/members/{user}",
        caller=VISITOR,
        serve=set_role,
        query=Nothing,
        body=wire.Role,
        answer=shapes.Conversation,
        section=SECTION,
        summary="Make a member an admin, or no longer",
        description="The owner may. When they leave, the admin who is there longest is the owner, or else the member.",
        refusals=(*_MAY_NOT, errors.ConversationClosed),
        example={"role": "admin"},
    ),
    Operation(
        method="DELETE",
        path="/conversations/{conversation}/members/{user}",
        caller=VISITOR,
        serve=remove,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Remove a member",
        description=(
            "Admins may remove members, and the owner anybody; removing oneself is leaving. Who is removed sees "
            "nothing of it any more, and hears nothing more of it."
        ),
        refusals=(*_MAY_NOT, errors.ConversationClosed),
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/join",
        caller=VISITOR,
        serve=join,
        query=Nothing,
        body=Nothing,
        answer=shapes.Conversation,
        section=SECTION,
        summary="Join a channel",
        description="Any verified user of the App may, within their workspace. Others are told that it is not there.",
        refusals=(NeedsUser, errors.ConversationClosed, errors.TooManyRequests),
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/leave",
        caller=VISITOR,
        serve=leave,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Leave a conversation",
        description="A group, channel or broadcast. Anything else can be hidden.",
        refusals=_MAY_NOT,
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/hide",
        caller=VISITOR,
        serve=hide,
        query=Nothing,
        body=wire.Hidden,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Hide a conversation",
        description="From one's own lists, until something is said in it. Nobody else notices.",
        refusals=(NeedsUser, errors.TooManyRequests),
        example={"and_clear": True},
    ),
    Operation(
        method="POST",
        path="/conversations/{conversation}/clear",
        caller=VISITOR,
        serve=clear,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Clear a conversation",
        description="What was said until now one does not see any more, on any device. Others do.",
        refusals=(NeedsUser, errors.TooManyRequests),
    ),
    Operation(
        method="PUT",
        path="/conversations/{conversation}/muted",
        caller=VISITOR,
        serve=mute,
        query=Nothing,
        body=wire.Muted,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Mute a conversation",
        description="Remembered for whoever notifies the user; live updates come all the same.",
        refusals=(NeedsUser, errors.TooManyRequests),
        example={"is_muted": True},
    ),
)
