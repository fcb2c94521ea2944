"""Contacts as the App's server keeps them: its word about who somebody is. Paths ``/contacts``.

A contact that is given by its e-mail address is vouched for: whoever comes by that address later, verified, is them.
What the server marks as not verified names nobody, and is kept as a claim.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.directory import Condition, Field, Operator
from ...domain.errors import NotFound, Unacceptable
from ...domain.identities import (
    KEEP,
    LONGEST_TYPED,
    Assurance,
    Identifier,
    IdentifierKind,
    Identity,
    ProfileChange,
    normal_email,
)
from ...domain.keys import Role
from ...domain.paging import USUAL_PAGE, PageAsked
from ...domain.users import User, UserId
from ...services import directory, roster, users
from ...services.core import Core
from ...web.dialect import core_of
from ...web.ids import as_uuid, read_uuid
from . import wire
from .auth import server_of
from .reading import read, read_moment

LARGEST_CUSTOM: Final = 16 * 1024  # bytes, as JSON

Text = str | UnsetType | None


class Contact(Struct):
    """What is not sent stays as it is."""

    email: Text = UNSET
    phone: Text = UNSET
    name: Text = UNSET
    custom_data: dict[str, Any] | UnsetType | None = UNSET


class Contacts(Struct):
    contact: Contact


@dataclass(frozen=True, slots=True)
class Asked:
    """A contact as it was asked for, in our words; what was not sent is KEEP."""

    email: Identifier | None
    forgets_email: bool
    plain: ProfileChange
    custom: dict[str, Any] | None

    def revision(self, user: User) -> roster.Revision:
        """What becomes of somebody: custom data are merged by their names, an address replaces the one before."""
        custom = KEEP if self.custom is None else {**user.profile.custom, **self.custom}
        change = ProfileChange(name=self.plain.name, phone=self.plain.phone, custom=custom)
        if self.email in user.identifiers or (self.email is None and not self.forgets_email):
            return roster.Revision(None, change)
        others = tuple(it for it in user.identifiers if it.kind is not IdentifierKind.EMAIL)
        return roster.Revision((*others, self.email) if self.email else others, change)


async def create_contact(request: Request) -> Response:
    """POST contacts. One whose address is known is brought up to date, and stays who they are."""
    core, app = core_of(request), await server_of(request, Role.USER_CUSTOMER_WRITE)
    user = await put(core, app, asked_of((await read(request, Contacts)).contact))
    return wire.answer({"id": as_uuid(user.id)}, 201)


async def list_contacts(request: Request) -> Response:
    """GET contacts, newest first; with ``created_after`` and such only those of that time."""
    core, app = core_of(request), await server_of(request, Role.USER_CUSTOMER_READ)
    page = await directory.newest(core, app, _conditions(request), PageAsked(USUAL_PAGE, read_cursor(request)))
    items = [wire.contact(it) for it in page.items]
    return wire.answer({"items": items, "next": None if page.next is None else str(page.next)})


async def change_contact(request: Request) -> Response:
    """PATCH contacts/{id}: what is not sent stays, null empties."""
    core, app = core_of(request), await server_of(request, Role.USER_CUSTOMER_WRITE)
    asked = asked_of((await read(request, Contacts)).contact)
    await roster.revise(core, app, contact_id(request.path_params["id"]), asked.revision)
    return wire.answer({})


async def delete_contact(request: Request) -> Response:
    """DELETE contacts/{id}: with their sessions; their tokens are dead at once."""
    core, app = core_of(request), await server_of(request, Role.USER_CUSTOMER_DELETE)
    await users.delete(core, app, contact_id(request.path_params["id"]))
    return wire.answer({})


def asked_of(contact: Contact) -> Asked:
    """Refuses with Unacceptable."""
    email = contact.email or None
    if isinstance(email, str) and len(email) > LONGEST_TYPED:
        raise Unacceptable("email", "is too long")
    custom = contact.custom_data
    if isinstance(custom, dict) and len(msgspec.json.encode(custom)) > LARGEST_CUSTOM:
        raise Unacceptable("custom_data", f"are larger than {LARGEST_CUSTOM} bytes")
    return Asked(
        Identifier.email(normal_email(email)) if isinstance(email, str) else None,
        contact.email is None or contact.email == "",
        ProfileChange(
            name=KEEP if isinstance(contact.name, UnsetType) else contact.name or None,
            phone=KEEP if isinstance(contact.phone, UnsetType) else contact.phone or None,
        ),
        custom if isinstance(custom, dict) else None,
    )


async def put(core: Core, app: App, asked: Asked) -> User:
    """The contact of this address, made or brought up to date; without one always a new contact."""
    if asked.email is None:
        custom = KEEP if asked.custom is None else asked.custom
        change = ProfileChange(name=asked.plain.name, phone=asked.plain.phone, custom=custom)
        return await roster.add(core, app, roster.Revision((), change))
    user, _ = await users.put(core, app, Identity((asked.email,), Assurance.VERIFIED, asked.plain))
    if asked.custom is not None:
        user = await roster.revise(core, app, user.id, asked.revision)
    return user


def contact_id(text: str) -> UserId:
    """Refuses with NotFound what cannot be one."""
    id = read_uuid(text)
    if id is None:
        raise NotFound("user")
    return UserId(id)


def read_cursor(request: Request) -> int | None:
    """``next`` of the page before."""
    given = request.query_params.getlist("cursor")
    text = given[0] if len(given) == 1 else "".join(given)
    if text and not re.fullmatch(r"[1-9][0-9]{0,15}", text):
        raise Unacceptable("cursor", "is not one of ours")
    return int(text) if text else None


def _conditions(request: Request) -> tuple[Condition, ...]:
    found = []
    for field, name in ((Field.CREATED_AT, "created"), (Field.UPDATED_AT, "updated")):
        for operator, side in ((Operator.AT_LEAST, "after"), (Operator.LESS, "before")):
            moment = read_moment(request.query_params.get(f"{name}_{side}"), f"{name}_{side}")
            if moment is not None:
                found.append(Condition.of(field, operator, moment))
    return tuple(found)
