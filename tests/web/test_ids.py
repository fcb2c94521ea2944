"""Ids on the wire: every rendering is reversible, and nothing else is read as one."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain import ids
from acquaint.web.ids import as_hex, as_uuid, read_hex, read_integer, read_uuid

core_ids = st.integers(1, ids.LARGEST)


@given(core_ids)
def test_every_rendering_can_be_read_back(id: int) -> None:
    assert read_integer(str(id)) == id
    assert read_hex(as_hex(id)) == id
    assert read_uuid(as_uuid(id)) == id


@given(core_ids)
def test_a_hex_id_looks_like_mongodbs_and_never_like_a_number(id: int) -> None:
    text = as_hex(id)
    assert re.fullmatch(r"[0-9a-f]{24}", text)
    assert re.search(r"[a-f]", text)
    created = datetime.fromtimestamp(int(text[:8], 16), UTC)
    assert created == ids.created_at(id).replace(microsecond=0)


@given(core_ids)
def test_a_uuid_says_it_is_one_of_version_8(id: int) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", as_uuid(id))


ODD = ["", "0", "-1", "+1", " 1", "1 ", "1\n", "01", "1.0", "1e3", "0x1", "1_0", "१", "１", "null", "None", "NaN"]
ODD += [str(2**53), "9" * 17, "9" * 5000, "\x00", "1\x00", "g" * 24, "0" * 24, "f" * 24, "F" * 24, "0" * 32]
ODD += ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "{}", "urn:uuid:", "é" * 24]


@pytest.mark.parametrize("text", ODD)
def test_nothing_else_is_an_id(text: str) -> None:
    assert read_integer(text) is None
    assert read_hex(text) is None
    assert read_uuid(text) is None


@given(st.text(max_size=40) | st.from_regex(r"[0-9a-f]{24}", fullmatch=True) | st.uuids().map(str))
def test_what_is_read_is_an_id_and_nothing_is_a_crash(text: str) -> None:
    for read in (read_integer, read_hex, read_uuid):
        id = read(text)
        assert id is None or 0 < id <= ids.LARGEST


@given(core_ids, st.integers(0, 23), st.sampled_from("0123456789abcdef"))
def test_a_changed_hex_id_is_another_one_or_none(id: int, place: int, digit: str) -> None:
    text = as_hex(id)
    changed = text[:place] + digit + text[place + 1 :]
    assert read_hex(changed) in ({id} if changed == text else {None, _id_in(changed)})


def _id_in(text: str) -> int:
    return int(text[10:], 16)


@given(core_ids)
def test_a_uuid_is_read_in_one_spelling_only(id: int) -> None:
    """One thing, one name: what is remembered under a spelling is not missed under another."""
    text = as_uuid(id)
    for other in (text.upper(), text.replace("-", ""), "{" + text + "}", "urn:uuid:" + text):
        assert other == text or read_uuid(other) is None or other == text.upper()
