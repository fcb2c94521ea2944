"""What visitors ask: every call, as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from . import models
from ._call import (
    UPLOAD_TIMEOUT,
    Call,
    Json,
    given,
    how_many,
    id_in,
    items,
    keyed,
    message,
    nothing,
    one,
    page,
    reading,
    sending,
)
from .models import Page


def come_in(
    app: str, *, workspace: str | None = None, device_secret: str | None = None, **way: Any
) -> Call[models.Admission]:
    place = {"app": app, "workspace": workspace, "device_secret": device_secret}
    return Call("POST", "/sessions", one(models.Admission), given(place | way))


def come_in_by_provider(
    app: str, provider: str, credential: Json, *, workspace: str | None, device_secret: str | None
) -> Call[models.Admission]:
    place = {"app": app, "provider": provider, "workspace": workspace, "device_secret": device_secret}
    return Call("POST", "/sessions/provider", one(models.Admission), {**credential, **given(place)})


def register(
    app: str, *, workspace: str | None = None, device_secret: str | None = None, **somebody: Any
) -> Call[models.Admission]:
    place = {"app": app, "workspace": workspace, "device_secret": device_secret}
    return Call("POST", "/users", one(models.Admission), given(place | somebody))


def log_out() -> Call[None]:
    return Call("DELETE", "/session", nothing, is_repeatable=True)  # the second time it has ended: just as well


def current_session() -> Call[models.CurrentSession]:
    return reading("/session", one(models.CurrentSession))


def claim(claims: Json) -> Call[models.Session]:
    return keyed("PATCH", "/session/claims", one(models.Session), claims)


def own_sessions() -> Call[tuple[models.OwnSession, ...]]:
    return reading("/sessions", items(models.OwnSession))


def end_own_session(session: str) -> Call[None]:
    return keyed("DELETE", f"/sessions/{id_in(session)}", nothing)


def end_other_sessions() -> Call[int]:
    return keyed("DELETE", "/sessions", how_many)


def change_self(change: Json) -> Call[models.OwnUser]:
    return keyed("PATCH", "/user", one(models.OwnUser), change)


def change_avatar(picture: bytes) -> Call[models.OwnUser]:
    path, read = "/user/avatar", one(models.OwnUser)
    return Call("PUT", path, read, content=picture, is_keyed=True, is_repeatable=True, timeout=UPLOAD_TIMEOUT)


def change_password(old: str, new: str) -> Call[None]:
    return keyed("POST", "/user/password", nothing, {"old_password": old, "new_password": new})


def delete_oneself() -> Call[None]:
    return keyed("DELETE", "/user", nothing)


def ask_for_new_password(app: str, email: str) -> Call[None]:
    return Call("POST", "/password-resets", nothing, {"app": app, "email": email})


def ask_for_confirmation(app: str, email: str) -> Call[None]:
    return Call("POST", "/email-confirmations", nothing, {"app": app, "email": email})


def confirm_email(ticket: str, password: str) -> Call[None]:
    return Call("POST", "/email-confirmations/complete", nothing, {"ticket": ticket, "password": password})


def choose_new_password(ticket: str, password: str) -> Call[None]:
    return Call("POST", "/password-resets/complete", nothing, {"ticket": ticket, "password": password})


def start_conversation(
    text: str | None, *, kind: str, title: str | None, users: Sequence[str], payload: Json | None
) -> Call[models.Conversation]:
    first = None if text is None else message(text, payload=payload, client_id=None)
    body = given({"kind": kind, "title": title, "users": list(users) or None, "message": first})
    return keyed("POST", "/conversations", one(models.Conversation), body)


def conversations(*, limit: int | None, after: str | None) -> Call[Page[models.Conversation]]:
    return reading("/conversations", page(models.Conversation), limit=limit, after=after)


def conversation(id: str) -> Call[models.Conversation]:
    return reading(f"/conversations/{id_in(id)}", one(models.Conversation))


def history(
    conversation: str, *, order: models.Order, limit: int | None, after: str | None
) -> Call[Page[models.Message]]:
    path = f"/conversations/{id_in(conversation)}/messages"
    return reading(path, page(models.Message), order=order, limit=limit, after=after)


def search(
    words: str,
    *,
    conversations: Sequence[str] | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    after: str | None,
) -> Call[models.FoundMessages]:
    only = None if conversations is None else ",".join(conversations)
    where = {"conversations": only, "since": since, "until": until, "limit": limit, "after": after}
    return reading("/messages", one(models.FoundMessages), search=words, **where)


def post(
    conversation: str, text: str, *, kind: str, payload: Json | None, client_id: str | None
) -> Call[models.Message]:
    body = message(text, kind=kind, payload=payload, client_id=client_id or uuid4().hex)
    path = f"/conversations/{id_in(conversation)}/messages"
    return Call("POST", path, one(models.Message), body, is_repeatable=True)


def edit(conversation: str, message: str, text: str, *, payload: Json | None) -> Call[models.Message]:
    path = f"/conversations/{id_in(conversation)}/messages/{id_in(message)}"
    return keyed("PATCH", path, one(models.Message), given({"text": text, "payload": payload}))


def delete_message(conversation: str, message: str, whom: str) -> Call[None]:
    path = f"/conversations/{id_in(conversation)}/messages/{id_in(message)}"
    return Call("DELETE", path, nothing, query={"whom": whom}, is_keyed=True, is_repeatable=True)


def reactions(conversation: str, message: str) -> Call[tuple[models.Reaction, ...]]:
    path = f"/conversations/{id_in(conversation)}/messages/{id_in(message)}/reactions"
    return reading(path, items(models.Reaction))


def react(
    conversation: str, message: str, *, add: str | None = None, withdraw: str | None = None
) -> Call[tuple[models.Reaction, ...]]:
    path = f"/conversations/{id_in(conversation)}/messages/{id_in(message)}/reactions"
    return keyed("POST", path, items(models.Reaction), given({"add": add, "withdraw": withdraw}))


def change_conversation(id: str, looks: Json) -> Call[models.Conversation]:
    return keyed("PATCH", f"/conversations/{id_in(id)}", one(models.Conversation), looks)


def delete_conversation(id: str) -> Call[None]:
    return keyed("DELETE", f"/conversations/{id_in(id)}", nothing)


def join(id: str) -> Call[models.Conversation]:
    return keyed("POST", f"/conversations/{id_in(id)}/join", one(models.Conversation))


def add_members(conversation: str, users: Sequence[str]) -> Call[models.Conversation]:
    path = f"/conversations/{id_in(conversation)}/members"
    return keyed("POST", path, one(models.Conversation), {"users": list(users)})


def remove_member(conversation: str, user: str) -> Call[None]:
    return keyed("DELETE", f"/conversations/{id_in(conversation)}/members/{id_in(user)}", nothing)


def change_role(conversation: str, user: str, role: str) -> Call[models.Conversation]:
    path = f"/conversations/{id_in(conversation)}/members/{id_in(user)}"
    return keyed("PATCH", path, one(models.Conversation), {"role": role})


def leave(conversation: str) -> Call[None]:
    return keyed("POST", f"/conversations/{id_in(conversation)}/leave", nothing)


def clear(conversation: str) -> Call[None]:
    return keyed("POST", f"/conversations/{id_in(conversation)}/clear", nothing)


def hide(conversation: str, *, and_clear: bool) -> Call[None]:
    return keyed("POST", f"/conversations/{id_in(conversation)}/hide", nothing, {"and_clear": and_clear})


def mute(conversation: str, *, is_muted: bool) -> Call[None]:
    return keyed("PUT", f"/conversations/{id_in(conversation)}/muted", nothing, {"is_muted": is_muted})


def mark_received(conversation: str, up_to: str) -> Call[models.Received]:
    path = f"/conversations/{id_in(conversation)}/received"
    return keyed("POST", path, one(models.Received), {"up_to": up_to})


def mark_read(conversation: str, up_to: str) -> Call[models.Read]:
    return keyed("POST", f"/conversations/{id_in(conversation)}/read", one(models.Read), {"up_to": up_to})


def rate(conversation: str, score: int, comment: str | None) -> Call[models.Rating]:
    body = given({"score": score, "comment": comment})
    return keyed("POST", f"/conversations/{id_in(conversation)}/rating", one(models.Rating), body)


def upload(content: bytes, name: str) -> Call[models.KeptFile]:
    return sending("/files", content, one(models.KeptFile), name=name)


def shared(kept: models.KeptFile) -> dict[str, Any]:
    """The payload of a message that shares a file."""
    return {"files": [{name: getattr(kept, name) for name in ("url", "name", "content_type", "size")}]}


def read_file(url: str) -> Call[bytes]:
    """By what an address of ours ends with. Addresses are what people say: no other server is asked."""
    found = re.fullmatch(r"(?:https?://[^/?#]+)?(?:/[^?#]*)?/acquaint/v1/files/([\w-]+)", url, re.ASCII)
    if found is None:
        raise ValueError(f"{url!r} is not the address of a file of the server")
    return Call("GET", f"/files/{found[1]}", bytes, answers_bytes=True, is_repeatable=True, timeout=UPLOAD_TIMEOUT)


def live_ticket() -> Call[models.LiveTicket]:
    return Call("POST", "/live/tickets", one(models.LiveTicket), is_repeatable=True)  # an unused one expires
