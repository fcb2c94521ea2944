"""ID tokens: the promises of ``ports.crypto.IdTokenReader`` and ``RequestSigner``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from joserfc.jwk import ECKey, OKPKey, RSAKey

from acquaint.adapters.id_tokens import MOST_KEYS, JoseIdTokens
from acquaint.adapters.oauth1 import OAuth1Signer
from acquaint.domain.errors import TokenRefused
from acquaint.ports.crypto import IdTokenReader, IssuerKey, RequestSigner
from tests.support.issuers import certificate, ec, ed, rsa, signed

reader: IdTokenReader = JoseIdTokens()
signer: RequestSigner = OAuth1Signer()
CLAIMS = {"sub": "ann-1"}


def jwk(key: RSAKey | ECKey | OKPKey, **other: Any) -> dict[str, Any]:
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
        {"use": "enc"}, {"alg": "ES256"}, {"alg": "EdDSA"}, {"alg": "HS256"}, {"alg": "none"}, {"kty": "oct"},
        {"kty": "EC"}, {"kty": "OKP", "crv": "Ed25519"},
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


KEY_OF: dict[str, RSAKey | ECKey | OKPKey] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), rsa("first")),
    "ES256": ec("curve"),
    "ES384": ec("wider", "P-384"),
    "ES512": ec("widest", "P-521"),
    "Ed25519": ed("edwards"),
    "EdDSA": ed("edwards"),
}


@pytest.mark.parametrize("algorithm", KEY_OF)
def test_every_algorithm_is_spoken_and_a_key_that_says_it_is_for_none_of_the_others(algorithm: str) -> None:
    """RFC 8725, section 3.1: what it would verify otherwise is shown by a key that says nothing."""
    key = KEY_OF[algorithm]
    (found,) = keys(jwk(key, alg=algorithm)).values()
    honest = signed(CLAIMS, key, {"alg": algorithm})
    assert reader.verify(honest, found).claims == CLAIMS
    of_the_same_key = {other for other, its in KEY_OF.items() if its is key} - {algorithm, "EdDSA", "Ed25519"}
    for other in of_the_same_key:
        with pytest.raises(TokenRefused) as refused:
            reader.verify(signed(CLAIMS, key, {"alg": other}), found)
        assert refused.value.claim == "alg"
    header, payload, signature = honest.split(".")
    with pytest.raises(TokenRefused):
        reader.verify(f"{header}.{payload}.{signature[:-4]}AAAA", found)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"])
def test_a_key_that_does_not_say_what_it_is_for_is_for_what_its_kind_is(algorithm: str) -> None:
    (found,) = keys(jwk(KEY_OF[algorithm])).values()
    assert reader.verify(signed(CLAIMS, KEY_OF[algorithm], {"alg": algorithm}), found).claims == CLAIMS


def test_the_old_name_of_ed25519_and_the_new_one_are_one_algorithm_and_ed448_is_neither() -> None:
    for said in ("EdDSA", "Ed25519"):
        (found,) = keys(jwk(ed("edwards"), alg=said)).values()
        for name in ("EdDSA", "Ed25519"):
            assert reader.verify(signed(CLAIMS, ed("edwards"), {"alg": name}), found).claims == CLAIMS
    others: list[Any] = ["EdDSA", "Ed448", ...]
    for said in others:
        assert keys(jwk(ed("goldilocks", "Ed448"), alg=said)) == {}
    assert keys(jwk(OKPKey.generate_key("X25519"), kid="agreeing", alg=...)) == {}
    with pytest.raises(TokenRefused):
        reader.verify(signed(CLAIMS, ed("goldilocks", "Ed448"), {"alg": "EdDSA"}), keys(jwk(ed("edwards")))["edwards"])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (ec("wider", "P-384"), "ES256"), (ec("curve"), "ES384"), (ec("curve"), "EdDSA"), (ed("edwards"), "ES256"),
        (ec("bitcoin", "secp256k1"), ...), (ec("bitcoin", "secp256k1"), "ES256K"), (rsa("first"), "RSA-OAEP"),
    ],
)  # fmt: skip
def test_a_key_that_says_to_be_for_what_it_cannot_be_is_for_nothing(key: Any, said: Any) -> None:
    assert keys(jwk(key, alg=said)) == {}


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
