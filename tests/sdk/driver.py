"""A vendor's SDK in Node, told what to do line by line."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.patience import PATIENCE

FOLDER = Path(__file__).parent


class SdkError(Exception):
    """The SDK rejected: what the app that uses it sees."""

    def __init__(self, seen: dict[str, Any]) -> None:
        super().__init__(str(seen))
        self.status, self.body = seen["status"], seen["body"]


class Node:
    """One Node process that runs a driver script; ``Instance``s of its SDK are made when they are named."""

    def __init__(self, script: str, *arguments: str) -> None:
        node = shutil.which("node")
        assert node is not None, "the tests of SDKs need Node"
        self._process = subprocess.Popen(
            [node, FOLDER / script, *arguments],
            cwd=FOLDER,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._said: queue.Queue[str] = queue.Queue()
        self._grumbled: list[str] = []
        self._readers = [
            threading.Thread(target=self._listen, daemon=True),
            threading.Thread(target=self._overhear, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def instance(self, name: str) -> Instance:
        return Instance(self, name)

    def tell(self, *commands: dict[str, Any]) -> list[Any]:
        """Commands that are obeyed at once; their values, or the SdkErrors they were rejected with."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(commands) + "\n")
        self._process.stdin.flush()
        try:
            told = json.loads(self._said.get(timeout=PATIENCE))
        except queue.Empty:
            raise AssertionError(f"the driver does not answer {commands}\n{''.join(self._grumbled)}") from None
        assert isinstance(told, list), f"the driver crashed on {commands}: {told}\n{''.join(self._grumbled)}"
        return [SdkError(it["error"]) if "error" in it else it.get("value") for it in told]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._said.put(line)

    def _overhear(self) -> None:
        for line in self._process.stderr or ():
            self._grumbled.append(line)


@dataclass(frozen=True)
class Instance:
    """One client: a page or a phone of somebody's."""

    node: Node
    name: str

    def call(self, method: str, *args: Any) -> Any:
        """What the method resolves to; raises SdkError when it rejects."""
        return self._only({"call": method, "args": args})

    def get(self, name: str) -> Any:
        return self._only({"get": name})

    def watch(self) -> None:
        self._only({"watch": True})

    def wait(self, milliseconds: int) -> None:
        self._only({"wait": milliseconds})

    def _only(self, command: dict[str, Any]) -> Any:
        [told] = self.node.tell({"on": self.name, **command})
        if isinstance(told, SdkError):
            raise told
        return told


@contextmanager
def running(script: str, *arguments: str) -> Iterator[Node]:
    node = Node(script, *arguments)
    try:
        yield node
    finally:
        node.end()
