"""Attack 5: registering somebody's name before they come, and keeping a key to what becomes their account.

GHSA-g38m-r43w-p2q7. Registering proves nothing but that the same person comes again.
"""

from __future__ import annotations

import pytest

from acquaint.domain.errors import InvalidCredentials, NotAllowed, SessionEnded
from acquaint.domain.identities import NO_CHANGE, Assurance, Claimed, Identifier, Identity
from acquaint.domain.users import UserId
from acquaint.services import addresses, chat_keys, sign_in, users
from acquaint.services.admission import Admission
from acquaint.services.core import Core
from tests.cast import Cast, ann, eve, laptop
from tests.services.doors import at, it_of, sees, token_of, visitor, write


async def squat(core: Core, acme: Cast, who: Identifier) -> Admission:
    """Eve registers under somebody else's name, and it works: the name is free."""
    admission = await sign_in.login_or_register(core, acme.app, who, eve.password, NO_CHANGE, at())
    assert admission.is_new_user
    return admission


async def is_shut_out(core: Core, acme: Cast, who: Identifier, admission: Admission) -> None:
    with pytest.raises(SessionEnded):
        await it_of(core, admission)
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, who, eve.password, at())


async def test_what_eve_registered_shuts_her_out_once_the_app_vouches_for_its_owner(core: Core, acme: Cast) -> None:
    evil = await squat(core, acme, ann.by_login)
    owner = await sign_in.vouch_for(core, acme.app, ann.verified(), at(laptop))
    await write(core, await it_of(core, owner), "my secret")
    assert evil.user is not None
    assert owner.user is not None
    assert owner.user.id == evil.user.id  # one name, one user: so what Eve chose must not open it any more
    await is_shut_out(core, acme, ann.by_login, evil)


async def give_password(core: Core, acme: Cast, how: str, id: UserId) -> str:
    """The App's server gives the user that it means by Ann a password, in one of its ways."""
    match how:
        case "set_password":
            await users.set_password(core, acme.app, id, ann.password)
        case "put_with_password":
            await users.put_with_password(core, acme.app, ann.verified(), ann.password)
        case "chat_key":
            return (await chat_keys.mint(core, acme.app, id)).text
    return ann.password


@pytest.mark.parametrize("how", ["set_password", "put_with_password", "chat_key"])
async def test_a_password_that_the_apps_server_sets_shuts_her_out_as_well(core: Core, acme: Cast, how: str) -> None:
    """What it set is not taken away when the owner comes by token."""
    evil = await squat(core, acme, ann.by_login)
    assert evil.user is not None
    password = await give_password(core, acme, how, evil.user.id)
    await is_shut_out(core, acme, ann.by_login, evil)
    await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    await sign_in.sign_in(core, acme.app, ann.by_login, password, at())


@pytest.mark.parametrize("how", ["set_password", "put_with_password", "chat_key"])
async def test_she_resets_no_password_by_the_address_she_typed(core: Core, acme: Cast, how: str) -> None:
    names = (ann.by_login, Identifier.login(eve.email))
    evil = await sign_in.register(
        core, acme.app, names, eve.password, NO_CHANGE, at(), claimed=Claimed(email=eve.email)
    )
    assert evil.user is not None
    async with core.store.read() as tx:
        assert await addresses.reachable(tx, acme.app, eve.by_email) is not None
    await give_password(core, acme, how, evil.user.id)
    async with core.store.read() as tx:
        assert await addresses.reachable(tx, acme.app, eve.by_email) is None
    await is_shut_out(core, acme, Identifier.login(eve.email), evil)


async def test_the_server_may_say_so_twice(core: Core, acme: Cast) -> None:
    evil = await squat(core, acme, ann.by_login)
    assert evil.user is not None
    for _ in range(2):
        await users.put_with_password(core, acme.app, ann.verified(), ann.password, ends_sessions=True)
    await is_shut_out(core, acme, ann.by_login, evil)
    await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())


async def test_a_name_that_the_apps_server_gives_does_not_go_to_whoever_registered(core: Core, acme: Cast) -> None:
    evil = await squat(core, acme, ann.by_login)
    assert evil.user is not None
    await users.rename(core, acme.app, evil.user.id, (ann.by_login, ann.by_external_id))
    await is_shut_out(core, acme, ann.by_login, evil)


async def test_an_address_one_registers_with_captures_nobody_who_proves_it(core: Core, acme: Cast) -> None:
    who, claimed = await addresses.registering(core, acme.app, ann.email)
    evil = await sign_in.register(core, acme.app, (who,), eve.password, NO_CHANGE, at(), claimed=claimed)
    owner = await sign_in.sign_in_with_token(
        core, acme.app, token_of(core, acme.signing_secret, email=ann.email), at(laptop)
    )
    id = await write(core, await it_of(core, owner), "my secret")
    assert id not in await sees(core, await it_of(core, evil))
    assert evil.user is not None
    assert owner.user is not None
    assert evil.user.id != owner.user.id


@pytest.mark.parametrize("who", [ann.by_email, ann.by_external_id, Identifier.phone(ann.phone)])
async def test_nobody_registers_under_what_would_need_proof(core: Core, acme: Cast, who: Identifier) -> None:
    with pytest.raises(NotAllowed):
        await sign_in.register(core, acme.app, (who,), eve.password, NO_CHANGE, at())


async def test_a_device_somebody_prepared_gives_them_nothing(core: Core, acme: Cast) -> None:
    """Eve leaves an anonymous session, and its token, on a machine that Ann signs in on."""
    prepared = await visitor(core, acme, laptop)
    await write(core, prepared, "bait")
    owner = await sign_in.vouch_for(core, acme.app, Identity((ann.by_email,), Assurance.VERIFIED), at(laptop))
    await write(core, await it_of(core, owner), "my secret")
    again = await visitor(core, acme, laptop)
    assert await sees(core, again) == {}
    assert prepared.session.id != owner.session.id
