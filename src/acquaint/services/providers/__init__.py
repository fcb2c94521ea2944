"""Signing in with somebody else's credential: a Provider testifies, we decide whose User that is.

sign_in_with_provider            Firebase, Facebook, X, or an OpenID Connect issuer that the App set up
has_custom_provider              whether logins and passwords are the App's own identity provider's affair
sign_in_with_custom_provider     by it
try_provider, try_custom_provider    what would happen, without letting anybody in
list_of, put, remove             which Providers an App has

    setting_up   what an App has          asking      a Provider's own server
    tokens       OpenID Connect, Firebase  profiles   Facebook, X              custom     the App's own
    admitting    whose User it is         trying      the same, to be looked at
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from ...domain.apps import App
from ...domain.errors import (
    InvalidCredentials,
    ProviderRefused,
    ProviderUnavailable,
    TokenRefused,
    Unacceptable,
)
from ...domain.events import EventKind
from ...domain.identities import Identifier, IdentifierKind
from ...domain.passwords import LONGEST_PASSWORD
from ...domain.providers import CustomProvider, ProviderKind
from ...domain.questions import LONGEST_FIELD
from ...domain.testimony import Testimony
from .. import addresses, limits, sign_in
from ..admission import Admission, Place
from ..core import Core, fingerprint
from ..sessions import note
from .admitting import admit_by
from .custom import NAME, by_custom
from .setting_up import enabled, list_of, put, remove
from .testifying import testimony_of
from .trying import DryRun, try_custom_provider, try_provider

__all__ = [
    "DryRun",
    "has_custom_provider",
    "list_of",
    "put",
    "remove",
    "sign_in_with_custom_provider",
    "sign_in_with_provider",
    "try_custom_provider",
    "try_provider",
]

T = TypeVar("T")


async def sign_in_with_provider(core: Core, app: App, name: str, asked: Mapping[str, Any], place: Place) -> Admission:
    """Sign in with a Provider's credential.

    ``name`` is ``facebook``, ``twitter``, ``firebase_phone``, ``firebase_email``, or that of an OpenID Connect issuer.
    ``asked`` holds ``token``, and where the Provider needs it ``secret`` (X), ``project_id`` (Firebase, optional),
    ``nonce``. Refuses with Unacceptable (no such Provider, a field is missing), TokenRefused, ProviderRefused,
    ProviderUnavailable, TooManyRequests, UserBanned or RegistrationClosed.
    """
    provider = await enabled(core, app, name)
    await limits.take(core, limits.PROVIDERS_PER_ADDRESS, place.address)
    testimony = await _noting(core, app, name, place, lambda: testimony_of(core, app, name, provider, asked))
    await core.limiter.give_back(limits.PROVIDERS_PER_ADDRESS, limits.party(place.address))
    return await admit_by(core, app, testimony, place)


async def has_custom_provider(core: Core, app: App) -> bool:
    """Whether the App's own identity provider is to be asked about every login and password."""
    return await _custom(core, app) is not None


async def sign_in_with_custom_provider(core: Core, app: App, fields: Mapping[str, str], place: Place) -> Admission:
    """Sign in with what the App's own identity provider says about ``login``, ``email`` and ``password``.

    Each of them may be missing, and a login may be a token of any length up to 8 KiB. Where the Provider refuses and
    its settings say so (``falls_back_to_own``), the password is tried here; nobody is registered by it. Refuses with
    ProviderRefused, ProviderUnavailable, InvalidCredentials, TooManyRequests, UserBanned or RegistrationClosed.
    """
    settings = await _custom(core, app)
    if settings is None:
        raise Unacceptable("provider", "is not set up in this App")
    for name, value in fields.items():
        if len(value) > LONGEST_FIELD:
            raise Unacceptable(name, f"is longer than {LONGEST_FIELD} characters")
    if not fields.get("login") and not fields.get("email"):
        raise Unacceptable("login", "cannot be blank")
    counted = _counted(fields)
    for it in counted:
        await limits.take_password_try(core, app, it, place.address)
    who = await _noting(core, app, NAME, place, lambda: _testimony_or_own(core, app, settings, fields))
    if isinstance(who, Testimony):
        admission = await admit_by(core, app, who, place)
    else:
        admission = await sign_in.sign_in(core, app, who, fields["password"], place)
    for it in counted:
        await limits.give_password_try_back(core, app, it, place.address)
    return admission


async def _testimony_or_own(
    core: Core, app: App, settings: CustomProvider, fields: Mapping[str, str]
) -> Testimony | Identifier:
    """What the Provider says; or whose password it may be here, where it refuses and the App lets us try."""
    try:
        return await by_custom(core, app, settings, fields)
    except ProviderRefused as refusal:
        own = await _own(core, app, fields) if settings.falls_back_to_own and refusal.is_about_credential else None
        if own is None:
            raise
        return own


def _counted(fields: Mapping[str, str]) -> list[Identifier]:
    """Whose passwords may be guessed by this: each name that was sent, since we do not know which one counts there.

    They are texts of any length yet, so it is their fingerprints that are counted.
    """
    names = {fields.get(it, "").strip().casefold() for it in ("login", "email")} - {""}
    return [Identifier(IdentifierKind.LOGIN, fingerprint(f"custom {it}")) for it in sorted(names)]


async def _custom(core: Core, app: App) -> CustomProvider | None:
    async with core.store.read() as tx:
        provider = await tx.providers.get(app.id, ProviderKind.CUSTOM.value)
    if provider is None or not provider.is_enabled or not isinstance(provider.settings, CustomProvider):
        return None
    return provider.settings


async def _own(core: Core, app: App, fields: Mapping[str, str]) -> Identifier | None:
    """Who it would be by a password of our own; None where nothing that was sent could be one's."""
    try:
        if not 0 < len(fields.get("password", "")) <= LONGEST_PASSWORD:
            return None
        if fields.get("login"):
            return Identifier.login(fields["login"])
        if fields.get("email"):
            return await addresses.meant(core, app, fields["email"])
    except Unacceptable:
        pass
    return None


async def _noting(core: Core, app: App, name: str, place: Place, attempt: Callable[[], Awaitable[T]]) -> T:
    """Keeps the precise cause of a refusal, for those who may know it."""
    try:
        return await attempt()
    except (InvalidCredentials, ProviderUnavailable) as refusal:
        async with core.store.write() as tx:
            await note(
                core,
                tx,
                EventKind.SIGN_IN_REFUSED,
                app.id,
                door=place.door,
                address=place.address,
                provider=name,
                **_cause(refusal),
            )
        raise


def _cause(refusal: InvalidCredentials | ProviderUnavailable) -> dict[str, Any]:
    match refusal:
        case TokenRefused():
            return {"doubt": refusal.doubt.value, "claim": refusal.claim, "why": refusal.why}
        case ProviderRefused():
            told = {"status": refusal.status, "text": refusal.text, "lacks": refusal.lacks}
            return {"doubt": refusal.doubt.value, **{name: value for name, value in told.items() if value}}
        case ProviderUnavailable():
            return {"doubt": "provider", "why": refusal.why}
    return {"doubt": refusal.doubt.value}
