"""Forgotten passwords: whom a mail reaches, and what the ticket in it does."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace

import pytest

from acquaint.domain.apps import App
from acquaint.domain.errors import (
    AppClosed,
    InvalidCredentials,
    NotAllowed,
    SessionEnded,
    TicketRefused,
    TooManyRequests,
    Unacceptable,
)
from acquaint.domain.events import EventKind
from acquaint.domain.identities import NO_CHANGE, Assurance, Identifier, Identity, ProfileChange
from acquaint.ports.mail import Mail, MailNotSent
from acquaint.services import addresses, apps, history, mails, recovery, sign_in, users
from acquaint.services.core import Core
from tests.cast import Cast, Person, ann, ben, eve
from tests.services.doors import EVERYTHING, at, it_of, registered
from tests.support.clock import SetClock

NEW = "a goat in the snow"
SOMEWHERE = "203.0.113.7"


@dataclass
class Postbox:
    """What was mailed. ``is_open`` says whether mails are taken at all."""

    mails: list[Mail] = field(default_factory=list)
    is_open: bool = True

    async def send(self, mail: Mail) -> None:
        if not self.is_open:
            raise MailNotSent("the mail server is away")
        self.mails.append(mail)

    @property
    def tickets(self) -> list[str]:
        return [re.findall(r"acqt_\w+", it.text)[0] for it in self.mails]


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def core(core: Core, postbox: Postbox) -> Core:
    return replace(core, mailer=postbox)


async def known(core: Core, acme: Cast, who: Person) -> None:
    """Somebody whose address Acme's server gave, with a password."""
    identity = Identity((who.by_email,), Assurance.VERIFIED)
    await users.put_with_password(core, acme.app, identity, who.password)


async def ticket_for(core: Core, acme: Cast, postbox: Postbox, who: Person) -> str:
    await recovery.send(core, acme.app, who.by_email)
    return postbox.tickets[-1]


async def test_the_mail_leads_here_and_shows_no_secret_but_the_ticket(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)

    ticket = await ticket_for(core, acme, postbox, ann)

    [mail] = postbox.mails
    assert mail.to == ann.email
    assert f"http://acquaint.test/acquaint/v1/password-reset#ticket={ticket}" in mail.text
    assert mail.html.count(ticket) == 1
    assert "Acme" in mail.subject


async def test_the_apps_name_is_only_text_in_the_mail(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)
    await recovery.send(core, replace(acme.app, name="<b>Acme & Sons</b>"), ann.by_email)
    assert "&lt;b&gt;Acme &amp; Sons&lt;/b&gt;" in postbox.mails[0].html


async def test_a_new_password_replaces_the_old_one_and_ends_everything(
    core: Core, acme: Cast, postbox: Postbox
) -> None:
    await known(core, acme, ann)
    before = await sign_in.sign_in(core, acme.app, ann.by_email, ann.password, at())
    other, ticket = [await ticket_for(core, acme, postbox, ann) for _ in range(2)]

    user = await recovery.complete(core, ticket, NEW, SOMEWHERE)

    assert before.user is not None
    assert user.id == before.user.id
    with pytest.raises(SessionEnded):
        await it_of(core, before)
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, ann.by_email, ann.password, at())
    assert (await sign_in.sign_in(core, acme.app, ann.by_email, NEW, at())).user is not None
    for spent in (ticket, other):
        with pytest.raises(TicketRefused):
            await recovery.complete(core, spent, NEW, SOMEWHERE)
    trail = await history.audit(core, acme.app, EVERYTHING, user_id=user.id)
    assert EventKind.PASSWORD_CHANGED in {it.kind for it in trail.items}


async def test_a_ticket_is_good_for_an_hour(core: Core, acme: Cast, postbox: Postbox, clock: SetClock) -> None:
    await known(core, acme, ann)
    ticket = await ticket_for(core, acme, postbox, ann)
    clock.forward(hours=1)
    with pytest.raises(TicketRefused):
        await recovery.complete(core, ticket, NEW, SOMEWHERE)


async def test_of_many_who_spend_a_ticket_at_once_one_does(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)
    ticket = await ticket_for(core, acme, postbox, ann)

    outcomes = await asyncio.gather(
        *[recovery.complete(core, ticket, f"{NEW} {it}", SOMEWHERE) for it in range(10)], return_exceptions=True
    )

    assert [type(it) for it in outcomes if isinstance(it, BaseException)] == [TicketRefused] * 9


async def test_a_password_that_breaks_the_apps_rules_spends_nothing(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)
    await apps.change_policy(core, acme.app, {"password_min_length": 30})
    ticket = await ticket_for(core, acme, postbox, ann)
    with pytest.raises(Unacceptable):
        await recovery.complete(core, ticket, NEW, SOMEWHERE)
    assert (await recovery.complete(core, ticket, NEW * 2, SOMEWHERE)).is_verified


