"""Blobs: announced, uploaded, completed, listed and read, as the SDKs do it and as attackers would."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from PIL import Image

from acquaint.bootstrap import House, build_app
from acquaint.dialects.connectycube import blobs
from acquaint.services import apps, uploads
from acquaint.services.core import Core
from acquaint.settings import Settings
from acquaint.web import multipart
from tests.cast import Cast, ann, ben, eve
from tests.support.clock import SetClock

from .uploading import FORM, PNG, Somebody, fields_of, form, photograph, send, session

NO_SESSION = {"errors": {"base": ["Required session does not exist"]}}
NEEDS_USER = {"errors": {"base": ["Forbidden. Need user."]}}
NOT_OWNER = {"errors": {"base": ["You are not owner of this object"]}}
NOT_FOUND = {"errors": ["Not found"]}
NOT_A_NUMBER = {"errors": {"id": ["should be a positive integer"]}}

HOSTILE = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


@pytest.fixture
async def anns(client: httpx2.AsyncClient, core: Core, acme: Cast) -> Somebody:
    await apps.change_policy(core, acme.app, {"registers_on_login": True})
    return await session(client, acme, ann)


@pytest.fixture
async def bens(client: httpx2.AsyncClient, acme: Cast, anns: Somebody) -> Somebody:
    return await session(client, acme, ben)


def kept(settings: Settings) -> list[Path]:
    return [it for it in (settings.data / "files").rglob("*") if it.is_file()]


# in three steps


async def test_what_the_sdk_does_in_three_steps(anns: Somebody, acme: Cast) -> None:
    blob = await anns.announce()
    path, fields = fields_of(blob)
    assert blob["blob_object_access"]["params"].startswith(f"http://acquaint.test{path}?")
    assert "@" not in blob["blob_object_access"]["params"]
    assert "+" not in blob["blob_object_access"]["params"]
    assert fields["Content-Type"] == "image/png"
    assert fields["key"] == blob["uid"]
    assert (blob["size"], blob["blob_status"], blob["set_completed_at"]) == (None, None, None)
    assert (blob["public"], blob["app_id"], blob["name"]) == (False, acme.app.id, "me.png")

    sent = await send(anns.client, blob, PNG)
    assert sent.status_code == 201
    assert sent.headers["content-type"].startswith("application/xml")
    assert f"<Key>{blob['uid']}</Key>" in sent.text

    done = await anns.ask("PUT", f"/blobs/{blob['id']}/complete.json", {"size": len(PNG)})
    assert (done.status_code, done.text) == (200, " ")
    known = (await anns.ask("GET", f"/blobs/{blob['id']}.json")).json()["blob"]
    assert (known["size"], known["blob_status"]) == (len(PNG), "complete")
    assert known["set_completed_at"] is not None


@pytest.mark.parametrize(
    "said", [{"size": 7}, {"blob": {"size": "347"}}, {"size": "7"}, {"size": None}, {}, {"blob": {}}]
)
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_size_that_is_sent_is_not_what_counts(anns: Somebody, said: Any, method: str) -> None:
    blob = await anns.announce()
    await send(anns.client, blob, PNG)
    assert (await anns.ask(method, f"/blobs/{blob['id']}/complete", said)).status_code == 200
    assert (await anns.ask("GET", f"/blobs/{blob['id']}")).json()["blob"]["size"] == len(PNG)
    assert len((await anns.ask("GET", f"/blobs/{blob['uid']}")).content) == len(PNG)


@pytest.mark.parametrize("size", ["-1", "many", "1e3", "9" * 30, [1], {"a": 1}, True, "٣"])
async def test_a_size_that_is_none_is_refused(anns: Somebody, size: Any) -> None:
    blob = await anns.announce()
    await send(anns.client, blob, PNG)
    answer = await anns.ask("PUT", f"/blobs/{blob['id']}/complete", {"size": size})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["size"]


async def test_nothing_is_complete_before_its_bytes_have_come(anns: Somebody) -> None:
    blob = await anns.announce(public=True)
    answer = await anns.ask("PUT", f"/blobs/{blob['id']}/complete.json", {"size": 7})
    assert (answer.status_code, answer.json()) == (422, {"errors": {"file": ["has not been uploaded"]}})
    assert (await anns.client.get(f"/blobs/{blob['uid']}")).status_code == 404
    await send(anns.client, blob, PNG)
    assert (await anns.client.get(f"/blobs/{blob['uid']}")).json() == NOT_FOUND


@pytest.mark.parametrize(
    "said",
    [
        {"blob": {"name": "a.png"}},
        {"blob": {"name": "a.png", "content_type": None, "public": "0"}},
        {"blob": {"name": "a.png", "content_type": "image/png; charset=x", "unknown": 1}},
    ],
)
async def test_what_is_not_said_is_private_and_nothing_in_particular(anns: Somebody, said: Any) -> None:
    answer = await anns.ask("POST", "/blobs", said)
    assert answer.status_code == 201
    assert answer.json()["blob"]["public"] is False


@pytest.mark.parametrize(
    ("blob", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"name": "../.."}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": "a", "public": "perhaps"}, "public"),
        ({"name": "a", "content_type": {"a": 1}}, "content_type"),
    ],
)
async def test_what_cannot_be_announced_is_said_by_field(anns: Somebody, blob: Any, field: str) -> None:
    answer = await anns.ask("POST", "/blobs.json", {"blob": blob})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


async def test_a_form_announces_too(anns: Somebody) -> None:
    form = {"blob[name]": "a b.png", "blob[content_type]": "image/png", "blob[public]": "1"}
    answer = await anns.ask("POST", "/blobs", data=form)
    assert answer.json()["blob"]["public"] is True
    assert answer.json()["blob"]["name"] == "a b.png"


# the upload itself


@pytest.mark.parametrize("head", ['name="file"', 'name="file"; filename="me.png"', 'filename="a;b.png"; name="file"'])
async def test_the_file_is_known_by_the_name_of_its_part(anns: Somebody, head: str) -> None:
    blob = await anns.announce()
    path, fields = fields_of(blob)
    sent = await anns.client.post(path, content=form(fields, PNG, head), headers=FORM)
    assert sent.status_code == 201, sent.text


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_however_it_comes_in_pieces_it_is_whole(anns: Somebody, size: int) -> None:
    content = b"\r\n----------\r\n--------x\r\n--" + PNG + b"\r\n"
    blob = await anns.announce()
    path, fields = fields_of(blob)
    body = form(fields, content)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    sent = await anns.client.post(path, content=pieces(), headers=FORM)
    assert sent.status_code == 201, sent.text
    await anns.ask("PUT", f"/blobs/{blob['id']}/complete")
    assert (await anns.ask("GET", f"/blobs/{blob['uid']}")).content == content


async def test_fields_come_in_any_order_and_what_comes_after_the_file_is_read_over(anns: Somebody) -> None:
    blob = await anns.announce()
    path, fields = fields_of(blob)
    turned = dict(reversed(fields.items()))
    body = (
        form(turned, PNG).removesuffix(b"--\r\n")
        + b'\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n----------x--\r\n'
    )
    assert (await anns.client.post(path, content=body, headers=FORM)).status_code == 201


async def test_a_ticket_after_the_file_is_too_late(anns: Somebody, settings: Settings) -> None:
    blob = await anns.announce()
    path, fields = fields_of(blob)
    late = f'\r\nContent-Disposition: form-data; name="ticket"\r\n\r\n{fields.pop("ticket")}\r\n----------x--\r\n'
    body = form(fields, PNG).removesuffix(b"--\r\n") + late.encode()
    assert (await anns.client.post(path, content=body, headers=FORM)).status_code == 422
    assert not kept(settings)


BROKEN = {
    "no end": form({}, PNG).removesuffix(b"\r\n----------x--\r\n"),
    "no file": b'----------x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n----------x--\r\n',
    "no form": b"hello",
    "nothing": b"",
    "another boundary": form({}, PNG, boundary="y"),
    "no name": form({}, PNG, 'filename="a"'),
    "not text": b'----------x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n' + form({}, PNG),
    "many parts": b'----------x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 1000 + form({}, PNG),
    "a large field": form({"a": "b" * 100_000}, PNG),
    "a large head": b"----------x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    "nul": form({"a": "\0"}, PNG),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_a_broken_form_is_refused_and_keeps_nothing(anns: Somebody, settings: Settings, what: str) -> None:
    blob = await anns.announce()
    path, fields = fields_of(blob)
    ticket = f'----------x\r\nContent-Disposition: form-data; name="ticket"\r\n\r\n{fields["ticket"]}\r\n'
    for body in (BROKEN[what], ticket.encode() + BROKEN[what]):
        answer = await anns.client.post(path, content=body, headers=FORM)
        assert answer.status_code in (400, 422), answer.text
        assert "errors" in answer.json()
    assert not kept(settings)


@pytest.mark.parametrize("media", ["", "application/json", "multipart/form-data", "multipart/form-data; boundary="])
async def test_an_upload_is_a_form(anns: Somebody, media: str) -> None:
    path, fields = fields_of(await anns.announce())
    answer = await anns.client.post(path, content=form(fields, PNG), headers={"Content-Type": media})
    assert answer.status_code == 400
    long = {"Content-Type": "multipart/form-data; boundary=" + "x" * 1000}
    assert (await anns.client.post(path, content=form(fields, PNG), headers=long)).status_code == 400


async def test_an_invented_ticket_opens_nothing(anns: Somebody, bens: Somebody, settings: Settings) -> None:
    hers, his = await anns.announce(), await bens.announce()
    for changed in (
        {"ticket": "x"},
        {"ticket": fields_of(his)[1]["ticket"]},
        {"key": his["uid"]},
        {"ticket": anns.token},
    ):
        assert (await send(anns.client, hers, PNG, **changed)).status_code == 422
    for path in ("/blobs/nobody/upload", "/blobs/%2e%2e%2f%2e%2e/upload", "/blobs/" + "x" * 5000 + "/upload"):
        body = form({"ticket": fields_of(hers)[1]["ticket"]}, PNG)
        assert (await anns.client.post(path, content=body, headers=FORM)).status_code in (404, 422)
    assert not kept(settings)


async def test_bytes_come_once(anns: Somebody, settings: Settings) -> None:
    blob = await anns.upload(public=True)
    again = await anns.announce()
    assert (await send(anns.client, again, PNG)).status_code == 201
    assert (await send(anns.client, again, HOSTILE)).status_code == 422
    assert (await anns.client.get(f"/blobs/{blob['uid']}")).content == PNG
    assert len(kept(settings)) == 2


async def test_too_large_a_file_is_refused_while_it_comes(
    anns: Somebody, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST_UPLOAD", 1_000_000)
    monkeypatch.setattr(blobs, "LARGEST_UPLOAD", 1_000_000)
    blob = await anns.announce()
    path, fields = fields_of(blob)
    head = form(fields, b"").removesuffix(b"\r\n----------x--\r\n")
    came = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal came
        yield head
        while True:
            came += 1
            yield bytes(100_000)

    answer = await anns.client.post(path, content=endless(), headers=FORM)
    assert answer.status_code == 413
    assert came < 30
    assert not kept(settings)


async def test_who_trickles_without_a_ticket_is_not_waited_for(anns: Somebody, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "SLOWEST_BODY", timedelta(milliseconds=50))
    blob = await anns.announce()

    async def trickle() -> AsyncIterator[bytes]:
        yield b"----------x\r\n"
        await asyncio.Event().wait()

    answer = await anns.client.post(fields_of(blob)[0], content=trickle(), headers=FORM)
    assert (answer.status_code, answer.json()) == (400, {"errors": ["The body did not arrive in time."]})


async def test_a_ticket_ends_with_the_session(anns: Somebody) -> None:
    blob = await anns.announce()
    await anns.ask("DELETE", "/session.json")
    assert (await send(anns.client, blob, PNG)).status_code == 422


# reading


async def test_a_private_blob_is_read_by_users_of_the_app(
    anns: Somebody, bens: Somebody, acme: Cast, core: Core, clock: SetClock
) -> None:
    blob = await anns.upload()
    where = f"/blobs/{blob['uid']}"
    for answer in (
        await bens.client.get(where, params={"token": bens.token}),
        await bens.ask("GET", where),
        await bens.ask("GET", f"{where}/download"),
    ):
        assert answer.content == PNG
        assert answer.headers["cache-control"] == "private, no-cache"
    strangers = await session(anns.client, acme, None)
    assert (await strangers.ask("GET", where)).json() == NEEDS_USER
    for token in (None, "", "undefined", "null", "x", bens.token[:-1]):
        answer = await anns.client.get(where, params={} if token is None else {"token": token})
        assert (answer.status_code, answer.json()) == (401, NO_SESSION)
    clock.forward(hours=3)
    assert (await bens.client.get(where, params={"token": bens.token})).json() == NO_SESSION


async def test_a_public_blob_is_read_by_everybody(anns: Somebody) -> None:
    blob = await anns.upload(public=True)
    for query in ("", "?token=", "?token=x"):
        answer = await anns.client.get(f"/blobs/{blob['uid']}{query}")
        assert answer.content == PNG
        assert answer.headers["cache-control"].startswith("public")


async def test_another_app_reads_nothing(client: httpx2.AsyncClient, core: Core, anns: Somebody) -> None:
    rival = Cast(await apps.create(core, "Rival"))
    await apps.change_policy(core, rival.app, {"registers_on_login": True})
    eves = await session(client, rival, eve)
    private, public = await anns.upload(), await anns.upload(public=True)
    for path in (
        f"/blobs/{private['uid']}",
        f"/blobs/{private['uid']}/download",
        f"/blobs/{private['uid']}/object",
        f"/blobs/{private['uid']}.json",
        f"/blobs/{public['uid']}.json",
        f"/blobs/{public['id']}",
        f"/blobs/{public['id']}.json",
    ):
        answer = await eves.ask("GET", path)
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND), path
    assert (await eves.client.get(f"/blobs/{private['uid']}", params={"token": eves.token})).status_code == 404
    for method, path in (
        ("PUT", f"/blobs/{public['id']}"),
        ("DELETE", f"/blobs/{public['id']}"),
        ("PUT", f"/blobs/{public['id']}/complete"),
    ):
        assert (await eves.ask(method, path, {"blob": {"name": "x"}})).status_code == 404
    assert (await eves.ask("GET", "/blobs")).json()["total_entries"] == 0


async def test_counting_ids_tells_nothing_of_private_blobs(anns: Somebody, bens: Somebody) -> None:
    """Or else the uid that opens it would be told to whoever counts."""
    private, public = await anns.upload(), await anns.upload(public=True)
    assert (await bens.ask("GET", f"/blobs/{private['id']}.json")).json() == NOT_FOUND
    assert (await bens.ask("GET", f"/blobs/{public['id']}.json")).json()["blob"]["uid"] == public["uid"]
    for method, path in (("PUT", ""), ("DELETE", ""), ("PUT", "/complete"), ("POST", "/complete")):
        for blob, status, said in ((private, 404, NOT_FOUND), (public, 403, NOT_OWNER)):
            answer = await bens.ask(method, f"/blobs/{blob['id']}{path}", {"blob": {"name": "mine"}})
            assert (answer.status_code, answer.json()) == (status, said)


@pytest.mark.parametrize("path", ["", ".json", "/download", "/object", "/object.json"])
async def test_a_uid_nobody_has_is_not_there(anns: Somebody, path: str) -> None:
    for uid in ("x", "A" * 40, "..%2f..%2fetc%2fpasswd", "%00", "a.json", "x" * 3000, "-1", "0", "٣", "9" * 40):
        answer = await anns.ask("GET", f"/blobs/{uid}{path}")
        assert answer.status_code == 404, uid


async def test_a_number_that_is_none_is_refused(anns: Somebody) -> None:
    for method, path in (("PUT", "/blobs/x"), ("DELETE", "/blobs/0.json"), ("PUT", f"/blobs/{2**53}/complete")):
        answer = await anns.ask(method, path, {})
        assert (answer.status_code, answer.json()) == (422, NOT_A_NUMBER)


async def test_a_uid_with_json_is_the_record(anns: Somebody, bens: Somebody) -> None:
    blob = await anns.upload()
    for path in (f"/blobs/{blob['uid']}.json", f"/blobs/{blob['uid']}/object.json"):
        found = (await bens.ask("GET", path)).json()["blob"]
        assert {k: v for k, v in found.items() if k != "blob_object_access"} == blob


async def test_what_looks_like_an_update_is_a_read(anns: Somebody) -> None:
    blob = await anns.upload()
    answer = await anns.ask("GET", f"/blobs/{blob['id']}.json?blob[name]=new.png")
    assert answer.json()["blob"]["name"] == "me.png"


async def test_a_download_url_needs_no_token_and_holds_none(anns: Somebody, bens: Somebody, clock: SetClock) -> None:
    private, public = await anns.upload(), await anns.upload(public=True)
    answer = (await bens.ask("GET", f"/blobs/{private['uid']}/object.json?download_url=1")).json()
    access = answer["blob"]["blob_object_access"]
    assert access["download_url"] == access["dowload_url"]
    assert bens.token not in access["download_url"]
    link = access["download_url"].removeprefix("http://acquaint.test")
    assert (await anns.client.get(link)).content == PNG
    assert (await anns.client.get(link.replace(private["uid"], public["uid"]))).content == PNG  # that one is public
    other = await anns.upload()
    assert (await anns.client.get(link.replace(private["uid"], other["uid"]))).status_code == 401
    clock.forward(minutes=61)
    assert (await anns.client.get(link)).status_code == 401
    open_link = (await bens.ask("GET", f"/blobs/{public['uid']}/object")).json()["blob"]["blob_object_access"]
    assert open_link["download_url"] == f"http://acquaint.test/blobs/{public['uid']}"


async def test_the_list_is_ones_own_page_by_page(anns: Somebody, bens: Somebody) -> None:
    hers = [await anns.upload() for _ in range(3)]
    await bens.upload()
    first = (await anns.ask("GET", "/blobs.json?page=1&per_page=2")).json()
    assert (first["current_page"], first["per_page"], first["total_entries"]) == (1, 2, 3)
    assert [it["blob"]["id"] for it in first["items"]] == [hers[2]["id"], hers[1]["id"]]
    second = (await anns.ask("GET", "/blobs.json?page=2&per_page=2")).json()
    assert [it["blob"]["id"] for it in second["items"]] == [hers[0]["id"]]
    assert (await anns.ask("GET", "/blobs.json?")).json()["per_page"] == 10
    assert (await anns.ask("GET", "/blobs.json?per_page=5000")).json()["per_page"] == 100
    for query in ("page=0", "page=-1", "page=x", "page=99999999", "per_page=0", "page[]=1", "per_page=1e9"):
        assert (await anns.ask("GET", f"/blobs.json?{query}")).status_code == 422, query


async def test_the_owner_renames_and_deletes(anns: Somebody, settings: Settings) -> None:
    blob = await anns.upload(public=True)
    renamed = await anns.ask(
        "PUT", f"/blobs/{blob['id']}.json", {"blob": {"name": "new.png", "public": False, "uid": "x"}}
    )
    assert renamed.json()["blob"]["name"] == "new.png"
    assert (renamed.json()["blob"]["public"], renamed.json()["blob"]["uid"]) == (True, blob["uid"])
    assert (await anns.ask("PUT", f"/blobs/{blob['id']}", {})).json()["blob"]["name"] == "new.png"
    assert (await anns.ask("PUT", f"/blobs/{blob['id']}", {"blob": {"name": None}})).status_code == 422

    gone = await anns.ask("DELETE", f"/blobs/{blob['id']}.json")
    assert (gone.status_code, gone.text) == (200, " ")
    assert (await anns.client.get(f"/blobs/{blob['uid']}")).status_code == 404
    assert (await anns.ask("DELETE", f"/blobs/{blob['id']}")).status_code == 404
    assert not kept(settings)


async def test_nobody_in_a_session_touches_no_blobs(anns: Somebody, acme: Cast) -> None:
    blob = await anns.upload(public=True)
    nobody = await session(anns.client, acme, None)
    for method, path in (
        ("POST", "/blobs"),
        ("GET", "/blobs"),
        ("GET", f"/blobs/{blob['id']}"),
        ("GET", f"/blobs/{blob['uid']}.json"),
        ("GET", f"/blobs/{blob['uid']}/object"),
        ("PUT", f"/blobs/{blob['id']}"),
        ("DELETE", f"/blobs/{blob['id']}"),
        ("PUT", f"/blobs/{blob['id']}/complete"),
    ):
        assert (await nobody.ask(method, path, {"blob": {"name": "a"}})).json() == NEEDS_USER, path
        answer = await anns.client.request(method, path)
        assert (answer.status_code, answer.json()) == (401, {"errors": ["Token is required"]}), path


# how bytes are handed out


@pytest.mark.parametrize(
    ("content", "said", "shown"),
    [
        (PNG, "text/html", "image/png"),
        (HOSTILE, "image/png", "application/octet-stream"),
        (HOSTILE, "image/svg+xml", "application/octet-stream"),
        (b"<script>alert(1)</script>", "text/html", "application/octet-stream"),
        (b"alert(1)", "text/javascript", "application/octet-stream"),
        (b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)", "text/javascript", "image/gif"),
        (b"%PDF-1.7", "application/pdf", "application/pdf"),
        (b"....ftypisom", "video/mp4", "video/mp4"),
        (b"x", "audio/\r\nX: y", "application/octet-stream"),
    ],
)
async def test_nothing_acts_in_our_name(anns: Somebody, content: bytes, said: str, shown: str) -> None:
    blob = await anns.upload(content, kind=said, public=True)
    for path in ("", "/download"):
        answer = await anns.client.get(f"/blobs/{blob['uid']}{path}")
        assert answer.content == content
        assert answer.headers["content-type"] == shown
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_name_is_only_a_name(anns: Somebody) -> None:
    blob = await anns.upload(name='a"; filename="b.exe\r\nSet-Cookie: x', public=True)
    answer = await anns.client.get(f"/blobs/{blob['uid']}")
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''a%22%3B%20filename%3D%22b.exeSet-Cookie%3A%20x"
    )


DIGITS = bytes(range(48, 58))


@pytest.mark.parametrize(
    ("asked", "status", "content", "said"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-500", 206, b"56789", "bytes 5-9/10"),
        ("bytes=-500", 200, DIGITS, None),
        ("bytes=0-", 200, DIGITS, None),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=999999999999999-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=3-1", 200, DIGITS, None),
        ("bytes=-", 200, DIGITS, None),
        ("bytes=0-1,3-4", 200, DIGITS, None),
        ("bytes=" + "0-0," * 5000 + "1-1", 200, DIGITS, None),
        ("bytes=0-" + "9" * 5000, 200, DIGITS, None),
        ("lines=0-1", 200, DIGITS, None),
        ("bytes=٣-٤".encode().decode("latin-1"), 200, DIGITS, None),
        ("nonsense", 200, DIGITS, None),
    ],
)
async def test_one_range_may_be_asked_for(
    anns: Somebody, asked: str, status: int, content: bytes, said: str | None
) -> None:
    blob = await anns.upload(DIGITS, public=True)
    answer = await anns.client.get(f"/blobs/{blob['uid']}", headers={b"Range": asked.encode("latin-1")})
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("content-range") == said
    assert answer.headers["accept-ranges"] == "bytes"


async def test_of_nothing_there_is_no_part(anns: Somebody) -> None:
    blob = await anns.upload(b"", public=True)
    assert (await anns.client.get(f"/blobs/{blob['uid']}")).content == b""
    for asked in ("bytes=0-", "bytes=-1"):
        assert (await anns.client.get(f"/blobs/{blob['uid']}", headers={"Range": asked})).status_code == 416


async def test_who_has_it_already_is_told_so(anns: Somebody) -> None:
    blob = await anns.upload(DIGITS)
    where = f"/blobs/{blob['uid']}"
    whole = await anns.ask("GET", where)
    tag = whole.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await anns.ask("GET", where, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (await anns.ask("GET", where, headers={"If-None-Match": '"other"'})).status_code == 200
    assert (await anns.client.get(where, headers={"If-None-Match": tag})).status_code == 401
    part = {"Range": "bytes=0-0"}
    assert (await anns.ask("GET", where, headers={**part, "If-Range": tag})).status_code == 206
    assert (await anns.ask("GET", where, headers={**part, "If-Range": '"other"'})).content == DIGITS
    head = await anns.ask("HEAD", where, headers=part)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "10")


async def test_the_policy_says_which_pages_may_read_blobs(anns: Somebody, core: Core, acme: Cast) -> None:
    blob = await anns.upload(public=True)
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://acme.example"]})
    for origin, status in (("https://acme.example", 200), ("https://evil.example", 403)):
        answer = await anns.client.get(f"/blobs/{blob['uid']}", headers={"Origin": origin})
        assert answer.status_code == status


async def test_a_token_in_an_address_is_not_written_down(house: House, anns: Somebody) -> None:
    blob = await anns.upload()
    edge = build_app(house)
    edge._logs_reads = True
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(edge), base_url="http://acquaint.test") as client:
        with structlog.testing.capture_logs() as lines:
            answer = await client.get(f"/blobs/{blob['uid']}", params={"token": anns.token})
    assert answer.content == PNG
    assert blob["uid"] not in str(lines)
    assert anns.token not in str(lines)


# avatars


async def test_an_avatar_is_shown_as_it_was_drawn(anns: Somebody, bens: Somebody) -> None:
    exif = Image.Exif()
    exif[0x010E] = "at Ann's house"
    content = photograph("JPEG", (2000, 1000), exif=exif)
    blob = await anns.upload(content)
    changed = await anns.ask("PUT", f"/users/{anns.id}.json", {"user": {"avatar": blob["uid"]}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["user"]["avatar"] == blob["uid"]

    seen = await bens.client.get(f"/blobs/{blob['uid']}", params={"token": bens.token})
    assert seen.headers["content-type"] == "image/jpeg"
    assert seen.headers["content-disposition"].startswith("inline; ")
    assert b"Ann's house" not in seen.content
    assert Image.open(io.BytesIO(seen.content)).size == (1024, 512)
    original = await bens.ask("GET", f"/blobs/{blob['uid']}/download")
    assert original.content == content
    assert original.headers["content-disposition"].startswith("attachment; ")
    assert original.headers["etag"] != seen.headers["etag"]
    assert (await bens.ask("GET", f"/blobs/{blob['id']}.json")).json()["blob"]["uid"] == blob["uid"]


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n<script>", b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)"])
async def test_what_cannot_be_seen_is_no_avatar(anns: Somebody, content: bytes) -> None:
    blob = await anns.upload(content)
    for said in (
        {"avatar": blob["uid"]},
        {"blob_id": blob["id"]},
        {"avatar": f"http://acquaint.test/blobs/{blob['uid']}?token={anns.token}"},
    ):
        answer = await anns.ask("PUT", "/users.json", {"user": {"full_name": "Ann", **said}})
        assert answer.status_code == 422
        assert set(answer.json()["errors"]) <= {"avatar", "blob_id"}
    assert (await anns.ask("GET", "/session.json")).json()["session"]["user"]["full_name"] is None
    assert (await anns.ask("GET", f"/blobs/{blob['uid']}")).content == content


async def test_an_avatar_is_ones_own_blob_or_any_other_text(anns: Somebody, bens: Somebody) -> None:
    blob = await bens.upload(public=True)
    for said in ({"avatar": blob["uid"]}, {"blob_id": blob["id"]}):
        assert (await anns.ask("PUT", "/users.json", {"user": said})).status_code == 422
    new = {"login": "somebody", "password": "a password of theirs", "avatar": blob["uid"]}
    assert (await anns.ask("POST", "/users.json", {"user": new})).status_code == 422
    for text in ("https://example.com/a.png", "nobody's uid", "http://acquaint.test/blobs/", None):
        answer = await anns.ask("PUT", "/users.json", {"user": {"avatar": text}})
        assert answer.json()["user"]["avatar"] == text
