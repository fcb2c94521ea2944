"""Sessions: opened in every way, prolonged by every request, and over when they are."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from acquaint.services import apps, sign_in, users
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.connectycube.asking import (
    NEEDS_USER,
    NO_TOKEN,
    OVER,
    PASSWORD,
    UNAUTHORIZED,
    UNKNOWN_USER,
    WRONG_PASSWORD,
    Cube,
    unacceptable,
)
from tests.services.doors import at
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

ANN = {"login": "ann", "password": PASSWORD}


async def test_the_first_login_makes_the_user_and_the_next_ones_are_theirs(cube: Cube) -> None:
    first, second = await cube.log_in("ann", full_name="Ann Archer", email="Ann@Example.com"), await cube.log_in("ann")
    assert first["token"] != second["token"]
    assert first["user_id"] == first["id"] == second["user_id"] == first["user"]["id"]
    assert (first["user"]["full_name"], first["user"]["email"]) == ("Ann Archer", "ann@example.com")
    by_email = await cube.session(user={"email": "ANN@example.com", "password": PASSWORD})
    assert by_email["user_id"] == first["user_id"]


async def test_what_a_known_user_sends_with_their_login_changes_nothing(cube: Cube) -> None:
    await cube.log_in("ann", full_name="Ann Archer")
    again = await cube.log_in("ann", full_name="Somebody", email="somebody@example.com")
    assert (again["user"]["full_name"], again["user"]["email"]) == ("Ann Archer", None)


@pytest.mark.parametrize(
    ("user", "status", "said"),
    [
        ({"login": "ann", "password": "wrong77"}, 401, WRONG_PASSWORD),
        ({"login": "ann"}, 422, unacceptable(password="cannot be blank")),
        ({"login": "ann", "password": ""}, 422, unacceptable(password="cannot be blank")),
        ({"login": "ann", "password": None}, 422, unacceptable(password="cannot be blank")),
        ({"password": PASSWORD}, 422, {"errors": ["Both user login and email can't be blank"]}),
        ({}, 422, {"errors": ["Both user login and email can't be blank"]}),
        ({"login": "ab", "password": PASSWORD}, 422, unacceptable(login="is too short (minimum is 3 characters)")),
        ({"login": "x" * 71, "password": PASSWORD}, 422, unacceptable(login="is too long (maximum is 70 characters)")),
        ({"login": "new", "password": "short"}, 422, unacceptable(password="is shorter than 6 characters")),
        ({"email": "no address", "password": PASSWORD}, 422, unacceptable(email="is invalid")),
        ({"login": ["ann"], "password": PASSWORD}, 422, unacceptable(login="should be a text")),
        ("ann", 422, unacceptable(user="should be an object")),
    ],
    ids=str,
)
async def test_a_login_that_is_refused_says_why(cube: Cube, user: Any, status: int, said: Any) -> None:
    await cube.log_in("ann")
    answer = await cube.open(user=user)
    assert (answer.status_code, answer.json()) == (status, said)


async def test_logins_may_have_plus_signs_and_are_told_from_each_other_by_case(cube: Cube) -> None:
    ids = {(await cube.log_in(it))["user_id"] for it in ("ann+1@x.y", "Ann+1@x.y", "ann 1")}
    assert len(ids) == 3


async def test_where_creation_is_denied_only_creation_is(cube: Cube, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"registers_on_login": False})
    for user in (ANN, {"email": ann.email, "password": PASSWORD}):
        answer = await cube.open(user=user)
        assert (answer.status_code, answer.json()) == (404, UNKNOWN_USER)
    await cube.session()
    await cube.session(user={"guest": "1"})
    assert (await cube.sign_up(login="ann")).status_code == 201
    await cube.log_in("ann")
    assert (await cube.open(user=ANN | {"password": "wrong77"})).status_code == 401


@pytest.mark.parametrize("guest", ["1", 1, True, "true"])
async def test_a_guest_has_a_name_and_a_day(cube: Cube, clock: SetClock, core: Core, guest: Any) -> None:
    session = await cube.session(user={"guest": guest, "full_name": "A visitor", "is_guest": False})
    user = session["user"]
    assert (user["is_guest"], user["full_name"], user["email"]) == (True, "A visitor", None)
    assert re.fullmatch("guest_login_[0-9a-f]{36}", user["login"])
    for _ in range(23):
        clock.forward(hours=1)
        assert await cube.is_open(session["token"])
    by_label = await cube.open(user={"login": user["login"], "password": PASSWORD})
    assert by_label.json()["session"]["user_id"] != user["id"]
    clock.forward(hours=1, seconds=1)
    answer = await cube.ask("GET", "/session", session["token"])
    assert (answer.status_code, answer.json()) == (401, OVER)
    await users.sweep_guests(core)
    assert (await cube.ask("GET", "/session", session["token"])).json() == OVER


async def test_an_app_that_takes_no_guests_says_so(cube: Cube, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"allows_guests": False})
    answer = await cube.open(user={"guest": "1"})
    assert (answer.status_code, answer.json()) == (403, {"errors": {"base": ["Forbidden"]}})


async def test_every_request_buys_two_hours_and_says_until_when(cube: Cube, clock: SetClock) -> None:
    session = await cube.log_in("ann")
    until = ""
    for hours in (1, 1.9, 1.9):
        now = clock.forward(hours=hours)
        answer = await cube.ask("PUT", "/users", session["token"], json={"user": {}})
        until = (now + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S UTC")
        assert answer.headers["cb-token-expirationdate"] == until
    refused = await cube.ask("PUT", "/users/1", session["token"], json={"user": {}})
    assert (refused.status_code, refused.headers["cb-token-expirationdate"]) == (403, until)
    clock.forward(hours=2)
    answer = await cube.ask("PUT", "/users", session["token"], json={"user": {}})
    assert (answer.status_code, answer.json()) == (401, OVER)
    assert "cb-token-expirationdate" not in answer.headers


async def test_a_policy_has_its_own_times(cube: Cube, core: Core, acme: Cast, clock: SetClock) -> None:
    await apps.change_policy(core, acme.app, {"session_idle": 60})
    token = await cube.token("ann")
    clock.forward(seconds=61)
    assert not await cube.is_open(token)


@pytest.mark.parametrize(
    "change",
    [
        {"auth_key": "acqp_nothing"},
        {"auth_key": None},
        {"application_id": 8},
        {"application_id": None},
        {"application_id": "x"},
    ],
    ids=str,
)
async def test_an_unknown_app_opens_nothing(cube: Cube, change: dict[str, Any]) -> None:
    answer = await cube.open(**change)
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


async def test_the_apps_number_may_be_a_text(cube: Cube) -> None:
    session = await cube.session(application_id=str(cube.app.id))
    assert session["application_id"] == cube.app.id


async def test_nobody_is_turned_away_for_what_is_only_said_back(cube: Cube) -> None:
    values: list[Any] = ["soon", [], {}, True, None, 2**70]
    for strange in values:
        assert (await cube.open(nonce=strange, timestamp=strange)).status_code == 201


async def test_a_session_of_nobody_has_no_user_and_is_forbidden_what_needs_one(cube: Cube) -> None:
    session = await cube.session(nonce="33432", timestamp=1326966962)
    assert (session["user_id"], session["nonce"], session["ts"]) == (None, 33432, 1326966962)
    assert "user" not in session
    for method, path in (("PUT", "/users"), ("DELETE", "/users"), ("DELETE", f"/users/{session['id']}")):
        answer = await cube.ask(method, path, session["token"], json={"user": {}})
        assert (answer.status_code, answer.json()) == (403, NEEDS_USER)


@on_both_databases
async def test_many_first_logins_at_once_make_one_user(cube: Cube) -> None:
    answers = await asyncio.gather(*[cube.open(user=ANN) for _ in range(8)])
    assert {it.status_code for it in answers} == {201}
    assert len({it.json()["session"]["user_id"] for it in answers}) == 1


@on_both_databases
async def test_somebody_comes_into_the_open_session_and_leaves_it(cube: Cube) -> None:
    await cube.sign_up(login="ann", email=ann.email)
    session = await cube.session()
    token = session["token"]
    answer = await cube.ask("POST", "/login", token, json={"email": ann.email, "password": PASSWORD})
    assert answer.status_code == 202
    assert answer.json()["user"]["login"] == "ann"
    assert answer.headers["cb-token-expirationdate"]
    assert (await cube.me(token))["login"] == "ann"
    left = await cube.ask("DELETE", "/login", token)
    assert (left.status_code, left.text, left.headers["content-type"]) == (200, " ", "text/plain; charset=utf-8")
    assert (await cube.ask("GET", "/session", token)).json()["session"]["user_id"] is None
    assert (await cube.ask("DELETE", "/login", token)).status_code == 200  # nobody leaves it again


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"login": "ann", "password": "wrong77"}, 401, WRONG_PASSWORD),
        ({"login": "nobody", "password": PASSWORD}, 404, UNKNOWN_USER),
        ({"login": "ann"}, 422, unacceptable(password="cannot be blank")),
        ({}, 422, {"errors": ["Both user login and email can't be blank"]}),
        ({"guest": "1"}, 422, unacceptable(guest="needs a session of its own")),
    ],
    ids=str,
)
async def test_login_creates_nobody_and_says_what_is_wrong(cube: Cube, asked: Any, status: int, said: Any) -> None:
    await cube.sign_up(login="ann")
    session = await cube.session()
    answer = await cube.ask("POST", "/login", session["token"], json=asked)
    assert (answer.status_code, answer.json()) == (status, said)
    assert (await cube.ask("GET", "/session", session["token"])).json()["session"]["user_id"] is None


async def test_login_needs_a_session(cube: Cube) -> None:
    for headers, said in (({}, NO_TOKEN), ({"CB-Token": ""}, NO_TOKEN), ({"CB-Token": "x"}, OVER)):
        answer = await cube.ask("POST", "/login", headers=headers, json=ANN)
        assert (answer.status_code, answer.json()) == (401, said)


async def test_a_guest_may_come_back_as_somebody_in_the_same_session(cube: Cube) -> None:
    await cube.sign_up(login="ann")
    guest = await cube.session(user={"guest": "1"})
    answer = await cube.ask("POST", "/login", guest["token"], json=ANN)
    assert answer.status_code == 202
    assert (await cube.me(guest["token"]))["login"] == "ann"


@on_both_databases
async def test_sessions_are_ended_one_by_one_or_all_but_this(cube: Cube, core: Core) -> None:
    here, there, third = [await cube.token("ann") for _ in range(3)]
    async with core.store.read() as tx:
        it = await tx.sessions.of_user((await cube.me(here))["id"])
    ids = {f"{session.id}" for session in it}
    assert len(ids) == 3
    bens = await cube.token("ben")
    for number in sorted(ids)[1:2]:  # the second
        assert (await cube.ask("DELETE", f"/session/{number}", bens)).status_code == 404
        assert (await cube.ask("DELETE", f"/session/{number}", here)).status_code == 200
    assert [await cube.is_open(it) for it in (here, there, third)] == [True, False, True]
    assert (await cube.ask("DELETE", "/session/list", here)).text == " "
    assert [await cube.is_open(it) for it in (here, third, bens)] == [True, False, True]
    me = await cube.me(here)
    assert (await cube.ask("DELETE", f"/session/{me['id']}", here)).status_code == 200  # as it is shown
    assert not await cube.is_open(here)


@pytest.mark.parametrize("number", ["0", "-1", "1", "abc", "9" * 400])
async def test_a_session_that_is_not_there_is_not_found(cube: Cube, number: str) -> None:
    for session in (await cube.session(), await cube.log_in("ann")):
        answer = await cube.ask("DELETE", f"/session/{number}", session["token"])
        assert (answer.status_code, answer.json()) == (404, {"errors": ["Not found"]})


async def test_a_banned_user_is_told_once_the_password_was_right(cube: Cube, core: Core, acme: Cast) -> None:
    session = await cube.log_in("ann")
    await users.ban(core, acme.app, session["user_id"])
    assert (await cube.ask("GET", "/session", session["token"])).json() == OVER
    assert (await cube.open(user=ANN | {"password": "wrong77"})).json() == WRONG_PASSWORD
    answer = await cube.open(user=ANN)
    assert (answer.status_code, answer.json()) == (403, {"errors": {"base": ["User is banned"]}})


async def test_a_closed_app_opens_nothing(cube: Cube, core: Core, acme: Cast) -> None:
    token = await cube.token("ann")
    await apps.close(core, acme.app)
    for answer in (await cube.open(), await cube.ask("GET", "/session", token)):
        assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


async def test_a_session_of_another_door_is_good_here_too(cube: Cube, core: Core, acme: Cast) -> None:
    """The token of somebody for whom Acme's server vouched opens what is theirs."""
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(ann.by_email), at())
    assert admission.token is not None
    me = await cube.me(admission.token)
    assert (me["login"], me["email"], me["full_name"]) == ("ann", "ann@example.com", "Ann Archer")


async def test_too_many_wrong_passwords_are_slowed_down(cube: Cube) -> None:
    await cube.log_in("ann")
    answers = [await cube.open(user={"login": "ann", "password": f"wrong{it}"}) for it in range(21)]
    assert {it.status_code for it in answers[:-1]} == {401}
    assert (answers[-1].status_code, answers[-1].json()) == (429, {"errors": ["Too Many Requests"]})
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_nothing_here_is_kept_by_a_cache(cube: Cube) -> None:
    answer: httpx2.Response = await cube.open()
    assert answer.headers["cache-control"] == "no-store"
