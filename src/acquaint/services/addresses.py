"""E-mail addresses that people type, and whom each names.

meant          the identifier that signing in with an address means
registering    what registering with an address means
reachable      whose password may be reset by a mail to the address

An address that was proved is an Identifier and names its user. Whoever merely registers with one has proved
nothing: it becomes their login and is kept as claimed, so that it captures nobody who later arrives with proof.
"""

from __future__ import annotations

from ..domain.apps import App
from ..domain.errors import IdentifierTaken
from ..domain.identities import Claimed, Identifier
from ..domain.users import User
from ..ports.store import Reading
from .core import Core


async def meant(core: Core, app: App, address: str) -> Identifier:
    """The identifier that the address means: the proven address if anybody has it, or else the login."""
    email = Identifier.email(address)
    async with core.store.read() as tx:
        is_proven = await tx.users.find(app.id, email) is not None
    return email if is_proven else Identifier.login(email.value)


async def registering(core: Core, app: App, address: str) -> tuple[Identifier, Claimed]:
    """The login and the claim that registering with the address makes; refuses with IdentifierTaken."""
    email = Identifier.email(address)
    async with core.store.read() as tx:
        if await tx.users.find(app.id, email) is not None:
            raise IdentifierTaken(email.kind)
    return Identifier.login(email.value), Claimed(email=email.value)


async def reachable(tx: Reading, app: App, email: Identifier) -> User | None:
    """Who proved the address, or else who registered with it.

    A login that only looks like the address is not enough: it is an opaque name, and its user need not know the
    owner of the address.
    """
    user = await tx.users.find(app.id, email)
    if user is None:
        user = await tx.users.find(app.id, Identifier.login(email.value))
        if user is not None and user.profile.claimed.email != email.value:
            return None
    return user
