"""Phones and tablets at Acme, for tests of Kustomer's dialect."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.kustomer.phones import Phone


@pytest.fixture
async def phone(client: httpx2.AsyncClient, acme: Cast) -> Phone:
    return await Phone(client, acme).begin()


@pytest.fixture
async def tablet(client: httpx2.AsyncClient, acme: Cast) -> Phone:
    return await Phone(client, acme).begin()


@pytest.fixture
def new_phone(client: httpx2.AsyncClient, acme: Cast) -> Callable[[], Phone]:
    """Phones that have not asked for a token yet."""
    return lambda: Phone(client, acme)


@pytest.fixture
async def globex(core: Core) -> Cast:
    """Another App on the same server."""
    return Cast(await apps.create(core, "Globex"))
