"""What every use case holds: ids, fingerprints, random texts; and who counts as one party."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain import ids
from acquaint.ports.crypto import Chance
from acquaint.services.core import Core, IdMaker, device_of, fingerprint, new_word
from acquaint.services.limits import party
from tests.support.clock import SetClock

steps = st.lists(st.sampled_from([-3600.0, -0.001, 0.0, 0.0, 0.0, 0.0002, 0.001, 5.0, 3600.0]), max_size=60)


def chances(seed: int) -> Chance:
    """Chance that is the same in every run."""
    chosen = random.Random(seed)

    def chance(count: int) -> bytes:
        return chosen.randbytes(count)

    return chance


@given(steps, st.integers())
def test_each_id_is_larger_than_the_one_before_whatever_the_clock_does(steps: list[float], seed: int) -> None:
    clock = SetClock()
    new_id = IdMaker(clock, chances(seed))
    made = []
    for seconds in steps:
        clock.now += timedelta(seconds=seconds)
        made.append(new_id())
    assert all(one < next_one for one, next_one in pairwise(made))
    assert all(0 < it <= ids.LARGEST for it in made)


def test_many_ids_within_a_millisecond_are_all_different() -> None:
    new_id = IdMaker(SetClock(), chances(1))
    made = [new_id() for _ in range(20_000)]
    assert len(set(made)) == len(made)
    assert ids.created_at(made[-1]) - SetClock().now < timedelta(seconds=1)


def test_two_processes_rarely_meet() -> None:
    """Each begins a millisecond somewhere else; where they meet all the same, storage gives another id."""
    clock = SetClock()
    one, other = IdMaker(clock, chances(1)), IdMaker(clock, chances(2))
    met = 0
    for _ in range(2000):
        clock.forward(seconds=0.001)
        met += one() == other()
    assert met < 10


def test_an_id_tells_when_it_was_made() -> None:
    clock = SetClock()
    assert ids.created_at(IdMaker(clock, chances(3))()) == clock.now


@given(st.text())
def test_any_text_has_a_fingerprint(text: str) -> None:
    assert len(fingerprint(text)) == 64
    assert device_of(text) == fingerprint(text)


@given(st.integers(0, 300))
def test_a_word_is_as_long_as_asked_and_letters_and_digits_only(length: int) -> None:
    core = type("Chance", (), {"chance": staticmethod(chances(length))})
    word = new_word(core, length)  # type: ignore[arg-type]
    assert len(word) == length
    assert word == "" or (word.isascii() and word.isalnum())


async def test_in_words_no_letter_is_likelier(core: Core) -> None:
    counts = dict.fromkeys("09AZaz", 0)
    for letter in new_word(core, 62 * 400):
        if letter in counts:
            counts[letter] += 1
    assert all(280 < it < 520 for it in counts.values())


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("testclient", "testclient"),
        ("203.0.113.7:80", "203.0.113.7:80"),
    ],
)
def test_one_party_holds_an_ipv4_address_or_a_64(address: str, whole: str) -> None:
    assert party(address) == whole


@given(st.ip_addresses())
def test_every_address_is_of_a_party_that_is_its_own(address: object) -> None:
    whole = party(str(address))
    assert party(whole.removesuffix("/64")) == whole
