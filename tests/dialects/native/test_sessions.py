"""Coming in, who one is then, and going."""

from __future__ import annotations

from datetime import datetime

import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, kiosk, laptop
from tests.dialects.native.asking import Api, refused, somebody
from tests.support.clock import SetClock


def signed(core: Core, acme: Cast, **claims: object) -> str:
    now = int(core.clock().timestamp())
    return core.signer.sign({"iat": now, "email": ann.email, **claims}, acme.signing_secret)


async def test_a_visit_creates_nobody(api: Api) -> None:
    visitor = await api.arrive()

    assert visitor.user_id is None
    assert visitor.said["user"] is None
    assert visitor.said["session"]["assurance"] == "anonymous"
    assert (await api.as_app("GET", "/app/users")).json()["items"] == []


async def test_a_device_is_known_again_by_its_secret(api: Api) -> None:
    first = await api.arrive()
    conversation = await api.say(first)

    again = await api.arrive(device_secret=first.device_secret)

    assert again.device_secret == first.device_secret
    assert again.user_id is not None
    assert await api.sees(again) == [conversation]


@pytest.mark.parametrize("secret", ["laptop", "acqd_" + "0" * 49, "x" * 255, "acqd_😀"])
async def test_a_secret_nobody_gave_out_is_replaced(api: Api, secret: str) -> None:
    visitor = await api.arrive(device_secret=secret)

    assert visitor.device_secret is not None
    assert visitor.device_secret != secret


async def test_who_signs_in_without_a_device_gets_one(api: Api, core: Core, acme: Cast) -> None:
    in_front = await api.arrive(token=signed(core, acme))

    assert in_front.device_secret is not None
    assert in_front.said["session"]["has_device"]


async def test_a_signed_token_lets_in_who_it_names(api: Api, core: Core, acme: Cast) -> None:
    first = await api.arrive(token=signed(core, acme, name="Ann Archer"))
    second = await api.arrive(token=signed(core, acme))

    assert first.said["is_new_user"]
    assert not second.said["is_new_user"]
    assert first.user_id == second.user_id
    assert first.said["user"]["identifiers"]["email"] == ann.email
    assert first.said["session"]["assurance"] == "verified"
    assert first.said["expires_at"] == first.said["session"]["expires_at"] == "2026-12-21T12:00:00.000Z"


async def test_signing_in_keeps_what_this_device_said_anonymously(api: Api, core: Core, acme: Cast) -> None:
    visitor = await api.arrive()
    conversation = await api.say(visitor)

    in_front = await api.arrive(token=signed(core, acme), device_secret=visitor.device_secret)
    elsewhere = await api.arrive(token=signed(core, acme))

    assert await api.sees(in_front) == await api.sees(elsewhere) == [conversation]
    refused(await api.get("/session", visitor), 401, "session_ended")


async def test_a_stale_token_says_by_how_much_and_what_time_it_is_here(
    api: Api, core: Core, acme: Cast, clock: SetClock
) -> None:
    token = signed(core, acme)
    clock.forward(minutes=16)

    answer = await api.post("/sessions", {"app": "acme", "token": token})

    problem = refused(answer, 401, "token_stale", claim="iat", skew_seconds=960.0, allowed_seconds=900)
    assert problem["server_time"] == "2026-11-21T12:16:00.000Z"
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_an_expired_token_says_so_too(api: Api, core: Core, acme: Cast) -> None:
    expired = signed(core, acme, exp=int(core.clock().timestamp()) - 90)

    problem = refused(await api.post("/sessions", {"app": "acme", "token": expired}), 401, "token_refused", claim="exp")

    assert problem["skew_seconds"] == 90.0
    assert problem["server_time"] == "2026-11-21T12:00:00.000Z"


@pytest.mark.parametrize(
    ("claims", "claim"), [({"email": "not an address"}, "email"), ({"iat": "now"}, "iat"), ({"email": 7}, "email")]
)
async def test_a_refused_token_names_the_claim(
    api: Api, core: Core, acme: Cast, claims: dict[str, object], claim: str
) -> None:
    answer = await api.post("/sessions", {"app": "acme", "token": signed(core, acme, **claims)})

    refused(answer, 401, "token_refused", claim=claim)


async def test_a_token_somebody_else_signed_is_refused(api: Api, core: Core, globex: Cast) -> None:
    refused(
        await api.post("/sessions", {"app": "acme", "token": signed(core, globex)}),
        401,
        "token_refused",
        claim="signature",
    )


async def test_a_password_lets_in_and_a_wrong_one_does_not(api: Api) -> None:
    registered = somebody(
        await api.post("/users", {"app": "acme", "login": ann.login, "password": ann.password, "name": ann.name})
    )

    in_front = await api.arrive(login=ann.login, password=ann.password)

    assert in_front.user_id == registered.user_id
    wrong = await api.post("/sessions", {"app": "acme", "login": ann.login, "password": ben.password})
    refused(wrong, 401, "invalid_credentials")


