"""A route as data: the endpoint that serves it and its entry in the description both come from here.

Asked        a request that was read: who asks, for what
Operation    method, path, caller, what is sent, what is answered, what may be refused
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ...domain import errors
from ...domain.errors import NotFound, Refusal, Unacceptable, UnsupportedMedia
from ...services.core import Core
from ...web.answers import Empty, Json
from ...web.dialect import OurFault, Route, core_of, visit_of
from ...web.ids import read_integer
from ...web.reading import media_type, parse_json, read_body, read_query
from .callers import Caller
from .problems import StillRunning
from .repeats import HEADER, fingerprint_of, key_in, once
from .wire.values import Nothing

PREFIX: Final = "/acquaint/v1"
SAFE: Final = frozenset({"GET"})

Who = TypeVar("Who")
Query = TypeVar("Query")
Body = TypeVar("Body")
Answer = TypeVar("Answer")

_NOTHING: Final = Nothing()
_encode: Final = msgspec.json.Encoder().encode


class Asked(Generic[Who, Query, Body]):
    """A request that was read: who asks, for what."""

    __slots__ = ("body", "core", "query", "request", "who")

    def __init__(self, request: Request, core: Core, who: Who, query: Query, body: Body) -> None:
        self.request, self.core, self.who, self.query, self.body = request, core, who, query, body

    @property
    def address(self) -> str:
        return visit_of(self.request).address

    def id(self, what: str) -> int:
        """The id of this name in the path. One that cannot be an id names nothing: NotFound."""
        id = read_integer(self.request.path_params[what])
        if id is None:
            raise NotFound(what)
        return id


class Raw:
    """Not JSON: the function behind the route reads or writes the bytes itself."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation(Generic[Who, Query, Body, Answer]):
    """One request of the native API. ``path`` begins after /acquaint/v1, its parameters are named by what they name.

    ``query`` and ``body`` are shapes: ``Nothing`` where nothing is sent, ``Raw`` where bytes are. ``answer`` too:
    ``None``'s type where there is no body. ``refusals`` are those that only this route may say; what follows from
    its caller, path and shapes is added by ``every_refusal``.
    """

    method: str
    path: str
    caller: Caller[Who]
    serve: Callable[[Asked[Who, Query, Body]], Awaitable[Answer | Response]]
    query: type[Query]
    body: type[Body]
    answer: type[Answer]
    section: str
    summary: str
    description: str = ""
    status: int = 200
    refusals: tuple[type[Refusal], ...] = ()
    holds_secret: bool = False  # the answer does, so it is never kept
    example: Mapping[str, Any] | None = None  # of the body

    @property
    def full_path(self) -> str:
        return PREFIX + self.path

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def takes_key(self) -> bool:
        """Whether an Idempotency-Key is taken: on every write of somebody we know, unless a secret is answered."""
        return self.method not in SAFE and self.caller.known_as is not None and not self.holds_secret

    @property
    def every_refusal(self) -> tuple[type[Refusal], ...]:
        found: list[type[Refusal]] = [*self.caller.refusals, *self.refusals]
        if self.body is not Nothing:
            found += [errors.Unreadable, errors.TooLarge]
        if self.body is not Nothing and self.body is not Raw:
            found.append(errors.UnsupportedMedia)
        if self.path_parameters:
            found.append(errors.NotFound)
        if self.takes_key:
            found += [errors.Repeated, StillRunning]
        return tuple(dict.fromkeys([*found, errors.Unacceptable, errors.Busy, OurFault]))

    def route(self) -> Route:
        return Route(self.method, self.full_path, self._endpoint(), for_browsers=self.caller.for_browsers)

    def _endpoint(self) -> Callable[[Request], Awaitable[Response]]:
        return self._read_only() if self.method in SAFE else self._write()

    def _read_only(self) -> Callable[[Request], Awaitable[Response]]:
        find, serve, query = self.caller.find, self.serve, self._query_reader()

        async def endpoint(request: Request) -> Response:
            who = await find(request)
            asked: Asked[Who, Query, Any] = Asked(request, core_of(request), who, query(request), _NOTHING)
            found = await serve(asked)
            return found if isinstance(found, Response) else Json(_encode(found))

        return endpoint

    def _write(self) -> Callable[[Request], Awaitable[Response]]:
        find, serve, query, status = self.caller.find, self.serve, self._query_reader(), self.status
        known_as, takes_key, body_shape = self.caller.known_as, self.takes_key, self.body

        async def endpoint(request: Request) -> Response:
            key = key_in(request)
            if key is not None and not takes_key:
                raise Unacceptable(HEADER, "is not taken here: no answer of this route is kept")
            who = await find(request)
            body, sent = await _body(request, body_shape)
            asked = Asked(request, core_of(request), who, query(request), body)

            async def answer() -> Response:
                found = await serve(asked)
                if isinstance(found, Response):
                    return found
                return Empty(status) if found is None else Json(_encode(found), status)

            if key is None or known_as is None:
                return await answer()
            return await once(asked.core, known_as(who), key, fingerprint_of(request, sent), answer)

        return endpoint

    def _query_reader(self) -> Callable[[Request], Any]:
        shape = self.query
        if shape is not Nothing:
            return lambda request: read_query(request, shape)
        return lambda request: read_query(request, Nothing) if request.scope["query_string"] else _NOTHING


async def _body(request: Request, shape: type[Body]) -> tuple[Body, bytes]:
    """What was sent, as the shape and as it was."""
    if shape is Nothing or shape is Raw:
        return shape(), b""
    if media_type(request) != "application/json":
        raise UnsupportedMedia("The body must be application/json.")
    sent = await read_body(request)
    return parse_json(sent, shape), sent
