"""Files: what is kept, and how it is handed out."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.services.files import LARGEST_FILE
from tests.cast import Cast
from tests.dialects.native.asking import Api, Somebody, refused

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


async def keep(
    api: Api, content: bytes, by: Somebody | str, name: str = "a.png", kind: str = "image/png"
) -> dict[str, object]:
    path = "/app/files" if isinstance(by, str) else "/files"
    answer = await api.post(path, by=by, params={"name": name}, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_picture_is_shown_in_place_to_whoever_knows_its_address(api: Api) -> None:
    kept = await keep(api, PNG, await api.arrive())

    answer = await api.client.get(str(kept["url"]))

    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''a.png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_an_upload_makes_who_sends_it_somebody(api: Api) -> None:
    visitor = await api.arrive()
    await keep(api, PNG, visitor)
    assert (await api.get("/session", visitor)).json()["user"] is not None


HOSTILE = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
    "svg-said-to-be-png": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/png"),
    "html": (b"<script>alert(1)</script>", "text/html"),
    "script": (b"alert(1)", "text/javascript"),
    "xml": (b"<?xml version='1.0'?><x/>", "application/xhtml+xml"),
    "almost-a-png": (b"\x89PNG\r\n\x1a<script>", "image/png"),
    "wasm": (b"\0asm", "application/wasm"),
    "said-to-be-nothing": (b"<script>", ""),
    "said-to-be-nonsense": (b"<script>", "text/html\t;x=y, text/html"),
    "empty": (b"", "image/gif"),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_whatever_could_act_is_only_downloaded(api: Api, kind: str) -> None:
    content, said = HOSTILE[kind]
    kept = await keep(api, content, await api.arrive(), "x", said)

    answer = await api.client.get(str(kept["url"]))

    assert not kept["is_shown_inline"]
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_a_gif_that_is_also_a_script_is_a_gif(api: Api) -> None:
    kept = await keep(api, b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)", await api.arrive(), "x.js", "text/javascript")
    answer = await api.client.get(str(kept["url"]))
    assert answer.headers["content-type"] == "image/gif"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.png", "a.png"),
        ('a"; filename="b.exe', "a%22%3B%20filename%3D%22b.exe"),
        ("häßlich.png", "h%C3%A4%C3%9Flich.png"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie%3A%20x"),
    ],
)
async def test_a_name_is_only_a_name(api: Api, name: str, shown: str) -> None:
    kept = await keep(api, PNG, await api.arrive(), name)
    answer = await api.client.get(str(kept["url"]))
    assert answer.headers["content-disposition"] == f"inline; filename*=UTF-8''{shown}"


@pytest.mark.parametrize("query", ["", "?name=", "?name=..", "?name=" + "x" * 256, "?name=a&owner=1", "?name=%00"])
async def test_a_name_is_needed(api: Api, query: str) -> None:
    visitor = await api.arrive()
    refused(await api.post(f"/files{query}", by=visitor, content=PNG), 400, "unacceptable")


@pytest.mark.parametrize("declared", [True, False])
async def test_too_large_a_file_is_refused_and_not_kept(api: Api, declared: bool) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_FILE // 1_000_000 + 2):
            yield bytes(1_000_000)

    content: bytes | AsyncIterator[bytes] = bytes(LARGEST_FILE + 1) if declared else endless()
    visitor = await api.arrive()
    answer = await api.post("/files?name=big", by=visitor, content=content)
    refused(answer, 413, "too_large", limit=LARGEST_FILE)


async def test_the_app_keeps_files_too(api: Api, acme: Cast) -> None:
    kept = await keep(api, b"%PDF-1.7", acme.api_key, "terms.pdf", "application/pdf")
    answer = await api.client.get(str(kept["url"]))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("key", ["x", "A" * 43, "x" * 5000, "a.png"])
async def test_a_key_nobody_was_given_opens_nothing(api: Api, key: str) -> None:
    refused(await api.get(f"/files/{key}"), 404, "not_found", what="file")


async def test_asking_for_the_headers_alone_sends_no_bytes(api: Api) -> None:
    kept = await keep(api, PNG, await api.arrive())
    whole, head = await api.client.get(str(kept["url"])), await api.client.head(str(kept["url"]))
    assert head.content == b""
    assert {**head.headers, "x-request-id": ""} == {**whole.headers, "x-request-id": ""}


async def test_the_policy_says_which_pages_may_read_files(api: Api, core: Core, acme: Cast) -> None:
    kept = await keep(api, PNG, await api.arrive())
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://acme.example"]})
    path = str(kept["url"]).removeprefix("/acquaint/v1")
    refused(await api.get(path, headers={"Origin": "https://evil.example"}), 403, "origin_refused")
    assert (await api.get(path, headers={"Origin": "https://acme.example"})).content == PNG


async def test_a_closed_app_hands_out_nothing(api: Api, core: Core, acme: Cast) -> None:
    kept = await keep(api, PNG, await api.arrive())
    await apps.close(core, acme.app)
    refused(await api.get(str(kept["url"]).removeprefix("/acquaint/v1")), 403, "app_closed")


async def test_the_address_of_a_file_is_not_written_down(api: Api, tmp_path: Path) -> None:
    kept = await keep(api, PNG, await api.arrive())
    key = str(kept["url"]).rpartition("/")[2]
    everything = [it for it in tmp_path.rglob("*") if it.is_file()]
    assert not [it for it in everything if key in it.name or key.encode() in it.read_bytes()]


async def test_a_session_keeps_only_so_many_files_a_minute(api: Api) -> None:
    visitor = await api.arrive()
    for _ in range(30):
        await keep(api, b"x", visitor)
    answer = await api.post("/files?name=x", by=visitor, content=b"x")
    refused(answer, 429, "too_many_requests")
    assert int(answer.headers["retry-after"]) >= 1


def photograph() -> bytes:
    content, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "at Ann's house"
    Image.new("RGB", (2000, 1000), (9, 99, 9)).save(content, "JPEG", exif=exif)
    return content.getvalue()


async def test_an_avatar_is_drawn_anew_and_shown(api: Api) -> None:
    anns = await api.vouched("ann-1")
    answer = await api.ask("PUT", "/user/avatar", by=anns, content=photograph())
    assert answer.status_code == 200, answer.text
    where = str(answer.json()["profile"]["avatar_url"] if "profile" in answer.json() else answer.json()["avatar_url"])
    shown = await api.client.get(where)
    assert Image.open(io.BytesIO(shown.content)).size == (1024, 512)
    assert b"Ann's house" not in shown.content
    assert shown.headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload='alert(1)'/>", b"\x89PNG\r\n\x1a\n<script>", photograph()[:500]]
)
async def test_what_cannot_be_seen_is_no_avatar_and_is_not_kept(api: Api, tmp_path: Path, content: bytes) -> None:
    anns = await api.vouched("ann-1")
    answer = await api.ask("PUT", "/user/avatar", by=anns, content=content)
    refused(answer, 400, "unacceptable", field="avatar")
    assert not [it for it in tmp_path.rglob("files/**/*") if it.is_file()]


async def test_who_may_not_change_a_profile_leaves_no_avatar_behind(api: Api, tmp_path: Path) -> None:
    visitor = await api.arrive()
    answer = await api.ask("PUT", "/user/avatar", by=visitor, content=photograph())
    assert answer.json()["code"] == "needs_user"
    await keep(api, b"x", visitor)
    answer = await api.ask("PUT", "/user/avatar", by=visitor, content=photograph())
    assert answer.json()["code"] == "not_allowed"
    assert len([it for it in tmp_path.rglob("files/**/*") if it.is_file()]) == 1
