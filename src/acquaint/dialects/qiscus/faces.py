"""Who is shown beside rooms and comments: users as others see them, the App itself, and who is not there any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...domain.apps import App
from ...domain.conversations import Author, Message
from ...domain.users import User, UserId
from ...services import users
from ...services.core import Core
from .avatar import AVATAR
from .wire import bare_account

_SHOWN = ("active", "id", "id_str", "email", "username", "avatar_url", "extras")


@dataclass(frozen=True, slots=True)
class Faces:
    """Users who were looked up at once, for everything that one answer shows."""

    app: App
    public_url: str
    known: Mapping[UserId, User]

    @classmethod
    async def of(cls, core: Core, app: App, ids: Iterable[UserId | None]) -> Faces:
        return cls(app, core.public_url, await users.many(core, app, {it for it in ids if it is not None}))

    def of_user(self, user_id: UserId | None) -> dict[str, Any]:
        """Who is gone has no name; nobody else's is shown in its place."""
        user = None if user_id is None else self.known.get(user_id)
        if user is None:
            return self._nobody("")
        account = bare_account(user, self.public_url)
        return {name: account[name] for name in _SHOWN}

    def of_author(self, message: Message) -> dict[str, Any]:
        """Operators and the App speak as the App; it has no id, because somebody could have the same."""
        return self.of_user(message.sender_id) if message.author is Author.USER else self._nobody(self.app.name)

    def _nobody(self, name: str) -> dict[str, Any]:
        picture = self.public_url + AVATAR
        return {
            "active": False,
            "id": 0,
            "id_str": "0",
            "email": "",
            "username": name,
            "avatar_url": picture,
            "extras": {},
        }
