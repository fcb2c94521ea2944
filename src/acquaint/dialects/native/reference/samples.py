"""Values that look like real ones, made from a schema: for the examples of the reference page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]

_BY_NAME: Final[Mapping[str, Any]] = {
    "address": "203.0.113.7",
    "api_key": "acqk_…",
    "auth_key": "acqp_…",
    "auth_secret": "acqx_…",
    "avatar_url": "https://acme.example/ann.png",
    "chat_api_key": "eyJhbGciOiJIUzI1NiIs…",
    "client_id": "b7f1",
    "content_type": "image/png",
    "details": {"door": "native", "doubt": "wrong_password"},
    "device_secret": "acqd_…",
    "door": "native",
    "email": "ann@acme.example",
    "ending": "x7Qe",
    "external_id": "42",
    "kind": "text",
    "login": "ann",
    "name": "Ann",
    "path": "/acquaint/v1/live",
    "phone": "4930901820",
    "reason": "this_device",
    "roles": ["org.user"],
    "sentence": "The conversation was joined unverified on this very device.",
    "signing_secret": "acqx_…",
    "size": 48213,
    "slug": "acme",
    "text": "Hello, where is my order?",
    "ticket": "acqt_…",
    "title": None,
    "token": "acqs_…",
    "url": "/acquaint/v1/files/Zk3…",
    "widget_token": "acqp_…",
    "workspace": None,
    "closed_at": None,
    "deleted_at": None,
    "edited_at": None,
    "expires_at": "2026-04-13T09:26:53.589Z",
    "retired_at": None,
    "revoked_at": None,
    "next": None,
    "custom": {"plan": "gold"},
    "allowed_origins": ["https://acme.example"],
    "token_max_age": 900,
    "token_max_future": None,
    "session_idle": None,
    "session_at_most": None,
    "token_lifetime": None,
    "sessions_per_user": 200,
    "password_min_length": None,
    "chat_key_max_age": None,
    "unverified_users_kept": None,
    "audit_events_kept": 34560000,
    "live_events_kept": 7776000,
    "file_space": None,
    "server_requests_per_minute": 300,
    "workspace_names_device": "random",
    "day": "2026-11-21",
    "act": "start",
    "network": None,
    "assurance": "verified",
    "sees": True,
    "is_verified": True,
    "has_device": True,
    "is_current": True,
    "is_believed": True,
    "is_shown_inline": True,
    "on_this_device": True,
    "registers_on_login": True,
    "registers_on_token": True,
    "adopts_on_sign_in": True,
    "allows_guests": True,
    "token_requires_typ": True,
    "ends_sessions_on_password_change": True,
}
_USUAL: Final = frozenset({"active", "support", "user", "verified"})


def sample(schema: Schema, schemas: Mapping[str, Schema], name: str = "") -> Any:
    """A value of the schema; ``schemas`` are those it may refer to."""
    if name in _BY_NAME and "$ref" not in schema:
        return _BY_NAME[name] if _fits(_BY_NAME[name], schema) else _chosen(schema["enum"])
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return sample(next(it for it in schema["anyOf"] if it.get("type") != "null"), schemas, name)
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return _chosen(schema["enum"])
    match schema.get("type"):
        case "object":
            return {key: sample(inner, schemas, key) for key, inner in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema["items"], schemas)]
        case "integer" | "number":
            return schema.get("default", 1)
        case "boolean":
            return schema.get("default", False)
    return "…"


def written(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _chosen(values: Sequence[Any]) -> Any:
    """The value a reader would expect, or else the first one."""
    return next((it for it in values if it in _USUAL), values[0])


def _fits(value: Any, schema: Schema) -> bool:
    return "enum" not in schema or value in schema["enum"]