@pytest.mark.parametrize("ticket", ["", "acqt_", "acqs_" + "0" * 49, "x" * 10_000, "acqt_\udc00"])
async def test_an_invented_ticket_is_refused(core: Core, ticket: str) -> None:
    with pytest.raises(TicketRefused):
        await recovery.complete(core, ticket, NEW, SOMEWHERE)


async def test_who_guesses_tickets_is_slowed_down(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)
    ticket = await ticket_for(core, acme, postbox, ann)
    await recovery.complete(core, ticket, NEW, SOMEWHERE)
    outcomes = [await outcome(core, ticket) for _ in range(302)]
    assert outcomes == [TicketRefused] * 300 + [TooManyRequests] * 2


async def outcome(core: Core, ticket: str) -> type[Exception] | None:
    try:
        await recovery.complete(core, ticket, NEW, SOMEWHERE)
    except Exception as refusal:
        return type(refusal)
    return None


async def test_nobody_is_mailed_who_has_no_password_or_may_not_come_in(
    core: Core, acme: Cast, postbox: Postbox
) -> None:
    await users.put(core, acme.app, Identity((ann.by_email,), Assurance.VERIFIED))
    await known(core, acme, ben)
    await users.ban(core, acme.app, (await users.find(core, acme.app, ben.by_email)).id)

    for who in (ann, ben):
        await recovery.send(core, acme.app, who.by_email)

    assert postbox.mails == []


async def test_who_was_banned_meanwhile_stays_out(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)
    ticket = await ticket_for(core, acme, postbox, ann)
    await users.ban(core, acme.app, (await users.find(core, acme.app, ann.by_email)).id)
    with pytest.raises(TicketRefused):
        await recovery.complete(core, ticket, NEW, SOMEWHERE)


async def test_a_closed_app_changes_no_password(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)
    ticket = await ticket_for(core, acme, postbox, ann)
    await apps.close(core, acme.app)
    with pytest.raises(AppClosed):
        await recovery.complete(core, ticket, NEW, SOMEWHERE)


async def test_a_new_address_makes_old_tickets_void(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)
    ticket = await ticket_for(core, acme, postbox, ann)
    user = await users.find(core, acme.app, ann.by_email)
    await users.rename(core, acme.app, user.id, (Identifier.email("ann@new.example"),))
    with pytest.raises(TicketRefused):
        await recovery.complete(core, ticket, NEW, SOMEWHERE)


async def test_mail_that_cannot_be_sent_is_nobodys_business(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)
    postbox.is_open = False
    await recovery.send(core, acme.app, ann.by_email)


async def test_asking_counts_the_same_for_everybody(core: Core, acme: Cast) -> None:
    await known(core, acme, ann)
    for who in (ann, ben):
        for _ in range(3):
            await recovery.ask(core, acme.app, who.by_email, SOMEWHERE)
        with pytest.raises(TooManyRequests):
            await recovery.ask(core, acme.app, who.by_email, SOMEWHERE)


async def test_who_registered_with_an_address_is_reached_by_it(core: Core, acme: Cast, postbox: Postbox) -> None:
    login, claimed = await addresses.registering(core, acme.app, ann.email)
    await sign_in.register(core, acme.app, (login,), ann.password, NO_CHANGE, at(), claimed=claimed)
    await recovery.complete(core, await ticket_for(core, acme, postbox, ann), NEW, SOMEWHERE)
    assert (await sign_in.sign_in(core, acme.app, login, NEW, at())).user is not None


async def test_a_login_that_only_looks_like_the_address_is_not_its_owners(
    core: Core, acme: Cast, postbox: Postbox
) -> None:
    """An App may name its users as it likes: Qiscus' ids often look like addresses, and nobody proved them."""
    await registered(core, acme, replace(ann, login=ann.email))
    await recovery.send(core, acme.app, ann.by_email)
    assert postbox.mails == []


async def test_a_proven_address_comes_before_one_that_was_registered(core: Core, acme: Cast, postbox: Postbox) -> None:
    login, claimed = await addresses.registering(core, acme.app, ann.email)
    await sign_in.register(core, acme.app, (login,), ben.password, NO_CHANGE, at(), claimed=claimed)
    await known(core, acme, ann)

    assert await addresses.meant(core, acme.app, ann.email) == ann.by_email
    user = await recovery.complete(core, await ticket_for(core, acme, postbox, ann), NEW, SOMEWHERE)

    assert user.known_as(ann.by_email.kind) == ann.email


