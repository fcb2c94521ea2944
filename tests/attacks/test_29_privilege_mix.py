"""Attack 29: doing with one credential what another is for, at another door (CVE-2026-30229, GHSA-8fpg-xm3f-6cx3).

Callers of the native API are crossed with its routes in its own tests; here credentials go from door to door.
"""

from __future__ import annotations

import pytest

from acquaint.services.core import Core
from acquaint.settings import SettingsError, read
from tests.cast import ann
from tests.journeys.shop import REST, SDK, Shop


async def credentials(shop: Shop) -> dict[str, str]:
    held = await shop.registers(ann)
    helper = await shop.server("POST", "/keys", {"name": "helper", "roles": ["org.user"]})
    assert held.device_secret is not None
    return {
        "session": held.token,
        "device": held.device_secret,
        "ticket": await held.ticket(),
        "org.user": helper["text"],
        "org.admin": shop.api_key,
        "org.tracking": shop.chat_key,
        "signing secret": shop.signing_secret,
        "signed token": shop.token(email=ann.email),
    }


async def test_each_credential_opens_its_own_doors_and_no_other(shop: Shop) -> None:
    """Who may do what, whole: a row that changes is a decision."""
    opens: dict[str, set[str]] = {}
    for name, text in (await credentials(shop)).items():
        bearer = {"Authorization": f"Bearer {text}"}
        app = {"QISCUS-SDK-APP-ID": shop.slug}
        asked = {
            "visitor": await shop.http.get("/acquaint/v1/session", headers=bearer),
            "app": await shop.http.get("/acquaint/v1/app/users", headers=bearer),
            "admin": await shop.http.get("/acquaint/v1/app/keys", headers=bearer),
            "operator": await shop.http.get("/acquaint/v1/server/apps", headers=bearer),
            "qiscus": await shop.http.get(f"{SDK}/my_profile", headers=app | {"QISCUS-SDK-TOKEN": text}),
            "qiscus rest": await shop.http.get(f"{REST}/get_user_list", headers=app | {"QISCUS-SDK-SECRET": text}),
            "token": await shop.arriving(token=text),
        }
        assert all(it.status_code < 500 for it in asked.values())
        opens[name] = {door for door, it in asked.items() if it.is_success}
    assert opens == {
        "session": {"visitor", "qiscus"},
        "device": set(),
        "ticket": set(),
        "org.user": {"app"},
        "org.admin": {"app", "admin"},
        "org.tracking": set(),
        "signing secret": {"qiscus rest"},
        "signed token": {"token"},
    }


async def test_a_helper_makes_themselves_no_administrator(shop: Shop) -> None:
    helper = (await credentials(shop))["org.user"]
    for method, path, body in (
        ("POST", "/app/keys", {"name": "mine", "roles": ["org.admin"]}),
        ("POST", "/app/secrets", {}),
        ("PATCH", "/app/policy", {"registers_on_login": True}),
        ("POST", "/server/apps", {"name": "Mine"}),
    ):
        answer = await shop.native(method, path, body, by=helper)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    "value",
    [
        "", "Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "Bearer \xff\xfe", "bearer\t", "Bearer " + "a" * 8000,
        "Bearer acqs_", "Bearer acqk_" + "0" * 49, "Bearer ..", "Bearer a.b.c", "Negotiate x", "Bearer,Bearer", "null",
    ],
)  # fmt: skip
async def test_a_malformed_credential_is_a_refusal_and_no_mistake_of_ours(shop: Shop, value: str) -> None:
    raw = value.encode("latin-1")
    for path in ("/session", "/app", "/app/keys", "/server/apps"):
        answer = await shop.http.get(f"/acquaint/v1{path}", headers=[(b"authorization", raw)])
        assert answer.status_code in (401, 403), answer.text
    for name in (b"qiscus-sdk-token", b"qiscus-sdk-secret", b"qiscus-sdk-user-id"):
        for path in (f"{SDK}/my_profile", f"{REST}/get_user_list"):
            headers = [(b"qiscus-sdk-app-id", shop.slug.encode()), (name, raw)]
            answer = await shop.http.get(path, headers=headers)
            assert answer.status_code in (401, 403), answer.text


async def test_two_credentials_at_once_are_not_the_better_of_the_two(shop: Shop, core: Core) -> None:
    given = await credentials(shop)
    headers = [(b"authorization", f"Bearer {given[it]}".encode()) for it in ("session", "org.admin")]
    answer = await shop.http.get("/acquaint/v1/app/keys", headers=headers)
    assert answer.status_code in (401, 403)


@pytest.mark.parametrize(
    "setting",
    [
        {"ACQUAINT_LIMITS": "maybe"},
        {"ACQUAINT_TRUSTED_PROXIES": "everybody"},
        {"ACQUAINT_METRICS_ALLOW": "all"},
        {"ACQUAINT_PUBLIC_URL": "javascript:alert(1)"},
        {"ACQUAINT_TLS_CERT": "only.pem"},
        {"ACQUAINT_DATABASE_URL": "mysql://localhost/x"},
    ],
)
def test_a_setting_that_cannot_be_understood_stops_the_server_rather_than_opening_it(setting: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        read(environ=setting)
