"""What the App's own server asks: every call, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import uuid4

from . import models
from ._call import (
    Call,
    Json,
    given,
    how_many,
    id_in,
    items,
    keyed,
    message,
    name_in,
    nothing,
    one,
    page,
    reading,
    sending,
)
from .models import Identifiers, Page


def vouch_for(
    identifiers: Identifiers, change: Json, *, workspace: str | None, device_secret: str | None
) -> Call[models.Admission]:
    place = given({"workspace": workspace, "device_secret": device_secret})
    body = {"identifiers": given(asdict(identifiers)), **change, **place}
    return Call("POST", "/app/sessions", one(models.Admission), body)


def put_user(identifiers: Identifiers, change: Json) -> Call[models.KnownUser]:
    body = {"identifiers": given(asdict(identifiers)), **change}
    return keyed("PUT", "/app/users", one(models.KnownUser), body)


def users(search: Json, *, limit: int | None, after: str | None) -> Call[Page[models.User]]:
    return reading("/app/users", page(models.User), limit=limit, after=after, **search)


def find_user(identifiers: Identifiers) -> Call[models.User]:
    return reading("/app/users/lookup", one(models.User), **asdict(identifiers))


def user(id: str) -> Call[models.User]:
    return reading(f"/app/users/{id_in(id)}", one(models.User))


def change_user(id: str, change: Json) -> Call[models.User]:
    return keyed("PATCH", f"/app/users/{id_in(id)}", one(models.User), change)


def replace_identifiers(id: str, identifiers: Identifiers) -> Call[models.User]:
    return keyed("PUT", f"/app/users/{id_in(id)}/identifiers", one(models.User), given(asdict(identifiers)))


def delete_user(id: str) -> Call[None]:
    return keyed("DELETE", f"/app/users/{id_in(id)}", nothing)


def ban(id: str) -> Call[models.User]:
    return keyed("PUT", f"/app/users/{id_in(id)}/ban", one(models.User))


def lift_ban(id: str) -> Call[models.User]:
    return keyed("DELETE", f"/app/users/{id_in(id)}/ban", one(models.User))


def merge(source: str, target: str) -> Call[models.Merge]:
    return keyed("POST", f"/app/users/{id_in(target)}/merges", one(models.Merge), {"source": source})


def merges_into(user: str) -> Call[tuple[models.Merge, ...]]:
    return reading(f"/app/users/{id_in(user)}/merges", items(models.Merge))


def set_password(id: str, password: str, *, ends_sessions: bool) -> Call[None]:
    body = {"password": password, "ends_sessions": ends_sessions}
    return keyed("PUT", f"/app/users/{id_in(id)}/password", nothing, body)


def mint_chat_key(user: str, *, ends_sessions: bool) -> Call[models.MintedChatKey]:
    path = f"/app/users/{id_in(user)}/chat-key"
    return Call("POST", path, one(models.MintedChatKey), {"ends_sessions": ends_sessions})


def chat_keys_due(*, limit: int | None, after: str | None) -> Call[Page[models.ChatKey]]:
    return reading("/app/chat-keys/due", page(models.ChatKey), limit=limit, after=after)


def sessions_of(user: str) -> Call[tuple[models.Session, ...]]:
    return reading(f"/app/users/{id_in(user)}/sessions", items(models.Session))


def end_session_of(user: str, session: str) -> Call[None]:
    return keyed("DELETE", f"/app/users/{id_in(user)}/sessions/{id_in(session)}", nothing)


def end_sessions_of(user: str) -> Call[int]:
    return keyed("DELETE", f"/app/users/{id_in(user)}/sessions", how_many)


def conversations(*, limit: int | None, after: str | None) -> Call[Page[models.AppConversation]]:
    return reading("/app/conversations", page(models.AppConversation), limit=limit, after=after)


def conversation(id: str) -> Call[models.AppConversation]:
    return reading(f"/app/conversations/{id_in(id)}", one(models.AppConversation))


def history(
    conversation: str, *, order: models.Order, limit: int | None, after: str | None
) -> Call[Page[models.Message]]:
    path = f"/app/conversations/{id_in(conversation)}/messages"
    return reading(path, page(models.Message), order=order, limit=limit, after=after)


def answer(
    conversation: str, text: str, *, author: str, kind: str, payload: Json | None, client_id: str | None
) -> Call[models.Message]:
    body = message(text, kind=kind, payload=payload, client_id=client_id or uuid4().hex) | {"author": author}
    path = f"/app/conversations/{id_in(conversation)}/messages"
    return Call("POST", path, one(models.Message), body, is_repeatable=True)


def close_conversation(id: str, *, is_closed: bool, asks_rating: bool | None = None) -> Call[models.AppConversation]:
    body = given({"is_closed": is_closed, "asks_rating": asks_rating})
    return keyed("PATCH", f"/app/conversations/{id_in(id)}", one(models.AppConversation), body)


def mark_read_by_operators(conversation: str, up_to: str) -> Call[str]:
    path = f"/app/conversations/{id_in(conversation)}/read"
    return keyed("POST", path, lambda it: str(it["operators_read_id"]), {"up_to": up_to})


def show_typing(conversation: str, *, on: bool, operator: str | None) -> Call[None]:
    path = f"/app/conversations/{id_in(conversation)}/typing"
    return Call("POST", path, nothing, given({"on": on, "operator": operator}))  # worth nothing later


def delete_conversation(id: str) -> Call[None]:
    return keyed("DELETE", f"/app/conversations/{id_in(id)}", nothing)


def delete_message(conversation: str, message: str) -> Call[None]:
    return keyed("DELETE", f"/app/conversations/{id_in(conversation)}/messages/{id_in(message)}", nothing)


def add_members(conversation: str, users: Sequence[str]) -> Call[models.AppConversation]:
    path = f"/app/conversations/{id_in(conversation)}/members"
    return keyed("POST", path, one(models.AppConversation), {"users": list(users)})


def remove_member(conversation: str, user: str) -> Call[None]:
    return keyed("DELETE", f"/app/conversations/{id_in(conversation)}/members/{id_in(user)}", nothing)


def upload(content: bytes, name: str) -> Call[models.KeptFile]:
    return sending("/app/files", content, one(models.KeptFile), name=name)


def explain_visibility(conversation: str, session: str) -> Call[models.Visibility]:
    return reading(f"/conversations/{id_in(conversation)}/visibility", one(models.Visibility), session=session)


def app() -> Call[models.App]:
    return reading("/app", one(models.App))


def policy() -> Call[models.Policy]:
    return reading("/app/policy", one(models.Policy))


def change_policy(change: Json) -> Call[models.Policy]:
    return keyed("PATCH", "/app/policy", one(models.Policy), change)


def enforcement(*, days: int | None) -> Call[models.EnforcementReport]:
    return reading("/app/enforcement", one(models.EnforcementReport), days=days)


def keys() -> Call[tuple[models.Key, ...]]:
    return reading("/app/keys", items(models.Key))


def make_key(
    name: str, roles: Sequence[str], *, expires_in_days: int | None, network: str | None
) -> Call[models.MadeKey]:
    body = given({"name": name, "roles": list(roles), "expires_in_days": expires_in_days, "network": network})
    return Call("POST", "/app/keys", one(models.MadeKey), body)


def revoke_key(id: str) -> Call[models.Key]:
    return keyed("DELETE", f"/app/keys/{id_in(id)}", one(models.Key))


def secrets() -> Call[tuple[models.SigningSecret, ...]]:
    return reading("/app/secrets", items(models.SigningSecret))


def rotate_secret(*, grace_seconds: int | None) -> Call[models.MadeSecret]:
    return Call("POST", "/app/secrets", one(models.MadeSecret), given({"grace_seconds": grace_seconds}))


def retire_secret(id: str) -> Call[models.SigningSecret]:
    return keyed("DELETE", f"/app/secrets/{id_in(id)}", one(models.SigningSecret))


def providers() -> Call[tuple[models.Provider, ...]]:
    return reading("/app/providers", items(models.Provider))


def put_provider(name: str, kind: str, settings: Json, *, is_enabled: bool) -> Call[models.Provider]:
    body = {"name": name, "kind": kind, "settings": settings, "is_enabled": is_enabled}
    return keyed("PUT", "/app/providers", one(models.Provider), body)


def remove_provider(name: str) -> Call[None]:
    return keyed("DELETE", f"/app/providers/{name_in(name)}", nothing)


def try_provider(name: str, credential: Json) -> Call[models.Trial]:
    return Call("POST", f"/app/providers/{name_in(name)}/try", one(models.Trial), credential, is_repeatable=True)


def webhooks() -> Call[tuple[models.Webhook, ...]]:
    return reading("/app/webhooks", items(models.Webhook))


def webhook_formats() -> Call[tuple[models.WebhookFormat, ...]]:
    return reading("/app/webhooks/formats", items(models.WebhookFormat))


def webhook(id: str) -> Call[models.Webhook]:
    return reading(f"/app/webhooks/{id_in(id)}", one(models.Webhook))


def register_webhook(url: str, *, events: Sequence[str] | None, format: str) -> Call[models.MadeWebhook]:
    body = given({"url": url, "format": format, "events": None if events is None else list(events)})
    return Call("POST", "/app/webhooks", one(models.MadeWebhook), body)


def change_webhook(
    id: str, *, url: str | None, events: Sequence[str] | None, is_enabled: bool | None
) -> Call[models.Webhook]:
    body = given({"url": url, "events": None if events is None else list(events), "is_enabled": is_enabled})
    return keyed("PATCH", f"/app/webhooks/{id_in(id)}", one(models.Webhook), body)


def remove_webhook(id: str) -> Call[None]:
    return keyed("DELETE", f"/app/webhooks/{id_in(id)}", nothing)


def rotate_webhook_secret(id: str, *, overlap_seconds: int | None) -> Call[models.MadeWebhook]:
    body = given({"overlap_seconds": overlap_seconds})
    return Call("POST", f"/app/webhooks/{id_in(id)}/secret", one(models.MadeWebhook), body)


def test_webhook(id: str) -> Call[models.Delivery]:
    return keyed("POST", f"/app/webhooks/{id_in(id)}/test", one(models.Delivery))


def deliveries(id: str, *, limit: int | None, after: str | None) -> Call[Page[models.Delivery]]:
    return reading(f"/app/webhooks/{id_in(id)}/deliveries", page(models.Delivery), limit=limit, after=after)


def redeliver(id: str, event: str) -> Call[models.Delivery]:
    return keyed("POST", f"/app/webhooks/{id_in(id)}/deliveries/{id_in(event)}", one(models.Delivery))


def events(*, user: str | None, kind: str | None, limit: int | None, after: str | None) -> Call[Page[models.Event]]:
    return reading("/app/events", page(models.Event), user=user, kind=kind, limit=limit, after=after)
