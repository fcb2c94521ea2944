"""Attack 27: a copy of the database, or a hand in it. CWE-312, CWE-256, CWE-345.

Whoever reads a backup looks for what tokens are signed with; whoever can write to the database, and not read the key,
pastes a secret that they know over somebody else's. One who loses the key loses secrets, and nothing else.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from sqlalchemy import Connection, text

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.adapters.jose import JoseSigner
from acquaint.adapters.sealing import KeyFile, id_of, new_key
from acquaint.bootstrap import House, NotReady, build_app, forget_key, open_core, open_house
from acquaint.domain.errors import CannotOpen
from acquaint.domain.paging import PageAsked
from acquaint.domain.webhooks import DeliveryState, Webhook
from acquaint.services import apps, providers, sealing, users, webhooks
from acquaint.services.core import Core
from acquaint.services.delivering import Courier
from acquaint.settings import Settings
from tests.cast import Cast, ann
from tests.dialects.connectycube.asking import Cube
from tests.dialects.connectycube.test_signature import signed
from tests.storage.test_schema import looked_at
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases
from tests.support.server import InThisProcess

NATIVE = "/acquaint/v1"
HUSH = {"endpoint": "https://id.acme.example/", "response_params": {"uid": "#{id}"}}
HEADER = "a header that only Acme says"


async def furnished(core: Core, acme: Cast) -> tuple[Webhook, list[str]]:
    """Acme with a secret of every kind, and what they are."""
    first = await webhooks.register(core, acme.app, "https://hooks.acme.example/", names=["user.created"])
    webhook = await webhooks.rotate_secret(core, acme.app, first.id)
    await providers.put(core, acme.app, "facebook", "facebook", {"app_id": "77", "app_secret": "hush-facebook-hush"})
    await providers.put(core, acme.app, "custom", "custom", HUSH | {"request_headers": {"X-Key": HEADER}})
    rotated = await apps.rotate_secret(core, acme.app)
    texts = [acme.signing_secret, rotated.text, acme.app.auth_secret, first.secret, webhook.secret, HEADER]
    return webhook, [*texts, "hush-facebook-hush"]


async def run(settings: Settings, *statements: str) -> None:
    def run(connection: Connection) -> None:
        for it in statements:
            connection.execute(text(it))
        connection.commit()

    # beside the event loop: the server in it may be in the middle of a write that SQLite waits for
    await asyncio.to_thread(lambda: asyncio.run(looked_at(settings.database, run)))


def token_of(secret: str, core: Core) -> str:
    return JoseSigner().sign({"externalId": "acme-ann", "iat": int(core.clock().timestamp())}, secret)


async def comes_in(client: httpx2.AsyncClient, app: str, token: str) -> httpx2.Response:
    return await client.post(f"{NATIVE}/sessions", json={"app": app, "token": token})


async def test_the_files_of_a_database_say_no_secret_and_neither_do_those_of_an_older_version(
    settings: Settings, clock: SetClock
) -> None:
    async with open_house(settings, clock=clock, hashing=CHEAPEST) as house:
        acme = Cast(await apps.create(house.core, "Acme"))
        webhook, secrets = await furnished(house.core, acme)
    path = settings.data / "acquaint.db"
    assert found_in(settings.data, secrets) == []

    with closing(sqlite3.connect(path)) as it:
        it.execute("UPDATE apps SET auth_secret = ?", (acme.app.auth_secret,))
        it.execute("UPDATE signing_secrets SET text = ?", (acme.signing_secret,))
        it.execute("UPDATE webhooks SET secret = ?", (webhook.secret,))
        it.execute("""UPDATE providers SET settings = '{"app_id":"77","app_secret":"hush-facebook-hush"}'
            WHERE name = 'facebook'""")
        it.commit()
    left = [acme.app.auth_secret, acme.signing_secret, webhook.secret, "hush-facebook-hush"]
    assert found_in(settings.data, left) == left, "without the defence they are there"
    async with open_house(settings, clock=clock, hashing=CHEAPEST) as house:
        assert await apps.believed_secrets(house.core, acme.app) == [acme.signing_secret] * 2
        assert (await sealing.count(house.core))[None] == 0
    assert found_in(settings.data, secrets) == [], "not even where they were before"


def found_in(folder: Path, secrets: list[str]) -> list[str]:
    everything = b"".join(it.read_bytes() for it in folder.glob("acquaint.db*"))
    return [it for it in secrets if it.encode() in everything]


@on_both_databases
async def test_a_secret_that_was_pasted_over_anothers_opens_nothing_and_harms_nobody_else(
    settings: Settings, core: Core, client: httpx2.AsyncClient, acme: Cast
) -> None:
    rival = Cast(await apps.create(core, "Rival"))
    cube = Cube.of(client, acme)
    here = (await comes_in(client, "acme", token_of(acme.signing_secret, core))).json()["token"]
    forged = token_of(rival.signing_secret, core)
    assert (await comes_in(client, "acme", forged)).status_code == 401
    theirs = f"SELECT text FROM signing_secrets WHERE app_id = {rival.app.id}"  # noqa: S608 - a number of ours
    auth = f"SELECT auth_secret FROM apps WHERE id = {rival.app.id}"  # noqa: S608
    await run(
        settings,
        f"UPDATE signing_secrets SET text = ({theirs}) WHERE app_id = {acme.app.id}",  # noqa: S608
        f"UPDATE apps SET auth_secret = ({auth}) WHERE id = {acme.app.id}",  # noqa: S608
    )
    core.known_apps.lost()
    core.recognised.lost()

    refused = await comes_in(client, "acme", forged)
    assert (refused.status_code, refused.json()["code"]) == (500, "our_fault")
    now = int(core.clock().timestamp())
    asked = cube.credentials | {"timestamp": now, "nonce": 7, "user": {"login": "ann", "password": ann.password}}
    said = await cube.ask("POST", "/session", json=signed(rival.app.auth_secret, **asked))
    assert (said.status_code, said.json()) == (500, {"errors": ["Internal Server Error"]})

    headers = {"Authorization": f"Bearer {here}"}
    assert (await client.get(f"{NATIVE}/session", headers=headers)).status_code == 200, "Ann stays where she is"
    assert (await comes_in(client, "rival", token_of(rival.signing_secret, core))).status_code == 201
    newer = await apps.rotate_secret(core, acme.app)
    assert (await comes_in(client, "acme", token_of(newer.text, core))).status_code == 201
    assert (await comes_in(client, "acme", forged)).status_code == 401
    changed = await apps.rotate_auth_secret(core, acme.app)
    assert (await cube.ask("POST", "/session", json=signed(rival.app.auth_secret, **asked))).status_code == 422
    assert (await cube.ask("POST", "/session", json=signed(changed.auth_secret, **asked))).status_code != 500
    for it in await apps.secrets_of(core, acme.app):
        if not it.text:
            assert (await apps.retire_secret(core, acme.app, it.id)).retired_at is not None


async def test_an_empty_secret_that_cannot_be_opened_verifies_nothing(
    settings: Settings, core: Core, client: httpx2.AsyncClient, acme: Cast
) -> None:
    await run(settings, "UPDATE signing_secrets SET text = 'sealed.1.0000000000000000.AAAA'")
    core.known_apps.lost()
    with pytest.raises(CannotOpen):
        await apps.believed_secrets(core, acme.app)
    with pytest.raises(CannotOpen):
        await apps.by_signing_secret(core, "acme", "")
    newer = await apps.rotate_secret(core, acme.app)
    assert await apps.believed_secrets(core, acme.app) == [newer.text]
    assert await apps.secrets_of(core, acme.app) != [newer], "the lost one is still listed"


async def test_nothing_is_sent_that_cannot_be_signed_and_what_waits_is_sent_later(
    settings: Settings, clock: SetClock
) -> None:
    async with open_core(settings, clock=clock, hashing=CHEAPEST) as core:  # nobody sends but whom we tell to
        acme = Cast(await apps.create(core, "Acme"))
        webhook = await webhooks.register(core, acme.app, "https://127.0.0.1/", names=["user.created"])
        await run(settings, "UPDATE webhooks SET secret = 'sealed.1.0000000000000000.AAAA'")
        await users.put(core, acme.app, ann.verified())
        assert await Courier(core).round() == 0
        [(waiting, _)] = (await webhooks.log(core, acme.app, webhook.id, PageAsked(10))).items
        assert (waiting.state, waiting.attempts) == (DeliveryState.WAITING, 0)
        await webhooks.rotate_secret(core, acme.app, webhook.id)
        clock.forward(minutes=1)
        assert await Courier(core).round() == 1


@on_both_databases
async def test_another_key_is_no_way_in_and_no_second_key_is_made(
    settings: Settings, clock: SetClock, tmp_path: Path
) -> None:
    async with open_core(settings, clock=clock, hashing=CHEAPEST) as core:
        acme = Cast(await apps.create(core, "Acme"))
        webhook, _ = await furnished(core, acme)
    thief = replace(settings, data=tmp_path / "thief")
    if settings.is_embedded:
        (tmp_path / "thief").mkdir()
        shutil.copy(settings.data / "acquaint.db", thief.data / "acquaint.db")
    with pytest.raises(NotReady, match="secrets in the database are sealed with"):
        async with open_house(thief, clock=clock, hashing=CHEAPEST):
            pass
    assert not (thief.data / "secret.keys").exists()
    with pytest.raises(NotReady, match="sealed with"):
        async with open_house(replace(thief, secret_keys=(new_key(),)), clock=clock, hashing=CHEAPEST):
            pass
    with pytest.raises(NotReady, match=r"ACQUAINT_SECRET_KEYS: a key is 32 random bytes"):
        async with open_core(replace(thief, secret_keys=("hunter2",)), clock=clock, hashing=CHEAPEST):
            pass

    [key] = KeyFile(settings.data / "secret.keys").keys()
    said = (settings.data / "secret.keys").read_text().splitlines()[-1]
    async with open_core(replace(thief, secret_keys=(said,)), clock=clock, hashing=CHEAPEST) as core:
        assert acme.signing_secret in await apps.believed_secrets(core, acme.app), "the owner's other node"
    async with open_core(thief, clock=clock, hashing=CHEAPEST, without_keys=True) as core:
        with pytest.raises(CannotOpen):
            await apps.believed_secrets(core, acme.app)
        assert await forget_key(thief, core, id_of(key)) == 7
    async with open_house(thief, clock=clock, hashing=CHEAPEST) as house:  # the key is lost, and they begin anew
        core = house.core
        assert (await sealing.reseal(core))[1] == 7
        renewed = await webhooks.rotate_secret(core, acme.app, webhook.id)
        assert renewed.secrets(core.clock()) == (renewed.secret,)
        with pytest.raises(CannotOpen):
            await providers.list_of(core, acme.app)
        for name in ("facebook", "custom"):
            await providers.remove(core, acme.app, name)
        newer = await apps.rotate_secret(core, acme.app)
        async with a_client(house) as client:
            assert (await comes_in(client, "acme", token_of(newer.text, core))).status_code == 201


def a_client(house: House) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(build_app(house), client=("203.0.113.7", 40000))
    return httpx2.AsyncClient(transport=transport, base_url="http://acquaint.test")


@on_both_databases
async def test_the_key_is_rotated_while_the_server_runs_and_nobody_notices(
    settings: Settings, house: House, core: Core, acme: Cast, client: httpx2.AsyncClient, clock: SetClock
) -> None:
    webhook, _ = await furnished(core, acme)
    [first] = KeyFile(settings.data / "secret.keys").keys()
    async with open_core(settings, clock=clock, hashing=CHEAPEST) as command_line:
        KeyFile(settings.data / "secret.keys").add()  # what `acquaint sealing rotate` does, in its own process
        assert await sealing.reseal(command_line) == (7, 0)
        newest = command_line.sealing.newest
        async with command_line.store.read() as tx:
            assert await tx.sealed.keys() == [newest]
    assert newest != id_of(first)
    core.known_apps.lost()
    assert (await comes_in(client, "acme", token_of(acme.signing_secret, core))).status_code == 201
    assert (await webhooks.one(core, acme.app, webhook.id)) == webhook
    assert len(await providers.list_of(core, acme.app)) == 2
    another = await apps.create(core, "Another")
    assert await sealing.count(core) == {newest: 9}
    assert await apps.believed_secrets(core, another.app) == [another.signing_secret]
    await run(settings, "DELETE FROM sealing_keys")
    (settings.data / "secret.keys").unlink()
    with pytest.raises(NotReady, match=str(newest)):  # nothing is forgotten that anything is sealed with
        async with open_core(settings, clock=clock, hashing=CHEAPEST):
            pass


@on_both_databases
async def test_two_nodes_that_seal_what_is_clear_at_once_do_it_once(
    settings: Settings, core: Core, acme: Cast, clock: SetClock
) -> None:
    await run(settings, f"UPDATE signing_secrets SET text = '{acme.signing_secret}'")  # noqa: S608 - ours
    async with open_core(settings, clock=clock, hashing=CHEAPEST) as other:
        both = await asyncio.gather(*(sealing.seal_what_is_clear(it) for it in (core, other)))
    assert sum(both) == 1
    assert (await sealing.count(core))[None] == 0


@pytest.mark.postgres
async def test_of_two_nodes_that_start_at_once_with_keys_of_their_own_one_does_not(
    postgresql: str, clock: SetClock, tmp_path: Path
) -> None:
    async def start(name: str) -> Any:
        settings = Settings(data=tmp_path / name, database_url=postgresql)
        try:
            async with open_core(settings, clock=clock, hashing=CHEAPEST) as core:
                return core.sealing.newest
        except NotReady as error:
            return error

    found = await asyncio.gather(start("one"), start("other"))
    assert sorted(isinstance(it, NotReady) for it in found) == [False, True]


def test_the_command_line_looks_after_keys(tmp_path: Path) -> None:
    place = InThisProcess(tmp_path / "data")
    structlog.reset_defaults()
    place.run("init")
    made = place.create_app()
    [key] = place.run("sealing", "list")
    assert key == {"key": key["key"], "secrets": 2, "is_here": True, "seals": True}
    rotated = place.run("sealing", "rotate")
    assert (rotated["secrets_sealed"], rotated["secrets_that_cannot_be_opened"]) == (2, 0)
    assert [it["key"] for it in place.run("sealing", "list")] == [rotated["key"]] != [key["key"]]
    assert place.run("sealing", "reseal")["secrets_sealed"] == 0
    assert place.run("secrets", "list", "acme")[0]["ending"] == made["signing_secret"][-4:]
    assert place.say("sealing", "forget", rotated["key"]).returncode == 1, "it is not lost"
    secrets = next(it for it in place.run("doctor")["findings"] if it["check"] == "secrets")
    assert (secrets["state"], secrets["says"]) == ("good", "2, all of them sealed")

    (place.data / "secret.keys").rename(place.data / "elsewhere")
    said = place.say("apps", "list")
    assert (said.returncode, rotated["key"] in said.stderr, "Traceback" in said.stderr) == (1, True, False)
    bad = [it["check"] for it in place.run("doctor", code=1)["findings"] if it["state"] == "bad"]
    assert bad == ["secrets"]
    assert place.run("sealing", "list") == [{"key": rotated["key"], "secrets": 2, "is_here": False, "seals": False}]
    assert place.run("sealing", "forget", rotated["key"])["secrets_that_cannot_be_opened"] == 2
    assert place.run("secrets", "list", "acme")[0]["ending"] == "cannot be opened"
    assert place.run("secrets", "rotate-auth", "acme")["auth_secret"].startswith("acqx_")
    assert place.run("secrets", "rotate", "acme")["signing_secret"].startswith("acqx_")
    assert place.say("sealing", "forget", "nobody's").returncode == 1

    place.environment["ACQUAINT_SECRET_KEYS"] = f"{new_key()},{(place.data / 'secret.keys').read_text().split()[-1]}"
    assert "put a new one there" in place.say("sealing", "rotate").stderr
    assert place.run("sealing", "reseal")["secrets_sealed"] == 2
