"""Identity tokens: every claim, every order of things that must not work."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from acquaint.domain.errors import TokenRefused
from acquaint.domain.identities import Identifier
from acquaint.domain.sessions import Lifetime
from acquaint.services import apps, sign_in, users
from acquaint.services.admission import Place
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking, identity_token
from tests.support.clock import SetClock

HOUR = 3600
NOON = 1795262400  # where the clock of tests stands


@pytest.fixture
def asking(client: httpx2.AsyncClient, acme: Cast) -> Asking:
    return Asking(client, acme)


def details(answer: httpx2.Response) -> str:
    assert answer.status_code == 401, answer.text
    error = answer.json()["error"]
    assert error["message"] == "identity token invalid"
    return str(error["detailed_messages"][0])


@pytest.mark.parametrize(
    ("claims", "blamed"),
    [
        ({"iss": None}, "iss must be"),
        ({"iss": "acme-2"}, "iss must be"),
        ({"iss": "acm"}, "iss must be"),
        ({"iss": ["acme"]}, "iss must be"),
        ({"iat": None}, "iat is required"),
        ({"iat": "now"}, "iat must be"),
        ({"iat": True}, "iat must be"),
        ({"iat": NOON + 61, "exp": NOON + 120}, "iat has not come yet"),
        ({"exp": None}, "exp is required"),
        ({"exp": str(NOON + 120)}, "exp must be"),
        ({"exp": NOON - 61, "iat": NOON - 120}, "exp has passed"),
        ({"exp": NOON + HOUR + 1}, "exp is more than 3600 s after iat"),
        ({"exp": 2**60}, "exp looks like milliseconds"),
        ({"exp": (NOON + 120) * 1000}, "exp looks like milliseconds"),
        ({"nbf": NOON + 61}, "nbf has not come yet"),
        ({"nce": None}, "nce is required"),
        ({"nce": 7}, "nce must be"),
        ({"nce": "x" * 40}, "nce is unknown"),
        ({"prn": None}, "prn is required"),
        ({"prn": ""}, "prn cannot be blank"),
        ({"prn": "ann/#"}, "prn may only have"),
        ({"prn": ["ann"]}, "prn must be"),
        ({"prn": "a" * 300}, "prn is longer"),
        ({"name": {"a": 1}}, "name must be"),
        ({"name": "x" * 300}, "name is longer"),
        ({"name": "a\0"}, "name contains"),
        ({"extras": "vip"}, "extras must be"),
        ({"extras": {str(number): number for number in range(101)}}, "extras has more than"),
    ],
)
async def test_the_claim_that_is_to_blame_is_named(
    asking: Asking, core: Core, acme: Cast, claims: dict[str, Any], blamed: str
) -> None:
    nonce = await asking.nonce()
    assert details(await asking.verify(identity_token(core, acme, nonce, **claims))).startswith(blamed)
    answer = await asking.verify(identity_token(core, acme, nonce))
    assert answer.status_code == 200, "the nonce was spent by a token that was not believed"


@pytest.mark.parametrize("header", [{"ver": None}, {"ver": "v1"}, {"ver": 2}])
async def test_the_header_says_which_kind_of_token_it_is(
    asking: Asking, core: Core, acme: Cast, header: dict[str, Any]
) -> None:
    token = identity_token(core, acme, await asking.nonce(), header=header)
    assert details(await asking.verify(token)) == "ver must be v2"


@pytest.mark.parametrize(
    "claims",
    [
        {"nbf": None},
        {"nbf": NOON + 60},
        {"exp": NOON - 60, "iat": NOON - 120},
        {"exp": NOON + HOUR},
        {"iat": NOON + 60},
        {"iat": float(NOON)},
        {"prn": 42},
        {"name": None, "avatar_url": None, "extras": None},
    ],
)
async def test_these_are_believed(asking: Asking, core: Core, acme: Cast, claims: dict[str, Any]) -> None:
    answer = await asking.verify(identity_token(core, acme, await asking.nonce(), **claims))
    assert answer.status_code == 200, answer.text


async def test_of_twenty_uses_of_one_token_one_logs_in(asking: Asking, core: Core, acme: Cast) -> None:
    token = identity_token(core, acme, await asking.nonce())
    answers = await asyncio.gather(*[asking.verify(token) for _ in range(20)])
    assert sorted(it.status_code for it in answers) == [200] + [401] * 19


async def test_a_nonce_lives_ten_minutes(asking: Asking, core: Core, acme: Cast, clock: SetClock) -> None:
    nonce = await asking.nonce()
    clock.forward(minutes=10)
    assert details(await asking.verify(identity_token(core, acme, nonce))).startswith("nce is unknown")


async def test_a_nonce_of_another_app_is_nothing_here(
    asking: Asking, core: Core, acme: Cast, client: httpx2.AsyncClient
) -> None:
    other = Asking(client, Cast(await apps.create(core, "Other")))
    token = identity_token(core, acme, await other.nonce())
    assert details(await asking.verify(token)).startswith("nce is unknown")


async def test_another_apps_secret_signs_nothing_here(asking: Asking, core: Core, acme: Cast) -> None:
    other = await apps.create(core, "Other")
    token = identity_token(core, acme, await asking.nonce(), secret=other.signing_secret)
    assert details(await asking.verify(token)).startswith("signature ")


async def test_the_app_that_a_token_names_must_have_signed_it(asking: Asking, core: Core, acme: Cast) -> None:
    """Without the header only ``iss`` says whose it is: it chooses the secrets, and proves nothing."""
    other = await apps.create(core, "Other")
    token = identity_token(core, acme, await asking.nonce(), secret=other.signing_secret)
    body = {"identity_token": token}
    assert details(await asking.client.post("/api/v2/sdk/auth/verify_identity_token", json=body)).startswith(
        "signature "
    )


async def test_secrets_rotate_calmly(asking: Asking, core: Core, acme: Cast) -> None:
    newer = await apps.rotate_secret(core, acme.app)
    for secret in (acme.signing_secret, newer.text):
        token = identity_token(core, acme, await asking.nonce(), secret=secret)
        assert (await asking.verify(token)).status_code == 200
    oldest = (await apps.secrets_of(core, acme.app))[0]
    await apps.retire_secret(core, acme.app, oldest.id)
    token = identity_token(core, acme, await asking.nonce())
    assert details(await asking.verify(token)).startswith("signature ")


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS512", "RS256", ""])
async def test_no_other_algorithm_is_believed(asking: Asking, core: Core, acme: Cast, alg: str) -> None:
    _, claims, signature = identity_token(core, acme, await asking.nonce()).split(".")
    header = json.dumps({"alg": alg, "typ": "JWT", "ver": "v2"}).encode()
    forged = base64.urlsafe_b64encode(header).decode().rstrip("=")
    for end in (signature, ""):
        assert details(await asking.verify(f"{forged}.{claims}.{end}")).startswith("alg ")


async def test_tokens_of_other_doors_are_nothing_here_nor_the_other_way_round(
    asking: Asking, core: Core, acme: Cast
) -> None:
    now = int(core.clock().timestamp())
    kustomers = core.signer.sign({"iat": now, "email": "ann@example.com"}, acme.signing_secret)
    assert details(await asking.verify(kustomers)) == "ver must be v2"
    ours = identity_token(core, acme, await asking.nonce())
    with pytest.raises(TokenRefused, match="bad_claim"):
        await sign_in.sign_in_with_token(core, acme.app, ours, Place("kustomer", Lifetime(at_most=timedelta(days=30))))


async def test_where_tokens_register_nobody_the_app_is_told(asking: Asking, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"registers_on_token": False})
    answer = await asking.verify(identity_token(core, acme, await asking.nonce()))
    assert details(answer) == "prn names nobody, and this App registers nobody by token"


async def test_a_deactivated_user_does_not_come_in_by_token(asking: Asking, core: Core, acme: Cast) -> None:
    account = (await asking.verify(identity_token(core, acme, await asking.nonce()))).json()["results"]["user"]
    await users.ban(core, acme.app, account["id"])
    answer = await asking.verify(identity_token(core, acme, await asking.nonce()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 401300)


async def test_what_the_token_says_is_vouched_for_and_replaces_what_the_user_said(
    asking: Asking, core: Core, acme: Cast
) -> None:
    account = await asking.account("ann", "k1", username="Ann", extras={"role": "admin"})
    token = identity_token(core, acme, await asking.nonce(), name="Anna", extras={"plan": "gold"})
    answer = (await asking.verify(token)).json()["results"]["user"]
    assert (answer["id"], answer["username"], answer["extras"]) == (account["id"], "Anna", {"plan": "gold"})
    assert (await users.find(core, acme.app, Identifier.login("ann"))).profile.custom == {"plan": "gold"}


async def test_whoever_took_an_id_first_is_out_once_its_owner_comes_by_token(
    asking: Asking, core: Core, acme: Cast
) -> None:
    squatter = await asking.account("ann", "chosen by eve")
    owner = (await asking.verify(identity_token(core, acme, await asking.nonce()))).json()["results"]["user"]
    assert owner["id"] == squatter["id"]
    assert (await asking.profile(squatter["token"])).status_code == 403
    assert (await asking.log_in("ann", "chosen by eve")).status_code == 401
    assert (await asking.profile(owner["token"])).status_code == 200


async def test_a_key_that_the_apps_server_set_stays_when_its_user_comes_by_token(
    asking: Asking, core: Core, acme: Cast
) -> None:
    await asking.account("ann", "chosen by eve")
    set_key = {"user_id": "ann", "username": "Ann", "password": "set by Acme"}
    assert (await asking.rest("POST", "login_or_register", json=set_key)).status_code == 200
    assert (await asking.verify(identity_token(core, acme, await asking.nonce()))).status_code == 200
    assert (await asking.log_in("ann", "set by Acme")).status_code == 200
    assert (await asking.log_in("ann", "chosen by eve")).status_code == 401


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "e30.e30.e30", "x" * 5000, "é.é.é", "a.W10.c", "a.eyJpc3MiOjF9.c"]
)
async def test_texts_that_are_no_tokens_are_refused_with_and_without_an_app(asking: Asking, token: str) -> None:
    body = {"identity_token": token}
    for headers in ({"QISCUS-SDK-APP-ID": asking.acme.app.slug}, {}):
        answer = await asking.client.post("/api/v2/sdk/auth/verify_identity_token", json=body, headers=headers)
        assert answer.status_code in (400, 401), answer.text
        assert answer.json()["status"] == answer.status_code
