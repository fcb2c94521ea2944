"""Files in a folder of the server's disk."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO, Final

import anyio.to_thread

from ..domain.errors import Busy, TooLarge

CHUNK: Final = 256 * 1024  # bytes read or written at once: one hop to a thread for each
LEFT_OVER_AFTER: Final = 24 * 60 * 60.0  # seconds; what was begun so long ago, nobody will finish

_KEY: Final = re.compile(r"[A-Za-z0-9_]{1,200}")
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


class DiskShelf:
    """A file is there whole or not at all, also after a crash. It is named by its key, two folders deep."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()

    async def put(self, key: str, content: AsyncIterator[bytes], *, at_most: int) -> int:
        path = self._path(key)
        if path is None:
            raise ValueError("a key has 1 to 200 letters, digits and underscores")
        with _refusing_when_full():
            file = self._begin()
            try:
                size = await _write(content, file, at_most)
                await anyio.to_thread.run_sync(_finish, file, path)
            except BaseException:
                _abandon(file)
                raise
        return size

    async def read(self, key: str, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        path = self._path(key)
        try:
            file = await anyio.to_thread.run_sync(lambda: path and path.open("rb"))
        except FileNotFoundError:
            file = None
        if not file:
            raise KeyError(key)
        with file:
            if start:
                await anyio.to_thread.run_sync(file.seek, start)
            left = sys.maxsize if length is None else length
            while chunk := await anyio.to_thread.run_sync(file.read, min(CHUNK, left)):
                left -= len(chunk)
                yield chunk

    async def delete(self, key: str) -> None:
        path = self._path(key)
        if path is not None:
            await anyio.to_thread.run_sync(lambda: path.unlink(missing_ok=True))

    def _path(self, key: str) -> Path | None:
        """Where the file is or would be; None when no file can have the key."""
        if not _KEY.fullmatch(key):
            return None
        return self._folder / f"{key:_<4}"[:2] / f"{key:_<4}"[2:4] / key

    def _begin(self) -> IO[bytes]:
        return tempfile.NamedTemporaryFile(dir=self._incoming, delete=False)

    def _sweep(self) -> None:
        """What was being written when a process died."""
        for left_over in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):  # several processes may share the folder
                if time.time() - left_over.stat().st_mtime > LEFT_OVER_AFTER:
                    left_over.unlink()


async def _write(content: AsyncIterator[bytes], file: IO[bytes], at_most: int) -> int:
    size, waiting = 0, bytearray()
    async for chunk in content:
        size += len(chunk)
        if size > at_most:
            raise TooLarge(at_most)
        waiting += chunk
        if len(waiting) >= CHUNK:
            await anyio.to_thread.run_sync(file.write, bytes(waiting))
            waiting.clear()
    await anyio.to_thread.run_sync(file.write, bytes(waiting))
    return size


def _finish(file: IO[bytes], path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    for folder in (path.parent.parent, path.parent):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            _sync(folder.parent)
    Path(file.name).replace(path)
    _sync(path.parent)


def _abandon(file: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        file.close()
    Path(file.name).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Makes a new name in the folder survive a crash."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def _refusing_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Busy(timedelta(minutes=1)) from error
        raise
