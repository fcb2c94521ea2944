"""The session one is in: who one is, what one says of oneself, and going."""

from __future__ import annotations

from datetime import datetime

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann, kiosk, laptop
from tests.dialects.native.asking import Api, refused, somebody
from tests.support.clock import SetClock


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
