"""The bench works, and says what it says in the shape it promises. What it measures here means nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.findings import Budget, Finding, table
from bench.load import Burst, ratio
from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None, reason="needs wrk")
def test_a_tiny_round_of_session_checks_prints_ratios_beside_budgets(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "--only", "h1", "--tiny", "--json", "--dir", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=4 * PATIENCE, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)["findings"]
    assert {(it["path"], it["unit"]) for it in found} == {("H1", "×")}
    assert [it["budget"] for it in found] == ["≥ 0.55", *["≥ 0.4"] * 4]
    assert all(it["value"] > 0 and len(it["more"]["rounds"]) == 1 for it in found), ran.stderr


def test_neighbouring_bursts_are_compared_and_one_disturbed_round_decides_nothing() -> None:
    ours = [Burst(done, 1, 0, 0, 0) for done in (50, 5, 60)]
    theirs = [Burst(done, 1, 0, 0, 0) for done in (100, 100, 100)]
    assert ratio({"ours": ours, "theirs": theirs}, "ours", "theirs") == 0.5


def test_a_missed_budget_stands_out() -> None:
    met = Finding("H1", "session check", 0.6, "×", Budget(0.55))
    missed = Finding("start", "first 200", 1.7, "s", Budget(1.5, at_most=True))
    lines = table([met, missed]).splitlines()
    assert lines[1].endswith("≥ 0.55 ×  met")
    assert lines[2].endswith("≤ 1.5 s   MISSED")
