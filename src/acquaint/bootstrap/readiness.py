"""When the server cannot begin."""

from __future__ import annotations


class NotReady(Exception):
    """The server cannot do this as things are. The text says why, and what to do about it."""
