"""A small world in which every route has something to be about: so that tests can walk the declarations."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

from acquaint.dialects.native.callers import ADMIN_KEY, NOBODY, OPERATOR, USER_KEY, VISITOR
from acquaint.dialects.native.operation import Operation, Raw
from acquaint.dialects.native.routes import OPERATIONS
from tests.cast import Cast, ann, ben
from tests.dialects.native.asking import Api, Somebody

AnyOperation = Operation[Any, Any, Any, Any]

EVERY = {f"{it.method} {it.path}": it for it in OPERATIONS}
"""Every operation, by how one would call it."""


@dataclass(frozen=True)
class World:
    """Ann is signed in twice at Acme and has written; each kind of caller has a credential."""

    api: Api
    ann: Somebody
    names: dict[str, str]  # what the parameters of paths may name
    credentials: dict[str, str]  # by kind of caller

    def path(self, it: AnyOperation, **other: str) -> str:
        return re.sub(r"{(\w+)}", lambda found: (self.names | other)[found[1]], it.path)

    def sendable(self, it: AnyOperation) -> dict[str, Any]:
        """What a good request of the operation sends, as arguments of ``Api.ask``."""
        sent: dict[str, Any] = {}
        if it.body is Raw:
            sent["content"] = PICTURE if it.path == "/user/avatar" else b"x"
        elif it.example is not None:
            sent["body"] = {**it.example, **self._real(it)}
        if query := _QUERIES.get(it.path):
            sent["params"] = {name: self.names.get(value, value) for name, value in query.items()}
        return sent

    def _real(self, it: AnyOperation) -> dict[str, Any]:
        """What an example cannot know."""
        if it.path.endswith(("/read", "/received")):
            return {"up_to": self.names["message"]}
        return {"users": [self.names["other"]]} if it.path.endswith("/members") else {}

    def credential(self, it: AnyOperation) -> str | None:
        return self.credentials.get(it.caller.name)


PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
"""One pixel."""

_QUERIES = {
    "/messages": {"search": "order"},
    "/files": {"name": "a.png"},
    "/app/files": {"name": "a.png"},
    "/app/users/lookup": {"external_id": "ann-1"},
    "/conversations/{conversation}/visibility": {"session": "session"},
}


async def world_of(api: Api, acme: Cast, user_key: str, operator_key: str) -> World:
    here = await api.vouched("ann-1", name=ann.name)
    there, other = await api.vouched("ann-1"), await api.vouched("ben-1", name=ben.name)
    started = await api.post(
        "/conversations", {"kind": "group", "users": [other.user_id], "message": {"text": "private"}}, here
    )
    key = await api.as_app("POST", "/app/keys", {"name": "spare", "roles": ["org.user"]})
    secret = await api.as_app("POST", "/app/secrets", {})
    file = await api.post("/files?name=a.txt", by=here, content=b"private")
    sso = {"issuer": "https://sso.acme.example", "client_ids": ["acme-web"]}
    await api.as_app("PUT", "/app/providers", {"name": "acme-sso", "kind": "openid", "settings": sso})
    asked = {"url": "https://192.0.2.1/hooks", "events": ["user.deleted"]}  # nobody's address (RFC 5737)
    hook = await api.as_app("POST", "/app/webhooks", asked)
    webhook = hook.json()["webhook"]["id"]
    told = await api.as_app("POST", f"/app/webhooks/{webhook}/test")
    names = {
        "conversation": started.json()["id"],
        "message": started.json()["last_message"]["id"],
        "session": there.session_id,
        "user": str(here.user_id),
        "other": str(other.user_id),
        "key": key.json()["key"]["id"],
        "secret": secret.json()["secret"]["id"],
        "file": file.json()["url"].rpartition("/")[2],
        "app": "acme",
        "provider": "acme-sso",
        "webhook": webhook,
        "event": told.json()["event_id"],
    }
    credentials = {
        VISITOR.name: here.token,
        USER_KEY.name: user_key,
        ADMIN_KEY.name: acme.api_key,
        OPERATOR.name: operator_key,
    }
    assert NOBODY.name not in credentials
    return World(api, here, names, credentials)
