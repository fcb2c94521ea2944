"""The token that Acme's server signs: every way it can be wrong, and what the app is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain.errors import Unacceptable
from acquaint.domain.events import EventKind
from acquaint.domain.paging import PageAsked
from acquaint.services import apps, history
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.kustomer.phones import Phone, refusal, signed
from tests.support.clock import SetClock

NOW = "the server's clock"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(secret: str, payload: str, header: str = '{"alg":"HS256","typ":"JWT"}', digest: str = "sha256") -> str:
    """A token of exactly these texts, signed as the vendor's sample does: the secret as it is written."""
    head = f"{b64(header.encode())}.{b64(payload.encode())}"
    return f"{head}.{b64(hmac.new(secret.encode(), head.encode(), digest).digest())}"


def payload(core: Core, **claims: Any) -> str:
    return json.dumps({"externalId": "acct-7731", "iat": int(core.clock().timestamp())} | claims)


@pytest.mark.parametrize("body", [{}, {"externalToken": ""}, {"externalToken": "  "}, {"externalToken": None},
                                  {"externalToken": 7}, {"externalToken": ["x"]}, {"jwt": "x"}])  # fmt: skip
async def test_row_1_without_a_token_there_is_nothing_to_check(phone: Phone, body: dict[str, Any]) -> None:
    answer = await phone.ask("POST", "/c/v1/identity", json=body)
    assert refusal(answer) == (400, "bad_request", "externalToken is required")


@pytest.mark.parametrize(
    "token",
    ["abc", "a.b", "a.b.c.d", "a.b.c", "..", "e30.e30.e30", f"{b64(b'[]')}.{b64(b'{}')}.x", "ä.ö.ü", "a b.c d.e f"],
)
async def test_row_2_what_is_no_jwt_is_malformed(phone: Phone, token: str) -> None:
    status, code, detail = refusal(await phone.log_in(token))
    assert (status, code) == (401, "invalid_jwt")
    assert detail.startswith("malformed token") or detail == "unsupported algorithm"


@pytest.mark.parametrize("payload", ["[]", "7", "null", '"x"', "", "{", "\x00"])
async def test_row_2_a_payload_is_an_object(phone: Phone, acme: Cast, payload: str) -> None:
    status, code, detail = refusal(await phone.log_in(by_hand(acme.signing_secret, payload)))
    assert (status, code, detail[:15]) == (401, "invalid_jwt", "malformed token")


@pytest.mark.parametrize("alg", ["none", "None", "HS384", "HS512", "RS256", "hs256", "", "ES256"])
async def test_row_3_there_is_one_algorithm(phone: Phone, core: Core, acme: Cast, alg: str) -> None:
    token = by_hand(acme.signing_secret, payload(core), json.dumps({"alg": alg, "typ": "JWT"}))
    assert refusal(await phone.log_in(token)) == (401, "invalid_jwt", "unsupported algorithm")
    unsigned = token.rpartition(".")[0] + "."
    assert refusal(await phone.log_in(unsigned)) == (401, "invalid_jwt", "unsupported algorithm")


@pytest.mark.parametrize("typ", ["JWS", "at+jwt", "", "JW T"])
async def test_row_4_another_type_is_no_log_in_token(phone: Phone, core: Core, acme: Cast, typ: str) -> None:
    token = by_hand(acme.signing_secret, payload(core), json.dumps({"alg": "HS256", "typ": typ}))
    status, code, detail = refusal(await phone.log_in(token))
    assert (status, code, detail[:14]) == (401, "invalid_jwt", "unexpected typ")


@pytest.mark.parametrize("typ", ["jwt", "Jwt", "JWT"])
async def test_row_4_the_type_is_compared_in_any_case(phone: Phone, core: Core, acme: Cast, typ: str) -> None:
    token = by_hand(acme.signing_secret, payload(core), json.dumps({"alg": "HS256", "typ": typ}))
    assert (await phone.log_in(token)).status_code == 201


