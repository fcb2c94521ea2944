"""What every way in over this API has in common: which App, from which page, on which device, for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from msgspec import UnsetType

from ...domain.apps import App
from ...domain.places import workspace
from ...domain.sessions import Lifetime
from ...services.admission import Place
from ...services.apps import by_slug
from ...services.sign_in import known_device
from ...web.cors import check_origin
from .operation import Asked
from .wire.values import given

DOOR: Final = "native"

SIGNED_IN: Final = Lifetime(at_most=timedelta(days=30))  # NIST SP 800-63B-4, 2.1.3: prove it again within 30 days
UNVERIFIED: Final = Lifetime(idle=timedelta(days=30))  # as long as Kustomer's tracking token; every use renews it
VOUCHED: Final = Lifetime(at_most=timedelta(hours=24))  # OpenCX: 24 hours; the App's server can vouch again


async def app_of(asked: Asked[None, Any, Any], slug: str) -> App:
    """The App that somebody names whom we do not know yet, if pages of their origin may call."""
    app = await by_slug(asked.core, slug)
    check_origin(asked.request, app)
    return app


async def place_of(
    asked: Asked[Any, Any, Any],
    app: App,
    lifetime: Lifetime,
    *,
    device_secret: str | UnsetType,
    workspace_label: str | UnsetType,
) -> tuple[Place, str]:
    """Where somebody comes in, and the secret that names their device from now on: a new one if theirs is no good."""
    device_id, secret = await known_device(asked.core, app, given(device_secret))
    is_new = secret != given(device_secret)
    label = workspace(given(workspace_label))
    return Place(DOOR, lifetime, asked.address, device_id, label, is_new_device=is_new), secret
