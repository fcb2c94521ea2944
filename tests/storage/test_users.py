from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.errors import IdentifierTaken
from acquaint.domain.identities import Claimed, Identifier, IdentifierKind, Profile
from acquaint.domain.paging import PageAsked
from acquaint.domain.tickets import Purpose
from acquaint.domain.users import Standing, User, UserId
from tests.storage.world import KIOSK, LAPTOP, World, fingerprint


async def test_a_user_comes_back_as_they_were_kept(world: World) -> None:
    ann = world.user(
        Identifier.external_id("42"),
        Identifier.login("ann"),
        Identifier.email("ann@example.com"),
        profile=Profile(
            "Ann 🌻",
            "https://example.com/ann.png",
            "+49 30 1234",
            {"plan": "gold", "nested": {"list": [1, 2.5, None, True]}, "Ärger": "\u2028"},
            ("vip", "beta"),
            Claimed("Anna", "anna@example.com", "030", {"typed": "yes"}),
        ),
        created_at=datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=UTC),
        updated_at=datetime(2026, 2, 3, 5, 5, 6, 789012, tzinfo=timezone(timedelta(hours=1))),
        standing=Standing.BANNED,
    )
    async with world.store.write() as tx:
        assert await tx.users.add(ann, password_hash="$argon2id$…") == ann
    async with world.store.read() as tx:
        assert await tx.users.get(world.acme.id, ann.id) == ann
        assert await tx.users.password_hash(ann.id) == "$argon2id$…"
        for identifier in ann.identifiers:
            assert await tx.users.find(world.acme.id, identifier) == ann


