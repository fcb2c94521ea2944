"""Who is connected, and which of them see a conversation: exactly those whose session's Visibility covers it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

from acquaint.domain.apps import AppId
from acquaint.domain.conversations import Conversation, ConversationId, ConversationKind, Membership, visibility_of
from acquaint.domain.identities import Assurance
from acquaint.domain.places import DeviceId, Workspace
from acquaint.domain.sessions import Lifetime, Session, SessionId
from acquaint.domain.users import UserId
from acquaint.realtime.register import Register
from tests.realtime.conftest import Ear

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
APPS = [AppId(1), AppId(2)]
USERS = [UserId(1), UserId(2)]
DEVICES = [DeviceId("laptop"), DeviceId("phone"), None]
WORKSPACES = [Workspace("sales"), None]


def every_session() -> list[Session]:
    every = product(APPS, [*USERS, None], DEVICES, WORKSPACES, Assurance)
    return [
        Session(SessionId(number), app, user, device, workspace, assurance, "native", Lifetime(), NOW, NOW)
        for number, (app, user, device, workspace, assurance) in enumerate(every, 1)
    ]


def every_membership() -> list[Membership]:
    every = product(USERS, Assurance, DEVICES, WORKSPACES)
    return [
        Membership(ConversationId(7), user, assurance, device, workspace, NOW)
        for user, assurance, device, workspace in every
    ]


def test_who_hears_is_who_sees_and_nobody_by_membership_alone() -> None:
    register = Register()
    ears = [Ear(session) for session in every_session()]
    for ear in ears:
        register.add(ear)
    deaf = 0
    for app, member in product(APPS, every_membership()):
        conversation = Conversation(ConversationId(7), app, ConversationKind.GROUP, None, NOW, NOW)
        other = Membership(ConversationId(7), UserId(3), Assurance.VERIFIED, None, None, NOW)
        members = [other, member]
        hears = set(register.seeing(conversation, members))
        assert hears == {it for it in ears if visibility_of(it.session).covers(conversation, members)}
        deaf += len({it for it in ears if it.session.app_id == app and it.session.user_id == member.user_id} - hears)
    assert deaf  # otherwise this shows nothing


def test_who_is_gone_leaves_nothing_behind() -> None:
    register = Register()
    ears = [Ear(session) for session in every_session() for _ in range(2)]
    for ear in ears:
        register.add(ear)
    assert set(register) == set(ears)
    assert register.count_like(ears[0].session) == 36
    for ear in ears:
        register.discard(ear)
        register.discard(ear)
    assert not list(register)
    assert not register._of_app
    assert not register._of_session
