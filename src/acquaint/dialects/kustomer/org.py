"""Which App is meant: Kustomer calls it the org, and its name is a part of the host.

org_in_host    the name in ``<orgName>.api.<domain>``
app_of         the App a visitor without a token names
check_host     that what somebody proved is of the App whose host they ask

The clients of the vendor always ask ``https://<orgName>.api.<hostDomain>``. Under a plain name the header
``x-kustomer-org`` (ours) says it, and where a credential says it, nothing needs to.
"""

from __future__ import annotations

from starlette.requests import Request

from ...domain.apps import App
from ...domain.errors import SessionEnded, UnknownApp
from ...services import apps
from ...web.cors import check_origin
from ...web.dialect import core_of

ORG_HEADER = "x-kustomer-org"


def org_in_host(request: Request) -> str | None:
    """None for a host that names no org, such as ``chat.example.com``, an address, or ``api.example.com``."""
    host = request.headers.get("host", "").lower().rstrip(".")
    labels = host.partition(":")[0].split(".")
    return labels[0] if len(labels) >= 3 and labels[1] == "api" and labels[0] else None


def names_org(request: Request) -> bool:
    """Whether a request says of which App it is, before any credential does."""
    return org_in_host(request) is not None or ORG_HEADER in request.headers


async def app_of(request: Request) -> App:
    """The App of the host, or of the header where the host names none.

    Refuses with UnknownApp, AppClosed or OriginRefused.
    """
    named = org_in_host(request) or request.headers.get(ORG_HEADER)
    if named is None or len(named) > 63:
        raise UnknownApp
    app = await apps.by_slug(core_of(request), named)
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
