"""The App itself: its Policy, its keys and signing secrets, and what happened in it."""

from __future__ import annotations

from typing import Final

from ....domain.apps import App
from ....domain.keys import ApiKeyId, Role, SigningSecretId
from ....services import apps as service
from ....services import enforcement, history
from ..callers import ADMIN_KEY, USER_KEY
from ..operation import Asked, Operation
from ..wire import apps as wire
from ..wire import enforcement as shapes
from ..wire import policy as rules
from ..wire.values import Nothing, given

SECTION: Final = "App: rules, keys and secrets"


async def show(asked: Asked[App, Nothing, Nothing]) -> wire.App:
    return wire.app(asked.who)


async def policy(asked: Asked[App, Nothing, Nothing]) -> rules.Policy:
    return rules.policy(asked.who.policy)


async def change_policy(asked: Asked[App, Nothing, rules.PolicyChange]) -> rules.Policy:
    return rules.policy((await service.change_policy(asked.core, asked.who, asked.body.values())).policy)


async def keys(asked: Asked[App, Nothing, Nothing]) -> wire.Keys:
    return wire.Keys(items=[wire.key(it) for it in await service.keys_of(asked.core, asked.who)])


async def create_key(asked: Asked[App, Nothing, wire.NewKey]) -> wire.MadeKey:
    body = asked.body
    roles = tuple(Role(it) for it in dict.fromkeys(body.roles))
    key, text = await service.create_key(
        asked.core, asked.who, body.name, roles, days=given(body.expires_in_days), network=given(body.network)
    )
    return wire.MadeKey(key=wire.key(key), text=text)


async def revoke_key(asked: Asked[App, Nothing, Nothing]) -> wire.Key:
    return wire.key(await service.revoke_key(asked.core, asked.who, ApiKeyId(asked.id("key"))))


async def secrets(asked: Asked[App, Nothing, Nothing]) -> wire.SigningSecrets:
    found, now = await service.secrets_of(asked.core, asked.who), asked.core.clock()
    return wire.SigningSecrets(items=[wire.secret(it, now) for it in found])


async def rotate(asked: Asked[App, Nothing, wire.Rotation]) -> wire.MadeSecret:
    secret = await service.rotate_secret(asked.core, asked.who, grace=asked.body.grace())
    return wire.MadeSecret(secret=wire.secret(secret, asked.core.clock()), text=secret.text)


async def retire(asked: Asked[App, Nothing, Nothing]) -> wire.SigningSecret:
    secret = await service.retire_secret(asked.core, asked.who, SigningSecretId(asked.id("secret")))
    return wire.secret(secret, asked.core.clock())


async def events(asked: Asked[App, wire.EventPaging, Nothing]) -> wire.EventPage:
    query = asked.query
    page = await history.audit(asked.core, asked.who, query.page(), user_id=query.user_id(), kinds=query.kinds())
    return wire.event_page(page)


async def unverified(asked: Asked[App, shapes.DaysBack, Nothing]) -> shapes.EnforcementReport:
    return shapes.report(asked.who, await enforcement.counted(asked.core, asked.who, asked.query.days))


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/app",
        caller=USER_KEY,
        serve=show,
        query=Nothing,
        body=Nothing,
        answer=wire.App,
        section=SECTION,
        summary="Show the App",
    ),
    Operation(
        method="GET",
        path="/app/policy",
        caller=ADMIN_KEY,
        serve=policy,
        query=Nothing,
        body=Nothing,
        answer=rules.Policy,
        section=SECTION,
        summary="Show the Policy",
    ),
    Operation(
        method="PATCH",
        path="/app/policy",
        caller=ADMIN_KEY,
        serve=change_policy,
        query=Nothing,
        body=rules.PolicyChange,
        answer=rules.Policy,
        section=SECTION,
        summary="Change the Policy",
        description="What is not sent stays. It holds from the next request on.",
        example={"token_max_age": "5m", "allowed_origins": ["https://acme.example"]},
    ),
    Operation(
        method="GET",
        path="/app/enforcement",
        caller=USER_KEY,
        serve=unverified,
        query=shapes.DaysBack,
        body=Nothing,
        answer=shapes.EnforcementReport,
        section=SECTION,
        summary="See what enforcement refuses, or would",
        description=(
            "With `enforcement` at `report` in the Policy, people nobody verified may begin conversations, talk "
            "and keep files, and it is counted here; at `enforce` they may not. Day by day, the latest first."
        ),
    ),
    Operation(
        method="GET",
        path="/app/keys",
        caller=ADMIN_KEY,
        serve=keys,
        query=Nothing,
        body=Nothing,
        answer=wire.Keys,
        section=SECTION,
        summary="List the App's API keys",
    ),
    Operation(
        method="POST",
        path="/app/keys",
        caller=ADMIN_KEY,
        serve=create_key,
        query=Nothing,
        body=wire.NewKey,
        answer=wire.MadeKey,
        status=201,
        section=SECTION,
        summary="Make an API key",
        description="Its text is shown this once.",
        holds_secret=True,
        example={"name": "billing", "roles": ["org.user"], "expires_in_days": 90},
    ),
    Operation(
        method="DELETE",
        path="/app/keys/{key}",
        caller=ADMIN_KEY,
        serve=revoke_key,
        query=Nothing,
        body=Nothing,
        answer=wire.Key,
        section=SECTION,
        summary="Revoke an API key",
        description="It opens nothing from now on. Revoking twice is fine.",
    ),
    Operation(
        method="GET",
        path="/app/secrets",
        caller=ADMIN_KEY,
        serve=secrets,
        query=Nothing,
        body=Nothing,
        answer=wire.SigningSecrets,
        section=SECTION,
        summary="List the signing secrets",
        description="Without their texts.",
    ),
    Operation(
        method="POST",
        path="/app/secrets",
        caller=ADMIN_KEY,
        serve=rotate,
        query=Nothing,
        body=wire.Rotation,
        answer=wire.MadeSecret,
        status=201,
        section=SECTION,
        summary="Rotate the signing secret",
        description=(
            "A new one; its text is shown this once. The older ones go on being believed, for the grace you give or "
            "until you retire them."
        ),
        holds_secret=True,
        example={"grace_seconds": 3600},
    ),
    Operation(
        method="DELETE",
        path="/app/secrets/{secret}",
        caller=ADMIN_KEY,
        serve=retire,
        query=Nothing,
        body=Nothing,
        answer=wire.SigningSecret,
        section=SECTION,
        summary="Retire a signing secret",
        description="Nothing signed with it is believed from now on. The last one cannot be retired: rotate first.",
    ),
    Operation(
        method="GET",
        path="/app/events",
        caller=USER_KEY,
        serve=events,
        query=wire.EventPaging,
        body=Nothing,
        answer=wire.EventPage,
        section=SECTION,
        summary="Read what happened",
        description=(
            "Everything that authenticated or changed an identity, the App or a key, newest first; with the precise "
            "cause of every refused sign-in."
        ),
    ),
)
