"""Secrets are sealed in the database, each for its place, and what cannot be opened harms nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy import text as sql

from acquaint.adapters.sealing import AesSealing, id_of
from acquaint.domain.apps import App
from acquaint.domain.errors import CannotOpen
from acquaint.domain.events import EventKind
from acquaint.domain.keys import SigningSecret
from acquaint.domain.providers import FacebookProvider, Provider
from acquaint.domain.webhooks import Webhook, WebhookId
from acquaint.ports.store.sealed import KeptSecret
from acquaint.storage.store import SqlStore
from tests.storage.test_schema import looked_at
from tests.storage.world import World
from tests.support.sealing import KEY, SEALING

NEWER = bytes(range(7, 39))
SECRETS = ("secret-acme", "s3cret-to-sign", "whsec_NOW=", "whsec_BEFORE=", "hush-facebook")


class Shop:
    """Acme, with a secret of every kind."""

    def __init__(self, world: World, url: str) -> None:
        self.world, self.url = world, url

    async def open(self) -> None:
        world = self.world
        async with world.store.write() as tx:
            self.secret = await tx.keys.add_secret(world.secret(text="s3cret-to-sign"))
            now, until = world.now, world.now + timedelta(days=1)
            kinds = frozenset({EventKind.USER_CREATED})
            made = Webhook(
                WebhookId(world.new_id()), world.acme.id, "https://a.example/", "native", ("a",), kinds, "-", now, now
            )
            made = await tx.webhooks.add(made)
            self.webhook = replace(made, secret="whsec_NOW=", previous_secret="whsec_BEFORE=", previous_until=until)
            await tx.webhooks.save_secrets(self.webhook)
            self.provider = Provider(world.acme.id, "facebook", FacebookProvider("77", "hush-facebook"), now)
            await tx.providers.put(self.provider)

    async def run(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        """What an operator, or a thief, does to the database behind our back."""

        def run(connection: Connection) -> list[tuple[object, ...]]:
            done = connection.execute(sql(statement), values)
            rows = [tuple(it) for it in done] if done.returns_rows else []
            connection.commit()
            return rows

        found: list[tuple[object, ...]] = await looked_at(self.url, run)
        return found

    async def everything(self) -> str:
        """Every row of every table that keeps secrets."""
        tables = ("apps", "signing_secrets", "webhooks", "providers", "events", "sealing_keys")
        return str([await self.run(f"SELECT * FROM {it}") for it in tables])  # noqa: S608 - ours

    async def in_clear(self) -> None:
        """As a version that did not seal wrote it."""
        await self.run("UPDATE apps SET auth_secret = 'secret-acme' WHERE id = :id", id=self.world.acme.id)
        await self.run("UPDATE signing_secrets SET text = 's3cret-to-sign'")
        await self.run("UPDATE webhooks SET secret = 'whsec_NOW=', previous_secret = 'whsec_BEFORE='")
        await self.run("UPDATE providers SET settings = :it", it='{"app_id":"77","app_secret":"hush-facebook"}')

    async def kept(self, store: SqlStore) -> tuple[App | None, list[SigningSecret], list[Webhook], Provider | None]:
        async with store.read() as tx:
            app, its = await tx.apps.get(self.world.acme.id), self.world.acme.id
            return (
                app,
                await tx.keys.secrets_of(its),
                await tx.webhooks.of(its),
                await tx.providers.get(its, "facebook"),
            )

    @property
    def as_it_is(self) -> tuple[App, list[SigningSecret], list[Webhook], Provider]:
        return self.world.acme, [self.secret], [self.webhook], self.provider


@pytest.fixture
async def shop(world: World, url: str) -> Shop:
    shop = Shop(world, url)
    await shop.open()
    return shop


@asynccontextmanager
async def with_keys(shop: Shop, *keys: bytes) -> AsyncIterator[SqlStore]:
    world = shop.world
    sealing = AesSealing(lambda: keys)
    store = SqlStore(shop.url, new_id=world.new_id, clock=world.clock, sealing=sealing, told=lambda _: None)
    try:
        yield store
    finally:
        await store.close()


async def walked(store: SqlStore, limit: int = 2) -> list[KeptSecret]:
    found, after = [], None
    while True:
        async with store.read() as tx:
            part = await tx.sealed.some(after, limit)
        found += part.items
        if part.next is None:
            return found
        after = part.next


async def test_secrets_come_back_and_the_database_does_not_say_them(shop: Shop) -> None:
    assert await shop.kept(shop.world.store) == shop.as_it_is
    said = await shop.everything()
    assert [it for it in SECRETS if it in said] == []
    assert said.count("sealed.1.") == len(SECRETS)


async def test_what_was_written_in_clear_is_still_read_and_is_found_to_be_sealed(shop: Shop) -> None:
    await shop.in_clear()
    assert await shop.kept(shop.world.store) == shop.as_it_is
    clear = [it for it in await walked(shop.world.store) if it.key_id is None]
    assert len(clear) == len(SECRETS)
    async with shop.world.store.write() as tx:
        assert [await tx.sealed.seal_anew(it) for it in clear] == [True] * len(SECRETS)
    async with shop.world.store.write() as tx:
        assert [await tx.sealed.seal_anew(it) for it in clear] == [False] * len(SECRETS), "another node was faster"
    assert [it for it in SECRETS if it in await shop.everything()] == []
    assert await shop.kept(shop.world.store) == shop.as_it_is


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_a_walk_finds_every_secret_once(shop: Shop, limit: int) -> None:
    found = await walked(shop.world.store, limit)
    assert len({it.about for it in found}) == len(found) == len(SECRETS)
    assert {it.key_id for it in found} == {id_of(KEY)}
    assert "sealed.1." not in repr(found)


async def test_everything_is_sealed_anew_with_a_newer_key(shop: Shop) -> None:
    async with with_keys(shop, NEWER, KEY) as both:
        async with both.write() as tx:
            for it in await walked(both):
                assert await tx.sealed.seal_anew(it)
        assert {it.key_id for it in await walked(both)} == {id_of(NEWER)}
    async with with_keys(shop, NEWER) as newer:
        assert await shop.kept(newer) == shop.as_it_is


async def test_with_a_lost_key_everything_but_the_secrets_goes_on(shop: Shop) -> None:
    world = shop.world
    session = await world.add_session()
    async with with_keys(shop, NEWER) as lost, lost.write() as tx:
        app, its = await tx.apps.get(world.acme.id), world.acme.id
        assert app == replace(world.acme, auth_secret="")
        assert await tx.keys.secrets_of(its) == [replace(shop.secret, text="")]
        assert not shop.secret.__class__(shop.secret.id, its, "", world.now).verifies(world.now)
        [webhook] = await tx.webhooks.of(its)
        assert webhook == replace(shop.webhook, secret="", previous_secret="")
        with pytest.raises(CannotOpen):
            webhook.secrets(world.now)
        with pytest.raises(CannotOpen):
            await tx.providers.get(its, "facebook")
        assert await tx.providers.names_of(its) == ["facebook"]
        await tx.apps.save(replace(app, name="Acme & Daughters"))
        await tx.webhooks.save(webhook.disabled("", world.now))
        await tx.keys.save_secret(shop.secret)
    again = await shop.kept(world.store)
    assert again[0] == replace(world.acme, name="Acme & Daughters"), "saving the rest left the secret as it was kept"
    assert again[1:] == ([shop.secret], [shop.webhook.disabled("", world.now)], shop.provider)
    assert session.app_id == world.acme.id


@pytest.mark.parametrize(
    ("paste", "lost"),
    [
        ("UPDATE signing_secrets SET text = (SELECT auth_secret FROM apps LIMIT 1)", "signing secret"),
        ("UPDATE apps SET auth_secret = (SELECT text FROM signing_secrets LIMIT 1)", "auth secret"),
        ("UPDATE webhooks SET secret = previous_secret", "webhook"),
        ("UPDATE providers SET app_id = app_id + 1", "provider"),
    ],
)
async def test_a_secret_pasted_into_another_row_is_not_opened_there(shop: Shop, paste: str, lost: str) -> None:
    await shop.run(paste)
    async with shop.world.store.read() as tx:
        app, its = await tx.apps.get(shop.world.acme.id), shop.world.acme.id
        assert app is not None
        [secret], [webhook] = await tx.keys.secrets_of(its), await tx.webhooks.of(its)
        empty = {"auth secret": app.auth_secret, "signing secret": secret.text, "webhook": webhook.secret}
        assert [name for name, it in empty.items() if it == ""] == ([lost] if lost in empty else [])
        if lost == "provider":
            with pytest.raises(CannotOpen):
                await tx.providers.get(type(its)(its + 1), "facebook")


async def test_a_row_that_gets_another_id_is_sealed_for_that(shop: Shop) -> None:
    world = shop.world
    async with world.store.write() as tx:
        added = await tx.keys.add_secret(replace(shop.secret, text="another"))
        assert added.id != shop.secret.id
        assert added in await tx.keys.secrets_of(world.acme.id)


async def test_of_two_nodes_that_say_their_first_key_at_once_one_hears_that_there_is_another(shop: Shop) -> None:
    async with with_keys(shop, NEWER) as other:
        async with shop.world.store.write() as tx:
            assert await tx.sealed.keys() == []
            assert await tx.sealed.add_key(id_of(KEY))
        async with other.write() as tx:
            assert not await tx.sealed.add_key(id_of(KEY))
            assert await tx.sealed.keys() == [id_of(KEY)]
            assert await tx.sealed.add_key(id_of(NEWER))
            assert await tx.sealed.forget_key(id_of(KEY))
            assert not await tx.sealed.forget_key(id_of(KEY))
            assert await tx.sealed.keys() == [id_of(NEWER)]
    assert SEALING.newest == id_of(KEY)
