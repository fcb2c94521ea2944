"""Avatars: what everybody looks at is drawn anew, and is the user's own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from acquaint.domain.errors import TooManyRequests, Unacceptable
from acquaint.domain.files import File
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import apps, avatars, limits, named_files, uploads, users
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, eve
from tests.services.doors import verified
from tests.services.filing import announced, pieces, uploaded
from tests.support.databases import on_both_databases


def photograph() -> bytes:
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "at Ann's house"
    Image.new("RGB", (2000, 1000), (9, 99, 9)).save(content, "JPEG", exif=exif)
    return content.getvalue()


def id_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


def kept(settings: Settings) -> list[Path]:
    return [it for it in (settings.data / "files").rglob("*") if it.is_file()]


async def shown(core: Core, file: File, by: Recognised) -> bytes | None:
    async def who() -> Recognised:
        return by

    found, _ = await named_files.readable(core, str(file.uid), ticket=None, by=who)
    if found.picture is None:
        return None
    return b"".join([it async for it in await named_files.content(core, found.picture)])


@on_both_databases
async def test_an_avatar_is_drawn_once_and_shown_to_the_others(core: Core, acme: Cast, settings: Settings) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    file = await uploaded(core, anns, photograph())
    assert await shown(core, file, bens) is None

    await avatars.show(core, acme.app, id_of(anns), str(file.uid))
    seen = await shown(core, file, bens)
    assert seen is not None
    assert Image.open(io.BytesIO(seen)).size == (1024, 512)
    assert b"Ann's house" not in seen
    known = await named_files.by_number(core, bens, file.id)
    assert known.picture is not None
    assert (known.picture.content_type, known.picture.size) == ("image/jpeg", len(seen))

    before = kept(settings)
    await avatars.show(core, acme.app, id_of(anns), str(file.uid))
    await avatars.show_by_number(core, acme.app, id_of(anns), file.id)
    assert kept(settings) == before
    assert len(before) == 2


@on_both_databases
async def test_picture_and_original_go_together(core: Core, acme: Cast, settings: Settings) -> None:
    it = await verified(core, acme, ann)
    first, second = await uploaded(core, it, photograph()), await uploaded(core, it, photograph())
    for file in (first, second):
        await avatars.show(core, acme.app, id_of(it), str(file.uid))
    assert len(kept(settings)) == 4
    await named_files.delete(core, it, first.id)
    assert len(kept(settings)) == 2
    await users.delete(core, acme.app, id_of(it))
    assert not kept(settings)


@pytest.mark.parametrize("text", ["", "https://example.com/a.png", "Ann", "x" * 40, "../../etc/passwd"])
async def test_a_text_that_is_no_uid_is_none_of_our_business(core: Core, acme: Cast, text: str) -> None:
    await avatars.show(core, acme.app, id_of(await verified(core, acme, ann)), text)


async def test_the_uid_of_another_app_is_only_a_text(core: Core, acme: Cast, settings: Settings) -> None:
    rival = Cast(await apps.create(core, "Rival"))
    file = await uploaded(core, await verified(core, rival, eve), photograph())
    await avatars.show(core, acme.app, id_of(await verified(core, acme, ann)), str(file.uid))
    assert len(kept(settings)) == 1


async def test_what_is_somebody_elses_is_nobodys_avatar(core: Core, acme: Cast) -> None:
    anns, eves = await verified(core, acme, ann), await verified(core, acme, eve)
    file = await uploaded(core, eves, photograph(), public=True)
    for who in (id_of(anns), None):
        with pytest.raises(Unacceptable, match="somebody else"):
            await avatars.show(core, acme.app, who, str(file.uid))
        with pytest.raises(Unacceptable, match="somebody else"):
            await avatars.show_by_number(core, acme.app, who, file.id)


async def test_the_number_of_anothers_private_file_is_only_a_number(core: Core, acme: Cast, settings: Settings) -> None:
    """Or else whoever counts would learn which numbers are files."""
    anns, eves = await verified(core, acme, ann), await verified(core, acme, eve)
    file = await uploaded(core, eves, photograph())
    for who in (id_of(anns), None):
        await avatars.show_by_number(core, acme.app, who, file.id)
    assert len(kept(settings)) == 1


async def test_what_is_not_complete_is_no_avatar_yet(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    with pytest.raises(Unacceptable, match="not complete"):
        await avatars.show(core, acme.app, id_of(it), str(file.uid))
    await uploads.receive(core, str(file.uid), ticket, pieces(photograph(), 10_000))
    with pytest.raises(Unacceptable, match="not complete"):
        await avatars.show(core, acme.app, id_of(it), str(file.uid))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "cannot be read"),
        (b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)", "cannot be read"),
        (photograph()[:300], "cannot be read"),
    ],
)
async def test_what_cannot_be_seen_is_refused_and_is_still_a_file(
    core: Core, acme: Cast, content: bytes, why: str
) -> None:
    it = await verified(core, acme, ann)
    file = await uploaded(core, it, content)
    with pytest.raises(Unacceptable, match=why) as refusal:
        await avatars.show(core, acme.app, id_of(it), str(file.uid))
    assert refusal.value.field == "avatar"
    assert await shown(core, file, it) is None


@pytest.mark.parametrize("content", [b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"x", b""])
async def test_what_is_no_picture_may_be_named_and_is_shown_to_nobody(core: Core, acme: Cast, content: bytes) -> None:
    it = await verified(core, acme, ann)
    file = await uploaded(core, it, content)
    await avatars.show(core, acme.app, id_of(it), str(file.uid))
    assert await shown(core, file, it) is None


async def test_too_large_a_file_is_not_even_looked_at(core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avatars, "LARGEST_FILE", 1000)
    it = await verified(core, acme, ann)
    file = await uploaded(core, it, photograph())
    with pytest.raises(Unacceptable, match="at most"):
        await avatars.show(core, acme.app, id_of(it), str(file.uid))


async def test_nobody_has_the_server_draw_all_day(core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    it = await verified(core, acme, ann)
    file = await uploaded(core, it, b"\x89PNG\r\n\x1a\n")
    for _ in range(limits.AVATARS_PER_USER.times):
        await core.limiter.take(limits.AVATARS_PER_USER, str(id_of(it)))
    with pytest.raises(TooManyRequests):
        await avatars.show(core, acme.app, id_of(it), str(file.uid))
