"""The widget's files: read once, and served so that a browser asks for them again only when they change.

``/widget.js`` is the one address that pages know. It is asked for each time, and answered with its tag. The modules it
imports are below an address that names their content (``/acquaint/widget/<digest>/…``), and are kept for good.

While servers are replaced one by one, a page may ask an old one for the modules of a new one, or the other way
round: it is given those that are there, and told not to keep them.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ..domain.errors import NotFound
from ..web.dialect import Route

ENTRY: Final = "/widget.js"
FOLDER: Final = "/acquaint/widget"

_HERE: Final = Path(__file__).parent
_MODULES: Final = _HERE / "modules"
_CLIENTS: Final = (_HERE / "client", _HERE.parents[2] / "sdk" / "js" / "src")
"""Where the client may be: in a wheel, and in a checkout."""

_COMMENT: Final = re.compile(rb"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.DOTALL | re.MULTILINE)
"""A comment that stands alone on its lines. They are half of what would be sent; those beside code are left."""

_LONG: Final = "public, max-age=31536000, immutable"
_ASKED_AGAIN: Final = "public, no-cache"
_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",  # a module is always loaded with CORS
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent, plain and compressed. It holds no secret, so compressing it tells nobody anything."""

    content: bytes
    compressed: bytes
    tag: str

    @classmethod
    def of(cls, source: bytes) -> Asset:
        """Without its comments, and with its lines: what a browser says of a line is true of the file."""
        content = _COMMENT.sub(lambda found: b"\n" * found[0].count(b"\n"), source)
        return cls(content, gzip.compress(content, mtime=0), hashlib.sha256(content).hexdigest()[:32])

    def answer(self, request: Request, cache: str) -> Response:
        """All of it, or 304 where the client has it already."""
        is_compressed = _takes_gzip(request.headers.get("accept-encoding", ""))
        tag = f'"{self.tag}{"-gzip" if is_compressed else ""}"'
        headers = {**_HEADERS, "ETag": tag, "Cache-Control": cache}
        if _has(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        if is_compressed:
            headers["Content-Encoding"] = "gzip"
        return Response(
            self.compressed if is_compressed else self.content, headers=headers, media_type="text/javascript"
        )


def routes() -> list[Route]:
    """The entry, and everything that it imports."""
    modules = _modules()
    digest = hashlib.sha256("".join(f"{name} {it.tag}\n" for name, it in modules.items()).encode()).hexdigest()[:16]
    entry = Asset.of((_MODULES / "widget.js").read_bytes().replace(b'"./', f'".{FOLDER}/{digest}/'.encode()))

    async def widget(request: Request) -> Response:
        return entry.answer(request, _ASKED_AGAIN)

    async def module(request: Request) -> Response:
        asset = modules.get(request.path_params["name"])
        if asset is None:
            raise NotFound("module")
        return asset.answer(request, _LONG if request.path_params["digest"] == digest else _ASKED_AGAIN)

    return [Route("GET", ENTRY, widget), Route("GET", FOLDER + "/{digest}/{name:path}", module)]


@cache
def _modules() -> Mapping[str, Asset]:
    """By the name that imports use. Nothing else is ever opened: a path that is asked for is only looked up."""
    client = next((it for it in _CLIENTS if it.is_dir()), _CLIENTS[0])
    found = {f"client/{it.name}": it for it in client.glob("*.js")}
    found |= {it.relative_to(_MODULES).as_posix(): it for it in _MODULES.rglob("*.js") if it.name != "widget.js"}
    return {name: Asset.of(path.read_bytes()) for name, path in sorted(found.items())}


def _takes_gzip(accepted: str) -> bool:
    found = re.search(r"\bgzip\s*(?:;\s*q\s*=\s*([0-9.]+))?", accepted)
    return found is not None and (found[1] is None or float(found[1].rstrip(".") or 0) > 0)


def _has(tags: str, tag: str) -> bool:
    """``If-None-Match`` of RFC 9110: a list, weakly compared."""
    return tags.strip() == "*" or tag in (it.strip().removeprefix("W/") for it in tags.split(","))
