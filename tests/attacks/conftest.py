"""What attacks from outside need: a shop behind all of its doors, in this process or on the shared server."""

from __future__ import annotations

from tests.journeys.conftest import corner, http, operator_key, other, shop

__all__ = ["corner", "http", "operator_key", "other", "shop"]
