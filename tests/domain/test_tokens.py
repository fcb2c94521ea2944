"""What bearer texts look like."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain.tokens import RANDOM_BYTES, TokenKind, compose, is_well_formed

randomness = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
kinds = st.sampled_from(TokenKind)


@given(kinds, randomness)
def test_a_text_of_ours_is_known_as_one_of_its_kind_only(kind: TokenKind, random: bytes) -> None:
    text = compose(kind, random)
    assert re.fullmatch(r"acq[a-z]_[A-Za-z0-9]{49}", text)
    assert [it for it in TokenKind if is_well_formed(text, it)] == [kind]


@given(kinds, randomness, randomness)
def test_different_chance_makes_different_texts(kind: TokenKind, one: bytes, other: bytes) -> None:
    assert (compose(kind, one) == compose(kind, other)) == (one == other)


@given(kinds, randomness, st.integers(0, 53), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_typing_error_is_noticed(kind: TokenKind, random: bytes, place: int, typed: str) -> None:
    text = compose(kind, random)
    mistyped = text[:place] + typed + text[place + 1 :]
    assert is_well_formed(mistyped, kind) == (mistyped == text)


@pytest.mark.parametrize("extreme", [b"\x00" * 32, b"\xff" * 32])
def test_extreme_chance_fits(extreme: bytes) -> None:
    assert is_well_formed(compose(TokenKind.SESSION, extreme), TokenKind.SESSION)


@given(st.one_of(st.text(), st.text(min_size=54, max_size=54), st.just("acqs_" + "é" * 49)))
def test_any_other_text_is_not_ours(text: str) -> None:
    assert not is_well_formed(text, TokenKind.SESSION)


@pytest.mark.parametrize("change", ["{} ", " {}", "{}\n", "{}x", "\x00{}"])
def test_a_text_with_something_around_it_is_not_ours(change: str) -> None:
    text = compose(TokenKind.SESSION, b"x" * 32)
    assert not is_well_formed(change.format(text), TokenKind.SESSION)
    assert not is_well_formed(text[:-1], TokenKind.SESSION)
    assert not is_well_formed(text.swapcase(), TokenKind.SESSION)
