"""Who is here, as nodes tell each other: without a line, and at times of the tests' own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.identities import Assurance
from acquaint.domain.sessions import Lifetime, Session, SessionId
from acquaint.domain.users import UserId
from acquaint.realtime import attendance as module
from acquaint.realtime.attendance import SILENT_FOR, STILL_THERE_EVERY, Attendance
from acquaint.realtime.mentioned import Roll
from tests.realtime.conftest import Ear

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ACME = AppId(1)
ANNS = Session(
    SessionId(1), ACME, UserId(1), None, None, Assurance.VERIFIED, "native", Lifetime(), NOON, NOON
)  # fmt: skip


class Node:
    def __init__(self, name: str) -> None:
        self.changed: list[UserId] = []
        self.attendance = Attendance(name, lambda: NOON, lambda _, user_id: self.changed.append(user_id))

    def arrives(self, number: int) -> Ear:
        ear = Ear(replace(ANNS, id=SessionId(number), user_id=UserId(number)))
        self.attendance.came(ear)
        return ear

    def says(self, now: float) -> list[Roll]:
        found = []
        while (roll := self.attendance.next_roll(now)) is not None:
            found.append(roll)
        return found

    def hears(self, rolls: list[Roll], now: float) -> None:
        for it in rolls:
            self.attendance.heard(it, now)

    def knows(self, number: int) -> bool:
        return self.attendance.is_connected(ACME, UserId(number))


def talk(one: Node, other: Node, now: float) -> None:
    for _ in range(3):
        other.hears(one.says(now), now)
        one.hears(other.says(now), now)


def met(one: Node, other: Node) -> None:
    """At 0 both have asked each other, and were told."""
    for now in (-6, -3, 0):
        talk(one, other, now)


def test_everybody_is_told_in_parts_and_changes_afterwards_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_IN_ROLL", 10)
    here, there = Node("here"), Node("there")
    ears = [here.arrives(number) for number in range(1, 96)]
    rolls = here.says(0)
    assert [len(it.people) for it in rolls] == [10] * 9 + [5]
    assert [(it.begins, it.ends) for it in (rolls[0], rolls[1], rolls[-1])] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    there.hears(rolls, 0)
    assert all(there.knows(number) for number in range(1, 96))
    here.attendance.went(ears[0])
    [roll] = here.says(1)
    assert roll.people == [(ACME, 1, None)]
    there.hears([roll], 1)
    assert not there.knows(1)
    assert here.says(1) == []


def test_what_could_not_be_said_is_said_later_and_nobody_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_IN_ROLL", 3)
    here, there, chance = Node("here"), Node("there"), Random(7)
    for number in range(1, 50):
        here.arrives(number)
    heard, rolls = [], 0
    while (roll := here.attendance.next_roll(0)) is not None:
        rolls += 1
        assert rolls < 1000
        if chance.random() < 0.7:
            here.attendance.unsaid(roll)
        else:
            heard.append(roll)
    there.hears(heard, 0)
    assert all(there.knows(number) for number in range(1, 50))
    assert (heard[0].begins, heard[-1].ends, sum(it.begins + it.ends for it in heard)) == (True, True, 2)


def test_who_was_not_told_of_any_more_is_gone_when_everybody_has_been_told() -> None:
    here, there = Node("here"), Node("there")
    first, _ = here.arrives(1), here.arrives(2)
    talk(here, there, 0)
    here.attendance.went(first)
    here.says(1)  # and nobody hears it
    assert there.knows(1)
    there.attendance.missed()
    talk(here, there, 10)
    assert (there.knows(1), there.knows(2)) == (False, True)


def test_everybody_is_told_now_and_then_though_nobody_asks() -> None:
    here, there = Node("here"), Node("there")
    ear = here.arrives(1)
    met(here, there)
    here.attendance.went(ear)
    here.says(1)  # and nobody hears it, nor knows that there was something to hear
    talk(here, there, 30)
    assert there.knows(1)
    talk(here, there, 90)
    assert not there.knows(1)


def test_a_node_says_now_and_then_that_it_is_there_and_is_forgotten_when_it_does_not() -> None:
    here, there = Node("here"), Node("there")
    here.arrives(1)
    met(here, there)
    assert here.says(STILL_THERE_EVERY - 0.1) == []
    [still] = here.says(STILL_THERE_EVERY)
    assert (still.people, still.begins) == ([], False)
    there.hears([still], STILL_THERE_EVERY)
    there.attendance.waited(STILL_THERE_EVERY + SILENT_FOR)
    assert there.knows(1)
    there.changed.clear()
    there.attendance.waited(STILL_THERE_EVERY + SILENT_FOR + 0.1)
    assert (there.knows(1), there.changed) == (False, [1])
    found = there.attendance.of(ACME, UserId(1))
    assert found is not None
    assert (found.is_here, found.since, found.is_connected) == (False, NOON, False)
    there.hears(here.says(20), 20)
    talk(there, here, 20.1)
    assert there.knows(1), "one that was only slow is asked who is there"


def test_a_node_hears_nothing_of_its_own() -> None:
    here = Node("here")
    here.attendance.heard(Roll("here", [(1, 1, 2)], begins=True, ends=True), 0)
    assert not here.knows(1)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_said_in_whatever_order_it_never_breaks_and_ends_in_what_is_so(seed: int) -> None:
    chance = Random(seed)
    here, there, at = Node("here"), Node("there"), 0.0
    ears: list[Any] = []
    for _ in range(300):
        at += chance.random()
        match chance.randrange(7):
            case 0:
                ears.append(here.arrives(chance.randrange(20)))
            case 1 if ears:
                here.attendance.went(ears.pop(chance.randrange(len(ears))))
            case 2 if ears:
                here.attendance.says(chance.choice(ears), is_away=chance.random() < 0.5)
            case 3:
                there.hears([it for it in here.says(at) if chance.random() < 0.5], at)
            case 4:
                strange = [(chance.choice([1, -1]), chance.randrange(20), chance.choice([None, 0, 1, 2, 99]))]
                there.attendance.heard(Roll("evil", strange, ends=chance.random() < 0.5, asks=True), at)
            case 5:
                there.attendance.waited(at)
            case _:
                there.attendance.missed()
    at += 100
    there.attendance.waited(at)
    for _ in range(3):
        at += 3
        talk(here, there, at)
    for number in range(20):
        wanted, found = here.attendance.of(ACME, UserId(number)), there.attendance.of(ACME, UserId(number))
        assert there.knows(number) is here.knows(number)
        if wanted is not None and wanted.is_connected:
            assert found is not None
            assert found.is_here is wanted.is_here
