"""temp"""

from __future__ import annotations

from typing import Any

from ...web.dialect import Route


def routes(operations: Any) -> list[Route]:
    return []