async def test_an_app_can_mail_nobody(core: Core, acme: Cast, postbox: Postbox) -> None:
    await known(core, acme, ann)
    ticket = await ticket_for(core, acme, postbox, ann)
    app = await apps.change_policy(core, acme.app, {"resets_passwords_by_mail": False})
    with pytest.raises(NotAllowed):
        await recovery.ask(core, app, ann.by_email, SOMEWHERE)
    with pytest.raises(TicketRefused):
        await recovery.complete(core, ticket, NEW, SOMEWHERE)


async def test_the_mail_is_in_the_apps_words_and_leads_where_the_door_says(
    core: Core, acme: Cast, postbox: Postbox
) -> None:
    await known(core, acme, ann)
    words = {"password_reset": {"subject": "#{app.title}!", "text": "#{user.email}: #{link}"}}
    app = await apps.change_policy(core, acme.app, {"mail_texts": words})

    def link(core: Core, app: App, ticket: str) -> str:
        return f"https://acme.example/{app.slug}?{ticket}"

    await recovery.send(core, app, ann.by_email, link)
    [mail] = postbox.mails
    assert (mail.to, mail.subject) == (ann.email, "Acme!")
    assert mail.text == f"{ann.email}: https://acme.example/acme?{postbox.tickets[0]}\n"
    await recovery.complete(core, postbox.tickets[-1], NEW, SOMEWHERE)


async def test_who_proved_their_address_hears_of_a_new_password_and_nobody_else(
    core: Core, acme: Cast, postbox: Postbox
) -> None:
    await known(core, acme, ann)
    hers = await users.find(core, acme.app, ann.by_email)
    await mails.tell_of_new_password(core, hers)
    [mail] = postbox.mails
    assert (mail.to, mail.subject) == (ann.email, "Acme: your password was changed")
    identifier, claimed = await addresses.registering(core, acme.app, ben.email)
    place = at()
    his = await sign_in.register(core, acme.app, (identifier,), ben.password, NO_CHANGE, place, claimed=claimed)
    assert his.user is not None
    await mails.tell_of_new_password(core, his.user)
    assert len(postbox.mails) == 1, "the address may be somebody else's"
    await mails.tell_of_new_password(core, his.user, by_mail=True)
    assert [it.to for it in postbox.mails] == [ann.email, ben.email], "whoever reads there changed it"
    nobody = await users.set_password(core, acme.app, (await registered(core, acme, eve)).user.id, NEW)  # type: ignore[union-attr]
    await mails.tell_of_new_password(core, nobody, by_mail=True)
    await apps.change_policy(core, acme.app, {"tells_of_new_passwords": False})
    await mails.tell_of_new_password(core, hers)
    assert len(postbox.mails) == 2


async def test_asking_for_forgotten_passwords_does_not_use_up_the_notices(
    core: Core, acme: Cast, postbox: Postbox
) -> None:
    await known(core, acme, ann)
    hers = await users.find(core, acme.app, ann.by_email)
    for _ in range(3):
        await recovery.ask(core, acme.app, ann.by_email, SOMEWHERE)
    for _ in range(5):
        await mails.tell_of_new_password(core, hers)
    assert [it.to for it in postbox.mails] == [ann.email] * 3
    postbox.is_open = False
    await mails.welcome(core, await apps.change_policy(core, acme.app, {"sends_welcome_mails": True}), hers)


async def test_a_name_that_is_no_name_is_not_mailed(core: Core, acme: Cast, postbox: Postbox) -> None:
    words = {"welcome": {"subject": "Hi #{user.full_name}", "text": "Hi #{user.full_name}!"}}
    app = await apps.change_policy(core, acme.app, {"mail_texts": words, "sends_welcome_mails": True})
    for number, (name, subject) in enumerate(
        (("Ann Archer", "Hi Ann Archer"), ("Buy at https://evil.example", "Hi"), ("<b>x</b>", "Hi"), ("A" * 61, "Hi"))
    ):
        email = Identifier.email(f"ann{number}@example.com")
        user, _ = await users.put(core, app, Identity((email,), Assurance.VERIFIED, ProfileChange(name=name)))
        await mails.welcome(core, app, user)
        assert postbox.mails[-1].subject == subject
        assert "evil" not in postbox.mails[-1].html
        await mails.welcome(core, acme.app, user)  # whose Policy, as it was, says nothing of it
    assert len(postbox.mails) == 4


async def test_an_address_is_told_that_another_took_its_place_but_not_for_ever(
    core: Core, acme: Cast, postbox: Postbox
) -> None:
    for _ in range(5):
        await mails.tell_former_address(core, acme.app, ann.email)
    assert [it.to for it in postbox.mails] == [ann.email] * 3
    assert "Acme" in postbox.mails[0].text
    postbox.is_open = False
    await mails.tell_former_address(core, acme.app, ben.email)  # nobody waits for it, so nobody is told
