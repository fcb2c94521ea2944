from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain.apps import AppId, Enforcement, Policy, PublicKeys, WorkspaceSecrecy
from acquaint.domain.errors import IdentifierTaken
from acquaint.domain.keys import Role
from acquaint.domain.mails import MailKind, MailText, MailTexts
from tests.storage.world import World


async def test_an_app_is_found_by_its_id_its_slug_and_each_of_its_public_keys(world: World) -> None:
    acme = world.acme
    async with world.store.read() as tx:
        assert await tx.apps.get(acme.id) == acme
        assert await tx.apps.by_slug("acme") == acme
        assert await tx.apps.by_public_key(acme.public_keys.auth_key) == acme
        assert await tx.apps.by_public_key(acme.public_keys.widget_token) == acme


async def test_nothing_is_found_where_there_is_nothing(world: World) -> None:
    async with world.store.read() as tx:
        assert await tx.apps.get(AppId(404)) is None
        assert await tx.apps.by_slug("rival") is None
        assert await tx.apps.by_public_key(world.acme.auth_secret) is None


async def test_every_rule_of_the_policy_comes_back_as_it_was_kept(world: World) -> None:
    policy = Policy(
        registers_on_login=False,
        registers_on_token=False,
        adopts_on_sign_in=False,
        allows_guests=False,
        token_max_age=timedelta(minutes=1),
        token_max_future=timedelta(seconds=30),
        token_requires_typ=False,
        session_idle=timedelta(seconds=1.5),
        session_at_most=timedelta(days=7),
        token_lifetime=timedelta(days=7),
        sessions_per_user=20,
        password_min_length=12,
        ends_sessions_on_password_change=False,
        allows_sign_up=False,
        resets_passwords_by_mail=False,
        requires_confirmed_emails=True,
        tells_of_new_passwords=False,
        sends_welcome_mails=True,
        mail_texts=MailTexts(((MailKind.WELCOME, MailText("Grüß Gott", "Herzlich willkommen bei #{app.title}")),)),
        lists_users=False,
        strict_user_queries=True,
        shows_online_users=True,
        shows_emails_and_phones=False,
        chat_key_max_age=timedelta(days=90),
        server_requests_per_minute=1000,
        keeps_messages_of_deleted_users=True,
        unverified_users_kept=timedelta(days=90),
        audit_events_kept=None,
        live_events_kept=timedelta(days=30),
        file_space=10_000,
        enforcement=Enforcement.REPORT,
        workspace_names_device=WorkspaceSecrecy.NEVER,
        allowed_origins=("https://acme.example", "http://localhost:3000"),
    )
    changed = replace(world.acme, policy=policy, name="Acme & Söhne", closed_at=world.now)
    async with world.store.write() as tx:
        await tx.apps.save(changed)
    async with world.store.read() as tx:
        assert await tx.apps.get(changed.id) == changed
        assert await tx.apps.all() == [changed]


@pytest.mark.parametrize("shared", ["slug", "auth_key", "widget_token"])
async def test_two_apps_never_share_a_name_or_a_public_key(world: World, shared: str) -> None:
    rival = world.app("rival")
    if shared == "slug":
        rival = replace(rival, slug="acme")
    else:
        theirs = {"auth_key": "auth-rival", "widget_token": "widget-rival"}
        theirs[shared] = getattr(world.acme.public_keys, shared)
        rival = replace(rival, public_keys=PublicKeys(**theirs))
    with pytest.raises(IdentifierTaken, match=shared):
        async with world.store.write() as tx:
            await tx.apps.add(rival)

    async with world.store.write() as tx:
        kept = await tx.apps.add(world.app("rival"))
    with pytest.raises(IdentifierTaken, match=shared):
        async with world.store.write() as tx:
            await tx.apps.save(replace(rival, id=kept.id))
    async with world.store.read() as tx:
        assert await tx.apps.all() == [world.acme, kept]


async def test_an_api_key_is_found_by_its_fingerprint_and_listed_with_those_revoked(world: World) -> None:
    key = world.key(roles=(Role.ADMIN, Role.USER), expires_at=world.now + timedelta(days=30))
    later = world.key(name="old", created_at=world.now + timedelta(seconds=1))
    async with world.store.write() as tx:
        await tx.keys.add(later, "f2")
        await tx.keys.add(key, "f1")
        await tx.keys.save(replace(later, revoked_at=world.now, name="older"))
    async with world.store.read() as tx:
        assert await tx.keys.by_fingerprint("f1") == key
        assert await tx.keys.by_fingerprint("f3") is None
        assert await tx.keys.get(key.id) == key
        assert await tx.keys.of(world.acme.id) == [key, replace(later, revoked_at=world.now, name="older")]
        assert await tx.keys.of(None) == []


async def test_when_a_key_was_used_is_kept_and_never_goes_back(world: World) -> None:
    key = world.key(network="203.0.113.0/24")
    async with world.store.write() as tx:
        await tx.keys.add(key, "f1")
        await tx.keys.used(key.id, world.now + timedelta(minutes=5))
        await tx.keys.used(key.id, world.now)
        await tx.keys.save(replace(key, name="renamed"))
    async with world.store.read() as tx:
        kept = await tx.keys.get(key.id)
    assert kept == replace(key, name="renamed", used_at=world.now + timedelta(minutes=5))


async def test_keys_of_the_server_belong_to_no_app(world: World) -> None:
    async with world.store.write() as tx:
        key = await tx.keys.add(world.key(app_id=None, roles=(Role.OPERATOR,)), "f1")
    async with world.store.read() as tx:
        assert await tx.keys.of(None) == [key]
        assert await tx.keys.of(world.acme.id) == []


async def test_two_keys_never_have_one_fingerprint(world: World) -> None:
    async with world.store.write() as tx:
        await tx.keys.add(world.key(), "f1")
    with pytest.raises(IdentifierTaken, match="fingerprint"):
        async with world.store.write() as tx:
            await tx.keys.add(world.key(), "f1")


async def test_signing_secrets_are_listed_oldest_first_with_those_retired(world: World) -> None:
    first, second = world.secret(), world.secret(text="n3xt", created_at=world.now + timedelta(seconds=1))
    async with world.store.write() as tx:
        await tx.keys.add_secret(second)
        await tx.keys.add_secret(first)
        first = replace(first, retired_at=world.now + timedelta(hours=1))
        await tx.keys.save_secret(first)
    async with world.store.read() as tx:
        assert await tx.keys.secrets_of(world.acme.id) == [first, second]
        assert await tx.keys.secrets_of(AppId(404)) == []


async def test_a_policy_that_cannot_be_read_is_our_fault_and_not_the_callers(world: World) -> None:
    newer = replace(world.acme, policy=_OfANewerVersion())
    async with world.store.write() as tx:
        await tx.apps.save(newer)
    async with world.store.read() as tx:
        with pytest.raises(ValueError, match="cannot be read"):
            await tx.apps.get(newer.id)


class _OfANewerVersion(Policy):
    """With a rule that this version does not know."""

    def as_data(self) -> dict[str, Any]:
        return {"sings_on_sign_in": True}
