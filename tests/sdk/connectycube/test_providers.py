"""Other people's credentials, as the unmodified connectycube 6.1.2 brings them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest

from tests.cast import ann, ben
from tests.sdk.connectycube.conftest import Cube
from tests.support.issuers import Issuer, Question, pages, rsa, said
from tests.support.server import Server

pytestmark = pytest.mark.sdk

JWT = "eyJhbGciOiJIUzI1NiJ9." + "x" * 300


def idp(question: Question) -> bytes:
    if question.headers.get("authorization") != f"Bearer {JWT}":
        return said({"error": "who?"}, "401 Unauthorized")
    return said({"user": {"id": 42, "name": ann.name}})


async def test_people_come_with_other_peoples_credentials(own_server: Callable[..., Server]) -> None:
    server = await asyncio.to_thread(own_server, ACQUAINT_OUTBOUND_ALLOW="127.0.0.1")
    cube = Cube(server, server.create_app(), server.url)
    async with pages() as web:
        issuer = Issuer(web, [rsa("first")], lambda: datetime.now(UTC)).publish()
        web.at["/verify"] = idp
        web.says("/debug_token", {"data": {"app_id": "77", "is_valid": True, "type": "USER", "user_id": "1001"}})
        web.says("/me", {"id": "1001", "name": "Carol Clark"})
        web.says("/x.json", {"id_str": "12", "name": "Eve Elder"})
        custom = {
            "endpoint": f"{web.url}/verify",
            "request_headers": {"Authorization": "Bearer #{login}"},
            "response_params": {"uid": "#{user.id}", "full_name": "#{user.name}"},
        }
        firebase = {
            "projects": ["acme-app"],
            "certificates_url": f"{issuer.url}/certificates",
            "issuer_base": f"{issuer.url}/",
        }
        facebook = {"app_id": "77", "app_secret": "hush", "graph_url": web.url}
        twitter = {"consumer_key": "ck", "consumer_secret": "cs", "credentials_url": f"{web.url}/x.json"}
        headers = {"Authorization": f"Bearer {cube.app['api_key']}"}
        async with httpx2.AsyncClient(headers=headers) as backend:
            for name, settings in (
                ("custom", custom),
                ("firebase", firebase),
                ("facebook", facebook),
                ("twitter", twitter),
            ):
                body = {"name": name, "kind": name, "settings": settings}
                (await backend.put(f"{cube.url}/acquaint/v1/app/providers", json=body)).raise_for_status()
        bens = {"iss": f"{issuer.url}/acme-app", "aud": "acme-app", "sub": "ben-1"}
        told = await asyncio.to_thread(
            cube.tells,
            "providers",
            jwt=JWT,
            phone=issuer.token(**bens, phone_number=ben.phone),
            email=issuer.token(**bens, email=ben.email, email_verified=True),
            forged=issuer.token(rsa("evil"), {"kid": "first"}, **bens, phone_number=ben.phone),
        )

    anns = told["custom"]["user"]
    assert (anns["login"], anns["external_id"], anns["full_name"]) == ("custom_42", "42", ann.name)
    words = 'Custom Identity Provider responded with an error = "who?". Status code = 401'
    assert told["refused"] == {"code": 422, "info": {"errors": {"base": [words]}}}
    assert told["open"]["user_id"] == anns["id"], "login({login}) needs no password"

    assert (told["phone"]["user"]["phone"], told["phone"]["user"]["login"]) == (ben.phone[1:], None)
    assert told["flat"].get("user", told["flat"])["id"] == told["phone"]["user_id"]
    assert told["forged"] == {"code": 401, "info": {"errors": ["Unauthorized"]}}
    assert told["missing"]["code"] == 422
    assert "'firebase_phone[access_token]' and 'firebase_phone[project_id]'" in str(told["missing"]["info"])
    assert told["facebook"]["user"]["facebook_id"] == "1001"
    assert told["twitter"]["user"]["twitter_id"] == "12"
