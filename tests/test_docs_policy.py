"""docs/policy.md names every rule of the Policy, and its default."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from acquaint.domain.apps import Policy

PAGE = Path(__file__).parents[1] / "docs/policy.md"


def test_the_page_has_every_rule_and_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(it.name for it in fields(Policy))
    for name, shown in rows:
        if shown != "ours":
            assert Policy().changed({name: shown.strip("`")}) == Policy(), name
