"""Two requests that meet in the database: whichever comes first, what was decided stands.

PostgreSQL runs writes side by side at READ COMMITTED, SQLite one after the other; the outcome must be allowed on both.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from acquaint.domain.conversations import ConversationKind
from acquaint.domain.errors import (
    AlreadySignedIn,
    Busy,
    InvalidCredentials,
    NotFound,
    Refusal,
    SessionEnded,
    UserBanned,
)
from acquaint.domain.identities import NO_CHANGE, Assurance, Claimed, ProfileChange
from acquaint.domain.users import Standing
from acquaint.services import apps, conversations, messages, sessions, sign_in, users
from acquaint.services.admission import Admission
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, laptop
from tests.support.databases import on_both_databases

from .doors import EVERYTHING, allow, at, it_of, kinds, now, registered, sees, verified, visitor, write
from .interleaving import pausing
from .test_stale import in_store, sessions_again


@on_both_databases
async def test_eight_first_logins_at_once_make_one_user(core: Core, acme: Cast) -> None:
    async def log_in() -> Admission:
        return await sign_in.login_or_register(core, acme.app, ann.by_login, ann.password, NO_CHANGE, at())

    admissions = await asyncio.gather(*[log_in() for _ in range(8)])
    assert len({it.user.id for it in admissions if it.user}) == 1
    assert sum(it.is_new_user for it in admissions) == 1
    assert len({it.token for it in admissions}) == 8
    assert (await kinds(core, acme)).count("user.created") == 1
    for it in admissions:
        await it_of(core, it)


@on_both_databases
async def test_of_eight_first_logins_with_different_passwords_one_password_counts(core: Core, acme: Cast) -> None:
    async def log_in(number: int) -> Admission | Refusal:
        try:
            password = f"{ann.password} {number}"
            return await sign_in.login_or_register(core, acme.app, ann.by_login, password, NO_CHANGE, at())
        except InvalidCredentials as refusal:
            return refusal

    outcomes = await asyncio.gather(*[log_in(it) for it in range(8)])
    assert sum(isinstance(it, Admission) for it in outcomes) == 1


@on_both_databases
async def test_eight_first_sign_ins_by_token_at_once_make_one_user(core: Core, acme: Cast) -> None:
    identity = ann.verified(ann.by_email, ann.by_external_id)
    admissions = await asyncio.gather(*[sign_in.vouch_for(core, acme.app, identity, at(laptop)) for _ in range(8)])
    assert len({it.user.id for it in admissions if it.user}) == 1
    assert (await kinds(core, acme)).count("user.created") == 1


@on_both_databases
async def test_eight_first_messages_from_one_device_are_one_persons(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    ids = await asyncio.gather(*[write(core, it, str(number)) for number in range(8)])
    assert len(set(ids)) == 8
    assert (await kinds(core, acme)).count("user.created") == 1
    assert set(await sees(core, await sessions_again(core, it))) == set(ids)


@on_both_databases
async def test_who_is_banned_while_their_profile_changes_stays_banned(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    assert it.user is not None
    anns = it.user.id
    paused, other = pausing(core, "users.save", lambda: users.ban(core, acme.app, anns))
    await users.update(paused, acme.app, anns, ProfileChange(name="Ann A."))
    assert not isinstance(await other.outcome(), Exception)
    assert (await users.get(core, acme.app, anns)).standing is Standing.BANNED


@on_both_databases
async def test_who_is_banned_while_they_sign_in_stays_banned(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    assert it.user is not None
    anns = it.user.id
    paused, other = pausing(core, "users.save", lambda: users.ban(core, acme.app, anns))
    try:
        admission = await sign_in.sign_in(
            paused, acme.app, ann.by_login, ann.password, at(), ProfileChange(name="Ann A.")
        )
    except (UserBanned, Busy):
        admission = None
    await other.outcome()
    assert (await users.get(core, acme.app, anns)).standing is Standing.BANNED
    if admission is not None:
        with pytest.raises(SessionEnded):
            await it_of(core, admission)


@on_both_databases
@pytest.mark.parametrize("stops", ["users.password_hash", "sessions.add"])
async def test_no_session_of_the_old_password_outlives_its_change(core: Core, acme: Cast, stops: str) -> None:
    """Somebody who has the password signs in in the very moment in which its owner changes it."""
    it = await registered(core, acme, ann)
    assert it.user is not None
    anns = it.user.id
    paused, other = pausing(
        core, stops, lambda: users.set_password(core, acme.app, anns, "an owl in the barn", ends_sessions=True)
    )
    try:
        admission = await sign_in.sign_in(paused, acme.app, ann.by_login, ann.password, at())
    except (InvalidCredentials, Busy):
        admission = None
    assert not isinstance(await other.outcome(), Exception)
    if admission is not None:
        with pytest.raises(SessionEnded):
            await it_of(core, admission)


@on_both_databases
async def test_no_session_of_a_user_outlives_the_ending_of_all(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    assert it.user is not None
    anns = it.user.id
    paused, other = pausing(core, "sessions.add", lambda: users.delete(core, acme.app, anns))
    try:
        admission = await sign_in.sign_in(paused, acme.app, ann.by_login, ann.password, at())
    except (InvalidCredentials, Busy):
        admission = None
    assert not isinstance(await other.outcome(), Exception)
    with pytest.raises(NotFound):
        await users.find(core, acme.app, ann.by_login)
    if admission is not None:
        with pytest.raises(SessionEnded):
            await it_of(core, admission)


@on_both_databases
async def test_a_conversation_that_is_closed_while_somebody_writes_stays_closed(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    id = await write(core, it)
    paused, other = pausing(core, "messages.add", lambda: conversations.close(core, acme.app, id))
    await messages.post(paused, it, id, Draft("one more thing"))
    assert not isinstance(await other.outcome(), Exception)
    assert (await conversations.one_of_app(core, acme.app, id)).conversation.closed_at is not None


@on_both_databases
async def test_an_app_that_is_closed_while_its_policy_changes_stays_closed(core: Core, acme: Cast) -> None:
    paused, other = pausing(core, "apps.save", lambda: apps.close(core, acme.app))
    await allow(paused, acme, registers_on_login=False)
    assert not isinstance(await other.outcome(), Exception)
    app = await now(core, acme)
    assert not app.is_open
    assert not app.policy.registers_on_login


@on_both_databases
async def test_two_rules_changed_at_once_both_change(core: Core, acme: Cast) -> None:
    paused, other = pausing(core, "apps.save", lambda: allow(core, acme, allows_guests=False))
    await allow(paused, acme, registers_on_login=False)
    assert not isinstance(await other.outcome(), Exception)
    policy = (await now(core, acme)).policy
    assert (policy.allows_guests, policy.registers_on_login) == (False, False)


@on_both_databases
async def test_a_claim_that_meets_a_sign_in_does_not_undo_it(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    await write(core, it)
    it = await sessions_again(core, it)
    app = await now(core, acme)
    place = at(laptop, session=it.session)
    paused, other = pausing(core, "sessions.save", lambda: sign_in.vouch_for(core, app, ann.verified(), place))
    with suppress(Refusal):
        await sign_in.claim(paused, it, Claimed("Annie"))
    admission = await other.outcome()
    assert isinstance(admission, Admission)
    assert admission.user is not None
    current = await in_store(core, it.session)
    assert current is not None
    assert (current.user_id, current.assurance) == (admission.user.id, Assurance.VERIFIED)


@on_both_databases
async def test_of_two_people_who_take_over_one_session_one_does(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    app = await now(core, acme)
    place = at(laptop, session=it.session)
    await users.put(core, app, ann.verified())
    await users.put(core, app, eve.verified())
    paused, other = pausing(core, "sessions.save", lambda: sign_in.vouch_for(core, app, eve.verified(), place))
    try:
        mine = await sign_in.vouch_for(paused, app, ann.verified(), place)
    except (AlreadySignedIn, Busy):
        mine = None
    theirs = await other.outcome()
    admitted = [it for it in (mine, theirs) if isinstance(it, Admission)]
    assert len(admitted) == 1
    current = await in_store(core, it.session)
    assert current is not None
    assert admitted[0].user is not None
    assert current.user_id == admitted[0].user.id


@on_both_databases
async def test_two_who_start_talking_to_each_other_at_once_have_one_conversation(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    assert anns.user is not None
    assert bens.user is not None
    anns_id, bens_id = anns.user.id, bens.user.id

    async def start(at_core: Core, it, other):  # type: ignore[no-untyped-def]
        return (
            await conversations.start(
                at_core, it, kind=ConversationKind.DIRECT, with_users=[other], first=Draft(f"from {it.user.id}")
            )
        )[0]

    paused, other = pausing(core, "conversations.add", lambda: start(core, bens, anns_id))
    mine = await start(paused, anns, bens_id)
    theirs = await other.outcome()
    assert mine.conversation.id == theirs.conversation.id
    seen = await sees(core, anns)
    assert sorted(seen[mine.conversation.id]) == sorted([f"from {anns_id}", f"from {bens_id}"])
    assert len((await conversations.seen(core, bens.session, EVERYTHING)).items) == 1


@on_both_databases
async def test_the_last_two_signing_secrets_cannot_both_be_retired(core: Core, acme: Cast) -> None:
    await apps.rotate_secret(core, acme.app)
    first, second = await apps.secrets_of(core, acme.app)
    paused, other = pausing(core, "keys.save_secret", lambda: apps.retire_secret(core, acme.app, second.id))
    with suppress(Refusal):
        await apps.retire_secret(paused, acme.app, first.id)
    await other.outcome()
    assert any(it.verifies(core.clock()) for it in await apps.secrets_of(core, acme.app))


@on_both_databases
async def test_a_key_revoked_while_it_is_revoked_is_revoked_once(core: Core, acme: Cast) -> None:
    key = (await apps.keys_of(core, acme.app))[0]
    paused, other = pausing(core, "keys.save", lambda: apps.revoke_key(core, acme.app, key.id))
    revoked = await apps.revoke_key(paused, acme.app, key.id)
    assert replace(revoked, revoked_at=None) == replace(key, revoked_at=None)
    assert not isinstance(await other.outcome(), Exception)
    with pytest.raises(InvalidCredentials):
        await apps.by_api_key(core, acme.api_key, "org.admin")


@on_both_databases
async def test_a_visit_that_meets_a_log_out_shows_the_next_person_nothing(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    await write(core, it, "my bank says no")
    leaving = (await sessions_again(core, it)).session
    app = await now(core, acme)
    paused, other = pausing(core, "sessions.add", lambda: sessions.log_out(core, leaving))
    next_one = await sign_in.visit(paused, app, at(laptop))
    assert not isinstance(await other.outcome(), Exception)
    try:
        seen = await sees(core, await it_of(core, next_one))
    except SessionEnded:
        seen = {}
    assert seen == {}
