"""The native live protocol, sans I/O: frames in, frames and effects out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquaint.domain.events import LIVE_KINDS
from acquaint.domain.ids import first_at
from acquaint.realtime import protocol, wire
from acquaint.realtime.protocol import (
    CODES,
    MOST_BROKEN,
    MOST_FRAMES,
    MOST_HELD,
    MOST_HELD_CHARACTERS,
    NEXT,
    WINDOW,
    HangUp,
    Move,
    Protocol,
    Replay,
    Say,
    State,
    Type,
)
from acquaint.services.live import Cut

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RESUME = '{"type":"resume","after":"7204822912614400"}'
PING = '{"type":"ping"}'


def said(effects: Any) -> list[dict[str, Any]]:
    return [json.loads(it.frame) for it in effects if isinstance(it, Say)]


def in_state(state: State) -> Protocol:
    it = Protocol(NOW)
    match state:
        case State.OPEN:
            it.waited(NOW)
        case State.REPLAYING:
            it.received(RESUME, NOW)
        case State.RESUMED:
            it.received(RESUME, NOW)
            it.replayed([], NOW)
        case State.CLOSED:
            it.cut(Cut.REVOKED)
    assert it.state is state
    return it


def test_the_drawing_at_the_top_of_the_file_is_the_table() -> None:
    names = {"resume": Move.RESUME, "waited": Move.WAITED, "replayed": Move.REPLAYED, "hung up": Move.HUNG_UP}
    lines = (protocol.__doc__ or "").splitlines()
    head = next(it for it in lines if "hung up" in it)
    columns = {name: head.index(name) for name in names}
    drawn = {}
    for state, (name, column) in product(State, columns.items()):
        line = next(it for it in lines if it.strip().startswith(state.name))
        cell = line[column:].split("  ")[0].strip() if len(line) > column else ""
        if cell.isupper():
            drawn[state, names[name]] = State[cell]
    assert drawn == NEXT


@pytest.mark.parametrize("state", [State.FRESH, State.OPEN])
def test_a_client_resumes_from_where_it_was(state: State) -> None:
    it = in_state(state)
    assert it.received(RESUME, NOW) == (Replay(7204822912614400),)
    assert it.state is State.REPLAYING


@pytest.mark.parametrize("frame", ['{"type":"resume"}', '{"type":"resume","after":null}'])
def test_who_begins_now_says_so_and_is_not_kept_waiting(frame: str) -> None:
    it = in_state(State.FRESH)
    it.told(1, "one")
    assert it.received(frame, NOW) == [Say("one")]
    assert it.state is State.OPEN
    assert it.received(frame, NOW) == ()
    assert it.received(RESUME, NOW) == (Replay(7204822912614400),)


@pytest.mark.parametrize("state", [State.REPLAYING, State.RESUMED])
def test_a_connection_is_resumed_once(state: State) -> None:
    it = in_state(state)
    assert said(it.received(RESUME, NOW))[0]["code"] == "already_resumed"
    assert it.state is state


@pytest.mark.parametrize("state", [it for it in State if it is not State.CLOSED])
def test_a_ping_is_answered_in_every_state(state: State) -> None:
    it = in_state(state)
    assert said(it.received(PING, NOW)) == [{"type": "pong", "server_time": "2026-11-21T12:00:00.000Z"}]
    assert it.state is state


@pytest.mark.parametrize("state", [it for it in State if it is not State.CLOSED])
def test_typing_is_handed_on_in_every_state(state: State) -> None:
    effects = in_state(state).received('{"type":"typing","conversation":"42","on":true}', NOW)
    assert effects == (Type(42, True),)


@pytest.mark.parametrize("frame", [PING, RESUME, "{", '{"type":"typing","conversation":"42","on":true}'])
def test_nothing_is_heard_after_the_end(frame: str) -> None:
    it = in_state(State.CLOSED)
    assert it.received(frame, NOW) == ()
    assert it.received_binary() == ()
    assert it.told(7, "x") is None
    assert it.missed(NOW) is None
    assert it.waited(NOW) == ()
    assert it.replayed([], NOW) == ()
    assert it.cut(Cut.GOING_AWAY) == ()


def test_what_happens_while_we_look_up_what_was_missed_is_said_after_it_once_and_in_order() -> None:
    it = in_state(State.FRESH)
    assert it.told(3, "three") is None
    it.received(RESUME, NOW)
    assert it.told(4, "four") is None
    assert it.told(5, "five") is None
    effects = it.replayed([1, 2, 3, 4], NOW)
    assert effects[0] == Say("five")
    assert said(effects[1:]) == [{"type": "resumed", "last_event": str(first_at(NOW))}]
    assert it.told(6, "six") == "six"


def test_who_does_not_resume_is_told_what_happened_meanwhile_when_the_time_is_over() -> None:
    it = in_state(State.FRESH)
    assert it.told(1, "one") is None
    assert it.waited(NOW) == [Say("one")]
    assert it.told(2, "two") == "two"
    assert it.waited(NOW) == ()


def test_what_another_node_tells_late_is_not_said_again() -> None:
    it = in_state(State.REPLAYING)
    recent, older = first_at(NOW), first_at(NOW - timedelta(minutes=1))
    it.replayed([older, recent], NOW)
    assert it.told(recent, "again") is None
    assert it.told(recent + 1, "new") == "new"
    later = first_at(NOW + timedelta(minutes=1))
    assert it.told(later, "later") == "later"
    assert it.told(recent, "nobody tells this any more") is not None


def test_too_much_was_missed_so_the_client_reads_history() -> None:
    it = in_state(State.REPLAYING)
    it.told(9, "nine")
    effects = it.replayed(None, NOW)
    assert effects[0] == Say("nine")
    assert said(effects[1:]) == [{"type": "gap", "last_event": str(first_at(NOW))}]


@pytest.mark.parametrize("frame", ["x", "x" * (MOST_HELD_CHARACTERS // 10)])
def test_too_much_happened_meanwhile_so_the_client_reads_history(frame: str) -> None:
    it = in_state(State.REPLAYING)
    for id in range(1, MOST_HELD + 10):
        it.told(id, frame)
    effects = it.replayed([], NOW)
    assert len(effects) <= MOST_HELD + 1
    assert said(effects[-1:])[0]["type"] == "gap"
    assert it.told(1000, "live again") == "live again"


def test_a_loss_while_we_look_up_is_told_after_it() -> None:
    it = in_state(State.REPLAYING)
    assert it.missed(NOW) is None
    assert [frame["type"] for frame in said(it.replayed([], NOW))] == ["gap"]
    gap = it.missed(NOW)
    assert gap is not None
    assert json.loads(gap)["type"] == "gap"


@pytest.mark.parametrize("why", Cut)
def test_who_is_cut_is_told_why(why: Cut) -> None:
    it = in_state(State.OPEN)
    bye, hang_up = it.cut(why)
    assert said([bye]) == [{"type": "bye", "reason": why.value}]
    assert hang_up == HangUp(CODES[why])
    assert it.state is State.CLOSED


def test_who_is_cut_hears_nothing_of_what_was_held_back() -> None:
    it = in_state(State.REPLAYING)
    it.told(1, "one")
    it.cut(Cut.REVOKED)
    assert it.replayed([], NOW) == ()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "unreadable"),
        ("{", "unreadable"),
        ('{"type":"ping"', "unreadable"),
        ("\x00", "unreadable"),
        ("NaN", "unreadable"),
        ("[" * 40_000, "unreadable"),
        ('{"type":"sing","a":' + "[" * 30_000, "unreadable"),
        ('"ping"', "unacceptable"),
        ("[]", "unacceptable"),
        ("{}", "unacceptable"),
        ("null", "unacceptable"),
        ('{"type":7}', "unacceptable"),
        ('{"type":null}', "unacceptable"),
        ('{"type":"resume","after":7}', "unacceptable"),
        ('{"type":"resume","after":"-1"}', "unacceptable"),
        ('{"type":"resume","after":"0"}', "unacceptable"),
        ('{"type":"resume","after":"1e3"}', "unacceptable"),
        ('{"type":"resume","after":"9007199254740992"}', "unacceptable"),
        ('{"type":"resume","after":"7\\n"}', "unacceptable"),
        ('{"type":"resume","after":"٧"}', "unacceptable"),
        ('{"type":"ping","more":1}', "unacceptable"),
        ('{"type":"typing","conversation":"42"}', "unacceptable"),
        ('{"type":"typing","conversation":"42","on":"yes"}', "unacceptable"),
        ('{"type":"typing","conversation":"../42","on":true}', "unacceptable"),
        ('{"type":"typing","conversation":"\\ud800","on":true}', "unreadable"),
    ],
)
def test_a_frame_that_is_none_is_answered_with_what_was_wrong_and_three_are_the_end(frame: str, code: str) -> None:
    it = in_state(State.OPEN)
    for _ in range(MOST_BROKEN - 1):
        effects = it.received(frame, NOW)
        assert [answer["code"] for answer in said(effects)] == [code]
        assert len(effects) == 1
    assert it.received(frame, NOW)[-1] == HangUp(4400)


def test_a_frame_of_a_later_version_is_answered_and_forgiven() -> None:
    it = in_state(State.OPEN)
    for _ in range(MOST_FRAMES):
        assert said(it.received('{"type":"sing","song":[1]}', NOW))[0]["code"] == "unknown_type"
    assert it.state is State.OPEN


@pytest.mark.parametrize("frame", ["x" * (64 * 1024 + 1), "é" * (32 * 1024 + 1)])
def test_a_frame_over_64_kib_is_the_end(frame: str) -> None:
    assert in_state(State.OPEN).received(frame, NOW) == (HangUp(1009),)


def test_a_frame_of_64_kib_is_read() -> None:
    it = in_state(State.OPEN)
    assert said(it.received(PING + " " * (64 * 1024 - len(PING)), NOW))[0]["type"] == "pong"


def test_bytes_are_the_end() -> None:
    assert in_state(State.OPEN).received_binary() == (HangUp(1003),)


def test_a_flood_is_the_end() -> None:
    it = in_state(State.OPEN)
    for _ in range(MOST_FRAMES):
        assert said(it.received(PING, NOW))[0]["type"] == "pong"
    assert it.received(PING, NOW) == (HangUp(4429),)


@pytest.mark.parametrize("by", [WINDOW, -timedelta(seconds=1)])
def test_who_speaks_evenly_may_go_on_for_ever_whatever_the_clock_does(by: timedelta) -> None:
    it = in_state(State.OPEN)
    now = NOW
    for _ in range(5):
        for _ in range(MOST_FRAMES):
            assert said(it.received(PING, now))[0]["type"] == "pong"
        now += by


@given(some.text(max_size=200) | some.from_regex(r'\{"type":"(ping|resume|typing)"(,"[a-z]+":.{0,10})*\}'))
def test_no_frame_breaks_anything(frame: str) -> None:
    it = in_state(State.OPEN)
    for effect in it.received(frame, NOW):
        assert isinstance(effect, Say | HangUp | Replay | Type)


Something = some.one_of(
    some.tuples(some.just("told"), some.integers(1, 60)),
    some.tuples(some.just("resume"), some.just(0)),
    some.tuples(some.just("replayed"), some.integers(0, 60)),
    some.tuples(some.just("waited"), some.just(0)),
    some.tuples(some.just("ping"), some.just(0)),
)


@given(some.lists(Something, max_size=80))
def test_whatever_comes_in_between_everything_told_is_said_once_and_in_order(story: list[tuple[str, int]]) -> None:
    """The hub tells ids that rise; a replay knows all that was told before it was asked for."""
    it = Protocol(NOW)
    heard: list[int] = []
    next_id, replay_to = 1, 0

    def perform(effects: Any) -> None:
        for effect in effects:
            match effect:
                case Say(frame) if frame.isdecimal():
                    heard.append(int(frame))
                case Replay():
                    nonlocal replay_to
                    replay_to = next_id - 1

    for what, number in story:
        match what:
            case "told":
                frame = it.told(next_id, str(next_id))
                if frame is not None:
                    heard.append(int(frame))
                next_id += 1
            case "resume":
                perform(it.received(RESUME, NOW))
            case "replayed" if it.state is State.REPLAYING:
                late = min(next_id - 1, replay_to + number % 3)  # the store is read a moment after it was asked
                missing = [id for id in range(1, late + 1) if id not in heard]
                heard.extend(missing)
                perform(it.replayed(missing, NOW))
            case "waited":
                perform(it.waited(NOW))
            case "ping":
                perform(it.received(PING, NOW) if number else ())
    if it.state not in protocol.HELD_BACK:
        assert heard == list(range(1, next_id))


def test_frames_say_what_the_documents_say() -> None:
    assert json.loads(wire.bye("revoked")) == {"type": "bye", "reason": "revoked"}
    assert json.loads(wire.error("busy", "Later.")) == {"type": "error", "code": "busy", "message": "Later."}


def test_the_document_for_client_writers_names_everything_there_is() -> None:
    text = (Path(__file__).parents[2] / "docs/live.md").read_text()
    codes = {value for name, value in vars(protocol).items() if name.isupper() and isinstance(value, int)}
    closing = {it for it in codes if 1000 < it < 5000}
    assert closing == {1001, 1003, 1009, 4008, 4400, 4401, 4429}
    words = {str(it) for it in closing} | {it.value for it in Cut} | {it.value for it in LIVE_KINDS}
    words |= set(get_args(wire.ErrorCode)) | set(wire.TYPES)
    words |= {"ready", "event", "resumed", "gap", "typing", "pong", "error", "bye"}
    assert {it for it in words if it not in text} == set()
