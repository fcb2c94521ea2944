"""Attack 19 by filling: what is kept of somebody or said by them, made so large that whoever reads it waits.

As it was found: a visitor nobody knew could add field after field to what they say of themselves, a quarter of a
megabyte with each request, and so could each message have beside its text. A page of them was read at once.
"""

from __future__ import annotations

import gc
import time

import msgspec
import pytest

from acquaint.bootstrap.serving import collect_seldom
from acquaint.domain.errors import Unacceptable
from acquaint.domain.identities import LARGEST_CUSTOM, Claimed, Profile, ProfileChange
from tests.cast import ann
from tests.journeys.shop import Shop

FILLING = "x" * (LARGEST_CUSTOM // 2 - 100)


async def test_a_visitor_does_not_make_their_own_record_large_field_by_field(shop: Shop) -> None:
    held = await shop.arrives()
    await held.says("hello")
    said = [await held.code("PATCH", "/session/claims", {"custom": {it: FILLING}}) for it in ("one", "two", "three")]
    assert said == ["", "", "unacceptable"]
    assert await held.code("PATCH", "/user", {"custom": {"one": FILLING * 3}}) == "unacceptable"
    kept = (await held.gets("GET", "/user"))["claimed"]["custom"]
    assert kept == {"one": FILLING, "two": FILLING}


def test_what_is_said_at_once_or_one_after_the_other_is_bounded_as_a_whole() -> None:
    with pytest.raises(Unacceptable):
        ProfileChange(custom={"one": FILLING, "two": FILLING, "three": FILLING})
    with pytest.raises(Unacceptable):
        ProfileChange(by_door={"qiscus": {"one": [FILLING] * 3}})
    profile = Profile().claiming(Claimed(custom={"one": FILLING})).claiming(Claimed(custom={"two": FILLING}))
    with pytest.raises(Unacceptable):
        profile.claiming(Claimed(custom={"three": "x" * 300}))
    assert profile.claiming(Claimed(name="Ann")).claimed.custom == profile.claimed.custom
    assert profile.claiming(Claimed(custom={"one": ""})).claimed.custom["one"] == ""
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(Unacceptable):
        ProfileChange(claimed_custom={"deep": nested})
    while nested:  # else taking it apart goes as deep
        nested = nested.pop()  # type: ignore[assignment]


async def test_a_message_carries_no_more_than_at_the_other_doors(shop: Shop) -> None:
    held = await shop.registers(ann)
    id = await held.says("hello")
    large = {"payload": {"filling": "x" * 16_384}}
    path = f"/conversations/{id}/messages"
    assert await held.code("POST", path, {"text": "hello", **large}) == "unacceptable"
    assert await held.code("POST", "/conversations", {"message": {"text": "hello", **large}}) == "unacceptable"


def test_what_is_made_of_many_small_things_is_read_about_as_quickly_as_anything() -> None:
    """As it was found: a page of such messages stopped the server for a second, looking for circles in them."""
    page = [msgspec.json.encode({"x": [[]] * 4_000})] * 200

    def seconds() -> float:
        began = time.process_time()
        read = [msgspec.json.decode(it) for it in page]
        return time.process_time() - began if read else 0

    carelessly, thresholds = seconds(), gc.get_threshold()
    try:
        collect_seldom()
        assert min(seconds() for _ in range(3)) < carelessly / 2
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
