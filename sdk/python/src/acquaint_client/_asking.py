"""What every client holds: the way to its server, and the network, which it lets go of if it is its own.

Asking          waits
AsyncAsking     awaits

As whom somebody asks, ``_do`` of each client says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from . import _calls
from ._call import Call
from ._flow import Retries, Wire, run, run_async

T = TypeVar("T")


class _Wired(ABC):
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

    def read_file(self, url: str) -> bytes:
        """What a file of the server, or an avatar, is: by the ``url`` that the server gave, or that somebody shared.

        Nobody else's server is asked: raises ValueError for any other address, and NotFound.
        """
        return self._do_openly(_calls.read_file(url))

    @abstractmethod
    def _do(self, call: Call[T]) -> T:
        """The answer to the call, as whoever this client is."""

    def _do_openly(self, call: Call[T]) -> T:
        """The answer to the call, as nobody."""
        return run(self._http, self._wire.exchange(call, None))


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

    async def read_file(self, url: str) -> bytes:
        """What a file of the server, or an avatar, is: by the ``url`` that the server gave, or that somebody shared.

        Nobody else's server is asked: raises ValueError for any other address, and NotFound.
        """
        return await self._do_openly(_calls.read_file(url))

    @abstractmethod
    async def _do(self, call: Call[T]) -> T:
        """The answer to the call, as whoever this client is."""

    async def _do_openly(self, call: Call[T]) -> T:
        """The answer to the call, as nobody."""
        return await run_async(self._http, self._wire.exchange(call, None))
