"""Attack 28: trying the keys that everybody knows (tinode's default key, wallarm/jwt-secrets #32)."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest

from acquaint.domain.tokens import TokenKind, is_well_formed
from tests.cast import ann
from tests.journeys.shop import Shop
from tests.support.server import InThisProcess

ROOT = Path(__file__).parents[2]
WELL_KNOWN = (
    "secret", "changeme", "your-256-bit-secret", "password", "acquaint", "test", "supersecret", "0", "null",
    "undefined", "s3cr3t", "jwt_secret", "AllYourBase", "acqx_", "a-string-secret-at-least-256-bits-long",
)  # fmt: skip


@pytest.fixture
def cli(tmp_path: Path) -> InThisProcess:
    """The command line on an empty folder, of which nothing is known."""
    return InThisProcess(tmp_path / "data")


def test_a_new_server_has_no_app_no_key_and_no_user(cli: InThisProcess) -> None:
    cli.say("init")
    assert cli.run("apps", "list") == []
    assert cli.run("keys", "list", "--server") == []
    for it in cli.data.rglob("*"):
        if it.is_file() and it.suffix == ".toml":
            assert not re.search(r"acq[sdtkx]_\w", it.read_text())
    assert cli.data.stat().st_mode & 0o077 == 0


def test_no_two_apps_of_no_two_servers_have_a_secret_in_common(tmp_path: Path) -> None:
    seen: list[str] = []
    for name in ("one", "other"):
        cli = InThisProcess(tmp_path / name)
        cli.say("init")
        for _ in range(2):
            made = cli.create_app()
            secrets = [str(made[it]) for it in ("api_key", "signing_secret", "auth_secret", "chat_api_key")]
            assert is_well_formed(secrets[0], TokenKind.API_KEY)
            assert is_well_formed(secrets[1], TokenKind.SIGNING_SECRET)
            seen += secrets
    assert len(set(seen)) == len(seen)


def public(shop: Shop, app: dict[str, Any]) -> list[str]:
    """What everybody can know of an App, and might try as its secret."""
    return [shop.slug, app["id"], app["name"], app["auth_key"], app["widget_token"], shop.chat_key]


async def test_nothing_that_is_well_known_or_public_signs_a_token_or_opens_a_door(shop: Shop) -> None:
    app = await shop.server("GET", "")
    tried = [*WELL_KNOWN, *public(shop, app), *written_down()]
    assert len(tried) > len(WELL_KNOWN) + 6, "the documents have examples"
    own = signed(shop.signing_secret, iat=int(shop.clock().timestamp()), email=ann.email)
    assert (await shop.arriving(token=own)).status_code == 201, "a token made like this is a good one"
    for secret in tried:
        answer = await shop.arriving(token=signed(secret, iat=int(shop.clock().timestamp()), email=ann.email))
        assert answer.json().get("claim") == "signature", secret
    headers = [{"QISCUS-SDK-APP-ID": shop.slug, "QISCUS-SDK-SECRET": it} for it in ["", *tried] if it.isascii()]
    answers = await asyncio.gather(*(shop.http.get("/api/v2.1/rest/get_user_list", headers=it) for it in headers))
    assert {it.status_code for it in answers} == {401}
    for key in tried:
        answer = await shop.native("GET", "/app", by=key)
        assert answer.status_code in (401, 403), key
        answer = await shop.native("GET", "/server/apps", by=key)
        assert answer.status_code in (401, 403), key


def signed(secret: str, **claims: Any) -> str:
    """By hand: our own signer warns of secrets that are too short."""

    def part(it: bytes) -> str:
        return base64.urlsafe_b64encode(it).decode().rstrip("=")

    said = f"{part(json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{part(json.dumps(claims).encode())}"
    return f"{said}.{part(hmac.digest(secret.encode(), said.encode(), 'sha256'))}"


def written_down() -> list[str]:
    """Everything of the form of a secret of ours in what we publish: examples that somebody could copy."""
    found: set[str] = set()
    for folder in ("docs", "src/acquaint/dialects", "tests/dialects"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".md", ".json", ".py", ".html", ".js"):
                found |= set(re.findall(r"\bacq[kxsd]_[0-9A-Za-z]{8,}", path.read_text()))
    return [*sorted(found), "acqk_example", json.dumps({})]


async def test_a_secret_is_made_by_the_server_and_never_chosen_by_anybody(shop: Shop) -> None:
    for body in ({"text": "secret"}, {"secret": "secret"}, {"grace_seconds": 0, "text": "x"}):
        answer = await shop.native("POST", "/app/secrets", body, by=shop.api_key)
        assert answer.json()["code"] == "unacceptable"
    for more in ({"text": "secret"}, {"key": "secret"}):
        answer = await shop.native("POST", "/app/keys", {"name": "x", "roles": ["org.user"], **more}, by=shop.api_key)
        assert answer.json()["code"] == "unacceptable"
    made = (await shop.server("POST", "/secrets", {}))["text"]
    assert is_well_formed(made, TokenKind.SIGNING_SECRET)
