"""Who may do what in which conversation: the table, whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.domain.conversations import (
    LONGEST_DESCRIPTION,
    MOST_PINNED,
    Author,
    Conversation,
    ConversationKind,
    MemberRole,
    Message,
    MessageId,
    Reaction,
)
from acquaint.domain.errors import NotAllowed, NotFound, Unacceptable
from acquaint.domain.members import MOST_ADMINS, Act, Change, check_may, may, owner_of, role_of, with_roles
from acquaint.domain.users import UserId

from .things import ANN, BEN, NOON, conversation, membership

MEMBER, ADMIN, OWNER = MemberRole
CAROL = UserId(103)

GROUP = conversation(kind=ConversationKind.GROUP)
MANAGED = replace(GROUP, is_managed=True)
CHANNEL = conversation(kind=ConversationKind.CHANNEL)
BROADCAST = conversation(kind=ConversationKind.BROADCAST)
DIRECT = conversation(kind=ConversationKind.DIRECT)
SUPPORT = conversation(kind=ConversationKind.SUPPORT)

TABLE: list[tuple[Conversation, dict[Act, MemberRole]]] = [
    (DIRECT, {Act.SAY: MEMBER}),
    (SUPPORT, {Act.SAY: MEMBER}),
    (
        GROUP,
        {
            Act.SAY: MEMBER,
            Act.LEAVE: MEMBER,
            Act.ADD: MEMBER,
            Act.CHANGE: MEMBER,
            Act.REMOVE: ADMIN,
            Act.PIN: ADMIN,
            Act.ERASE: ADMIN,
            Act.APPOINT: OWNER,
            Act.DELETE: OWNER,
        },
    ),
    (
        MANAGED,
        {
            Act.SAY: MEMBER,
            Act.LEAVE: MEMBER,
            Act.ADD: ADMIN,
            Act.CHANGE: ADMIN,
            Act.REMOVE: ADMIN,
            Act.PIN: ADMIN,
            Act.ERASE: ADMIN,
            Act.APPOINT: OWNER,
            Act.DELETE: OWNER,
        },
    ),
    (
        CHANNEL,
        {
            Act.SAY: MEMBER,
            Act.LEAVE: MEMBER,
            Act.ADD: ADMIN,
            Act.CHANGE: ADMIN,
            Act.REMOVE: ADMIN,
            Act.PIN: ADMIN,
            Act.ERASE: ADMIN,
            Act.APPOINT: OWNER,
            Act.DELETE: OWNER,
        },
    ),
    (
        BROADCAST,
        {
            Act.SAY: ADMIN,
            Act.LEAVE: MEMBER,
            Act.ADD: ADMIN,
            Act.CHANGE: ADMIN,
            Act.REMOVE: ADMIN,
            Act.PIN: ADMIN,
            Act.ERASE: ADMIN,
            Act.APPOINT: OWNER,
            Act.DELETE: OWNER,
        },
    ),
]


@pytest.mark.parametrize(
    ("where", "least"), TABLE, ids=["direct", "support", "group", "managed", "channel", "broadcast"]
)
@pytest.mark.parametrize("role", MemberRole)
@pytest.mark.parametrize("act", Act)
def test_who_may(where: Conversation, least: dict[Act, MemberRole], role: MemberRole, act: Act) -> None:
    wanted = act in least and role >= least[act]
    assert may(act, where, role) is wanted
    if not wanted:
        with pytest.raises(NotAllowed):
            check_may(act, where, role)


def test_there_is_always_an_owner() -> None:
    owner = membership(user_id=ANN, role=OWNER, joined_at=NOON + timedelta(hours=1))
    admin = membership(user_id=BEN, role=ADMIN, joined_at=NOON + timedelta(hours=2))
    first = membership(user_id=CAROL, joined_at=NOON)
    assert owner_of([first, admin, owner]) is owner
    assert owner_of([first, admin]) is admin, "the owner left: an admin comes before who is there longest"
    assert owner_of([first, replace(admin, role=MEMBER)]) is first
    assert owner_of([]) is None
    assert role_of(BEN, [first, admin]) is OWNER
    assert role_of(BEN, [first, admin, owner]) is ADMIN
    assert role_of(CAROL, [first, admin, owner]) is MEMBER
    assert role_of(UserId(404), [first, admin, owner]) is MEMBER


MEMBERS = [membership(user_id=ANN, role=OWNER), membership(user_id=BEN, role=ADMIN), membership(user_id=CAROL)]


@pytest.mark.parametrize(
    ("by", "change", "is_allowed"),
    [
        (CAROL, Change(title="Boats"), True),
        (CAROL, Change(add=(UserId(7),)), True),
        (CAROL, Change(remove=(BEN,)), False),
        (CAROL, Change(title="Boats", pin=(MessageId(1),)), False),  # all of it or nothing
        (CAROL, Change(appoint=(CAROL,)), False),
        (CAROL, Change(is_managed=True), False),
        (BEN, Change(remove=(CAROL,)), True),
        (BEN, Change(remove=(ANN,)), False),
        (BEN, Change(remove=(BEN,)), False),  # of one's own role; leaving is another matter
        (BEN, Change(appoint=(CAROL,)), False),
        (BEN, Change(dismiss=(BEN,)), False),
        (BEN, Change(unpin=(MessageId(1),)), True),
        (ANN, Change(remove=(BEN, CAROL), appoint=(CAROL,), is_managed=True, description="x"), True),
        (ANN, Change(), True),
    ],
)
def test_who_may_make_a_change(by: UserId, change: Change, is_allowed: bool) -> None:
    if is_allowed:
        change.check_may(GROUP, by, MEMBERS)
    else:
        with pytest.raises(NotAllowed):
            change.check_may(GROUP, by, MEMBERS)


def test_a_change_changes_what_it_names_and_nothing_else() -> None:
    later = NOON + timedelta(minutes=1)
    before = replace(GROUP, title="Boats", pinned=(MessageId(1),), by_door={"cube": {"photo": "x", "more": 1}})
    change = Change(
        description="Rowing", pin=(MessageId(2), MessageId(1)), by_door={"cube": {"photo": None, "ext": "y"}}
    )
    after = change.of(before, later)
    assert after.title == "Boats"
    assert after.description == "Rowing"
    assert after.pinned == (MessageId(1), MessageId(2))
    assert after.by_door == {"cube": {"more": 1, "ext": "y"}}
    assert after.updated_at == later
    assert Change(unpin=(MessageId(1),), title=None).of(after, later).pinned == (MessageId(2),)
    assert Change().of(before, later) is before
    assert change.names == ["by_door", "description", "pinned"]


def test_a_conversation_that_is_too_much_is_refused() -> None:
    with pytest.raises(Unacceptable, match="pinned"):
        Change(pin=tuple(MessageId(it + 1) for it in range(MOST_PINNED + 1))).of(GROUP, NOON)
    with pytest.raises(Unacceptable, match="description"):
        Change(description="x" * (LONGEST_DESCRIPTION + 1)).of(GROUP, NOON)
    with pytest.raises(Unacceptable, match="avatar_url"):
        Change(avatar_url="javascript:alert(1)").of(GROUP, NOON)


def test_roles_change_but_the_owner_stays_the_owner() -> None:
    changed = with_roles(MEMBERS, Change(appoint=(CAROL, ANN, UserId(404)), dismiss=(BEN, ANN)))
    assert {it.user_id: it.role for it in changed} == {CAROL: ADMIN, BEN: MEMBER}
    many = [membership(user_id=UserId(1000 + it)) for it in range(MOST_ADMINS + 2)]
    with pytest.raises(Unacceptable, match="admins"):
        with_roles(many, Change(appoint=tuple(it.user_id for it in many)))


def test_what_is_deleted_is_empty_and_nobody_s_to_edit() -> None:
    said = Message(MessageId(5), GROUP.id, Author.USER, ANN, "secret", NOON, payload={"a": 1}, client_id="c")
    gone = said.deleted(NOON)
    assert (gone.text, gone.payload, gone.client_id, gone.deleted_at) == ("", {}, "c", NOON)
    assert gone.deleted(NOON + timedelta(days=1)) == gone
    said.check_of(ANN)
    with pytest.raises(NotAllowed):
        said.check_of(BEN)
    with pytest.raises(NotFound):
        gone.check_of(ANN)


def test_what_somebody_has_read() -> None:
    said = Message(MessageId(5), GROUP.id, Author.USER, ANN, "x", NOON)
    assert membership(user_id=ANN).has_read(said), "they wrote it"
    ben = membership(user_id=BEN)
    assert not ben.has_read(said)
    assert not ben.has_received(said)
    assert replace(ben, last_received_id=MessageId(5)).has_received(said)
    assert not replace(ben, last_received_id=MessageId(5)).has_read(said)
    assert replace(ben, last_read_id=MessageId(6)).has_received(said), "what was read was received"
    assert ben.may_read(MessageId(5))
    assert not replace(ben, cleared_up_to=MessageId(5)).may_read(MessageId(5))


@pytest.mark.parametrize("sign", ["", "x" * 33, "two words", "a\nb", "\x00"])
def test_a_reaction_is_one_sign(sign: str) -> None:
    with pytest.raises(Unacceptable, match="reaction"):
        Reaction(MessageId(1), ANN, sign)


def test_a_family_is_one_sign() -> None:
    assert Reaction(MessageId(1), ANN, "👩🏽‍👩🏽‍👧🏽‍👦🏽").sign
