"""Attack 3: claims that are missing, of another type, or beyond measure (GHSA-wxg7-w2v3-w38g, CVE-2024-53861).

The token is properly signed throughout: an App's own server may be wrong, and its users may choose what it signs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from acquaint.adapters.jose import JoseSigner
from acquaint.domain.claims import TokenRules, identity_in
from acquaint.domain.errors import StaleToken, TokenRefused
from acquaint.domain.identities import Assurance, Identity

SECRET = "acqx_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4cD5eF6gH7iJ"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = TokenRules(max_age=timedelta(minutes=15), requires_typ=True)


def signed(claims: str) -> str:
    said = b".".join(
        base64.urlsafe_b64encode(it).rstrip(b"=") for it in (b'{"alg":"HS256","typ":"JWT"}', claims.encode())
    )
    mac = base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), said, hashlib.sha256)).rstrip(b"=")
    return (said + b"." + mac).decode()


def who(claims: str) -> Identity:
    return identity_in(JoseSigner().verify(signed(claims), [SECRET]), RULES, NOW)


def refused(claims: str) -> TokenRefused:
    with pytest.raises(TokenRefused) as refusal:
        who(claims)
    return refusal.value


ISSUED = int(NOW.timestamp())
GOOD = {"externalId": "ann", "iat": ISSUED}


def test_the_token_that_is_bent_below_is_good_as_it_is() -> None:
    assert who(json.dumps(GOOD)).assurance is Assurance.VERIFIED


@pytest.mark.parametrize("left_out", sorted(GOOD))
def test_a_claim_that_is_required_is_required(left_out: str) -> None:
    without = {name: value for name, value in GOOD.items() if name != left_out}
    assert refused(json.dumps(without)).claim in {left_out, "email"}
    assert refused(json.dumps({**GOOD, left_out: None})).claim in {left_out, "email"}


def test_a_token_without_an_end_is_as_old_as_its_iat() -> None:
    assert isinstance(refused(json.dumps({**GOOD, "iat": ISSUED - 901})), StaleToken)
    assert isinstance(refused(json.dumps({**GOOD, "iat": ISSUED + 901})), StaleToken)


@pytest.mark.parametrize("claim", ["iat", "exp", "nbf"])
@pytest.mark.parametrize(
    "value",
    [
        '"1767268800"', "true", "false", "[]", "{}", "[1767268800]", "NaN", "Infinity", "-Infinity",
        "1e999", "-1e999", "1e308", "-1e308",
        "9" * 30, "9" * 400, "-" + "9" * 400, "9" * 2500, "1767268800000", '"1e10"', '""', "0x10",
    ],
)  # fmt: skip
def test_a_time_is_a_sane_number_of_seconds(claim: str, value: str) -> None:
    others = {name: it for name, it in GOOD.items() if name != claim}
    assert refused(json.dumps(others)[:-1] + f',"{claim}":{value}' + "}").claim in {claim, "token"}


@pytest.mark.parametrize("value", ["1", "true", "[]", '["ann"]', '{"$ne":null}', "1.5"])
@pytest.mark.parametrize("claim", ["externalId", "email", "name"])
def test_a_name_is_a_text_and_nothing_like_one(claim: str, value: str) -> None:
    others = {name: it for name, it in GOOD.items() if name != claim}
    assert refused(json.dumps(others)[:-1] + f',"{claim}":{value}' + "}").claim == claim


@pytest.mark.parametrize("value", [r'"\ud800"', r'"ann\udfff"', r'"\uD83Dann"'])
def test_half_a_character_is_no_text(value: str) -> None:
    assert refused(f'{{"iat":{ISSUED},"externalId":{value}}}').claim == "token"


def test_fractions_of_seconds_are_fine() -> None:
    assert who(json.dumps({**GOOD, "iat": NOW.timestamp() + 0.25})).assurance is Assurance.VERIFIED
