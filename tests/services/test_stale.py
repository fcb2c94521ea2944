"""Requests overtaken by others: what was true when a session was recognised need not be true when it writes.

Each test recognises a session, lets something else happen, and goes on with what was recognised: this is what two
requests at once come to, without having to be lucky.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from acquaint.domain.conversations import Message, MessageId, visibility_of
from acquaint.domain.errors import AlreadySignedIn, InvalidCredentials, NotAllowed, NotFound, Refusal, SessionEnded
from acquaint.domain.identities import NO_CHANGE, Assurance, Claimed, Identifier, ProfileChange
from acquaint.domain.paging import Page, PageAsked
from acquaint.domain.sessions import Session
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import conversations, files, messages, sessions, sign_in, tickets, users
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, kiosk, laptop
from tests.support.databases import on_both_databases

from .doors import at, now, registered, sees, verified, visitor, write


@on_both_databases
@pytest.mark.parametrize("assurance", [Assurance.ANONYMOUS, Assurance.VERIFIED])
async def test_a_session_that_ended_meanwhile_writes_nothing(core: Core, acme: Cast, assurance: Assurance) -> None:
    it = await visitor(core, acme, laptop) if assurance is Assurance.ANONYMOUS else await registered(core, acme, ann)
    id = await write(core, it)
    it = await sessions_again(core, it)
    other = await verified(core, acme, ben)
    await sessions.end(core, acme.app, it.session.id)

    async def nothing_may_happen() -> None:
        assert it.session.user_id is not None
        for refused in (
            conversations.start(core, it, first=Draft("a ghost")),
            messages.post(core, it, id, Draft("a ghost")),
            messages.mark_read(core, it.session, id, _last(await messages.history_of_app(core, acme.app, id, PAGE))),
            users.update_own(core, it, ProfileChange(name="Ghost")),
            users.delete_own(core, it),
            tickets.live_ticket(core, it),
        ):
            with pytest.raises(SessionEnded):
                await refused
        if assurance is Assurance.ANONYMOUS:
            with pytest.raises(SessionEnded):
                await sign_in.claim(core, it, Claimed("Ghost"))
        else:
            with pytest.raises(SessionEnded):
                await conversations.start(core, it, first=Draft("a ghost"), with_users=[other.session.user_id])  # type: ignore[list-item]

    await nothing_may_happen()
    assert len((await messages.history_of_app(core, acme.app, id, PAGE)).items) == 1
    current = await in_store(core, it.session)
    assert current is not None
    assert current.ended_at is not None


async def test_a_changed_password_is_not_changed_by_a_session_that_ended(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    assert it.user is not None
    await sessions.end(core, acme.app, it.session.id)
    with pytest.raises(SessionEnded):
        await users.change_password(core, acme.app, it.session, it.user, old=ann.password, new="an owl in the barn")
    await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())


@on_both_databases
async def test_claiming_never_takes_a_session_down_from_verified(core: Core, acme: Cast) -> None:
    """The page claims while its user signs in: the claim must not undo the sign-in."""
    it = await visitor(core, acme, laptop)
    await write(core, it)
    it = await sessions_again(core, it)
    app = await now(core, acme)
    await sign_in.vouch_for(core, app, ann.verified(), at(laptop, session=it.session))
    with pytest.raises(NotAllowed):
        await sign_in.claim(core, it, Claimed("Eve", "eve@example.net"))
    current = await in_store(core, it.session)
    assert current is not None
    assert current.assurance is Assurance.VERIFIED


@on_both_databases
async def test_what_is_started_while_signing_in_is_the_persons(core: Core, acme: Cast) -> None:
    """Nothing answered is lost: the conversation belongs to whom the session is by then, and they see it."""
    it = await visitor(core, acme, laptop)
    await write(core, it, "before")
    it = await sessions_again(core, it)
    app = await now(core, acme)
    admission = await sign_in.vouch_for(core, app, ann.verified(), at(laptop, session=it.session))
    id = await write(core, it, "meanwhile")
    assert admission.user is not None
    membership = next(iter((await conversations.one_of_app(core, app, id)).members))
    assert (membership.user_id, membership.assurance) == (admission.user.id, Assurance.VERIFIED)


@on_both_databases
async def test_what_is_posted_while_signing_in_is_from_the_person(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    id = await write(core, it, "before")
    it = await sessions_again(core, it)
    app = await now(core, acme)
    admission = await sign_in.vouch_for(core, app, ann.verified(), at(laptop, session=it.session))
    assert admission.user is not None
    message = await messages.post(core, it, id, Draft("meanwhile"))
    assert message.sender_id == admission.user.id


async def test_a_session_recognised_before_its_user_was_made_can_post(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    id = await write(core, it, "first")
    assert it.user is None
    assert (await messages.post(core, it, id, Draft("second"))).text == "second"


async def test_what_is_read_while_signing_in_is_marked_for_the_person(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    id = await write(core, it, "before")
    it = await sessions_again(core, it)
    app = await now(core, acme)
    answer = await messages.answer(core, app, id, Draft("an answer"))
    await sign_in.vouch_for(core, app, ann.verified(), at(laptop, session=it.session))
    assert await messages.mark_read(core, it.session, id, answer.id) == answer.id


@on_both_databases
async def test_a_user_who_is_banned_meanwhile_says_no_more(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    id = await write(core, it)
    assert it.user is not None
    await users.ban(core, acme.app, it.user.id)
    for refused in (messages.post(core, it, id, Draft("x")), conversations.start(core, it, first=Draft("x"))):
        with pytest.raises(SessionEnded):
            await refused


async def test_a_password_signs_in_whom_it_was_checked_for(core: Core, acme: Cast) -> None:
    """While Ann's password is hashed, her login is given to Ben: Ann's password must not open Ben's account."""
    anns = await _given_a_password(core, acme)
    bens, _ = await users.put(core, acme.app, ben.verified())

    async def give_away() -> None:
        await users.rename(core, acme.app, anns, (Identifier.login("ann-the-first"),))
        await users.rename(core, acme.app, bens.id, (ben.by_login, ann.by_login))

    slow = Meanwhile(core, give_away)
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(slow.core, acme.app, ann.by_login, ann.password, at())
    assert await sessions.list_of(core, acme.app, bens.id) == []


