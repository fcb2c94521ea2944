"""Answers kept for those who ask again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer kept under an Idempotency-Key. ``status`` 0: the first request is still being served, or died."""

    request: str  # fingerprint of what was asked
    status: int
    body: bytes
    at: datetime


class Answers(Protocol):
    async def claim(self, caller: str, key: str, request: str, now: datetime) -> KeptAnswer | None:
        """None when the key is new and now the caller's; else what is kept under it. Of many at once, one gets None."""
        ...

    async def get(self, caller: str, key: str) -> KeptAnswer | None:
        """What is kept under the key, which stays as it is."""
        ...

    async def keep(self, caller: str, key: str, status: int, body: bytes) -> None: ...
    async def release(self, caller: str, key: str) -> None:
        """The request did nothing: the key may be used again."""
        ...

    async def sweep(self, before: datetime, limit: int) -> int: ...
