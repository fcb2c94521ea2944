"""Acme's native API, and who is in front of it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.bootstrap import build_app, open_house
from acquaint.domain.keys import Role
from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast
from tests.dialects.native.asking import Api
from tests.dialects.native.world import World, world_of
from tests.support.clock import SetClock


@pytest.fixture
def api(client: httpx2.AsyncClient, acme: Cast) -> Api:
    return Api(client, acme.api_key)


@pytest.fixture
async def user_key(core: Core, acme: Cast) -> str:
    """An API key of Acme that may do less."""
    return await key_of(core, acme, Role.USER)


@pytest.fixture
async def operator_key(core: Core) -> str:
    return await key_of(core, None, Role.OPERATOR)


@pytest.fixture
async def globex(core: Core) -> Cast:
    """Another App of the same server."""
    return Cast(await apps.create(core, "Globex"))


@pytest.fixture
async def world(api: Api, acme: Cast, user_key: str, operator_key: str) -> World:
    """Of the test's own: it may change."""
    return await world_of(api, acme, user_key, operator_key)


@pytest.fixture(scope="module")
async def standing_world(tmp_path_factory: pytest.TempPathFactory, _new_database: Path) -> AsyncIterator[World]:
    """For tests that are refused everything, and so can share it."""
    data = tmp_path_factory.mktemp("standing")
    shutil.copy(_new_database, data / "acquaint.db")
    settings = Settings(data=data, public_url="http://acquaint.test", limits=False)
    async with open_house(settings, clock=SetClock(), hashing=CHEAPEST) as house:
        core, transport = house.core, httpx2.ASGITransport(build_app(house))
        async with httpx2.AsyncClient(transport=transport, base_url="http://acquaint.test") as client:
            acme = Cast(await apps.create(core, "Acme"))
            keys = await key_of(core, acme, Role.USER), await key_of(core, None, Role.OPERATOR)
            yield await world_of(Api(client, acme.api_key), acme, *keys)


async def key_of(core: Core, app: Cast | None, role: Role) -> str:
    return (await apps.create_key(core, app.app if app else None, role.value, (role,)))[1]
