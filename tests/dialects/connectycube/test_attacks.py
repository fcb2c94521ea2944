"""Eve at ConnectyCube's door: what she tries, and what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from acquaint.dialects.connectycube import reset, session
from acquaint.dialects.connectycube import users as users_module
from acquaint.domain.errors import NotFound
from acquaint.domain.identities import Assurance, Identifier, Identity
from acquaint.domain.tickets import Purpose
from acquaint.services import apps, sessions, sign_in, tickets, users
from acquaint.services.core import Core
from acquaint.web.dialect import Route
from tests.cast import Cast, ann, ben, eve, laptop
from tests.dialects.connectycube.asking import OVER, PASSWORD, UNAUTHORIZED, Cube, unacceptable
from tests.dialects.connectycube.test_reset import NEW, ask, choose, postbox, ticket, token
from tests.services.doors import at, it_of, sees, write
from tests.services.test_recovery import Postbox
from tests.support.databases import on_both_databases

__all__ = ["postbox", "token"]  # fixtures that live beside what they are about


@pytest.fixture
async def other(cube: Cube, core: Core) -> Cube:
    """Another App of the same server."""
    return Cube(cube.client, (await apps.create(core, "Other")).app)


# registering in advance


@on_both_databases
async def test_registering_an_address_in_advance_captures_nobody(cube: Cube, core: Core, acme: Cast) -> None:
    eves = await cube.session(user={"email": ann.email, "password": PASSWORD})
    vouched = await sign_in.vouch_for(core, acme.app, Identity((ann.by_email,), Assurance.VERIFIED), at())
    it = await it_of(core, vouched)
    await write(core, it, "my secret")
    assert it.session.user_id != eves["user_id"]
    assert (await cube.me(eves["token"]))["id"] == eves["user_id"]
    answer = await cube.open(user={"email": ann.email, "password": PASSWORD})
    assert answer.status_code == 401  # from now on the address means Ann, who has no password


async def test_an_address_as_a_login_is_taken_from_her_when_the_app_vouches(cube: Cube, core: Core, acme: Cast) -> None:
    """Qiscus' apps name their users so."""
    token = await cube.token("eve")
    assert (await cube.update(token, login=ann.email)).status_code == 200
    vouched = await sign_in.vouch_for(
        core, acme.app, Identity((Identifier.login(ann.email),), Assurance.VERIFIED), at()
    )
    assert vouched.user is not None
    assert not await cube.is_open(token)
    assert (await cube.open(user={"login": ann.email, "password": PASSWORD})).status_code == 401


async def test_the_address_and_ids_that_are_proven_cannot_be_claimed_into_a_match(
    cube: Cube, core: Core, acme: Cast
) -> None:
    vouched = await sign_in.vouch_for(core, acme.app, ann.verified(ann.by_email, ann.by_external_id), at())
    await write(core, await it_of(core, vouched), "my secret")
    token = await cube.token("eve")
    answer = await cube.update(token, email=ann.email)
    assert (answer.status_code, answer.json()) == (422, unacceptable(base="email must be unique"))
    assert (await cube.update(token, external_id=ann.external_id, phone=ann.phone)).status_code == 200
    assert vouched.user is not None
    found = await users.find(core, acme.app, ann.by_external_id)
    assert found.id == vouched.user.id
    deleted = await cube.ask("DELETE", f"/users/external/{ann.external_id}", token)
    assert deleted.status_code == 200  # herself: who calls herself so
    assert (await users.get(core, acme.app, vouched.user.id)).id == vouched.user.id


async def test_a_claimed_id_is_not_the_one_the_app_will_name(cube: Cube, core: Core, acme: Cast) -> None:
    eves = await cube.log_in("eve", external_id=ann.external_id, facebook_id="10001")
    vouched = await sign_in.vouch_for(core, acme.app, Identity((ann.by_external_id,), Assurance.VERIFIED), at())
    assert vouched.user is not None
    assert vouched.user.id != eves["user_id"]
    with pytest.raises(NotFound):
        await users.find(core, acme.app, Identifier.subject("https://www.facebook.com", "10001"))


