"""Merging customers: one is gone, and what was theirs is the other's. It cannot be undone."""

from __future__ import annotations

from starlette.responses import Response

from ....domain.errors import NotFound, Unacceptable
from ....domain.users import MergeId, UserId
from ....services import merging
from .. import wire
from ..reading import read
from . import customer_wire
from .callers import Server
from .customers import gone

MERGE = ("org.permission.customer_merge.create", "org.user.customer.write", "org.admin.customer.merge.write")


async def create_merge(server: Server) -> Response:
    """POST customers/merges ``{source, target}``, either as an id."""
    asked = (await read(server.request)).only("source", "target")
    asked.needed("source", 64)
    asked.needed("target", 64)
    source, target = UserId(asked.id("source") or 0), UserId(asked.id("target") or 0)
    await server.count_write(target)
    try:
        made = await merging.merge(server.core, server.app, source=source, target=target)
    except Unacceptable as rule:
        if rule.field == "target":
            raise Unacceptable("target", "is an anonymous customer: merge it into the other one") from rule
        raise
    except NotFound:
        for id in (source, target):
            was = await merging.became_of(server.core, server.app, id)
            if was is not None:
                return gone(was.target_id)
        raise
    return wire.document(customer_wire.merge(server.app, made), 201)


async def one_merge(server: Server) -> Response:
    """GET customers/merges/{id}"""
    return wire.document(
        customer_wire.merge(server.app, await merging.one(server.core, server.app, MergeId(server.id())))
    )


async def list_merges(server: Server) -> Response:
    """GET customers/{id}/merges: who was merged into the customer, the latest first."""
    found = await merging.into(server.core, server.app, UserId(server.id()))
    return wire.answer({"data": [customer_wire.merge(server.app, it) for it in found]})
