"""What a dialect is: a vendor's routes, and the vendor's words for each refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ..domain.errors import Refusal
from ..services.core import Core
from ..services.live import Hub

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class WireError:
    """One refusal in a vendor's words: the HTTP status, the vendor's code, what people read, and data beside it."""

    status: int
    code: str
    message: str
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Words = WireError | Callable[[Any], WireError]
"""Fixed words, or a function of the refusal for those that carry evidence."""

ErrorTable = Mapping[type[Refusal], Words]


class NoSuchPath(Refusal):
    """No route of the dialect has this path."""


class NoSuchMethod(Refusal):
    """The path is there, and the method is not."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(", ".join(allowed))
        self.allowed = tuple(allowed)


class OurFault(Refusal):
    """Something broke on our side; the log knows what."""


@dataclass(frozen=True, slots=True)
class Route:
    """One request a dialect answers. ``path`` is Starlette's: ``/users/{id}``, ``{path:path}``.

    ``for_browsers`` says whether a page of another origin may read the answer; routes whose credential is a
    server's secret say no.
    """

    method: str
    path: str
    endpoint: Endpoint
    for_browsers: bool = True


@dataclass(frozen=True)
class Dialect:
    """A vendor's API. ``prefixes`` are the beginnings of paths whose refusals are said in its words."""

    name: str
    prefixes: tuple[str, ...]
    routes: Sequence[Route]
    errors: ErrorTable
    error_response: Callable[[WireError], Response]
    allowed_headers: tuple[str, ...] = ()  # what a preflight may ask for; empty: whatever it asks for
    exposed_headers: tuple[str, ...] = ()

    def wire_error(self, refusal: Refusal) -> WireError:
        """The words for a refusal: its own, or those of its nearest ancestor that has some."""
        for kind in type(refusal).__mro__:
            if kind in self.errors:
                words = self.errors[kind]
                return words if isinstance(words, WireError) else words(refusal)
        return OUR_FAULT

    def refuse(self, refusal: Refusal, request: Request | None = None) -> Response:
        """The answer; with the request, those who count refusals hear of it."""
        if request is not None:
            request.scope[REFUSED] = refusal
        error = self.wire_error(refusal)
        response = self.error_response(error)
        response.headers.update(error.headers)
        return response


REFUSED: Final = "acquaint.refused"
"""Where a request's scope has the Refusal that it is answered with."""

OUR_FAULT: Final = WireError(500, "internal_error", "Something went wrong on the server.")


@dataclass(slots=True)
class Visit:
    """What the edge found out about a request before any route saw it."""

    core: Core
    request_id: str
    address: str  # the client's network address, as far as the trusted proxies tell it
    is_secure: bool
    hub: Hub | None = None  # where what is told as it happens can be heard; None where nobody serves live connections


def visit_of(request: Request) -> Visit:
    visit = request.scope["acquaint.visit"]
    if not isinstance(visit, Visit):
        raise TypeError("the request did not come through the edge")
    return visit


def core_of(request: Request) -> Core:
    return visit_of(request).core
