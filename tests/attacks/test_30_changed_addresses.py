"""Attack 30: using a link that was sent to an address its user no longer has. Supabase #2600 and cf74a14."""

from __future__ import annotations

import re
from itertools import permutations

import pytest

from acquaint.domain.errors import TicketRefused
from acquaint.domain.identities import Assurance, Identifier, Identity
from acquaint.domain.users import UserId
from acquaint.services import recovery, sign_in, users
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast, ann, eve
from tests.services.doors import at

NEW = "a goat in the snow"
FROM = "203.0.113.7"


async def _ann(core: Core, acme: Cast) -> UserId:
    user, _ = await users.put(core, acme.app, Identity((ann.by_login, ann.by_email), Assurance.VERIFIED))
    await users.set_password(core, acme.app, user.id, ann.password)
    return user.id


async def _link(core: Core, acme: Cast, settings: Settings, email: Identifier) -> str | None:
    """The ticket in the mail that this question sends, if it sends one."""
    outbox = settings.data / "outbox"
    before = set(outbox.glob("*.eml"))
    await recovery.send(core, acme.app, email)
    texts = [it.read_text().replace("=\n", "") for it in set(outbox.glob("*.eml")) - before]
    return re.findall(r"acqt_\w{49}", texts[0])[0] if texts else None


async def test_while_the_address_is_theirs_the_link_works(core: Core, acme: Cast, settings: Settings) -> None:
    await _ann(core, acme)
    link = await _link(core, acme, settings, ann.by_email)
    assert link is not None
    await recovery.complete(core, link, NEW, FROM)
    await sign_in.sign_in(core, acme.app, ann.by_login, NEW, at())


@pytest.mark.parametrize("how", ["another address", "no address", "another password", "deleted", "banned"])
async def test_a_change_makes_every_link_void_that_was_sent_before_it(
    core: Core, acme: Cast, settings: Settings, how: str
) -> None:
    id = await _ann(core, acme)
    link = await _link(core, acme, settings, ann.by_email)
    assert link is not None
    match how:
        case "another address":
            await users.rename(core, acme.app, id, (ann.by_login, Identifier.email("ann@new.example")))
        case "no address":
            await users.rename(core, acme.app, id, (ann.by_login,))
        case "another password":
            await users.set_password(core, acme.app, id, "an owl in the barn")
        case "deleted":
            await users.delete(core, acme.app, id)
        case "banned":
            await users.ban(core, acme.app, id)
    with pytest.raises(TicketRefused):
        await recovery.complete(core, link, NEW, FROM)
    assert how in ("another address", "another password") or await _link(core, acme, settings, ann.by_email) is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_of_several_links_one_works_whichever_is_used_first(
    core: Core, acme: Cast, settings: Settings, order: tuple[int, ...]
) -> None:
    await _ann(core, acme)
    links = [await _link(core, acme, settings, ann.by_email) for _ in range(3)]
    first, *others = [links[it] for it in order]
    assert first is not None
    await recovery.complete(core, first, NEW, FROM)
    for link in others:
        assert link is not None
        with pytest.raises(TicketRefused):
            await recovery.complete(core, link, "two hares in a field", FROM)


async def test_whoever_has_the_address_next_gets_nothing_of_who_had_it(
    core: Core, acme: Cast, settings: Settings
) -> None:
    id = await _ann(core, acme)
    old = await _link(core, acme, settings, ann.by_email)
    await users.rename(core, acme.app, id, (ann.by_login,))
    await users.put(core, acme.app, Identity((eve.by_login, ann.by_email), Assurance.VERIFIED))
    assert old is not None
    with pytest.raises(TicketRefused):
        await recovery.complete(core, old, NEW, FROM)
    assert await _link(core, acme, settings, ann.by_email) is None  # Eve has no password to recover
    await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
