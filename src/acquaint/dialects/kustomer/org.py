"""Which App is meant: Kustomer calls it the org, and its name is a part of the host.

org_in_host    the name in ``<orgName>.api.<domain>``
app_of         the App a visitor without a token names
check_host     that what somebody proved is of the App whose host they ask

The clients of the vendor always ask ``https://<orgName>.api.<hostDomain>``. Under a plain name the public chat key says
it, or the header ``x-kustomer-org`` (ours); where another credential says it, nothing needs to.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from ...domain.apps import App
from ...domain.errors import SessionEnded, UnknownApp
from ...domain.keys import Role
from ...services import apps
from ...web.cors import check_origin
from ...web.dialect import core_of, visit_of
from ...web.reading import bearer

ORG_HEADER: Final = "x-kustomer-org"
LONGEST_NAME: Final = 63  # of an App's slug


def org_in_host(request: Request) -> str | None:
    """None for a host that names no org, such as ``chat.example.com``, an address, or ``api.example.com``."""
    host = request.headers.get("host", "").lower().rstrip(".")
    labels = host.partition(":")[0].split(".")
    return labels[0] if len(labels) >= 3 and labels[1] == "api" and labels[0] else None


def names_org(request: Request) -> bool:
    """Whether a request says of which App it is, before any credential does."""
    return org_in_host(request) is not None or ORG_HEADER in request.headers


async def app_of(request: Request) -> App:
    """The App of the host or, where that names none, of the header or of the chat key.

    Refuses with UnknownApp, AppClosed or OriginRefused; with InvalidCredentials or NotAllowed for what is no chat key.
    """
    core, key = core_of(request), bearer(request)
    named = org_in_host(request) or request.headers.get(ORG_HEADER)
    if named is not None and len(named) <= LONGEST_NAME:
        app = await apps.by_slug(core, named)
    elif named is None and key is not None:
        app = await apps.by_api_key(core, key, Role.TRACKING, address=visit_of(request).address)
    else:
        raise UnknownApp
    check_origin(request, app)
    return app


def is_of_host(request: Request, app: App) -> bool:
    """Whether the host, and the header if there is one, name this App or none."""
    named = (org_in_host(request), request.headers.get(ORG_HEADER))
    return all(it is None or it == app.slug for it in named)


def check_host(request: Request, app: App) -> None:
    """Refuses with SessionEnded a credential of one App on the host of another, with OriginRefused a foreign page."""
    if not is_of_host(request, app):
        raise SessionEnded
    check_origin(request, app)
