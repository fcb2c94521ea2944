"""The server's operator: its Apps."""

from __future__ import annotations

from typing import Final

from ....domain import errors
from ....domain.keys import ApiKey
from ....services import apps as service
from ..callers import OPERATOR
from ..operation import Asked, Operation
from ..wire import apps as wire
from ..wire.values import Nothing, given

SECTION: Final = "Server"


async def every(asked: Asked[ApiKey, Nothing, Nothing]) -> wire.Apps:
    return wire.Apps(items=[wire.app(it) for it in await service.every(asked.core)])


async def create(asked: Asked[ApiKey, Nothing, wire.NewApp]) -> wire.MadeApp:
    return wire.made_app(await service.create(asked.core, asked.body.name, given(asked.body.slug)))


async def show(asked: Asked[ApiKey, Nothing, Nothing]) -> wire.App:
    return wire.app(await service.named(asked.core, asked.request.path_params["app"]))


async def change(asked: Asked[ApiKey, Nothing, wire.AppChange]) -> wire.App:
    app = await service.named(asked.core, asked.request.path_params["app"])
    if asked.body.is_closed:
        return wire.app(await service.close(asked.core, app))
    return wire.app(await service.open_again(asked.core, app))


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/server/apps",
        caller=OPERATOR,
        serve=every,
        query=Nothing,
        body=Nothing,
        answer=wire.Apps,
        section=SECTION,
        summary="List the Apps",
    ),
    Operation(
        method="POST",
        path="/server/apps",
        caller=OPERATOR,
        serve=create,
        query=Nothing,
        body=wire.NewApp,
        answer=wire.MadeApp,
        status=201,
        section=SECTION,
        summary="Make an App",
        description="With one of each key, all usable at once and shown this once.",
        refusals=(errors.IdentifierTaken,),
        holds_secret=True,
        example={"name": "Acme", "slug": "acme"},
    ),
    Operation(
        method="GET",
        path="/server/apps/{app}",
        caller=OPERATOR,
        serve=show,
        query=Nothing,
        body=Nothing,
        answer=wire.App,
        section=SECTION,
        summary="Show an App",
        description="By its slug or id.",
        refusals=(errors.UnknownApp,),
    ),
    Operation(
        method="PATCH",
        path="/server/apps/{app}",
        caller=OPERATOR,
        serve=change,
        query=Nothing,
        body=wire.AppChange,
        answer=wire.App,
        section=SECTION,
        summary="Close an App, or open it again",
        description="Every request of a closed App is refused, and nothing is lost.",
        refusals=(errors.UnknownApp,),
        example={"is_closed": True},
    ),
)
