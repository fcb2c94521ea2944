"""Attack 30: using a link that was sent to an address its user no longer has. Supabase #2600 and cf74a14."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from itertools import permutations

import pytest

from acquaint.domain.errors import InvalidCredentials, TicketRefused
from acquaint.domain.identities import NO_CHANGE, Assurance, Identifier, IdentifierKind, Identity
from acquaint.domain.users import UserId
from acquaint.ports.mail import Mail
from acquaint.services import apps, confirmation, recovery, sign_in, users
from acquaint.services.core import Core
from acquaint.services.registration import Names, OwnChange, change_own, sign_up
from acquaint.settings import Settings
from tests.cast import Cast, ann, eve
from tests.services.doors import at, it_of

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


class _Postbox:
    """The last ticket that was mailed to each address."""

    def __init__(self) -> None:
        self.tickets: dict[str, str] = {}

    async def send(self, mail: Mail) -> None:
        self.tickets[mail.to] = re.findall(r"acqt_\w{49}", mail.text)[0]


@pytest.mark.parametrize("order", list(permutations(["first", "second"])), ids="-".join)
async def test_of_links_to_several_addresses_only_the_one_that_is_given_now_confirms(
    core: Core, acme: Cast, order: tuple[str, ...]
) -> None:
    """Whoever has a token gives another address, and another: no order of the links gets them both, none is
    good without the password, and none is for another one."""
    postbox = _Postbox()
    core = replace(core, mailer=postbox)
    app = await apps.change_policy(core, acme.app, {"requires_confirmed_emails": True})
    user = await sign_up(core, app, Names(ann.login, ann.email), ann.password, NO_CHANGE, at())
    await confirmation.send(core, app, user.id, FROM)
    await confirmation.complete(core, postbox.tickets[ann.email], ann.password, at())
    it = await it_of(core, await sign_in.sign_in(core, app, ann.by_login, ann.password, at()))
    addresses = {"first": "first@evil.example", "second": "second@evil.example"}
    for address in addresses.values():
        await change_own(core, it, OwnChange(email=address))
        await confirmation.send(core, app, user.id, FROM)
        await recovery.send(core, app, Identifier.email(address))
    for link in order:
        with pytest.raises((TicketRefused, InvalidCredentials)):
            await confirmation.complete(core, postbox.tickets[addresses[link]], eve.password, at())
    for link in order:
        with pytest.raises(TicketRefused) if link == "first" else contextlib.nullcontext():
            await confirmation.complete(core, postbox.tickets[addresses[link]], ann.password, at())
    assert (await users.get(core, app, user.id)).known_as(IdentifierKind.EMAIL) == addresses["second"]
