"""Pages of a list, walked by key: what comes after the last one seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from .errors import Unacceptable

T = TypeVar("T")

USUAL_PAGE: Final = 50
LARGEST_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which part of a list is wanted: at most ``limit``, from beyond ``after`` (an id, in the list's order)."""

    limit: int = USUAL_PAGE
    after: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= LARGEST_PAGE:
            raise Unacceptable("limit", f"must be from 1 to {LARGEST_PAGE}")
        if self.after is not None and not 0 <= self.after < 2**53:
            raise Unacceptable("after", "is not a cursor of ours")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list. ``next`` is the ``after`` of the following page, ``None`` at the end."""

    items: tuple[T, ...]
    next: int | None = None
