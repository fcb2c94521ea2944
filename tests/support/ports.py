"""Ports for servers that have to be told theirs, or that come back on the same one."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

_GIVEN_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST, _LAST = 20_000, 32_768


def free_port() -> int:
    """One of 127.0.0.1 that nobody listens on, and that the system gives nobody who connects somewhere or takes any."""
    given_out = int(_GIVEN_OUT.read_text().split()[0]) if _GIVEN_OUT.exists() else _LAST
    for _ in range(100):
        port = _FIRST + secrets.randbelow(max(1, min(_LAST, given_out) - _FIRST))
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")
