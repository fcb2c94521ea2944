"""Who tries to see or do what is not theirs: with tokens of other Apps, ids of others, forged and borrowed tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from acquaint.dialects.kustomer.chat import ROUTES
from acquaint.domain.errors import SessionEnded
from acquaint.domain.sessions import Lifetime
from acquaint.domain.tokens import TokenKind
from acquaint.services import apps, sessions, sign_in, users
from acquaint.services.admission import Place
from acquaint.services.core import Core, new_text
from acquaint.web.ids import as_hex
from tests.cast import Cast, ann, eve
from tests.dialects.kustomer.phones import CURRENT, SESSIONS, TOKENS, Phone, refusal, signed

HEADER = "x-kustomer-tracking-token"


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


EVERY_READ_OF_ONE = [
    ("GET", SESSIONS + "/{session}"),
    ("PUT", SESSIONS + "/{session}"),
    ("GET", SESSIONS + "/{session}/messages"),
    ("GET", SESSIONS + "/{session}/messages/{message}"),
    ("GET", SESSIONS + "/{session}/queue"),
    ("POST", SESSIONS + "/{session}/satisfaction"),
    ("PUT", "/c/v1/chat/satisfaction-responses/{session}"),
    ("PATCH", "/c/v1/conversations/{session}"),
    ("POST", "/c/v1/chat/messages"),
    ("GET", "/c/v1/chat/messages/{message}/attachments/{session}"),
]
BODIES: dict[str, dict[str, Any]] = {
    "PUT": {"locked": True, "rating": 1},
    "PATCH": {"custom": {"xStr": "x"}},
    "POST": {"session": "{session}", "body": "I was here"},
}


@pytest.mark.parametrize(("method", "path"), EVERY_READ_OF_ONE)
@pytest.mark.parametrize("who", ["anonymous", "logged in", "of another App", "logged out"])
async def test_eve_finds_no_conversation_of_ann(
    phone: Phone, tablet: Phone, core: Core, acme: Cast, globex: Cast, method: str, path: str, who: str
) -> None:
    """The same refusal as for a conversation that is not there: nobody learns which ids exist."""
    await phone.logged_in(signed(core, acme, email=ann.email))
    session = await phone.start("Of Ann")
    message = (await phone.say(session, "Secret"))["id"]
    match who:
        case "anonymous":
            await tablet.chat("Of Eve")
        case "logged in":
            await tablet.logged_in(signed(core, acme, email=eve.email))
        case "of another App":
            tablet = await Phone(tablet.client, globex).begin()
            await tablet.logged_in(signed(core, globex, email=ann.email))
        case "logged out":
            tablet.token = phone.token
            await tablet.log_out()
            await phone.begin()
            await phone.logged_in(signed(core, acme, email=ann.email))
    body = json.loads(json.dumps(BODIES.get(method, {})).replace("{session}", session))
    refused = await tablet.ask(method, path.format(session=session, message=message), json=body)
    nothing = as_hex(2**52)
    absent_body = json.loads(json.dumps(BODIES.get(method, {})).replace("{session}", nothing))
    absent = await tablet.ask(method, path.format(session=nothing, message=nothing), json=absent_body)
    assert refused.status_code == absent.status_code == 404
    assert refused.content == absent.content
    assert await phone.reads(session) == ["Secret"]
    assert (await phone.asked("GET", f"{SESSIONS}/{session}"))["attributes"]["lockedAt"] is None


@pytest.mark.parametrize("id", ["x", "0" * 23, "0" * 25, "G" * 24, "A" * 24, "%00", "current"])
async def test_a_malformed_id_is_a_bad_request(phone: Phone, id: str) -> None:
    answer = await phone.ask("GET", f"{SESSIONS}/{id}/messages")
    assert refusal(answer)[0] in (400, 404)


async def test_a_token_of_acme_opens_nothing_at_globex(phone: Phone, globex: Cast, core: Core) -> None:
    await phone.chat("Of Acme")
    host = {"host": f"{globex.app.slug}.api.chat.test"}
    for method, path in (("GET", SESSIONS), ("POST", SESSIONS), ("GET", "/c/v1/chat/customers/stats")):
        assert refusal(await phone.ask(method, path, headers=host))[:2] == (401, "unauthorized")
    answer = await phone.ask("GET", CURRENT, headers=host)
    assert answer.status_code == 200
    org = answer.json()["data"]["relationships"]["org"]["data"]["id"]
    assert org == as_hex(globex.app.id)
    answer = await phone.ask("POST", TOKENS, headers=host)
    assert answer.status_code == 201
    assert (await phone.ask("GET", SESSIONS)).status_code == 200  # and was not logged out from there


async def test_a_log_in_token_of_acme_opens_nothing_at_globex(
    phone: Phone, core: Core, acme: Cast, globex: Cast
) -> None:
    answer = await phone.log_in(signed(core, globex, email=ann.email))
    assert refusal(answer) == (401, "invalid_jwt", "signature verification failed")
    stranger = await Phone(phone.client, globex).begin()
    stranger.token = phone.token  # a tracking of Acme, on the host of Globex
    answer = await stranger.log_in(signed(core, globex, email=ann.email))
    assert refusal(answer)[:2] == (401, "unauthorized")


async def test_without_a_name_in_the_host_the_token_says_the_app(
    phone: Phone, new_phone: Callable[[], Phone], acme: Cast
) -> None:
    await phone.chat("Hello")
    for host in ("chat.test", "api.chat.test", "127.0.0.1:8000", "[::1]:8000", "localhost"):
        assert (await phone.ask("GET", SESSIONS, headers={"host": host})).status_code == 200
        answer = await new_phone().ask("GET", CURRENT, headers={"host": host})
        assert refusal(answer)[:2] == (404, "not_found")
        key = {"host": host, "authorization": f"Bearer {acme.new.chat_key}"}
        assert (await new_phone().ask("GET", CURRENT, headers=key)).status_code == 200
        named = {"host": host, "x-kustomer-org": acme.app.slug}
        assert (await new_phone().ask("GET", CURRENT, headers=named)).status_code == 200


@pytest.mark.parametrize(
    "host", ["nobody.api.chat.test", "-.api.chat.test", "x" * 200 + ".api.chat.test", "..api.test"]
)
async def test_an_unknown_org_is_not_found(new_phone: Callable[[], Phone], host: str) -> None:
    answer = await new_phone().ask("GET", CURRENT, headers={"host": host})
    assert refusal(answer)[:2] == (404, "not_found")


async def test_a_servers_key_is_no_chat_key(new_phone: Callable[[], Phone], acme: Cast) -> None:
    """It must not be in an app: whoever put it there is told."""
    for key, status in ((acme.api_key, 403), ("acqk_invented", 401), ("a.b.c", 401)):
        answer = await new_phone().ask("GET", CURRENT, headers={"host": "chat.test", "authorization": f"Bearer {key}"})
        assert refusal(answer)[0] == status


async def test_a_host_and_a_header_of_two_apps_open_nothing(phone: Phone, globex: Cast) -> None:
    answer = await phone.ask("GET", SESSIONS, headers={"x-kustomer-org": globex.app.slug})
    assert refusal(answer)[:2] == (401, "unauthorized")


async def test_a_closed_app_lets_nobody_in(phone: Phone, core: Core, acme: Cast) -> None:
    await apps.close(core, acme.app)
    for method, path in (("GET", CURRENT), ("POST", TOKENS), ("GET", SESSIONS), ("GET", "/p/v1/chat/settings")):
        assert refusal(await phone.ask(method, path))[:2] == (403, "forbidden")


# Forged and borrowed tokens


async def test_a_tracking_id_is_not_enough_to_make_a_token(phone: Phone, core: Core, acme: Cast) -> None:
    """Whoever learns a tracking id, or another token's text without its session, cannot sign one."""
    claims = claims_of(phone.token or "")
    other = new_text(core, TokenKind.SESSION)
    for forged in (
        core.signer.sign(claims | {"jti": other}, other),
        core.signer.sign({name: value for name, value in claims.items() if name != "jti"}, acme.signing_secret),
        core.signer.sign(claims, acme.signing_secret),
    ):
        answer = await phone.ask("GET", SESSIONS, headers={HEADER: forged})
        assert refusal(answer)[:2] == (401, "unauthorized")


