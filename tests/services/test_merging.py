"""Two users who turn out to be one person. See also tests/attacks/test_32_merge_takeover.py."""

from __future__ import annotations

from contextlib import suppress

import anyio
import pytest

from acquaint.domain.errors import IdentifierTaken, InvalidCredentials, NotFound, SessionEnded, Unacceptable
from acquaint.domain.events import EventKind
from acquaint.domain.identities import Assurance, Claimed, Identifier, ProfileChange
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import conversations, files, merging, messages, roster, sessions, sign_in, users
from acquaint.services.core import Core, fingerprint
from acquaint.services.messages import Draft
from acquaint.services.roster import Revision
from tests.cast import Cast, ann, ben, kiosk, laptop, phone
from tests.services.doors import at, events, it_of, now, registered, sees, verified, visitor, write
from tests.services.test_files import pieces
from tests.support.databases import on_both_databases


def id_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


@on_both_databases
async def test_whatever_named_either_names_who_is_left(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    made = await merging.merge(core, acme.app, source=id_of(bens), target=id_of(anns))
    for who in (ann, ben):
        assert (await users.find(core, acme.app, who.by_login)).id == id_of(anns)
    left = await users.get(core, acme.app, id_of(anns))
    assert left.identifiers == (ann.by_login, ben.by_login)
    assert left.profile.name == ann.name
    with pytest.raises(NotFound):
        await users.get(core, acme.app, id_of(bens))
    assert await merging.became_of(core, acme.app, id_of(bens)) == made
    assert await merging.into(core, acme.app, id_of(anns)) == [made]
    assert await merging.one(core, acme.app, made.id) == made


@on_both_databases
async def test_conversations_words_and_sessions_pass_on(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann, laptop), await verified(core, acme, ben, phone)
    mine, theirs = await write(core, anns, "mine"), await write(core, bens, "theirs", client_id="1")
    token = (await sign_in.vouch_for(core, acme.app, ben.verified(), at(phone))).token
    assert token is not None
    assert id_of(await sessions.resume(core, token)) == id_of(bens)  # remembered
    await merging.merge(core, acme.app, source=id_of(bens), target=id_of(anns))
    again = await sessions.resume(core, token)
    assert id_of(again) == id_of(anns)
    assert set(await sees(core, again)) == {mine, theirs}
    assert set(await sees(core, anns)) == {mine, theirs}
    said = await messages.post(core, again, theirs, Draft("theirs again", client_id="1"))
    assert said.text == "theirs", "a client id still names its message"
    assert said.sender_id == id_of(anns)


@on_both_databases
async def test_a_conversation_of_both_has_one_member_who_read_what_either_did(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    seen, _ = await conversations.start(core, anns, first=Draft("hello", client_id="1"), with_users=[id_of(bens)])
    both = seen.conversation.id
    await messages.post(core, bens, both, Draft("hi", client_id="1"))
    last = await messages.post(core, anns, both, Draft("bye"))
    await messages.mark_read(core, bens.session, both, last.id)
    await merging.merge(core, acme.app, source=id_of(bens), target=id_of(anns))
    [member] = (await conversations.one_of_app(core, acme.app, both)).members
    assert (member.user_id, member.last_read_id) == (id_of(anns), last.id)
    assert (await sees(core, anns))[both] == ["bye", "hi", "hello"]


@on_both_databases
async def test_what_a_visitor_said_stays_unverified_until_they_sign_in_there(core: Core, acme: Cast) -> None:
    anns, somebody = await verified(core, acme, ann, laptop), await visitor(core, acme, kiosk)
    left = await write(core, somebody, "hello")
    somebody = await users_session(core, somebody)
    await merging.merge(core, acme.app, source=id_of(somebody), target=id_of(anns))
    assert await sees(core, anns) == {}, "nobody proved that Ann said it"
    with pytest.raises(SessionEnded):
        await write(core, somebody)
    [member] = (await conversations.one_of_app(core, acme.app, left)).members
    assert (member.user_id, member.assurance) == (id_of(anns), Assurance.ANONYMOUS)
    next_one = await visitor(core, acme, kiosk)
    await write(core, next_one, "somebody else")
    assert left not in await sees(core, await users_session(core, next_one))
    anns_there = await verified(core, acme, ann, kiosk)
    assert left in await sees(core, anns_there)


async def users_session(core: Core, it: Recognised) -> Recognised:
    """The session with the user that it has by now."""
    async with core.store.read() as tx:
        session = await tx.sessions.get(it.app.id, it.session.id)
        assert session is not None
        user = await tx.users.get(session.app_id, session.user_id) if session.user_id else None
    return Recognised(session, it.app, user)


async def test_who_is_left_keeps_what_they_have_and_gets_what_they_lack(core: Core, acme: Cast) -> None:
    one = await roster.add(
        core,
        acme.app,
        Revision(
            (Identifier.email(ann.email),),
            ProfileChange(name="Ann", custom={"plan": "gold"}, tags=("a",), by_door={"kustomer": {"x": [1], "y": 1}}),
        ),
    )
    other = await roster.add(
        core,
        acme.app,
        Revision(
            (Identifier.email(ben.email),),
            ProfileChange(
                name="Ben",
                avatar_url="https://acme.example/ben.png",
                custom={"plan": "none", "since": 2020},
                tags=("a", "b"),
                by_door={"kustomer": {"x": [1, 2], "y": 2, "z": 3}},
            ),
        ),
    )
    await merging.merge(core, acme.app, source=other.id, target=one.id)
    left = await users.get(core, acme.app, one.id)
    assert left.identifiers == (Identifier.email(ann.email), Identifier.email(ben.email))
    assert (left.profile.name, left.profile.avatar_url) == ("Ann", "https://acme.example/ben.png")
    assert left.profile.custom == {"plan": "gold", "since": 2020}
    assert left.profile.tags == ("a", "b")
    assert left.profile.by_door == {"kustomer": {"x": [1, 2], "y": 1, "z": 3}}


async def test_what_a_visitor_claimed_stays_a_claim(core: Core, acme: Cast) -> None:
    anns, somebody = await verified(core, acme, ann), await visitor(core, acme, kiosk)
    await sign_in.claim(core, somebody, Claimed(email=ben.email, name="Ben"))
    somebody = await users_session(core, somebody)
    await merging.merge(core, acme.app, source=id_of(somebody), target=id_of(anns))
    left = await users.get(core, acme.app, id_of(anns))
    assert left.identifiers == (ann.by_login,)
    assert (left.profile.claimed.email, left.profile.name) == (ben.email, ann.name)
    with pytest.raises(NotFound):
        await users.find(core, acme.app, Identifier.email(ben.email))


async def test_a_merge_into_somebody_merged_later_follows(core: Core, acme: Cast) -> None:
    a, b, c = [await roster.add(core, acme.app, Revision((Identifier.login(it),))) for it in "abc"]
    await merging.merge(core, acme.app, source=a.id, target=b.id)
    await merging.merge(core, acme.app, source=b.id, target=c.id)
    for gone in (a, b):
        found = await merging.became_of(core, acme.app, gone.id)
        assert found is not None
        assert found.target_id == c.id
    assert {it.source_id for it in await merging.into(core, acme.app, c.id)} == {a.id, b.id}


@pytest.mark.parametrize("which", ["itself", "visitor", "guest"])
async def test_who_cannot_be_the_target(core: Core, acme: Cast, which: str) -> None:
    anns = await verified(core, acme, ann, laptop)
    if which == "itself":
        target = id_of(anns)
    elif which == "guest":
        target = id_of(await it_of(core, await sign_in.enter_as_guest(core, await now(core, acme), None, at())))
    else:
        somebody = await visitor(core, acme, kiosk)
        await write(core, somebody)
        target = id_of(await users_session(core, somebody))
    with pytest.raises(Unacceptable):
        await merging.merge(core, acme.app, source=id_of(anns), target=target)
    assert (await users.find(core, acme.app, ann.by_login)).id == id_of(anns)


async def test_files_pass_on(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    _, key = await files.keep(core, acme.app, "a", "text/plain", pieces(b"hello"), owner_id=id_of(bens))
    await merging.merge(core, acme.app, source=id_of(bens), target=id_of(anns))
    async with core.store.read() as tx:
        kept = await tx.files.by_key(fingerprint(key))
    assert kept is not None
    assert kept.owner_id == id_of(anns)


async def test_the_password_of_who_went_opens_nothing(core: Core, acme: Cast) -> None:
    bens, anns = await registered(core, acme, ben), await verified(core, acme, ann)
    await merging.merge(core, acme.app, source=id_of(bens), target=id_of(anns))
    with pytest.raises(InvalidCredentials):
        await sign_in.sign_in(core, acme.app, ben.by_login, ben.password, at())
    with pytest.raises(SessionEnded):
        await write(core, bens)


async def test_what_happened_is_kept(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    before = len(await events(core, acme))
    await merging.merge(core, acme.app, source=id_of(bens), target=id_of(anns))
    left = [(it.kind, it.user_id) for it in (await events(core, acme))[before:]]
    assert (EventKind.USER_MERGED, id_of(bens)) in left
    assert (EventKind.USER_CHANGED, id_of(anns)) in left
    assert (EventKind.SESSION_TAKEN, id_of(anns)) in left


@on_both_databases
async def test_of_many_who_merge_the_same_one_does(core: Core, acme: Cast) -> None:
    source, *targets = [await roster.add(core, acme.app, Revision((Identifier.login(f"u{it}"),))) for it in range(4)]
    outcomes: list[object] = []

    async def try_it(target: UserId) -> None:
        try:
            outcomes.append(await merging.merge(core, acme.app, source=source.id, target=target))
        except (NotFound, IdentifierTaken) as refusal:
            outcomes.append(refusal)

    async with anyio.create_task_group() as tasks:
        for it in targets:
            tasks.start_soon(try_it, it.id)
    assert sum(isinstance(it, NotFound) for it in outcomes) == 2
    survivor = await users.find(core, acme.app, Identifier.login("u0"))
    assert survivor.id in {it.id for it in targets}


@on_both_databases
async def test_two_who_are_merged_into_each_other_leave_one(core: Core, acme: Cast) -> None:
    one, other = [await roster.add(core, acme.app, Revision((Identifier.login(it),))) for it in "ab"]

    async def try_it(source: UserId, target: UserId) -> None:
        with suppress(NotFound):
            await merging.merge(core, acme.app, source=source, target=target)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(try_it, one.id, other.id)
        tasks.start_soon(try_it, other.id, one.id)
    assert (await users.find(core, acme.app, Identifier.login("a"))).id == (
        await users.find(core, acme.app, Identifier.login("b"))
    ).id
