"""The story an app begins with, by the unmodified connectycube 6.1.2: everything in one go."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from tests.sdk.connectycube.conftest import Cube

pytestmark = pytest.mark.sdk


def test_an_app_signs_in_shows_a_picture_and_chats(cube: Cube) -> None:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), (9, 99, 9)).save(content, "PNG")
    told = cube.tells("smoke", picture=base64.b64encode(content.getvalue()).decode())
    assert told == {"found": ["Alice"], "picture": 200, "isConnected": True}
