"""How calls are made when the network, or the server, is not at its best. The network here is a function."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

import acquaint_client
from acquaint.dialects.native.problems import PROBLEMS
from acquaint_client import AsyncClient, AsyncServerClient, Client, Retries, ServerClient, errors
from acquaint_client.errors import Busy, Offline, Refused, StrangeAnswer, TimedOut, TooManyRequests
from acquaint_client.live import AsyncLive, Live

Answer = httpx2.Response | Exception


class Network:
    """Answers with what it was given, one after the other; the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[httpx2.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def keys(self) -> list[str | None]:
        return [it.headers.get("Idempotency-Key") for it in self.requests]


POLICY: dict[str, Any] = {
    "registers_on_login": True,
    "registers_on_token": True,
    "adopts_on_sign_in": True,
    "allows_guests": True,
    "token_max_age": 900,
    "token_max_future": None,
    "token_requires_typ": False,
    "session_idle": None,
    "session_at_most": None,
    "token_lifetime": None,
    "sessions_per_user": 200,
    "password_min_length": None,
    "ends_sessions_on_password_change": False,
    "allows_sign_up": False,
    "resets_passwords_by_mail": False,
    "requires_confirmed_emails": False,
    "tells_of_new_passwords": True,
    "sends_welcome_mails": False,
    "mail_texts": {},
    "chat_key_max_age": None,
    "server_requests_per_minute": 300,
    "lists_users": True,
    "strict_user_queries": False,
    "shows_online_users": False,
    "shows_emails_and_phones": True,
    "keeps_messages_of_deleted_users": True,
    "unverified_users_kept": None,
    "audit_events_kept": 34560000,
    "live_events_kept": None,
    "file_space": None,
    "enforcement": "off",
    "workspace_names_device": "random",
    "allowed_origins": [],
    "of_a_later_version": {},
}


def good() -> httpx2.Response:
    return httpx2.Response(200, json=POLICY)


def problem(status: int, code: str, **more: Any) -> httpx2.Response:
    return httpx2.Response(status, json={"code": code, "detail": "Try again.", **more})


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


def backend(network: Network, **more: Any) -> ServerClient:
    http = httpx2.Client(transport=httpx2.MockTransport(network))
    return ServerClient("https://chat.test/below/", "key", http=http, **more)


def test_a_read_is_repeated_until_an_answer_comes(naps: list[float]) -> None:
    network = Network(httpx2.ReadTimeout("slow"), httpx2.ConnectError("no"), httpx2.Response(502), good())
    assert backend(network).policy().token_max_age == 900
    assert str(network.requests[0].url) == "https://chat.test/below/acquaint/v1/app/policy"
    assert network.requests[0].headers["Authorization"] == "Bearer key"
    assert len(naps) == 3
    assert naps == sorted(naps)


def test_a_keyed_write_is_repeated_as_it_was_under_the_same_key(naps: list[float]) -> None:
    network = Network(httpx2.ReadError("cut"), problem(409, "still_running", retry_after=1), good())
    client = backend(network)
    client.change_policy(allows_guests=True)
    client.change_policy(allows_guests=True)
    first, second, third, other = network.keys
    assert first == second == third != other
    assert len({it.content for it in network.requests}) == 1


def test_a_message_is_repeated_under_its_own_id(naps: list[float]) -> None:
    network = Network(httpx2.ReadError("cut"))
    with pytest.raises(Offline) as failed:
        backend(network).answer("7", "hello")
    assert failed.value.may_have_arrived
    assert len({json.loads(it.content)["client_id"] for it in network.requests}) == 1
    assert len(network.requests) == Retries().attempts


def test_what_answers_a_secret_is_not_repeated_once_it_may_have_arrived(naps: list[float]) -> None:
    network = Network(httpx2.ReadTimeout("slow"))
    with pytest.raises(TimedOut) as late:
        backend(network).rotate_secret()
    assert late.value.may_have_arrived
    assert network.keys == [None]

    network = Network(httpx2.ConnectError("no"))
    with pytest.raises(Offline) as failed:
        backend(network).rotate_secret()
    assert not failed.value.may_have_arrived
    assert len(network.requests) == Retries().attempts


def test_a_file_is_sent_as_it_is_with_time_and_not_twice(naps: list[float]) -> None:
    network = Network(httpx2.ReadTimeout("slow"))
    with pytest.raises(TimedOut):
        backend(network).upload(b"Invoice", name="invoice & more.txt")
    [sent] = network.requests
    assert (sent.content, dict(sent.url.params)) == (b"Invoice", {"name": "invoice & more.txt"})
    assert sent.headers["Content-Type"] == "application/octet-stream"
    assert sent.extensions["timeout"]["read"] == 300


def test_a_file_is_asked_of_our_server_and_told_no_token(naps: list[float]) -> None:
    network = Network(httpx2.ReadError("cut"), httpx2.Response(200, content=b"{}"))
    shared = "https://elsewhere.test/somewhere/acquaint/v1/files/acqf_1"  # somebody says so
    assert backend(network).read_file(shared) == b"{}"
    assert {str(it.url) for it in network.requests} == {"https://chat.test/below/acquaint/v1/files/acqf_1"}
    assert not any("Authorization" in it.headers for it in network.requests)


def test_retry_after_is_obeyed_within_bounds(naps: list[float]) -> None:
    network = Network(problem(429, "too_many_requests", retry_after=3), problem(503, "busy", retry_after=2), good())
    backend(network).policy()
    assert naps == [3, 2]

    for code, kind in (("too_many_requests", TooManyRequests), ("busy", Busy)):
        with pytest.raises(kind) as refused:
            backend(Network(problem(429, code, retry_after=3600))).policy()
        assert refused.value.retry_after == 3600
    assert naps == [3, 2]

    network = Network(problem(503, "busy", retry_after=5))
    with pytest.raises(Busy):
        backend(network, retries=Retries(attempts=100, at_most=0.5)).policy()
    assert len(network.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_a_refusal_is_not_repeated(naps: list[float], status: int) -> None:
    network = Network(problem(status, "of_a_later_version"))
    with pytest.raises(Refused) as refused:
        backend(network).policy()
    assert (refused.value.status, refused.value.code) == (status, "of_a_later_version")
    assert len(network.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json={}),
        httpx2.Response(200, json=POLICY | {"allowed_origins": "all"}),
        httpx2.Response(302, headers={"Location": "https://elsewhere.test"}),
        httpx2.Response(404, text="nginx"),
        httpx2.Response(404, json="nginx"),
    ],
)
def test_an_answer_that_is_not_acquaints_says_so(answer: httpx2.Response) -> None:
    network = Network(answer)
    with pytest.raises(StrangeAnswer) as strange:
        backend(network).policy()
    assert strange.value.status == answer.status_code
    assert len(network.requests) == 1


