"""How long a session lives, and how it changes hands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain.errors import SessionEnded, SessionExpired
from acquaint.domain.identities import Assurance
from acquaint.domain.sessions import Lifetime

from .things import ANN, BEN, DAY, HOUR, LAPTOP, MINUTE, NOON, SALES, session

TICK = timedelta(microseconds=1)


def test_a_session_without_a_lifetime_never_ends_by_itself() -> None:
    assert session().expires_at is None
    session().check_live(NOON + 10_000 * DAY)


@pytest.mark.parametrize(
    ("lifetime", "last_seen", "ends"),
    [
        (Lifetime(idle=2 * HOUR), NOON, NOON + 2 * HOUR),
        (Lifetime(idle=2 * HOUR), NOON + HOUR, NOON + 3 * HOUR),
        (Lifetime(at_most=DAY), NOON + 23 * HOUR, NOON + DAY),
        (Lifetime(idle=2 * HOUR, at_most=DAY), NOON + HOUR, NOON + 3 * HOUR),
        (Lifetime(idle=2 * HOUR, at_most=DAY), NOON + 23 * HOUR, NOON + DAY),
    ],
)
def test_a_session_ends_when_the_first_of_its_ends_comes(lifetime, last_seen, ends) -> None:  # type: ignore[no-untyped-def]
    it = session(lifetime=lifetime, last_seen_at=last_seen)
    assert it.expires_at == ends
    it.check_live(ends - TICK)
    for moment in (ends, ends + TICK, ends + DAY):
        with pytest.raises(SessionExpired):
            it.check_live(moment)


def test_what_ended_is_not_merely_expired() -> None:
    it = session(lifetime=Lifetime(idle=HOUR), ended_at=NOON)
    with pytest.raises(SessionEnded) as refusal:
        it.check_live(NOON + DAY)
    assert not isinstance(refusal.value, SessionExpired)


@pytest.mark.parametrize("length", [timedelta(0), -TICK])
def test_a_lifetime_is_positive(length: timedelta) -> None:
    with pytest.raises(ValueError, match="positive"):
        Lifetime(idle=length)
    with pytest.raises(ValueError, match="positive"):
        Lifetime(at_most=length)


offsets = st.timedeltas(-2 * HOUR, 2 * HOUR)


@given(st.lists(offsets, min_size=1, max_size=8))
def test_time_never_runs_backwards_whatever_the_clock_does(uses: list[timedelta]) -> None:
    it = session(lifetime=Lifetime(idle=HOUR))
    for use in uses:
        after = it.seen(NOON + use)
        assert after.last_seen_at >= it.last_seen_at
        assert after.last_seen_at == max(it.last_seen_at, NOON + use)
        it = after


@given(st.lists(offsets, max_size=8))
def test_use_never_lengthens_a_session_beyond_its_utmost(uses: list[timedelta]) -> None:
    it = session(lifetime=Lifetime(idle=HOUR, at_most=90 * MINUTE))
    for use in uses:
        it = it.seen(NOON + use)
        assert it.expires_at is not None
        assert it.expires_at <= NOON + 90 * MINUTE


def test_who_comes_into_a_session_takes_no_time_back() -> None:
    it = session(user_id=None, assurance=Assurance.ANONYMOUS, last_seen_at=NOON + HOUR)
    taken = it.taken_by(ANN, Assurance.VERIFIED, SALES, NOON)
    assert (taken.user_id, taken.assurance, taken.workspace) == (ANN, Assurance.VERIFIED, SALES)
    assert (taken.device_id, taken.created_at, taken.last_seen_at) == (LAPTOP, NOON, NOON + HOUR)


def test_a_session_that_was_left_has_nobody_and_no_device() -> None:
    left = session(user_id=BEN).left()
    assert (left.user_id, left.device_id, left.assurance) == (None, None, Assurance.ANONYMOUS)
