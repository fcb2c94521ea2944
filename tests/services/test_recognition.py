"""What the process remembers of sessions: nothing that is not so any more, and nothing without end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain.apps import App, AppId, PublicKeys
from acquaint.domain.events import Event, EventId, EventKind
from acquaint.domain.identities import Assurance, Identifier, Profile
from acquaint.domain.sessions import Lifetime, Session, SessionId
from acquaint.domain.users import User, UserId
from acquaint.ports.store import Recognised
from acquaint.services.recognition import BELIEVED_FOR, NEVER, RecognisedSessions

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def app(number: int) -> App:
    return App(AppId(number), f"app-{number}", "App", PublicKeys("a", "w"), "s", created_at=NOON)


def recognised(number: int, *, user: int | None = None, of: int = 1) -> Recognised:
    found = None
    if user is not None:
        found = User(UserId(user), AppId(of), (Identifier.login(f"u{user}"),), Profile(), NOON, NOON)
    session = Session(
        SessionId(number),
        AppId(of),
        None if user is None else UserId(user),
        None,
        None,
        Assurance.VERIFIED,
        "native",
        Lifetime(),
        created_at=NOON,
        last_seen_at=NOON,
    )
    return Recognised(session, app(of), found)


def event(kind: EventKind, *, session: int | None = None, user: int | None = None, of: int = 1) -> Event:
    return Event(
        EventId(1),
        AppId(of),
        kind,
        NOON,
        None if user is None else UserId(user),
        None if session is None else SessionId(session),
    )


def remember(memory: RecognisedSessions, *its: Recognised, now: datetime = NOON) -> None:
    for it in its:
        memory.remember(mark(it), it, epoch=memory.epoch, now=now)


def mark(it: Recognised) -> str:
    return f"mark-{it.session.id}"


def is_remembered(memory: RecognisedSessions, it: Recognised, now: datetime = NOON) -> bool:
    return memory.get(mark(it), now) is not None


def test_an_ended_or_taken_session_is_forgotten_and_others_are_not() -> None:
    for kind in (EventKind.SESSION_ENDED, EventKind.SESSION_TAKEN):
        memory = RecognisedSessions()
        one, other = recognised(1, user=7), recognised(2, user=7)
        remember(memory, one, other)
        memory.heard(event(kind, session=1, user=7))
        assert (is_remembered(memory, one), is_remembered(memory, other)) == (False, True)


def test_all_sessions_of_a_changed_user_are_forgotten() -> None:
    for kind in (
        EventKind.USER_BANNED,
        EventKind.USER_DELETED,
        EventKind.USER_CHANGED,
        EventKind.USER_ADMITTED_AGAIN,
        EventKind.PASSWORD_CHANGED,
    ):
        memory = RecognisedSessions()
        mine, mine_too, yours = recognised(1, user=7), recognised(2, user=7), recognised(3, user=8)
        remember(memory, mine, mine_too, yours)
        memory.heard(event(kind, user=7))
        assert [is_remembered(memory, it) for it in (mine, mine_too, yours)] == [False, False, True]


def test_all_sessions_of_a_changed_app_are_forgotten() -> None:
    memory = RecognisedSessions()
    one, other = recognised(1, of=1), recognised(2, of=2)
    remember(memory, one, other)
    memory.heard(event(EventKind.APP_CHANGED, of=1))
    assert (is_remembered(memory, one), is_remembered(memory, other)) == (False, True)


def test_what_was_read_before_something_was_forgotten_is_not_remembered() -> None:
    """A read and a revocation cross: the read is older than what is known by now."""
    memory = RecognisedSessions()
    epoch = memory.epoch
    memory.heard(event(EventKind.SESSION_ENDED, session=1))
    memory.remember("mark-1", recognised(1), epoch=epoch, now=NOON)
    assert len(memory) == 0


def test_when_events_may_be_missing_nothing_is_believed() -> None:
    memory = RecognisedSessions()
    remember(memory, recognised(1, user=7))
    epoch = memory.epoch
    memory.lost()
    assert len(memory) == 0
    memory.remember("mark-1", recognised(1), epoch=epoch, now=NOON)
    assert len(memory) == 0


def test_the_store_is_read_again_from_time_to_time_whatever_the_clock_does() -> None:
    for later in (BELIEVED_FOR + timedelta(seconds=1), -timedelta(hours=1)):
        memory = RecognisedSessions()
        it = recognised(1)
        remember(memory, it)
        assert is_remembered(memory, it, NOON + BELIEVED_FOR)
        assert not is_remembered(memory, it, NOON + later)


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    memory = RecognisedSessions(most=3)
    its = [recognised(number, user=number) for number in range(1, 5)]
    remember(memory, *its[:3])
    memory.saw(mark(its[0]), its[0], NOON + timedelta(minutes=1))
    remember(memory, its[3])
    assert [is_remembered(memory, it) for it in its] == [True, False, True, True]


def test_a_use_is_noted_once_a_step_and_never_lost() -> None:
    memory = RecognisedSessions()
    it = recognised(1, user=7)
    remember(memory, it)
    for second in range(5):
        it = memory.saw(mark(it), it, NOON + timedelta(seconds=second))
    (seen,) = memory.take_unwritten()
    assert (seen.session_id, seen.user_id, seen.at) == (SessionId(1), UserId(7), NOON + timedelta(seconds=4))
    assert memory.take_unwritten() == []
    newer = memory.saw(mark(it), it, NOON + timedelta(seconds=60))
    memory.put_back([seen])  # it could not be written; the newer one wins
    assert [it.at for it in memory.take_unwritten()] == [newer.session.last_seen_at]


def test_what_is_read_again_is_as_used_as_is_known_here() -> None:
    memory = RecognisedSessions()
    it = recognised(1, user=7)
    remember(memory, it)
    used = memory.saw(mark(it), it, NOON + timedelta(seconds=30))
    memory.heard(event(EventKind.USER_CHANGED, user=7))
    again = memory.remember(mark(it), recognised(1, user=7), epoch=memory.epoch, now=NOON)
    assert again.session.last_seen_at == used.session.last_seen_at


steps = st.lists(
    st.one_of(
        st.tuples(st.just("remember"), st.integers(1, 6), st.sampled_from([None, 7, 8])),
        st.tuples(st.just("saw"), st.integers(1, 6), st.none()),
        st.tuples(st.just("ended"), st.integers(1, 6), st.none()),
        st.tuples(st.just("taken"), st.integers(1, 6), st.none()),
        st.tuples(st.just("banned"), st.sampled_from([7, 8]), st.none()),
        st.tuples(st.just("app"), st.sampled_from([1, 2]), st.none()),
        st.tuples(st.just("later"), st.just(0), st.none()),
        st.tuples(st.just("lost"), st.just(0), st.none()),
    ),
    max_size=60,
)


@given(steps)
def test_its_indexes_name_what_is_remembered_and_nothing_else(steps: list[tuple[str, int, int | None]]) -> None:
    memory, now = RecognisedSessions(most=4), NOON
    for step, number, user in steps:
        it = recognised(number, user=user, of=1 + number % 2)
        match step:
            case "remember":
                memory.remember(mark(it), it, epoch=memory.epoch, now=now)
            case "saw":
                if (known := memory.get(mark(it), now)) is not None:
                    memory.saw(mark(it), known, now + timedelta(seconds=5))
            case "ended" | "taken":
                kind = EventKind.SESSION_ENDED if step == "ended" else EventKind.SESSION_TAKEN
                memory.heard(event(kind, session=number))
                assert not is_remembered(memory, it, now)
            case "banned":
                memory.heard(event(EventKind.USER_BANNED, user=number))
            case "app":
                memory.heard(event(EventKind.APP_CHANGED, of=number))
            case "later":
                now += BELIEVED_FOR / 2
            case "lost":
                memory.lost()
        _check(memory)


def _check(memory: RecognisedSessions) -> None:
    inside = vars(memory)
    remembered = inside["_by_fingerprint"]
    assert len(remembered) <= 4
    assert set(inside["_read_at"]) == set(remembered)
    assert inside["_of_session"] == {it.session.id: mark for mark, it in remembered.items()}
    of_user: dict[UserId, set[str]] = {}
    for name, it in remembered.items():
        if it.user is not None:
            of_user.setdefault(it.user.id, set()).add(name)
    assert inside["_of_user"] == of_user


def test_a_session_that_changed_hands_is_remembered_with_whom_it_has_now() -> None:
    memory = RecognisedSessions()
    before, after = recognised(1, user=7), recognised(1, user=8)
    remember(memory, before, after)
    memory.heard(event(EventKind.USER_BANNED, user=8))
    assert not is_remembered(memory, after)
    _check(memory)


def test_what_was_read_while_events_may_be_missing_is_not_remembered() -> None:
    memory = RecognisedSessions()
    memory.remember("mark-1", recognised(1), epoch=NEVER, now=NOON)
    assert len(memory) == 0
