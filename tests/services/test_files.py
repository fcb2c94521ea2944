"""Files: what is kept, what it is taken for, and who may have it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acquaint.domain.errors import AppClosed, NotFound, TooLarge, Unacceptable
from acquaint.domain.files import SHOWN_INLINE
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import apps, files, users
from acquaint.services.core import Core, fingerprint
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, laptop
from tests.services.doors import allow, now, verified, visitor
from tests.support.databases import on_both_databases

PICTURES = {
    "image/png": b"\x89PNG\r\n\x1a\n....",
    "image/jpeg": b"\xff\xd8\xff\xe0....",
    "image/gif": b"GIF89a......",
    "image/webp": b"RIFF\n\0\0\0WEBPVP8 ",
}


async def pieces(content: bytes, size: int = 5) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def id_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


async def read(core: Core, key: str) -> bytes:
    return b"".join([it async for it in await files.content(core, key)])


@pytest.mark.parametrize("kind", sorted(PICTURES))
@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_a_picture_is_known_by_its_first_bytes(core: Core, acme: Cast, kind: str, size: int) -> None:
    file, key = await files.keep(core, acme.app, "a", "text/html", pieces(PICTURES[kind], size))

    assert file.content_type == kind
    assert file.is_shown_inline
    assert await read(core, key) == PICTURES[kind]


def test_everything_shown_in_place_is_known_by_its_bytes() -> None:
    assert set(PICTURES) == SHOWN_INLINE


@pytest.mark.parametrize("said", [*sorted(SHOWN_INLINE), "", "nonsense", "text/html; charset=x", "a/b/c", "text/häl"])
async def test_what_is_only_said_to_be_a_picture_is_nothing_in_particular(core: Core, acme: Cast, said: str) -> None:
    file, _ = await files.keep(core, acme.app, "a", said, pieces(b"<svg onload='alert(1)'/>"))
    assert file.content_type == "application/octet-stream"
    assert not file.is_shown_inline


async def test_what_cannot_be_shown_keeps_the_name_of_its_kind(core: Core, acme: Cast) -> None:
    file, _ = await files.keep(core, acme.app, "a.pdf", "application/pdf", pieces(b"%PDF-1.7"))
    assert (file.content_type, file.is_shown_inline) == ("application/pdf", False)


async def test_an_empty_file_is_a_file(core: Core, acme: Cast) -> None:
    file, key = await files.keep(core, acme.app, "a", "", pieces(b""))
    assert file.size == 0
    assert await read(core, key) == b""


async def test_a_visitor_who_sends_a_file_is_somebody_from_then_on(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    file, _ = await files.keep_of(core, it, "a", "", pieces(b"x"))
    assert file.owner_id is not None


@on_both_databases
async def test_the_files_of_a_deleted_user_go_with_their_words(core: Core, acme: Cast, settings: Settings) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    _, hers = await files.keep_of(core, anns, "a", "", pieces(b"hers"))
    _, his = await files.keep_of(core, bens, "b", "", pieces(b"his"))

    await users.delete(core, acme.app, id_of(anns))
    with pytest.raises(NotFound):
        await files.find(core, hers)
    assert not list(settings.data.rglob(fingerprint(hers)))
    assert await read(core, his) == b"his"

    await allow(core, acme, keeps_messages_of_deleted_users=True)
    await users.delete(core, await now(core, acme), id_of(bens))
    assert (await files.find(core, his))[0].owner_id is None
    assert await read(core, his) == b"his"


async def test_a_key_is_kept_by_nobody_but_who_was_given_it(core: Core, acme: Cast, settings: Settings) -> None:
    file, key = await files.keep(core, acme.app, "a", "", pieces(b"x"))

    assert len(key) == files.KEY_LENGTH
    names = [str(it) for it in settings.data.rglob("*")]
    assert not [it for it in names if key in it]
    assert [it for it in names if it.endswith(fingerprint(key))]
    for other in (str(file.id), fingerprint(key), key[:-1], key.swapcase()):
        with pytest.raises(NotFound):
            await files.find(core, other)


async def test_what_is_too_large_leaves_nothing_behind(core: Core, acme: Cast, settings: Settings) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1_000_000)

    before = _kept(settings.data)
    with pytest.raises(TooLarge):
        await files.keep(core, acme.app, "a", "", endless())
    assert _kept(settings.data) == before


async def test_what_breaks_off_leaves_nothing_behind(core: Core, acme: Cast, settings: Settings) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half of "
        raise ConnectionError

    before = _kept(settings.data)
    with pytest.raises(ConnectionError):
        await files.keep(core, acme.app, "a", "", broken())
    assert _kept(settings.data) == before


async def test_bytes_that_are_gone_are_not_there(core: Core, acme: Cast) -> None:
    _, key = await files.keep(core, acme.app, "a", "", pieces(b"x"))
    await core.files.delete(fingerprint(key))
    assert await files.find(core, key)
    with pytest.raises(NotFound):
        await files.content(core, key)


async def test_a_closed_app_hands_out_nothing(core: Core, acme: Cast) -> None:
    _, key = await files.keep(core, acme.app, "a", "", pieces(b"x"))
    await apps.close(core, acme.app)
    with pytest.raises(AppClosed):
        await files.find(core, key)


@pytest.mark.parametrize("name", ["", " ", "..", "/", "\\", "\x00", "\r\n", "a" * 256])
async def test_a_file_has_a_name(core: Core, acme: Cast, name: str) -> None:
    with pytest.raises(Unacceptable, match="name"):
        await files.keep(core, acme.app, name, "", pieces(b"x"))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\a\\b.png", "b.png"), (".bashrc", "bashrc"), ("a\u202egnp.exe", "agnp.exe")],
)
async def test_of_a_name_only_what_is_a_name_stays(core: Core, acme: Cast, sent: str, kept: str) -> None:
    file, _ = await files.keep(core, acme.app, sent, "", pieces(b"x"))
    assert file.name == kept


def _kept(data: Path) -> set[Path]:
    return {it for it in (data / "files").rglob("*") if it.is_file()}
