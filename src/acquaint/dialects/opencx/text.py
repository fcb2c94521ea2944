"""Text as the widget may show it: it renders Markdown with raw HTML, in a frame that is of the page's own origin."""

from __future__ import annotations

import re
from typing import Final

_ENTITY: Final = re.compile(r"&(?=#|[A-Za-z][A-Za-z0-9]{1,31};)")
_SCRIPT: Final = re.compile(r"(javascript|vbscript|data)(\s*\\?:)", re.IGNORECASE)
_TEXT_DATA: Final = re.compile(r"\s*\\?:\s*[a-z]+\s*\\?/", re.IGNORECASE)


def shown(text: str) -> str:
    """Nothing in it is a tag, an entity or a link that runs something; every character can still be read.

    Markdown stays. ``<`` becomes an entity, which Markdown shows as itself outside of code.
    """
    text = _ENTITY.sub("&amp;", text).replace("<", "&lt;")
    return _SCRIPT.sub(lambda found: _apart(found, text), text)


def preview(text: str, longest: int = 200) -> str:
    return shown(text if len(text) <= longest else text[: longest - 1] + "…")


def _apart(found: re.Match[str], text: str) -> str:
    """A space in front of the colon: what has one in it is no address of a link."""
    if found[1].lower() == "data" and not _TEXT_DATA.match(text, found.start(2)):
        return found[0]
    return f"{found[1]} {found[2].lstrip()}"
