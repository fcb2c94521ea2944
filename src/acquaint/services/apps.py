"""Apps, their keys and their secrets.

create                                     an App with one of each key, all usable at once
by_slug, by_id, by_public_key              whose page or client asks
believed_secrets                           what a signed token of the App may be signed with
by_api_key, by_signing_secret              whose server asks; ``holder_of`` also says with which key
change_policy, close, open_again           what the App allows
create_key, revoke_key                     how its server proves itself
rotate_secret, retire_secret, show_secret  what its server signs with; rotate_auth_secret: what old SDKs sign with
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ..domain import keys
from ..domain.apps import App, AppId, PublicKeys, slug_of
from ..domain.errors import (
    AppClosed,
    Busy,
    Doubt,
    IdentifierTaken,
    InvalidCredentials,
    NotAllowed,
    NotFound,
    Unacceptable,
    UnknownApp,
)
from ..domain.events import EventKind
from ..domain.keys import ApiKey, ApiKeyId, Role, SigningSecret, SigningSecretId, may_grant, satisfies
from ..domain.tokens import TokenKind, is_well_formed
from ..ports.store import Transaction
from .core import Core, fingerprint, new_text
from .known_apps import NEVER, KnownApp
from .sessions import note

KEY_USE_WRITTEN_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Holder:
    """An App's own server, and the key it proved itself with."""

    app: App
    key: ApiKey


@dataclass(frozen=True, slots=True)
class NewApp:
    """An App just made, with the texts that exist nowhere else: keys are kept as fingerprints only."""

    app: App
    signing_secret: str
    api_key: str  # role org.admin
    chat_key: str  # role org.tracking: a JWT that names the App, for client SDKs that read it (Kustomer)


async def create(core: Core, name: str, slug: str | None = None) -> NewApp:
    """Refuses with IdentifierTaken("slug"); without a slug one is made from the name, numbered if need be."""
    if slug:
        return await _create(core, name, slug)
    wanted = slug_of(name)
    for numbered in (wanted, *(f"{wanted[:60]}-{number}" for number in range(2, 10))):
        with suppress(IdentifierTaken):
            return await _create(core, name, numbered)
    return await _create(core, name, f"{wanted[:46]}-{core.new_id()}")


async def by_slug(core: Core, slug: str) -> App:
    """From memory while the Bus is whole. Refuses with UnknownApp or AppClosed, like its siblings."""
    return _usable((await _known(core, slug)).app)


async def by_id(core: Core, id: AppId) -> App:
    return _usable((await _known(core, id)).app)


async def by_public_key(core: Core, text: str) -> App:
    return _usable((await _known(core, text, is_public_key=True)).app)


async def believed_secrets(core: Core, app: App) -> list[str]:
    """The texts of the App's signing secrets that are believed now, oldest first; from memory like ``by_slug``.

    Raises CannotOpen where there are some and none can be opened.
    """
    return keys.believed((await _known(core, app.id)).secrets, core.clock())


async def named(core: Core, slug_or_id: str) -> App:
    """The App an operator means, closed or not; refuses with UnknownApp."""
    async with core.store.read() as tx:
        app = await tx.apps.by_slug(slug_or_id)
        if app is None and re.fullmatch(r"[0-9]{1,16}", slug_or_id):
            app = await tx.apps.get(AppId(int(slug_or_id)))
    if app is None:
        raise UnknownApp
    return app


async def every(core: Core) -> list[App]:
    async with core.store.read() as tx:
        return await tx.apps.all()


async def by_api_key(core: Core, text: str, needed: str, *, address: str = "") -> App:
    """The App whose key this is, if one of its roles is enough; ``holder_of`` for who needs no more."""
    return (await holder_of(core, text, needed, address=address)).app


