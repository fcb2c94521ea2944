"""What a signed token may say: the rows of the Kustomer contract, section 4, that the core decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain.claims import SignedToken, TokenRules, identity_in
from acquaint.domain.errors import StaleToken, TokenRefused
from acquaint.domain.identities import Assurance, Identifier, Identity

from .things import NOON

RULES = TokenRules(timedelta(minutes=15), requires_typ=True)
NOW = int(NOON.timestamp())
HEADER = {"alg": "HS256", "typ": "JWT"}


def read(claims: Mapping[str, Any], header: Mapping[str, Any] = HEADER, rules: TokenRules = RULES) -> Identity:
    return identity_in(SignedToken(header, claims), rules, NOON)


def refusal_of(claims: Mapping[str, Any], header: Mapping[str, Any] = HEADER) -> TokenRefused:
    with pytest.raises(TokenRefused) as refusal:
        read(claims, header)
    return refusal.value


def fresh(**claims: Any) -> dict[str, Any]:
    return {"iat": NOW, "email": "ann@example.com"} | claims


@pytest.mark.parametrize("typ", ["JWT", "jwt", "Jwt"])
def test_row_4_typ_is_jwt_in_any_case_of_letters(typ: str) -> None:
    assert read(fresh(), {"alg": "HS256", "typ": typ}).assurance is Assurance.VERIFIED


@pytest.mark.parametrize("typ", ["JWE", "at+jwt", "", " JWT", 1, True, ["JWT"], {"JWT": 1}])
def test_row_4_another_typ_is_refused(typ: object) -> None:
    assert refusal_of(fresh(), {"alg": "HS256", "typ": typ}).claim == "typ"


@pytest.mark.parametrize("header", [{"alg": "HS256"}, {"alg": "HS256", "typ": None}])
def test_row_5_a_missing_typ_is_refused_unless_the_policy_waives_it(header: dict[str, Any]) -> None:
    assert refusal_of(fresh(), header).claim == "typ"
    assert read(fresh(), header, TokenRules(RULES.max_age, requires_typ=False)).identifiers


def test_row_8_iat_is_required() -> None:
    assert refusal_of({"email": "ann@example.com"}).claim == "iat"
    assert refusal_of({"email": "ann@example.com", "exp": NOW + 60}).claim == "iat"


@pytest.mark.parametrize("iat", ["1767225600", "now", "", None, True, False, [NOW], {}, float("nan"), float("inf")])
def test_row_9_iat_is_a_number(iat: object) -> None:
    refusal = refusal_of(fresh(iat=iat))
    assert (refusal.claim, refusal.why) == ("iat", "must be a number of seconds")


@pytest.mark.parametrize("iat", [NOW * 1000, NOW * 1000.0, 10**11 + 1, 10**19, 10**400, 1e300])
def test_row_10_milliseconds_are_recognised_as_such(iat: float) -> None:
    assert "milliseconds" in refusal_of(fresh(iat=iat)).why


@pytest.mark.parametrize("iat", [-(10**19), -(10**400), -1e300, -1e17])
def test_a_number_that_is_no_moment_is_refused_and_breaks_nothing(iat: float) -> None:
    assert refusal_of(fresh(iat=iat)).claim == "iat"


@pytest.mark.parametrize("iat", [NOW, NOW - 900, NOW + 900, NOW - 899.5, NOW + 0.25])
def test_rows_11_to_13_fifteen_minutes_either_way_are_fresh(iat: float) -> None:
    assert read(fresh(iat=iat)).identifiers


@pytest.mark.parametrize(
    ("iat", "allowed"), [(NOW - 901, 900), (NOW - 900, None), (NOW + 60, None), (NOW + 60.5, 60), (NOW + 899, 60)]
)
def test_row_12_an_app_may_want_less_of_the_future_than_of_the_past(iat: float, allowed: int | None) -> None:
    rules = TokenRules(RULES.max_age, requires_typ=True, max_future=timedelta(minutes=1))
    if allowed is None:
        assert read(fresh(iat=iat), rules=rules).identifiers
        return
    with pytest.raises(StaleToken) as refusal:
        read(fresh(iat=iat), rules=rules)
    assert refusal.value.allowed == timedelta(seconds=allowed)


@pytest.mark.parametrize("iat", [NOW - 900.5, NOW - 901, NOW + 901, 0, -1, 1e11])
def test_rows_11_and_12_more_is_stale_and_the_refusal_measures_it(iat: float) -> None:
    refusal = refusal_of(fresh(iat=iat))
    assert isinstance(refusal, StaleToken)
    assert refusal.claim == "iat"
    assert refusal.skew == timedelta(seconds=NOW - iat)
    assert (refusal.allowed, refusal.now) == (RULES.max_age, NOON)


@pytest.mark.parametrize(
    ("claims", "blamed"),
    [
        ({"exp": NOW - 61}, "exp"),
        ({"exp": 0}, "exp"),
        ({"exp": str(NOW + 60)}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 10**400}, "exp"),
        ({"nbf": NOW + 61}, "nbf"),
        ({"nbf": "soon"}, "nbf"),
        ({"nbf": None}, "nbf"),
    ],
)
def test_row_14_exp_and_nbf_are_obeyed_where_they_are_given(claims: dict[str, Any], blamed: str) -> None:
    assert refusal_of(fresh(**claims)).claim == blamed


@pytest.mark.parametrize("claims", [{"exp": NOW - 60}, {"exp": NOW + 1.5}, {"nbf": NOW + 60}, {"nbf": 0}, {}])
def test_row_14_within_a_minute_of_them_a_token_is_good(claims: dict[str, Any]) -> None:
    assert read(fresh(**claims)).identifiers


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"email": None},
        {"email": ""},
        {"email": "  "},
        {"externalId": ""},
        {"externalId": " \t"},
        {"email": "", "externalId": None},
        {"Email": "ann@example.com"},
        {"external_id": "acct-1"},
        {"sub": "acct-1"},
        {"user_id": 7},
    ],
)
def test_row_15_somebody_must_be_named(named: dict[str, Any]) -> None:
    refusal = refusal_of({"iat": NOW} | named)
    assert (refusal.claim, refusal.why) == ("email", "or externalId is required")


@pytest.mark.parametrize("value", [7731, 1.5, True, ["ann@example.com"], {"$ne": None}])
@pytest.mark.parametrize("claim", ["email", "externalId"])
def test_row_16_a_name_is_a_string(claim: str, value: object) -> None:
    assert refusal_of({"iat": NOW, claim: value}).claim == claim


def test_row_16_a_broken_email_is_refused_even_beside_a_good_external_id() -> None:
    assert refusal_of({"iat": NOW, "email": 1, "externalId": "acct-1"}).claim == "email"
    assert refusal_of({"iat": NOW, "email": "ann@example.com", "externalId": 1}).claim == "externalId"


@pytest.mark.parametrize("value", ["x" * 256, "a\x00b", "a\nb", "a\u202eb", "\ud800", "x\udfff"])
def test_row_17_an_external_id_is_neither_endless_nor_invisible(value: str) -> None:
    assert refusal_of({"iat": NOW, "externalId": value}).claim == "externalId"


@pytest.mark.parametrize(
    "value", ["ann", "ann@", "ann@example.com\x00", "\uff20", "x" * 250 + "@example.com", "\ud800@x"]
)
def test_row_18_a_broken_email_is_no_reason_to_take_the_external_id(value: str) -> None:
    assert refusal_of({"iat": NOW, "email": value, "externalId": "acct-1"}).claim == "email"


def test_row_19_email_wins_and_the_external_id_is_not_kept() -> None:
    assert read(fresh(externalId="acct-1")).identifiers == (Identifier.email("ann@example.com"),)


@pytest.mark.parametrize("email", ["", None, "   "])
def test_row_20_without_an_email_the_external_id_names_the_user(email: str | None) -> None:
    identity = read({"iat": NOW, "email": email, "externalId": " Acct-7731 "})
    assert identity.identifiers == (Identifier.external_id(" Acct-7731 "),)  # exact: not trimmed, not lowered


def test_an_email_is_normalised_before_it_names_anybody() -> None:
    assert read(fresh(email=" Ann@EXAMPLE.com ")).identifiers == (Identifier.email("ann@example.com"),)


def test_other_claims_change_nothing_about_who_it_is() -> None:
    """Mass assignment by claims: a token says who, and the name to show; nothing else of it is believed."""
    plain = read(fresh())
    assert read(fresh(verified=False, role="admin", app_id=2, custom={"plan": "gold"}, tags=["vip"], id=1)) == plain


@pytest.mark.parametrize("name", [7, ["Ann"], "x" * 256, "A\x00nn", "A\ud800nn"])
def test_a_name_that_cannot_be_kept_refuses_the_token(name: object) -> None:
    assert refusal_of(fresh(name=name)).claim == "name"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda it: st.lists(it, max_size=2),
    max_leaves=3,
)


@given(st.dictionaries(st.sampled_from(["iat", "exp", "nbf", "email", "externalId", "name"]), anything), anything)
def test_whatever_a_token_says_it_is_believed_or_refused(claims: dict[str, Any], typ: object) -> None:
    try:
        identity = read(claims, {"typ": typ})
    except TokenRefused:
        return
    assert identity.assurance is Assurance.VERIFIED
    assert len(identity.identifiers) == 1
