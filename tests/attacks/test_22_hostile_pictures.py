"""Attack 22: a picture that is something else, too or says more than it shows (CVE-2023-46238, chatwoot CVE-2022-0526).

Each is first shown to hold what it is sent for: the original, which only its download still has.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import httpx2
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben
from tests.dialects.connectycube.uploading import Somebody, session

SCRIPT = b"<script>alert(document.domain)</script>"


def drawn(kind: str, **how: object) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (30, 30), (9, 99, 9)).save(content, kind, **how)
    return content.getvalue()


def in_a_note() -> bytes:
    notes = PngInfo()
    notes.add_text("Comment", SCRIPT.decode())
    return drawn("PNG", pnginfo=notes)


def in_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SCRIPT.decode()
    return drawn("JPEG", exif=exif)


def as_a_script() -> bytes:
    """A whole GIF whose size begins a comment of JavaScript, which ends behind the picture."""
    whole = drawn("GIF", comment=b"*/=1;" + SCRIPT)
    assert whole.startswith(b"GIF89a")
    return whole


HIDING: dict[str, Callable[[], bytes]] = {
    "behind a PNG": lambda: drawn("PNG") + SCRIPT,
    "behind a JPEG": lambda: drawn("JPEG") + SCRIPT,
    "behind a WebP": lambda: drawn("WEBP") + SCRIPT,
    "in a note of a PNG": in_a_note,
    "in the notes of a camera": in_exif,
    "in a comment of a JPEG": lambda: drawn("JPEG", comment=SCRIPT),
    "in a comment of a GIF": as_a_script,
    "in a colour profile": lambda: drawn("JPEG", icc_profile=SCRIPT),
    "an archive behind it": lambda: drawn("PNG") + b"PK\x03\x04" + SCRIPT,
}


@pytest.fixture
async def anns(client: httpx2.AsyncClient, core: Core, acme: Cast) -> Somebody:
    await apps.change_policy(core, acme.app, {"registers_on_login": True})
    return await session(client, acme, ann)


@pytest.mark.parametrize("where", HIDING)
async def test_of_an_avatar_nothing_is_left_but_what_can_be_seen(anns: Somebody, acme: Cast, where: str) -> None:
    content = HIDING[where]()
    blob = await anns.upload(content, name="me.html", kind="text/html", public=True)
    before = await anns.client.get(f"/blobs/{blob['uid']}")
    assert SCRIPT in before.content
    assert before.headers["content-disposition"].startswith("attachment")

    assert (await anns.ask("PUT", "/users.json", {"user": {"avatar": blob["uid"]}})).status_code == 200

    bens = await session(anns.client, acme, ben)
    for asked in (f"/blobs/{blob['uid']}", f"/blobs/{blob['uid']}?token={bens.token}"):
        shown = await bens.client.get(asked)
        assert SCRIPT not in shown.content
        assert b"PK\x03\x04" not in shown.content
        assert shown.headers["content-type"] in ("image/jpeg", "image/png")
        assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert shown.headers["x-content-type-options"] == "nosniff"
    original = await bens.ask("GET", f"/blobs/{blob['uid']}/download")
    assert original.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["me.png", "me.svg", "me.html"])
@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "text/html", "text/xml", "image/svg+xml; charset=x"])
async def test_a_drawing_that_can_run_is_never_shown(anns: Somebody, name: str, kind: str) -> None:
    svg = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    blob = await anns.upload(svg, name=name, kind=kind, public=True)
    assert (await anns.ask("PUT", "/users.json", {"user": {"avatar": blob["uid"]}})).status_code == 200
    for path in ("", "/download"):  # it may be named, and is handed out for download as before
        answer = await anns.client.get(f"/blobs/{blob['uid']}{path}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
