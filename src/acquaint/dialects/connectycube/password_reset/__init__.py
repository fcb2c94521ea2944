"""The page that the link in a mail opens: a new password, twice, and nothing else. It works without scripts.

form_page    asks for it, and says what was wrong with the last try
over_page    nothing more to do here

The link's ticket is in the page's address and in its form; the page loads nothing, tells nobody where it was opened,
and is kept by nobody.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from starlette.responses import Response

_HERE: Final = Path(__file__).parent
_STYLE: Final = (_HERE / "style.css").read_text()
_PAGE: Final = Template((_HERE / "page.html").read_text())
_FORM: Final = Template((_HERE / "form.html").read_text())

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


def form_page(token: str, wrong: str = "", status: int | None = None) -> Response:
    """``wrong`` is what was wrong with the last try, read out by screen readers."""
    said = f'<p id="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    form = _FORM.substitute(token=escape(token), wrong=said, described="rule wrong" if wrong else "rule")
    return _page("A new password", form, status or (422 if wrong else 200))


def over_page(said: tuple[str, str], status: int = 200) -> Response:
    title, text = said
    return _page(title, f'<p role="status">{escape(text)}</p>', status)


def _page(title: str, content: str, status: int) -> Response:
    page = _PAGE.substitute(title=escape(title), style=_STYLE, content=content)
    return Response(page, status, media_type="text/html", headers=HEADERS)
