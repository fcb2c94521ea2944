"""Every call of the API, as data: what to send, and how to read the answer. No I/O here.

A call is *repeatable* when sending it twice does no more than sending it once: it reads, or it carries an
Idempotency-Key (``is_keyed``), or a message's ``client_id``. Only those are sent again when no answer came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import uuid4

from . import models
from .models import Identifiers, Page

T = TypeVar("T")
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, to ``/acquaint/v1`` and the path."""

    method: str
    path: str
    read: Callable[[Any], T]
    body: Json | None = field(default=None, repr=False)
    query: Json = field(default_factory=dict)
    is_keyed: bool = False
    is_repeatable: bool = False


# For visitors


def come_in(
    app: str, *, workspace: str | None = None, device_secret: str | None = None, **way: Any
) -> Call[models.Admission]:
    place = {"app": app, "workspace": workspace, "device_secret": device_secret}
    return Call("POST", "/sessions", _one(models.Admission), _given(place | way))


def come_in_by_provider(
    app: str, provider: str, credential: Json, *, workspace: str | None, device_secret: str | None
) -> Call[models.Admission]:
    place = {"app": app, "provider": provider, "workspace": workspace, "device_secret": device_secret}
    return Call("POST", "/sessions/provider", _one(models.Admission), {**credential, **_given(place)})


def log_out() -> Call[None]:
    return Call("DELETE", "/session", _nothing, is_repeatable=True)  # the second time it has ended: just as well


def current_session() -> Call[models.CurrentSession]:
    return _get("/session", _one(models.CurrentSession))


def claim(claims: Mapping[str, Any]) -> Call[models.Session]:
    return _keyed("PATCH", "/session/claims", _one(models.Session), claims)


def own_sessions() -> Call[tuple[models.OwnSession, ...]]:
    return _get("/sessions", _items(models.OwnSession))


def end_own_session(session: str) -> Call[None]:
    return _keyed("DELETE", f"/sessions/{_id(session)}", _nothing)


def end_other_sessions() -> Call[int]:
    return _keyed("DELETE", "/sessions", _ended)


def change_self(change: Json) -> Call[models.OwnUser]:
    return _keyed("PATCH", "/user", _one(models.OwnUser), change)


def start_conversation(
    text: str | None, *, kind: str, title: str | None, users: Sequence[str], payload: Json | None
) -> Call[models.Conversation]:
    message = None if text is None else _message(text, payload=payload, client_id=None)
    body = _given({"kind": kind, "title": title, "users": list(users) or None, "message": message})
    return _keyed("POST", "/conversations", _one(models.Conversation), body)


def conversations(*, limit: int | None, after: str | None) -> Call[Page[models.Conversation]]:
    return _get("/conversations", _page(models.Conversation), limit=limit, after=after)


def conversation(id: str) -> Call[models.Conversation]:
    return _get(f"/conversations/{_id(id)}", _one(models.Conversation))


def history(
    conversation: str, *, order: models.Order, limit: int | None, after: str | None
) -> Call[Page[models.Message]]:
    path = f"/conversations/{_id(conversation)}/messages"
    return _get(path, _page(models.Message), order=order, limit=limit, after=after)


def post(conversation: str, text: str, *, payload: Json | None, client_id: str | None) -> Call[models.Message]:
    body = _message(text, payload=payload, client_id=client_id or uuid4().hex)
    path = f"/conversations/{_id(conversation)}/messages"
    return Call("POST", path, _one(models.Message), body, is_repeatable=True)


def edit(conversation: str, message: str, text: str) -> Call[models.Message]:
    path = f"/conversations/{_id(conversation)}/messages/{_id(message)}"
    return _keyed("PATCH", path, _one(models.Message), {"text": text})


def delete_message(conversation: str, message: str, whom: str) -> Call[None]:
    path = f"/conversations/{_id(conversation)}/messages/{_id(message)}"
    return Call("DELETE", path, _nothing, query={"whom": whom}, is_keyed=True, is_repeatable=True)


