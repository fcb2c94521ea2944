"""The story an app begins with, by the unmodified connectycube 6.1.2: everything in one go."""

from __future__ import annotations

import pytest

from tests.sdk.connectycube.conftest import Cube

pytestmark = pytest.mark.sdk


def test_an_app_signs_in_shows_a_picture_and_chats(cube: Cube) -> None:
    told = cube.tells("smoke")
    assert told == {"found": ["Alice"], "picture": 200, "isConnected": True}
