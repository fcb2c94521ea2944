"""Idempotency-Key: a request that is sent again is not served again.

A key names one request of one caller for a day. Answers that hold a secret are never kept, so routes that give
one do not take a key; refusals are not kept either, because nothing was done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import Busy, Repeated, Unacceptable
from ...ports.store import KeptAnswer
from ...services.core import Core
from ...web.answers import JSON, Empty, Json
from .problems import StillRunning

log = structlog.get_logger()

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = (b"idempotency-replayed", b"true")
LONGEST_KEY: Final = 255
ABANDONED_AFTER: Final = timedelta(seconds=60)
"""A request that was not answered by then died with its server. Less would serve a slow one twice."""


def key_in(request: Request) -> str | None:
    """The request's Idempotency-Key; refuses with Unacceptable one that is none."""
    key = request.headers.get(HEADER)
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Unacceptable(HEADER, f"must be 1 to {LONGEST_KEY} printable ASCII characters")
    return key


def fingerprint_of(request: Request, body: bytes) -> str:
    """What makes two requests the same: method, path, query and body, byte for byte."""
    asked = f"{request.method} {request.scope['path']}?".encode() + request.scope["query_string"] + b"\n" + body
    return hashlib.sha256(asked).hexdigest()


async def once(core: Core, caller: str, key: str, asked: str, serve: Callable[[], Awaitable[Response]]) -> Response:
    """Serves the request, or answers what it was answered before.

    Refuses with Repeated when the key belongs to another request, with StillRunning while the first is served.
    """
    kept = await _claim(core, caller, key, asked)
    if kept is not None:
        return _again(kept, asked)
    try:
        response = await serve()
    except BaseException:
        async with core.store.write() as tx:
            await tx.answers.release(caller, key)
        raise
    try:
        async with core.store.write() as tx:
            await tx.answers.keep(caller, key, response.status_code, bytes(response.body))
    except Busy:  # it was done, so it is answered; a repetition finds the key claimed for a while
        log.warning("answer_not_kept")
    return response


async def _claim(core: Core, caller: str, key: str, asked: str) -> KeptAnswer | None:
    now = core.clock()
    async with core.store.write() as tx:
        kept = await tx.answers.claim(caller, key, asked, now)
        if kept is not None and kept.status == 0 and now - kept.at > ABANDONED_AFTER:
            await tx.answers.release(caller, key)
            kept = await tx.answers.claim(caller, key, asked, now)
    return kept


def _again(kept: KeptAnswer, asked: str) -> Response:
    if kept.request != asked:
        raise Repeated
    if kept.status == 0:
        raise StillRunning
    if not kept.body:
        return Empty(kept.status, (REPLAYED,))
    return Json(kept.body, kept.status, JSON, (REPLAYED,))
