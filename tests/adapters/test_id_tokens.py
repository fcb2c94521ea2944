"""ID tokens: the promises of ``ports.crypto.IdTokenReader`` and ``RequestSigner``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from joserfc.jwk import ECKey, RSAKey

from acquaint.adapters.id_tokens import MOST_KEYS, JoseIdTokens
from acquaint.adapters.oauth1 import OAuth1Signer
from acquaint.domain.errors import TokenRefused
from acquaint.ports.crypto import IdTokenReader, IssuerKey, RequestSigner
from tests.support.issuers import certificate, ec, rsa, signed

reader: IdTokenReader = JoseIdTokens()
signer: RequestSigner = OAuth1Signer()
CLAIMS = {"sub": "ann-1"}


def jwk(key: RSAKey | ECKey, **other: Any) -> dict[str, Any]:
    whole = {**key.as_dict(private=False), "kid": key.kid} | other
    return {name: value for name, value in whole.items() if value is not ...}


def keys(*found: Any) -> dict[str, IssuerKey]:
    return dict(reader.keys_in(json.dumps({"keys": list(found)}).encode()))


def test_a_key_set_and_certificates_give_the_same_key() -> None:
    token = signed(CLAIMS, rsa("first"), {"alg": "RS256", "kid": "first"})
    from_set = keys(jwk(rsa("first"), use="sig", alg="RS256"), jwk(ec("curve")))
    from_certificates = reader.keys_in(json.dumps({"first": certificate("first")}).encode())
    assert (set(from_set), set(from_certificates)) == ({"first", "curve"}, {"first"})
    for found in (from_set, dict(from_certificates)):
        assert reader.verify(token, found[reader.kid_of(token)]).claims == CLAIMS


def test_the_private_part_of_a_published_key_does_no_harm_and_is_not_kept() -> None:
    (key,) = keys({**rsa("first").as_dict(private=True), "kid": "first"}).values()
    assert not key.key.is_private  # type: ignore[attr-defined]
    assert reader.verify(signed(CLAIMS, rsa("first"), {"alg": "RS256"}), key).claims == CLAIMS


@pytest.mark.parametrize(
    "other",
    [
        {"use": "enc"}, {"alg": "RS512"}, {"alg": "HS256"}, {"alg": "none"}, {"kty": "oct"}, {"kty": "EC"},
        {"n": "AQAB"}, {"e": ...}, {"n": 7}, {"n": None}, {"n": "!"}, {"kid": 7}, {"kid": ["first"]},
        {"alg": ["RS256"]},
    ],
    ids=str,
)  # fmt: skip
def test_a_key_that_is_not_one_of_ours_to_use_is_left_out(other: dict[str, Any]) -> None:
    assert keys(jwk(rsa("first"), **other)) == {}


@pytest.mark.parametrize("other", [{"crv": "P-384"}, {"crv": "P-521"}, {"x": "AA"}, {"alg": "RS256"}, {"y": ...}])
def test_so_is_a_curve_that_is_not(other: dict[str, Any]) -> None:
    assert keys(jwk(ec("curve"), **other)) == {}


def test_a_key_is_for_one_algorithm() -> None:
    found = keys(jwk(rsa("first")), jwk(ec("curve")))
    for key, header, used in (
        (rsa("first"), "RS256", "curve"),
        (ec("curve"), "ES256", "first"),
    ):
        with pytest.raises(TokenRefused) as refused:
            reader.verify(signed(CLAIMS, key, {"alg": header}), found[used])
        assert refused.value.claim == "alg"
    with pytest.raises(TokenRefused):
        reader.verify(signed(CLAIMS, rsa("first"), {"alg": "RS256"}), IssuerKey("first"))


def test_no_document_has_us_read_keys_without_end() -> None:
    assert len(keys(*(jwk(rsa("first"), kid=str(it)) for it in range(MOST_KEYS + 50)))) == MOST_KEYS


@pytest.mark.parametrize("document", [b"", b"7", b"[]", b"null", b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_no_document_is_a_value_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        reader.keys_in(document)


@given(
    some.recursive(
        some.none() | some.booleans() | some.integers() | some.text(),
        lambda inner: some.lists(inner) | some.dictionaries(some.sampled_from(["keys", "kty", "n", "e", "kid"]), inner),
    )
)
def test_no_json_breaks_the_reading_of_keys(document: Any) -> None:
    try:
        assert isinstance(reader.keys_in(json.dumps(document).encode()), dict)
    except ValueError:
        assert not isinstance(document, dict)


@given(some.text() | some.from_regex(r"[A-Za-z0-9_-]{1,40}(\.[A-Za-z0-9_-]{0,40}){2}", fullmatch=True))
def test_no_text_breaks_the_reading_of_tokens(token: str) -> None:
    with pytest.raises(TokenRefused):
        reader.verify(token, keys(jwk(rsa("first")))["first"])


def test_a_request_is_signed_as_oauth_has_it() -> None:
    """The example of OAuth Core 1.0a, appendix A.5."""
    header = signer.authorization(
        "GET",
        "http://photos.example.net/photos?file=vacation.jpg&size=original",
        consumer_key="dpf43f3p2l4k3l03",
        consumer_secret="kd94hf93k423kf44",
        token="nnch734d00sl2jdk",
        token_secret="pfkkdhi9sl3r4s00",
        nonce="kllo9940pd9333jh",
        timestamp=1191242096,
    )
    assert 'oauth_signature="tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D"' in header
