"""Files and avatars, as the vendor's unmodified SDK sends them."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from tests.cast import ann, ben

from .conftest import Cube

pytestmark = pytest.mark.sdk


def test_a_file_is_sent_looked_at_and_deleted(cube: Cube) -> None:
    cube.allow(registers_on_login=True)
    content = io.BytesIO()
    Image.new("RGB", (1500, 750), (9, 99, 9)).save(content, "PNG")
    picture = content.getvalue()

    found = cube.tells(
        "blobs",
        ann={"login": "ann-1", "password": ann.password},
        ben={"login": "ben-1", "password": ben.password},
        picture=base64.b64encode(picture).decode(),
    )

    photograph, text = found["ids"]
    assert found["uploaded"] == {"name": "me & you @home.png", "size": len(picture), "public": False}
    assert found["info"]["blob"]["size"] == len(picture)
    assert found["info"]["blob"]["blob_status"] == "complete"
    assert found["file"] == "me & you @home.png"
    assert found["listed"] == [2, [text, photograph]]
    original = {"status": 200, "type": "image/png", "way": "attachment", "size": len(picture)}
    assert found["before"] == original
    assert found["linked"] == original
    assert (found["shown"]["type"], found["shown"]["way"]) == ("image/jpeg", "inline")
    assert found["stranger"]["status"] == 401
    assert found["everybody"] == {"status": 200, "type": "application/octet-stream", "way": "attachment", "size": 5}
    assert found["renamed"] == "a.txt"
    assert found["not_hers"] == {"code": 403, "info": {"errors": {"base": ["You are not owner of this object"]}}}
    assert found["not_a_picture"] is True  # it is named, and never shown
    assert found["deleted"].strip() == ""
    assert found["gone"]["code"] == 404
