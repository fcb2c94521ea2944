"""The mails of a server that has no mail server: files in its data directory."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy
from pathlib import Path

from tests.support.patience import PATIENCE
from tests.support.server import Server


def link_mailed_to(server: Server, address: str) -> str:
    """The link in the newest mail to the address, at the server's own address; waits until it is there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for path in sorted((server.data / "outbox").glob("*.eml"), reverse=True):
            if (link := _link(path, address)) is not None:
                return re.sub(r"^https?://[^/]+", server.url, link)
        time.sleep(0.02)
    raise AssertionError(f"nobody mailed {address}")


def _link(path: Path, address: str) -> str | None:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",))
    if mail["To"] != address or body is None:
        return None
    found = re.search(r"https?://\S+", body.get_content())
    return found and found[0]