# fields that are nobody's to set

NOT_HERS: dict[str, Any] = {
    "id": 1,
    "_id": "65f0c0ffee0123456789abcd",
    "user_id": 1,
    "app_id": 1,
    "application_id": 1,
    "created_at": "2001-01-01T00:00:00Z",
    "updated_at": "2001-01-01T00:00:00Z",
    "last_request_at": "2001-01-01T00:00:00Z",
    "is_guest": True,
    "is_vouched": True,
    "is_verified": True,
    "assurance": 2,
    "standing": "active",
    "custom": {"plan": "gold"},
    "claimed": {"email": ann.email},
    "identifiers": [{"kind": "email", "value": ann.email}],
    "tags": ["gold"],
    "user_tags": "gold",
    "by_door": {"qiscus": {"x": 1}},
    "device_id": "x",
    "password_hash": "x",
    "old_login": "x",
    "token": "x",
    "__proto__": {"is_guest": True},
}


@on_both_databases
async def test_nothing_is_set_that_is_not_a_users_own_to_say(cube: Cube, core: Core, acme: Cast) -> None:
    """CVE-2026-27946, CVE-2025-61928: a name that is not known is ignored, wherever it is sent."""
    plain = (await cube.sign_up(login="ben")).json()["user"]
    made = (await cube.sign_up(login="eve", **NOT_HERS)).json()["user"]
    eves = await cube.log_in("eve", **NOT_HERS)
    changed = (await cube.update(eves["token"], **NOT_HERS)).json()["user"]
    on_the_fly = (await cube.log_in("eve2", **NOT_HERS))["user"]
    own = {"_id", "id", "login", "created_at", "updated_at", "last_request_at"}
    for it in (made, changed, on_the_fly):
        assert {name: value for name, value in it.items() if name not in own} == {
            name: value for name, value in plain.items() if name not in own
        }
    assert changed["id"] == made["id"] == eves["user_id"] != 1
    user = await users.get(core, acme.app, made["id"])
    assert (user.is_vouched, user.is_guest, dict(user.profile.custom), user.profile.tags) == (False, False, {}, ())
    assert "qiscus" not in user.profile.by_door


@pytest.mark.parametrize("spelling", ["user_id", "id", "session[user_id]"])
async def test_a_session_is_nobodys_because_somebody_is_named(cube: Cube, spelling: str) -> None:
    anns = await cube.log_in("ann")
    session = await cube.session(**{spelling: anns["user_id"]})
    assert session["user_id"] is None


# tokens and keys where they do not belong


async def test_a_token_of_another_app_does_nothing_here(cube: Cube, other: Cube) -> None:
    here, there = await cube.log_in("ann"), await other.log_in("ann")
    assert here["user_id"] != there["user_id"]
    answer = await cube.ask("PUT", f"/users/{here['user_id']}", there["token"], json={"user": {"full_name": "Eve"}})
    assert answer.status_code == 403
    mixed = await cube.ask(
        "POST",
        "/users",
        there["token"],
        headers={"CB-AuthKey": cube.app.public_keys.auth_key},
        json={"user": {"login": "eve", "password": PASSWORD}},
    )
    assert mixed.status_code == 201  # in the token's App: the token counts
    assert (await other.log_in("eve"))["user_id"] == mixed.json()["user"]["id"]
    crossed = await cube.open(auth_key=other.app.public_keys.auth_key)
    assert (crossed.status_code, crossed.json()) == (401, UNAUTHORIZED)


async def test_no_other_kind_of_text_is_a_session_token(cube: Cube, core: Core, acme: Cast) -> None:
    admission = await sign_in.visit(core, acme.app, at(laptop))
    live, _ = await tickets.live_ticket(core, await it_of(core, admission))
    texts = [acme.api_key, acme.signing_secret, acme.new.chat_key, laptop, live, cube.app.auth_secret]
    for text in [*texts, cube.app.public_keys.auth_key, "null", "undefined", "acqs_" + "0" * 49]:
        answer = await cube.ask("GET", "/session", text)
        assert (answer.status_code, answer.json()) == (401, OVER)
    for text in [*texts, cube.app.public_keys.widget_token]:
        answer = await cube.open(auth_key=text)
        assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