@pytest.mark.parametrize("change", [{"id": as_hex(2**52)}, {"org": as_hex(2**52)}, {"id": None}, {"org": 7}])
async def test_a_token_that_was_changed_opens_nothing(phone: Phone, core: Core, change: dict[str, Any]) -> None:
    claims = claims_of(phone.token or "")
    changed = core.signer.sign(claims | change, claims["jti"])
    assert refusal(await phone.ask("GET", SESSIONS, headers={HEADER: changed}))[:2] == (401, "unauthorized")


async def test_a_token_without_its_signature_opens_nothing(phone: Phone) -> None:
    head, body, _ = (phone.token or "").split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    for forged in (f"{head}.{body}.", f"{none}.{body}.", f"{head}.{body}.AAAA"):
        assert refusal(await phone.ask("GET", SESSIONS, headers={HEADER: forged}))[:2] == (401, "unauthorized")


async def test_a_session_of_another_door_is_no_tracking(phone: Phone, core: Core, acme: Cast) -> None:
    await users.put(core, acme.app, ann.verified())
    admission = await sign_in.vouch_for_known(core, acme.app, ann.by_login, Place("native", Lifetime()))
    assert admission.token is not None
    claims = {"id": as_hex(admission.session.id), "org": as_hex(acme.app.id), "exp": 2**33, "jti": admission.token}
    for forged in (core.signer.sign(claims, admission.token), admission.token):
        assert refusal(await phone.ask("GET", SESSIONS, headers={HEADER: forged}))[:2] == (401, "unauthorized")


