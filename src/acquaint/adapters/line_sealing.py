"""What nodes say to each other, so that nobody else who reaches the line can say it, say it again, or read it.

Sealed with AES-256-GCM, by a key that is made (HKDF, RFC 5869) of a key that all nodes share and of the name of the
process that speaks. Each process numbers what it says: the number is the nonce, and tells who hears it whether it was
heard before.

    acquaint.1.<id of the key>.<name of the node>.<number>.<milliseconds>.<ciphertext>

The newest key seals, and each that is listed opens. Keys are read again once a second, and where a message names one
that is not known.
"""

from __future__ import annotations

import binascii
import os
import re
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .sealing import KEY_BYTES, id_of

BELIEVED_FOR: Final = 30.0
"""Seconds from when a message was sealed, either way. Against one of a node that has gone, or was never heard here,
played again; shorter would make nodes deaf to each other whose clocks differ."""

LOOKED_EVERY: Final = 1.0  # seconds, in which a key that was taken from the list is believed no more

MOST_NODES: Final = 1_000
"""Processes whose last number is remembered, before those are forgotten whose words are too old to be believed. Only
who has a key gets among them."""

_HEADING: Final = re.compile(rb"acquaint\.1\.([0-9a-f]{16})\.([0-9a-f]{32})\.([0-9]{1,15})\.([0-9]{1,15})\.")
_LONGEST_HEADING: Final = 110  # bytes
_TAG_BYTES: Final = 16
_NODE_BYTES: Final = 16
_PURPOSE: Final = b"acquaint: said between nodes"


class NotBelieved(Exception):
    """No node said it, or not now. The text says why, in a word or two."""


class Opened(NamedTuple):
    node: str
    said: bytes


class LineSealing:
    """One process's. ``keys`` answers those there are now, the newest first; ``now`` is in seconds since 1970."""

    def __init__(self, keys: Callable[[], Sequence[bytes]], now: Callable[[], float] = time.time) -> None:
        self.node: Final = os.urandom(_NODE_BYTES).hex()
        self._read, self._now = keys, now
        self._keys: dict[str, bytes] = {}  # by id, the newest first
        self._looked_at = float("-inf")
        self._number = 0
        self._mine: tuple[str, AESGCM] | None = None
        self._heard: dict[str, _Heard] = {}

    def seal(self, said: bytes) -> bytes:
        """A message that no other is the same as. Raises RuntimeError where there is no key."""
        key_id = next(iter(self._keys_now()), None)
        if key_id is None:
            raise RuntimeError("there is no key to seal with")
        if self._mine is None or self._mine[0] != key_id:
            self._mine = key_id, _cipher(self._keys[key_id], self.node)
        self._number += 1
        at = int(self._now() * 1000)
        heading = f"acquaint.1.{key_id}.{self.node}.{self._number}.{at}.".encode()
        sealed = self._mine[1].encrypt(_nonce(self._number), said, heading)
        return heading + binascii.b2a_base64(sealed, newline=False)

    def open(self, message: bytes | str) -> Opened | None:
        """What a node said, each message once; None for what this one said itself. Raises NotBelieved."""
        raw = message.encode("utf-8", "replace") if isinstance(message, str) else message
        found = _HEADING.match(raw)
        if found is None:
            raise NotBelieved("not sealed")
        key_id, node, number, at = found[1].decode(), found[2].decode(), int(found[3]), int(found[4]) / 1000
        if node == self.node:
            return None
        heard = self._heard.get(node)
        if heard is not None and number <= heard.number:
            raise NotBelieved("said before")
        if abs(self._now() - at) > BELIEVED_FOR:
            raise NotBelieved("too late, or by another clock")
        cipher = self._cipher_of(key_id, node, heard)
        try:
            sealed = binascii.a2b_base64(raw[found.end() :], strict_mode=True)
            said = cipher.decrypt(_nonce(number), sealed, found[0])
        except (InvalidTag, ValueError):
            raise NotBelieved("forged") from None
        self._remember(node, _Heard(key_id, cipher, number, at))
        return Opened(node, said)

    def _cipher_of(self, key_id: str, node: str, heard: _Heard | None) -> AESGCM:
        if key_id not in self._keys_now():
            self._look()
        key = self._keys.get(key_id)
        if key is None:
            raise NotBelieved("unknown key")
        return heard.cipher if heard is not None and heard.key_id == key_id else _cipher(key, node)

    def _remember(self, node: str, heard: _Heard) -> None:
        if node not in self._heard and len(self._heard) >= MOST_NODES:
            over = self._now() - 2 * BELIEVED_FOR
            self._heard = {name: it for name, it in self._heard.items() if it.at > over}
        self._heard[node] = heard

    def _keys_now(self) -> dict[str, bytes]:
        if abs(self._now() - self._looked_at) >= LOOKED_EVERY:
            self._look()
        return self._keys

    def _look(self) -> None:
        self._looked_at = self._now()
        try:
            keys = self._read()
        except (OSError, ValueError):
            return  # what is known goes on being believed
        if keys:
            self._keys = {id_of(it): it for it in keys}


class _Heard(NamedTuple):
    """The last message of another process."""

    key_id: str
    cipher: AESGCM
    number: int
    at: float


def room_of(longest: int) -> int:
    """How many bytes can be said in a message of so many."""
    return (longest - _LONGEST_HEADING) // 4 * 3 - _TAG_BYTES


def _cipher(key: bytes, node: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt=bytes.fromhex(node), info=_PURPOSE).derive(key))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
