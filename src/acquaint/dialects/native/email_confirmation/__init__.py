"""The page that the link in a confirmation opens: the password, and nothing else. As careful as that of a reset.

What it looks like is that page's, too.
"""

from __future__ import annotations

from pathlib import Path

from ....web.dialect import Route
from ..operation import PREFIX
from ..password_reset import served


def routes() -> list[Route]:
    """The page, and what it is made of."""
    return served(
        f"{PREFIX}/email-confirmation",
        Path(__file__).parent,
        {"": ("page.html", "text/html"), "/script.js": ("script.js", "text/javascript")},
    )
