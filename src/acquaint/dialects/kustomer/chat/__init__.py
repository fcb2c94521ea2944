"""What a visitor's SDK asks, under ``/c/`` and ``/p/``."""

from __future__ import annotations

from typing import Final

from ....web.dialect import Route

ROUTES: Final[list[Route]] = []
