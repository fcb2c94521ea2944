"""The picture of who has none. The vendor's clients want an address that is never empty, and it is no business of
another host who looks at whom."""

from __future__ import annotations

import base64
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

AVATAR: Final = "/api/v2/sdk/avatar.png"

_PICTURE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAGAAAABgAQMAAADYVuV7AAAABlBMVEXd4eaao66ppxpWAAAAmUlEQVR42uXRuxGAIAwGYDkKS0dwFEaT0Rz"
    "FESwtOH7lcvibU3wU2piKr0jIo6p+HM24QRf5NoBfYYGeKQCTWmA6hgMCKwPxGFjiGibBv4+b7ZzMo8Yub0ctUa1XLV6dRB/rxXCc4OT0xT"
    "PahJxUJwxcAZfgEgKLsRzAckbg97CCnt/kjxQawcgGcgtlOEHYoxPEJwA2A32PGQFdWWpirOVYAAAAAElFTkSuQmCC"
)


async def avatar(request: Request) -> Response:
    """GET /api/v2/sdk/avatar.png"""
    return Response(_PICTURE, media_type="image/png", headers={"Cache-Control": "public, max-age=86400"})
