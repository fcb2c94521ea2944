"""Attack 15: acting on what a cache still believes (better-auth #9991 and #10187, Supabase #2555).

Each authority is used, so that whatever remembers it does; it is taken away; and the very next request is refused. That
the memory would have served it is seen from its answering without a read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from acquaint.domain.sessions import SessionId
from acquaint.services import sessions
from acquaint.services.core import Core, fingerprint
from tests.cast import Cast, ann, ben
from tests.journeys.shop import Held, Shop
from tests.support.databases import on_both_databases

Taking = Callable[[Shop, Held], Awaitable[object]]

TAKEN_AWAY: dict[str, Taking] = {
    "logged out": lambda shop, held: held.gets("DELETE", "/session"),
    "logged out over qiscus": lambda shop, held: shop.qiscus("POST", "logout", {"token": held.token}, by=held.token),
    "ended by the app": lambda shop, held: shop.server("DELETE", f"/users/{held.user}/sessions/{held.session}"),
    "all ended by the app": lambda shop, held: shop.server("DELETE", f"/users/{held.user}/sessions"),
    "banned": lambda shop, held: shop.server("PUT", f"/users/{held.user}/ban"),
    "deactivated": lambda shop, held: shop.rest("DELETE", "deactivate_users", user_ids=[ann.login]),
    "deleted": lambda shop, held: shop.server("DELETE", f"/users/{held.user}"),
    "replaced": lambda shop, held: shop.rest("POST", "reset_user_token", user_id=ann.login),
    "key revoked": lambda shop, held: shop.rest(
        "POST", "login_or_register", user_id=ann.login, password="another", revoke_sessions=True
    ),
}


@on_both_databases
@pytest.mark.parametrize("how", TAKEN_AWAY)
async def test_a_session_that_is_remembered_is_refused_in_the_very_next_request(
    shop: Shop, core: Core, how: str
) -> None:
    held = await shop.registers(ann)
    await held.says("hello")
    assert await held.is_in()
    remembered = core.recognised.get(fingerprint(held.token), core.clock())
    assert remembered is not None, "without the defence this would go on being believed"
    assert remembered.session.ended_at is None
    await TAKEN_AWAY[how](shop, held)
    assert await held.code() == "session_ended"
    assert await held.code("POST", "/conversations", {"message": {"text": "still here"}}) == "session_ended"
    assert (await shop.qiscus("GET", "my_profile", by=held.token)).status_code == 403


@on_both_databases
async def test_a_read_that_began_before_the_end_does_not_put_the_session_back_into_memory(
    shop: Shop, core: Core, acme: Cast
) -> None:
    """The answer of a slow read arrives after the session has ended: it must not be what is remembered."""
    held = await shop.registers(ann)
    mark = fingerprint(held.token)
    epoch = core.recognised.epoch
    async with core.store.read() as tx:
        read_before = await tx.sessions.recognise(mark)
    assert read_before is not None
    await sessions.end(core, acme.app, SessionId(int(held.session)))
    core.recognised.remember(mark, read_before, epoch=epoch, now=core.clock())
    assert await held.code() == "session_ended"


async def test_a_key_that_is_revoked_does_nothing_more_not_even_bring_itself_back(shop: Shop) -> None:
    made = await shop.server("POST", "/keys", {"name": "second", "roles": ["org.admin"]})
    key, id = made["text"], made["key"]["id"]
    assert (await shop.native("GET", "/app/keys", by=key)).status_code == 200
    assert (await shop.native("DELETE", f"/app/keys/{id}", by=key)).is_success
    for method, path, body in (
        ("GET", "/app", None),
        ("POST", "/app/keys", {"name": "third", "roles": ["org.admin"]}),
        ("POST", "/app/secrets", {}),
        ("POST", "/app/sessions", {"identifiers": {"email": ann.email}}),
    ):
        assert (await shop.native(method, path, body, by=key)).status_code == 401
    live = [it for it in (await shop.server("GET", "/keys"))["items"] if it["revoked_at"] is None]
    assert "third" not in {it["name"] for it in live}


async def test_a_retired_secret_signs_nothing_and_opens_nothing_from_the_next_request_on(shop: Shop) -> None:
    assert (await shop.rest("GET", "get_user_list")).status_code == 200
    await shop.comes_by_token(email=ann.email)
    await shop.server("POST", "/secrets", {})
    (first, _) = (await shop.server("GET", "/secrets"))["items"]
    await shop.server("DELETE", f"/secrets/{first['id']}")
    assert (await shop.rest("GET", "get_user_list")).status_code == 401
    assert (await shop.arriving(token=shop.token(email=ann.email))).json()["claim"] == "signature"


async def test_a_rule_that_changes_holds_for_sessions_that_are_remembered(shop: Shop) -> None:
    held = await shop.registers(ann)
    page = {"Origin": "https://shop.example"}
    assert (await held.ask("GET", "/session", headers=page)).status_code == 200
    await shop.server("PATCH", "/policy", {"allowed_origins": ["https://other.example"]})
    assert (await held.ask("GET", "/session", headers=page)).json()["code"] == "origin_refused"
    await shop.server("PATCH", "/policy", {"registers_on_login": False, "allows_guests": False})
    assert (await shop.arriving(login=ben.login, password=ben.password, register=True)).status_code == 401
    assert (await shop.arriving(guest={"name": "Guest"})).status_code == 401


async def test_a_name_that_changes_is_shown_at_once_at_both_doors(shop: Shop) -> None:
    held = await shop.registers(ann)
    assert await held.is_in()
    await shop.server("PATCH", f"/users/{held.user}", {"name": "Dr. Archer"})
    assert (await held.gets("GET", "/user"))["name"] == "Dr. Archer"
    profile = await shop.qiscus("GET", "my_profile", by=held.token)
    assert profile.json()["results"]["user"]["username"] == "Dr. Archer"
    await shop.server("PUT", f"/users/{held.user}/password", {"password": ann.password})  # Acme's word: it stays
    held = await shop.logs_in(ann.login, ann.password)
    await shop.server("PUT", f"/users/{held.user}/identifiers", {"login": "doctor"})
    assert (await shop.arriving(login=ann.login, password=ann.password)).status_code == 401
    profile = await shop.qiscus("GET", "my_profile", by=held.token)
    assert profile.json()["results"]["user"]["email"] == "doctor"