async def test_a_stranger_learns_nothing_about_who_has_a_password(api: Api, core: Core, acme: Cast) -> None:
    await api.post("/users", {"app": "acme", "login": ann.login, "password": ann.password})
    await apps.change_policy(core, acme.app, {"registers_on_login": False})
    asked = (
        {"login": ann.login, "password": ben.password},
        {"login": ben.login, "password": ben.password},
        {"email": ben.email, "password": ben.password},
        {"login": ben.login, "password": ben.password, "register": True},
    )

    answers = [await api.post("/sessions", {"app": "acme", **it}) for it in asked]

    assert len({(it.status_code, it.text, it.headers["www-authenticate"]) for it in answers}) == 1
    refused(answers[0], 401, "invalid_credentials")


async def test_the_first_login_registers_where_it_is_asked_to_and_the_second_must_match(api: Api) -> None:
    by_password = {"login": ann.login, "password": ann.password}
    unknown = await api.post("/sessions", {"app": "acme", **by_password})
    first = await api.arrive(**by_password, register=True)
    second = await api.arrive(**by_password, register=True)
    wrong = await api.post("/sessions", {"app": "acme", **by_password, "password": ben.password, "register": True})

    refused(unknown, 401, "invalid_credentials")
    assert first.said["is_new_user"]
    assert not second.said["is_new_user"]
    refused(wrong, 401, "invalid_credentials")


async def test_a_guest_has_a_name_and_a_day(api: Api, clock: SetClock) -> None:
    guest = await api.arrive(guest={"name": "Ann"})

    assert guest.device_secret is None
    assert guest.said["user"]["name"] == "Ann"
    assert guest.said["user"]["is_guest"]
    clock.forward(hours=25)
    refused(await api.get("/session", guest), 401, "session_expired")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"login": "ann"}, "password"),
        ({"password": "secret"}, "password"),
        ({"login": "ann", "email": "ann@example.com", "password": "secret"}, "email"),
        ({"token": "eyJ", "guest": {}}, "guest"),
        ({"token": "eyJ", "password": "secret"}, "password"),
        ({"register": True}, "register"),
        ({"email": "ann@example.com", "password": "a horse in the rain", "register": True}, "register"),
        ({"email": "nobody", "password": "a horse in the rain"}, "email"),
        ({"workspace": "a\x00b"}, "workspace"),
        ({"workspace": "a\nb"}, "workspace"),
        ({"app": None}, "app"),
        ({"guest": None}, "guest"),
        ({"device": "laptop"}, "device"),
        ({"guest": {"nom": "Ann"}}, "guest.nom"),
    ],
    ids=str,
)
async def test_a_way_in_that_cannot_be_told_is_refused(api: Api, body: dict[str, object], field: str) -> None:
    refused(await api.post("/sessions", {"app": "acme", **body}), 400, "unacceptable", field=field)


async def test_the_app_must_be_there_and_open(api: Api, core: Core, acme: Cast) -> None:
    refused(await api.post("/sessions", {"app": "umbrella"}), 404, "unknown_app")
    visitor = await api.arrive()
    await apps.close(core, acme.app)
    refused(await api.post("/sessions", {"app": "acme"}), 403, "app_closed")
    refused(await api.get("/session", visitor), 403, "app_closed")


async def test_a_session_says_who_is_in_it(api: Api) -> None:
    in_front = await api.vouched("ann-1", name=ann.name)

    said = (await api.get("/session", in_front)).json()

    assert said["session"]["id"] == in_front.session_id
    assert said["user"] == in_front.said["user"]


async def test_every_use_of_a_visit_renews_it(api: Api, clock: SetClock) -> None:
    visitor = await api.arrive()
    for _ in range(3):
        clock.forward(days=29)
        assert (await api.get("/session", visitor)).status_code == 200
    clock.forward(days=31)
    refused(await api.get("/session", visitor), 401, "session_expired")


async def test_moments_are_in_utc_with_milliseconds(api: Api, clock: SetClock) -> None:
    clock.now = datetime.fromisoformat("2026-11-21T12:00:00.120456+00:00")
    assert (await api.arrive()).said["session"]["opened_at"] == "2026-11-21T12:00:00.120Z"


async def test_what_a_visitor_claims_is_believed_by_nobody(api: Api) -> None:
    known = await api.vouched("ann-1", name=ann.name)
    await api.as_app("PUT", f"/app/users/{known.user_id}/identifiers", {"external_id": "ann-1", "email": ann.email})
    visitor = await api.arrive()

    answer = await api.ask(
        "PATCH", "/session/claims", {"name": ann.name, "email": ann.email, "custom": {"cart": 3}}, by=visitor
    )

    assert answer.json()["assurance"] == "claimed"
    assert answer.json()["user_id"] != known.user_id
    user = (await api.get("/user", visitor)).json()
    assert user["claimed"] == {"name": ann.name, "email": ann.email, "phone": None, "custom": {"cart": 3}}
    assert user["identifiers"] == {"login": None, "email": None, "phone": None, "external_id": None}
    assert not user["is_verified"]