async def test_a_visitor_of_another_door_proved_nothing_here(cube: Cube, core: Core, acme: Cast) -> None:
    admission = await sign_in.visit(core, acme.app, at(laptop))
    await write(core, await it_of(core, admission), "hello")
    answer = await cube.update(admission.token or "", full_name="Eve")
    assert answer.status_code == 403


async def test_a_page_of_a_foreign_origin_is_refused(cube: Cube, core: Core, acme: Cast) -> None:
    token = await cube.token("ann")
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://acme.example"]})
    evil = {"Origin": "https://evil.example"}
    keyed = evil | {"CB-AuthKey": cube.app.public_keys.auth_key}
    for answer in (
        await cube.ask("POST", "/session", headers=evil, json=cube.credentials),
        await cube.ask("GET", "/session", token, headers=evil),
        await cube.ask("POST", "/users", headers=keyed, json={"user": {"login": "eve", "password": PASSWORD}}),
    ):
        assert answer.status_code == 403
    assert (await cube.ask("GET", "/session", token, headers={"Origin": "https://acme.example"})).status_code == 200


# a session that somebody else has the token of


async def test_a_session_that_somebody_is_in_is_closed_to_others(cube: Cube) -> None:
    """Session fixation: Eve hands Ann the token of a session that Eve is in."""
    await cube.sign_up(login="ann")
    eves = await cube.token("eve")
    answer = await cube.ask("POST", "/login", eves, json={"login": "ann", "password": PASSWORD})
    assert answer.status_code == 403
    assert (await cube.me(eves))["login"] == "eve"


async def test_whoever_keeps_the_token_sees_nothing_of_whoever_left(cube: Cube, core: Core) -> None:
    await cube.sign_up(login="ann")
    session = await cube.session()
    token = session["token"]
    await cube.ask("POST", "/login", token, json={"login": "ann", "password": PASSWORD})
    await write(core, await sessions.resume(core, token), "my secret")
    await cube.ask("DELETE", "/login", token)
    assert await sees(core, await sessions.resume(core, token)) == {}
    await cube.sign_up(login="eve")
    await cube.ask("POST", "/login", token, json={"login": "eve", "password": PASSWORD})
    assert await sees(core, await sessions.resume(core, token)) == {}


@on_both_databases
async def test_of_two_who_come_into_one_session_at_once_one_is_in(cube: Cube) -> None:
    for who in (ann, ben):
        await cube.sign_up(login=who.login)
    token = (await cube.session())["token"]
    answers = await asyncio.gather(
        *[cube.ask("POST", "/login", token, json={"login": it.login, "password": PASSWORD}) for it in (ann, ben)]
    )
    inside = [it.json()["user"]["id"] for it in answers if it.status_code == 202]
    assert len(inside) == 1
    assert {it.status_code for it in answers} <= {202, 403, 503}
    assert (await cube.me(token))["id"] == inside[0]


async def test_a_token_that_is_let_out_is_no_way_to_the_password(cube: Cube) -> None:
    token = await cube.token("ann")
    for passwords in ({"password": NEW}, {"password": NEW, "old_password": ""}, {"password": NEW, "old_password": "x"}):
        assert (await cube.update(token, **passwords)).status_code == 422
    guesses = [await cube.update(token, password=NEW, old_password="guess") for _ in range(20)]
    assert guesses[-1].status_code == 429
    await cube.ask("DELETE", "/session", token)
    assert (await cube.update(token, full_name="Eve")).json() == OVER


# forgotten passwords


@on_both_databases
async def test_of_many_who_use_a_link_at_once_one_does(cube: Cube, token: str, postbox: Postbox) -> None:
    link = await ticket(cube, token, postbox)
    passwords = [f"a goat in the snow, number {it}" for it in range(8)]
    answers = await asyncio.gather(*[choose(cube, link, it) for it in passwords])
    [good] = [it for it, answer in zip(passwords, answers, strict=True) if answer.status_code == 200]
    assert (await cube.open(user={"email": ann.email, "password": good})).status_code == 201