def add_members(conversation: str, users: Sequence[str]) -> Call[models.Conversation]:
    path = f"/conversations/{_id(conversation)}/members"
    return _keyed("POST", path, _one(models.Conversation), {"users": list(users)})


def remove_member(conversation: str, user: str) -> Call[None]:
    return _keyed("DELETE", f"/conversations/{_id(conversation)}/members/{_id(user)}", _nothing)


def leave(conversation: str) -> Call[None]:
    return _keyed("POST", f"/conversations/{_id(conversation)}/leave", _nothing)


def clear(conversation: str) -> Call[None]:
    return _keyed("POST", f"/conversations/{_id(conversation)}/clear", _nothing)


def mark_read(conversation: str, up_to: str) -> Call[models.Read]:
    return _keyed("POST", f"/conversations/{_id(conversation)}/read", _one(models.Read), {"up_to": up_to})


def rate(conversation: str, score: int, comment: str | None) -> Call[models.Rating]:
    body = _given({"score": score, "comment": comment})
    return _keyed("POST", f"/conversations/{_id(conversation)}/rating", _one(models.Rating), body)


def live_ticket() -> Call[models.LiveTicket]:
    return Call("POST", "/live/tickets", _one(models.LiveTicket), is_repeatable=True)  # an unused one expires


# For the App's server


def vouch_for(
    identifiers: Identifiers, change: Json, *, workspace: str | None, device_secret: str | None
) -> Call[models.Admission]:
    place = _given({"workspace": workspace, "device_secret": device_secret})
    body = {"identifiers": _given(asdict(identifiers)), **change, **place}
    return Call("POST", "/app/sessions", _one(models.Admission), body)


def put_user(identifiers: Identifiers, change: Json) -> Call[models.KnownUser]:
    body = {"identifiers": _given(asdict(identifiers)), **change}
    return _keyed("PUT", "/app/users", _one(models.KnownUser), body)


def users(search: Mapping[str, Any], *, limit: int | None, after: str | None) -> Call[Page[models.User]]:
    said = {name: it.isoformat() if isinstance(it, datetime) else it for name, it in search.items()}
    return _get("/app/users", _page(models.User), limit=limit, after=after, **said)


def find_user(identifiers: Identifiers) -> Call[models.User]:
    return _get("/app/users/lookup", _one(models.User), **asdict(identifiers))


def user(id: str) -> Call[models.User]:
    return _get(f"/app/users/{_id(id)}", _one(models.User))


def change_user(id: str, change: Json) -> Call[models.User]:
    return _keyed("PATCH", f"/app/users/{_id(id)}", _one(models.User), change)


def replace_identifiers(id: str, identifiers: Identifiers) -> Call[models.User]:
    return _keyed("PUT", f"/app/users/{_id(id)}/identifiers", _one(models.User), _given(asdict(identifiers)))


def delete_user(id: str) -> Call[None]:
    return _keyed("DELETE", f"/app/users/{_id(id)}", _nothing)


def ban(id: str) -> Call[models.User]:
    return _keyed("PUT", f"/app/users/{_id(id)}/ban", _one(models.User))


def lift_ban(id: str) -> Call[models.User]:
    return _keyed("DELETE", f"/app/users/{_id(id)}/ban", _one(models.User))


def set_password(id: str, password: str, *, ends_sessions: bool) -> Call[None]:
    body = {"password": password, "ends_sessions": ends_sessions}
    return _keyed("PUT", f"/app/users/{_id(id)}/password", _nothing, body)


def mint_chat_key(user: str, *, ends_sessions: bool) -> Call[models.MintedChatKey]:
    path = f"/app/users/{_id(user)}/chat-key"
    return Call("POST", path, _one(models.MintedChatKey), {"ends_sessions": ends_sessions})


def chat_keys_due(*, limit: int | None, after: str | None) -> Call[Page[models.ChatKey]]:
    return _get("/app/chat-keys/due", _page(models.ChatKey), limit=limit, after=after)


def sessions_of(user: str) -> Call[tuple[models.Session, ...]]:
    return _get(f"/app/users/{_id(user)}/sessions", _items(models.Session))


