"""Browsers at Acme's shop, for tests of OpenCX' dialect."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.opencx.widgets import Browser, Server


@pytest.fixture
def browser(client: httpx2.AsyncClient, acme: Cast) -> Browser:
    return Browser(client, acme)


@pytest.fixture
def new_browser(client: httpx2.AsyncClient, acme: Cast) -> Callable[[], Browser]:
    return lambda: Browser(client, acme)


@pytest.fixture
def backend(client: httpx2.AsyncClient, acme: Cast) -> Server:
    """Acme's own server."""
    return Server(client, acme)


@pytest.fixture
async def globex(core: Core) -> Cast:
    """Another App on the same server."""
    return Cast(await apps.create(core, "Globex"))
