"""The address book: whom a user knows, by number, and who of them is here."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.address_book import LONGEST_DEVICE, LONGEST_NAME, EntryChange
from ...domain.errors import Unacceptable
from ...domain.identities import Identifier
from ...services import address_book as service
from ...web.dialect import Route, core_of
from . import wire
from .auth import user_of
from .directory import shown
from .reading import Asked, read
from .routes import both

SHORTEST_PHONE: Final = 10
LONGEST_PHONE: Final = 15
MOST_AT_ONCE: Final = 2_000  # entries of one request

# documented, word for word
INVALID: Final = "Invalid fields set"
BAD_PHONE: Final = f"Length of 'phone' field should be min: {SHORTEST_PHONE} and max: {LONGEST_PHONE}."
BAD_NAME: Final = f"Length of 'name' field should be min: 1 and max: {LONGEST_NAME}."


async def upload(request: Request) -> Response:
    """POST /address_book: what is wrong is rejected, each for itself; the rest is done."""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    changes: list[EntryChange] = []
    rejected: dict[str, list[str]] = {}
    for number, sent in enumerate(_contacts(asked)):
        change = _change(sent)
        if isinstance(change, EntryChange):
            changes.append(change)
        else:
            rejected[str(number)] = [change]
    done = await service.write(core, caller.recognised, changes, device=_device(asked), afresh=asked.flag("force"))
    counted = {"created": done.created, "updated": done.updated, "deleted": done.deleted}
    return wire.answer(counted | {"rejected": rejected})


async def show(request: Request) -> Response:
    """GET /address_book"""
    core, caller = core_of(request), await user_of(request)
    book = await service.read(core, caller.session, device=_device(await read(request)))
    return wire.answer([{"phone": it.phone, "name": it.name} for it in book])


async def registered_users(request: Request) -> Response:
    """GET /address_book/registered_users"""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    found = await service.registered(core, caller.recognised, device=_device(asked))
    if asked.flag("compact"):
        users = [{"id": user.id, "phone": it.phone, "address_book_name": it.name} for it, user in found]
    else:
        users = [shown(user, caller) for _, user in found]
    return wire.answer({"items": [{"user": it} for it in users]})


def _contacts(asked: Asked) -> list[Any]:
    contacts = asked.raw.get("contacts")
    if isinstance(contacts, dict):  # a form: contacts[0][name]=…
        contacts = list(contacts.values())
    if not isinstance(contacts, list) or len(contacts) > MOST_AT_ONCE:
        raise Unacceptable("contacts", f"should be a list of at most {MOST_AT_ONCE}")
    return contacts


def _change(sent: Any) -> EntryChange | str:
    """What is to be done, or why it is not."""
    if not isinstance(sent, dict):
        return INVALID
    it = Asked(sent)
    try:
        phone, name, goes = it.text("phone"), it.text("name"), it.flag("destroy")
    except Unacceptable:
        return INVALID
    if phone is None or (name is None and not goes and not it.has("name")):
        return INVALID
    if not SHORTEST_PHONE <= len(phone) <= LONGEST_PHONE:
        return BAD_PHONE
    if not goes and (name is None or len(name) > LONGEST_NAME):
        return BAD_NAME
    try:
        return EntryChange(Identifier.phone(phone).value, None if goes else name)
    except Unacceptable:
        return INVALID


def _device(asked: Asked) -> str | None:
    device = asked.text("udid")
    if device is not None and len(device) > LONGEST_DEVICE:
        raise Unacceptable("udid", f"is longer than {LONGEST_DEVICE} characters")
    return device


ROUTES: Final[list[Route]] = [
    *both("POST", "/address_book", upload),
    *both("GET", "/address_book", show),
    *both("GET", "/address_book/registered_users", registered_users),
]
