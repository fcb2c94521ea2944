"""What becomes of tests that hang, and of their worker. Hooks, which tests/conftest.py takes.

pytest_timeout_set_timer      shortly before pytest-timeout ends the process, stderr is told which test hangs, and where
pytest_xdist_make_scheduler   a worker that was lost costs the one test it was lost in
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

_timer = pytest.StashKey[threading.Timer]()


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    timer = threading.Timer(0.9 * settings.timeout, _tell, (item,))
    timer.daemon = True
    timer.start()
    item.stash[_timer] = timer


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer(item: pytest.Item) -> None:
    if (timer := item.stash.get(_timer, None)) is not None:
        timer.cancel()


def _tell(item: pytest.Item) -> None:
    """pytest-timeout itself says this to the worker's terminal, which nobody sees."""
    said = "\n".join([f"\n{item.nodeid} hangs.", *_threads(), *_tasks(), ""])
    capturing = item.config.pluginmanager.getplugin("capturemanager")
    with capturing.global_and_fixture_disabled():
        os.write(2, said.encode(errors="replace"))


def _threads() -> Iterator[str]:
    names = {it.ident: it.name for it in threading.enumerate()}
    for number, frame in sys._current_frames().items():
        if number != threading.get_ident():
            yield f"Thread {names.get(number, number)}:\n" + "".join(traceback.format_stack(frame)[-12:])


def _tasks() -> Iterator[str]:
    """Of every event loop. A task that waits has no stack: it awaits something that awaits something."""
    for it in gc.get_objects():
        if issubclass(type(it), asyncio.Task) and not it.done():
            yield f"Task {it.get_name()}, which waits for {it._fut_waiter}:\n" + "\n".join(_awaited_by(it.get_coro()))


def _awaited_by(awaited: Any) -> Iterator[str]:
    while awaited is not None:
        for kind in ("cr", "gi", "ag"):
            if (frame := getattr(awaited, f"{kind}_frame", None)) is not None:
                yield f"  {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    return _Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


class _Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """Of pytest-xdist 3.8 itself, a second worker that is lost makes an INTERNALERROR that swallows every report (its
    issue 714), files that were done are handed out again (1323), and so is the test that the worker was lost in."""

    def _reschedule(self, node: WorkerController) -> None:
        if node in self.registered_collections:  # else it is new, and comes by itself once it has looked what there is
            super()._reschedule(node)

    def remove_node(self, node: WorkerController) -> str | None:
        units = self.assigned_work.pop(node)
        lost = next((name for unit in units.values() for name, is_done in unit.items() if not is_done), None)
        for scope, unit in units.items():
            if lost in unit:
                unit[lost] = True
            if not all(unit.values()):
                self.workqueue[scope] = unit
        if lost is not None:
            for other in self.assigned_work:
                self._reschedule(other)
        return lost
