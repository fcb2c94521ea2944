"""Headers that are looked up answer as Starlette's, which are searched for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from acquaint.web.heads import Heads, QuickRequest

NAMES = ("a", "b", "authorization")
some = st.lists(st.tuples(st.sampled_from([it.encode() for it in NAMES]), st.binary(max_size=3)), max_size=6)


@given(some)
def test_of_a_name_that_is_there_twice_the_first_counts_and_what_is_not_there_is_not(
    raw: list[tuple[bytes, bytes]],
) -> None:
    scope = {"type": "http", "headers": raw}
    ours, theirs = Heads(scope), Headers(raw=raw)
    for name in (*NAMES, "A", "Authorization", "none"):
        assert ours.get(name) == theirs.get(name)
        assert ours.get(name, "") == theirs.get(name, "")
        assert (name in ours) == (name in theirs)
        assert ours.getlist(name) == theirs.getlist(name)
        if name in theirs:
            assert ours[name] == theirs[name]
    assert ours.items() == theirs.items()
    assert QuickRequest(scope).headers == theirs
