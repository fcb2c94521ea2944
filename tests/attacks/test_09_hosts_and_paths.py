"""Attack 9: a Host header, or a path with more slashes than it needs, that makes one request look like another.

Frameworks make the address of a request of the Host header as well: what is cut out of that address is the client's to
choose. Here the path alone says what is asked for. Links in mails: tests/dialects/native/test_recovery.py.
"""

from __future__ import annotations

import httpx2
import pytest

from tests.cast import Cast, ann

HOSTS = ["acquaint.test/api/v2/rest/", "evil.example/api/v2/mobile", "[", "[::1", "a b", "", "@"]


@pytest.mark.parametrize("host", HOSTS)
async def test_a_host_makes_no_other_call_of_qiscus_of_it(client: httpx2.AsyncClient, acme: Cast, host: str) -> None:
    """The old spelling of the same call answers with a token."""
    headers = {"QISCUS-SDK-APP-ID": acme.app.slug, "QISCUS-SDK-SECRET": acme.signing_secret, "Host": host}
    asked = {"user_id": "ann", "email": "ann", "username": ann.name, "password": ann.password}
    answer = await client.post("/api/v2.1/rest/login_or_register", headers=headers, json=asked)
    assert answer.status_code == 200, answer.text
    assert "token" not in answer.text


@pytest.mark.parametrize("prefix", ["api/v2/sdk", "api/v2/mobile", "api/v2.1/rest", "api/v2/rest"])
@pytest.mark.parametrize("slashes", ["//{}", "/{}/", "///{}//"])
async def test_slashes_that_are_doubled_mean_one(
    client: httpx2.AsyncClient, acme: Cast, prefix: str, slashes: str
) -> None:
    path = f"{slashes.format(prefix)}/login_or_register"
    headers = {"QISCUS-SDK-APP-ID": acme.app.slug, "QISCUS-SDK-SECRET": acme.signing_secret}
    asked = {"user_id": "ann", "email": "ann", "username": ann.name, "password": ann.password}
    answer = await client.post(f"http://acquaint.test{path}", headers=headers, json=asked)
    assert answer.status_code == 200, answer.text
    if "v2.1" in prefix:
        assert "token" not in answer.text


@pytest.mark.parametrize("host", ["[", "acquaint.test/evil", "a b"])
async def test_pages_of_customers_link_to_what_was_asked_whatever_the_host(
    client: httpx2.AsyncClient, acme: Cast, host: str
) -> None:
    headers = {"Authorization": f"Bearer {acme.api_key}", "Host": host}
    answer = await client.get("http://acquaint.test//v1//customers", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["links"]["first"].startswith("/v1/customers?")
