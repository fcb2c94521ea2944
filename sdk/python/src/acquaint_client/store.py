"""Where a login is kept from one run to the next. Anything with these three methods will do.

    MemoryStore     for as long as the process lives
    FileStore       a folder that only its owner may read
    KeyringStore    the keyring of the desktop; needs ``acquaint-client[keyring]``

What is kept lets whoever reads it in as the user. ``log_out`` removes all of it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Protocol


class Store(Protocol):
    def read(self, name: str) -> str | None:
        """The text under the name, if there is one."""

    def write(self, name: str, text: str) -> None:
        """Keeps the text: all of it, or what was there before."""

    def remove(self, name: str) -> None:
        """Forgets the text. Fine if there is none."""


class MemoryStore:
    """Keeps nothing beyond the process."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def read(self, name: str) -> str | None:
        return self.texts.get(name)

    def write(self, name: str, text: str) -> None:
        self.texts[name] = text

    def remove(self, name: str) -> None:
        self.texts.pop(name, None)


class FileStore:
    """A file for each name, in a folder of its own. Files have mode 0600, the folder 0700 if it is made here."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)

    def read(self, name: str) -> str | None:
        try:
            return self._path(name).read_text("utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def write(self, name: str, text: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, unfinished = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".new")  # mode 0600
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).replace(self._path(name))
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(unfinished).unlink()
            raise

    def remove(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{sha256(name.encode()).hexdigest()[:32]}.json"


class KeyringStore:
    """The keyring of whoever is logged in to this machine."""

    def __init__(self, service: str = "acquaint") -> None:
        import keyring  # only this store needs it
        from keyring.errors import PasswordDeleteError

        self._keyring, self._nothing_there, self._service = keyring, PasswordDeleteError, service

    def read(self, name: str) -> str | None:
        text: str | None = self._keyring.get_password(self._service, name)
        return text

    def write(self, name: str, text: str) -> None:
        self._keyring.set_password(self._service, name, text)

    def remove(self, name: str) -> None:
        if self.read(name) is not None:
            with contextlib.suppress(self._nothing_there):  # somebody else was faster
                self._keyring.delete_password(self._service, name)
