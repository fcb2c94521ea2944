"""Chat keys: passwords that the App's server has made for its users, so that their devices come in by themselves.

mint      a new one, shown this once; the one before opens nothing more
due       whose key is older than the Policy wants

A key that is due goes on being good until the App mints the next one. A rule of the server that shut users out on its
own would do so when nobody is there to hand out new keys; the App looks at what is due and mints, as often as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..domain.apps import App
from ..domain.errors import NotFound, Unacceptable
from ..domain.identities import IdentifierKind
from ..domain.paging import Page, PageAsked
from ..domain.users import User, UserId
from ..ports.store import ChatKey
from .core import Core, new_word
from .users import give_password

LETTERS: Final = 40  # letters and digits, 238 random bits; ConnectyCube takes passwords of at most 40 characters
NAMED_BY: Final = frozenset({IdentifierKind.LOGIN, IdentifierKind.EMAIL, IdentifierKind.PHONE})


@dataclass(frozen=True, slots=True)
class MintedKey:
    user: User
    text: str


async def mint(core: Core, app: App, user_id: UserId, *, ends_sessions: bool = False) -> MintedKey:
    """A strong password for the user, in place of theirs. Only its hash is kept.

    What is open goes on unless ``ends_sessions``. Refuses with NotFound, and with Unacceptable for a user who has
    nothing that a password could be given with.
    """
    text = new_word(core, LETTERS)
    hashed = await core.hasher.hash(text)
    async with core.store.write() as tx:
        user = await tx.users.get(app.id, user_id)
        if user is None:
            raise NotFound("user")
        if not any(it.kind in NAMED_BY for it in user.identifiers):
            raise Unacceptable("user", "has no login, e-mail address or phone number to give a key with")
        user = await give_password(core, tx, user, hashed, ends_sessions=ends_sessions)
        await tx.users.mark_chat_key(user.id, core.clock())
    return MintedKey(user, text)


async def due(core: Core, app: App, page: PageAsked) -> Page[ChatKey]:
    """The keys older than the Policy's ``chat_key_max_age``, the first made user first; none where it has no such age.

    A password that was set since, by whomever, is no chat key any more.
    """
    oldest = app.policy.chat_key_max_age
    if oldest is None:
        return Page(())
    async with core.store.search() as tx:
        return await tx.users.chat_keys_before(app.id, core.clock() - oldest, page)
