"""Qiscus' shapes, field by field as the vendor spells them.

answer       the envelope of everything that went well
config       what a client asks first
account      a user as they see themselves, token included
rest_user    a user as the App's server sees them
listed_user  a user in a list

Clients cast without looking: texts are never null, ``extras`` is always an object, ids come as numbers and as texts.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

from ...domain.apps import App
from ...domain.sessions import Session
from ...domain.users import User
from ...web.answers import Json
from .auth import Caller, id_of
from .avatar import AVATAR
from .profile import extras_of

POLLED_EVERY: Final = 5_000  # milliseconds; 0 makes qiscus-sdk-core poll nine times a second
POLLED_EVERY_WHEN_CONNECTED: Final = 30_000


def answer(results: dict[str, Any]) -> Response:
    """Never kept by a cache: most answers hold a token or somebody's profile."""
    return bare_answer({"status": 200, "results": results})


def bare_answer(whole: dict[str, Any]) -> Response:
    """Without the envelope."""
    return Json(msgspec.json.encode(whole))


def config(app: App, public_url: str, *, mobile: bool) -> dict[str, Any]:
    """An empty ``base_url`` leaves clients where they are; an empty ``broker_url`` may send browsers to the vendor."""
    return {
        "app_code": app.slug,
        "status": "Success",
        "base_url": "",
        "broker_url": "" if mobile else _broker_url(public_url),
        "broker_lb_url": "",
        "enable_realtime": True,
        "enable_realtime_check": False,
        "enable_event_report": False,
        "enable_sync": True,
        "enable_sync_event": True,
        "sync_interval": POLLED_EVERY,
        "sync_on_connect": POLLED_EVERY_WHEN_CONNECTED,
        "auto_refresh_token": True,
        "enable_refresh_token": app.policy.token_lifetime is not None,
        "extras": "{}",
    }


def account(caller: Caller, public_url: str) -> dict[str, Any]:
    return {
        **bare_account(caller.user, public_url),
        "app": _app(caller.app),
        "token": caller.token,
        **renewal(caller.session, caller.renewal),
    }


def renewal(session: Session, ticket: str) -> dict[str, Any]:
    """When the token expires, and what renews it; both blank where it does not."""
    expires_at = session.token_expires_at
    return {"refresh_token": ticket, "token_expires_at": "" if expires_at is None else moment(expires_at)}


def bare_account(user: User, public_url: str) -> dict[str, Any]:
    """An account without what belongs to a session."""
    avatar_url = _avatar_url(user, public_url)
    return {
        "active": user.may_act,
        "id": user.id,
        "id_str": str(user.id),
        "email": id_of(user),
        "username": _name(user),
        "avatar_url": avatar_url,
        "avatar": {"avatar": {"url": avatar_url}},
        "extras": extras_of(user.profile),
        "last_comment_id": 0,
        "last_comment_id_str": "0",
        "last_sync_event_id": 0,
        "pn_android_configured": False,
        "pn_ios_configured": False,
        "rtKey": "",
        "refresh_token": "",
        "token_expires_at": "",
    }


def rest_user(user: User, public_url: str) -> dict[str, Any]:
    return {
        "active": user.may_act,
        "user_id": id_of(user),
        "username": _name(user),
        "avatar_url": _avatar_url(user, public_url),
        "extras": extras_of(user.profile),
    }


def listed_user(user: User, public_url: str) -> dict[str, Any]:
    return {
        "active": user.may_act,
        "id": user.id,
        "email": id_of(user),
        "name": _name(user),
        "username": _name(user),
        "avatar_url": _avatar_url(user, public_url),
        "extras": extras_of(user.profile),
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
    }


def _app(app: App) -> dict[str, Any]:
    return {"id": app.id, "id_str": str(app.id), "code": app.slug, "name": app.name}


def _name(user: User) -> str:
    return user.profile.name or id_of(user)


def _avatar_url(user: User, public_url: str) -> str:
    return user.profile.avatar_url or public_url + AVATAR


def _broker_url(public_url: str) -> str:
    """Clients take an address that contains ``wss://`` as it is and mend any other one into something broken."""
    scheme, _, rest = public_url.partition("://")
    return f"wss://{rest}/mqtt" if scheme == "https" else f"ws://{rest}/mqtt?wss://"


def moment(at: datetime) -> str:
    """No fractions of seconds: the mobile SDKs' date patterns have none."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
