"""Who asks under ``/v1/`` and ``/v2.1/``: the holder of an API key, who is counted with all of the App's others.

Server    the App, the key and the request
served    an endpoint for holders of one of these roles, whose answers say how often they may still ask

A key is of one App. On the host of another it is as good as none.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ....domain.apps import App
from ....domain.errors import Doubt, InvalidCredentials, NotAllowed, Refusal, TooManyRequests
from ....domain.keys import ApiKey, Role, satisfies
from ....domain.limits import Left, Limit
from ....services import apps, limits
from ....services.core import Core
from ....web.cors import check_origin
from ....web.dialect import Dialect, Endpoint, core_of, visit_of
from ....web.reading import bearer
from .. import org
from ..errors import ERRORS, error_response
from ..reading import read_id

MINUTE: Final = timedelta(minutes=1)

WRITES_PER_OBJECT: Final = Limit("kustomer_writes_per_object", 120, MINUTE)
"""Changes of one customer or conversation. The vendor has such a limit; its number is not published."""

UNKNOWN_KEYS_PER_ADDRESS: Final = Limit("kustomer_unknown_keys_per_address", 600, MINUTE)
"""Requests with a key that is none. Against keeping the database busy; lower would hurt an office behind one address
one of whose programs still has an old key."""

_WORDS: Final = Dialect("kustomer", (), (), ERRORS, error_response)


@dataclass(frozen=True, slots=True)
class Server:
    """One of the App's own servers, or a client with its public key, and what it asks."""

    core: Core
    app: App
    key: ApiKey
    request: Request

    def may(self, *needed: str) -> bool:
        """Whether the key has a role for one of these."""
        return any(satisfies(self.key.roles, it) for it in needed)

    def check_may(self, *needed: str) -> None:
        if not self.may(*needed):
            raise NotAllowed(needed[0])

    @property
    def is_public(self) -> bool:
        """Whether anybody may have the key: it is in the App's clients."""
        return Role.TRACKING in self.key.roles

    @property
    def counted_by(self) -> tuple[Limit, str]:
        """The limit of the request and whom it counts.

        Keys of the App's servers are counted together. The public one is counted by network address: whoever has it
        could otherwise use up what the servers need.
        """
        times = self.app.policy.server_requests_per_minute
        if self.is_public:
            address = limits.party(visit_of(self.request).address)
            return Limit("kustomer_public_requests", times, MINUTE), f"{self.app.id}|{address}"
        return Limit("kustomer_server_requests", times, MINUTE), str(self.app.id)

    def id(self, name: str = "id") -> int:
        """The id of this name in the path. Refuses with Unacceptable what cannot be one."""
        return read_id(self.request.path_params[name])

    async def count_write(self, id: int) -> None:
        """Counts a change of an object; refuses with TooManyRequests."""
        await self.core.limiter.take(WRITES_PER_OBJECT, f"{self.app.id}|{id}")


def served(endpoint: Callable[[Server], Awaitable[Response]], *needed: str, public: bool = False) -> Endpoint:
    """The endpoint, for keys with a role for one of what is needed; for every key where nothing is needed.

    A public key opens only what is ``public``, whatever else it says.
    """

    async def serve(request: Request) -> Response:
        server = await _server(request, needed, public=public)
        limit, who = server.counted_by
        try:
            left = await server.core.limiter.take(limit, who)
        except TooManyRequests as refusal:
            return _said(_WORDS.refuse(refusal), limit, Left(0, refusal.retry_after), server.core.clock())
        try:
            response = await endpoint(server)
        except Refusal as refusal:
            response = _WORDS.refuse(refusal, request)
        return _said(response, limit, left, server.core.clock())

    serve.__doc__ = endpoint.__doc__
    return serve


async def _server(request: Request, needed: tuple[str, ...], *, public: bool) -> Server:
    """Refuses with InvalidCredentials, NotAllowed, AppClosed or, for a page, OriginRefused."""
    core, address = core_of(request), visit_of(request).address
    text = bearer(request)
    if text is None:
        raise InvalidCredentials(Doubt.UNKNOWN_KEY)
    try:
        holder = await apps.holder_of(core, text, *needed, address=address)
    except InvalidCredentials:
        await limits.take(core, UNKNOWN_KEYS_PER_ADDRESS, address)
        raise
    if not org.is_of_host(request, holder.app):
        raise InvalidCredentials(Doubt.UNKNOWN_KEY)
    server = Server(core, holder.app, holder.key, request)
    if server.is_public and not public:
        raise NotAllowed(needed[0] if needed else Role.USER)
    if public:
        check_origin(request, holder.app)
    return server


def _said(response: Response, limit: Limit, left: Left, now: datetime) -> Response:
    """How often the App may ask, how often still, and when (Unix seconds) nothing of that is used any more."""
    response.headers["x-ratelimit-limit"] = str(limit.times)
    response.headers["x-ratelimit-remaining"] = str(left.times)
    response.headers["x-ratelimit-reset"] = str(math.ceil((now + left.whole_in).timestamp()))
    return response
