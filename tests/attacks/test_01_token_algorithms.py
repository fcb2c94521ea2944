"""Attack 1: the token says how it wants to be checked (CVE-2026-27962, CVE-2022-29217, CVE-2024-33663)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from acquaint.adapters.jose import JoseSigner
from acquaint.domain.errors import TokenRefused

SECRET = "acqx_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4cD5eF6gH7iJ"
EVES_SECRET = "acqx_eve-made-this-secret-herself-and-it-is-long-enough-too"
CLAIMS = {"email": "ann@example.com", "iat": 1_700_000_000}


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def token(header: object, *, key: bytes | None) -> str:
    said = f"{part(header)}.{part(CLAIMS)}"
    mac = b"" if key is None else hmac.digest(key, said.encode(), hashlib.sha256)
    return f"{said}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def refused(forged: str, *secrets: str) -> str:
    with pytest.raises(TokenRefused) as refusal:
        JoseSigner().verify(forged, secrets or (SECRET,))
    return refusal.value.claim


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_library_left_to_itself_would_believe_a_token_that_says_none() -> None:
    forged = token({"alg": "none"}, key=None)
    assert jwt.decode(forged, OctKey.import_key(SECRET), algorithms=["HS256", "none"]).claims == CLAIMS


@pytest.mark.parametrize(
    "alg",
    ["none", "None", "NONE", "nOnE", "", "hs256", "HS384", "HS512", "RS256", "HS256 ", None, ["HS256"], 256, True],
)
def test_the_algorithm_is_hs256_whatever_the_token_says(alg: object) -> None:
    assert refused(token({"alg": alg, "typ": "JWT"}, key=None)) == "alg"
    assert refused(token({"alg": alg, "typ": "JWT"}, key=SECRET.encode())) == "alg"


def test_an_algorithm_left_out_is_refused_and_not_guessed() -> None:
    assert refused(token({"typ": "JWT"}, key=SECRET.encode())) == "alg"


def test_hs384_and_hs512_with_the_right_secret_are_refused_too() -> None:
    key = OctKey.import_key(SECRET)
    for alg in ("HS384", "HS512"):
        honest = jwt.encode({"alg": alg}, dict(CLAIMS), key, algorithms=[alg])
        assert jwt.decode(honest, key, algorithms=[alg]).claims == CLAIMS
        assert refused(honest) == "alg"


def test_a_signature_that_was_left_out_or_cut_is_no_signature() -> None:
    whole = token({"alg": "HS256"}, key=SECRET.encode())
    said = whole.rpartition(".")[0]
    assert refused(said + ".") == "signature"
    assert refused(said + "." + whole.rpartition(".")[2][:20]) in {"signature", "token"}
    assert refused(said + ".AAAA") == "signature"


def test_a_key_in_the_header_is_not_used_and_not_passed_over() -> None:
    """Eve signs with her own key and sends the key along: whoever takes it from there finds the signature good."""
    k = base64.urlsafe_b64encode(EVES_SECRET.encode()).rstrip(b"=").decode()
    bringing = {
        "jwk": {"kty": "oct", "k": k},
        "jku": "https://eve.example/keys.json",
        "x5u": "https://eve.example/chain.pem",
        "x5c": ["MIIB"],
    }
    forged = token({"alg": "HS256", "jwk": bringing["jwk"]}, key=EVES_SECRET.encode())
    assert jwt.decode(forged, OctKey.import_key({"kty": "oct", "k": k})).claims == CLAIMS  # it would work
    for name, value in bringing.items():
        assert refused(token({"alg": "HS256", name: value}, key=EVES_SECRET.encode())) == name
        assert refused(token({"alg": "HS256", name: value}, key=SECRET.encode())) == name


def test_a_kid_leads_nowhere() -> None:
    for kid in ("../../../../dev/null", "0", "' OR 1=1 --"):
        assert refused(token({"alg": "HS256", "kid": kid}, key=b"")) == "signature"
    for kid_of_no_type in (0, None, ["a"], {"a": 1}):
        assert refused(token({"alg": "HS256", "kid": kid_of_no_type}, key=SECRET.encode())) == "kid"


def test_a_public_key_is_never_taken_for_a_shared_secret() -> None:
    """Were an App's list of secrets ever to hold a public key, everybody who knows it could sign."""
    pem = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    forged = token({"alg": "HS256"}, key=pem)
    said, _, mac = forged.rpartition(".")
    assert hmac.digest(pem, said.encode(), hashlib.sha256) == base64.urlsafe_b64decode(mac + "=")  # it would work
    assert refused(forged, pem.decode()) == "signature"
    assert refused(forged, SECRET, pem.decode()) == "signature"


def test_asymmetric_signatures_are_refused_before_any_key_is_looked_at() -> None:
    keys: list[tuple[str, RSAKey | ECKey]] = [
        ("RS256", RSAKey.import_key(rsa.generate_private_key(public_exponent=65537, key_size=2048))),
        ("ES256", ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))),
    ]
    for alg, key in keys:
        assert refused(jwt.encode({"alg": alg, "kid": "acme"}, dict(CLAIMS), key, algorithms=[alg])) == "alg"
