"""Keeping files, and handing them out to whoever knows their key.

keep       bytes from a user or from the App itself
find       the file under a key, and the App it belongs to
content    its bytes
file_name, kind_of, peek    what a file may be called, and what it is

Files that are announced before they come are in ``uploads`` and ``named_files``.

What a file is, its first bytes say, never its name or who sent it: only pictures that browsers show
safely are ever shown in place (``domain.files.SHOWN_INLINE``).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from ..domain.apps import App
from ..domain.errors import AppClosed, NotFound, Unacceptable
from ..domain.files import LONGEST_FILE_NAME, SHOWN_INLINE, File, FileId
from ..domain.users import UserId
from ..ports.store import Recognised
from . import enforcement, limits, space
from .core import Core, fingerprint, new_word
from .sessions import ensure_user

LARGEST_FILE: Final = 25 * 1024 * 1024
LARGEST_UPLOAD: Final = 100 * 1024 * 1024  # of a file that was announced; ConnectyCube documents 100 MB
KEY_LENGTH: Final = 43  # letters and digits: 256 bits
UNKNOWN: Final = "application/octet-stream"

_SNIFFED: Final = 16  # bytes that tell the pictures below apart
_PICTURES: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")


async def keep_of(
    core: Core, it: Recognised, name: str, media_type: str, content: AsyncIterator[bytes]
) -> tuple[File, str]:
    """``keep``, by a session's user, who is made now if this is the first thing they do.

    Refuses with NotAllowed, too, where the Policy wants people verified.
    """
    await enforcement.check(core, it, enforcement.KEEP)
    await core.limiter.take(limits.FILES_PER_SESSION, str(it.session.id))
    async with core.store.write() as tx:
        _, user = await ensure_user(core, tx, it)
    await core.limiter.take(limits.FILES_PER_USER, str(user.id))
    return await keep(core, it.app, name, media_type, content, owner_id=user.id)


async def keep(
    core: Core, app: App, name: str, media_type: str, content: AsyncIterator[bytes], *, owner_id: UserId | None = None
) -> tuple[File, str]:
    """The file, and the key that opens it: shown once, kept as a fingerprint.

    Refuses with TooLarge, SpaceUsedUp or Unacceptable.
    """
    name = file_name(name)
    key = new_word(core, KEY_LENGTH)
    start, content = await peek(content)
    size = await space.put(core, app, fingerprint(key), content, largest=LARGEST_FILE)
    kind = kind_of(start, media_type)
    file = File(FileId(core.new_id()), app.id, owner_id, name, kind, size, core.clock())
    try:
        async with core.store.write() as tx:
            return await tx.files.add(file, fingerprint(key), at_most=space.at_most(core, app)), key
    except BaseException:
        await core.files.delete(fingerprint(key))
        raise


async def find(core: Core, key: str) -> tuple[File, App]:
    """Refuses with NotFound, or AppClosed."""
    async with core.store.read() as tx:
        file = await tx.files.by_key(fingerprint(key))
        app = await tx.apps.get(file.app_id) if file is not None else None
    if file is None or app is None:
        raise NotFound("file")
    if not app.is_open:
        raise AppClosed
    return file, app


async def content(core: Core, key: str, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
    """The bytes of the file, or a part of them. Refuses with NotFound before the first, should they be gone."""
    try:
        _, part = await peek(core.files.read(fingerprint(key), start=start, length=length))
    except KeyError:
        raise NotFound("file") from None
    return part


def file_name(name: str) -> str:
    """The last part of the name, without anything that means something to a file system or a terminal."""
    name = "".join(it for it in re.split(r"[/\\]", name)[-1] if it.isprintable()).strip(" .")
    if not name:
        raise Unacceptable("name", "cannot be blank")
    if len(name) > LONGEST_FILE_NAME:
        raise Unacceptable("name", f"is longer than {LONGEST_FILE_NAME} characters")
    return name


def kind_of(start: bytes, declared: str) -> str:
    """What the bytes are; what they are said to be only where that cannot be shown in place."""
    for pattern, kind in _PICTURES:
        if pattern.match(start):
            return kind
    return declared if MEDIA_TYPE.fullmatch(declared) and declared not in SHOWN_INLINE else UNKNOWN


async def peek(content: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first bytes, and all of the content, those included."""
    start: list[bytes] = []
    async for chunk in content:
        start.append(chunk)
        if sum(map(len, start)) >= _SNIFFED:
            break

    async def whole() -> AsyncIterator[bytes]:
        for chunk in start:
            yield chunk
        async for chunk in content:
            yield chunk

    return b"".join(start)[:_SNIFFED], whole()
