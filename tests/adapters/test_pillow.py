"""Pictures drawn anew: what comes out, and what is refused without harm."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from PIL import Image

from acquaint.adapters import pillow
from acquaint.adapters.pillow import PillowDrawing
from acquaint.domain.errors import Busy
from acquaint.ports.pictures import NotSeen
from tests.support.patience import PATIENCE

RED, BLUE = (220, 20, 20), (20, 20, 220)


def picture(kind: str, size: tuple[int, int] = (64, 32), mode: str = "RGB", colour: Any = RED, **how: Any) -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, colour).save(content, kind, **how)
    return content.getvalue()


async def draw(content: bytes) -> tuple[str, Image.Image, bytes]:
    drawn = await PillowDrawing().draw(whole(content))
    return drawn.content_type, Image.open(io.BytesIO(drawn.content)), drawn.content


async def whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


def png(width: int, height: int, pixels: bytes = b"", colour: int = 2) -> bytes:
    """A PNG that says that it is this large, whatever it holds."""

    def chunk(kind: bytes, inside: bytes) -> bytes:
        return struct.pack(">I", len(inside)) + kind + inside + struct.pack(">I", zlib.crc32(kind + inside))

    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_each_kind_that_is_shown_is_drawn(kind: str) -> None:
    media, seen, _ = await draw(picture(kind))
    assert media == "image/jpeg"
    assert seen.size == (64, 32)
    red, green, blue = seen.convert("RGB").getpixel((30, 15))  # type: ignore[misc]
    assert red > 200
    assert max(green, blue) < 50


async def test_what_can_be_seen_through_stays_so() -> None:
    media, seen, _ = await draw(picture("PNG", mode="RGBA", colour=(220, 20, 20, 100)))
    assert media == "image/png"
    assert seen.getpixel((1, 1)) == (220, 20, 20, 100)


async def test_no_side_is_longer_than_anybody_looks_at() -> None:
    _, seen, _ = await draw(picture("JPEG", (3000, 1500)))
    assert seen.size == (1024, 512)


async def test_a_picture_taken_sideways_is_turned_and_does_not_say_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by a quarter to see it upright
    exif[0x010E] = "at Ann's house"
    exif.get_ifd(0x8825)[1] = "N"
    for kind in ("JPEG", "PNG", "WEBP"):
        _, seen, content = await draw(picture(kind, (64, 32), exif=exif))
        assert seen.size == (32, 64), kind
        assert not seen.getexif()
        assert b"Ann's house" not in content
        assert b"Exif" not in content


async def test_nothing_comes_along_with_the_pixels() -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    notes.add_text("XML:com.adobe.xmp", "<x:xmpmeta/>")
    sent = picture("PNG", pnginfo=notes, icc_profile=b"a profile") + b"<script>alert(2)</script>"
    _, seen, content = await draw(sent)
    assert b"script" not in content
    assert b"xmpmeta" not in content
    assert "icc_profile" not in seen.info


async def test_of_a_picture_that_moves_only_the_first_frame_is_drawn() -> None:
    for kind in ("GIF", "WEBP", "PNG"):
        content = io.BytesIO()
        frames = [Image.new("RGB", (16, 16), BLUE)] * 50
        Image.new("RGB", (16, 16), RED).save(content, kind, save_all=True, append_images=frames, duration=50)
        _, seen, _ = await draw(content.getvalue())
        assert getattr(seen, "n_frames", 1) == 1
        assert seen.convert("RGB").getpixel((8, 8))[0] > 200  # type: ignore[index]


NO_PICTURES = {
    "nothing": b"",
    "text": b"hello",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "html": b"<script>alert(1)</script>",
    "only the first bytes": b"\x89PNG\r\n\x1a\n",
    "half": picture("PNG")[:60],
    "half of a photograph": picture("JPEG", (500, 500))[:400],
    "tiff": picture("TIFF"),
    "bmp": picture("BMP"),
    "ico": picture("ICO"),
    "eps": picture("EPS"),
    "pdf": picture("PDF"),
    "jpeg 2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(100),
    "rubbish inside": png(10, 10, zlib.compress(b"short")),
    "no size": png(0, 0),
}


@pytest.mark.parametrize("what", NO_PICTURES)
async def test_what_is_no_picture_of_these_kinds_is_not_drawn(what: str) -> None:
    with pytest.raises(NotSeen, match="cannot be read"):
        await draw(NO_PICTURES[what])


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (2**31 - 1, 1), (10_000, 5_001)])
async def test_a_picture_larger_than_any_camera_takes_is_refused_by_its_head(width: int, height: int) -> None:
    with pytest.raises(NotSeen, match=r"million pixels|cannot be read"):
        await draw(png(width, height, zlib.compress(bytes(1000))))


async def test_a_bomb_of_zeros_costs_nothing() -> None:
    """Fifty thousand by fifty thousand pixels in a few bytes."""
    with anyio.fail_after(PATIENCE):
        with pytest.raises(NotSeen):
            await draw(png(50_000, 50_000, zlib.compress(bytes(10_000_000), 9)))


async def test_a_note_that_unpacks_to_a_gigabyte_harms_nobody() -> None:
    packed = zlib.compressobj(9)
    bomb = b"".join(packed.compress(bytes(10_000_000)) for _ in range(100)) + packed.flush()
    inside = b"zTXt" + b"Comment\0\0" + bomb
    chunk = struct.pack(">I", len(inside) - 4) + inside + struct.pack(">I", zlib.crc32(inside))
    good = picture("PNG")
    with pytest.raises(NotSeen):
        await draw(good[:33] + chunk + good[33:])


async def test_a_photograph_of_a_phone_is_no_bomb() -> None:
    _, seen, _ = await draw(picture("JPEG", (8064, 6048)))
    assert seen.size == (1024, 768)


async def test_the_program_has_little_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Whatever a decoder is talked into: it is stopped, and what is said is a refusal."""
    for name, body in {
        "memory": "bytearray(3 * 1024**3)",
        "crash": "import os; os.abort()",
        "lies": "print('text/html'); print('<script>')",
    }.items():
        program = tmp_path / f"{name}.py"
        program.write_text(
            "import sys\nfrom resource import *\nsys.stdin.buffer.read()\n"
            f"setrlimit(RLIMIT_CORE, (0, 0))\nsetrlimit(RLIMIT_AS, (2**30, 2**30))\n{body}\n"
        )
        monkeypatch.setattr(pillow, "_PROGRAM", program)
        with pytest.raises(NotSeen, match="cannot be read"):
            await draw(picture("PNG"))


