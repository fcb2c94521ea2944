"""Apps, their keys and their secrets."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from acquaint.domain.errors import (
    AppClosed,
    IdentifierTaken,
    InvalidCredentials,
    NotAllowed,
    NotFound,
    Unacceptable,
    UnknownApp,
)
from acquaint.domain.events import EventKind
from acquaint.domain.identities import ProfileChange
from acquaint.domain.keys import ApiKeyId, Role, SigningSecretId
from acquaint.domain.tokens import TokenKind, is_well_formed
from acquaint.services import apps, sign_in
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

from .doors import allow, at, events, kinds, now, token_of


@on_both_databases
async def test_a_new_app_has_one_of_each_key_and_all_work(core: Core) -> None:
    made = await apps.create(core, "Müller & Söhne")
    assert made.app.slug == "m-ller-s-hne"
    assert (await apps.by_slug(core, made.app.slug)) == made.app
    assert (await apps.by_id(core, made.app.id)) == made.app
    for public in (made.app.public_keys.auth_key, made.app.public_keys.widget_token):
        assert (await apps.by_public_key(core, public)) == made.app
    assert (await apps.by_api_key(core, made.api_key, "org.admin")) == made.app
    assert (await apps.by_signing_secret(core, made.app.slug, made.signing_secret)) == made.app
    assert (await apps.by_api_key(core, made.chat_key, "org.tracking")) == made.app


async def test_every_text_of_every_app_is_its_own(core: Core) -> None:
    made = [await apps.create(core, "Acme") for _ in range(3)]
    texts = [
        text
        for it in made
        for text in (
            it.api_key,
            it.chat_key,
            it.signing_secret,
            it.app.auth_secret,
            it.app.public_keys.auth_key,
            it.app.public_keys.widget_token,
        )
    ]
    assert len(set(texts)) == len(texts)
    assert [it.app.slug for it in made] == ["acme", "acme-2", "acme-3"]


async def test_there_may_be_any_number_of_apps_of_one_name(core: Core) -> None:
    slugs = [(await apps.create(core, "Acme")).app.slug for _ in range(12)]
    assert slugs[8] == "acme-9"
    assert len(set(slugs)) == 12


async def test_there_are_no_default_secrets(core: Core) -> None:
    """CWE-1392: nothing that opens anything was the same yesterday, or is short enough to be guessed."""
    made = await apps.create(core, "Acme")
    for text, kind in (
        (made.api_key, TokenKind.API_KEY),
        (made.signing_secret, TokenKind.SIGNING_SECRET),
        (made.app.auth_secret, TokenKind.SIGNING_SECRET),
    ):
        assert is_well_formed(text, kind)


async def test_a_wished_slug_is_given_or_refused(core: Core) -> None:
    assert (await apps.create(core, "Acme", "shop")).app.slug == "shop"
    with pytest.raises(IdentifierTaken):
        await apps.create(core, "Another", "shop")
    for slug in ("Shop", "a b", "-", "x" * 64, "../etc"):
        with pytest.raises(Unacceptable):
            await apps.create(core, "Acme", slug)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "acqk_" + "0" * 49, "..", "\ud800", "' OR 1=1 --", "x" * 100_000])
async def test_what_is_no_key_opens_nothing(core: Core, acme: Cast, text: str) -> None:
    with pytest.raises(InvalidCredentials):
        await apps.by_api_key(core, text, "org.user")
    with pytest.raises(InvalidCredentials):
        await apps.check_operator_key(core, text)
    if text.isascii():
        with pytest.raises(UnknownApp):
            await apps.by_public_key(core, text)


async def test_texts_of_one_kind_open_nothing_as_another(core: Core, acme: Cast) -> None:
    new = acme.new
    for text in (new.signing_secret, new.app.auth_secret, new.app.public_keys.auth_key):
        with pytest.raises(InvalidCredentials):
            await apps.by_api_key(core, text, "org.user")
    for text in (new.api_key, new.app.auth_secret, new.chat_key, ""):
        with pytest.raises(InvalidCredentials):
            await apps.by_signing_secret(core, new.app.slug, text)


async def test_a_role_is_enough_or_not(core: Core, acme: Cast) -> None:
    _, user_key = await apps.create_key(core, acme.app, "reader", (Role.USER,))
    await apps.by_api_key(core, user_key, "org.user")
    for key, needed in (
        (user_key, "org.admin"),
        (acme.new.chat_key, "org.user"),
        (acme.new.chat_key, "org.admin"),
        (acme.api_key, "server.operator"),
    ):
        with pytest.raises(NotAllowed):
            await apps.by_api_key(core, key, needed)
    for key in (acme.api_key, user_key, acme.new.chat_key):
        with pytest.raises(NotAllowed):
            await apps.check_operator_key(core, key)


async def test_the_operators_key_opens_the_server_and_no_app(core: Core, acme: Cast) -> None:
    _, operator = await apps.create_key(core, None, "operator", (Role.OPERATOR,))
    await apps.check_operator_key(core, operator)
    for needed in ("org.user", "org.admin", "server.operator"):
        with pytest.raises(NotAllowed):
            await apps.by_api_key(core, operator, needed)


@pytest.mark.parametrize(
    "roles", [(), (Role.OPERATOR,), (Role.USER, Role.OPERATOR), (Role.ADMIN, Role.OPERATOR), (Role.TRACKING, Role.USER)]
)
async def test_an_app_makes_itself_no_key_that_is_more_than_its_own(
    core: Core, acme: Cast, roles: tuple[Role, ...]
) -> None:
    with pytest.raises(Unacceptable):
        await apps.create_key(core, acme.app, "more", roles)


@on_both_databases
async def test_a_key_lives_as_many_days_as_it_was_given(core: Core, acme: Cast, clock: SetClock) -> None:
    for days in (0, -1, 3651):
        with pytest.raises(Unacceptable):
            await apps.create_key(core, acme.app, "k", (Role.USER,), days=days)
    key, text = await apps.create_key(core, acme.app, "k", (Role.USER,), days=2)
    assert key.expires_at == clock.now + timedelta(days=2)
    clock.forward(days=2, seconds=-1)
    await apps.by_api_key(core, text, "org.user")
    clock.forward(seconds=1)
    with pytest.raises(InvalidCredentials):
        await apps.by_api_key(core, text, "org.user")


@on_both_databases
async def test_a_revoked_key_opens_nothing_not_for_a_moment(core: Core, acme: Cast) -> None:
    key, text = await apps.create_key(core, acme.app, "k", (Role.USER,))
    await apps.by_api_key(core, text, "org.user")
    rival = (await apps.create(core, "Rival")).app
    for app in (rival, None):
        with pytest.raises(NotFound):
            await apps.revoke_key(core, app, key.id)
    with pytest.raises(NotFound):
        await apps.revoke_key(core, acme.app, ApiKeyId(1))
    await apps.by_api_key(core, text, "org.user")
    revoked = await apps.revoke_key(core, acme.app, key.id)
    assert await apps.revoke_key(core, acme.app, key.id) == revoked
    with pytest.raises(InvalidCredentials):
        await apps.by_api_key(core, text, "org.user")


async def test_keys_are_listed_without_their_texts(core: Core, acme: Cast) -> None:
    key, text = await apps.create_key(core, acme.app, "k", (Role.USER,))
    listed = await apps.keys_of(core, acme.app)
    assert [it.name for it in listed] == ["first", "chat", "k"]
    assert listed[-1] == key
    assert key.ending == text[-4:]
    assert text not in repr(listed)
    assert await apps.keys_of(core, None) == []


async def test_secrets_are_nobody_elses_to_retire(core: Core, acme: Cast) -> None:
    rival = (await apps.create(core, "Rival")).app
    await apps.rotate_secret(core, acme.app)
    mine = (await apps.secrets_of(core, acme.app))[0]
    for id in (mine.id, SigningSecretId(1)):
        with pytest.raises(NotFound):
            await apps.retire_secret(core, rival, id)
    with pytest.raises(InvalidCredentials):
        await apps.by_signing_secret(core, rival.slug, acme.signing_secret)


@on_both_databases
async def test_a_closed_app_is_closed_on_every_way_to_it(core: Core, acme: Cast) -> None:
    await apps.close(core, acme.app)
    for refused in (
        apps.by_slug(core, acme.app.slug),
        apps.by_id(core, acme.app.id),
        apps.by_public_key(core, acme.app.public_keys.widget_token),
        apps.by_api_key(core, acme.api_key, "org.admin"),
        apps.by_signing_secret(core, acme.app.slug, acme.signing_secret),
    ):
        with pytest.raises(AppClosed):
            await refused
    assert not (await apps.named(core, acme.app.slug)).is_open
    await apps.open_again(core, acme.app)
    assert (await apps.by_slug(core, acme.app.slug)).is_open


async def test_an_operator_may_name_an_app_by_its_number(core: Core, acme: Cast) -> None:
    assert await apps.named(core, str(acme.app.id)) == acme.app
    for name in ("", "nobody", "0", "9" * 16, "9" * 5000, "१", str(acme.app.id) + " "):
        with pytest.raises(UnknownApp):
            await apps.named(core, name)


async def test_a_policy_changes_for_the_next_who_come(core: Core, acme: Cast) -> None:
    with pytest.raises(Unacceptable):
        await allow(core, acme, token_max_age="1y")
    await allow(core, acme, token_max_age="1h", adopts_on_sign_in="false")
    policy = (await now(core, acme)).policy
    assert (policy.token_max_age, policy.adopts_on_sign_in) == (timedelta(hours=1), False)
    changed = [it for it in await events(core, acme) if it.kind is EventKind.APP_CHANGED]
    assert [it.details for it in changed] == [{"policy": ["adopts_on_sign_in", "token_max_age"]}]


async def test_the_chat_key_is_readable_and_no_secret(core: Core, acme: Cast) -> None:
    """Kustomer's SDKs decode it without checking; what it says, everybody may know."""
    from base64 import b64decode
    from json import loads

    payload = acme.new.chat_key.split(".")[1]
    assert not re.search("[-_]", payload), "v1 for iOS reads plain base64 only"
    said = loads(b64decode(payload + "=" * (-len(payload) % 4)))
    assert (said["orgName"], said["roles"]) == (acme.app.slug, ["org.tracking"])
    for secret in (acme.signing_secret, acme.api_key, acme.app.auth_secret):
        assert secret not in str(said)
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in_with_token(core, acme.app, acme.new.chat_key, at())


async def test_rotating_makes_the_new_one_usable_at_once(core: Core, acme: Cast) -> None:
    secret = await apps.rotate_secret(core, acme.app, grace=timedelta(0))
    with pytest.raises(InvalidCredentials):
        await apps.by_signing_secret(core, acme.app.slug, acme.signing_secret)
    token = token_of(core, secret.text, email=ann.email)
    admission = await sign_in.sign_in_with_token(core, acme.app, token, at())
    assert admission.user is not None
    assert admission.user.profile == admission.user.profile.changed(ProfileChange())
    assert "secret.rotated" in await kinds(core, acme)
