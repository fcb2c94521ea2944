"""python -m bench: measures the budgets, as ratios of one run. Timings never decide over its exit code.

--only h1,h4    a part of it: h1 h2 h3 h4 start; and h6, which takes minutes and is only done when asked for
--json          for programs
--dir DIR       where the databases are made: what a commit costs depends on the disk
--tiny          one short round of each, to see that it works
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from . import anonymous_start, directory, password_login, session_check, start_up, token_login
from .findings import Finding, as_json, disturbed, table
from .load import Spoiled
from .machine import CORES, describe
from .server import acquaint
from .size import TINY, USUAL, Size

PARTS: Final = ("start", "h1", "h2", "h3", "h4")
LONG: Final = ("h6",)
Measured = Callable[[], list[Finding]]


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    if set(asked.only) - set(LONG) and shutil.which("wrk") is None:
        print("bench: needs wrk (Debian: apt-get install wrk)", file=sys.stderr)
        return 0
    began = time.perf_counter()
    found: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="acquaint-bench-", dir=asked.dir) as folder:
        for name, measured in _parts(Path(folder), asked.only, TINY if asked.tiny else USUAL):
            print(f"bench: {name} …", file=sys.stderr, flush=True)
            try:
                found += measured()
            except Spoiled as why:
                print(f"bench: {name} means nothing: {why}", file=sys.stderr)
    if asked.json:
        print(as_json(describe(), found))
    else:
        print(f"\n{describe()}; {time.perf_counter() - began:.0f} s\n\n{table(found)}\n")
        if others := disturbed(found):
            print(
                f"Others were at work during: {'; '.join(others)}. Believe the processor time there, or run it again."
            )
        print("Compare results with budgets, and with nothing from another run. How to read this: bench/README.md")
    return 0


def _parts(folder: Path, only: Sequence[str], size: Size) -> Iterator[tuple[str, Measured]]:
    if "start" in only:
        yield "start-up", lambda: start_up.measure(folder, size)
    if "h6" in only:
        yield "H6 directory", lambda: directory.measure(folder, size)
    if {"h1", "h2", "h3", "h4"} & set(only):
        with _subfolder(folder, "one-core") as here, acquaint(here) as it:
            if "h1" in only:
                yield "H1 session check", lambda: session_check.measure(it, here, size)
            if "h2" in only:
                yield "H2 anonymous start", lambda: anonymous_start.measure(it, here, size)
            if "h3" in only:
                yield "H3 token login", lambda: token_login.measure(it, here, size)
            if "h4" in only:
                yield "H4 password login", lambda: password_login.rate(it, here, size)
    if "h4" in only:
        with _subfolder(folder, "all-cores") as here, acquaint(here, cores=CORES.all) as it:
            yield "H4 login storm", lambda: password_login.storm(it, here, size)


@contextlib.contextmanager
def _subfolder(folder: Path, name: str) -> Iterator[Path]:
    it = folder / name
    it.mkdir()
    yield it


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=_names, default=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--dir", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(it.strip().lower() for it in text.split(","))
    if strangers := set(names) - {*PARTS, *LONG}:
        there = ", ".join((*PARTS, *LONG))
        raise argparse.ArgumentTypeError(f"no part {', '.join(sorted(strangers))}; there are {there}")
    return names


if __name__ == "__main__":
    sys.exit(main())
