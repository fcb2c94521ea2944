"""What every client holds: the way to its server, and the network, which it lets go of if it is its own.

Asking          waits
AsyncAsking     awaits
"""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType
from typing import Self

import httpx2

from ._flow import Retries, Wire


class _Wired:
    _wire: Wire

    @property
    def clock_skew(self) -> timedelta | None:
        """How far this machine's clock lies behind the server's, to a second; None before the first answer."""
        return self._wire.clock_skew


class Asking(_Wired):
    """``http`` is whoever made it's to close; without one there is one of its own."""

    def __init__(self, url: str, retries: Retries, http: httpx2.Client | None, timeout: float) -> None:
        self._wire = Wire(url, retries)
        self._http, self._is_ours = http or httpx2.Client(timeout=timeout), http is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the network. Nobody is logged out."""
        if self._is_ours:
            self._http.close()


class AsyncAsking(_Wired):
    """``Asking``, awaited."""

    def __init__(self, url: str, retries: Retries, http: httpx2.AsyncClient | None, timeout: float) -> None:
        self._wire = Wire(url, retries)
        self._http, self._is_ours = http or httpx2.AsyncClient(timeout=timeout), http is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Lets go of the network. Nobody is logged out."""
        if self._is_ours:
            await self._http.aclose()