async def test_a_log_in_token_is_no_tracking_token_nor_the_other_way_round(
    phone: Phone, core: Core, acme: Cast
) -> None:
    jwt = signed(core, acme, email=ann.email)
    assert refusal(await phone.ask("GET", SESSIONS, headers={HEADER: jwt}))[:2] == (401, "unauthorized")
    assert refusal(await phone.log_in(phone.token or ""))[:2] == (401, "invalid_jwt")


async def test_the_tracking_token_names_no_device_for_other_doors(phone: Phone, core: Core, acme: Cast) -> None:
    """Its secret is a session's and not a device's: shown as a device secret it is a new device."""
    secret = claims_of(phone.token or "")["jti"]
    _, kept = await sign_in.known_device(core, acme.app, secret)
    assert kept != secret


async def test_a_banned_customer_is_let_in_by_no_path(phone: Phone, tablet: Phone, core: Core, acme: Cast) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    user = await users.find(core, acme.app, ann.by_email)
    await users.ban(core, acme.app, user.id)
    assert refusal(await phone.ask("GET", SESSIONS))[:2] == (401, "unauthorized")
    assert refusal(await tablet.log_in(signed(core, acme, email=ann.email)))[:2] == (403, "forbidden")
    assert not await phone.is_verified()


async def test_logging_out_ends_the_session_for_every_door(phone: Phone, core: Core) -> None:
    secret = claims_of(phone.token or "")["jti"]
    await sessions.resume(core, secret)
    await phone.log_out()
    with pytest.raises(SessionEnded):
        await sessions.resume(core, secret)


# Browsers, sizes and manners


