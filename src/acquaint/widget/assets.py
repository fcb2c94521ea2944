"""The widget's files: read once, and served so that a browser asks for them again only when they change.

``/widget.js`` is the one address that pages know. It is asked for each time, and answered with its tag. What it
imports is below an address that names its content (``/acquaint/widget/<digest>/…``), and is kept for good.

What a browser gets are the modules in one file, as `joining` made them when the server was installed. Where a
module was changed since, the modules themselves are served, so that whoever works on them sees what they wrote.

While servers are replaced one by one, a page may ask an old one for the files of a new one, or the other way
round: it is given those that are there, and told not to keep them.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ..domain.errors import NotFound
from ..web.dialect import Route
from . import joining

ENTRY: Final = "/widget.js"
FOLDER: Final = "/acquaint/widget"

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
    def of(cls, content: bytes, compressed: bytes | None = None) -> Asset:
        return cls(content, compressed or gzip.compress(content, mtime=0), hashlib.sha256(content).hexdigest()[:32])

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
    served = _served()
    digest = joining.digest_of({name: it.content for name, it in served.items()})
    entry = Asset.of(f'import ".{FOLDER}/{digest}/{joining.ENTRY}"\n'.encode())

    async def widget(request: Request) -> Response:
        return entry.answer(request, _ASKED_AGAIN)

    async def file(request: Request) -> Response:
        asset = served.get(request.path_params["name"])
        if asset is None:
            raise NotFound("module")
        return asset.answer(request, _LONG if request.path_params["digest"] == digest else _ASKED_AGAIN)

    return [Route("GET", ENTRY, widget), Route("GET", FOLDER + "/{digest}/{name:path}", file)]


@cache
def _served() -> Mapping[str, Asset]:
    """By name. Nothing else is ever opened: a path that is asked for is only looked up."""
    written = joining.modules()
    files = joining.read(joining.FOLDER, written) or written
    return {name: Asset.of(files[name], files.get(name + joining.COMPRESSED)) for name in files if name.endswith(".js")}


def _takes_gzip(accepted: str) -> bool:
    found = re.search(r"\bgzip\s*(?:;\s*q\s*=\s*([0-9]+(?:\.[0-9]*)?))?", accepted)
    return found is not None and (found[1] is None or float(found[1]) > 0)


def _has(tags: str, tag: str) -> bool:
    """``If-None-Match`` of RFC 9110: a list, weakly compared."""
    return tags.strip() == "*" or tag in (it.strip().removeprefix("W/") for it in tags.split(","))
