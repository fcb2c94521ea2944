"""Every refusal is said in the vendor's envelope, and the two magic texts only where they are meant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from acquaint.dialects.qiscus import DIALECT
from acquaint.domain import errors
from acquaint.domain.errors import Doubt, Refusal
from acquaint.web import dialect as web
from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking

WORDS: list[tuple[Refusal, int, str]] = [
    (errors.InvalidCredentials(Doubt.WRONG_PASSWORD), 401, "wrong password"),
    (errors.InvalidCredentials(Doubt.NO_SUCH_USER), 401, "wrong password"),
    (errors.InvalidCredentials(Doubt.NO_PASSWORD), 401, "wrong password"),
    (errors.RegistrationClosed(), 401, "wrong password"),
    (errors.InvalidCredentials(Doubt.UNKNOWN_KEY), 401, "Unauthorized"),
    (errors.TokenRefused("alg", "is none"), 401, "identity token invalid"),
    (errors.TicketRefused(), 401, "refresh token invalid"),
    (errors.UserBanned(), 401, "user is deactivated"),
    (errors.UnknownApp(), 401, "Application not found"),
    (errors.AppClosed(), 401, "Application is closed"),
    (errors.SessionEnded(), 403, "Unauthorized"),
    (errors.NeedsUser(), 403, "Unauthorized"),
    (errors.SessionExpired(), 403, "Unauthorized. Token is expired"),
    (errors.NotAllowed("org.admin"), 403, "not allowed"),
    (errors.OriginRefused(), 403, "origin not allowed"),
    (errors.ConversationClosed(), 403, "room is closed"),
    (errors.NotFound("user"), 404, "user not found"),
    (errors.Unacceptable("email", "cannot be blank"), 400, "email cannot be blank"),
    (errors.Unreadable("No."), 400, "No."),
    (errors.TooLarge(7), 413, "The body is larger than 7 bytes."),
    (errors.UnsupportedMedia("No."), 415, "No."),
    (errors.IdentifierTaken("login"), 409, "already taken"),
    (errors.AlreadySignedIn("login"), 409, "somebody else is logged in"),
    (errors.Repeated(), 409, "already used for another request"),
    (errors.TooManyRequests(timedelta(seconds=1.5)), 429, "too many requests"),
    (errors.Busy(), 503, "busy"),
    (web.NoSuchPath(), 404, "not found"),
    (web.NoSuchMethod(["GET"]), 405, "method not allowed"),
    (web.OurFault(), 500, "unexpected error"),
]


@pytest.mark.parametrize(("refusal", "status", "message"), WORDS, ids=lambda it: type(it).__name__)
def test_each_refusal_has_its_words(refusal: Refusal, status: int, message: str) -> None:
    response = DIALECT.refuse(refusal)
    said = msgspec.json.decode(bytes(response.body))
    assert (response.status_code, said["status"], said["error"]["message"]) == (status, status, message)
    assert isinstance(said["error"]["code"], int)
    assert said["error"]["detailed_messages"]
    assert all(isinstance(it, str) for it in said["error"]["detailed_messages"])


@pytest.mark.parametrize(
    ("refusal", "seconds"), [(errors.TooManyRequests(timedelta(seconds=1.5)), "2"), (errors.Busy(), "1")]
)
def test_who_shall_wait_is_told_how_long(refusal: Refusal, seconds: str) -> None:
    assert DIALECT.refuse(refusal).headers["retry-after"] == seconds


def test_nothing_else_says_the_words_that_log_out_or_refresh() -> None:
    for refusal, status, message in WORDS:
        if not isinstance(refusal, errors.SessionEnded | errors.NeedsUser):
            assert status != 403 or "unauthorized" not in message.lower()


HOSTILE: list[dict[str, Any]] = [
    {"content": b"{", "headers": {"content-type": "application/json"}},
    {"content": b"[1]", "headers": {"content-type": "application/json"}},
    {"content": b'"\xff"', "headers": {"content-type": "application/json"}},
    {
        "content": b'{"email": "a\\u0000", "password": "k", "token": "a\\u0000"}',
        "headers": {"content-type": "application/json"},
    },
    {"content": b'{"email": "\\ud800", "token": "\\ud800"}', "headers": {"content-type": "application/json"}},
    {"content": b'{"a":' * 5000 + b"1" + b"}" * 5000, "headers": {"content-type": "application/json"}},
    {"content": b"{" + b" " * 300_000 + b"}", "headers": {"content-type": "application/json"}},
    {"content": b"a=%ff", "headers": {"content-type": "application/x-www-form-urlencoded"}},
    {"content": b"email=%00&password=k&token=%00", "headers": {"content-type": "application/x-www-form-urlencoded"}},
    {"content": b"a=1&" * 70_000, "headers": {"content-type": "application/x-www-form-urlencoded"}},
    {"content": b"<xml/>", "headers": {"content-type": "text/xml"}},
    {"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=x"}},
    {
        "json": {
            "email": {"$ne": ""},
            "password": ["k"],
            "user_id": {},
            "token": {},
            "name": {},
            "identity_token": 1.5,
            "room_id": {},
            "sender": {},
            "topic": {},
        }
    },
]


@pytest.fixture
def asking(client: httpx2.AsyncClient, acme: Cast) -> Asking:
    return Asking(client, acme)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda it: repr(it)[:40])
async def test_what_cannot_be_read_is_refused_in_the_envelope_by_every_route(
    asking: Asking, hostile: dict[str, Any]
) -> None:
    token = (await asking.account("ann", "k1"))["token"]
    known = {
        "qiscus-sdk-app-id": asking.acme.app.slug,
        "qiscus-sdk-token": token,
        "qiscus-sdk-secret": asking.acme.signing_secret,
    }
    for route in DIALECT.routes:
        if route.method in ("POST", "PATCH") and not route.path.endswith(("/auth/nonce", ":path}")):
            more = {name: value for name, value in hostile.items() if name != "headers"}
            answer = await asking.client.request(
                route.method, route.path, headers=known | hostile.get("headers", {}), **more
            )
            assert 400 <= answer.status_code < 500, f"{route.path}: {answer.status_code} {answer.text}"
            said = answer.json()
            assert said["status"] == answer.status_code, route.path
            assert said["error"]["detailed_messages"], route.path
