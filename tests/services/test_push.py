"""Where sessions are notified: as long as they live, and one session a device."""

from __future__ import annotations

import pytest

from acquaint.domain.errors import NeedsUser, SessionEnded, Unacceptable
from acquaint.domain.push import MOST_ADDRESSES, Platform
from acquaint.ports.store import Recognised
from acquaint.services import push, sessions, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, eve, laptop
from tests.services.doors import verified, visitor
from tests.support.databases import on_both_databases


async def tokens(core: Core, acme: Cast, it: Recognised) -> list[str]:
    assert it.user is not None
    return sorted(one.token for one in await push.of_user(core, acme.app, it.user.id))


@on_both_databases
async def test_it_goes_with_its_session(core: Core, acme: Cast) -> None:
    phone, tablet = await verified(core, acme, ann), await verified(core, acme, ann)
    assert await push.register(core, phone, Platform.ANDROID, "fcm:phone")
    assert not await push.register(core, phone, Platform.ANDROID, "fcm:phone", bundle="com.acme")
    await push.register(core, tablet, Platform.IOS, "apns", is_development=True)
    assert await tokens(core, acme, phone) == ["apns", "fcm:phone"]
    await sessions.log_out(core, phone.session)
    assert await tokens(core, acme, tablet) == ["apns"]
    assert tablet.user is not None
    await users.ban(core, acme.app, tablet.user.id)
    await users.admit_again(core, acme.app, tablet.user.id)
    assert await tokens(core, acme, tablet) == []


@on_both_databases
async def test_a_device_that_changes_hands_notifies_its_new_owner_alone(core: Core, acme: Cast) -> None:
    anns, eves = await verified(core, acme, ann), await verified(core, acme, eve)
    await push.register(core, anns, Platform.ANDROID, "fcm:1")
    await push.register(core, eves, Platform.ANDROID, "fcm:1")
    assert (await tokens(core, acme, anns), await tokens(core, acme, eves)) == ([], ["fcm:1"])


async def test_only_ones_own_is_withdrawn(core: Core, acme: Cast) -> None:
    anns, eves = await verified(core, acme, ann), await verified(core, acme, eve)
    await push.register(core, anns, Platform.ANDROID, "fcm:1")
    assert not await push.withdraw(core, eves, Platform.ANDROID, "fcm:1")
    assert not await push.withdraw(core, anns, Platform.IOS, "fcm:1")
    assert await push.withdraw(core, anns, None, "fcm:1")
    assert await tokens(core, acme, anns) == []


@pytest.mark.parametrize("token", ["", " ", "x" * 1025, "a b", "ä", "a\nb"])
async def test_what_is_no_token_is_refused(core: Core, acme: Cast, token: str) -> None:
    with pytest.raises(Unacceptable):
        await push.register(core, await verified(core, acme, ann), Platform.WEB, token)


async def test_a_session_has_only_so_many_and_who_is_nobody_has_none(core: Core, acme: Cast) -> None:
    anns = await verified(core, acme, ann)
    for number in range(MOST_ADDRESSES):
        await push.register(core, anns, Platform.ANDROID, f"fcm:{number}")
    with pytest.raises(Unacceptable):
        await push.register(core, anns, Platform.ANDROID, "fcm:more")
    await push.register(core, anns, Platform.ANDROID, "fcm:0")
    with pytest.raises(NeedsUser):
        await push.register(core, await visitor(core, acme, laptop), Platform.ANDROID, "fcm:v")
    await sessions.log_out(core, anns.session)
    with pytest.raises(SessionEnded):
        await push.register(core, anns, Platform.ANDROID, "fcm:late")