async def test_a_password_for_a_login_that_was_taken_away_makes_nobody(core: Core, acme: Cast) -> None:
    anns = await _given_a_password(core, acme)

    async def take_away() -> None:
        await users.rename(core, acme.app, anns, (Identifier.login("ann-the-first"),))

    slow = Meanwhile(core, take_away)
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(slow.core, acme.app, ann.by_login, ann.password, at())
    with pytest.raises(NotFound):
        await users.find(core, acme.app, ann.by_login)


async def _given_a_password(core: Core, acme: Cast) -> UserId:
    """Ann, whom the App's server made: renaming takes no password from her."""
    user, _ = await users.put_with_password(core, acme.app, ann.verified(), ann.password)
    return user.id


@pytest.mark.parametrize("what", ["password", "delete", "ban"])
async def test_what_changes_while_a_password_is_checked_counts(core: Core, acme: Cast, what: str) -> None:
    it = await registered(core, acme, ann)
    assert it.user is not None
    anns = it.user.id

    async def change() -> None:
        match what:
            case "password":
                await users.set_password(core, acme.app, anns, "an owl in the barn", ends_sessions=True)
            case "delete":
                await users.delete(core, acme.app, anns)
            case "ban":
                await users.ban(core, acme.app, anns)

    with pytest.raises(Refusal):
        await sign_in.sign_in(Meanwhile(core, change).core, acme.app, ann.by_login, ann.password, at())


