"""Attack 2: a token with extensions that must be understood and are not (CVE-2026-32597, CVE-2025-59420)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from acquaint.adapters.jose import JoseSigner
from acquaint.domain.errors import TokenRefused

SECRET = "acqx_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4cD5eF6gH7iJ"


def signed(header: bytes, payload: bytes = b'{"email":"ann@example.com","iat":1}', *, encoded: bool = True) -> str:
    """Properly signed: without the defence each of these would be believed."""
    said = base64.urlsafe_b64encode(header).rstrip(b"=") + b"."
    said += base64.urlsafe_b64encode(payload).rstrip(b"=") if encoded else payload
    mac = hmac.digest(SECRET.encode(), said, hashlib.sha256)
    return (said + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def refused(token: str) -> str:
    with pytest.raises(TokenRefused) as refusal:
        JoseSigner().verify(token, [SECRET])
    return refusal.value.claim


@pytest.mark.parametrize(
    "crit", [["bork"], ["exp"], ["alg"], ["b64"], [], None, "bork", 1, {}, [1], ["http://example.com/UNDEFINED"]]
)
def test_whatever_must_be_understood_is_refused(crit: object) -> None:
    assert refused(signed(json.dumps({"alg": "HS256", "crit": crit, "bork": 1}).encode())) == "crit"


@pytest.mark.parametrize("b64", [False, True, None, "false"])
def test_a_payload_that_is_not_encoded_is_refused_with_and_without_crit(b64: object) -> None:
    assert refused(signed(json.dumps({"alg": "HS256", "b64": b64}).encode())) == "b64"
    assert refused(signed(json.dumps({"alg": "HS256", "b64": b64, "crit": ["b64"]}).encode())) == "crit"
    assert refused(signed(json.dumps({"alg": "HS256", "b64": b64}).encode(), b"email-ann", encoded=False)) == "b64"


def test_the_same_token_without_extensions_is_believed() -> None:
    assert JoseSigner().verify(signed(b'{"alg":"HS256"}'), [SECRET]).claims["email"] == "ann@example.com"


def test_a_name_said_twice_is_refused_in_header_and_claims_at_any_depth() -> None:
    """The library itself takes the last: whoever checked with another, which takes the first, saw another token."""
    assert json.loads(b'{"alg":"HS256","alg":"none"}') == {"alg": "none"}
    assert refused(signed(b'{"alg":"none","alg":"HS256"}')) == "token"
    assert refused(signed(b'{"alg":"HS256","\\u0061lg":"HS256"}')) == "token"
    assert (
        refused(signed(b'{"alg":"HS256"}', b'{"email":"eve@example.com","iat":1,"email":"ann@example.com"}')) == "token"
    )
    assert refused(signed(b'{"alg":"HS256"}', b'{"custom":{"a":1,"a":2},"iat":1}')) == "token"


def test_a_token_has_one_spelling_only() -> None:
    """Base64 leaves bits over at the end of a part; setting them makes another text that says the same."""
    token = signed(b'{"alg":"HS256"}')
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelled = token[:-1] + digits[digits.index(token[-1]) + 1]
    assert base64.urlsafe_b64decode(respelled.rpartition(".")[2] + "=") == base64.urlsafe_b64decode(
        token.rpartition(".")[2] + "="
    )
    assert refused(respelled) in {"signature", "token"}
    for other in (
        token + "=",
        token.replace("_", "/").replace("-", "+") + "==",
        " " + token,
        token + "\n",
        token.replace(".", "..", 1),
    ):
        assert refused(other) in {"token", "signature"}
    header, claims, mac = token.split(".")
    assert refused(f"{header}\n.{claims}.{mac}") == "token"


def test_a_token_of_encrypted_or_json_form_is_not_read() -> None:
    header, claims, mac = signed(b'{"alg":"HS256"}').split(".")
    assert refused(json.dumps({"protected": header, "payload": claims, "signature": mac})) == "token"
    assert refused(".".join([header, "", "AAAA", claims, mac])) == "token"
    assert refused(signed(b'{"alg":"dir","enc":"A256GCM","zip":"DEF"}')) == "alg"


def test_nesting_without_end_is_refused_and_no_crash() -> None:
    for payload in (b"[" * 2800, b'{"a":' * 560, b'{"a":' + b"[" * 2700 + b"]" * 0):
        assert refused(signed(b'{"alg":"HS256"}', payload)) == "token"
