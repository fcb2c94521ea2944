"""Kustomer's documents, after JSON:API: what every answer is made of.

resource     an object with its type and id
reference    another object, as a relationship
org_of       the relationship every object has
document     an answer with one object
listing      an answer with a page of them
moment       a date as the vendor's parsers want it

Parsers of v1 drop an object silently whose ``type`` is not the one they expect, and append links to an address they
know, so links are relative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, overload

import msgspec
from starlette.responses import Response

from ...domain.apps import App
from ...web.answers import Json
from ...web.ids import as_hex

Resource = dict[str, Any]

NEVER_KEPT: Final = {"Cache-Control": "no-store"}  # most answers hold a token or what somebody said


def resource(
    type: str,
    id: int | str,
    attributes: Mapping[str, Any],
    relationships: Mapping[str, Any] | None = None,
    links: Mapping[str, Any] | None = None,
) -> Resource:
    """A number for an id is one of ours and becomes 24 digits; a text stays as it is."""
    made: Resource = {"type": type, "id": as_hex(id) if isinstance(id, int) else id, "attributes": dict(attributes)}
    if relationships is not None:
        made["relationships"] = dict(relationships)
    if links is not None:
        made["links"] = dict(links)
    return made


def reference(type: str, id: int | str, link: str | None = None) -> Resource:
    """``{"data": {"type", "id"}}``, and where it is if somebody may look."""
    made: Resource = {"data": {"type": type, "id": as_hex(id) if isinstance(id, int) else id}}
    if link is not None:
        made["links"] = {"self": link}
    return made


def org_of(app: App) -> Resource:
    return {"org": reference("org", app.id, f"/v1/orgs/{as_hex(app.id)}")}


def document(
    data: Resource | None,
    status: int = 200,
    *,
    meta: Mapping[str, Any] | None = None,
    included: Sequence[Resource] = (),
) -> Response:
    body: Resource = {"data": data}
    if meta is not None:
        body["meta"] = dict(meta)
    if included:
        body["included"] = list(included)
    return answer(body, status)


def listing(data: Sequence[Resource], links: Mapping[str, str | None], meta: Mapping[str, Any]) -> Response:
    """``links`` are paths with their queries: self, first, prev, next and perhaps last; None at the ends."""
    return answer({"data": list(data), "links": dict(links), "meta": dict(meta)})


def answer(body: Resource, status: int = 200) -> Response:
    """Always an object: v1 takes an empty body, or a list, for a failure."""
    return Json(msgspec.json.encode(body), status)


@overload
def moment(at: datetime) -> str: ...
@overload
def moment(at: None) -> None: ...
@overload
def moment(at: datetime | None) -> str | None: ...
def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with three digits of a second's fraction: v1 parses no other precision."""
    if at is None:
        return None
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