async def holder_of(core: Core, text: str, *needed: str, address: str = "") -> Holder:
    """Whose key this is, if it has a role for one of what is needed; no need at all is met by any key of an App.

    Read from the store each time: a revoked key opens nothing, not for a moment. ``address`` is where the request comes
    from; a key that belongs to a network opens nothing anywhere else. Refuses with InvalidCredentials, NotAllowed or
    AppClosed.
    """
    async with core.store.read() as tx:
        key = await _key(core, tx, text)
        app = await tx.apps.get(key.app_id) if key.app_id is not None else None
    if app is None or (needed and not any(satisfies(key.roles, it) for it in needed)):
        raise NotAllowed(needed[0] if needed else "")
    if not key.may_be_used_from(address):
        raise NotAllowed
    app = _usable(app)
    await _note_use(core, key)
    return Holder(app, key)


async def by_signing_secret(core: Core, slug: str, secret: str) -> App:
    """The App of this slug, if this is one of its secrets that are believed today.

    Read from the store each time, like keys. Refuses with UnknownApp, AppClosed or InvalidCredentials.
    """
    async with core.store.read() as tx:
        app = _usable(await tx.apps.by_slug(slug))
        secrets = await tx.keys.secrets_of(app.id)
    now = core.clock()
    matching = [hmac.compare_digest(it.encode(), secret.encode()) for it in keys.believed(secrets, now)]
    if not any(matching):
        raise InvalidCredentials(Doubt.UNKNOWN_KEY)
    return app


async def check_operator_key(core: Core, text: str, *, address: str = "") -> ApiKey:
    """The operator's own key; refuses with InvalidCredentials or NotAllowed."""
    async with core.store.read() as tx:
        key = await _key(core, tx, text)
    if not satisfies(key.roles, Role.OPERATOR):
        raise NotAllowed(Role.OPERATOR)
    if not key.may_be_used_from(address):
        raise NotAllowed
    await _note_use(core, key)
    return key


async def change_policy(core: Core, app: App, values: Mapping[str, Any]) -> App:
    """The App with the changed Policy; refuses with Unacceptable, naming the rule."""
    async with core.store.write() as tx:
        current = await _current(tx, app.id)
        changed = replace(current, policy=current.policy.changed(values))
        await tx.apps.save(changed)
        await note(core, tx, EventKind.APP_CHANGED, app.id, policy=sorted(values))
    return changed


async def close(core: Core, app: App) -> App:
    """Switches the App off: every request of it is refused, and nothing is lost."""
    return await _set_closed(core, app, core.clock())


async def open_again(core: Core, app: App) -> App:
    return await _set_closed(core, app, None)


async def create_key(
    core: Core,
    app: App | None,
    name: str,
    roles: tuple[Role, ...],
    *,
    days: int | None = None,
    network: str | None = None,
    by: ApiKey | None = None,
    names_app: bool = False,
) -> tuple[ApiKey, str]:
    """A named key and its text, shown this once. Without an App it is a key of the server's operator.

    ``days`` is how long it lives, at least one; without it, for ever. ``network`` is where it may be used from, as
    CIDR. ``by`` is the key that asks for it, if one does: it gives no role it does not have (NotAllowed). With
    ``names_app``, and always for ``org.tracking``, the text is a JWT that clients read the App's name from. Refuses
    with Unacceptable.
    """
    if days is not None and not 1 <= days <= 3650:
        raise Unacceptable("expires_in_days", "must be from 1 to 3650")
    if by is not None:
        for role in roles:
            if not may_grant(by.roles, role):
                raise NotAllowed(role)
    if app is not None and (names_app or Role.TRACKING in roles):
        text = _naming_text(core, app, roles)
    else:
        text = new_text(core, TokenKind.API_KEY)
    async with core.store.write() as tx:
        return await _add_key(core, tx, app.id if app else None, name, roles, text, days=days, network=network)


async def keys_of(core: Core, app: App | None) -> list[ApiKey]:
    async with core.store.read() as tx:
        return await tx.keys.of(app.id if app else None)


async def revoke_key(core: Core, app: App | None, key_id: ApiKeyId) -> ApiKey:
    """The key opens nothing from now on. Revoking twice is fine; refuses with NotFound."""
    async with core.store.write() as tx:
        key = await tx.keys.get(key_id)
        if key is None or key.app_id != (app.id if app else None):
            raise NotFound("key")
        if key.revoked_at is None:
            key = replace(key, revoked_at=core.clock())
            await tx.keys.save(key)
            await note(core, tx, EventKind.KEY_REVOKED, key.app_id, key=str(key.id), name=key.name)
    return key


