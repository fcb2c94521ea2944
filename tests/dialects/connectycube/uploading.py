"""Sending blobs as the vendor's SDK does: announced, posted as a form, completed."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from PIL import Image

from tests.cast import Cast, Person


def photograph(kind: str = "PNG", size: tuple[int, int] = (40, 20), **how: Any) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, (9, 99, 9)).save(content, kind, **how)
    return content.getvalue()


PNG = photograph()


@dataclass
class Somebody:
    """Who holds a session, and asks with its token."""

    client: httpx2.AsyncClient
    token: str
    id: int

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        if body is not None:
            more["json"] = body
        return await self.client.request(
            method, path, headers={"CB-Token": self.token, **more.pop("headers", {})}, **more
        )

    async def announce(self, name: str = "me.png", kind: str = "image/png", *, public: bool = False) -> dict[str, Any]:
        said = {"blob": {"name": name, "content_type": kind, "public": public}}
        answer = await self.ask("POST", "/blobs.json", said)
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["blob"])

    async def upload(self, content: bytes = PNG, **how: Any) -> dict[str, Any]:
        """All three steps; the record."""
        blob = await self.announce(**how)
        sent = await send(self.client, blob, content)
        assert sent.status_code == 201, sent.text
        done = await self.ask("PUT", f"/blobs/{blob['id']}/complete.json", {"size": len(content)})
        assert (done.status_code, done.text) == (200, " ")
        return dict((await self.ask("GET", f"/blobs/{blob['id']}.json")).json()["blob"])


def fields_of(blob: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The path and the fields, taken out of ``params`` as the SDK does."""
    parts = urlsplit(blob["blob_object_access"]["params"])
    return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))


def form(fields: Mapping[str, str], content: bytes, head: str = 'name="file"', boundary: str = "--------x") -> bytes:
    """As Node's form-data writes it: a Buffer has no file name."""
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    file = f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\nContent-Type: application/octet-stream\r\n\r\n"
    return "".join([*parts, file]).encode() + content + f"\r\n--{boundary}--\r\n".encode()


FORM = {"Content-Type": "multipart/form-data; boundary=--------x"}


async def send(
    client: httpx2.AsyncClient, blob: Mapping[str, Any], content: bytes | AsyncIterator[bytes], **changed: str
) -> httpx2.Response:
    path, fields = fields_of(blob)
    body = form(fields | changed, content) if isinstance(content, bytes) else content
    return await client.post(path, content=body, headers=FORM)


async def session(client: httpx2.AsyncClient, acme: Cast, who: Person | None) -> Somebody:
    keys: dict[str, Any] = {"application_id": acme.app.id, "auth_key": acme.app.public_keys.auth_key}
    if who is not None:
        keys["user"] = {"login": f"{who.login}-1", "password": who.password}
    answer = await client.post("/session.json", json=keys)
    assert answer.status_code == 201, answer.text
    said = answer.json()["session"]
    return Somebody(client, said["token"], said["user_id"] or 0)
