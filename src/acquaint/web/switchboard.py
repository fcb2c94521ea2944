"""From a request to the endpoint of a dialect, and from whatever goes wrong there to the dialect's words.

Paths without parameters, the hot ones, are found by one look into a dictionary; the others by the
patterns of Starlette. All dialects sit at the root, so a path is answered by whichever has it, and a
path that nobody has is refused in the words of the dialect whose prefix it begins with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.convertors import Convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from ..domain.errors import Refusal
from .cors import preflight
from .dialect import REFUSED, Dialect, NoSuchMethod, NoSuchPath, OurFault, Route

log = structlog.get_logger()


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
        for dialect in dialects:
            self._add(dialect)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if "//" in path:
            path = re.sub("/{2,}", "/", path)
        stop = self._exact.get(path)
        if stop is None:
            stop, parameters = self._match(path)
            scope["path_params"] = parameters
        request = Request(scope, receive, send)
        scope["acquaint.route"] = stop.path if stop else None
        response = await self._answer(request, path, stop)
        await response(scope, receive, send)

    async def _answer(self, request: Request, path: str, stop: _Stop | None) -> Response:
        dialect = stop.dialect if stop else self._dialect_of(path)
        if stop is None:
            return dialect.refuse(NoSuchPath())
        method = "GET" if request.method == "HEAD" and "HEAD" not in stop.routes else request.method
        route = stop.routes.get(method)
        if route is None:
            if request.method == "OPTIONS":
                return self._preflight(request, stop)
            response = dialect.refuse(NoSuchMethod(stop.methods))
            response.headers["Allow"] = ", ".join(stop.methods)
            return response
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
        if route.for_browsers and "origin" in request.headers:
            response.headers["Access-Control-Allow-Origin"] = "*"
            if dialect.exposed_headers:
                response.headers["Access-Control-Expose-Headers"] = ", ".join(dialect.exposed_headers)
        return response

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

    def _add(self, dialect: Dialect) -> None:
        by_path: dict[str, dict[str, Route]] = {}
        for route in dialect.routes:
            methods = by_path.setdefault(route.path, {})
            if route.method in methods:
                raise ValueError(f"{dialect.name} has two routes {route.method} {route.path}")
            methods[route.method] = route
        for path, methods in by_path.items():
            stop = _Stop(dialect, path, methods)
            pattern, _, convertors = compile_path(path)
            clash = self._who_else_answers(stop, pattern)
            if clash is not None:
                raise ValueError(f"{dialect.name} and {clash.dialect.name} both have {path}")
            if convertors:
                self._patterns.append((pattern, convertors, stop))
            else:
                self._exact[path] = stop

    def _who_else_answers(self, stop: _Stop, pattern: re.Pattern[str]) -> _Stop | None:
        """A stop of the same path, whatever its parameters are called, or one of another dialect that is in its way."""
        shape = _shape(stop.path)
        for its_pattern, _, it in self._patterns:
            if _shape(it.path) == shape or (it.dialect is not stop.dialect and its_pattern.fullmatch(stop.path)):
                return it
        for path, it in self._exact.items():
            if path == stop.path or (it.dialect is not stop.dialect and pattern.fullmatch(path)):
                return it
        return None


def _shape(path: str) -> str:
    return re.sub(r"\{\w+", "{", path)
