"""Sealing with AES-256-GCM (NIST SP 800-38D), of the cryptography package.

    AesSealing     seals with the newest key, opens with each
    KeyFile        keys in a file of the server's own
    key_of, new_key, id_of     a key and its text; the name of a key

A sealed text is ``sealed.1.<id of the key>.<nonce and ciphertext>``. Keys are asked for again before each sealing, and
where a text names a key that is not known: another process may have added one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..domain.errors import CannotOpen

KEY_BYTES: Final = 32
MOST_KEYS: Final = 100
_NONCE_BYTES: Final = 12
"""Random. NIST allows 2^32 texts under one key: secrets are sealed when they are made, and not with every request."""
_PREFIX: Final = "sealed.1."
_OPENING: Final = (
    b"# What this server seals secrets with, newest first. Keep a copy, apart from those of the database.\n"
)


class AesSealing:
    """A ``ports.crypto.Sealing``. ``keys`` answers those there are now, the newest first."""

    def __init__(self, keys: Callable[[], Sequence[bytes]]) -> None:
        self._read = keys
        self._keys: tuple[bytes, ...] = ()
        self._ciphers: dict[str, AESGCM] = {}

    @property
    def newest(self) -> str | None:
        keys = self._look()
        return id_of(keys[0]) if keys else None

    def knows(self, key_id: str) -> bool:
        if key_id not in self._ciphers:
            with suppress(OSError, ValueError):  # what is known goes on being opened
                self._look()
        return key_id in self._ciphers

    def seal(self, text: str, about: str) -> str:
        key_id = self.newest
        if key_id is None:
            raise RuntimeError("there is no key to seal with")
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[key_id].encrypt(nonce, text.encode(), _bound_to(key_id, about))
        return f"{_PREFIX}{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, kept: str, about: str) -> str:
        key_id = self.key_of(kept)
        if key_id is None:
            return kept
        if not self.knows(key_id):
            raise CannotOpen(about, f"it is sealed with the key {key_id[:16]}, which this server does not have")
        try:
            sealed = base64.b64decode(kept[len(_PREFIX) + len(key_id) + 1 :], altchars=b"-_", validate=True)
            text = self._ciphers[key_id].decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(key_id, about))
            return text.decode()
        except (InvalidTag, ValueError):
            raise CannotOpen(about, "it is not as it was sealed, or was sealed for another place") from None

    def key_of(self, kept: str) -> str | None:
        return kept[len(_PREFIX) :].partition(".")[0] if kept.startswith(_PREFIX) else None

    def _look(self) -> tuple[bytes, ...]:
        keys = tuple(self._read())
        if (
            keys and keys != self._keys
        ):  # when they are gone, nothing is sealed any more, and what is known still opened
            self._ciphers = {id_of(it): AESGCM(it) for it in keys}
            self._keys = keys
        return keys


def _bound_to(key_id: str, about: str) -> bytes:
    return f"{_PREFIX}{key_id}.{about}".encode()


def id_of(key: bytes) -> str:
    """Names the key and tells nothing of it."""
    return hashlib.sha256(b"acquaint sealing key\0" + key).hexdigest()[:16]


def new_key() -> str:
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def key_of(text: str) -> bytes:
    """The key of this text; raises ValueError, without the text."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES or len(set(key)) == 1:
        raise ValueError(f"a key is {KEY_BYTES} random bytes in base64: head -c {KEY_BYTES} /dev/urandom | base64")
    return key


class KeyFile:
    """Keys in a file, one in a line, the newest first; readable by its owner alone.

    Raises OSError, and ValueError for a file that holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def keys(self) -> list[bytes]:
        """None where there is no file."""
        try:
            lines = self.path.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return []
        except UnicodeDecodeError:
            raise ValueError(f"{self.path} does not hold keys") from None
        texts = [it for line in lines if (it := line.strip()) and not it.startswith("#")]
        if not texts or len(texts) > MOST_KEYS:
            raise ValueError(f"{self.path} must hold 1 to {MOST_KEYS} keys")
        try:
            return [key_of(it) for it in texts]
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None

    def make(self) -> None:
        """With a first key, unless it is there. Of many that make it at once one succeeds, and all have the same."""
        if self.path.exists():
            return
        written = self._written([new_key()])
        try:
            with suppress(FileExistsError):
                os.link(written, self.path)  # unlike a rename, it never replaces a key that is there
        finally:
            written.unlink()
        _sync_folder(self.path)

    def add(self) -> None:
        """A new key before those there are. Raises FileExistsError while somebody else is at it."""
        beside = self.path.with_name(f"{self.path.name}.new")
        with beside.open("xb"):  # whoever made it adds; nobody's new key is lost
            try:
                kept = [base64.b64encode(it).decode() for it in self.keys()]
                self._written([new_key(), *kept]).replace(self.path)
            finally:
                beside.unlink()
        _sync_folder(self.path)

    def _written(self, keys: Sequence[str]) -> Path:
        """A file beside it with these keys, on disk."""
        number, path = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)  # 0600, nobody else's
        with os.fdopen(number, "wb") as file:
            file.write(_OPENING + "".join(f"{it}\n" for it in keys).encode())
            file.flush()
            os.fsync(file.fileno())
        return Path(path)


def _sync_folder(path: Path) -> None:
    number = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
