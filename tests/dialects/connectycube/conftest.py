"""An App of ConnectyCube's clients."""

from __future__ import annotations

import httpx2
import pytest

from tests.cast import Cast
from tests.dialects.connectycube.asking import Cube


@pytest.fixture
def cube(client: httpx2.AsyncClient, acme: Cast) -> Cube:
    return Cube.of(client, acme)
