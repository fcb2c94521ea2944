"""Merging: the App says that two of its users are one person."""

from __future__ import annotations

from typing import Final

from ....domain import errors
from ....domain.apps import App
from ....domain.users import UserId
from ....services import merging as service
from ..callers import USER_KEY
from ..operation import Asked, Operation
from ..wire import merges as wire
from ..wire.values import Nothing, id_of
from .app_users import SECTION


async def merge(asked: Asked[App, Nothing, wire.NewMerge]) -> wire.Merge:
    source, target = UserId(id_of(asked.body.source, "source")), UserId(asked.id("user"))
    return wire.merge(await service.merge(asked.core, asked.who, source=source, target=target))


async def into(asked: Asked[App, Nothing, Nothing]) -> wire.Merges:
    found = await service.into(asked.core, asked.who, UserId(asked.id("user")))
    return wire.Merges(items=[wire.merge(it) for it in found])


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/app/users/{user}/merges",
        caller=USER_KEY,
        serve=merge,
        query=Nothing,
        body=wire.NewMerge,
        answer=wire.Merge,
        status=201,
        section=SECTION,
        summary="Merge another user into this one",
        description=(
            "The source is gone; its identifiers, conversations, messages and files are this user's, who must be "
            "verified. Nothing is believed more than before: what was said unverified stays so, on the device where "
            "it was said, until this user signs in there. It cannot be undone."
        ),
        refusals=(errors.Unacceptable,),
        example={"source": "7204822912614400"},
    ),
    Operation(
        method="GET",
        path="/app/users/{user}/merges",
        caller=USER_KEY,
        serve=into,
        query=Nothing,
        body=Nothing,
        answer=wire.Merges,
        section=SECTION,
        summary="List who was merged into a user",
    ),
)