def end_session_of(user: str, session: str) -> Call[None]:
    return _keyed("DELETE", f"/app/users/{_id(user)}/sessions/{_id(session)}", _nothing)


def end_sessions_of(user: str) -> Call[int]:
    return _keyed("DELETE", f"/app/users/{_id(user)}/sessions", _ended)


def app_conversations(*, limit: int | None, after: str | None) -> Call[Page[models.AppConversation]]:
    return _get("/app/conversations", _page(models.AppConversation), limit=limit, after=after)


def app_conversation(id: str) -> Call[models.AppConversation]:
    return _get(f"/app/conversations/{_id(id)}", _one(models.AppConversation))


def app_history(
    conversation: str, *, order: models.Order, limit: int | None, after: str | None
) -> Call[Page[models.Message]]:
    path = f"/app/conversations/{_id(conversation)}/messages"
    return _get(path, _page(models.Message), order=order, limit=limit, after=after)


def answer(
    conversation: str, text: str, *, author: str, payload: Json | None, client_id: str | None
) -> Call[models.Message]:
    body = {**_message(text, payload=payload, client_id=client_id or uuid4().hex), "author": author}
    path = f"/app/conversations/{_id(conversation)}/messages"
    return Call("POST", path, _one(models.Message), body, is_repeatable=True)


def close_conversation(id: str, *, is_closed: bool, asks_rating: bool | None = None) -> Call[models.AppConversation]:
    body = _given({"is_closed": is_closed, "asks_rating": asks_rating})
    return _keyed("PATCH", f"/app/conversations/{_id(id)}", _one(models.AppConversation), body)


def mark_read_by_operators(conversation: str, up_to: str) -> Call[str]:
    path = f"/app/conversations/{_id(conversation)}/read"
    return _keyed("POST", path, lambda it: str(it["operators_read_id"]), {"up_to": up_to})


def show_typing(conversation: str, *, on: bool, operator: str | None) -> Call[None]:
    path = f"/app/conversations/{_id(conversation)}/typing"
    return Call("POST", path, _nothing, _given({"on": on, "operator": operator}))  # worth nothing later


def explain_visibility(conversation: str, session: str) -> Call[models.Visibility]:
    return _get(f"/conversations/{_id(conversation)}/visibility", _one(models.Visibility), session=session)


def app() -> Call[models.App]:
    return _get("/app", _one(models.App))


def policy() -> Call[models.Policy]:
    return _get("/app/policy", _one(models.Policy))


def change_policy(change: Json) -> Call[models.Policy]:
    return _keyed("PATCH", "/app/policy", _one(models.Policy), change)


def enforcement(*, days: int | None) -> Call[models.EnforcementReport]:
    return _get("/app/enforcement", _one(models.EnforcementReport), days=days)


def keys() -> Call[tuple[models.Key, ...]]:
    return _get("/app/keys", _items(models.Key))


def make_key(
    name: str, roles: Sequence[str], *, expires_in_days: int | None, network: str | None
) -> Call[models.MadeKey]:
    body = _given({"name": name, "roles": list(roles), "expires_in_days": expires_in_days, "network": network})
    return Call("POST", "/app/keys", _one(models.MadeKey), body)


def revoke_key(id: str) -> Call[models.Key]:
    return _keyed("DELETE", f"/app/keys/{_id(id)}", _one(models.Key))


def secrets() -> Call[tuple[models.SigningSecret, ...]]:
    return _get("/app/secrets", _items(models.SigningSecret))


def rotate_secret(*, grace_seconds: int | None) -> Call[models.MadeSecret]:
    return Call("POST", "/app/secrets", _one(models.MadeSecret), _given({"grace_seconds": grace_seconds}))


def retire_secret(id: str) -> Call[models.SigningSecret]:
    return _keyed("DELETE", f"/app/secrets/{_id(id)}", _one(models.SigningSecret))


def providers() -> Call[tuple[models.Provider, ...]]:
    return _get("/app/providers", _items(models.Provider))


