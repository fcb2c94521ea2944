"""Attack 19: inputs made to be expensive. CVE-2026-47138, chatwoot CVE-2021-3649.

Everything that a stranger's text passes through before anybody knows who they are takes time in proportion to its
length. What counts is this process's CPU time, so that a busy machine does not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest

from acquaint.adapters.jose import JoseSigner
from acquaint.dialects.kustomer import reading as kustomer
from acquaint.dialects.kustomer.chat import tracking
from acquaint.domain.apps import Policy, slug_of
from acquaint.domain.identities import Identifier, normal_email
from acquaint.domain.passwords import OWASP_ASVS, is_common
from acquaint.domain.places import workspace
from acquaint.domain.tokens import TokenKind, is_well_formed
from acquaint.services.core import Core
from acquaint.services.limits import party
from acquaint.web import ids, logs
from acquaint.web.edge import Edge
from acquaint.web.reading import check_texts, parse_json
from tests.cast import Cast
from tests.support.work import budget, cost, cost_of
from tests.web.asgi import scope_of

LENGTH = 64 * 1024
BUDGET = 0.05  # seconds of work

HOSTILE = {
    "letters": "a" * LENGTH,
    "blanks": " " * LENGTH,
    "signs": "@" * LENGTH,
    "dots": "a." * (LENGTH // 2),
    "an address of dots": "a" + ".a" * (LENGTH // 2 - 8) + "@b",
    "an address of labels": "a@" + "b." * (LENGTH // 2),
    "dashes": "-" * LENGTH,
    "digits": "9" * LENGTH,
    "zeros": "0" * LENGTH + "!",
    "base64": "eyJ" + "A" * LENGTH,
    "segments": "." * LENGTH,
    "combining": "e" + "\u0301" * LENGTH,
    "reordered": "a" + "\u0315\u0300\u05ae" * (LENGTH // 3),
    "expanding": "\ufdfa" * LENGTH,  # one of these is eighteen characters after NFKC
    "wide": "\U0001f469\u200d" * (LENGTH // 2),
    "brackets": "[" * LENGTH,
    "braces": '{"a":' * (LENGTH // 5),
    "escapes": '"' + "\\u0000" * (LENGTH // 6) + '"',
    "commas": "1.1.1.1," * (LENGTH // 8),
    "slashes": "/" * LENGTH,
    "newlines": "\r\n" * (LENGTH // 2),
    "quoted": '"' * LENGTH,
}

READERS: dict[str, Callable[[str], Any]] = {
    "email": normal_email,
    "login": Identifier.login,
    "external id": Identifier.external_id,
    "phone": Identifier.phone,
    "workspace": workspace,
    "slug": slug_of,
    "password rules": OWASP_ASVS.check,
    "token": lambda it: is_well_formed(it, TokenKind.SESSION),
    "origin": lambda it: Policy().changed({"allowed_origins": [it]}),
    "duration": lambda it: Policy().changed({"token_max_age": it}),
    "origins": lambda it: Policy().changed({"allowed_origins": it}),
    "integer id": ids.read_integer,
    "hex id": ids.read_hex,
    "uuid": ids.read_uuid,
    "address": party,
    "texts": check_texts,
    "json": lambda it: parse_json(it.encode("utf-8", "replace"), dict[str, Any]),
    "signed token": lambda it: JoseSigner().verify(it, ["s" * 32]),
    "log line": logs.masked,
    "kustomer's token": tracking.unchecked_claims,
    "kustomer's id": kustomer.read_id,
    "kustomer's date": kustomer.moment_in,
    "kustomer's attributes": lambda it: kustomer.check_custom({it: it, "aStr": it, "bAt": it, "cUrl": it}),
}


@pytest.mark.parametrize("reader", READERS)
def test_no_text_of_a_stranger_keeps_us_busy(reader: str) -> None:
    most = budget(BUDGET)
    slow = {name: seconds for name, text in HOSTILE.items() if (seconds := cost(READERS[reader], text)) > most}
    assert slow == {}


def test_a_careless_pattern_would_be_kept_busy_by_far_less() -> None:
    """The attack as it would work: an address checked as many web pages tell one to."""
    careless = re.compile(r"^([a-zA-Z0-9]+\.?)+@[a-z]+$")
    assert cost(careless.match, "a" * 22 + "!") > cost(normal_email, "a" * LENGTH)


def test_normalising_would_be_kept_busy_as_well() -> None:
    """The attack as it would work, and did: accents in the wrong order are sorted in the square of their number."""
    assert cost(lambda it: unicodedata.normalize("NFC", it), HOSTILE["reordered"][: LENGTH // 4]) > budget(BUDGET)


def test_common_passwords_are_recognised_in_any_length() -> None:
    assert cost(is_common, "1" * 1024 + "password" + "!" * 1024) < budget(BUDGET)


async def test_headers_of_proxies_cost_little(core: Core) -> None:
    most = budget(BUDGET)
    edge = Edge(core, None, {}, trusted_proxies=[ip_network("10.0.0.0/8")])  # type: ignore[arg-type]
    for name, text in HOSTILE.items():
        value = text.encode("utf-8", "replace").decode("latin-1")
        scope = scope_of("GET", "/", [("x-forwarded-for", value), ("x-request-id", value)], peer="10.0.0.1")
        assert cost(edge._visit, scope) < most, name
        assert len(edge._visit(scope).address) < 50


async def test_at_the_doors_it_costs_no_more(client: httpx2.AsyncClient, acme: Cast) -> None:
    """As it was found: one request with an id made of accents stopped the server for a minute."""
    most = budget(BUDGET)
    for name in ("reordered", "expanding", "an address of labels"):
        id = HOSTILE[name][: LENGTH // 2]
        qiscus = {"QISCUS-SDK-APP-ID": "acme"}
        for path, body, headers in (
            ("/api/v2/sdk/login_or_register", {"email": id, "password": id}, qiscus),
            ("/acquaint/v1/sessions", {"app": "acme", "email": id, "password": id}, {}),
            ("/acquaint/v1/users", {"app": "acme", "login": id, "password": id}, {}),
        ):

            async def ask(path: str = path, body: dict[str, str] = body, headers: dict[str, str] = headers) -> None:
                assert (await client.post(path, json=body, headers=headers)).status_code == 400

            assert await cost_of(ask) < most, name


async def test_no_wish_for_compression_breaks_the_widget(client: httpx2.AsyncClient) -> None:
    """As it was found: a weight that is no number was our fault."""
    for wish in ("gzip;q=1.2.3", "gzip;q=..", "gzip;q=" + "9" * 4000, "gzip;q=-1", "gzip;q=1e9"):
        assert (await client.get("/widget.js", headers={"accept-encoding": wish})).status_code == 200, wish
