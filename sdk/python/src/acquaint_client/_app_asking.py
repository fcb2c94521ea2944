"""What every room of the App's own server's client stands on: its API key.

AppAsking          waits
AsyncAppAsking     awaits
"""

from __future__ import annotations

from typing import TypeVar

import httpx2

from ._asking import Asking, AsyncAsking
from ._call import Call
from ._flow import USUAL_RETRIES, Retries, run, run_async

T = TypeVar("T")


class AppAsking(Asking):
    """One App on one server, as its own server."""

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float = 10.0,
        retries: Retries = USUAL_RETRIES,
        http: httpx2.Client | None = None,
    ) -> None:
        super().__init__(url, retries, http, timeout)
        self._api_key = api_key

    def _do(self, call: Call[T]) -> T:
        return run(self._http, self._wire.exchange(call, self._api_key))


class AsyncAppAsking(AsyncAsking):
    """``AppAsking``, awaited."""

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float = 10.0,
        retries: Retries = USUAL_RETRIES,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        super().__init__(url, retries, http, timeout)
        self._api_key = api_key

    async def _do(self, call: Call[T]) -> T:
        return await run_async(self._http, self._wire.exchange(call, self._api_key))
