"""Who sees which conversation, and whose history becomes whose: the truth tables, whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain.conversations import Conversation, Membership, Reason, Visibility, adopted, visibility_of
from acquaint.domain.errors import ConversationClosed, Unacceptable
from acquaint.domain.identities import Assurance
from acquaint.domain.sessions import Session

from .things import ACME, ANN, BEN, CARE, LAPTOP, NOON, PHONE, RIVAL, SALES, conversation, membership, session

ANONYMOUS, CLAIMED, VERIFIED = Assurance

sessions = st.builds(
    session,
    app_id=st.sampled_from([ACME, RIVAL]),
    user_id=st.sampled_from([ANN, BEN, None]),
    device_id=st.sampled_from([LAPTOP, PHONE, None]),
    workspace=st.sampled_from([SALES, CARE, None]),
    assurance=st.sampled_from(Assurance),
)
memberships = st.builds(
    membership,
    user_id=st.sampled_from([ANN, BEN]),
    device_id=st.sampled_from([LAPTOP, PHONE, None]),
    workspace=st.sampled_from([SALES, CARE, None]),
    assurance=st.sampled_from(Assurance),
)


@pytest.mark.parametrize(
    ("looking", "joined", "why"),
    [
        # a verified session sees what was joined verified, on every device
        (session(), membership(), Reason.VERIFIED_MEMBER),
        (session(device_id=PHONE), membership(), Reason.VERIFIED_MEMBER),
        (session(device_id=None), membership(), Reason.VERIFIED_MEMBER),
        (session(), membership(assurance=ANONYMOUS), Reason.JOINED_UNVERIFIED),
        (session(), membership(assurance=CLAIMED), Reason.JOINED_UNVERIFIED),
        # anybody else sees what was joined unverified, on this device
        (session(assurance=ANONYMOUS), membership(assurance=ANONYMOUS), Reason.THIS_DEVICE),
        (session(assurance=ANONYMOUS), membership(assurance=CLAIMED), Reason.THIS_DEVICE),
        (session(assurance=CLAIMED), membership(assurance=ANONYMOUS), Reason.THIS_DEVICE),
        (session(assurance=CLAIMED), membership(assurance=CLAIMED), Reason.THIS_DEVICE),
        (session(assurance=ANONYMOUS, device_id=PHONE), membership(assurance=ANONYMOUS), Reason.OTHER_DEVICE),
        (session(assurance=CLAIMED, device_id=PHONE), membership(assurance=CLAIMED), Reason.OTHER_DEVICE),
        # verified history is never shown to an unverified session, not even where it was written
        (session(assurance=ANONYMOUS), membership(), Reason.NOT_VERIFIED),
        (session(assurance=CLAIMED), membership(), Reason.NOT_VERIFIED),
        # nothing never means everything
        (session(user_id=None, assurance=ANONYMOUS), membership(assurance=ANONYMOUS), Reason.NOBODY_YET),
        (session(device_id=None, assurance=ANONYMOUS), membership(assurance=ANONYMOUS), Reason.NO_DEVICE),
        (
            session(device_id=None, assurance=ANONYMOUS),
            membership(assurance=ANONYMOUS, device_id=None),
            Reason.NO_DEVICE,
        ),
        (session(assurance=ANONYMOUS), membership(assurance=ANONYMOUS, device_id=None), Reason.OTHER_DEVICE),
        # workspaces are apart, and none is one of its own
        (session(workspace=SALES), membership(workspace=SALES), Reason.VERIFIED_MEMBER),
        (session(workspace=SALES), membership(workspace=CARE), Reason.OTHER_WORKSPACE),
        (session(workspace=SALES), membership(), Reason.OTHER_WORKSPACE),
        (session(), membership(workspace=SALES), Reason.OTHER_WORKSPACE),
        # others
        (session(), membership(user_id=BEN), Reason.NOT_A_MEMBER),
        (session(app_id=RIVAL), membership(), Reason.OTHER_APP),
    ],
)
def test_why_a_session_sees_or_does_not(looking: Session, joined: Membership, why: Reason) -> None:
    assert visibility_of(looking).judge(conversation(), [joined]) is why
    assert visibility_of(looking).covers(conversation(), [joined]) is why.sees


def test_a_conversation_without_members_is_seen_by_nobody() -> None:
    assert visibility_of(session()).judge(conversation(), []) is Reason.NOT_A_MEMBER


def test_a_membership_of_another_conversation_opens_nothing() -> None:
    assert not visibility_of(session()).covers(conversation(id=99), [membership()])


def test_the_neighbours_membership_does_not_stand_for_mine() -> None:
    assert not visibility_of(session(workspace=SALES)).covers(
        conversation(), [membership(user_id=BEN, workspace=SALES), membership(workspace=CARE)]
    )


@pytest.mark.parametrize("assurance", Assurance)
def test_only_a_verified_session_may_ask_for_every_workspace(assurance: Assurance) -> None:
    asked = visibility_of(session(assurance=assurance, workspace=SALES), every_workspace=True)
    joined = membership(assurance=assurance, workspace=CARE)
    assert asked.covers(conversation(), [joined]) is (assurance is VERIFIED)


def by_the_book(looking: Session, it: Conversation, joined: Membership) -> bool:
    """SECURITY.md's promises 2, 3 and 8, said another way."""
    if looking.user_id is None or joined.user_id != looking.user_id or it.app_id != looking.app_id:
        return False
    if joined.workspace != looking.workspace:
        return False
    if (looking.assurance is VERIFIED) != (joined.assurance is VERIFIED):
        return False
    return looking.assurance is VERIFIED or (looking.device_id is not None and looking.device_id == joined.device_id)


