"""API keys, which the vendor calls tokens, their roles, and the secret that the App's server signs logins with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from starlette.responses import Response

from ....domain.errors import NotFound, Unacceptable
from ....domain.keys import ApiKey, ApiKeyId, Role, SigningSecret
from ....services import apps, roster
from .. import wire
from ..chat.tracking import DOOR
from ..reading import query, read
from .callers import Server

LONGEST_GRACE: Final = 86_400  # seconds
USUAL_GRACE: Final = 900  # seconds: as old as a login token may be
MOST_ROLES: Final = 30
USUAL_PAGE: Final = 30
LARGEST_PAGE: Final = 100
SETTINGS: Final = "/v1/auth/customer/settings"


async def settings(server: Server) -> Response:
    """GET auth/customer/settings: the current secret; there is one from the first call on. Each reading is an Event."""
    secret = await apps.show_secret(server.core, server.app, by=server.key)
    return wire.document(_settings(server, secret))


async def rotate(server: Server) -> Response:
    """POST auth/customer/settings/rotate: a new secret. Nobody is logged out by that, unless it is asked for."""
    asked = (await read(server.request)).only("graceSeconds", "revokeSessions")
    grace = asked.number("graceSeconds", USUAL_GRACE, 0, LONGEST_GRACE)
    revokes = asked.flag("revokeSessions") or False
    secret = await apps.rotate_secret(server.core, server.app, grace=timedelta(seconds=grace))
    if revokes:
        await roster.end_verified(server.core, server.app, door=DOOR)
    until = server.core.clock() + timedelta(seconds=grace)
    return wire.document(_settings(server, secret, previousSecretExpiresAt=wire.moment(until)))


async def list_tokens(server: Server) -> Response:
    """GET auth/tokens: the App's keys, oldest first, those that were revoked left out."""
    asked = query(server.request)
    page, size = asked.number("page", 1, 1, 10**6), asked.number("pageSize", USUAL_PAGE, 1, LARGEST_PAGE)
    keys = [it for it in await apps.keys_of(server.core, server.app) if it.revoked_at is None]
    shown = keys[(page - 1) * size : page * size]
    body = {"data": [_token(server, it) for it in shown], "meta": {"page": page, "pageSize": size}}
    return wire.answer(body)


async def one_token(server: Server) -> Response:
    """GET auth/tokens/{id}"""
    return wire.document(_token(server, await _key(server)))


async def delete_token(server: Server) -> Response:
    """DELETE auth/tokens/{id}: it opens nothing from now on. One's own, or any by an administrator."""
    key_id = ApiKeyId(server.id())
    if key_id != server.key.id:
        server.check_may(Role.ADMIN)
    await _key(server)
    await apps.revoke_key(server.core, server.app, key_id)
    return Response(status_code=204)


async def current_token(server: Server) -> Response:
    """GET auth/tokens/current: which key this is; the cheapest way to find out whether it is good."""
    return wire.document(_token(server, server.key))


async def delete_current_token(server: Server) -> Response:
    """DELETE auth/tokens/current. The public key is in the hands of strangers, who must not switch the chat off."""
    await apps.revoke_key(server.core, server.app, server.key.id)
    return Response(status_code=204)


async def roles(server: Server) -> Response:
    """GET auth/roles: every role that a key can have."""
    return wire.answer({"data": [{"type": "role", "id": it.value} for it in Role if it is not Role.OPERATOR]})


async def create_token(server: Server) -> Response:
    """POST auth/tokens/machine: a key; its text is in this one answer. Nobody gives a role they do not have."""
    asked = (await read(server.request)).only("name", "roles", "expiresInDays", "cidr")
    name = asked.needed("name", 100)
    wanted = _roles(asked.texts("roles", MOST_ROLES))
    days = asked.number("expiresInDays", 0, 1, 3650)
    network = asked.text("cidr", 64)
    try:
        key, text = await apps.create_key(
            server.core,
            server.app,
            name,
            wanted,
            days=days or None,
            network=network,
            by=server.key,
            names_app=True,
        )
    except Unacceptable as rule:
        raise Unacceptable(
            {"network": "cidr", "expires_in_days": "expiresInDays"}.get(rule.field, rule.field), rule.reason
        ) from rule
    return wire.document(_token(server, key, token=text), 201)


def _roles(names: list[str] | None) -> tuple[Role, ...]:
    if not names:
        raise Unacceptable("roles", "is required")
    known = {it.value: it for it in Role if it is not Role.OPERATOR}
    for number, name in enumerate(names):
        if name not in known:
            raise Unacceptable(f"roles[{number}]", "is not a role")
    return tuple(known[it] for it in dict.fromkeys(names))


async def _key(server: Server) -> ApiKey:
    """The key of the path. Refuses with NotFound for a revoked one, too."""
    key_id = server.id()
    for it in await apps.keys_of(server.core, server.app):
        if it.id == key_id and it.revoked_at is None:
            return it
    raise NotFound("token")


def _token(server: Server, key: ApiKey, **more: Any) -> wire.Resource:
    attributes = {
        "name": key.name,
        "lastTokenChars": key.ending,
        "roles": [it.value for it in key.roles],
        "ipAddress": None,
        "userAgent": None,
        "cidr": key.network,
        "createdAt": wire.moment(key.created_at),
        "updatedAt": wire.moment(key.created_at),
        "expiresAt": wire.moment(key.expires_at),
        "lastAccessedAt": wire.moment(key.used_at),
        **more,
    }
    relationships = wire.org_of(server.app) | {"user": wire.reference("user", key.id)}
    made = wire.resource("token", key.id, attributes, relationships)
    return made | {"links": {"self": f"/v1/auth/tokens/{made['id']}"}}


def _settings(server: Server, secret: SigningSecret, **more: Any) -> wire.Resource:
    origins = server.app.policy.allowed_origins
    attributes = {
        "secret": secret.text,
        "corsWhitelist": [] if server.app.policy.allows_origin("*") else list(origins),
        "createdAt": wire.moment(secret.created_at),
        "updatedAt": wire.moment(secret.created_at),
        **more,
    }
    return wire.resource("customer_auth_settings", secret.id, attributes, wire.org_of(server.app), {"self": SETTINGS})