async def test_a_ticket_for_something_else_sets_no_password(cube: Cube, core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    live, made = await tickets.live_ticket(core, await it_of(core, admission))
    assert made.purpose is Purpose.LIVE
    assert (await choose(cube, live)).status_code == 404


async def test_a_question_in_one_app_mails_nobody_of_another(
    cube: Cube, other: Cube, token: str, postbox: Postbox
) -> None:
    theirs = (await other.session())["token"]
    assert (await ask(other, theirs, ann.email)).status_code == 200
    assert postbox.mails == []
    crossed = await cube.ask(
        "POST", f"/users/password/reset?application_id={cube.app.id}", theirs, json={"email": ann.email}
    )
    assert crossed.status_code == 200
    assert postbox.mails == []


async def test_a_guest_or_a_banned_user_is_mailed_nothing(
    cube: Cube, core: Core, acme: Cast, token: str, postbox: Postbox
) -> None:
    session = await cube.session(user={"email": ann.email, "password": PASSWORD})
    await users.ban(core, acme.app, session["user_id"])
    await ask(cube, token, ann.email)
    assert postbox.mails == []


async def test_a_login_that_looks_like_an_address_gets_no_mail(cube: Cube, token: str, postbox: Postbox) -> None:
    """Its user never said that it is one: Eve must not be told that Ben's login is taken over by her address."""
    await cube.sign_up(login=eve.email)
    await ask(cube, token, eve.email)
    assert postbox.mails == []


# whatever else is sent


def _strange() -> Iterator[Any]:
    yield from (None, True, False, 0, -1, 1.5, 2**63, "", " ", "x" * 10_000, [], {}, [[]], [None], {"": ""}, {"a": {}})
    yield from (
        "\u202e",
        "é" * 300,
        "a\r\nb",
        "%00",
        "'; DROP TABLE users; --",
        "{{7*7}}",
        "${7*7}",
        "../../etc/passwd",
    )


FIELDS = ("login", "email", "password", "old_password", "full_name", "phone", "website", "custom_data", "tag_list")
MORE = ("external_id", "external_user_id", "facebook_id", "twitter_id", "timezone", "avatar", "blob_id", "guest")
ROUTES: list[Route] = [*session.ROUTES, *users_module.ROUTES, *reset.ROUTES]


@pytest.mark.parametrize(
    "field", [*FIELDS, *MORE, "application_id", "auth_key", "user", "signature", "provider", "keys"]
)
async def test_no_value_of_any_field_breaks_anything(cube: Cube, core: Core, field: str) -> None:
    await cube.log_in("ann")
    token = await cube.token("ann")
    for value in _strange():
        for body in (
            cube.credentials | {"timestamp": 1, field: value},
            cube.credentials | {"user": {"login": "ann", "password": PASSWORD, field: value}},
            {"user": {"login": "new", "password": PASSWORD, field: value}, field: value},
        ):
            for method, path in (("POST", "/session"), ("POST", "/users"), ("POST", "/login"), ("PUT", "/users")):
                answer = await cube.ask(method, path, token, json=body)
                assert answer.status_code < 500 or answer.status_code == 503, (method, path, body, answer.text)
                assert answer.headers["content-type"] == "application/json"
                if not await cube.is_open(token):
                    token = await cube.token("ann")


@pytest.mark.parametrize("route", ROUTES, ids=lambda it: f"{it.method} {it.path}")
async def test_no_body_breaks_a_route(cube: Cube, route: Route) -> None:
    token = await cube.token("ann")
    path = route.path.replace("{id}", "1").replace("{external_id:path}", "x")
    for body in (b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"a=%zz", b'{"user":' * 100, b"x" * 300_000):
        for media in ("application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""):
            answer = await cube.ask(route.method, path, token, content=body, headers={"Content-Type": media})
            assert answer.status_code < 500, (body[:20], media, answer.text)
            if not await cube.is_open(token):
                token = await cube.token("ann")