async def test_a_page_of_another_origin_may_not_call_where_the_app_says_which_may(
    phone: Phone, core: Core, acme: Cast
) -> None:
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://acme.example"]})
    for path in (CURRENT, SESSIONS, "/p/v1/chat/settings"):
        answer = await phone.ask("GET", path, headers={"origin": "https://evil.example"})
        assert refusal(answer)[:2] == (403, "forbidden")
        assert (await phone.ask("GET", path, headers={"origin": "https://acme.example"})).status_code == 200


async def test_a_browser_may_send_the_vendors_headers(phone: Phone) -> None:
    answer = await phone.ask(
        "OPTIONS",
        "/c/v1/identity",
        headers={"origin": "https://acme.example", "access-control-request-method": "POST"},
    )
    assert answer.status_code == 204
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"x-kustomer", HEADER, "x-kustomer-client", "x-kustomer-version", "content-type"} <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"{", b"\xff", b"null", b"[" * 100_000])
async def test_a_body_that_is_no_object_is_a_bad_request(phone: Phone, body: bytes) -> None:
    for method, path in (("POST", SESSIONS), ("POST", "/c/v1/identity"), ("PATCH", "/c/v1/customers/current")):
        answer = await phone.ask(method, path, content=body, headers={"content-type": "application/json"})
        assert refusal(answer)[:2] == (400, "bad_request")


async def test_a_body_of_more_than_100_kb_is_too_large(phone: Phone) -> None:
    answer = await phone.ask("POST", SESSIONS, json={"title": "x" * 100_001})
    assert refusal(answer)[:2] == (413, "payload_too_large")


@pytest.mark.parametrize("path", ["/c/v1/nothing", "/c/", "/p/v9/x", "/c/v1/pusher/auth", "/c/v2/chat/assistant/init"])
async def test_what_is_not_spoken_is_not_found_in_the_vendors_shape(phone: Phone, path: str) -> None:
    answer = await phone.ask("POST", path, headers={"origin": "https://acme.example"})
    assert refusal(answer)[:2] == (404, "not_found")
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_nothing_is_kept_by_caches(phone: Phone) -> None:
    for path in (CURRENT, SESSIONS, "/c/v1/nothing"):
        assert (await phone.ask("GET", path)).headers["cache-control"] == "no-store"


async def test_without_a_token_nothing_is_answered(client: httpx2.AsyncClient, acme: Cast) -> None:

    opened = {"tokens", "settings", "schedules", "identity", "upload", "content"}
    nobody = Phone(client, acme)
    for route in ROUTES:
        if "{rest" in route.path or opened & set(route.path.split("/")):
            continue
        path = route.path.format(id="0" * 24, message_id="0" * 24, uid="x", ids="x")
        assert refusal(await nobody.ask(route.method, path, json={}))[:2] == (401, "unauthorized"), route.path


async def test_one_tracking_cannot_keep_the_server_busy(phone: Phone, tablet: Phone) -> None:
    answers = [(await phone.ask("GET", "/c/v1/chat/customers/stats")).status_code for _ in range(800)]
    assert answers[:600] == [200] * 600
    assert 429 in answers  # not at once: some may be asked again while others are
    assert (await tablet.ask("GET", SESSIONS)).status_code == 200


@pytest.mark.parametrize("exp", [10**30, 2**63, 10**18, -(10**18), 253402300800, True, None, "soon"])
async def test_eve_signs_any_moment_into_her_own_token_and_it_is_renewed_or_not(
    phone: Phone, core: Core, exp: Any
) -> None:
    """Who has a tracking token has what it is signed with. As it was found: a moment that is none was our fault."""
    assert phone.token is not None
    claims = claims_of(phone.token)
    phone.token = core.signer.sign(claims | {"exp": exp}, claims["jti"])
    renewed = (await phone.asked("GET", CURRENT))["attributes"]
    assert renewed["trackingId"] == claims["id"]
    assert claims_of(renewed["token"])["jti"] == claims["jti"]
