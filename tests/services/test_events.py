"""Everything that authenticates or changes an identity leaves an Event: which use case leaves which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from acquaint.domain.errors import Refusal
from acquaint.domain.events import IDENTITY_KINDS, EventKind
from acquaint.domain.identities import NO_CHANGE, Assurance, Claimed, Identity, ProfileChange
from acquaint.domain.keys import Role
from acquaint.domain.paging import PageAsked
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import (
    apps,
    blocks,
    conversations,
    history,
    merging,
    messages,
    renewing,
    roster,
    sessions,
    sign_in,
    tickets,
    users,
)
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, kiosk, laptop

from .doors import at, events, kinds, registered, token_of, verified, visitor, write

NEW = "an owl in the barn"
UseCase = Callable[[Core, Cast], Awaitable[object]]


def user_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


async def first_login(core: Core, acme: Cast) -> object:
    return await sign_in.login_or_register(core, acme.app, eve.by_login, eve.password, NO_CHANGE, at())


async def second_login(core: Core, acme: Cast) -> object:
    return await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())


async def login_with_a_new_profile(core: Core, acme: Cast) -> object:
    return await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at(), ProfileChange(name="Annie"))


async def wrong_password(core: Core, acme: Cast) -> object:
    return await sign_in.sign_in(core, acme.app, ann.by_login, "wrong", at())


async def unknown_user(core: Core, acme: Cast) -> object:
    return await sign_in.sign_in(core, acme.app, eve.by_login, "wrong", at())


async def banned_user(core: Core, acme: Cast) -> object:
    return await sign_in.sign_in(core, acme.app, ben.by_login, ben.password, at())


async def first_token(core: Core, acme: Cast) -> object:
    token = token_of(core, acme.signing_secret, email=eve.email)
    return await sign_in.sign_in_with_token(core, acme.app, token, at())


async def bad_token(core: Core, acme: Cast) -> object:
    return await sign_in.sign_in_with_token(core, acme.app, "a.b.c", at())


async def stale_token(core: Core, acme: Cast) -> object:
    return await sign_in.sign_in_with_token(
        core, acme.app, token_of(core, acme.signing_secret, iat=0, email="a@b"), at()
    )


async def token_of_a_banned_user(core: Core, acme: Cast) -> object:
    return await sign_in.vouch_for(core, acme.app, ben.verified(), at())


async def vouched_for_known(core: Core, acme: Cast) -> object:
    return await sign_in.vouch_for_known(core, acme.app, ann.by_login, at(), ends_others=True)


async def token_with_anonymous_history(core: Core, acme: Cast) -> object:
    return await sign_in.vouch_for(core, acme.app, Identity((eve.by_email,), Assurance.VERIFIED), at(kiosk))


async def taken_over(core: Core, acme: Cast) -> object:
    visit = (await visitor(core, acme, laptop)).session
    return await sign_in.login_or_register(
        core, acme.app, ann.by_login, ann.password, NO_CHANGE, at(laptop, session=visit)
    )


async def guest(core: Core, acme: Cast) -> object:
    return await sign_in.enter_as_guest(core, acme.app, "G", at())


async def visit(core: Core, acme: Cast) -> object:
    return await sign_in.visit(core, acme.app, at(laptop))


async def claim(core: Core, acme: Cast) -> object:
    return await sign_in.claim(core, await visitor(core, acme, laptop), Claimed("Eve"))


async def first_message(core: Core, acme: Cast) -> object:
    return await write(core, await visitor(core, acme, laptop))


async def profile(core: Core, acme: Cast) -> object:
    return await users.update(core, acme.app, await anns(core, acme), ProfileChange(name="Annie"))


async def renamed(core: Core, acme: Cast) -> object:
    return await users.rename(core, acme.app, await anns(core, acme), (ann.by_email,))


async def own_password(core: Core, acme: Cast) -> None:
    it = await verified_ann(core, acme)
    assert it.user is not None
    await users.change_password(core, acme.app, it.session, it.user, old=ann.password, new=NEW)


async def own_password_wrongly(core: Core, acme: Cast) -> None:
    it = await verified_ann(core, acme)
    assert it.user is not None
    await users.change_password(core, acme.app, it.session, it.user, old="wrong", new=NEW)


async def servers_password(core: Core, acme: Cast) -> object:
    return await users.set_password(core, acme.app, await anns(core, acme), NEW, ends_sessions=True)


async def put(core: Core, acme: Cast) -> object:
    return await users.put(core, acme.app, eve.verified())


async def ban(core: Core, acme: Cast) -> object:
    return await users.ban(core, acme.app, await anns(core, acme))


async def admit_again(core: Core, acme: Cast) -> object:
    return await users.admit_again(core, acme.app, (await users.find(core, acme.app, ben.by_login)).id)


async def delete(core: Core, acme: Cast) -> None:
    await users.delete(core, acme.app, await anns(core, acme))


async def end(core: Core, acme: Cast) -> object:
    return await sessions.end(core, acme.app, (await sessions.list_of(core, acme.app, await anns(core, acme)))[0].id)


async def end_all(core: Core, acme: Cast) -> object:
    return await sessions.end_all(core, acme.app, await anns(core, acme))


async def leave(core: Core, acme: Cast) -> None:
    await sessions.leave(core, (await verified_ann(core, acme)).session)


async def log_out(core: Core, acme: Cast) -> None:
    await sessions.log_out(core, (await verified_ann(core, acme)).session)


async def policy(core: Core, acme: Cast) -> object:
    return await apps.change_policy(core, acme.app, {"allows_guests": False})


async def close(core: Core, acme: Cast) -> object:
    return await apps.close(core, acme.app)


async def create_key(core: Core, acme: Cast) -> object:
    return await apps.create_key(core, acme.app, "k", (Role.USER,))


async def revoke_key(core: Core, acme: Cast) -> object:
    return await apps.revoke_key(core, acme.app, (await apps.keys_of(core, acme.app))[0].id)


async def rotate(core: Core, acme: Cast) -> object:
    return await apps.rotate_secret(core, acme.app, grace=timedelta(minutes=5))


async def anns(core: Core, acme: Cast) -> UserId:
    return (await users.find(core, acme.app, ann.by_login)).id


async def verified_ann(core: Core, acme: Cast) -> Recognised:
    async with core.store.read() as tx:
        user = await tx.users.find(acme.app.id, ann.by_login)
        assert user is not None
        (session,) = await tx.sessions.of_user(user.id)
    return Recognised(session, acme.app, user)


async def show_secret(core: Core, acme: Cast) -> object:
    return await apps.show_secret(core, acme.app)


async def merge(core: Core, acme: Cast) -> object:
    """Ann into Ben, whom the App vouches for by that."""
    bens = (await users.find(core, acme.app, ben.by_login)).id
    return await merging.merge(core, acme.app, source=await anns(core, acme), target=bens)


async def doing(core: Core, acme: Cast) -> None:
    await roster.note_doing(core, await verified_ann(core, acme), "paid", {})


async def block(core: Core, acme: Cast) -> None:
    bens = (await users.find(core, acme.app, ben.by_login)).id
    await blocks.block(core, await verified_ann(core, acme), bens)


async def unblock(core: Core, acme: Cast) -> None:
    bens = (await users.find(core, acme.app, ben.by_login)).id
    by = await verified_ann(core, acme)
    await blocks.block(core, by, bens)
    await blocks.unblock(core, by, bens)


async def renew(core: Core, acme: Cast) -> None:
    app = await apps.change_policy(core, acme.app, {"token_lifetime": "7d"})
    admission = await sign_in.vouch_for(core, app, eve.verified(), at(renews=True))
    await renewing.renew(core, app, admission.renewal or "", address="203.0.113.7")


OPENED, ENDED, TAKEN = EventKind.SESSION_OPENED, EventKind.SESSION_ENDED, EventKind.SESSION_TAKEN
CREATED, CHANGED, REFUSED = EventKind.USER_CREATED, EventKind.USER_CHANGED, EventKind.SIGN_IN_REFUSED

LEAVES: dict[UseCase, list[EventKind]] = {
    first_login: [CREATED, OPENED],
    second_login: [OPENED],
    login_with_a_new_profile: [CHANGED, OPENED],
    wrong_password: [REFUSED],
    unknown_user: [REFUSED],
    banned_user: [REFUSED],
    first_token: [CREATED, OPENED],
    bad_token: [REFUSED],
    stale_token: [REFUSED],
    token_of_a_banned_user: [REFUSED],
    vouched_for_known: [ENDED, OPENED],
    token_with_anonymous_history: [CREATED, OPENED, EventKind.HISTORY_ADOPTED, ENDED],
    taken_over: [OPENED, TAKEN],
    guest: [CREATED, OPENED],
    visit: [OPENED],
    claim: [OPENED, CREATED, TAKEN, CHANGED],
    first_message: [OPENED, CREATED, TAKEN],
    profile: [CHANGED],
    renamed: [EventKind.PASSWORD_CHANGED, ENDED, CHANGED],  # to a name that nobody proved before
    own_password: [EventKind.PASSWORD_CHANGED],
    own_password_wrongly: [REFUSED],
    servers_password: [EventKind.PASSWORD_CHANGED, ENDED],
    put: [CREATED],
    ban: [ENDED, EventKind.USER_BANNED],
    admit_again: [EventKind.USER_ADMITTED_AGAIN],
    delete: [ENDED, EventKind.USER_DELETED],
    end: [ENDED],
    end_all: [ENDED],
    log_out: [ENDED],
    leave: [EventKind.SESSION_LEFT],
    policy: [EventKind.APP_CHANGED],
    close: [EventKind.APP_CHANGED],
    create_key: [EventKind.KEY_CREATED],
    revoke_key: [EventKind.KEY_REVOKED],
    rotate: [EventKind.SECRET_ROTATED],
    show_secret: [EventKind.SECRET_SHOWN],
    merge: [EventKind.PASSWORD_CHANGED, ENDED, EventKind.USER_MERGED, CHANGED],
    doing: [EventKind.VISITOR_DID],
    block: [EventKind.USER_BLOCKED],
    unblock: [EventKind.USER_BLOCKED, EventKind.USER_UNBLOCKED],
    renew: [EventKind.APP_CHANGED, CREATED, OPENED, EventKind.SESSION_RENEWED],
}


@pytest.mark.parametrize("use_case", LEAVES, ids=lambda it: it.__name__)
async def test_a_use_case_leaves_its_events(core: Core, acme: Cast, use_case: UseCase) -> None:
    """Ann is registered with one session open; Ben is, too, and banned; somebody wrote anonymously at the kiosk."""
    await registered(core, acme, ann)
    bens = await registered(core, acme, ben)
    await users.ban(core, acme.app, user_of(bens))
    await write(core, await visitor(core, acme, kiosk))
    before = len(await events(core, acme))
    with suppress(Refusal):
        await use_case(core, acme)
    left = [it for it in (await events(core, acme))[before:] if it.kind in IDENTITY_KINDS]
    assert sorted(it.kind for it in left) == sorted(LEAVES[use_case])
    assert {it.app_id for it in left} == {acme.app.id}
    assert {it.at for it in left} == {core.clock()}


async def test_every_kind_of_the_audit_trail_is_left_by_something() -> None:
    covered = {kind for kinds in LEAVES.values() for kind in kinds}
    elsewhere = {EventKind.APP_CREATED, EventKind.SECRET_RETIRED}  # test_apps
    of_webhooks = {it for it in EventKind if it.value.startswith("webhook.")}  # test_webhooks
    assert covered | elsewhere | of_webhooks == IDENTITY_KINDS


async def test_what_is_refused_inside_a_write_leaves_nothing_but_its_refusal(core: Core, acme: Cast) -> None:
    await registered(core, acme, ann)
    before = len(await events(core, acme))
    taken = Identity((eve.by_login, ann.by_email), Assurance.VERIFIED)
    await users.put(core, acme.app, Identity((ben.by_login, ann.by_email), Assurance.VERIFIED))
    with suppress(Refusal):
        await users.put(core, acme.app, taken)
    with suppress(Refusal):
        await sign_in.register(core, acme.app, (ann.by_login,), eve.password, NO_CHANGE, at())
    assert await kinds(core, acme, before) == ["user.created"]


async def test_events_name_whom_they_are_about(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann, laptop)
    id = await write(core, it)
    await messages.answer(core, acme.app, id, Draft("hi"))
    await conversations.close(core, acme.app, id)
    started, posted, answered, closed = (await events(core, acme))[-4:]
    for event in (started, posted):
        assert (event.user_id, event.session_id, event.conversation_id) == (user_of(it), it.session.id, id)
    assert (answered.user_id, answered.conversation_id) == (None, id)
    assert (closed.kind, closed.details) == (EventKind.CONVERSATION_CHANGED, {"closed": True})
    ticket, _ = await tickets.live_ticket(core, it)
    assert ticket not in repr(await events(core, acme))


async def test_the_audit_trail_is_the_apps_and_has_pages(core: Core, acme: Cast) -> None:
    rival = Cast(await apps.create(core, "Rival"))
    for _ in range(3):
        await verified(core, acme, ann)
    await verified(core, rival, ben)
    first = await history.audit(core, acme.app, PageAsked(limit=2))
    rest = await history.audit(core, acme.app, PageAsked(after=first.next))
    assert {it.app_id for it in first.items + rest.items} == {acme.app.id}
    ids = [it.id for it in first.items + rest.items]
    assert ids == sorted(ids, reverse=True)
    of_ann = await history.audit(core, acme.app, PageAsked(), user_id=await anns(core, acme))
    assert {it.kind for it in of_ann.items} == {CREATED, OPENED}
