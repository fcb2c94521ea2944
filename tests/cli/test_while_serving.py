"""The command line works on the database while the server runs, and the server notices within a second."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.cast import ann, ben
from tests.support.patience import PATIENCE, PROMISED, soon
from tests.support.server import InThisProcess, Server


@pytest.fixture
def operator(server: Server) -> Server:
    """The command line on the server's database, from this process: one for each of many commands takes its time."""
    return InThisProcess(server.data)


@pytest.fixture
def acme(operator: Server) -> dict[str, Any]:
    return operator.create_app()


@pytest.fixture
def http(server: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=PATIENCE) as http:
        yield http


class Phone:
    """Somebody's, with Acme's app on it: it signs in, and its session is soon in the server's memory."""

    def __init__(self, http: httpx2.Client, acme: dict[str, Any], login: str, password: str) -> None:
        self._http, self._headers = http, {"QISCUS-SDK-APP-ID": acme["slug"]}
        answer = self.sign_in(login, password)
        assert answer.status_code == 200, answer.text
        self._headers |= {"QISCUS-SDK-TOKEN": answer.json()["results"]["user"]["token"]}
        for _ in range(3):
            assert self.looks() == 200

    def sign_in(self, login: str, password: str) -> httpx2.Response:
        asked = {"email": login, "password": password}
        return self._http.post("/api/v2/sdk/login_or_register", json=asked, headers=self._headers)

    def looks(self) -> int:
        return self._http.get("/api/v2/sdk/my_profile", headers=self._headers).status_code


def _within_a_second(holds: Callable[[], bool]) -> bool:
    return bool(soon(holds, PROMISED))


def test_a_session_that_the_operator_ends_is_refused_within_a_second(
    server: Server, acme: dict[str, Any], http: httpx2.Client
) -> None:
    anns, bens = Phone(http, acme, ann.login, ann.password), Phone(http, acme, ben.login, ben.password)
    session = server.run("sessions", "list", acme["slug"], f"login:{ann.login}")[0]["session_id"]

    assert server.run("sessions", "end", acme["slug"], str(session)) == {"ended": 1}

    assert _within_a_second(lambda: anns.looks() >= 400)
    assert bens.looks() == 200
    assert server.run("sessions", "list", acme["slug"], f"login:{ann.login}") == []


def test_all_sessions_of_a_user_or_of_everybody_can_be_ended(
    operator: Server, acme: dict[str, Any], http: httpx2.Client
) -> None:
    phones = [Phone(http, acme, it.login, it.password) for it in (ann, ann, ben)]
    assert operator.run("sessions", "end", acme["slug"], "--user", f"login:{ann.login}") == {"ended": 2}
    assert _within_a_second(lambda: [it.looks() >= 400 for it in phones] == [True, True, False])
    assert operator.run("sessions", "end", acme["slug"], "--all") == {"ended": 1}
    assert _within_a_second(lambda: phones[2].looks() >= 400)
    operator.run("sessions", "end", acme["slug"], code=2)
    operator.run("sessions", "end", acme["slug"], "1", "--all", code=2)


def test_a_banned_user_is_out_and_may_come_again_when_admitted(
    operator: Server, acme: dict[str, Any], http: httpx2.Client
) -> None:
    anns = Phone(http, acme, ann.login, ann.password)
    user = operator.run("users", "list", acme["slug"])[0]
    assert user["identifiers"] == {"login": ann.login}

    assert operator.run("users", "ban", acme["slug"], str(user["user_id"]))["standing"] == "banned"
    assert _within_a_second(lambda: anns.looks() >= 400)
    assert anns.sign_in(ann.login, ann.password).status_code >= 400

    operator.run("users", "unban", acme["slug"], f"login:{ann.login}")
    assert anns.sign_in(ann.login, ann.password).status_code == 200
    assert anns.looks() >= 400, "the old session stays ended"


def test_a_deleted_user_is_gone_and_their_login_is_free(
    operator: Server, acme: dict[str, Any], http: httpx2.Client
) -> None:
    anns = Phone(http, acme, ann.login, ann.password)
    user = operator.run("users", "show", acme["slug"], f"login:{ann.login}")
    assert operator.run("users", "delete", acme["slug"], str(user["user_id"]))["deleted"]
    assert _within_a_second(lambda: anns.looks() >= 400)
    assert "no such user" in operator.say("users", "show", acme["slug"], f"login:{ann.login}").stderr
    assert anns.sign_in(ann.login, "another password than before").status_code == 200


def test_a_changed_policy_holds_within_a_second(operator: Server, acme: dict[str, Any], http: httpx2.Client) -> None:
    anns = Phone(http, acme, ann.login, ann.password)
    changed = operator.run("apps", "policy", acme["slug"], "registers_on_login=false", "session_idle=1h")
    assert (changed["registers_on_login"], changed["session_idle"]) == (False, 3600)
    assert operator.run("apps", "policy", acme["slug"]) == changed
    new = (f"new-{number}" for number in itertools.count())  # who came in before it held would come in again
    assert _within_a_second(lambda: anns.sign_in(next(new), ben.password).status_code >= 400)
    assert anns.looks() == 200


def test_a_closed_app_answers_nobody_until_it_is_opened(
    operator: Server, acme: dict[str, Any], http: httpx2.Client
) -> None:
    anns = Phone(http, acme, ann.login, ann.password)
    assert not operator.run("apps", "close", acme["slug"])["open"]
    assert _within_a_second(lambda: anns.looks() >= 400)
    assert operator.run("apps", "open", str(acme["app_id"]))["open"]
    assert _within_a_second(lambda: anns.looks() == 200), "nothing was lost"


def test_who_only_claims_to_be_ann_is_listed_as_such_until_the_app_says_that_it_is_she(
    operator: Server, acme: dict[str, Any], http: httpx2.Client
) -> None:
    visitor = http.post("/acquaint/v1/sessions", json={"app": acme["slug"]}).raise_for_status().json()["token"]
    as_visitor, as_app = ({"Authorization": f"Bearer {it}"} for it in (visitor, acme["api_key"]))
    http.patch("/acquaint/v1/session/claims", json={"email": ann.email}, headers=as_visitor).raise_for_status()
    http.post("/acquaint/v1/conversations", json={}, headers=as_visitor).raise_for_status()
    hers = {"identifiers": {"email": ann.email}, "name": ann.name}
    http.put("/acquaint/v1/app/users", json=hers, headers=as_app).raise_for_status()

    proven, claiming = operator.run("users", "list", acme["slug"])[:2]
    assert (proven["verified"], proven["identifiers"], proven["claimed"]) == (True, {"email": ann.email}, {})
    assert (claiming["verified"], claiming["identifiers"], claiming["claimed"]) == (False, {}, {"email": ann.email})

    source, target = str(claiming["user_id"]), f"email:{ann.email}"
    assert "whom nobody verified" in operator.say("users", "merge", acme["slug"], target, source).stderr
    merged = operator.run("users", "merge", acme["slug"], source, target)
    assert (merged["source_id"], merged["target_id"]) == (claiming["user_id"], proven["user_id"])
    operator.run("users", "show", acme["slug"], source, code=1)
