"""Every route, and everybody who is not its caller."""

from __future__ import annotations

import pytest

from acquaint.dialects.native.callers import ADMIN_KEY, NOBODY, OPERATOR, USER_KEY, VISITOR
from acquaint.domain.tokens import TokenKind, compose
from tests.cast import Cast
from tests.dialects.native.asking import refused
from tests.dialects.native.world import EVERY, World

KNOWN = {name: it for name, it in EVERY.items() if it.caller is not NOBODY}
GARBAGE = ("x", "acqs_x", "acqk_x", "acqk_\xe9", "a.b.c", compose(TokenKind.DEVICE, bytes(32)))
ROLES = {USER_KEY.name: "org.user", ADMIN_KEY.name: "org.admin", OPERATOR.name: "server.operator"}
REFUSED = {  # whose example a good caller is refused: what it says is not so in this world
    "POST /sessions": "token_refused",
    "POST /sessions/provider": "unacceptable",  # no such provider is set up
    "PATCH /session/claims": "not_allowed",
    "POST /user/password": "invalid_credentials",
    "POST /password-resets/complete": "ticket_refused",
    "POST /email-confirmations": "not_allowed",  # the App requires none
    "POST /email-confirmations/complete": "ticket_refused",
    "POST /app/users/{user}/chat-key": "unacceptable",  # ann has no login to give it with
    "POST /app/users/{user}/merges": "not_found",  # nobody has the example's id
    "POST /conversations/{conversation}/join": "not_found",  # a group is not open
    "POST /conversations/{conversation}/rating": "not_found",  # none with the App's people
    "POST /server/apps": "identifier_taken",
}


@pytest.mark.parametrize("call", EVERY)
async def test_its_own_caller_is_served(world: World, call: str) -> None:
    it = EVERY[call]
    answer = await world.api.ask(it.method, world.path(it), by=world.credential(it), **world.sendable(it))
    if call in REFUSED:
        assert answer.json()["code"] == REFUSED[call]
    else:
        assert answer.status_code == it.status, answer.text


@pytest.mark.parametrize("call", KNOWN)
async def test_nobody_else_is(standing_world: World, call: str) -> None:
    it, api, world = KNOWN[call], standing_world.api, standing_world
    path, sent = world.path(it), world.sendable(it)

    missing = refused(await api.ask(it.method, path, **sent), 401, "credential_missing")
    assert "token" not in missing["detail"].lower()
    for credential in GARBAGE:
        answer = await api.ask(it.method, path, by=credential, **sent)
        assert answer.status_code == 401, answer.text
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for kind, credential in world.credentials.items():
        if kind == it.caller.name or (kind, it.caller) == (ADMIN_KEY.name, USER_KEY):
            continue  # who may do more may do less
        answer = await api.ask(it.method, path, by=credential, **sent)
        if VISITOR.name in (kind, it.caller.name):
            refused(answer, 401, "wrong_credential")
        else:
            refused(answer, 403, "not_allowed", role=ROLES[it.caller.name])


@pytest.mark.parametrize("call", [name for name, it in KNOWN.items() if it.caller is not VISITOR])
async def test_a_key_that_is_public_opens_nothing(world: World, acme: Cast, call: str) -> None:
    it = EVERY[call]
    answer = await world.api.ask(it.method, world.path(it), by=acme.new.chat_key, **world.sendable(it))
    refused(answer, 403, "not_allowed")


@pytest.mark.parametrize("call", [name for name, it in EVERY.items() if it.caller is VISITOR])
async def test_an_ended_session_is_refused_everywhere(world: World, call: str) -> None:
    it = EVERY[call]
    await world.api.as_app("DELETE", f"/app/users/{world.ann.user_id}/sessions")
    answer = await world.api.ask(it.method, world.path(it), by=world.ann, **world.sendable(it))
    refused(answer, 401, "session_ended")


@pytest.mark.parametrize("call", [name for name, it in EVERY.items() if it.caller in (USER_KEY, ADMIN_KEY, OPERATOR)])
async def test_pages_of_other_origins_cannot_read_what_keys_open(world: World, call: str) -> None:
    it, headers = EVERY[call], {"Origin": "https://acme.example"}
    preflight = await world.api.client.options(
        it.full_path, headers=headers | {"Access-Control-Request-Method": it.method}
    )
    allowed = preflight.headers.get("access-control-allow-methods", "")
    assert it.method not in allowed.split(", ")
    answer = await world.api.ask(
        it.method, world.path(it), by=world.credential(it), headers=headers, **world.sendable(it)
    )
    assert "access-control-allow-origin" not in answer.headers