async def test_row_5_a_missing_type_is_refused_unless_the_app_says_otherwise(
    phone: Phone, core: Core, acme: Cast
) -> None:
    token = by_hand(acme.signing_secret, payload(core), '{"alg":"HS256"}')
    assert refusal(await phone.log_in(token))[:2] == (401, "invalid_jwt")
    await apps.change_policy(core, acme.app, {"token_requires_typ": False})
    assert (await phone.log_in(token)).status_code == 201


async def test_row_6_a_signature_of_somebody_else_is_refused(
    phone: Phone, core: Core, acme: Cast, globex: Cast
) -> None:
    decoded = base64.urlsafe_b64encode(acme.signing_secret.encode()).decode()
    for secret in (acme.api_key, globex.signing_secret, "secret", decoded, hashlib.sha256(b"x").hexdigest()):
        token = by_hand(secret, payload(core))
        assert refusal(await phone.log_in(token)) == (401, "invalid_jwt", "signature verification failed")


async def test_row_6_a_changed_payload_is_refused(phone: Phone, core: Core, acme: Cast) -> None:
    head, _, signature = by_hand(acme.signing_secret, payload(core)).split(".")
    forged = f"{head}.{b64(payload(core, externalId='acct-1').encode())}.{signature}"
    assert refusal(await phone.log_in(forged)) == (401, "invalid_jwt", "signature verification failed")


async def test_row_7_an_old_secret_is_good_until_it_is_retired(
    phone: Phone, tablet: Phone, core: Core, acme: Cast, clock: SetClock
) -> None:
    await apps.rotate_secret(core, acme.app)
    assert (await phone.log_in(signed(core, acme, email=ann.email))).status_code == 201
    old = next(it for it in await apps.secrets_of(core, acme.app) if it.text == acme.signing_secret)
    await apps.retire_secret(core, acme.app, old.id)
    answer = await tablet.log_in(signed(core, acme, email=ann.email))
    assert refusal(answer) == (401, "invalid_jwt", "signature verification failed")
    assert await phone.is_verified()


@pytest.mark.parametrize(
    ("iat", "detail"),
    [
        (None, "iat must be a number of seconds"),
        ("1767225600", "iat must be a number of seconds"),
        (True, "iat must be a number of seconds"),
        ([], "iat must be a number of seconds"),
        (1_795_262_400_000, "iat looks like milliseconds"),
        (10**11 + 1, "iat looks like milliseconds"),
        (-(10**30), "iat is not a moment"),
    ],
)
async def test_rows_9_and_10_iat_is_a_number_of_seconds(
    phone: Phone, core: Core, acme: Cast, iat: Any, detail: str
) -> None:
    token = by_hand(acme.signing_secret, payload(core, iat=iat))
    assert refusal(await phone.log_in(token)) == (401, "invalid_jwt", detail)


async def test_row_8_iat_is_required(phone: Phone, acme: Cast) -> None:
    token = by_hand(acme.signing_secret, '{"externalId":"acct-7731"}')
    assert refusal(await phone.log_in(token)) == (401, "invalid_jwt", "iat is required")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "1" * 50])
