"""Numbered pages, as the vendor's lists have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from .. import wire
from ..reading import query

USUAL_PAGE: Final = 100  # the web SDK's ``pageSize``
LARGEST_PAGE: Final = 100
LAST_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Numbered:
    """Which page is asked for, and what else is in the query: links keep it, since SDKs ask ``first`` again."""

    path: str
    page: int
    size: int
    filters: Mapping[str, str]

    @property
    def skip(self) -> int:
        return (self.page - 1) * self.size

    def link(self, page: int) -> str:
        return f"{self.path}?{urlencode({**self.filters, 'page': page, 'pageSize': self.size})}"

    def answer(self, items: Sequence[wire.Resource], *, is_more: bool) -> Response:
        links = {
            "self": self.link(self.page),
            "first": self.link(1),
            "prev": self.link(self.page - 1) if self.page > 1 else None,
            "next": self.link(self.page + 1) if is_more and self.page < LAST_PAGE else None,
        }
        return wire.listing(items, links, {"page": self.page, "pageSize": self.size})


def numbered(request: Request, *filters: str) -> Numbered:
    """The page a request asks for, with those of its parameters that filter. Refuses with Unacceptable."""
    asked = query(request)
    kept = {name: value for name in filters if (value := asked.text(name, 256)) is not None}
    size = asked.number("pageSize", USUAL_PAGE, 1, 10**9 - 1)
    return Numbered(request.scope["path"], asked.number("page", 1, 1, LAST_PAGE), min(size, LARGEST_PAGE), kept)