async def test_claims_add_up_and_cannot_grow_for_ever(api: Api) -> None:
    visitor = await api.arrive()
    for number in range(2):
        fields = {f"field{number}-{it}": it for it in range(50)}
        assert (await api.ask("PATCH", "/session/claims", {"custom": fields}, by=visitor)).status_code == 200

    too_many = await api.ask("PATCH", "/session/claims", {"custom": {"one": "more"}}, by=visitor)

    refused(too_many, 400, "unacceptable", field="custom")


async def test_who_is_verified_has_no_use_for_claims(api: Api) -> None:
    in_front = await api.vouched("ann-1")
    refused(await api.ask("PATCH", "/session/claims", {"name": "Eve"}, by=in_front), 403, "not_allowed")


async def test_logging_out_starts_a_new_device_epoch(api: Api) -> None:
    visitor = await api.arrive(device_secret=kiosk)
    await api.say(visitor)
    in_front = somebody(
        await api.as_app("POST", "/app/sessions", {"identifiers": {"external_id": "ann-1"}, "device_secret": kiosk})
    )
    assert len(await api.sees(in_front)) == 1

    assert (await api.ask("DELETE", "/session", by=in_front)).status_code == 204

    refused(await api.get("/session", in_front), 401, "session_ended")
    nobody = await api.arrive(device_secret=kiosk)
    assert nobody.device_secret != kiosk
    assert nobody.user_id is None
    assert await api.sees(nobody) == []


async def test_one_sees_ones_sessions_and_ends_them(api: Api) -> None:
    here, there = await api.vouched("ann-1"), await api.vouched("ann-1", workspace="shop")
    listed = (await api.get("/sessions", here)).json()["items"]
    assert {it["id"]: it["is_current"] for it in listed} == {here.session_id: True, there.session_id: False}

    assert (await api.ask("DELETE", f"/sessions/{there.session_id}", by=here)).status_code == 204

    refused(await api.get("/session", there), 401, "session_ended")
    assert [it["id"] for it in (await api.get("/sessions", here)).json()["items"]] == [here.session_id]


async def test_one_ends_all_ones_other_sessions(api: Api) -> None:
    here, *others = [await api.vouched("ann-1") for _ in range(3)]
    stranger = await api.vouched("ben-1")

    assert (await api.ask("DELETE", "/sessions", by=here)).json() == {"ended": 2}

    for other in others:
        refused(await api.get("/session", other), 401, "session_ended")
    for still in (here, stranger):
        assert (await api.get("/session", still)).status_code == 200


async def test_nobody_has_just_the_session_they_are_in(api: Api) -> None:
    visitor = await api.arrive(device_secret=laptop)

    assert [it["is_current"] for it in (await api.get("/sessions", visitor)).json()["items"]] == [True]
    assert (await api.ask("DELETE", "/sessions", by=visitor)).json() == {"ended": 0}
    refused(await api.ask("DELETE", f"/sessions/{visitor.session_id}", by=visitor), 409, "needs_user")


async def test_a_ticket_opens_a_live_connection(api: Api) -> None:
    ticket = (await api.post("/live/tickets", by=await api.arrive())).json()

    assert ticket["ticket"].startswith("acqt_")
    assert ticket["path"] == "/acquaint/v1/live"
    assert ticket["expires_at"] == "2026-11-21T12:00:30.000Z"


async def test_the_policy_decides_which_pages_may_call(api: Api, core: Core, acme: Cast) -> None:
    visitor = await api.arrive()
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://acme.example"]})
    ours, theirs = {"Origin": "https://acme.example"}, {"Origin": "https://evil.example"}

    assert (await api.post("/sessions", {"app": "acme"}, headers=ours)).status_code == 201
    refused(await api.post("/sessions", {"app": "acme"}, headers=theirs), 403, "origin_refused")
    read = await api.get("/session", visitor, headers=ours)
    assert read.headers["access-control-allow-origin"] == "*"
    assert "Idempotency-Replayed" in read.headers["access-control-expose-headers"]
    refused(await api.get("/session", visitor, headers=theirs), 403, "origin_refused")
    assert (await api.get("/session", visitor)).status_code == 200


async def test_a_browser_that_asks_first_is_told_what_it_may_send(api: Api) -> None:
    asked = {"Origin": "https://acme.example", "Access-Control-Request-Method": "POST"}
    answer = await api.client.options("/acquaint/v1/conversations", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-methods"] == "POST, GET, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "Authorization, Content-Type, Idempotency-Key"
