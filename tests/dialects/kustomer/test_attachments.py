"""Files beside messages: announced, uploaded, shown to whoever sees the message and to nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from acquaint.domain.paging import PageAsked
from acquaint.services import messages
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.kustomer.phones import SESSIONS, Phone, id_of, refusal, signed
from tests.support.clock import SetClock

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
FILES = "/c/v1/chat/attachments"


async def announced(phone: Phone, name: str = "cat.png", kind: str = "image/png", size: int = 108) -> dict[str, Any]:
    answer = await phone.ask("POST", FILES, json={"name": name, "contentType": kind, "contentLength": size})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def upload(phone: Phone, it: dict[str, Any], content: bytes = PNG, **fields: str) -> Any:
    """As the SDKs do: the fields that were answered, then the file, without a token."""
    to = it["meta"]["upload"]
    return await phone.client.post(to["url"], data=to["fields"] | fields, files={"file": ("cat.png", content)})


async def sent(phone: Phone, session: str, content: bytes = PNG, kind: str = "image/png") -> dict[str, Any]:
    """A message with a file."""
    it = await announced(phone, kind=kind)
    assert (await upload(phone, it, content)).status_code == 201
    said = {"session": session, "attachments": [it["data"]["id"]]}
    return dict(await phone.asked("POST", "/c/v1/chat/messages", json=said))


def path_of(message: dict[str, Any]) -> str:
    [file] = message["attributes"]["attachments"]
    return f"/c/v1/chat/messages/{message['id']}/attachments/{file['id']}"


async def test_a_file_is_announced_uploaded_and_sent(phone: Phone) -> None:
    session = await phone.start()
    message = await sent(phone, session)
    [file] = message["attributes"]["attachments"]
    assert file == {"id": file["id"], "name": "cat.png", "contentType": "image/png", "contentLength": 108}
    assert message["relationships"]["attachments"]["data"] == [{"type": "attachment", "id": file["id"]}]
    found = await phone.asked("GET", path_of(message))
    content = await phone.client.get(found["attributes"]["url"])
    assert (content.status_code, content.content) == (200, PNG)
    assert content.headers["content-type"] == "image/png"
    assert content.headers["x-content-type-options"] == "nosniff"


async def test_a_form_as_ios_writes_it_is_read(phone: Phone) -> None:
    """With a line break in front of it, and none at its end."""
    it = await announced(phone)
    fields = it["meta"]["upload"]["fields"]
    head = "".join(
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n------FormBoundary\r\n'
        for name, value in fields.items()
    )
    file = 'Content-Disposition: form-data; name="file"; filename="cat.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    body = b"\r\n------FormBoundary\r\n" + (head + file).encode() + PNG + b"\r\n------FormBoundary--"
    media = {"content-type": "multipart/form-data; boundary=----FormBoundary"}
    answer = await phone.client.post(it["meta"]["upload"]["url"], content=body, headers=media)
    assert answer.status_code == 201
    said = {"session": await phone.start(), "attachments": [it["data"]["id"]]}
    message = await phone.asked("POST", "/c/v1/chat/messages", json=said)
    assert message["attributes"]["attachments"][0]["contentLength"] == len(PNG)


async def test_an_image_view_is_redirected(phone: Phone) -> None:
    message = await sent(phone, await phone.start())
    answer = await phone.ask("GET", path_of(message) + "?redirect=true")
    assert answer.status_code == 302
    assert (await phone.client.get(answer.headers["location"])).content == PNG


async def test_a_page_is_only_ever_downloaded(phone: Phone) -> None:
    message = await sent(phone, await phone.start(), b"<script>alert(1)</script>", "text/html")
    found = await phone.asked("GET", path_of(message))
    content = await phone.client.get(found["attributes"]["url"])
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in content.headers["content-security-policy"]


async def test_whoever_sees_the_message_may_read_it_on_another_device(
    phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    message = await sent(phone, await phone.start())
    assert refusal(await tablet.ask("GET", path_of(message)))[:2] == (404, "not_found")
    await tablet.logged_in(signed(core, acme, email=ann.email))
    found = await tablet.asked("GET", path_of(message))
    assert (await tablet.client.get(found["attributes"]["url"])).content == PNG


async def test_a_link_is_good_for_an_hour(phone: Phone, clock: SetClock) -> None:
    message = await sent(phone, await phone.start())
    url = (await phone.asked("GET", path_of(message)))["attributes"]["url"]
    clock.forward(minutes=61)
    assert refusal(await phone.client.get(url))[:2] == (404, "not_found")
    assert refusal(await phone.client.get(url.partition("?")[0]))[:2] == (404, "not_found")


async def test_nobody_sends_another_ones_file(phone: Phone, tablet: Phone) -> None:
    session = await tablet.start()
    it = await announced(phone)
    await upload(phone, it)
    said = {"session": session, "attachments": [it["data"]["id"]]}
    answer = await tablet.ask("POST", "/c/v1/chat/messages", json=said)
    assert refusal(answer) == (400, "bad_request", "attachments[0] is not one of yours")


async def test_a_file_that_was_not_uploaded_cannot_be_sent(phone: Phone) -> None:
    session = await phone.start()
    it = await announced(phone)
    answer = await phone.ask(
        "POST", "/c/v1/chat/messages", json={"session": session, "attachments": [it["data"]["id"]]}
    )
    assert refusal(answer)[:2] == (400, "bad_request")
    assert await phone.reads(session) == []


async def test_a_ticket_is_good_once_and_for_one_file(phone: Phone) -> None:
    one, other = await announced(phone), await announced(phone)
    ticket = one["meta"]["upload"]["fields"]["ticket"]
    assert refusal(await upload(phone, other, ticket=ticket))[0] == 401
    assert refusal(await upload(phone, one, ticket="acqt_invented"))[0] == 401
    assert refusal(await upload(phone, one, key="another"))[0] == 400
    answers = await asyncio.gather(*[upload(phone, one) for _ in range(5)])
    assert sorted(it.status_code for it in answers) == [201, 401, 401, 401, 401]


async def test_after_logging_out_an_upload_is_refused(phone: Phone) -> None:
    it = await announced(phone)
    await phone.log_out()
    assert refusal(await upload(phone, it))[0] == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 256},
        {"name": "a.png", "contentLength": -1},
        {"name": "a.png", "contentLength": "1"},
        {"name": "a.png", "contentType": 7},
    ],
)
async def test_what_cannot_be_announced_is_refused(phone: Phone, body: dict[str, Any]) -> None:
    assert refusal(await phone.ask("POST", FILES, json=body))[:2] == (400, "bad_request")


async def test_what_is_too_large_is_refused_before_it_comes(phone: Phone) -> None:
    answer = await phone.ask("POST", FILES, json={"name": "a.mov", "contentLength": 200 * 1024 * 1024})
    assert refusal(answer)[:2] == (413, "payload_too_large")


async def test_what_visitors_see_of_a_message_opens_no_file(phone: Phone, core: Core, acme: Cast) -> None:
    """The uid is as good as a key for whoever is in a session of the App, so it is not shown."""
    session = await phone.start()
    await sent(phone, session)
    page = await messages.history_of_app(core, acme.app, id_of(session), PageAsked())
    uid = page.items[0].payload["attachments"][0]["uid"]
    assert uid not in (await phone.ask("GET", f"{SESSIONS}/{session}/messages")).text
