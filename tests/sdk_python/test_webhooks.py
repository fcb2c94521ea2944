"""The backend's client hears what happens: registered over the API, and believed by its signature alone."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from acquaint.domain.webhooks import new_secret, signature
from acquaint_client import NotGenuine, verify_webhook
from acquaint_client.errors import NotFound, Unacceptable
from tests.sdk_python.hands import Acme

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET, OTHER = new_secret(bytes(32)), new_secret(b"x" * 32)
BODY = b'{"type":"user.created","data":{}}'
NOWHERE = "https://192.0.2.1/hooks"  # nobody's address (RFC 5737): nothing is sent


async def test_a_webhook_from_its_beginning_to_its_end(acme: Acme) -> None:
    backend = acme.backend
    made = await backend.register_webhook(NOWHERE, events=["user.created"])
    assert made.secret.startswith("whsec_")
    assert made.secret not in repr(made)
    id = made.webhook.id
    assert await backend.webhooks() == (made.webhook,)
    assert await backend.webhook(id) == made.webhook
    assert (await backend.change_webhook(id, events=["user.banned"])).events == ("user.banned",)
    assert (await backend.rotate_webhook_secret(id, overlap_seconds=0)).secret != made.secret
    tested = await backend.test_webhook(id)
    assert [it.event_id for it in (await backend.deliveries(id)).items] == [tested.event_id]
    assert (await backend.redeliver(id, tested.event_id)).message_id == tested.message_id
    assert not (await backend.change_webhook(id, is_enabled=False)).is_enabled
    await backend.remove_webhook(id)
    assert await backend.webhooks() == ()
    with pytest.raises(NotFound):
        await backend.test_webhook(id)
    with pytest.raises(Unacceptable):
        await backend.register_webhook("ftp://acme.example/")


def test_what_we_signed_is_believed_also_while_a_secret_is_rotated() -> None:
    headers = dict(signature((OTHER, SECRET), "msg_1", NOW, BODY))
    for secret in (SECRET, OTHER):
        said = verify_webhook(secret, {it.title(): value for it, value in headers.items()}, BODY, now=NOW.timestamp())
        assert said["type"] == "user.created"


@pytest.mark.parametrize(
    ("changed", "body", "later"),
    [
        ({}, BODY + b" ", 0),
        ({}, BODY, 301),
        ({}, BODY, -301),
        ({"webhook-id": "msg_2"}, BODY, 0),
        ({"webhook-timestamp": "soon"}, BODY, 0),
        ({"webhook-signature": ""}, BODY, 0),
        ({"webhook-signature": "v1,"}, BODY, 0),
        ({"webhook-signature": "v1,\xe9"}, BODY, 0),
    ],
)
def test_what_is_not_genuine_is_refused(changed: dict[str, str], body: bytes, later: int) -> None:
    headers = {**signature((SECRET,), "msg_1", NOW, BODY), **changed}
    with pytest.raises(NotGenuine):
        verify_webhook(SECRET, headers, body, now=NOW.timestamp() + later)


def test_another_secret_and_no_signature_at_all_are_refused() -> None:
    for headers in ({}, dict(signature((OTHER,), "msg_1", NOW, BODY)), dict(signature((), "msg_1", NOW, BODY))):
        with pytest.raises(NotGenuine):
            verify_webhook(SECRET, headers, BODY, now=NOW.timestamp())


def test_the_page_about_webhooks_works(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs/webhooks.md").read_text("utf-8")
    [block] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {"secret": SECRET}
    exec(compile(block, "webhooks.md", "exec"), names)  # noqa: S102
    body = b'{"type":"user.created","data":{"user_id":"7"}}'
    headers = dict(signature((SECRET,), "msg_1", datetime.fromtimestamp(time.time(), UTC), body))
    assert [names["hear"](headers, body) for _ in range(2)] == [204, 204]
    assert names["hear"](headers, body + b" ") == 400
    assert capsys.readouterr().out == "user.created 7\n"
