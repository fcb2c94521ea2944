"""What every room of the visitor's client stands on: who is here, as far as is known, and how calls are made.

Visiting          waits
AsyncVisiting     awaits
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

import httpx2

from ._asking import Asking, AsyncAsking
from ._call import Call
from ._flow import USUAL_RETRIES, Flow, Retries, run, run_async
from ._visitor import Over, Visitor
from .models import OwnUser
from .store import MemoryStore, Store

T = TypeVar("T")


class Visiting(Asking):
    """One App on one server, as whoever is in front of it."""

    def __init__(
        self,
        url: str,
        app: str,
        *,
        workspace: str | None = None,
        store: Store | None = None,
        timeout: float = 10.0,
        retries: Retries = USUAL_RETRIES,
        http: httpx2.Client | None = None,
    ) -> None:
        super().__init__(url, retries, http, timeout)
        self._visitor = Visitor(self._wire, store or MemoryStore(), app=app, workspace=workspace)
        self._lock = threading.Lock()

    @property
    def user(self) -> OwnUser | None:
        """Who is here, as far as is known without asking; ``me`` asks."""
        return self._visitor.user

    def is_logged_in(
        self, *, email: str | None = None, external_id: str | None = None, user_id: str | None = None
    ) -> bool:
        """Whether somebody is logged in; with a name, whether it is they. ``user_id`` is Acquaint's id of the user."""
        return self._visitor.is_logged_in(email=email, external_id=external_id, user_id=user_id)

    def _do(self, call: Call[T]) -> T:
        if self._visitor.needs_session:
            self._change(lambda: self._visitor.arrive())
        try:
            return run(self._http, self._visitor.ask(call))
        except Over as it:
            over = it
        self._change(lambda: self._visitor.come_back(over))
        return self._do_again(call)

    def _do_again(self, call: Call[T]) -> T:
        try:
            return run(self._http, self._visitor.ask(call))
        except Over as over:
            raise over.refusal from None

    def _do_as(self, token: str, call: Call[T]) -> T:
        return run(self._http, self._visitor.ask_as(token, call))

    def _change(self, flow: Callable[[], Flow[T]]) -> T:
        """One change of who is here at a time."""
        with self._lock:
            return run(self._http, flow())


class AsyncVisiting(AsyncAsking):
    """``Visiting``, awaited."""

    def __init__(
        self,
        url: str,
        app: str,
        *,
        workspace: str | None = None,
        store: Store | None = None,
        timeout: float = 10.0,
        retries: Retries = USUAL_RETRIES,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        super().__init__(url, retries, http, timeout)
        self._visitor = Visitor(self._wire, store or MemoryStore(), app=app, workspace=workspace)
        self._lock = asyncio.Lock()

    @property
    def user(self) -> OwnUser | None:
        """Who is here, as far as is known without asking; ``me`` asks."""
        return self._visitor.user

    def is_logged_in(
        self, *, email: str | None = None, external_id: str | None = None, user_id: str | None = None
    ) -> bool:
        """Whether somebody is logged in; with a name, whether it is they. ``user_id`` is Acquaint's id of the user."""
        return self._visitor.is_logged_in(email=email, external_id=external_id, user_id=user_id)

    async def _do(self, call: Call[T]) -> T:
        if self._visitor.needs_session:
            await self._change(lambda: self._visitor.arrive())
        try:
            return await run_async(self._http, self._visitor.ask(call))
        except Over as it:
            over = it
        await self._change(lambda: self._visitor.come_back(over))
        return await self._do_again(call)

    async def _do_again(self, call: Call[T]) -> T:
        try:
            return await run_async(self._http, self._visitor.ask(call))
        except Over as over:
            raise over.refusal from None

    async def _do_as(self, token: str, call: Call[T]) -> T:
        return await run_async(self._http, self._visitor.ask_as(token, call))

    async def _change(self, flow: Callable[[], Flow[T]]) -> T:
        """One change of who is here at a time."""
        async with self._lock:
            return await run_async(self._http, flow())
