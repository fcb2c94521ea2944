"""Whose User a Testimony is about.

A Provider's own name for somebody decides. Only the first time, when nobody has that name yet, an address may decide:
one that both sides proved, the Provider by verifying it and the User by having it as an Identifier. It does not where
the User already has another name at the same Provider: addresses and numbers change hands, and the new owner must not
find the old one's history. Addresses that name somebody else stay with them; they are then merely claimed here.
"""

from __future__ import annotations

from dataclasses import replace

from ...domain.apps import App
from ...domain.identities import NO_CHANGE, Assurance, Claimed, Identifier, IdentifierKind, Identity, ProfileChange
from ...domain.testimony import Testimony
from ...domain.users import User
from ...ports.store import Transaction
from ..admission import Admission, Place, admit, noting_refusals, once_more_if_taken
from ..core import Core


async def admit_by(core: Core, app: App, testimony: Testimony, place: Place) -> Admission:
    """Lets in whom the Testimony is about, made if need be. Refuses with UserBanned or RegistrationClosed."""

    async def once() -> Admission:
        async with core.store.write() as tx:
            return await admit(core, tx, app, await identity_of(tx, app, testimony, place.door), place)

    return await noting_refusals(core, app, place, lambda: once_more_if_taken(once))


async def identity_of(tx: Transaction, app: App, testimony: Testimony, door: str) -> Identity:
    """What is to be admitted: the first identifier names the user, the others are free or theirs already."""
    user = await tx.users.find(app.id, testimony.named)
    owners = {it: await tx.users.find(app.id, it) for it in testimony.proven}
    if user is None and not testimony.is_vouched:
        user = next((it for it in owners.values() if it is not None and _may_be(it, testimony)), None)
    identifiers = [testimony.named]
    for it, owner in owners.items():
        is_free = owner is None and not _has_another(user, it)
        if is_free or (owner is not None and user is not None and owner.id == user.id):
            identifiers.append(it)
    identifiers += await _wish(tx, app, testimony, user)
    is_told = user is None or testimony.refreshes
    return Identity(
        tuple(identifiers),
        Assurance.VERIFIED,
        _profile(testimony, user, door) if is_told else NO_CHANGE,
        _claimed(testimony, identifiers) if is_told else Claimed(),
        testimony.is_vouched,
    )


def _may_be(user: User, testimony: Testimony) -> bool:
    return not any(testimony.named.excludes(it) for it in user.identifiers)


def _has_another(user: User | None, identifier: Identifier) -> bool:
    return user is not None and any(identifier.excludes(it) for it in user.identifiers)


async def _wish(tx: Transaction, app: App, testimony: Testimony, user: User | None) -> list[Identifier]:
    """The first of the logins that nobody has, for who has none."""
    if user is not None and user.known_as(IdentifierKind.LOGIN) is not None:
        return []
    for it in testimony.wished:
        if await tx.users.find(app.id, it) is None:
            return [it]
    return []


def _profile(testimony: Testimony, user: User | None, door: str) -> ProfileChange:
    if not testimony.kept:
        return testimony.profile
    was = {} if user is None else user.profile.by_door.get(door, {})
    return replace(testimony.profile, by_door={door: {**was, **testimony.kept}})


def _claimed(testimony: Testimony, identifiers: list[Identifier]) -> Claimed:
    """Without what is an identifier: that is proven, and need not be claimed."""
    email, phone = testimony.claimed.email, testimony.claimed.phone
    kinds = {it.kind: it.value for it in identifiers}
    if email is not None and kinds.get(IdentifierKind.EMAIL) == email:
        email = None
    if phone is not None and IdentifierKind.PHONE in kinds:
        phone = None
    return replace(testimony.claimed, email=email, phone=phone)
