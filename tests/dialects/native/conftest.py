"""Acme's native API, and who is in front of it."""

from __future__ import annotations

import httpx2
import pytest

from acquaint.domain.keys import Role
from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.native.asking import Api
from tests.dialects.native.world import World, world_of


@pytest.fixture
def api(client: httpx2.AsyncClient, acme: Cast) -> Api:
    return Api(client, acme.api_key)


@pytest.fixture
async def user_key(core: Core, acme: Cast) -> str:
    """An API key of Acme that may do less."""
    return (await apps.create_key(core, acme.app, "helper", (Role.USER,)))[1]


@pytest.fixture
async def operator_key(core: Core) -> str:
    return (await apps.create_key(core, None, "operator", (Role.OPERATOR,)))[1]


@pytest.fixture
async def globex(core: Core) -> Cast:
    """Another App of the same server."""
    return Cast(await apps.create(core, "Globex"))


@pytest.fixture
async def world(api: Api, acme: Cast, user_key: str, operator_key: str) -> World:
    return await world_of(api, acme, user_key, operator_key)
