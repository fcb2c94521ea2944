"""What the App's own server asks, under ``/v1/`` and ``/v2.1/``, with an API key."""

from __future__ import annotations

from typing import Final

from ....web.dialect import Route

ROUTES: Final[list[Route]] = []
