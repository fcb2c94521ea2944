"""Files on the server's disk: the promises of ``ports.files.FileShelf``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acquaint.adapters.disk import CHUNK, LEFT_OVER_AFTER, DiskShelf
from acquaint.domain.errors import TooLarge
from acquaint.ports.files import FileShelf

KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture
def shelf(tmp_path: Path) -> FileShelf:
    return DiskShelf(tmp_path / "files")


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def content_of(shelf: FileShelf, key: str) -> bytes:
    return b"".join([chunk async for chunk in shelf.read(key)])


def everything_in(folder: Path) -> list[Path]:
    return [it for it in folder.rglob("*") if it.is_file()]


async def test_what_is_put_is_read_again(shelf: FileShelf) -> None:
    assert await shelf.put(KEY, chunks(b"one ", b"", b"two"), at_most=100) == 7
    assert await content_of(shelf, KEY) == b"one two"


async def test_files_of_nothing_and_of_much_come_back_whole(shelf: FileShelf) -> None:
    assert await shelf.put("empty", chunks(), at_most=100) == 0
    assert await content_of(shelf, "empty") == b""
    much = os.urandom(3 * CHUNK + 17)
    pieces = [much[at : at + 10_000] for at in range(0, len(much), 10_000)]
    assert await shelf.put("much", chunks(*pieces), at_most=len(much)) == len(much)
    assert await content_of(shelf, "much") == much


@pytest.mark.parametrize("key", ["a", "ab", "abc", "abcd", "incoming", "A_z9", "x" * 200])
async def test_keys_of_every_length_are_told_apart(shelf: FileShelf, key: str) -> None:
    await shelf.put(key, chunks(b"mine"), at_most=100)
    await shelf.put(key[:-1] + "Z", chunks(b"another's"), at_most=100)
    assert await content_of(shelf, key) == b"mine"


async def test_a_key_nobody_used_is_a_key_error(shelf: FileShelf) -> None:
    with pytest.raises(KeyError):
        await content_of(shelf, KEY)


@pytest.mark.parametrize(
    "key", ["", "..", "../../etc/passwd", "a/b", "a.b", "a\0b", "ä", "a b", "x" * 201, "/etc/passwd", "a\n"]
)
async def test_a_key_that_is_none_reaches_nothing(shelf: FileShelf, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        await shelf.put(key, chunks(b"x"), at_most=100)
    with pytest.raises(KeyError):
        await content_of(shelf, key)
    await shelf.delete(key)


async def test_more_than_allowed_is_refused_while_it_streams_and_nothing_is_kept(tmp_path: Path) -> None:
    shelf, taken = DiskShelf(tmp_path), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 1000

    with pytest.raises(TooLarge) as refusal:
        await shelf.put(KEY, endless(), at_most=CHUNK + 500)
    assert refusal.value.limit == CHUNK + 500
    assert taken * 1000 <= CHUNK + 500 + 1000
    assert everything_in(tmp_path) == []
    assert await shelf.put(KEY, chunks(b"x" * 100), at_most=100) == 100


async def test_a_sender_who_goes_away_leaves_nothing_and_the_old_file_stays(tmp_path: Path) -> None:
    shelf = DiskShelf(tmp_path)
    await shelf.put(KEY, chunks(b"old"), at_most=100)

    async def breaks_off() -> AsyncIterator[bytes]:
        yield b"x" * CHUNK
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await shelf.put(KEY, breaks_off(), at_most=10 * CHUNK)

    async def hangs() -> AsyncIterator[bytes]:
        yield b"x" * CHUNK
        await asyncio.Event().wait()

    putting = asyncio.create_task(shelf.put(KEY, hangs(), at_most=10 * CHUNK))
    await asyncio.sleep(0.05)
    putting.cancel()
    await asyncio.wait([putting])
    assert len(everything_in(tmp_path)) == 1
    assert await content_of(shelf, KEY) == b"old"


async def test_putting_again_replaces_at_once_for_whoever_reads_next(shelf: FileShelf) -> None:
    await shelf.put(KEY, chunks(b"old" * CHUNK), at_most=10 * CHUNK)
    reading = shelf.read(KEY)
    first = await anext(reading)
    await shelf.put(KEY, chunks(b"new"), at_most=100)
    assert first + b"".join([chunk async for chunk in reading]) == b"old" * CHUNK
    assert await content_of(shelf, KEY) == b"new"


async def test_deleting_takes_the_file_away_and_deleting_nothing_is_fine(shelf: FileShelf) -> None:
    await shelf.put(KEY, chunks(b"x"), at_most=100)
    await shelf.delete(KEY)
    await shelf.delete(KEY)
    with pytest.raises(KeyError):
        await content_of(shelf, KEY)


async def test_the_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    shelf = DiskShelf(tmp_path / "files")
    await shelf.put(KEY, chunks(b"x"), at_most=100)
    for path in (tmp_path / "files").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


async def test_what_a_crash_left_half_written_is_swept_away_a_day_later(tmp_path: Path) -> None:
    DiskShelf(tmp_path)
    old, fresh = tmp_path / "incoming" / "old", tmp_path / "incoming" / "fresh"
    old.write_bytes(b"half")
    fresh.write_bytes(b"being written by another process")
    os.utime(old, (0, old.stat().st_mtime - LEFT_OVER_AFTER - 60))
    DiskShelf(tmp_path)
    assert not old.exists()
    assert fresh.exists()


async def test_many_at_once_do_not_get_in_each_others_way(shelf: FileShelf) -> None:
    keys = [f"key_{number}" for number in range(40)]
    await asyncio.gather(*(shelf.put(key, chunks(key.encode(), b"!" * CHUNK), at_most=2 * CHUNK) for key in keys))
    contents = await asyncio.gather(*(content_of(shelf, key) for key in keys))
    assert [it[: len(key)].decode() for it, key in zip(contents, keys, strict=True)] == keys


@pytest.mark.parametrize(("start", "length"), [(0, None), (0, 0), (3, 4), (7, 100), (100, 5), (CHUNK - 1, CHUNK + 2)])
async def test_a_part_is_read_alone(shelf: FileShelf, start: int, length: int | None) -> None:
    whole = os.urandom(2 * CHUNK + 10)
    await shelf.put(KEY, chunks(whole), at_most=len(whole))
    part = b"".join([chunk async for chunk in shelf.read(KEY, start=start, length=length)])
    assert part == whole[start:][: len(whole) if length is None else length]