async def test_moments_are_kept_to_the_microsecond_before_and_after_1970(world: World) -> None:
    for moment in (
        datetime(1912, 6, 23, 1, 2, 3, 4, tzinfo=UTC),
        datetime(2999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ):
        someone = await world.add_user(created_at=moment)
        async with world.store.read() as tx:
            kept = await tx.users.get(world.acme.id, someone.id)
        assert kept is not None
        assert kept.created_at == moment


async def test_users_of_another_app_are_not_there(world: World) -> None:
    ann = await world.add_user("ann")
    rival = AppId(world.new_id())
    async with world.store.read() as tx:
        assert await tx.users.get(rival, ann.id) is None
        assert await tx.users.find(rival, Identifier.login("ann")) is None
        assert await tx.users.many(rival, [ann.id]) == {}
        assert (await tx.users.newest(rival, PageAsked())).items == ()


async def test_an_identifier_names_one_user_of_an_app_and_kind(world: World) -> None:
    ann = await world.add_user("ann")
    with pytest.raises(IdentifierTaken, match="login"):
        await world.add_user("ben", "ann")
    async with world.store.read() as tx:
        assert await tx.users.find(world.acme.id, Identifier.login("ben")) is None, "a refused user leaves nothing"

    same_value = await world.add_user(Identifier.external_id("ann"))
    same_login = await world.add_user("ann", app_id=AppId(world.new_id()))
    assert len({ann.id, same_value.id, same_login.id}) == 3


async def test_identifiers_change_and_keep_their_order(world: World) -> None:
    mail, login, phone = Identifier.email("ann@example.com"), Identifier.login("ann"), Identifier.phone("+49301234")
    ann = await world.add_user(login, mail)
    ann = replace(ann, identifiers=(phone, mail), profile=Profile("Ann A."), updated_at=world.clock.forward(hours=1))
    async with world.store.write() as tx:
        await tx.users.save(ann)
    async with world.store.read() as tx:
        assert await tx.users.get(world.acme.id, ann.id) == ann
        assert await tx.users.find(world.acme.id, login) is None
        assert await tx.users.find(world.acme.id, phone) == ann
    await world.add_user(login)  # what Ann let go of is free


async def test_saving_refuses_an_identifier_of_somebody_else_and_changes_nothing(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    with pytest.raises(IdentifierTaken, match="login"):
        async with world.store.write() as tx:
            await tx.users.save(replace(ben, identifiers=ann.identifiers))
    async with world.store.read() as tx:
        assert await tx.users.find(world.acme.id, Identifier.login("ben")) == ben
        assert await tx.users.find(world.acme.id, Identifier.login("ann")) == ann


async def test_a_device_has_one_unverified_user_in_an_app(world: World) -> None:
    someone = await world.add_user(device_id=LAPTOP)
    with pytest.raises(IdentifierTaken, match="device"):
        await world.add_user(device_id=LAPTOP)
    other = await world.add_user(device_id=KIOSK)
    with pytest.raises(IdentifierTaken, match="device"):
        async with world.store.write() as tx:
            await tx.users.save(replace(other, device_id=LAPTOP))
    async with world.store.write() as tx:
        assert await tx.users.on_device(world.acme.id, LAPTOP) == someone
        assert await tx.users.on_device(AppId(404), LAPTOP) is None
        await tx.users.save(replace(someone, device_id=None, identifiers=(Identifier.login("ann"),)))
        assert await tx.users.on_device(world.acme.id, LAPTOP) is None


async def test_many_users_are_read_at_once(world: World) -> None:
    ann, ben = await world.add_user("ann", Identifier.phone("+49301234")), await world.add_user()
    async with world.store.read() as tx:
        assert await tx.users.many(world.acme.id, [ben.id, ann.id, UserId(404)]) == {ann.id: ann, ben.id: ben}
        assert await tx.users.many(world.acme.id, {}) == {}


async def test_the_newest_users_come_first_page_by_page(world: World) -> None:
    users = [await world.add_user(f"user-{it}", Identifier.external_id(str(it))) for it in range(5)]
    seen: list[User] = []
    after: int | None = None
    async with world.store.read() as tx:
        while True:
            page = await tx.users.newest(world.acme.id, PageAsked(limit=2, after=after))
            seen += page.items
            after = page.next
            if after is None:
                break
    assert seen == users[::-1]


async def test_those_known_by_a_kind_come_in_numbered_pages(world: World) -> None:
    known = [await world.add_user(f"user-{it}", f"also-{it}") for it in range(5)]
    await world.add_user(Identifier.external_id("other"))
    async with world.store.read() as tx:
        users, app_id, kind = tx.users, world.acme.id, IdentifierKind.LOGIN
        assert await users.known_by(app_id, kind, skip=0, limit=2, newest_first=False) == known[:2]
        assert await users.known_by(app_id, kind, skip=3, limit=9, newest_first=True) == known[1::-1]
        assert await users.known_by(app_id, kind, skip=5, limit=9, newest_first=True) == []
        assert await users.count_known_by(app_id, kind) == 5
        assert await users.count_known_by(app_id, IdentifierKind.PHONE) == 0


async def test_a_password_hash_is_set_and_taken_away(world: World) -> None:
    ann = await world.add_user("ann")
    async with world.store.write() as tx:
        assert await tx.users.password_hash(ann.id) is None
        await tx.users.set_password_hash(ann.id, "hash")
        assert await tx.users.password_hash(ann.id) == "hash"
        await tx.users.save(ann)
        assert await tx.users.password_hash(ann.id) == "hash", "saving a user leaves their password alone"
        await tx.users.set_password_hash(ann.id, None)
        assert await tx.users.password_hash(ann.id) is None
        assert await tx.users.password_hash(UserId(404)) is None


async def test_guests_are_found_oldest_first(world: World) -> None:
    first = await world.add_user(is_guest=True)
    await world.add_user("ann")
    world.clock.forward(hours=1)
    second = await world.add_user(is_guest=True)
    async with world.store.read() as tx:
        assert await tx.users.guests(world.now + timedelta(seconds=1), 10) == [first, second]
        assert await tx.users.guests(world.now + timedelta(seconds=1), 1) == [first]
        assert await tx.users.guests(world.now, 10) == [first]


async def test_deleting_a_user_frees_their_names_and_leaves_their_words_from_nobody(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    session = await world.add_session(ann)
    talk = await world.start(ann, ben)
    said = await world.say(talk, ann, "Bye")
    async with world.store.write() as tx:
        await tx.tickets.add(world.ticket(user_id=ann.id), "t1")
        await tx.tickets.add(world.ticket(session_id=session.id), "t2")
        file = await tx.files.add(world.file(owner_id=ann.id), "k1")
        await tx.users.delete(ann.id)
    async with world.store.write() as tx:
        assert await tx.users.get(world.acme.id, ann.id) is None
        assert await tx.users.find(world.acme.id, Identifier.login("ann")) is None
        assert await tx.sessions.recognise(fingerprint(session)) is None
        assert await tx.tickets.take(Purpose.LIVE, "t1", world.now) is None
        assert await tx.tickets.take(Purpose.LIVE, "t2", world.now) is None
        assert [it.user_id for it in await tx.conversations.members(talk.id)] == [ben.id]
        assert await tx.messages.get(talk.id, said.id) == replace(said, sender_id=None)
        assert await tx.files.by_key("k1") == replace(file, owner_id=None)
    await world.add_user("ann")
