"""The pages that links in mails open: one small form each, and nothing else. They work without scripts.

RESET, CONFIRM   the forms: a new password, twice; the password, for an address that is to be confirmed
link_to          what a mail says
opened           what it opens
form_page        shows a form, and says what was wrong with the last try
over_page        nothing more to do here

The link's ticket is in the page's address and in its form; the page loads nothing, tells nobody where it was opened,
and is kept by nobody.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ....domain.apps import App
from ....domain.errors import Refusal
from ....domain.tokens import TokenKind, is_well_formed
from ....services.core import Core
from ..reading import parse_pairs

_HERE: Final = Path(__file__).parent
_STYLE: Final = (_HERE / "style.css").read_text()
_PAGE: Final = Template((_HERE / "page.html").read_text())

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; "
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True)
class Form:
    title: str
    content: Template


RESET: Final = Form("A new password", Template((_HERE / "reset.html").read_text()))
CONFIRM: Final = Form("Confirm your address", Template((_HERE / "confirm.html").read_text()))


def link_to(page: str, core: Core, app: App, ticket: str) -> str:
    """As the vendor's mails have it."""
    return f"{core.public_url}{page}?{urlencode({'application_id': app.id, 'token': ticket})}"


def opened(request: Request, form: Form, not_good: tuple[str, str]) -> Response:
    """The form, for a link that may be good. Looking spends nothing: mail programs look first."""
    try:
        token = str(parse_pairs(request.scope["query_string"]).get("token", ""))
    except Refusal:
        token = ""
    return form_page(form, token) if is_well_formed(token, TokenKind.TICKET) else over_page(not_good, 404)


def form_page(form: Form, token: str, wrong: str = "", status: int | None = None) -> Response:
    """``wrong`` is what was wrong with the last try, read out by screen readers."""
    said = f'<p id="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    described = "rule wrong" if wrong else "rule"
    content = form.content.substitute(token=escape(token), wrong=said, described=described)
    return _page(form.title, content, status or (422 if wrong else 200))


def over_page(said: tuple[str, str], status: int = 200) -> Response:
    title, text = said
    return _page(title, f'<p role="status">{escape(text)}</p>', status)


def _page(title: str, content: str, status: int) -> Response:
    page = _PAGE.substitute(title=escape(title), style=_STYLE, content=content)
    return Response(page, status, media_type="text/html", headers=HEADERS)
