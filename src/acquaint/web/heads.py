"""A request whose headers are looked up, not searched for: every request looks for some that are not there."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope


class Heads(Headers):
    """As Starlette has them: names in any case, and of a name that is there twice the first."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(raw=scope["headers"])
        self._first: dict[bytes, bytes] = dict(reversed(scope["headers"]))

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower().encode("latin-1")].decode("latin-1")

    def __contains__(self, key: Any) -> bool:
        return key.lower().encode("latin-1") in self._first

    def get(self, key: str, default: Any = None) -> Any:
        found = self._first.get(key.lower().encode("latin-1"))
        return default if found is None else found.decode("latin-1")


class QuickRequest(Request):
    """What the switchboard hands to endpoints."""

    _heads: Heads | None = None

    @property
    def headers(self) -> Heads:
        heads = self._heads
        if heads is None:
            heads = self._heads = Heads(self.scope)
        return heads
