"""Customers in bulk: up to 100 of them made, changed or deleted by one request, each for itself.

create, update, delete   do it, and answer the job
one_job                  the job, which is complete as soon as there is one
batches                  what became of each item

The vendor does it later, and has its clients ask until it is done. Here it is done when the answer comes, so the first
question finds it ``complete``. What became of the items is kept for a day. An item that is refused keeps no other from
being done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
import structlog
from starlette.responses import Response

from ....domain.errors import Busy, NotFound, Refusal, Unacceptable
from ....domain.users import User, UserId
from ....services import users
from ....web.dialect import Dialect, WireError
from ....web.ids import as_hex
from .. import wire
from ..errors import ERRORS, error_response, said_of
from ..reading import Asked, query, read_id, read_list
from . import customers
from .callers import Server
from .customer_body import customer_in

MOST_ITEMS: Final = 100  # of one request (the vendor)
LONGEST_REFERENCE: Final = 255
REFERENCE: Final = "_clientRef"
"""The sender's own name for an item, which comes back with what became of it."""

_WORDS: Final = Dialect("kustomer", (), (), ERRORS, error_response)

Act = Callable[[Asked], Awaitable[User | UserId | WireError]]

log = structlog.get_logger()


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one."""

    id: str | None = None
    reference: str | None = None
    error: dict[str, Any] | None = None


class Job(msgspec.Struct, frozen=True):
    """What is kept."""

    verb: str
    began_at: str
    ended_at: str
    items: list[Item]


async def create(server: Server) -> Response:
    """POST customers/bulk"""

    async def make(asked: Asked) -> User | WireError:
        return await customers.make(server, customer_in(asked))

    return await _serve(server, "created", await read_list(server.request, MOST_ITEMS), make)


async def update(server: Server) -> Response:
    """PUT customers/bulk: each item has the ``id`` of its customer; what it does not say stays."""

    async def change(asked: Asked) -> User | WireError:
        id = UserId(read_id(asked.needed("id", 64)))
        return await customers.change(server, id, customer_in(_without(asked, "id")))

    return await _serve(server, "updated", await read_list(server.request, MOST_ITEMS), change)


async def delete(server: Server) -> Response:
    """DELETE customers/bulk?ids=: with commas between them."""
    ids = query(server.request).only("ids").needed("ids", MOST_ITEMS * 25).split(",")
    if len(ids) > MOST_ITEMS:
        raise Unacceptable("?ids", f"has more than {MOST_ITEMS} items")

    async def erase(asked: Asked) -> UserId:
        id = UserId(read_id(asked.needed("id")))
        await server.count_write(id)
        await users.delete(server.core, server.app, id)
        return id

    return await _serve(server, "deleted", [Asked({"id": it}) for it in ids], erase)


async def one_job(server: Server) -> Response:
    """GET bulk/{id}"""
    job = await _kept(server)
    return wire.document(_shown(server, server.id(), job))


async def batches(server: Server) -> Response:
    """GET bulk/{id}/batches: there is one."""
    job, id = await _kept(server), server.id()
    done = [it for it in job.items if it.error is None]
    attributes: dict[str, Any] = {
        "status": "complete",
        "objectIds": [it.id for it in done],
        "successCount": len(done),
        "failureCount": len(job.items) - len(done),
        "completedAt": job.ended_at,
        "errors": [it.error | {"index": number} for number, it in enumerate(job.items) if it.error is not None],
    }
    if any(it.reference is not None for it in job.items):
        attributes["results"] = [_result(it, job.verb) for it in job.items]
    relationships = wire.org_of(server.app) | {"bulk": wire.reference("bulk", id, f"/v1/bulk/{as_hex(id)}")}
    path = server.request.scope["path"]
    links = {"self": path, "first": path, "prev": None, "next": None}
    return wire.listing([wire.resource("bulk_batch", id, attributes, relationships)], links, {"page": 1, "pageSize": 1})


async def _serve(server: Server, verb: str, items: Sequence[Asked], act: Act) -> Response:
    core = server.core
    id, began_at = core.new_id(), core.clock()
    done = [await _item(it, act) for it in items]
    job = Job(verb, wire.moment(began_at), wire.moment(core.clock()), done)
    try:
        async with core.store.write() as tx:
            await tx.answers.claim(_caller(server), as_hex(id), verb, began_at)
            await tx.answers.keep(_caller(server), as_hex(id), 200, msgspec.json.encode(job))
    except Busy:  # it was done, so it is answered
        log.warning("bulk_not_kept")
    return wire.document(_shown(server, id, job), 201)


async def _item(asked: Asked, act: Act) -> Item:
    reference = None
    try:
        reference = asked.text(REFERENCE, LONGEST_REFERENCE)
        outcome = await act(_without(asked, REFERENCE))
    except Refusal as refusal:
        outcome = _WORDS.wire_error(refusal)
    if isinstance(outcome, WireError):
        return Item(reference=reference, error=said_of(outcome))
    return Item(id=as_hex(outcome.id if isinstance(outcome, User) else outcome), reference=reference)


def _without(asked: Asked, name: str) -> Asked:
    return Asked({it: value for it, value in asked.values.items() if it != name})


async def _kept(server: Server) -> Job:
    async with server.core.store.read() as tx:
        kept = await tx.answers.get(_caller(server), as_hex(server.id()))
    if kept is None:
        raise NotFound("bulk operation")
    return msgspec.json.decode(kept.body, type=Job)


def _caller(server: Server) -> str:
    return f"kustomer bulk {server.app.id}"


def _shown(server: Server, id: int, job: Job) -> wire.Resource:
    attributes = {
        "status": "complete",
        "batches": {"complete": 1, "total": 1},
        "createdAt": job.began_at,
        "updatedAt": job.ended_at,
        "completedAt": job.ended_at,
    }
    return wire.resource("bulk", id, attributes, wire.org_of(server.app), {"self": f"/v1/bulk/{as_hex(id)}"})


def _result(it: Item, verb: str) -> dict[str, Any]:
    whole = {REFERENCE: it.reference, "status": verb if it.error is None else "failed", "objectId": it.id}
    return whole if it.error is None else whole | {"errors": [it.error]}
