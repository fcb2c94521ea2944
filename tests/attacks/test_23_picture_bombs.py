"""Attack 23: a small file that is an enormous picture, or a format that nobody asked for (CVE-2024-53863, ASVS 5.2.6).

That decoders are bounded is tried in tests/adapters/test_pillow.py; here, that everybody else is served meanwhile.
"""

from __future__ import annotations

import asyncio
import io
import resource
import struct
import time
import zlib

import httpx2
import pytest
from PIL import Image

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.connectycube.uploading import Somebody, session
from tests.support.work import budget


def chunk(kind: bytes, inside: bytes) -> bytes:
    return struct.pack(">I", len(inside)) + kind + inside + struct.pack(">I", zlib.crc32(kind + inside))


def flood(side: int) -> bytes:
    """So many pixels a side, all alike: one byte of the file is a thousand of them."""
    packed, row = zlib.compressobj(9), bytes(1 + 3 * side)
    pixels = b"".join(packed.compress(row) for _ in range(side)) + packed.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def frames(count: int) -> bytes:
    content = io.BytesIO()
    many = (Image.new("P", (8, 8), number % 256) for number in range(count))
    Image.new("P", (8, 8)).save(content, "GIF", save_all=True, append_images=many, duration=10)
    return content.getvalue()


@pytest.fixture
async def anns(client: httpx2.AsyncClient, core: Core, acme: Cast) -> Somebody:
    await apps.change_policy(core, acme.app, {"registers_on_login": True})
    return await session(client, acme, ann)


async def avatar(anns: Somebody, blob: dict[str, object]) -> httpx2.Response:
    return await anns.ask("PUT", "/users.json", {"user": {"avatar": blob["uid"]}})


@pytest.mark.parametrize("side", [7_100, 12_000])
async def test_a_flood_of_pixels_is_refused_while_others_are_served(anns: Somebody, side: int) -> None:
    bomb = flood(side)
    assert side * side * 3 / len(bomb) > 500, "it is one"
    blob = await anns.upload(bomb)

    setting = asyncio.create_task(avatar(anns, blob))
    most, served = 0.0, 0
    while not setting.done():
        began = time.process_time()
        assert (await anns.ask("GET", "/session.json")).status_code == 200
        most, served = max(most, time.process_time() - began), served + 1
        await asyncio.sleep(0.005)

    refused = await setting
    assert refused.status_code == 422
    assert "million pixels" in refused.text
    assert served > 3
    assert most < budget(0.5), "nothing is drawn in this process"


async def test_the_largest_picture_that_is_taken_is_drawn_in_bounds(anns: Somebody) -> None:
    blob = await anns.upload(flood(7_000))
    assert (await avatar(anns, blob)).status_code == 200
    shown = await anns.ask("GET", f"/blobs/{blob['uid']}")
    assert Image.open(io.BytesIO(shown.content)).size == (1024, 1024)


async def test_of_ten_thousand_frames_one_is_read(anns: Somebody) -> None:
    blob = await anns.upload(frames(10_000))
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert (await avatar(anns, blob)).status_code == 200
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began < budget(3)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "ICO", "EPS", "PDF", "PPM", "TGA", "DDS"])
async def test_formats_that_nobody_asked_for_are_not_opened(anns: Somebody, kind: str) -> None:
    content = io.BytesIO()
    Image.new("RGB", (16, 16)).save(content, kind)
    blob = await anns.upload(content.getvalue(), kind="image/png")
    assert (await avatar(anns, blob)).status_code == 200  # no picture to us, so nobody decodes it
    handed_out = await anns.ask("GET", f"/blobs/{blob['uid']}")
    assert handed_out.headers["content-disposition"].startswith("attachment")
    assert handed_out.content == content.getvalue()
    for said in (b"\x89PNG\r\n\x1a\n" + content.getvalue(), b"GIF89a" + content.getvalue()):
        blob = await anns.upload(said, kind="image/png")
        assert (await avatar(anns, blob)).status_code == 422
