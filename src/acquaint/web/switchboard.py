"""From a request to the endpoint of a dialect, and from whatever goes wrong there to the dialect's words.

Paths without parameters, the hot ones, are found by one look into a dictionary; the others by the
patterns of Starlette. All dialects sit at the root, so a path is answered by whichever has it, and a
path that nobody has is refused in the words of the dialect whose prefix it begins with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from starlette.convertors import Convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from ..domain.errors import Refusal
from .cors import preflight
from .dialect import REFUSED, Dialect, NoSuchMethod, NoSuchPath, OurFault, Route
from .heads import QuickRequest

log = structlog.get_logger()

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""What a page may ask about a path that is not there; anything else is not said after it."""


@dataclass(frozen=True, slots=True)
class _Stop:
    """The routes of one path, by method."""

    dialect: Dialect
    path: str
    routes: Mapping[str, Route]

    @property
    def methods(self) -> list[str]:
        return sorted(self.routes)


class Switchboard:
    """An ASGI application. Raises ValueError when two dialects claim the same path."""

    def __init__(
        self,
        dialects: Sequence[Dialect],
        others: Dialect,
        *,
        refused: Callable[[str, Refusal, Request], None] = lambda dialect, refusal, request: None,
    ) -> None:
        """``others`` has the words for paths that begin with nobody's prefix; ``refused`` is told what is refused."""
        self._others, self._refused = others, refused
        self._exact: dict[str, _Stop] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Convertor[Any]], _Stop]] = []
        self._prefixes = sorted(
            ((prefix, dialect) for dialect in dialects for prefix in dialect.prefixes), key=lambda it: -len(it[0])
        )
        stops = [stop for dialect in dialects for stop in _stops_of(dialect)]
        _refuse_the_same(stops)
        for stop in stops:
            if "{" in stop.path:
                pattern, _, convertors = compile_path(stop.path)
                self._patterns.append((pattern, convertors, stop))
            else:
                self._exact[stop.path] = stop
        self._refuse_who_is_in_the_way(stops)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if "//" in path:
            path = scope["path"] = re.sub("/{2,}", "/", path)
        stop = self._exact.get(path)
        if stop is None:
            stop, parameters = self._match(path)
            scope["path_params"] = parameters
        request = QuickRequest(scope, receive, send)
        scope["acquaint.route"] = stop.path if stop else None
        response = await self._answer(request, path, stop)
        await response(scope, receive, send)

    async def _answer(self, request: Request, path: str, stop: _Stop | None) -> Response:
        dialect = stop.dialect if stop else self._dialect_of(path)
        if stop is None:
            return self._of_no_path(request, path, dialect)
        method = "GET" if request.method == "HEAD" and "HEAD" not in stop.routes else request.method
        route = stop.routes.get(method)
        if route is None:
            if request.method == "OPTIONS":
                return self._preflight(request, stop)
            response = dialect.refuse(NoSuchMethod(stop.methods))
            response.headers["Allow"] = ", ".join(stop.methods)
            is_for_browsers = any(it.for_browsers for it in stop.routes.values())
            return _readable(response, request, dialect) if is_for_browsers else response
        try:
            response = await route.endpoint(request)
        except Refusal as refusal:
            response = dialect.refuse(refusal, request)
        except Exception:
            log.exception("request_broke", path=stop.path, method=method)
            response = dialect.refuse(OurFault())
        refused = request.scope.get(REFUSED)
        if refused is not None:
            self._refused(dialect.name, refused, request)
        return _readable(response, request, dialect) if route.for_browsers else response

    def _of_no_path(self, request: Request, path: str, dialect: Dialect) -> Response:
        """The refusal; a page may read it beside paths that pages may call, and a preflight lets it come so far."""
        near = [prefix for prefix in dialect.prefixes if path.startswith(prefix)]
        if not any(route.for_browsers and route.path.startswith(tuple(near)) for route in dialect.routes):
            return dialect.refuse(NoSuchPath())
        asked = request.headers.get("access-control-request-method")
        if request.method == "OPTIONS" and asked in METHODS:
            return preflight(request, [asked], dialect.allowed_headers)
        return _readable(dialect.refuse(NoSuchPath()), request, dialect)

    def _preflight(self, request: Request, stop: _Stop) -> Response:
        methods = [method for method, route in stop.routes.items() if route.for_browsers]
        if not methods or "origin" not in request.headers:
            return Response(status_code=204, headers={"Allow": ", ".join([*stop.methods, "OPTIONS"])})
        return preflight(request, methods, stop.dialect.allowed_headers)

    def _match(self, path: str) -> tuple[_Stop | None, dict[str, Any]]:
        if "\0" in path:  # nothing can be called that: no database keeps it
            return None, {}
        for pattern, convertors, stop in self._patterns:
            found = pattern.fullmatch(path)
            if found:
                try:
                    return stop, {name: convertors[name].convert(value) for name, value in found.groupdict().items()}
                except ValueError:  # a number of thousands of digits
                    return None, {}
        return None, {}

    def _dialect_of(self, path: str) -> Dialect:
        return next((dialect for prefix, dialect in self._prefixes if path.startswith(prefix)), self._others)

    def _refuse_who_is_in_the_way(self, stops: Sequence[_Stop]) -> None:
        """No pattern answers a path of another dialect. Of so many, only those that begin alike are compared."""
        beginnings: dict[str, list[_Stop]] = {}
        for stop in stops:
            beginnings.setdefault(_beginning(stop.path), []).append(stop)
        for pattern, _, stop in self._patterns:
            beginning = _beginning(stop.path)
            for other in stops if "{" in beginning else beginnings[beginning]:
                if other.dialect is not stop.dialect and pattern.fullmatch(other.path):
                    raise _both_have(stop, other)


def _readable(response: Response, request: Request, dialect: Dialect) -> Response:
    """The response as a page of another origin may read it, if it is such a page that asks."""
    if "origin" in request.headers:
        response.headers["Access-Control-Allow-Origin"] = "*"
        if dialect.exposed_headers:
            response.headers["Access-Control-Expose-Headers"] = ", ".join(dialect.exposed_headers)
    return response


def _stops_of(dialect: Dialect) -> list[_Stop]:
    by_path: dict[str, dict[str, Route]] = {}
    for route in dialect.routes:
        methods = by_path.setdefault(route.path, {})
        if route.method in methods:
            raise ValueError(f"{dialect.name} has two routes {route.method} {route.path}")
        methods[route.method] = route
    return [_Stop(dialect, path, methods) for path, methods in by_path.items()]


def _refuse_the_same(stops: Sequence[_Stop]) -> None:
    """No path is there twice, whatever its parameters are called."""
    shapes: dict[str, _Stop] = {}
    for stop in stops:
        other = shapes.setdefault(re.sub(r"\{\w+", "{", stop.path), stop)
        if other is not stop:
            raise _both_have(stop, other)


def _beginning(path: str) -> str:
    return path.split("/", 2)[1]


def _both_have(one: _Stop, other: _Stop) -> ValueError:
    return ValueError(f"{one.dialect.name} and {other.dialect.name} both have {one.path}, or {other.path}")
