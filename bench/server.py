"""Acquaint as it is measured: ``acquaint serve`` on a fresh SQLite file, with one App, and limits off.

All the bench knows of Acquaint's APIs is in this file.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from .machine import CORES, Process, free_port, serving

ACQUAINT: Final = (sys.executable, "-m", "acquaint")
ENVIRON: Final = {"ACQUAINT_LIMITS": "off"}  # everything else as it is by default, writing logs included
NATIVE: Final = "/acquaint/v1"
QISCUS: Final = "/api/v2/sdk"
KUSTOMER: Final = "/c/v1"
OPENCX: Final = "/backend/widget/v2"
JSON: Final = "application/json"
PASSWORD: Final = "correct horse battery staple"


@dataclass(frozen=True)
class Call:
    """A request to be made: a GET, or a POST where there is a body."""

    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> str:
        return json.dumps(self.body)


@dataclass(frozen=True)
class Acquaint:
    """A running server with an App."""

    process: Process
    data: Path
    app: Mapping[str, Any]  # as ``apps create --json`` printed it

    @property
    def database(self) -> Path:
        return self.data / "acquaint.db"

    @property
    def _slug(self) -> str:
        return str(self.app["slug"])

    def native_check(self) -> Call:
        """A session check over the native API, by somebody with a name."""
        token = self.ask(self.token_login(0))["token"]
        return Call(f"{NATIVE}/session", headers=_bearer(token))

    def qiscus_check(self) -> Call:
        headers = {"QISCUS-SDK-APP-ID": self._slug}
        body = {"email": "ann", "password": "k1", "username": "Ann"}
        token = self.ask(Call(f"{QISCUS}/login_or_register", body, headers))["results"]["user"]["token"]
        return Call(f"{QISCUS}/my_profile", headers={**headers, "QISCUS-SDK-TOKEN": token})

    def connectycube_check(self) -> Call:
        opened = {"application_id": str(self.app["app_id"]), "auth_key": self.app["auth_key"]}
        ann = {"login": "anna", "password": PASSWORD, "full_name": "Ann"}
        token = self.ask(Call("/session", opened))["session"]["token"]
        self.ask(Call("/users", {"user": ann}, {"CB-Token": token}))
        token = self.ask(Call("/session", {**opened, "user": ann}))["session"]["token"]
        return Call("/session", headers={"CB-Token": token})

    def kustomer_check(self) -> Call:
        """Of somebody who logged in: the one route of the vendor's that says no more than who is there."""
        org, path = {"X-Kustomer-Org": self._slug}, f"{KUSTOMER}/tracking/tokens/current"
        token = self.ask(Call(path, headers=org))["data"]["attributes"]["token"]
        known = {**org, "X-Kustomer-Tracking-Token": token}
        external = signed(self.app["signing_secret"], {"externalId": "ann", "iat": int(time.time())})
        self.ask(Call(f"{KUSTOMER}/identity", {"externalToken": external}, known))
        return Call(path, headers=known)

    def opencx_check(self) -> Call:
        """The list of somebody's conversations, of which there is none: the vendor has nothing smaller."""
        ann = {"email": "ann@acme.example", "name": "Ann"}
        token = self.ask(Call("/widget/authenticate-user", ann, _bearer(self.app["api_key"])))["token"]
        headers = {"X-Bot-Token": self.app["widget_token"], **_bearer(token)}
        return Call(f"{OPENCX}/sessions", headers=headers)

    def arrival(self) -> Call:
        """Nobody in particular, on a device that was never here. Answers a ``token``."""
        return Call(f"{NATIVE}/sessions", {"app": self._slug})

    def first_words(self, token: str) -> Call:
        return Call(f"{NATIVE}/conversations", {"message": {"text": "Hello, is anybody there?"}}, _bearer(token))

    def token_login(self, number: int, seconds_ago: int = 0) -> Call:
        claims = {"externalId": f"user-{number}", "name": f"User {number}", "iat": int(time.time()) - seconds_ago}
        return Call(f"{NATIVE}/sessions", {"app": self._slug, "token": signed(self.app["signing_secret"], claims)})

    def registration(self, number: int) -> Call:
        login = self.password_login(number)
        return Call(login.path, {**(login.body or {}), "register": True})

    def password_login(self, number: int) -> Call:
        return Call(f"{NATIVE}/sessions", {"app": self._slug, "login": f"login-{number}", "password": PASSWORD})

    def ask(self, call: Call) -> dict[str, Any]:
        return dict(json.loads(self.text_of(call)))

    def text_of(self, call: Call) -> str:
        connection = http.client.HTTPConnection(urlsplit(self.process.url).netloc, timeout=10)
        try:
            if call.body is None:
                connection.request("GET", call.path, headers=dict(call.headers))
            else:
                connection.request("POST", call.path, call.json, {"Content-Type": JSON, **call.headers})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{call.path} answered {answer.status}: {text[:500]}")
        return text


@contextmanager
def acquaint(folder: Path, *, cores: Sequence[int] = CORES.server) -> Iterator[Acquaint]:
    data, port = folder / "data", free_port()
    create = [*ACQUAINT, "--data", str(data), "apps", "create", "--name", "Bench", "--json"]
    created = subprocess.run(create, check=True, capture_output=True, text=True)
    command = [*ACQUAINT, "--data", str(data), "serve", "--port", str(port)]
    with serving(command, port=port, log=folder / "acquaint.log", ready="/readyz", environ=ENVIRON, cores=cores) as it:
        yield Acquaint(it, data, json.loads(created.stdout))


def signed(secret: str, claims: Mapping[str, Any]) -> str:
    """A token as an App's server signs it."""
    text = ".".join(_base64(json.dumps(it).encode()) for it in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{text}.{_base64(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
