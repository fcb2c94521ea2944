"""What a change makes of an address book."""

from __future__ import annotations

import pytest

from acquaint.domain.address_book import EVERYWHERE, LONGEST_NAME, MOST_ENTRIES, Entry, EntryChange, rewritten
from acquaint.domain.errors import Unacceptable

PHONE, LAPTOP = "phone", "laptop"
BOOK = [Entry(PHONE, "491", "Ben"), Entry(LAPTOP, "491", "Benjamin"), Entry(LAPTOP, "492", "Carol")]


def test_one_device_is_written_and_the_others_stay() -> None:
    done = rewritten(BOOK, [EntryChange("491", "B."), EntryChange("493", "Dan")], device=PHONE, afresh=False)
    assert done.put == (Entry(PHONE, "491", "B."), Entry(PHONE, "493", "Dan"))
    assert (done.gone, done.created, done.updated, done.deleted) == ((), 1, 1, 0)


def test_without_a_device_it_is_about_every_one() -> None:
    changes = [EntryChange("491", "B."), EntryChange("493", "Dan"), EntryChange("492", None)]
    done = rewritten(BOOK, changes, device=None, afresh=False)
    assert set(done.put) == {Entry(PHONE, "491", "B."), Entry(LAPTOP, "491", "B."), Entry(EVERYWHERE, "493", "Dan")}
    assert (done.gone, done.created, done.updated, done.deleted) == ((Entry(LAPTOP, "492", "Carol"),), 1, 1, 1)


def test_afresh_what_is_not_mentioned_goes() -> None:
    done = rewritten(BOOK, [EntryChange("492", "Carol")], device=LAPTOP, afresh=True)
    assert (done.put, done.gone) == ((), (Entry(LAPTOP, "491", "Benjamin"),))
    assert (done.created, done.updated, done.deleted) == (0, 0, 1)
    assert len(rewritten(BOOK, [], device=None, afresh=True).gone) == 3


def test_the_last_word_on_a_number_counts() -> None:
    done = rewritten([], [EntryChange("491", "Ben"), EntryChange("491", None)], device=None, afresh=False)
    assert (done.put, done.created, done.deleted) == ((), 0, 0)


def test_a_book_is_not_a_telephone_directory() -> None:
    changes = [EntryChange(str(it), "x") for it in range(10_000, 10_000 + MOST_ENTRIES + 1)]
    with pytest.raises(Unacceptable, match="contacts"):
        rewritten([], changes, device=None, afresh=False)
    assert rewritten([], changes[1:], device=None, afresh=False).created == MOST_ENTRIES
    with pytest.raises(Unacceptable, match="contacts"):
        rewritten(BOOK, changes[2:], device=PHONE, afresh=True)


def test_names_are_short() -> None:
    for name in ("", "x" * (LONGEST_NAME + 1)):
        with pytest.raises(Unacceptable, match="name"):
            Entry(PHONE, "491", name)
    with pytest.raises(Unacceptable, match="device"):
        Entry("x" * 65, "491", "Ben")