async def test_row_9_iat_is_no_number_beyond_measure(phone: Phone, acme: Cast, number: str) -> None:
    token = by_hand(acme.signing_secret, '{"externalId":"acct-7731","iat":' + number + "}")
    assert refusal(await phone.log_in(token))[:2] == (401, "invalid_jwt")


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (900, (201, None, None)),
        (901, (401, "expired_jwt", "iat is older than 15 minutes")),
        (960, (401, "expired_jwt", "iat is older than 15 minutes")),
        (-900, (201, None, None)),
        (-901, (401, "invalid_jwt", "iat is in the future")),
        (0.5, (201, None, None)),
    ],
)
async def test_rows_11_to_13_a_token_is_good_for_fifteen_minutes_either_way(
    phone: Phone, core: Core, acme: Cast, age: float, expected: tuple[int, str | None, str | None]
) -> None:
    now = int(core.clock().timestamp())
    answer = await phone.log_in(signed(core, acme, externalId="acct-1", iat=now - age))
    if expected[0] == 201:
        assert answer.status_code == 201
        return
    assert refusal(answer) == expected
    assert answer.json()["errors"][0]["meta"] == {"claim": "iat", "skewSeconds": age, "serverTime": now}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": -61}, (401, "expired_jwt", "exp has passed")),
        ({"exp": -59}, None),
        ({"nbf": 61}, (401, "invalid_jwt", "nbf has not come yet")),
        ({"nbf": 59}, None),
        ({"exp": "soon"}, (401, "invalid_jwt", "exp must be a number of seconds")),
    ],
)
async def test_row_14_exp_and_nbf_are_obeyed_where_they_are_given(
    phone: Phone, core: Core, acme: Cast, claims: dict[str, Any], expected: tuple[int, str, str] | None
) -> None:
    now = int(core.clock().timestamp())
    given = {name: value if isinstance(value, str) else now + value for name, value in claims.items()}
    answer = await phone.log_in(signed(core, acme, externalId="acct-1", **given))
    assert answer.status_code == 201 if expected is None else refusal(answer) == expected


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, (401, "invalid_jwt", "email or externalId is required")),
        ({"email": "", "externalId": " "}, (401, "invalid_jwt", "email or externalId is required")),
        ({"externalId": 7731}, (401, "invalid_jwt", "externalId must be a string")),
        ({"externalId": {"id": "x"}}, (401, "invalid_jwt", "externalId must be a string")),
        ({"email": ["ann@example.com"]}, (401, "invalid_jwt", "email must be a string")),
        ({"externalId": "x" * 257}, (400, "bad_request", None)),
        ({"externalId": "a\u0007b"}, (400, "bad_request", "externalId contains control characters")),
        ({"email": "not an address"}, (400, "bad_request", "email is not an e-mail address")),
        ({"email": "ann@", "externalId": "acct-1"}, (400, "bad_request", "email is not an e-mail address")),
        ({"email": "a" * 250 + "@example.com"}, (400, "bad_request", "email is not an e-mail address")),
    ],
)
async def test_rows_15_to_18_somebody_is_named_by_one_good_identifier(
    phone: Phone, core: Core, acme: Cast, claims: dict[str, Any], expected: tuple[int, str, str | None]
) -> None:
    status, code, detail = refusal(await phone.log_in(signed(core, acme, **claims)))
    assert (status, code) == expected[:2]
    assert expected[2] in (None, detail)


@pytest.mark.parametrize(
    ("claims", "known_as"),
    [
        ({"email": "Ann@Example.com ", "externalId": "acct-1"}, ("ann@example.com", None)),
        ({"email": "", "externalId": "acct-1"}, (None, "acct-1")),
        ({"email": None, "externalId": "Acct-1 "}, (None, "Acct-1 ")),
        ({"externalId": "x" * 255}, (None, "x" * 255)),
    ],
)
async def test_rows_19_and_20_the_email_wins(
    phone: Phone, core: Core, acme: Cast, claims: dict[str, Any], known_as: tuple[str | None, str | None]
) -> None:
    said = (
        await phone.logged_in(by_hand(acme.signing_secret, json.dumps({"iat": int(core.clock().timestamp())} | claims)))
    )["attributes"]
    assert (said["email"], said["externalId"]) == known_as


async def test_external_ids_are_compared_exactly(phone: Phone, tablet: Phone, core: Core, acme: Cast) -> None:
    one = await phone.logged_in(signed(core, acme, externalId="acct"))
    other = await tablet.logged_in(signed(core, acme, externalId="Acct"))
    assert one["relationships"]["customer"] != other["relationships"]["customer"]