def test_an_error_says_how_far_the_clocks_are_apart() -> None:
    ahead = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    refusal = problem(401, "token_stale", claim="iat", skew_seconds=600.5, allowed_seconds=300)
    refusal.headers |= {"Date": ahead, "X-Request-Id": "req-1"}
    client = backend(Network(refusal))
    with pytest.raises(errors.StaleToken) as stale:
        client.policy()
    error = stale.value
    assert (error.skew, error.allowed) == (timedelta(seconds=600.5), timedelta(minutes=5))
    assert str(error) == (
        f"Try again. (token_stale, 401, request req-1) This machine's clock is "
        f"{error.clock_skew.total_seconds() if error.clock_skew else 0:.0f} s behind the server's."
    )
    assert client.clock_skew == error.clock_skew
    assert abs((error.clock_skew or timedelta()) - timedelta(minutes=10)) < timedelta(seconds=3)


@pytest.mark.parametrize("url", ["", "chat.test", "ftp://chat.test", "https://", "https://chat.test?x"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="must be like"):
        ServerClient(url, "key")


def test_every_code_of_the_server_has_a_kind() -> None:
    assert set(errors.KINDS) == {it.code for it in PROBLEMS.values()}


@pytest.mark.parametrize(
    ("waits", "awaits"), [(Client, AsyncClient), (ServerClient, AsyncServerClient), (Live, AsyncLive)]
)
def test_who_waits_and_who_awaits_have_the_same_methods(waits: type, awaits: type) -> None:
    there = methods_of(awaits)
    for name, method in methods_of(waits).items():
        same = there.pop(name)
        assert list(inspect.signature(method).parameters) == list(inspect.signature(same).parameters)
        is_local = name in ("is_logged_in", "live", "sign_login")
        assert inspect.iscoroutinefunction(same) is not is_local
        assert (method.__doc__ or "") == (same.__doc__ or "")
    assert there == {}


def test_all_of_it_is_exported() -> None:
    public = {
        name for name, it in vars(acquaint_client).items() if not name.startswith("_") and not inspect.ismodule(it)
    }
    assert public | {"errors", "models"} == set(acquaint_client.__all__)


def methods_of(kind: type) -> dict[str, Callable[..., Any]]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: it for name, it in found if not name.startswith("_")}


def admission(user: str) -> httpx2.Response:
    """Somebody whom a provider testified to was let in."""
    at = "2026-11-21T12:00:00.000Z"
    nothing: dict[str, Any] = {"name": None, "email": None, "phone": None, "external_id": None, "custom": {}}
    names = {"external_id": f"{user}-1", "email": None, "login": None, "phone": None}
    who = {"id": user, "identifiers": names, "name": None, "avatar_url": None, "phone": None, "custom": {}}
    session = {"id": "7", "user_id": user, "assurance": "verified", "workspace": None, "door": "native"}
    body = {
        "token": f"acqs_{user}",
        "device_secret": None,
        "expires_at": None,
        "is_new_user": False,
        "session": {**session, "has_device": False, "opened_at": at, "last_seen_at": at, "expires_at": None},
        "user": {
            **who, "claimed": nothing, "is_verified": True, "is_guest": False, "created_at": at, "updated_at": at
        },
    }  # fmt: skip
    return httpx2.Response(201, json=body)


def test_whom_a_provider_names_is_refused_where_somebody_else_is_logged_in() -> None:
    network = Network(admission("1"), admission("1"), admission("2"), httpx2.Response(204), admission("2"))
    http = httpx2.Client(transport=httpx2.MockTransport(network))
    with Client("https://chat.acme.example", "acme", http=http) as client:
        client.log_in_with_provider("google", token="eyJ")
        client.log_in_with_provider("google", token="eyJ")  # the same person may
        with pytest.raises(errors.AlreadySignedIn):
            client.log_in_with_provider("google", token="eyJ2", nonce="n")
        assert client.is_logged_in(user_id="1")
        client.log_out()
    asked = [(it.method, it.url.path.removeprefix("/acquaint/v1")) for it in network.requests]
    assert asked == [*[("POST", "/sessions/provider")] * 3, ("DELETE", "/session"), ("DELETE", "/session")]
    assert json.loads(network.requests[2].content) == {
        "app": "acme", "provider": "google", "token": "eyJ2", "nonce": "n"
    }  # fmt: skip
    assert network.requests[3].headers["Authorization"] == "Bearer acqs_2"  # what the stranger was given ends at once
