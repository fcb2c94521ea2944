"""Attack 27: reading secrets where they were left: in logs, in the database, in events. CWE-598, CVE-2023-41335.

A whole day on a real server, with everything written down that can be; then every file is searched for every secret.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from acquaint.adapters.jose import JoseSigner
from acquaint.web import logs
from tests.cast import ann, eve, laptop
from tests.support.patience import PATIENCE, soon
from tests.support.server import Server

NATIVE, SDK, REST = "/acquaint/v1", "/api/v2/sdk", "/api/v2.1/rest"
WORDS = "what Ann said and nobody else shall read"
WRONG = "a wrong password, nearly right"
FIRST, SECOND, THIRD = "an owl in the barn", "a goat in the snow", "two hares in a field"
QISCUS_KEYS = ("7f3a-qiscus-key-of-ann", "9b1c-qiscus-key-of-ann", "e4d2-wrong-key")


class Day:
    """What happens, and every secret that is used on the way."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.made = server.create_app("Acme", slug="acme")
        self.http = httpx2.Client(base_url=server.url, timeout=PATIENCE)
        self.secrets: dict[str, str] = {
            "api key": self.made["api_key"],
            "device secret": laptop,
            "password": FIRST,
            "second password": SECOND,
            "third password": THIRD,
            "wrong password": WRONG,
            "message": WORDS,
            **{f"qiscus key {it}": it for it in QISCUS_KEYS},
        }
        self.sealed = {"signing secret": self.made["signing_secret"], "auth secret": self.made["auth_secret"]}

    def native(self, method: str, path: str, body: Any = None, by: str = "", **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {by}"} if by else {}
        return self.http.request(method, NATIVE + path, json=body, headers=headers, **more)

    def qiscus(self, method: str, call: str, body: Any = None, **headers: str) -> httpx2.Response:
        return self.http.request(method, call, json=body, headers={"QISCUS-SDK-APP-ID": "acme", **headers})

    def keep(self, name: str, secret: str) -> str:
        assert len(secret) >= 8
        self.secrets[name] = secret
        return secret

    def pass_(self) -> None:
        visit = self.native("POST", "/sessions", {"app": "acme", "device_secret": laptop}).json()
        token = self.keep("visitor's token", visit["token"])
        assert self.native("POST", "/conversations", {"message": {"text": WORDS}}, token).status_code == 201
        self.native("POST", "/conversations", {"message": {"text": WORDS}}, token, params={"token": token})  # refused
        self.native("PATCH", "/session/claims", {"email": eve.email, "token": token}, token)  # refused: unknown field
        registered = self.native("POST", "/users", {"app": "acme", "email": ann.email, "password": FIRST}).json()
        mine = self.keep("token", registered["token"])
        self.keep("another device secret", registered["device_secret"])
        self.native("POST", "/sessions", {"app": "acme", "email": ann.email, "password": WRONG})
        self.native("POST", "/user/password", {"old_password": WRONG, "new_password": SECOND}, mine)
        self.native("POST", "/user/password", {"old_password": FIRST, "new_password": SECOND}, mine)
        ticket = self.keep("live ticket", self.native("POST", "/live/tickets", {}, mine).json()["ticket"])
        self.http.get(f"{NATIVE}/live", params={"ticket": ticket})
        file = self.native("POST", "/files", by=mine, params={"name": "a.txt"}, content=WORDS.encode())
        self.keep("file's key", file.json()["url"].rpartition("/")[2])
        self.http.get(file.json()["url"])
        self.http.get(f"/nobody-has-this-path/{mine}", params={"api_key": self.made["api_key"]})
        self.reset(mine)
        self.by_token()
        self.by_qiscus()
        self.by_kustomer()
        key = self.native("POST", "/app/keys", {"name": "k", "roles": ["org.user"]}, self.made["api_key"]).json()
        self.keep("second api key", key["text"])
        operators = self.server.run("keys", "create", "--server", "--name", "operator")
        self.keep("operator's key", operators["api_key"])

    def reset(self, mine: str) -> None:
        self.native("POST", "/password-resets", {"app": "acme", "email": ann.email})
        (mail,) = self.wait_for_mail()
        reset = self.keep("reset ticket", re.findall(r"acqt_\w{49}", mail.replace("=\n", ""))[0])
        self.native("POST", "/password-resets/complete", {"ticket": reset, "password": "short"})
        assert self.native("POST", "/password-resets/complete", {"ticket": reset, "password": THIRD}).status_code == 204
        assert self.native("GET", "/session", by=mine).status_code == 401

    def wait_for_mail(self) -> list[str]:
        return [it.read_text() for it in soon(lambda: list((self.server.data / "outbox").glob("*.eml")))]

    def by_token(self) -> None:
        for age in (0, 3600):
            claims = {"externalId": "acme-ann", "iat": int(time.time()) - age}
            token = self.keep(f"signed token {age}", JoseSigner().sign(claims, self.made["signing_secret"]))
            answer = self.native("POST", "/sessions", {"app": "acme", "token": token})
            assert answer.status_code == (401 if age else 201)

    def by_qiscus(self) -> None:
        first, second, wrong = QISCUS_KEYS
        rules = self.native("PATCH", "/app/policy", {"token_lifetime": "1h"}, self.made["api_key"])
        assert rules.status_code == 200
        login = f"{SDK}/login_or_register"
        said = self.qiscus("POST", login, {"email": "ann-q", "password": first}).json()
        token = self.keep("qiscus token", said["results"]["user"]["token"])
        refresh = self.keep("refresh token", said["results"]["user"]["refresh_token"])
        answer = self.qiscus("POST", f"{SDK}/refresh_user_token", {"user_id": "ann-q", "refresh_token": refresh})
        for kind in ("token", "refresh_token"):
            self.keep(f"next {kind}", answer.json()["results"][kind])
        self.qiscus("POST", f"{SDK}/refresh_user_token", {"user_id": "ann-q", "refresh_token": refresh})
        self.http.get(f"{SDK}/my_profile", params={"refresh_token": refresh, "token": token})
        self.qiscus("POST", login, {"email": "ann-q", "password": wrong})
        self.qiscus("GET", f"{SDK}/my_profile", **{"QISCUS-SDK-TOKEN": token})
        self.keep("nonce", self.qiscus("POST", f"{SDK}/auth/nonce").json()["results"]["nonce"])
        secret = {"QISCUS-SDK-SECRET": self.made["signing_secret"]}
        self.qiscus("POST", f"{REST}/login_or_register", {"email": "ann-q", "password": second}, **secret)
        self.qiscus(
            "POST", f"{REST}/login_or_register", {"email": "ann-q", "password": second}, **{"QISCUS-SDK-SECRET": wrong}
        )

    def by_kustomer(self) -> None:
        org, chat = {"x-kustomer-org": "acme"}, "/c/v1/chat"
        said = self.http.get("/c/v1/tracking/tokens/current", headers=org).json()["data"]["attributes"]
        tracking = self.keep("tracking token", said["token"])
        claims = tracking.split(".")[1]
        self.keep("tracking token's session", json.loads(base64.urlsafe_b64decode(claims + "=="))["jti"])
        mine = org | {"x-kustomer-tracking-token": tracking}
        jwt = JoseSigner().sign({"email": eve.email, "iat": int(time.time())}, self.made["signing_secret"])
        self.keep("log-in token", jwt)
        for token in (jwt[:-2] + "xx", jwt):
            self.http.post("/c/v1/identity", headers=mine, json={"externalToken": token})
        session = self.http.post(f"{chat}/sessions", headers=mine, json={"title": "Hi"}).json()["data"]["id"]
        file = self.http.post(f"{chat}/attachments", headers=mine, json={"name": "a.txt"}).json()
        to = file["meta"]["upload"]
        self.keep("upload's ticket", to["fields"]["ticket"])
        path = httpx2.URL(to["url"]).path
        assert self.http.post(path, data=to["fields"], files={"file": ("a.txt", b"x")}).status_code == 201
        body = {"session": session, "attachments": [file["data"]["id"]]}
        message = self.http.post(f"{chat}/messages", headers=mine, json=body).json()["data"]["id"]
        found = self.http.get(f"{chat}/messages/{message}/attachments/{file['data']['id']}", headers=mine).json()
        url = httpx2.URL(found["data"]["attributes"]["url"])
        self.keep("download's ticket", url.params["ticket"])
        assert self.http.get(url.path, params=dict(url.params)).content == b"x"
        self.http.get("/c/v1/nothing", params={"token": tracking}, headers=mine)
        assert self.http.post("/c/v1/tracking/tokens", headers=mine).status_code == 201


def found_in(text: bytes, secrets: dict[str, str]) -> list[str]:
    return [name for name, secret in secrets.items() if secret.encode() in text]


def test_a_whole_day_leaves_no_secret_behind(own_server: Callable[..., Server]) -> None:
    day = Day(own_server(ACQUAINT_LOG_LEVEL="debug", ACQUAINT_LOG_READS="true"))
    with day.http:
        day.pass_()
    day.server.stop()
    careless = b"".join(it.encode() for it in day.secrets.values())
    assert found_in(careless, day.secrets) == list(day.secrets), "what is searched for would be found"
    assert len(set(day.secrets.values())) == len(day.secrets) > 20
    log = day.server.log.read_bytes()
    assert log.count(b'"event":"request"') > 20
    assert found_in(log, day.secrets | day.sealed) == []
    assert logs.MASK.encode() not in log, "nothing came so far that it had to be masked"

    database = b"".join(it.read_bytes() for it in day.server.data.glob("acquaint.db*"))
    said = {"message": day.secrets.pop("message")}
    assert found_in(database, day.secrets | day.sealed) == []
    assert found_in(database, said) == ["message"], "as documented"
    others = [it for it in day.server.data.rglob("*") if it.is_file() and not _is_known(it)]
    assert {name for it in others for name in found_in(it.read_bytes(), day.secrets)} == set()


def _is_known(path: Path) -> bool:
    """Mails hold their ticket, and files their content: that is what they are for."""
    return path.name.startswith("acquaint.db") or "outbox" in path.parts or "files" in path.parts