async def secrets_of(core: Core, app: App) -> list[SigningSecret]:
    """The App's signing secrets, oldest first, retired ones too."""
    async with core.store.read() as tx:
        return await tx.keys.secrets_of(app.id)


async def rotate_secret(core: Core, app: App, *, grace: timedelta | None = None) -> SigningSecret:
    """A new signing secret. The older ones go on being believed: for ``grace``, or until they are retired."""
    now = core.clock()
    async with core.store.write() as tx:
        await _current(tx, app.id)
        if grace is not None:
            for it in await tx.keys.secrets_of(app.id):
                if not it.is_retired(now + grace):
                    await tx.keys.save_secret(replace(it, retired_at=now + grace))
        secret = await _add_secret(core, tx, app.id)
        await note(core, tx, EventKind.SECRET_ROTATED, app.id, secret=str(secret.id))
    return secret


async def rotate_auth_secret(core: Core, app: App) -> App:
    """With another auth secret, which is in the answer; what is signed with the one before is refused at once."""
    text = new_text(core, TokenKind.SIGNING_SECRET)
    async with core.store.write() as tx:
        changed = replace(await _current(tx, app.id), auth_secret=text)
        await tx.apps.save_secret(changed)
        await note(core, tx, EventKind.SECRET_ROTATED, app.id, secret="auth")
    return changed


async def show_secret(core: Core, app: App, *, by: ApiKey | None = None) -> SigningSecret:
    """The current signing secret with its text, made if there is none that is believed; which key asked is kept."""
    now = core.clock()
    async with core.store.write() as tx:
        await _current(tx, app.id)
        live = [it for it in await tx.keys.secrets_of(app.id) if it.verifies(now)]
        lasting = [it for it in live if it.retired_at is None] or live
        secret = lasting[-1] if lasting else await _add_secret(core, tx, app.id)
        key, name = (None, None) if by is None else (str(by.id), by.name)
        await note(core, tx, EventKind.SECRET_SHOWN, app.id, secret=str(secret.id), key=key, name=name)
    return secret


async def retire_secret(core: Core, app: App, secret_id: SigningSecretId) -> SigningSecret:
    """Nothing signed with it is believed from now on. Refuses with NotFound, or Unacceptable for the last one."""
    now = core.clock()
    async with core.store.write() as tx:
        await _current(tx, app.id)
        secrets = await tx.keys.secrets_of(app.id)
        secret = next((it for it in secrets if it.id == secret_id), None)
        if secret is None:
            raise NotFound("secret")
        if not secret.is_retired(now):
            if not any(it.verifies(now) for it in secrets if it.id != secret_id):
                raise Unacceptable("secret", "is the only one; rotate first")
            secret = replace(secret, retired_at=now)
            await tx.keys.save_secret(secret)
            await note(core, tx, EventKind.SECRET_RETIRED, app.id, secret=str(secret.id))
    return secret


async def _create(core: Core, name: str, slug: str) -> NewApp:
    now = core.clock()
    public = PublicKeys(new_text(core, TokenKind.PUBLIC_KEY), new_text(core, TokenKind.PUBLIC_KEY))
    app = App(AppId(core.new_id()), slug, name, public, new_text(core, TokenKind.SIGNING_SECRET), created_at=now)
    async with core.store.write() as tx:
        app = await tx.apps.add(app)
        secret = await _add_secret(core, tx, app.id)
        _, api_key = await _add_key(core, tx, app.id, "first", (Role.ADMIN,), new_text(core, TokenKind.API_KEY))
        chat_text = _naming_text(core, app, (Role.TRACKING,))
        _, chat_key = await _add_key(core, tx, app.id, "chat", (Role.TRACKING,), chat_text)
        await note(core, tx, EventKind.APP_CREATED, app.id, slug=slug)
    return NewApp(app, secret.text, api_key, chat_key)


