"""Providers: coming in by one, and setting them up."""

from __future__ import annotations

from typing import Final

from ....domain import errors
from ....domain.apps import App
from ....domain.providers import ProviderKind
from ....services import providers as service
from .. import arrivals
from ..callers import ADMIN_KEY, NOBODY
from ..operation import Asked, Operation
from ..wire import providers as wire
from ..wire import sessions
from ..wire.values import Nothing

SECTION: Final = "App: providers"


async def arrive(asked: Asked[None, Nothing, wire.ProviderArrival]) -> sessions.Admission:
    core, body = asked.core, asked.body
    app = await arrivals.app_of(asked, body.app)
    place, secret = await arrivals.place_of(
        asked, app, arrivals.SIGNED_IN, device_secret=body.device_secret, workspace_label=body.workspace
    )
    if body.provider == ProviderKind.CUSTOM:
        admission = await service.sign_in_with_custom_provider(core, app, body.credential(), place)
    else:
        admission = await service.sign_in_with_provider(core, app, body.provider, body.credential(), place)
    return sessions.admission(admission, secret)


async def listed(asked: Asked[App, Nothing, Nothing]) -> wire.Providers:
    return wire.Providers(items=[wire.provider(it) for it in await service.list_of(asked.core, asked.who)])


async def put(asked: Asked[App, Nothing, wire.ProviderSetting]) -> wire.Provider:
    body = asked.body
    made = await service.put(asked.core, asked.who, body.name, body.kind, body.settings, is_enabled=body.is_enabled)
    return wire.provider(made)


async def remove(asked: Asked[App, Nothing, Nothing]) -> None:
    await service.remove(asked.core, asked.who, asked.request.path_params["provider"])


async def try_it(asked: Asked[App, Nothing, wire.Brought]) -> wire.Trial:
    name = asked.request.path_params["provider"]
    return wire.trial(await service.try_provider(asked.core, asked.who, name, asked.body.credential()))


ARRIVALS: Final = (
    Operation(
        method="POST",
        path="/sessions/provider",
        caller=NOBODY,
        serve=arrive,
        query=Nothing,
        body=wire.ProviderArrival,
        answer=sessions.Admission,
        status=201,
        section="Sessions",
        summary="Come in by a provider",
        description=(
            "Opens a session for whom a provider of the App testifies to: with an ID token of Google, Apple or another "
            "OpenID Connect issuer, with a Firebase ID token, with an access token of Facebook or X, or with whatever "
            "the App's own identity provider takes. The first time makes the user, or finds the one whose address both "
            "sides have proved. Otherwise it is as with `POST /sessions`."
        ),
        refusals=(
            errors.UnknownApp,
            errors.AppClosed,
            errors.OriginRefused,
            errors.TokenRefused,
            errors.ProviderRefused,
            errors.ProviderUnavailable,
            errors.InvalidCredentials,
            errors.RegistrationClosed,
            errors.UserBanned,
            errors.IdentifierTaken,
            errors.TooManyRequests,
        ),
        holds_secret=True,
        example={"app": "acme", "provider": "google", "token": "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ…"},
    ),
)

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/app/providers",
        caller=ADMIN_KEY,
        serve=listed,
        query=Nothing,
        body=Nothing,
        answer=wire.Providers,
        section=SECTION,
        summary="List the providers",
        description="Without their secrets.",
    ),
    Operation(
        method="PUT",
        path="/app/providers",
        caller=ADMIN_KEY,
        serve=put,
        query=Nothing,
        body=wire.ProviderSetting,
        answer=wire.Provider,
        section=SECTION,
        summary="Set up a provider",
        description="Adds it, or replaces all that it was. Try it before you enable it.",
        example={
            "name": "google",
            "kind": "openid",
            "settings": {
                "issuer": "https://accounts.google.com",
                "client_ids": ["1234567890-abc.apps.googleusercontent.com"],
            },
        },
    ),
    Operation(
        method="DELETE",
        path="/app/providers/{provider}",
        caller=ADMIN_KEY,
        serve=remove,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Remove a provider",
        description="From now on it lets nobody in. Those it let in stay, and so do their sessions.",
    ),
    Operation(
        method="POST",
        path="/app/providers/{provider}/try",
        caller=ADMIN_KEY,
        serve=try_it,
        query=Nothing,
        body=wire.Brought,
        answer=wire.Trial,
        section=SECTION,
        summary="Try a provider",
        description=(
            "Shows what your own identity provider would be asked, what it answers, and which user that makes, or why "
            "it makes none; of the others, whom a token would let in. Nobody is let in, and nothing is kept."
        ),
        refusals=(errors.TooManyRequests,),
        holds_secret=True,
        example={"token": "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ…"},
    ),
)
