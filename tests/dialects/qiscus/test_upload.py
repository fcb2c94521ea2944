"""Files over the vendor's door."""

from __future__ import annotations

import httpx2
import pytest

from acquaint.services.files import LARGEST_FILE
from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking
from tests.dialects.qiscus.chatting import Chatting, results_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def chatting(client: httpx2.AsyncClient, acme: Cast) -> Chatting:
    return Chatting(Asking(client, acme))


async def send(chatting: Chatting, name: str, content: bytes, media: str, token: str | None = None) -> httpx2.Response:
    if token is None:
        token = (await chatting.comes("ann")).token
    return await chatting.asking.ask("POST", "upload", token=token, files={"file": (name, content, media)})


async def test_a_picture_is_shown_to_whoever_knows_its_address(chatting: Chatting) -> None:
    file = results_of(await send(chatting, "my boat.png", PNG, "image/png"))["file"]
    assert file["url"].endswith("/my%20boat.png")
    shown = await chatting.asking.client.get(file["url"])
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    part = await chatting.asking.client.get(file["url"], headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")
    for wrong in (file["url"].replace("boat", "boot"), file["url"].replace("/files/", "/files/A")):
        assert (await chatting.asking.client.get(wrong)).status_code == 404


@pytest.mark.parametrize("name", ["evil.svg", "evil.html", "../../evil.png"])
async def test_a_page_is_never_run_on_our_origin(chatting: Chatting, name: str) -> None:
    page = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    url = results_of(await send(chatting, name, page, "image/svg+xml"))["file"]["url"]
    assert ".." not in url
    shown = await chatting.asking.client.get(url)
    assert shown.headers["content-type"] == "application/octet-stream"
    assert shown.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in shown.headers["content-security-policy"]


async def test_a_file_needs_somebody_who_is_logged_in_and_a_form(chatting: Chatting) -> None:
    assert (await send(chatting, "a.png", PNG, "image/png", token="nobody")).status_code == 403
    ann = await chatting.comes("ann")
    assert (await ann.post("upload", file="text")).status_code == 415
    other = await chatting.asking.ask("POST", "upload", token=ann.token, files={"other": ("a", b"x", "text/plain")})
    assert (other.status_code, other.json()["error"]["message"]) == (400, "file is required")
    large = await send(chatting, "a.bin", b"x" * (LARGEST_FILE + 1), "application/octet-stream", token=ann.token)
    assert large.status_code == 413
