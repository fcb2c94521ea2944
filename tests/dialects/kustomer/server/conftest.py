"""Acme's server, for tests of Kustomer's server API."""

from __future__ import annotations

import httpx2
import pytest

from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.kustomer.server.backends import Backend


@pytest.fixture
def backend(core: Core, client: httpx2.AsyncClient, acme: Cast) -> Backend:
    """With a key that may do everything in its App."""
    return Backend(core, client, acme, acme.api_key)
