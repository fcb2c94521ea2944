"""Sealing with a key that is always the same."""

from __future__ import annotations

from acquaint.adapters.sealing import AesSealing

KEY = bytes(range(32))
SEALING = AesSealing(lambda: [KEY])
