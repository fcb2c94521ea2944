"""Where logins are kept, and that nothing is kept of whoever logged out."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from acquaint_client import FileStore, KeyringStore, MemoryStore, Retries, Store
from tests.cast import ann, ben
from tests.sdk_python.hands import Acme

KINDS = ["memory", "file", "keyring"]


class Watched:
    """A store that knows every name it was ever given."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.names: set[str] = set()

    def read(self, name: str) -> str | None:
        return self._store.read(name)

    def write(self, name: str, text: str) -> None:
        self.names.add(name)
        self._store.write(name, text)

    def remove(self, name: str) -> None:
        self._store.remove(name)

    @property
    def left(self) -> list[str | None]:
        return [it for it in map(self.read, self.names) if it is not None]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "keyring":
        stand_in_for_a_desktop(monkeypatch)
        return KeyringStore()
    return FileStore(tmp_path / "logins") if request.param == "file" else MemoryStore()


def test_a_store_keeps_and_forgets(store: Store) -> None:
    assert store.read("ann's") is None
    store.remove("ann's")
    store.write("ann's", "é")
    store.write("ann's", "è")
    store.write("ben's", "b")
    assert (store.read("ann's"), store.read("ben's")) == ("è", "b")
    store.remove("ann's")
    assert (store.read("ann's"), store.read("ben's")) == (None, "b")


async def test_logging_out_leaves_nothing_in_the_store(acme: Acme, store: Store) -> None:
    watched = Watched(store)
    phone = acme.visitor(watched)
    await phone.start_conversation("hello")
    await phone.log_in(acme.jwt(ann))
    await phone.change_profile(name="Annie")
    await phone.me()
    assert len(watched.left) == 1
    await phone.log_out()
    assert watched.left == []

    await phone.log_in(acme.jwt(ann))
    await phone.log_out_then_log_in(acme.jwt(ben))
    assert "ann" not in "".join(it for it in watched.left if it)


async def test_logging_out_leaves_nothing_when_the_server_cannot_be_reached(acme: Acme, tmp_path: Path) -> None:
    folder = tmp_path / "logins"
    phone = acme.visitor(FileStore(folder), retries=Retries(attempts=1))
    await phone.log_in(acme.jwt(ann))
    assert len(list(folder.iterdir())) == 1
    phone.it._visitor.wire.url = "http://127.0.0.1:9"  # nobody listens there
    assert not (await phone.log_out()).told_server
    assert list(folder.iterdir()) == []
    assert not phone.it.is_logged_in()


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "logins"
    store = FileStore(folder)
    store.write("../../etc/passwd", "secret")
    [path] = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.write("../../etc/passwd", "another")
    assert [it.read_text() for it in folder.iterdir()] == ["another"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileStore(tmp_path)
    store.write("ann's", "old")

    def full(number: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="full"):
        store.write("ann's", "new")
    assert store.read("ann's") == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"version": 1}', '{"version": 2, "admission": {}}'])
async def test_what_cannot_be_read_is_as_if_it_were_not_there(acme: Acme, text: str) -> None:
    store = MemoryStore()
    await acme.visitor(store).log_in(acme.jwt(ann))
    store.texts = dict.fromkeys(store.texts, text)
    later = acme.visitor(store)
    assert not later.it.is_logged_in()
    await later.me()
    assert len(store.texts) == 1


async def test_the_server_is_told_of_a_log_out_even_when_the_store_is_broken(acme: Acme) -> None:
    class Stuck(MemoryStore):
        def remove(self, name: str) -> None:
            raise OSError("the disk is gone")

    phone = acme.visitor(Stuck())
    admission = await phone.log_in(acme.jwt(ann))
    with pytest.raises(OSError, match="gone"):
        await phone.log_out()
    assert not phone.it.is_logged_in()
    assert await acme.backend.sessions(admission.session.user_id) == ()


def stand_in_for_a_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The three functions of the keyring library that are used; no desktop is here."""
    kept: dict[tuple[str, str], str] = {}

    class PasswordDeleteError(Exception):
        pass

    keyring: Any = ModuleType("keyring")
    keyring_errors: Any = ModuleType("keyring.errors")
    keyring_errors.PasswordDeleteError = PasswordDeleteError
    keyring.errors = keyring_errors
    keyring.get_password = lambda service, name: kept.get((service, name))
    keyring.set_password = lambda service, name, text: kept.__setitem__((service, name), text)
    keyring.delete_password = lambda service, name: kept.pop((service, name))
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", keyring_errors)
