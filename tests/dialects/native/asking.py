"""How tests ask over the native API. Every answer is held against the route's declaration: its status, its shape,
and the codes it may refuse with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx2
import jsonschema_rs

from acquaint.dialects.native.openapi import document, refusals_by_status
from acquaint.dialects.native.operation import PREFIX, Operation, Raw
from acquaint.dialects.native.routes import OPERATIONS

AnyOperation = Operation[Any, Any, Any, Any]
DOCUMENT = document(OPERATIONS)


@dataclass(frozen=True)
class Somebody:
    """Who was let in, and what they hold."""

    token: str
    device_secret: str | None
    session_id: str
    user_id: str | None
    said: dict[str, Any]


@dataclass
class Api:
    """The native API of the server in this process, as callers of every kind ask it."""

    client: httpx2.AsyncClient
    api_key: str = ""
    codes: list[str] = field(default_factory=list)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: Somebody | str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        **more: Any,
    ) -> httpx2.Response:
        """``by`` is somebody, an API key or a token; ``body`` is sent as JSON."""
        credential = by.token if isinstance(by, Somebody) else by
        sent: dict[str, str | bytes] = {"Authorization": f"Bearer {credential}"} if credential else {}
        if body is not None:
            more["json"] = body
        answer = await self.client.request(method, PREFIX + path, headers=_bytes({**sent, **(headers or {})}), **more)
        check(method, path, answer)
        return answer

    async def get(self, path: str, by: Somebody | str | None = None, **more: Any) -> httpx2.Response:
        return await self.ask("GET", path, by=by, **more)

    async def post(self, path: str, body: Any = None, by: Somebody | str | None = None, **more: Any) -> httpx2.Response:
        return await self.ask("POST", path, body, by=by, **more)

    async def as_app(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return await self.ask(method, path, body, by=self.api_key, **more)

    async def arrive(self, app: str = "acme", **body: Any) -> Somebody:
        """Comes in, by whichever way is sent; with nothing, to look around."""
        return somebody(await self.post("/sessions", {"app": app, **body}))

    async def vouched(self, external_id: str, **body: Any) -> Somebody:
        """Somebody the App's server vouches for."""
        asked = {"identifiers": {"external_id": external_id}, **body}
        return somebody(await self.as_app("POST", "/app/sessions", asked))

    async def say(self, by: Somebody, text: str = "Hello", **more: Any) -> str:
        """Starts a conversation, and answers its id."""
        answer = await self.post("/conversations", {"message": {"text": text}, **more}, by)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def sees(self, by: Somebody) -> list[str]:
        return [it["id"] for it in (await self.get("/conversations", by)).json()["items"]]


def _bytes(headers: Mapping[str, str | bytes]) -> dict[bytes, bytes]:
    return {
        name.encode(): value if isinstance(value, bytes) else value.encode("latin-1") for name, value in headers.items()
    }


def somebody(answer: httpx2.Response) -> Somebody:
    assert answer.status_code == 201, answer.text
    said = answer.json()
    return Somebody(said["token"], said["device_secret"], said["session"]["id"], said["session"]["user_id"], said)


def refused(answer: httpx2.Response, status: int, code: str, **evidence: Any) -> dict[str, Any]:
    """The problem document, if it is this one."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    problem: dict[str, Any] = answer.json()
    assert {name: problem.get(name) for name in evidence} == evidence
    return problem


def check(method: str, path: str, answer: httpx2.Response) -> None:
    """That the answer is one that the route declared."""
    it = operation_at(method, path.partition("?")[0])
    if it is None:
        assert answer.status_code in (404, 405), answer.text
    elif answer.status_code >= 400:
        codes = {problem.code for problem in refusals_by_status(it).get(answer.status_code, [])}
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] in codes, f"{method} {path} did not declare {answer.text}"
        _valid("Problem", answer.json())
    else:
        assert answer.status_code == it.status, f"{method} {path}: {answer.status_code} {answer.text}"
        if it.answer is type(None):
            assert answer.content == b""
        elif it.answer is not Raw:
            _valid(it.answer.__name__, answer.json())


@cache
def operation_at(method: str, path: str) -> AnyOperation | None:
    """The operation that serves the path, fixed paths before those with parameters."""
    found = [it for it in OPERATIONS if it.method == method and _pattern(it).fullmatch(path)]
    return min(found, key=lambda it: len(it.path_parameters), default=None)


@cache
def _pattern(it: AnyOperation) -> re.Pattern[str]:
    return re.compile(re.sub(r"{\w+}", "[^/]+", it.path))


def _valid(name: str, value: Any) -> None:
    errors = [f"{it.instance_path}: {it.message}" for it in validator(name).iter_errors(value)]
    assert not errors, f"not a {name}: {errors}"


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}, validate_formats=True
    )
