"""Signing in with somebody else's credential: a Provider testifies, we decide whose User that is.

sign_in_with_provider            Firebase, Facebook, X, or an OpenID Connect issuer that the App set up
has_custom_provider              whether logins and passwords are the App's own identity provider's affair
sign_in_with_custom_provider     by it
try_custom_provider, try_provider    what would happen, without letting anybody in
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...domain.apps import App
from ...domain.errors import Unacceptable
from ..admission import Admission, Place
from ..core import Core


@dataclass(frozen=True, slots=True)
class DryRun:
    """What was asked, what was answered, whom it would have let in, or why nobody. Plain data, for people."""

    request: Mapping[str, Any] | None
    answer: Mapping[str, Any] | None
    mapped: Mapping[str, Any] | None
    why_not: str | None


async def sign_in_with_provider(core: Core, app: App, name: str, asked: Mapping[str, Any], place: Place) -> Admission:
    """Sign in with a Provider's credential.

    ``name`` is ``facebook``, ``twitter``, ``firebase_phone``, ``firebase_email``, or that of an OpenID Connect issuer.
    ``asked`` holds ``token``, and where the Provider needs it ``secret`` (X), ``project_id`` (Firebase, optional),
    ``nonce``. Refuses with Unacceptable (no such Provider, a field is missing), TokenRefused, ProviderRefused,
    ProviderUnavailable, TooManyRequests, UserBanned or RegistrationClosed.
    """
    raise Unacceptable("provider", "is not set up in this App")


async def has_custom_provider(core: Core, app: App) -> bool:
    """Whether the App's own identity provider is to be asked about every login and password."""
    return False


async def sign_in_with_custom_provider(core: Core, app: App, fields: Mapping[str, str], place: Place) -> Admission:
    """Sign in with what the App's own identity provider says about ``login``, ``email`` and ``password``.

    Each of them may be missing, and a login may be a token of any length up to 8 KiB. Where the Provider refuses and
    its settings say so (``falls_back_to_own``), the password is tried here; nobody is registered by it. Refuses with
    ProviderRefused, ProviderUnavailable, InvalidCredentials, TooManyRequests, UserBanned or RegistrationClosed.
    """
    raise Unacceptable("provider", "is not set up in this App")


async def try_custom_provider(core: Core, app: App, fields: Mapping[str, str]) -> DryRun:
    """What the App's own identity provider would be asked and what would come of its answer. Lets nobody in."""
    raise Unacceptable("provider", "is not set up in this App")
