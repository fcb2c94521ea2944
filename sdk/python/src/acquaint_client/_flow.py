"""How a call is made: one generator, driven by blocking code or by a coroutine, which is all that differs.

Send, Wait, Do      what a flow asks of who drives it
Wire                a call, sent, repeated where that is safe, and read; the clock is compared on the way
run, run_async      the drivers
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2

from ._call import Call
from .errors import KINDS, AcquaintError, Busy, Offline, Refused, StillRunning, StrangeAnswer, TimedOut, TooManyRequests

T = TypeVar("T")

PREFIX: Final = "/acquaint/v1"

_NEVER_SENT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
_NOTHING_DONE: Final = (TooManyRequests, Busy, StillRunning)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is made again, and for how long. ``Retries(attempts=1)`` never does.

    The server's Retry-After is obeyed; when it is longer than ``longest_wait``, the refusal is raised at once.
    """

    attempts: int = 4
    longest_wait: float = 10.0
    at_most: float = 30.0

    def pause(self, attempt: int, *, spent: float, retry_after: float | None) -> float | None:
        """Seconds to wait after this attempt; None when there is to be no other."""
        wait = retry_after if retry_after is not None else random.uniform(0.5, 1.0) * 0.25 * 2.0**attempt  # noqa: S311
        if attempt >= self.attempts or wait > self.longest_wait or spent + wait > self.at_most:
            return None
        return wait


USUAL_RETRIES: Final = Retries()


@dataclass(frozen=True, slots=True)
class Send:
    """Is answered by an httpx2.Response, or raises an httpx2.RequestError."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    params: Mapping[str, Any]
    content: bytes | None = field(repr=False)
    timeout: float | None = None  # seconds; None: the client's


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class Do:
    """Something that may block: reading or writing the store."""

    what: Callable[[], Any]


Step = Send | Wait | Do
Flow = Generator[Step, Any, T]


class Wire:
    """The way to one server."""

    def __init__(self, url: str, retries: Retries) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"the server's address must be like https://chat.example.com, and not {url!r}")
        self.url = url.rstrip("/")
        self.retries = retries
        self.clock_skew: timedelta | None = None

    def server_now(self) -> datetime:
        """What the server's clock says, as far as we have compared them."""
        return datetime.now(UTC) + (self.clock_skew or timedelta())

    def exchange(self, call: Call[T], token: str | None) -> Flow[T]:
        """The answer to the call. Raises AcquaintError."""
        send, began, attempt = self._request(call, token), time.monotonic(), 0
        while True:
            attempt += 1
            try:
                answer: httpx2.Response = yield send
            except httpx2.RequestError as error:
                failure: AcquaintError = self._no_answer(error)
                cause: Exception | None = error
                retry_after, is_safe = None, call.is_repeatable or isinstance(error, _NEVER_SENT)
            else:
                self._compare_clocks(answer)
                if answer.is_success:
                    return self._read(call, answer)
                refusal = self._refusal(answer)
                failure, cause, retry_after = refusal, None, refusal.retry_after
                is_safe = isinstance(refusal, _NOTHING_DONE) or (
                    call.is_repeatable and isinstance(refusal, StrangeAnswer) and answer.status_code in (502, 503, 504)
                )
            pause = self.retries.pause(attempt, spent=time.monotonic() - began, retry_after=retry_after)
            if not is_safe or pause is None:
                raise failure from cause
            yield Wait(pause)

    def _request(self, call: Call[T], token: str | None) -> Send:
        headers = {"Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if call.is_keyed:
            headers["Idempotency-Key"] = uuid4().hex
        content = call.content
        if content is not None:
            headers["Content-Type"] = "application/octet-stream"  # what it is, the server sees
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(call.body, ensure_ascii=False).encode()
        return Send(call.method, self.url + PREFIX + call.path, headers, call.query, content, call.timeout)

    def _read(self, call: Call[T], answer: httpx2.Response) -> T:
        try:
            if call.answers_bytes:
                return call.read(answer.content)
            return call.read(answer.json() if answer.content else None)
        except (ValueError, TypeError, KeyError) as error:
            raise self._strange(answer, f"The answer is not Acquaint's: {error}.") from error

    def _refusal(self, answer: httpx2.Response) -> Refused | StrangeAnswer:
        try:
            problem = answer.json()
        except ValueError:
            problem = None
        if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
            return self._strange(answer, f"The answer is not Acquaint's: HTTP status {answer.status_code}.")
        return KINDS.get(problem["code"], Refused)(
            str(problem.get("detail") or problem.get("title") or ""),
            code=problem["code"],
            evidence=problem,
            **self._circumstances(answer),
        )

    def _strange(self, answer: httpx2.Response, detail: str) -> StrangeAnswer:
        strange = StrangeAnswer(detail, code="strange_answer", **self._circumstances(answer))
        seconds = answer.headers.get("Retry-After", "")
        strange.retry_after = float(seconds) if seconds.isascii() and seconds.isdigit() else None
        return strange

    def _circumstances(self, answer: httpx2.Response) -> dict[str, Any]:
        return {
            "status": answer.status_code,
            "request_id": answer.headers.get("X-Request-Id"),
            "clock_skew": self.clock_skew,
        }

    def _no_answer(self, error: httpx2.RequestError) -> Offline:
        kind = TimedOut if isinstance(error, httpx2.TimeoutException) else Offline
        detail = f"No answer from {self.url}: {str(error) or type(error).__name__}."
        return kind(detail, may_have_arrived=not isinstance(error, _NEVER_SENT), clock_skew=self.clock_skew)

    def _compare_clocks(self, answer: httpx2.Response) -> None:
        try:
            said = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:
            return
        if said.tzinfo is not None:  # of the second that it names, the middle is the best guess
            self.clock_skew = said + timedelta(seconds=0.5) - datetime.now(UTC)


def run(http: httpx2.Client, flow: Flow[T]) -> T:
    """Drives a flow to its end."""
    answer: Any = None
    error: Exception | None = None
    while True:
        try:
            step = flow.send(answer) if error is None else flow.throw(error)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        answer, error = None, None
        try:
            match step:
                case Send():
                    answer = http.request(
                        step.method,
                        step.url,
                        headers=step.headers,
                        params=step.params,
                        content=step.content,
                        timeout=_timeout(step),
                    )
                case Wait(seconds):
                    time.sleep(seconds)
                case Do(what):
                    answer = what()
        except Exception as raised:
            error = raised


async def run_async(http: httpx2.AsyncClient, flow: Flow[T]) -> T:
    """Drives a flow to its end, and blocks nobody."""
    answer: Any = None
    error: Exception | None = None
    while True:
        try:
            step = flow.send(answer) if error is None else flow.throw(error)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        answer, error = None, None
        try:
            match step:
                case Send():
                    answer = await http.request(
                        step.method,
                        step.url,
                        headers=step.headers,
                        params=step.params,
                        content=step.content,
                        timeout=_timeout(step),
                    )
                case Wait(seconds):
                    await asyncio.sleep(seconds)
                case Do(what):
                    answer = await asyncio.to_thread(what)
        except Exception as raised:
            error = raised


def _timeout(step: Send) -> Any:
    return httpx2.USE_CLIENT_DEFAULT if step.timeout is None else step.timeout