def _naming_text(core: Core, app: App, roles: tuple[Role, ...]) -> str:
    """A JWT that client SDKs decode, without checking it, to learn the App's name.

    It is signed with a secret nobody has: the server knows the key by its fingerprint, like every other one,
    and never by a signature; which is also what nobody can guess of it. Old iOS SDKs read the payload as plain base64:
    texts of letters, digits and punctuation as here are the same in both alphabets.
    """
    claims = keys.naming_claims(app.id, app.slug, roles, id=core.new_id(), user=core.new_id())
    return core.signer.sign(claims, new_text(core, TokenKind.SIGNING_SECRET))


async def _note_use(core: Core, key: ApiKey) -> None:
    """Writes down that the key is in use, once in a while; a request does not fail because that could not be done."""
    now = core.clock()
    if key.used_at is None or now - key.used_at >= KEY_USE_WRITTEN_EVERY:
        with suppress(Busy):
            async with core.store.write() as tx:
                await tx.keys.used(key.id, now)


async def _add_secret(core: Core, tx: Transaction, app_id: AppId) -> SigningSecret:
    text = new_text(core, TokenKind.SIGNING_SECRET)
    return await tx.keys.add_secret(SigningSecret(SigningSecretId(core.new_id()), app_id, text, core.clock()))


async def _add_key(
    core: Core,
    tx: Transaction,
    app_id: AppId | None,
    name: str,
    roles: tuple[Role, ...],
    text: str,
    *,
    days: int | None = None,
    network: str | None = None,
) -> tuple[ApiKey, str]:
    now = core.clock()
    expires_at = None if days is None else now + timedelta(days=days)
    key = ApiKey(ApiKeyId(core.new_id()), app_id, name, roles, text[-4:], now, expires_at, network=network)
    key = await tx.keys.add(key, fingerprint(text))
    await note(core, tx, EventKind.KEY_CREATED, app_id, key=str(key.id), name=name, roles=[it.value for it in roles])
    return key, text


async def _key(core: Core, tx: Transaction, text: str) -> ApiKey:
    """The live key with this text. A text of the wrong form costs no look-up."""
    if not is_well_formed(text, TokenKind.API_KEY) and text.count(".") != 2:
        raise InvalidCredentials(Doubt.UNKNOWN_KEY)
    key = await tx.keys.by_fingerprint(fingerprint(text))
    if key is None or key.revoked_at is not None:
        raise InvalidCredentials(Doubt.UNKNOWN_KEY)
    if not key.is_live(core.clock()):
        raise InvalidCredentials(Doubt.EXPIRED_KEY)
    return key


async def _known(core: Core, named: str | AppId, *, is_public_key: bool = False) -> KnownApp:
    """The App of this slug, public key or id, and its secrets. Refuses with UnknownApp."""
    now, is_whole = core.clock(), core.bus.is_whole
    if is_whole and (it := core.known_apps.get(named, now, is_public_key=is_public_key)) is not None:
        return it
    epoch = core.known_apps.epoch if is_whole else NEVER
    async with core.store.read() as tx:
        by_name = tx.apps.by_public_key if is_public_key else tx.apps.by_slug
        app = await by_name(named) if isinstance(named, str) else await tx.apps.get(named)
        if app is None:
            raise UnknownApp
        secrets = await tx.keys.secrets_of(app.id)
    return core.known_apps.remember(KnownApp(app, tuple(secrets), now), epoch=epoch)


async def _current(tx: Transaction, app_id: AppId) -> App:
    """The App, as it will be until the transaction has changed it."""
    app = await tx.apps.hold(app_id)
    if app is None:
        raise UnknownApp
    return app


def _usable(app: App | None) -> App:
    if app is None:
        raise UnknownApp
    if not app.is_open:
        raise AppClosed
    return app


async def _set_closed(core: Core, app: App, closed_at: datetime | None) -> App:
    async with core.store.write() as tx:
        changed = replace(await _current(tx, app.id), closed_at=closed_at)
        await tx.apps.save(changed)
        await note(core, tx, EventKind.APP_CHANGED, app.id, closed=closed_at is not None)
    return changed
