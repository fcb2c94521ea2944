"""For those who would rather be told than catch.

    match attempt(lambda: client.log_in(jwt)):
        case Done(login): ...
        case Failed(StaleToken() as error): ...

Only AcquaintErrors become results: anything else that is raised is a bug, and stays an exception.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .errors import AcquaintError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """It worked, with this outcome."""

    value: T


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not, for this reason."""

    error: AcquaintError


def attempt(what: Callable[[], T]) -> Done[T] | Failed:
    """What became of it."""
    try:
        return Done(what())
    except AcquaintError as error:
        return Failed(error)


async def attempt_async(what: Awaitable[T]) -> Done[T] | Failed:
    """What became of it."""
    try:
        return Done(await what)
    except AcquaintError as error:
        return Failed(error)
