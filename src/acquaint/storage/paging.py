"""Pages by key: one row more than was asked for says whether there is a next page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from ..domain import ids
from ..domain.paging import Page, PageAsked

T = TypeVar("T")

LAST: Final = ids.LARGEST + 1
"""Beyond every id: where a list that runs backwards begins."""


def page_of(found: Sequence[T], asked: PageAsked, key: Callable[[T], int]) -> Page[T]:
    """The page, from what was found with a limit of one more."""
    items = tuple(found[: asked.limit])
    return Page(items, key(items[-1]) if len(found) > asked.limit else None)
