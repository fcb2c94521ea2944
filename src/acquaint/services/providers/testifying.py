"""A credential that somebody brings, and the Provider whose credential it is: what it testifies to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...domain.apps import App
from ...domain.errors import Unacceptable
from ...domain.providers import Doors, FacebookProvider, FirebaseProvider, OpenIdProvider, Provider, XProvider
from ...domain.testimony import Testimony
from ..core import Core
from .profiles import by_facebook, by_x
from .tokens import by_firebase, by_openid

LONGEST_CREDENTIAL: Final = 8192  # characters


async def testimony_of(core: Core, app: App, name: str, provider: Provider, asked: Mapping[str, Any]) -> Testimony:
    """``name`` is that which the client says. Refuses as ``sign_in_with_provider`` does."""
    settings = provider.settings
    match settings:
        case OpenIdProvider():
            token, nonce = _needed(asked, "token"), _text(asked, "nonce")
            return await by_openid(core, app, name, settings, token=token, nonce=nonce)
        case FirebaseProvider() if name in set(Doors):
            token, project_id = _needed(asked, "token"), _text(asked, "project_id")
            return await by_firebase(core, app, name, settings, token=token, project_id=project_id)
        case FacebookProvider():
            return await by_facebook(core, app, settings, token=_needed(asked, "token"))
        case XProvider():
            return await by_x(core, app, settings, token=_needed(asked, "token"), secret=_needed(asked, "secret"))
    raise Unacceptable("provider", "is not one that a token can be brought from")


def _needed(asked: Mapping[str, Any], name: str) -> str:
    value = _text(asked, name)
    if value is None:
        raise Unacceptable(name, "is required")
    return value


def _text(asked: Mapping[str, Any], name: str) -> str | None:
    value = asked.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_CREDENTIAL:
        raise Unacceptable(name, f"must be a text of at most {LONGEST_CREDENTIAL} characters")
    return value
