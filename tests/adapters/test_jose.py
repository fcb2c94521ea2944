"""Signed tokens: the promises of ``ports.crypto.TokenSigner``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquaint.adapters.jose import LONGEST_TOKEN, JoseSigner
from acquaint.domain.errors import Doubt, TokenRefused
from acquaint.ports.crypto import TokenSigner

SECRET = "acqx_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4cD5eF6gH7iJ"
OLDER = "acqx_9zY8xW7vU6tS5rQ4pO3nM2lK1jI0hG9fE8dC7bA6zY5xW4vU3tS2rQ"
STRANGE = "acqx_ööö-another-App's-secret-that-is-long-enough-as-well"

signer: TokenSigner = JoseSigner()


def part(content: object) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def by_hand(header: object, claims: object, secret: str = SECRET) -> str:
    """A token as a customer's server without any library would make it."""
    said = f"{part(header)}.{part(claims)}"
    return f"{said}.{part(hmac.digest(secret.encode(), said.encode(), hashlib.sha256))}"


HS256 = {"alg": "HS256", "typ": "JWT"}


def refusal_of(token: str, *secrets: str) -> TokenRefused:
    with pytest.raises(TokenRefused) as refused:
        signer.verify(token, secrets or (SECRET,))
    return refused.value


def test_a_token_signed_by_hand_is_read_and_one_signed_here_is_what_hands_would_make() -> None:
    claims = {"externalId": "ann", "iat": 1_700_000_000, "name": "Zoé 😀"}
    read = signer.verify(by_hand(HS256, claims), [SECRET])
    assert read.header == HS256
    assert read.claims == claims
    made = signer.sign({"externalId": "ann"}, SECRET)
    assert made == by_hand(HS256, {"externalId": "ann"})


def test_any_of_the_secrets_will_do() -> None:
    for secret in (SECRET, OLDER, STRANGE):
        assert signer.verify(by_hand(HS256, {"iat": 1}, secret), [OLDER, STRANGE, SECRET]).claims == {"iat": 1}


def test_a_secret_that_is_not_the_apps_is_named_as_the_cause() -> None:
    refused = refusal_of(by_hand(HS256, {"iat": 1}, STRANGE), OLDER, SECRET)
    assert refused.claim == "signature"
    assert refused.doubt is Doubt.BAD_SIGNATURE


def test_with_no_secrets_nothing_is_believed() -> None:
    with pytest.raises(TokenRefused) as refused:
        signer.verify(by_hand(HS256, {"iat": 1}), [])
    assert refused.value.claim == "signature"


def test_a_header_may_say_more_that_nobody_must_understand() -> None:
    header = {**HS256, "kid": "2024-05", "app_id": "acme"}
    assert signer.verify(by_hand(header, {"iat": 1}), [SECRET]).header == header
    assert signer.verify(signer.sign({"iat": 1}, SECRET, {"kid": "2024-05"}), [SECRET]).header["kid"] == "2024-05"


def test_the_typ_is_handed_on_for_the_apps_policy_to_judge() -> None:
    assert "typ" not in signer.verify(by_hand({"alg": "HS256"}, {"iat": 1}), [SECRET]).header
    assert signer.verify(by_hand({"alg": "HS256", "typ": "at+jwt"}, {"iat": 1}), [SECRET]).header["typ"] == "at+jwt"


def test_what_we_sign_always_says_hs256_and_jwt() -> None:
    for header in ({"alg": "none"}, {"typ": "at+jwt"}):
        with pytest.raises(ValueError, match="always"):
            signer.sign({}, SECRET, header)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "not a token",
        "ä.ö.ü",
        by_hand(HS256, {"iat": 1}) + "=",
        by_hand(HS256, {}) + "\n",
    ],
)
def test_what_is_no_token_is_unreadable(token: str) -> None:
    refused = refusal_of(token)
    assert refused.claim == "token"
    assert refused.doubt is Doubt.UNREADABLE_TOKEN


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b'"text"', b"1", b"null", b"{", b'{"a":1}x', b"\xff\xfe", b"\xef\xbb\xbf{}"]
)
def test_the_payload_must_be_a_json_object(payload: bytes) -> None:
    refused = refusal_of(by_hand(HS256, payload))
    assert refused.claim == "token"
    assert refused.doubt is Doubt.UNREADABLE_TOKEN


@pytest.mark.parametrize("header", [b"[]", b'"alg"', b"1", b"null", b"{", b"\xff"])
def test_the_header_must_be_a_json_object(header: bytes) -> None:
    assert refusal_of(by_hand(header, {"iat": 1})).claim == "token"


def test_a_token_may_have_four_kibibytes_and_no_more() -> None:
    def padded(length: int) -> str:
        return by_hand(HS256, {"pad": "x" * length})

    longest = max(length for length in range(2900, 3100) if len(padded(length)) <= LONGEST_TOKEN)
    assert signer.verify(padded(longest), [SECRET]).claims["pad"] == "x" * longest
    assert refusal_of(padded(longest + 1)).claim == "token"


@pytest.mark.parametrize("secret", ["", "-----BEGIN PUBLIC KEY-----"])
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_secret_that_is_none_signs_nothing_and_stands_in_nobodys_way(secret: str) -> None:
    token = by_hand(HS256, {"iat": 1})
    assert signer.verify(token, [SECRET, secret]).claims == {"iat": 1}
    assert refusal_of(token, secret).claim == "signature"


json_values = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(some.dictionaries(some.text(max_size=16), json_values, max_size=4))
def test_whatever_is_signed_is_read_again_unchanged(claims: dict[str, Any]) -> None:
    token = signer.sign(claims, SECRET)
    if len(token) <= LONGEST_TOKEN:
        assert signer.verify(token, [OLDER, SECRET]).claims == claims


@given(some.text(max_size=200) | some.from_regex(r"[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}"))
def test_whatever_a_stranger_sends_is_refused_and_never_a_bug(token: str) -> None:
    assert refusal_of(token).why
