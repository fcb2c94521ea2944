"""SDKs before 6.0, unmodified: they know no address but a host, speak TLS to it, and before 4.0 sign what they send."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdk.connectycube.conftest import Cube
from tests.support.certificates import Authority
from tests.support.server import Server

pytestmark = pytest.mark.sdk


@pytest.fixture
def cube(own_server: Callable[..., Server], tmp_path: Path) -> Cube:
    authority = Authority(tmp_path)
    both = str(authority.write_server("localhost"))
    server = own_server(ACQUAINT_TLS_CERT=both, ACQUAINT_TLS_KEY=both)
    trusting = {"NODE_EXTRA_CA_CERTS": str(authority.write())}
    return Cube(server, server.create_app(), f"https://localhost:{server.port}", trusting)


@pytest.mark.parametrize("sdk", ["connectycube-4", "connectycube-3"])
def test_an_old_sdk_signs_in_over_tls(cube: Cube, sdk: str) -> None:
    told = cube.tells("old", sdk=sdk, auth_secret=cube.app["auth_secret"])
    assert told["nobody"]["user_id"] is None
    assert told["session"]["user"]["login"] == "ann"
    assert told["wrong"]["code"] == 401
    assert told["updated"]["user"]["full_name"] == "Ann"


def test_a_signature_by_another_secret_is_refused(cube: Cube) -> None:
    told = cube.tells("unsigned", sdk="connectycube-3", auth_secret="another secret")
    assert told["code"] == 422
    assert told["info"] == {"errors": ["Unexpected signature"]}


@pytest.mark.parametrize("sdk", ["connectycube-4", "connectycube-3"])
def test_an_old_sdk_chats_over_tls(cube: Cube, sdk: str) -> None:
    told = cube.tells("chat_old", sdk=sdk, auth_secret=cube.app["auth_secret"])
    [heard] = told["heard"]
    assert (heard["from"], heard["id"], heard["body"]) == (told["ann"], told["id"], "Hello from long ago")
