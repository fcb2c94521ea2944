"""Announcing, uploading and reading files, in one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator

from acquaint.domain.errors import SessionEnded
from acquaint.domain.files import File
from acquaint.ports.store import Recognised
from acquaint.services import named_files, uploads
from acquaint.services.core import Core

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


async def pieces(content: bytes, size: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def announced(core: Core, it: Recognised, kind: str = "image/png", *, public: bool = False) -> tuple[File, str]:
    file, ticket, _ = await uploads.announce(core, it, "a.png", kind, is_public=public)
    return file, ticket


async def uploaded(core: Core, it: Recognised, content: bytes = PNG, *, public: bool = False) -> File:
    """A file that is complete."""
    file, ticket = await announced(core, it, public=public)
    await uploads.receive(core, str(file.uid), ticket, pieces(content))
    return await uploads.complete(core, it, file.id)


async def read(core: Core, file: File, by: Recognised | None = None, ticket: str | None = None) -> bytes:
    async def who() -> Recognised:
        if by is None:
            raise SessionEnded
        return by

    found, _ = await named_files.readable(core, str(file.uid), ticket=ticket, by=who)
    return b"".join([it async for it in await named_files.content(core, found.content)])
