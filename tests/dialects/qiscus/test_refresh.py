"""Tokens that expire: what recorded examples cannot say."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx2
import pytest

from acquaint.domain.errors import Unacceptable
from acquaint.services import sessions
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.qiscus.asking import UNAUTHORIZED, Asking, identity_token
from tests.services.doors import allow
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

EXPIRED = "Unauthorized. Token is expired"
REFUSED = "refresh token invalid"


@pytest.fixture
async def asking(client: httpx2.AsyncClient, core: Core, acme: Cast) -> Asking:
    await allow(core, acme, token_lifetime="7d")
    return Asking(client, acme)


async def refresh(asking: Asking, refresh_token: str, id: str | None = "ann", **more: Any) -> httpx2.Response:
    named = {} if id is None else {"user_id": id}
    return await asking.ask("POST", "refresh_user_token", data={"refresh_token": refresh_token} | named, **more)


def message_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


@on_both_databases
async def test_two_polls_that_refresh_at_once_get_the_same_pair(asking: Asking, clock: SetClock) -> None:
    account = await asking.account("ann", "k1")
    clock.forward(days=7)
    answers = await asyncio.gather(*(refresh(asking, account["refresh_token"]) for _ in range(4)))
    assert [it.status_code for it in answers] == [200] * 4
    pairs = {(it.json()["results"]["token"], it.json()["results"]["refresh_token"]) for it in answers}
    [(token, _)] = pairs
    assert (await asking.profile(token)).status_code == 200


async def test_the_sdks_read_the_moment_and_the_alphabet(asking: Asking, clock: SetClock) -> None:
    clock.forward(microseconds=123_456)
    account = await asking.account("ann", "k1")
    assert account["token_expires_at"] == "2026-11-28T12:00:00Z", "whole seconds: Android's pattern has no fractions"
    results = (await refresh(asking, account["refresh_token"])).json()["results"]
    assert results.keys() == {"token", "refresh_token", "token_expires_at"}
    assert re.fullmatch(r"\w+", results["token"]), "the SDK makes an MQTT topic of it"
    assert re.fullmatch(r"[0-9T:-]{19}Z", results["token_expires_at"])


async def test_every_way_to_log_in_brings_a_refresh_token(asking: Asking, core: Core, acme: Cast) -> None:
    token = identity_token(core, acme, await asking.nonce(), prn="ben")
    by_token = (await asking.verify(token)).json()["results"]["user"]
    assert (await refresh(asking, by_token["refresh_token"], "ben")).status_code == 200
    headers = {"QISCUS-SDK-SECRET": acme.signing_secret, "QISCUS-SDK-APP-ID": acme.app.slug}
    old = await asking.client.post(
        "/api/v2/rest/login_or_register", headers=headers, json={"email": "ann", "username": "Ann", "password": "k1"}
    )
    account = old.json()["results"]["user"]
    assert (await refresh(asking, account["refresh_token"])).status_code == 200


async def test_a_token_for_a_server_expires_and_its_session_with_it(
    asking: Asking, core: Core, acme: Cast, clock: SetClock
) -> None:
    account = await asking.account("ann", "k1")
    token = (await asking.rest("GET", "get_user_token", params={"user_id": "ann"})).json()["results"]["token"]
    assert (await asking.profile(token)).status_code == 200
    clock.forward(days=7)
    assert message_of(await asking.profile(token)) == (403, EXPIRED)
    assert len(await sessions.list_of(core, acme.app, account["id"])) == 1, "the one that can be refreshed"


async def test_resetting_a_users_token_leaves_nothing_to_refresh(asking: Asking) -> None:
    account = await asking.account("ann", "k1")
    await asking.rest("POST", "reset_user_token", json={"user_id": "ann"})
    assert (await asking.profile(account["token"])).json() == UNAUTHORIZED
    assert message_of(await refresh(asking, account["refresh_token"])) == (401, REFUSED)


async def test_logging_out_with_an_expired_token_ends_what_could_be_refreshed(asking: Asking, clock: SetClock) -> None:
    account = await asking.account("ann", "k1")
    clock.forward(days=7)
    answer = await asking.ask("POST", "logout", token=account["token"], data={"user_id": "ann"})
    assert (answer.status_code, answer.json()) == (200, {"status": 200, "results": {}})
    assert message_of(await refresh(asking, account["refresh_token"])) == (401, REFUSED)


@pytest.mark.parametrize("named", ["ben", "nobody", "", "/+#", "x" * 300])
async def test_somebody_elses_name_beside_a_ticket_is_refused_and_spends_nothing(asking: Asking, named: str) -> None:
    account, _ = await asking.account("ann", "k1"), await asking.account("ben", "k2")
    answer = await refresh(asking, account["refresh_token"], named)
    if named:  # what is empty is not given
        assert message_of(answer) == (401, REFUSED)
    assert (await refresh(asking, account["refresh_token"], None)).status_code == 200


async def test_what_is_no_ticket_is_refused_whoever_asks(asking: Asking) -> None:
    account = await asking.account("ann", "k1")
    for text in (account["token"], account["refresh_token"][:-1] + "x", "nonsense", "😀" * 100):
        assert message_of(await refresh(asking, text)) == (401, REFUSED)
        assert message_of(await refresh(asking, text, token=account["token"])) == (401, REFUSED)
    answer = await asking.ask("POST", "refresh_user_token", json={"user_id": "ann"})
    assert message_of(answer) == (400, "refresh_token is required")


async def test_a_deactivated_user_refreshes_nothing(asking: Asking) -> None:
    account = await asking.account("ann", "k1")
    await asking.rest("DELETE", "deactivate_users", json={"user_ids": ["ann"]})
    assert message_of(await refresh(asking, account["refresh_token"])) == (401, REFUSED)
    await asking.rest("POST", "reactivate_users", json={"user_ids": ["ann"]})
    assert message_of(await refresh(asking, account["refresh_token"])) == (401, REFUSED)


async def test_the_login_never_says_the_words_that_make_sdks_refresh(asking: Asking, clock: SetClock) -> None:
    account = await asking.account("ann", "k1")
    clock.forward(days=7)
    wrong = await asking.ask(
        "POST", "login_or_register", token=account["token"], data={"email": "ann", "password": "k2"}
    )
    assert message_of(wrong) == (401, "wrong password")


async def test_the_mobile_sdks_are_told_that_tokens_are_refreshed(asking: Asking, core: Core, acme: Cast) -> None:
    async def told() -> bool:
        return bool((await asking.ask("GET", "config")).json()["results"]["enable_refresh_token"])

    assert await told()
    await allow(core, acme, token_lifetime=None)
    assert not await told()
    account = await asking.account("ann", "k1")
    assert (account["refresh_token"], account["token_expires_at"]) == ("", "")


async def test_an_app_cannot_choose_a_time_that_the_sdks_timer_cannot_count(core: Core, acme: Cast) -> None:
    await allow(core, acme, token_lifetime="24d")
    with pytest.raises(Unacceptable):
        await allow(core, acme, token_lifetime="25d")
