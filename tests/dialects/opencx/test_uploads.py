"""Files beside messages: what may be one, who may name one, and who may read one."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from acquaint.dialects.opencx.uploads import LARGEST
from acquaint.domain.paging import PageAsked
from acquaint.services import apps, space, users
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.opencx.widgets import Browser, Page, refusal

PNG = b"\x89PNG\r\n\x1a\n"
URL = "http://acquaint.test/backend/widget/v2/files/"


@pytest.fixture
async def page(browser: Browser) -> Page:
    return await browser.anonymous()


@pytest.mark.parametrize(
    ("name", "content", "said", "kind"),
    [
        ("a.png", PNG, "image/png", "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "image/jpeg", "image/jpeg"),
        ("a.gif", b"GIF89a", "image/gif", "image/gif"),
        ("a.webp", b"RIFF1234WEBPVP8 ", "image/webp", "image/webp"),
        ("a.pdf", b"%PDF-1.7\n", "application/pdf", "application/pdf"),
        ("a.txt", b"hello", "text/plain", "application/octet-stream"),
        ("a.html", PNG, "text/html", "image/png"),
    ],
)
async def test_six_kinds_of_files_are_taken_by_what_their_bytes_are(
    page: Page, client: httpx2.AsyncClient, name: str, content: bytes, said: str, kind: str
) -> None:
    answer = await page.upload(name, content, said)
    assert (answer.status_code, answer.json()["fileName"]) == (201, name)
    read = await client.get(answer.json()["fileUrl"])
    assert (read.content, read.headers["content-type"]) == (content, kind)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.svg", b"<svg onload='alert(1)'/>", "image/svg+xml"),
        ("a.html", b"<script>alert(1)</script>", "text/html"),
        ("a.png", b"<script>alert(1)</script>", "image/png"),
        ("a.txt", b"\x00\x01\x02", "text/plain"),
        ("a.exe", b"MZ\x90\x00", "application/octet-stream"),
        ("a", b"", "image/png"),
    ],
)
async def test_anything_else_is_415(page: Page, name: str, content: bytes, said: str) -> None:
    assert (await page.upload(name, content, said)).status_code == 415


async def test_five_mebibytes_are_taken_and_a_byte_more_is_413(page: Page) -> None:
    assert (await page.upload("a.png", PNG + bytes(LARGEST - len(PNG)), "image/png")).status_code == 201
    assert (await page.upload("a.png", PNG + bytes(LARGEST - len(PNG) + 1), "image/png")).status_code == 413
    assert (await page.upload("a.png", PNG + bytes(3 * LARGEST), "image/png")).status_code == 413


async def test_a_message_shows_what_we_know_of_a_file_and_not_what_it_says(page: Page) -> None:
    url = await page.uploads("cat.png", PNG, "image/png")
    session = await page.start()
    lie = {"id": "1", "name": "<b>", "size": -1, "type": "text/html", "url": url}
    await page.says(session, "", attachments=[lie, lie])

    polled = await page.polls(session)
    [row] = polled["history"]
    [shown] = row["attachments"]
    assert (shown["name"], shown["size"], shown["type"], shown["url"]) == ("cat.png", len(PNG), "image/png", url)
    assert polled["session"]["lastMessage"] == "cat.png"


async def test_only_ones_own_uploads_can_be_attached(
    page: Page, new_browser: Callable[[], Browser], client: httpx2.AsyncClient, acme: Cast, globex: Cast
) -> None:
    session = await page.chat()
    other = await new_browser().anonymous()
    theirs = await other.uploads("a.png", PNG, "image/png")
    elsewhere = await (await Browser(client, globex).anonymous()).uploads("a.png", PNG, "image/png")
    own = await page.uploads("a.png", PNG, "image/png")
    assert own.startswith(URL)
    for url in (
        theirs,
        elsewhere,
        "https://evil.test/a.png",
        "javascript:alert(1)",
        "data:text/html,x",
        own + "?x=1",
        own + "/../" + own.rsplit("/", 1)[1],
        own.replace("http://acquaint.test", "http://acquaint.test@evil.test"),
        URL,
        URL + "x" * 43,
        "",
    ):
        answer = await page.send(session, "look", attachments=[{"url": url}])
        assert refusal(answer) == (400, "attachments must be files that you uploaded"), url
    assert await page.reads(session) == ["Hello"]


async def test_a_file_that_is_not_there_is_404_and_uploading_needs_a_token(page: Page) -> None:
    assert refusal(await page.ask("GET", "/files/" + "x" * 43)) == (404, "File not found")
    stranger = Page(page.client, page.acme)
    assert refusal(await stranger.upload("a.png", PNG, "image/png")) == (401, "Missing widget contact token")


async def test_a_form_without_a_file_is_refused(page: Page) -> None:
    assert (await page.ask("POST", "/upload", {})).status_code == 415
    headers = {name: value for name, value in page.headers.items() if name != "content-type"}
    path = "/backend/widget/v2/upload"
    answer = await page.client.post(path, files={"other": ("a.txt", b"hello", "text/plain")}, headers=headers)
    assert refusal(answer) == (400, "file is required")


async def test_beyond_the_space_that_the_app_has_an_upload_is_413_and_deleting_the_contact_makes_space(
    page: Page, core: Core, acme: Cast
) -> None:
    await apps.change_policy(core, acme.app, {"file_space": 1})
    half = PNG + bytes(600_000)
    await page.uploads("a.png", half, "image/png")
    assert refusal(await page.upload("b.png", half, "image/png")) == (413, "There is no space left for files.")
    await page.uploads("c.png", PNG, "image/png")
    caller = await apps.named(core, acme.app.slug)
    async with core.store.read() as tx:
        [user] = (await tx.users.newest(caller.id, PageAsked(9))).items
    await users.delete(core, caller, user.id)
    assert await space.used(core, caller) == 0
