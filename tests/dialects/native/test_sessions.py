"""Every way in."""

from __future__ import annotations

import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben
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
