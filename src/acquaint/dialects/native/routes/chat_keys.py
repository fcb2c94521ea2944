"""Chat keys: passwords that the server makes for the App's users."""

from __future__ import annotations

from typing import Final

from ....domain import errors
from ....domain.apps import App
from ....domain.users import UserId
from ....services import chat_keys as service
from ..callers import USER_KEY
from ..operation import Asked, Operation
from ..wire import chat_keys as wire
from ..wire.values import Nothing, Paging
from .app_users import SECTION


async def mint(asked: Asked[App, Nothing, wire.NewChatKey]) -> wire.MintedChatKey:
    user_id = UserId(asked.id("user"))
    minted = await service.mint(asked.core, asked.who, user_id, ends_sessions=asked.body.ends_sessions)
    return wire.minted(minted)


async def due(asked: Asked[App, Paging, Nothing]) -> wire.ChatKeyPage:
    return wire.page(await service.due(asked.core, asked.who, asked.query.page()))


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/app/users/{user}/chat-key",
        caller=USER_KEY,
        serve=mint,
        query=Nothing,
        body=wire.NewChatKey,
        answer=wire.MintedChatKey,
        status=201,
        section=SECTION,
        summary="Mint a chat key",
        description=(
            "A strong password for the user, in place of theirs, for their device to come in with. It is shown this "
            "once; only its hash is kept. The user needs a login, an e-mail address or a phone number."
        ),
        refusals=(errors.Unacceptable,),
        holds_secret=True,
        example={"ends_sessions": False},
    ),
    Operation(
        method="GET",
        path="/app/chat-keys/due",
        caller=USER_KEY,
        serve=due,
        query=Paging,
        body=Nothing,
        answer=wire.ChatKeyPage,
        section=SECTION,
        summary="List chat keys that are due for new ones",
        description=(
            "Those older than the Policy's `chat_key_max_age`. They go on being good until you mint new ones: nobody "
            "is shut out by a date."
        ),
    ),
)
