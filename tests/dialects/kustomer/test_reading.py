"""Reading and writing the vendor's small things: typed attributes, dates, ids, bodies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from acquaint.dialects.kustomer import wire
from acquaint.dialects.kustomer.reading import Asked, check_custom, moment_in, read_id
from acquaint.domain.errors import Unacceptable
from acquaint.web.ids import as_hex


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ageNum", [0, -1, 2.5, 10**14], ["1", True, 1e300, float("nan"), float("inf"), [1]]),
        ("bornAt", ["2026-11-21", "2026-11-21T12:00:00Z", "2026-11-21T12:00:00.123+01:00"],
         ["21.11.2026", "2026-13-01", "2026-11-21T25:00:00Z", "2026-11-21T12:00:00", 7, "2026-02-30"]),
        ("planStr", ["", "gold", "x" * 1024], [7, "x" * 1025, ["x"]]),
        ("noteTxt", ["two\nlines"], [{}]),
        ("pathTree", ["a.b.c"], [["a"]]),
        ("paysBool", [True, False], ["true", 0, 1]),
        ("siteUrl", ["https://acme.example/x?y", "http://localhost:8000"],
         ["javascript:alert(1)", "//acme.example", "acme.example", "data:text/html,x", "https://", "http://[", 7]),
    ],
)  # fmt: skip
def test_an_attribute_has_the_type_its_name_ends_in(name: str, good: list[Any], bad: list[Any]) -> None:
    for value in [*good, None]:
        assert check_custom({name: value}) == {name: value}
    for value in bad:
        with pytest.raises(Unacceptable) as refused:
            check_custom({name: value})
        assert refused.value.field == f"custom.{name}"


@pytest.mark.parametrize(
    "name", ["age", "Num", "agenum", "1Num", "_xStr", "x y Str", "x" * 64 + "Str", "", "__proto__", "a.bStr"]
)
def test_an_attribute_without_a_type_is_not_known(name: str) -> None:
    with pytest.raises(Unacceptable, match="is not known here"):
        check_custom({name: "x"})


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 1, 5, 10, 0, 3, 120_000, tzinfo=UTC), "2026-01-05T10:00:03.120Z"),
        (datetime(2026, 1, 5, 10, 0, 3, 999_999, tzinfo=UTC), "2026-01-05T10:00:03.999Z"),
        (datetime(2026, 1, 5, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2026-01-04T23:30:00.000Z"),
    ],
)
def test_dates_have_three_digits_of_a_second(at: datetime, written: str) -> None:
    assert wire.moment(at) == written
    assert abs((moment_in(written) or at) - at) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "text", ["", "2026", "now", "2026-01-05T10:00:03.120", "2026-01-05 10:00:03Z", "9" * 40, "2026-01-05T10:00:03.120z"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert moment_in(text) is None


def test_ids_are_read_as_they_are_written() -> None:
    assert read_id(as_hex(2**52 + 7)) == 2**52 + 7
    assert read_id("65c0ffee0000000000000000") == 0, "looks like one, and is the id of nothing"
    for text in ("", "65c0ffee", as_hex(2**52).upper(), as_hex(2**52) + "0", "é" * 24):
        with pytest.raises(Unacceptable):
            read_id(text)


def test_a_field_is_named_where_it_is() -> None:
    asked = Asked({"list": [{"a": "x"}, {"a": 7}], "flag": "yes", "count": 1.5, "names": ["x", 7]})
    with pytest.raises(Unacceptable) as refused:
        [it.text("a") for it in asked.objects("list", 5) or []]
    assert refused.value.field == "list[1].a"
    for read in (
        lambda: asked.objects("list", 1),
        lambda: asked.flag("flag"),
        lambda: asked.number("count", 0, 0, 9),
        lambda: asked.texts("names", 5),
        lambda: asked.object("names"),
        lambda: asked.only("list"),
    ):
        with pytest.raises(Unacceptable):
            read()


def test_counts_in_floating_point_are_counts() -> None:
    assert Asked({"seconds": 30.0}).number("seconds", 0, 0, 99) == 30
