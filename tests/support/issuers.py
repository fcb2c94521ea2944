"""Identity providers of the tests' own: an issuer with keys, and a web server that answers by path.

Pages    a server, what it answers at each path, and what it was asked
Issuer   keys, discovery, key set, certificates, and tokens signed with them
"""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.support.web import WebServer, answering, page

JSON = "application/json"


@dataclass
class Question:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @classmethod
    def of(cls, raw: bytes) -> Question:
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        parts = urlsplit(target)
        fields = {name.lower(): value.strip() for name, _, value in (it.partition(":") for it in lines)}
        return cls(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), fields, body)


Page = bytes | Callable[[Question], bytes]


@dataclass
class Pages:
    """``at[path]`` is what is answered there; anything else is 404."""

    at: dict[str, Page] = field(default_factory=dict)
    server: WebServer = field(default_factory=WebServer)
    held: asyncio.Event | None = None  # while it is there and not set, every answer waits
    arrivals: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def asked(self) -> list[Question]:
        return [Question.of(it) for it in self.server.asked]

    async def arrived(self, questions: int) -> None:
        """Waits until so many more questions have come."""
        for _ in range(questions):
            await self.arrivals.get()

    def says(self, path: str, data: Any, status: str = "200 OK", **headers: str) -> None:
        self.at[path] = said(data, status, **headers)


def said(data: Any, status: str = "200 OK", **headers: str) -> bytes:
    return page(json.dumps(data).encode(), status, Content_Type=JSON, **headers)


@asynccontextmanager
async def pages() -> AsyncIterator[Pages]:
    it = Pages()

    async def talk(writer: asyncio.StreamWriter) -> None:
        question = Question.of(it.server.asked[-1])
        it.arrivals.put_nowait(None)
        if it.held is not None:
            await it.held.wait()
        answer = it.at.get(question.path, page(b"", "404 Not Found"))
        writer.write(answer(question) if callable(answer) else answer)
        await writer.drain()

    async with answering(talk) as server:
        it.server = server
        yield it


@cache
def rsa(name: str) -> RSAKey:
    """The RSA key of this name; making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": name})


@cache
def ec(name: str, curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, {"kid": name})


@cache
def ed(name: str, curve: Literal["Ed25519", "Ed448"] = "Ed25519") -> OKPKey:
    return OKPKey.generate_key(curve, {"kid": name})


@dataclass
class Issuer:
    """An issuer of ID tokens at ``pages``; ``url`` is its name."""

    pages: Pages
    keys: list[RSAKey | ECKey | OKPKey]
    clock: Callable[[], datetime]
    path: str = ""

    @property
    def url(self) -> str:
        return self.pages.url + self.path

    def publish(self, **headers: str) -> Issuer:
        """Discovery, the key set, and Google's form of it."""
        discovery = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.pages.says(f"{self.path}/.well-known/openid-configuration", discovery, **headers)
        keys = [{**it.as_dict(private=False), "use": "sig", "alg": algorithm_of(it)} for it in self.keys]
        self.pages.says(f"{self.path}/keys", {"keys": keys}, **headers)
        certificates = {str(it.kid): certificate(str(it.kid)) for it in self.keys if isinstance(it, RSAKey)}
        self.pages.says(f"{self.path}/certificates", certificates, **headers)
        return self

    def claims(self, **other: Any) -> dict[str, Any]:
        now = int(self.clock().timestamp())
        usual = {"iss": self.url, "aud": "acme-web", "sub": "ann-1", "iat": now, "exp": now + 3600}
        return {name: value for name, value in (usual | other).items() if value is not ...}

    def token(self, key: Any = None, header: Any = None, **claims: Any) -> str:
        """Signed with the first key; a claim that is ``...`` is left out."""
        key = key or self.keys[0]
        return signed(self.claims(**claims), key, {"alg": algorithm_of(key), "kid": key.kid, **(header or {})})


def algorithm_of(key: RSAKey | ECKey | OKPKey) -> str:
    match key:
        case OKPKey():
            return "Ed25519"
        case ECKey():
            return {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[key.curve_name]
    return "RS256"


def signed(claims: Mapping[str, Any], key: RSAKey | ECKey | OKPKey | OctKey, header: Mapping[str, Any]) -> str:
    """With whatever algorithm the header names."""
    registry = JWSRegistry(algorithms=list(JWSRegistry.algorithms), strict_check_header=False)
    whole = {name: value for name, value in header.items() if value is not ...}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # EdDSA is an old name
        return jwt.encode(whole, dict(claims), key, registry=registry, default_type=None)


@cache
def certificate(name: str) -> str:
    """Of the RSA key of this name, in PEM, as Google publishes them."""
    private = rsa(name).private_key
    assert isinstance(private, RSAPrivateKey)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "securetoken.test")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=3650))
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()