@given(sessions, memberships)
def test_visibility_is_what_is_promised(looking: Session, joined: Membership) -> None:
    assert visibility_of(looking).covers(conversation(), [joined]) == by_the_book(looking, conversation(), joined)


def test_visibility_is_what_is_promised_for_every_case_there_is() -> None:
    for user_id, device_id, workspace, assurance, joined_on, joined_as in product(
        [ANN, BEN, None], [LAPTOP, PHONE, None], [SALES, None], Assurance, [LAPTOP, PHONE, None], Assurance
    ):
        looking = session(user_id=user_id, device_id=device_id, workspace=workspace, assurance=assurance)
        joined = membership(device_id=joined_on, assurance=joined_as, workspace=SALES)
        assert visibility_of(looking).covers(conversation(), [joined]) == by_the_book(looking, conversation(), joined)


@given(sessions, memberships)
def test_knowing_less_never_shows_more(looking: Session, joined: Membership) -> None:
    for less in (replace(looking, device_id=None), replace(looking, user_id=None)):
        if visibility_of(less).covers(conversation(), [joined]):
            assert visibility_of(looking).covers(conversation(), [joined])


@given(sessions, memberships)
def test_what_is_adopted_is_anonymous_of_this_very_device_and_goes_to_somebody_verified(
    by: Session, left: Membership
) -> None:
    taken = adopted([left], by)
    expected = (
        by.assurance is VERIFIED
        and by.user_id is not None
        and by.device_id is not None
        and left.assurance is ANONYMOUS
        and left.device_id == by.device_id
    )
    assert bool(taken) == expected
    for it in taken:
        assert (it.user_id, it.assurance, it.conversation_id) == (by.user_id, VERIFIED, left.conversation_id)
        assert (it.workspace, it.device_id, it.joined_at) == (left.workspace, left.device_id, left.joined_at)


@pytest.mark.parametrize("assurance", [CLAIMED, VERIFIED])
def test_claimed_or_verified_history_of_somebody_else_is_never_adopted(assurance: Assurance) -> None:
    assert adopted([membership(user_id=BEN, assurance=assurance)], session()) == []


def test_a_session_without_a_device_adopts_nothing_not_even_what_has_none() -> None:
    assert adopted([membership(assurance=ANONYMOUS, device_id=None)], session(device_id=None)) == []


def test_what_is_adopted_is_seen_from_then_on() -> None:
    left = membership(user_id=BEN, assurance=ANONYMOUS, workspace=SALES)
    by = session(workspace=SALES)
    assert not visibility_of(by).covers(conversation(), [left])
    assert visibility_of(by).covers(conversation(), adopted([left], by))


def test_every_reason_says_itself_in_a_sentence() -> None:
    for reason in Reason:
        assert reason.sentence.endswith(".")
    assert {it for it in Reason if it.sees} == {Reason.VERIFIED_MEMBER, Reason.THIS_DEVICE}


def test_nothing_can_be_said_in_a_closed_conversation() -> None:
    conversation().check_open()
    with pytest.raises(ConversationClosed):
        conversation(closed_at=NOON).check_open()


def test_a_title_is_bounded() -> None:
    with pytest.raises(Unacceptable):
        conversation(title="x" * 256)


def test_a_visibility_is_plain_data() -> None:
    assert visibility_of(session(workspace=SALES)) == Visibility(ACME, ANN, True, LAPTOP, SALES)
