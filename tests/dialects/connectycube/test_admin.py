"""The vendor's administration API: who may delete whom."""

from __future__ import annotations

from typing import Any

from acquaint.domain.keys import Role
from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.connectycube.asking import UNAUTHORIZED, Cube


async def delete(cube: Cube, id: object, key: str) -> Any:
    answer = await cube.ask("DELETE", f"/admin/user/{id}", headers={"CB-Administration-API-Key": key})
    return answer.status_code, answer.json()


async def test_only_the_apps_own_server_deletes_its_own_users(cube: Cube, core: Core, acme: Cast) -> None:
    anns = await cube.log_in("ann")
    rival = await apps.create(core, "Rival")
    _, tracking = await apps.create_key(core, acme.app, "widget", (Role.TRACKING,))
    for key in (anns["token"], cube.app.public_keys.auth_key, cube.app.auth_secret, "acqk_x", "x", "é".encode().hex()):
        assert await delete(cube, anns["user_id"], key) == (401, UNAUTHORIZED)
    assert (await delete(cube, anns["user_id"], tracking))[0] == 403
    assert (await delete(cube, anns["user_id"], rival.api_key))[0] == 404
    for id in ("0", "-1", "ann", "9" * 30, f"{anns['user_id']}x"):
        assert (await delete(cube, id, acme.new.api_key))[0] == 404
    assert await cube.is_open(anns["token"])
    assert await delete(cube, anns["user_id"], acme.new.api_key) == (200, {"success": True})
    assert not await cube.is_open(anns["token"])
