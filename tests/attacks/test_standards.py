"""docs/asvs.md names a test for every line it claims; this holds it to that."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/asvs.md").read_text()
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| \d", line)]


@cache
def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {it.name for it in ast.walk(tree) if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_line_that_is_claimed_has_tests_that_exist(row: str) -> None:
    _, lines, claim, tests, _ = row.split("|")
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", it.strip()) for it in lines.split(","))
    assert claim.strip()
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
    assert named
    for path, name in named:
        assert name in names_in(ROOT / path), f"{path} has no {name}"


def test_no_line_is_claimed_twice() -> None:
    lines = [it.strip() for row in ROWS for it in row.split("|")[1].split(",")]
    assert len(lines) > 60
    assert len(set(lines)) == len(lines)
