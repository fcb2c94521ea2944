"""Attack 29: one key, more than it was made for. CVE-2026-30229, GHSA-8fpg-xm3f-6cx3, GHSA-xmf8-cvqr-rfgj.

That every route asks for its role is tried in tests/dialects/native/test_callers.py, for each route there is.
"""

from __future__ import annotations

import json
import sqlite3
from itertools import product
from typing import Any

import httpx2
import pytest

from acquaint.dialects.native.routes import OPERATIONS
from acquaint.domain.errors import NotAllowed, Unacceptable
from acquaint.domain.keys import Role
from acquaint.services import apps, sign_in
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.services.doors import at

APP_ROLES = [it for it in Role if it is not Role.OPERATOR]
CHANGES = [it for it in OPERATIONS if it.path.startswith(("/app", "/server")) and it.method != "GET"]


async def as_key(client: httpx2.AsyncClient, key: str, method: str, path: str, body: Any = None) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return await client.request(method, f"/acquaint/v1{path}", json=body, headers=headers)


@pytest.mark.parametrize("with_it", APP_ROLES)
async def test_the_operators_role_beside_another_makes_nobody_an_operator(
    client: httpx2.AsyncClient, core: Core, acme: Cast, with_it: Role
) -> None:
    """As it was found: a key of an App with both roles was made, and opened the operator's routes."""
    for roles in ((with_it, Role.OPERATOR), (Role.OPERATOR, with_it), (Role.OPERATOR,)):
        with pytest.raises(Unacceptable):
            await apps.create_key(core, acme.app, "more", roles)
        names = [it.value for it in roles]
        answer = await as_key(client, acme.api_key, "POST", "/app/keys", {"name": "more", "roles": names})
        assert answer.status_code == 400
    for key in (acme.api_key, acme.new.chat_key):
        assert (await as_key(client, key, "GET", "/server/apps")).status_code == 403


async def test_the_operators_own_key_does_what_the_others_do_not(client: httpx2.AsyncClient, core: Core) -> None:
    _, key = await apps.create_key(core, None, "operator", (Role.OPERATOR,))
    assert (await as_key(client, key, "GET", "/server/apps")).status_code == 200
    assert (await as_key(client, key, "GET", "/app")).status_code == 403


async def test_the_key_in_every_page_changes_nothing(client: httpx2.AsyncClient, acme: Cast) -> None:
    """Its role is org.tracking; whoever can see a page has it."""
    assert len(CHANGES) > 10
    for it in CHANGES:
        path = "/".join("1" if part.startswith("{") else part for part in it.path.split("/"))
        answer = await as_key(client, acme.new.chat_key, it.method, path, it.example)
        assert answer.status_code == 403, f"{it.method} {path}: {answer.text}"


UNTHOUGHT_OF = ["", "org", "org.*", "*", ".org.user", "ORG.USER", "org.user\n", "org.users", "org.admin.apps"]


@pytest.mark.parametrize("needed", UNTHOUGHT_OF)
async def test_a_role_nobody_thought_of_is_nobodys(core: Core, acme: Cast, needed: str) -> None:
    _, key = await apps.create_key(core, acme.app, "k", (Role.USER,))
    with pytest.raises(NotAllowed):
        await apps.by_api_key(core, key, needed)


CREDENTIALS = ["", " ", "Bearer", "Bearer  ", "Basic YTpi", "Bearer \x7f", "Bearer a b", "Bearer ..", "Bearer a.b.c"]
CREDENTIALS += [
    "Bearer " + "x" * 7000,
    "Bearer \xff\xfe",
    "bearer null",
    "Bearer undefined",
    "Digest x",
    "Bearer acqk_",
]
HEADERS = ["Authorization", "QISCUS-SDK-APP-ID", "QISCUS-SDK-TOKEN", "QISCUS-SDK-SECRET", "Origin", "Content-Type"]
HEADERS += ["Content-Length", "Idempotency-Key", "Accept", "Range", "If-Match", "X-Forwarded-For", "Host", "Cookie"]
PATHS = [
    ("GET", "/acquaint/v1/session"),
    ("GET", "/acquaint/v1/app"),
    ("POST", "/acquaint/v1/conversations"),
    ("GET", "/acquaint/v1/server/apps"),
    ("GET", "/api/v2/sdk/my_profile"),
    ("GET", "/api/v2/sdk/config"),
    ("GET", "/api/v2.1/rest/users"),
    ("GET", "/nothing"),
]


async def test_whatever_headers_say_it_is_a_refusal_and_never_a_crash(
    client: httpx2.AsyncClient, core: Core, acme: Cast
) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    for (method, path), name, value in product(PATHS, HEADERS, CREDENTIALS):
        headers = {"Authorization": f"Bearer {admission.token}", "QISCUS-SDK-APP-ID": "acme", name: value}
        sent = [(it.encode(), text.encode("latin-1")) for it, text in headers.items()]
        answer = await client.request(method, path, headers=sent)
        assert answer.status_code < 500, f"{method} {path} {name}: {value!r}: {answer.text}"
        if name == "Authorization" and path.startswith("/acquaint"):
            assert answer.status_code == 401, f"{path} {value!r}"


async def test_an_app_whose_policy_cannot_be_read_lets_nobody_in(
    client: httpx2.AsyncClient, core: Core, acme: Cast
) -> None:
    """Fail closed: what is not understood is not taken for the default, which allows more."""
    path = core.store._engine._path  # type: ignore[attr-defined]
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE apps SET policy = ?", (json.dumps({"registers_on_login": "perhaps"}),))
    connection.close()
    body = {"app": "acme", "login": "ann", "password": ann.password, "register": True}
    answer = await client.post("/acquaint/v1/sessions", json=body)
    assert answer.status_code >= 400
    assert "token" not in answer.json()
