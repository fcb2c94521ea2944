"""The hand on PostgreSQL."""

from __future__ import annotations

from .connection import Engine, Own


def PostgresEngine(address: str, own: Own, *, connections: int) -> Engine:  # noqa: N802
    raise NotImplementedError