async def test_a_program_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    program = tmp_path / "hangs.py"
    program.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(pillow, "_PROGRAM", program)
    monkeypatch.setattr(pillow, "LONGEST", 0.5)
    with anyio.fail_after(PATIENCE):
        with pytest.raises(NotSeen, match="too long"):
            await draw(picture("PNG", (2000, 2000)) * 50)


async def test_the_program_sees_nothing_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    program = tmp_path / "looks.py"
    program.write_text(
        "import os, sys\nsys.stdin.buffer.read()\n"
        "seen = [it for it in os.environ if it not in ('LC_CTYPE',)] + [os.getcwd()]\n"
        "print('image/png'); print(*seen, sep=',', end='')\n"
    )
    monkeypatch.setattr(pillow, "_PROGRAM", program)
    monkeypatch.setenv("ACQUAINT_DATABASE_URL", "postgresql://secret")
    drawn = await PillowDrawing().draw(whole(b"x"))
    assert drawn.content == b"/"


async def test_when_many_wait_the_next_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pillow, "MOST_WAITING", 1)
    drawing, begun = PillowDrawing(), anyio.Event()

    async def slow() -> AsyncIterator[bytes]:
        begun.set()
        await anyio.sleep_forever()
        yield b""

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(drawing.draw, slow())
        await begun.wait()
        tasks.start_soon(drawing.draw, slow())
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(Busy):
            await drawing.draw(whole(b""))
        tasks.cancel_scope.cancel()