async def test_row_21_one_token_is_good_on_two_devices(phone: Phone, tablet: Phone, core: Core, acme: Cast) -> None:
    jwt = signed(core, acme, email=ann.email)
    one, other = await phone.logged_in(jwt), await tablet.logged_in(jwt)
    assert one["relationships"]["customer"] == other["relationships"]["customer"]


async def test_row_27_a_payload_is_read_in_one_way_only(phone: Phone, core: Core, acme: Cast) -> None:
    now = int(core.clock().timestamp())
    twice = f'{{"externalId":"acct-1","externalId":"acct-2","iat":{now}}}'
    large = payload(core, more="x" * 4096)
    for text in (twice, large):
        status, code, detail = refusal(await phone.log_in(by_hand(acme.signing_secret, text)))
        assert (status, code, detail[:15]) == (401, "invalid_jwt", "malformed token")


async def test_other_claims_are_ignored(phone: Phone, core: Core, acme: Cast) -> None:
    jwt = signed(
        core, acme, externalId="acct-1", iss="them", aud="us", sub="x", verified=False, orgId="65c0", role="admin"
    )
    assert (await phone.log_in(jwt)).status_code == 201


async def test_refusals_have_one_title_and_say_where(phone: Phone) -> None:
    [error] = (await phone.log_in("a.b.c")).json()["errors"]
    assert (error["title"], error["message"]) == ("Unauthorized", "Unauthorized")
    assert error["source"] == {"pointer": "/externalToken"}


async def test_a_refused_log_in_changes_nothing_and_is_remembered(phone: Phone, core: Core, acme: Cast) -> None:
    session = await phone.chat("Still here")
    tracking = await phone.tracking_id()
    await phone.log_in(signed(core, acme, secret="guessed, and long enough", externalId="acct-1"))
    assert (await phone.tracking_id(), await phone.is_verified()) == (tracking, False)
    assert await phone.reads(session) == ["Still here"]
    audit = await history.audit(core, acme.app, PageAsked())
    refused = [it.details["doubt"] for it in audit.items if it.kind is EventKind.SIGN_IN_REFUSED]
    assert refused == ["bad_signature"]


async def test_log_ins_of_one_tracking_are_limited(phone: Phone, tablet: Phone) -> None:
    answers = [await phone.log_in("a.b.c") for _ in range(11)]
    assert [it.status_code for it in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert refusal(answers[-1])[1] == "rate_limited"
    assert (await tablet.log_in("a.b.c")).status_code == 401


async def test_the_age_of_a_token_is_the_apps_to_choose(phone: Phone, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"token_max_age": "30s"})
    late = int((core.clock() - timedelta(seconds=31)).timestamp())
    answer = await phone.log_in(signed(core, acme, externalId="acct-1", iat=late))
    assert refusal(answer) == (401, "expired_jwt", "iat is older than 30 seconds")


async def test_row_12_how_far_it_may_be_ahead_is_the_apps_to_narrow(phone: Phone, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"token_max_future": "1m"})
    now = int(core.clock().timestamp())
    answer = await phone.log_in(signed(core, acme, externalId="acct-1", iat=now + 61))
    assert refusal(answer) == (401, "invalid_jwt", "iat is in the future")
    assert (await phone.log_in(signed(core, acme, externalId="acct-1", iat=now + 60))).status_code == 201


async def test_row_25_an_app_is_never_without_a_secret_and_one_signed_before_is_a_bad_signature(
    phone: Phone, core: Core, acme: Cast
) -> None:
    jwt = signed(core, acme, externalId="acct-1")
    [first] = await apps.secrets_of(core, acme.app)
    with pytest.raises(Unacceptable):
        await apps.retire_secret(core, acme.app, first.id)
    await apps.rotate_secret(core, acme.app)
    await apps.retire_secret(core, acme.app, first.id)
    assert refusal(await phone.log_in(jwt)) == (401, "invalid_jwt", "signature verification failed")