async def test_of_two_who_change_a_password_at_once_the_first_has_changed_it(core: Core, acme: Cast) -> None:
    """While the old password is checked, the App's server sets another one: that is the one that counts."""
    it = await registered(core, acme, ann)
    assert it.user is not None
    anns = it.user.id

    async def set_another() -> None:
        await users.set_password(core, acme.app, anns, "an owl in the barn")

    slow = Meanwhile(core, set_another)
    with pytest.raises(Refusal):
        await users.change_password(
            slow.core, acme.app, it.session, it.user, old=ann.password, new="two hares in a field"
        )
    await sign_in.sign_in(core, acme.app, ann.by_login, "an owl in the barn", at())


async def test_a_retired_device_gives_nobody_its_history(core: Core, acme: Cast) -> None:
    """A kiosk. Ann signs in; somebody else writes anonymously and logs out. What they wrote is not Ann's, ever."""
    anns = await verified(core, acme, ann, kiosk)
    stranger = await visitor(core, acme, kiosk)
    await write(core, stranger, "my bank says no")
    await sessions.log_out(core, (await sessions_again(core, stranger)).session)
    app = await now(core, acme)
    await sign_in.vouch_for(core, app, ann.verified(), at(None, session=anns.session))  # her page signs in again
    assert await sees(core, await sessions_again(core, anns)) == {}


async def test_a_session_is_taken_over_by_its_own_user_only(core: Core, acme: Cast) -> None:
    anns = await verified(core, acme, ann, laptop)
    app = await now(core, acme)
    again = await sign_in.vouch_for(core, app, ann.verified(), at(laptop, session=anns.session))
    assert again.session.id == anns.session.id
    with pytest.raises(AlreadySignedIn):
        await sign_in.vouch_for(core, app, eve.verified(), at(laptop, session=anns.session))
    with pytest.raises(AlreadySignedIn):
        await sign_in.login_or_register(
            core, app, eve.by_login, eve.password, NO_CHANGE, at(laptop, session=anns.session)
        )
    with pytest.raises(NotFound):
        await users.find(core, app, Identifier.login("eve-the-second"))


async def test_a_guest_never_comes_into_a_session_that_is_open(core: Core, acme: Cast) -> None:
    """A guest holds nothing but the token made for them, and is gone after a day."""
    it = await visitor(core, acme, laptop)
    guest = await sign_in.enter_as_guest(core, await now(core, acme), "Gast", at(laptop, session=it.session))
    assert guest.token is not None
    assert guest.session.id != it.session.id
    assert guest.user is not None
    assert guest.session.device_id == guest.user.device_id


async def test_a_session_whose_user_is_gone_is_nobodys(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    assert it.user is not None
    assert visibility_of(it.session).user_id == it.user.id
    await users.delete(core, acme.app, it.user.id)
    for refused in (conversations.start(core, it, first=Draft("x")), files_of(core, it)):
        with pytest.raises(SessionEnded):
            await refused


PAGE = PageAsked()


class Meanwhile:
    """A core whose password check takes long enough for something else to happen."""

    def __init__(self, core: Core, what: Callable[[], Awaitable[None]]) -> None:
        hasher = core.hasher

        class Slow:
            hash, is_outdated = hasher.hash, staticmethod(hasher.is_outdated)

            async def verify(self, password: str, hashed: str | None) -> bool:
                right = await hasher.verify(password, hashed)
                await what()
                return right

        self.core = replace(core, hasher=Slow())


async def sessions_again(core: Core, it: Recognised) -> Recognised:
    """What a request would recognise now."""
    async with core.store.read() as tx:
        session = await tx.sessions.get(it.app.id, it.session.id)
        assert session is not None
        user = await tx.users.get(it.app.id, session.user_id) if session.user_id else None
    return Recognised(session, it.app, user)


async def in_store(core: Core, session: Session) -> Session | None:
    async with core.store.read() as tx:
        return await tx.sessions.get(session.app_id, session.id)


async def files_of(core: Core, it: Recognised) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        yield b"x"

    await files.keep_of(core, it, "a.txt", "text/plain", nothing())


def _last(page: Page[Message]) -> MessageId:
    return page.items[0].id
