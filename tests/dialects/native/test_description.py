"""The description and the reference page: true, valid, complete, and sufficient to themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import msgspec
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

import acquaint
from acquaint.dialects.native.problems import PROBLEMS
from tests.dialects.native.asking import DOCUMENT, validator
from tests.dialects.native.world import EVERY

PREFIX = "/acquaint/v1"
README = Path(acquaint.__file__).parent / "dialects/native/README.md"
VOID = {"meta", "link", "input", "br", "img"}


async def test_the_description_is_openapi_3_1(client: httpx2.AsyncClient) -> None:
    document = (await client.get(f"{PREFIX}/openapi.json")).json()

    assert document == msgspec.json.decode(msgspec.json.encode(DOCUMENT))
    errors = [str(it) for it in jsonschema_rs.Draft202012Validator(OPENAPI_31).iter_errors(document)]
    assert not errors
    for name, schema in document["components"]["schemas"].items():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
        assert schema["description"], f"{name} says nothing about itself"


def test_every_reference_leads_somewhere() -> None:
    text = msgspec.json.encode(DOCUMENT).decode()
    names = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert names == set(DOCUMENT["components"]["schemas"])


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    operations = [it for path in DOCUMENT["paths"].values() for it in path.values()]
    assert len({it["operationId"] for it in operations}) == len(operations) == len(EVERY)
    assert len({it["summary"] for it in operations}) == len(operations)


@pytest.mark.parametrize("call", [name for name, it in EVERY.items() if it.example is not None])
def test_an_example_is_one(call: str) -> None:
    it = EVERY[call]
    assert not list(validator(it.body.__name__).iter_errors(it.example))
    msgspec.convert(it.example, it.body)


@pytest.mark.parametrize("call", [name for name, it in EVERY.items() if it.takes_key or it.holds_secret])
def test_what_takes_a_key_is_described_so(call: str) -> None:
    it = EVERY[call]
    headers = [one["name"] for one in _entry(call)["parameters"] if one["in"] == "header"]
    assert headers == (["Idempotency-Key"] if it.takes_key else [])


def test_the_readme_lists_every_problem_as_it_is() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \| (.*?) \| ([^|]+) \|$", README.read_text(), re.MULTILINE)
    told = {
        (int(status), code, tuple(re.findall(r"`(\w+)`", evidence)), title) for status, code, evidence, title in rows
    }
    assert told == {(it.status, it.code, it.evidence, it.title) for it in PROBLEMS.values()}


def test_a_code_means_one_thing() -> None:
    meanings = {(it.code, it.status, it.title, it.meaning) for it in PROBLEMS.values()}
    assert len(meanings) == len({it.code for it in PROBLEMS.values()})


async def test_the_page_loads_nothing_from_elsewhere(client: httpx2.AsyncClient) -> None:
    page = await client.get(f"{PREFIX}/docs")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "unsafe" not in policy
    for loaded in re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="([^"]+)"', page.text):
        assert loaded.startswith((f"{PREFIX}/docs/", "data:")), loaded
        if loaded.startswith("/"):
            asset = await client.get(loaded)
            assert asset.status_code == 200
            assert not re.findall(r"url\(|@import|https?:", asset.text)
    assert not re.findall(r"<script>|<style|\son\w+=|\sstyle=", page.text)


async def test_the_page_is_whole(client: httpx2.AsyncClient) -> None:
    text = (await client.get(f"{PREFIX}/docs")).text

    anchors = re.findall(r'\sid="([^"]+)"', text)
    assert len(anchors) == len(set(anchors))
    assert not set(re.findall(r'href="#([^"]+)"', text)) - set(anchors)
    assert {it.code for it in PROBLEMS.values()} <= set(anchors)
    assert {_entry(call)["operationId"] for call in EVERY} <= set(anchors)
    opened = [name for name in re.findall(r"<([a-z][a-z0-9]*)", text) if name not in VOID | _SELF_CLOSED]
    assert sorted(opened) == sorted(re.findall(r"</([a-z][a-z0-9]*)>", text))
    assert "None" not in re.sub(r"<[^>]+>", "", text)


_SELF_CLOSED = {"rect", "circle", "path"}


def _entry(call: str) -> dict[str, Any]:
    it = EVERY[call]
    found: dict[str, Any] = DOCUMENT["paths"][it.full_path][it.method.lower()]
    return found
