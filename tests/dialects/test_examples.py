"""Every recorded request of every dialect, asked of a fresh server and compared with the recorded answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from starlette.routing import compile_path

from acquaint.dialects import ALL
from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.web.dialect import Dialect, Route
from tests.cast import Cast
from tests.support.clock import SetClock
from tests.support.examples import FOLDER, Example, Teller, examples, known_of

RECORDED = [it for it in ALL if (FOLDER / it.name / "examples").is_dir()]


@pytest.mark.parametrize("example", list(examples()), ids=str)
async def test_what_was_recorded_is_answered_today(
    example: Example, core: Core, acme: Cast, client: httpx2.AsyncClient, clock: SetClock
) -> None:
    if policy := example.content.get("policy"):
        await apps.change_policy(core, acme.app, policy)

    def sign(claims: Any, secret: str, header: Any) -> str:
        return core.signer.sign(claims, secret, header)

    teller = Teller(known_of(acme, core.public_url) | dict(example.chosen), example.shapes, clock.now, sign)
    for number, exchange in enumerate(example.exchanges, 1):
        teller = teller.at(clock.forward(**exchange.get("after", {})))
        asked = teller.fill(exchange["request"])
        answer = await _ask(client, asked)
        where = f"{example}, exchange {number}: {asked['method']} {asked['path']} → {answer.status_code} {answer.text}"
        try:
            _compare(teller, exchange["answer"], answer)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{where}") from None


@pytest.mark.parametrize("dialect", RECORDED, ids=lambda it: str(it.name))
def test_every_route_has_an_example(dialect: Dialect) -> None:
    asked = {
        (exchange["request"]["method"], _path(exchange["request"]["path"], example.chosen))
        for example in examples(dialect.name)
        for exchange in example.exchanges
    }
    missing = [f"{it.method} {it.path}" for it in dialect.routes if ":path}" not in it.path and not _has(asked, it)]
    assert not missing, f"{dialect.name} has no example for {', '.join(missing)}"


def _path(path: str, chosen: Mapping[str, str]) -> str:
    """A path with what is chosen in its place, and something for what is learned."""
    for name, value in chosen.items():
        path = path.replace(f"<{name}>", value)
    return re.sub("<[^>]+>", "1", path)


def _has(asked: set[tuple[str, str]], route: Route) -> bool:
    pattern, _, _ = compile_path(route.path)
    return any(method == route.method and pattern.fullmatch(path) for method, path in asked)


async def _ask(client: httpx2.AsyncClient, asked: dict[str, Any]) -> httpx2.Response:
    headers = {name: str(value) for name, value in asked.get("headers", {}).items()}
    body = b""
    if "json" in asked:
        body, media = json.dumps(asked["json"]).encode(), "application/json"
    elif "form" in asked:
        body, media = urlencode(asked["form"]).encode(), "application/x-www-form-urlencoded"
    else:
        body, media = asked.get("body", "").encode(), ""
    if media:
        headers.setdefault("content-type", media)
    url = asked["path"] + ("?" + urlencode(asked["query"]) if "query" in asked else "")
    return await client.request(asked["method"], url, headers=headers, content=body)


def _compare(teller: Teller, expected: dict[str, Any], answer: httpx2.Response) -> None:
    assert answer.status_code == expected["status"], f"the status is {answer.status_code}, not {expected['status']}"
    for name, value in expected.get("headers", {}).items():
        if value is None:
            assert name not in answer.headers, f"there is a header {name}: {answer.headers[name]}"
        else:
            teller.check(value, answer.headers.get(name), f"header {name}")
    if "json" in expected:
        teller.check(expected["json"], answer.json())
    elif "text" in expected:
        teller.check(expected["text"], answer.text, "the text")


TELLER = Teller(
    {"app.id": 7, "first": "abc"}, {"user": {"id": "<id:ann>", "name": "Ann"}}, SetClock().now, lambda *_: "signed"
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("<app.id>", 7),
        ("/users/<app.id>", "/users/7"),
        ("<now+60>", 1795262460),
        ({"<signed>": {"claims": {}, "secret": "x"}}, "signed"),
        ({"<like>": "user", "id": 1}, {"id": 1, "name": "Ann"}),
    ],
)
def test_placeholders_are_filled_in(written: Any, meant: Any) -> None:
    assert TELLER.fill(written) == meant


def test_an_unknown_name_is_a_mistake_in_the_story() -> None:
    with pytest.raises(AssertionError, match="nothing is known by the name nobody"):
        TELLER.fill("<nobody>")


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {}),
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ([1], [1, 2]),
        ("<id>", "7"),
        ("<token>", "acqs_invented"),
        ("<now>", 0),
        ({"<like>": "user"}, {"id": 1, "name": "Ben"}),
        ([{"<like>": "user"}, {"<like>": "user"}], [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Ann"}]),
    ],
)
def test_an_answer_that_differs_is_noticed(expected: Any, found: Any) -> None:
    with pytest.raises(AssertionError):
        Teller(dict(TELLER.known), TELLER.shapes, TELLER.now, TELLER.sign).check(expected, found)


def test_names_are_learned_from_answers() -> None:
    teller = Teller({}, TELLER.shapes, TELLER.now, TELLER.sign)
    teller.check({"user": {"<like>": "user"}}, {"user": {"id": 12, "name": "Ann"}})
    assert teller.fill("<ann>") == 12


def test_names_are_learned_inside_a_text() -> None:
    teller = Teller({"app.id": 7}, {}, TELLER.now, TELLER.sign)
    teller.check(
        "/apps/<app.id>/<word40:uid>?again=<word40:uid>&as=<text>", f"/apps/7/{'b' * 40}?again={'b' * 40}&as=x"
    )
    assert teller.fill("<uid>") == "b" * 40
    for found in (f"/apps/8/{'b' * 40}?again={'b' * 40}&as=x", f"/apps/7/{'b' * 40}?again={'c' * 40}&as=x", "", 7):
        with pytest.raises(AssertionError):
            teller.check("/apps/<app.id>/<word40:uid>?again=<word40:uid>&as=<text>", found)
