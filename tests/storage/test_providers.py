"""Providers on the shelf: every kind comes back as it was put there, and belongs to its App alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.providers import (
    CustomProvider,
    FacebookProvider,
    FirebaseProvider,
    OpenIdProvider,
    Provider,
    Settings,
    XProvider,
)
from tests.storage.world import World

OF_EACH_KIND: dict[str, Settings] = {
    "custom": CustomProvider(
        "https://idp.acme.example/verify?key=1",
        {"uid": "#{user.id}", "full_name": "#{user.name}"},
        "POST",
        {"Authorization": "Bearer #{login}", "Content-Type": "application/json"},
        {"token": "#{login}"},
        falls_back_to_own=True,
    ),
    "firebase": FirebaseProvider(("acme-app", "acme-staging"), accepts_unverified_email=True),
    "google": OpenIdProvider("https://accounts.google.com", ("1.apps.example", "2.apps.example"), requires_nonce=True),
    "facebook": FacebookProvider("77", "hush"),
    "twitter": XProvider("key", "hush"),
}


@pytest.mark.parametrize("name", OF_EACH_KIND)
async def test_a_provider_comes_back_as_it_was_put(world: World, name: str) -> None:
    put = Provider(world.acme.id, name, OF_EACH_KIND[name], world.now, is_enabled=False)
    async with world.store.write() as tx:
        await tx.providers.put(put)
    async with world.store.read() as tx:
        assert await tx.providers.get(world.acme.id, name) == put
        assert await tx.providers.of(world.acme.id) == [put]


async def test_putting_it_again_replaces_it(world: World) -> None:
    first = Provider(world.acme.id, "facebook", FacebookProvider("77", "hush"), world.now)
    second = replace(first, settings=FacebookProvider("78", "quiet"), changed_at=world.now + timedelta(seconds=1))
    async with world.store.write() as tx:
        await tx.providers.put(first)
        await tx.providers.put(second)
    async with world.store.read() as tx:
        assert await tx.providers.of(world.acme.id) == [second]


async def test_they_are_listed_by_name_and_only_the_apps_own(world: World) -> None:
    rival = AppId(404)
    async with world.store.write() as tx:
        for name in reversed(OF_EACH_KIND):
            await tx.providers.put(Provider(world.acme.id, name, OF_EACH_KIND[name], world.now))
    async with world.store.read() as tx:
        assert [it.name for it in await tx.providers.of(world.acme.id)] == sorted(OF_EACH_KIND)
        assert await tx.providers.of(rival) == []
        assert await tx.providers.get(rival, "google") is None


async def test_one_is_removed_once(world: World) -> None:
    async with world.store.write() as tx:
        await tx.providers.put(Provider(world.acme.id, "facebook", FacebookProvider("77", "hush"), world.now))
        assert not await tx.providers.remove(AppId(404), "facebook")
        assert await tx.providers.remove(world.acme.id, "facebook")
        assert not await tx.providers.remove(world.acme.id, "facebook")
        assert await tx.providers.get(world.acme.id, "facebook") is None
