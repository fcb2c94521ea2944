"""What is on its way to one client: in order, bounded, and without anybody waiting for its network.

Nearly always the network takes a frame at once. Then it is written at once, without a task: for a message to a thousand
connections, tasks would cost as much as everything else. Only when a frame has to wait is there a task, until
nothing waits any more.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator, MutableMapping
from typing import Any, Final, cast

from starlette.types import Send

MOST_WAITING: Final = 256
"""Frames that wait for a client's network. Against memory filled by clients that do not read; lower would hurt
phones that lose their network for some seconds in a busy conversation."""

MOST_CHARACTERS: Final = 1024 * 1024  # or bytes, in those frames

LAST_WORDS: Final = 2.0
"""Seconds for a client to take what was said last. Then the connection is cut without."""


class Outgoing:
    __slots__ = ("_characters", "_code", "_is_gone", "_send", "_timer", "_waiting", "_writer")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[str | bytes] = []
        self._characters = 0
        self._code: int | None = None  # to hang up with, once everything is said
        self._is_gone = False
        self._writer: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_behind(self) -> bool:
        """Whether so much waits that only what matters should be added."""
        return len(self._waiting) > MOST_WAITING // 2

    @property
    def is_too_much(self) -> bool:
        """Whether more waits than we keep."""
        return len(self._waiting) > MOST_WAITING or self._characters > MOST_CHARACTERS

    def say(self, frame: str | bytes) -> None:
        """Text or bytes, as the protocol has it. After everything that was said before; nothing when we hung up."""
        if self._code is not None or self._is_gone:
            return
        if self._writer is not None:
            self._waiting.append(frame)
            self._characters += len(frame)
        else:
            self._write(_message(frame))

    def hang_up(self, code: int) -> None:
        """After what was said. Whoever does not take it in time is cut."""
        if self._code is not None or self._is_gone:
            return
        self._code = code
        if self._writer is None:
            self._write({"type": "websocket.close", "code": code})
        self._timer = asyncio.get_running_loop().call_later(LAST_WORDS, self._abort)

    def forget_waiting(self) -> None:
        """What was not written yet is not said any more."""
        self._waiting.clear()
        self._characters = 0

    async def caught_up(self, seconds: float) -> bool:
        """Waits until nothing waits, or so long; whether nothing does."""
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=seconds)
        return self._writer is None

    def gone(self) -> None:
        """The client is gone: nothing is written any more."""
        self._is_gone = True
        self.forget_waiting()
        if self._timer is not None:
            self._timer.cancel()

    def _write(self, message: MutableMapping[str, Any]) -> None:
        sending = cast(Coroutine[Any, Any, None], self._send(message))
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except (OSError, RuntimeError):  # it is gone, or on its way: who reads will hear of it
            self.gone()
        else:
            self._writer = asyncio.get_running_loop().create_task(self._write_on(sending, waits_for))

    async def _write_on(self, sending: Coroutine[Any, Any, None], waits_for: Any) -> None:
        try:
            await _continued(sending, waits_for)
            while self._waiting:
                frame = self._waiting.pop(0)
                self._characters -= len(frame)
                await self._send(_message(frame))
            if self._code is not None:
                await self._send({"type": "websocket.close", "code": self._code})
        except (OSError, RuntimeError):
            self.gone()
        finally:
            self._writer = None

    def _abort(self) -> None:
        """ASGI has no word for this, but a client that reads nothing would keep its connection for ever."""
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()


def _message(frame: str | bytes) -> MutableMapping[str, Any]:
    return {"type": "websocket.send", "text" if isinstance(frame, str) else "bytes": frame}


def _continue(sending: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """The rest of a coroutine that was begun by hand, and the first thing it waits for."""
    yield waits_for
    yield from cast(Generator[Any, Any, None], sending)


_continued = cast(Callable[[Coroutine[Any, Any, None], Any], Coroutine[Any, Any, None]], types.coroutine(_continue))