def put_provider(name: str, kind: str, settings: Json, *, is_enabled: bool) -> Call[models.Provider]:
    body = {"name": name, "kind": kind, "settings": settings, "is_enabled": is_enabled}
    return _keyed("PUT", "/app/providers", _one(models.Provider), body)


def remove_provider(name: str) -> Call[None]:
    return _keyed("DELETE", f"/app/providers/{_name(name)}", _nothing)


def try_provider(name: str, credential: Json) -> Call[models.Trial]:
    return Call("POST", f"/app/providers/{_name(name)}/try", _one(models.Trial), credential, is_repeatable=True)


def webhooks() -> Call[tuple[models.Webhook, ...]]:
    return _get("/app/webhooks", _items(models.Webhook))


def webhook(id: str) -> Call[models.Webhook]:
    return _get(f"/app/webhooks/{_id(id)}", _one(models.Webhook))


def register_webhook(url: str, *, events: Sequence[str] | None, format: str) -> Call[models.MadeWebhook]:
    body = _given({"url": url, "format": format, "events": None if events is None else list(events)})
    return Call("POST", "/app/webhooks", _one(models.MadeWebhook), body)


def change_webhook(
    id: str, *, url: str | None, events: Sequence[str] | None, is_enabled: bool | None
) -> Call[models.Webhook]:
    body = _given({"url": url, "events": None if events is None else list(events), "is_enabled": is_enabled})
    return _keyed("PATCH", f"/app/webhooks/{_id(id)}", _one(models.Webhook), body)


def remove_webhook(id: str) -> Call[None]:
    return _keyed("DELETE", f"/app/webhooks/{_id(id)}", _nothing)


def rotate_webhook_secret(id: str, *, overlap_seconds: int | None) -> Call[models.MadeWebhook]:
    body = _given({"overlap_seconds": overlap_seconds})
    return Call("POST", f"/app/webhooks/{_id(id)}/secret", _one(models.MadeWebhook), body)


def test_webhook(id: str) -> Call[models.Delivery]:
    return _keyed("POST", f"/app/webhooks/{_id(id)}/test", _one(models.Delivery))


def deliveries(id: str, *, limit: int | None, after: str | None) -> Call[Page[models.Delivery]]:
    return _get(f"/app/webhooks/{_id(id)}/deliveries", _page(models.Delivery), limit=limit, after=after)


def redeliver(id: str, event: str) -> Call[models.Delivery]:
    return _keyed("POST", f"/app/webhooks/{_id(id)}/deliveries/{_id(event)}", _one(models.Delivery))


def events(*, user: str | None, kind: str | None, limit: int | None, after: str | None) -> Call[Page[models.Event]]:
    return _get("/app/events", _page(models.Event), user=user, kind=kind, limit=limit, after=after)


# How they are made


def _get(path: str, read: Callable[[Any], T], **query: Any) -> Call[T]:
    return Call("GET", path, read, query=_given(query), is_repeatable=True)


def _keyed(method: str, path: str, read: Callable[[Any], T], body: Mapping[str, Any] | None = None) -> Call[T]:
    return Call(method, path, read, body, is_keyed=True, is_repeatable=True)


def _id(id: str) -> str:
    """An id in a path. What cannot be one would name another route."""
    if not id.isalnum():
        raise ValueError(f"{id!r} is not an id")
    return quote(id, safe="")


def _name(name: str) -> str:
    """A Provider's name in a path."""
    return _id(name.replace("-", "").replace("_", "")) and name


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _message(text: str, *, payload: Json | None, client_id: str | None) -> dict[str, Any]:
    return _given({"text": text, "payload": payload, "client_id": client_id})


def _one(kind: type[T]) -> Callable[[Any], T]:
    return lambda it: models.read(kind, it)


def _page(kind: type[T]) -> Callable[[Any], Page[T]]:
    return lambda it: models.read_page(kind, it)


def _items(kind: type[T]) -> Callable[[Any], tuple[T, ...]]:
    return lambda it: models.read_page(kind, it).items


def _nothing(it: Any) -> None:
    return None


def _ended(it: Any) -> int:
    return int(it["ended"])
