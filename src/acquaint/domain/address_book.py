"""The address book of somebody's phone: whom they know, by number.

What is in it is somebody's word about others: it names nobody, and it is never shown to anybody but its owner.

Entry, EntryChange    a number and what its owner calls it; what is to become of one
rewritten             what a change makes of the book
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .errors import Unacceptable

LONGEST_NAME: Final = 255
LONGEST_DEVICE: Final = 64
MOST_ENTRIES: Final = 5_000
"""Of one user, on all devices. Against copying a country's telephone book in here to learn who is a user."""
EVERYWHERE: Final = ""
"""What was written without naming a device."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A number, its digits only, and what it is called in the book of this device."""

    device: str
    phone: str
    name: str

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= LONGEST_NAME:
            raise Unacceptable("name", f"must have 1 to {LONGEST_NAME} characters")
        if len(self.device) > LONGEST_DEVICE:
            raise Unacceptable("device", f"is longer than {LONGEST_DEVICE} characters")


@dataclass(frozen=True, slots=True)
class EntryChange:
    """The number is called so from now on; without a name it is taken out."""

    phone: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What is to be kept anew or changed, what is to go, and how many numbers were affected in which way."""

    put: tuple[Entry, ...]
    gone: tuple[Entry, ...]
    created: int
    updated: int
    deleted: int


def rewritten(book: Iterable[Entry], changes: Sequence[EntryChange], *, device: str | None, afresh: bool) -> Rewritten:
    """What the changes make of the book. Without a device they are about every one.

    ``afresh``: what the changes do not mention goes. The last of several changes of one number counts. Refuses with
    Unacceptable when the book gets too long.
    """
    book = list(book)
    concerned = {(it.device, it.phone): it for it in book if device is None or it.device == device}
    after = {} if afresh else dict(concerned)
    places: dict[str, list[str]] = {}
    for it in concerned.values():
        places.setdefault(it.phone, []).append(it.device)
    for change in {it.phone: it for it in changes}.values():
        for place in places.get(change.phone, [device or EVERYWHERE]):
            if change.name is None:
                after.pop((place, change.phone), None)
            else:
                after[place, change.phone] = Entry(place, change.phone, change.name)
    if len(book) - len(concerned) + len(after) > MOST_ENTRIES:
        raise Unacceptable("contacts", f"would be more than {MOST_ENTRIES}")
    before_phones, after_phones = _phones(concerned), _phones(after)
    put = tuple(it for key, it in after.items() if concerned.get(key) != it)
    return Rewritten(
        put,
        tuple(it for key, it in concerned.items() if key not in after),
        created=len(after_phones - before_phones),
        updated=len({it.phone for it in put} & before_phones),
        deleted=len(before_phones - after_phones),
    )


def _phones(entries: Mapping[tuple[str, str], Entry]) -> set[str]:
    return {phone for _, phone in entries}
