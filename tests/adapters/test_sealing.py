"""Sealing: only with the key, only in its place, only as it was; and the file that holds keys."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Final

import pytest

from acquaint.adapters.sealing import AesSealing, KeyFile, id_of, key_of
from acquaint.domain.errors import CannotOpen
from tests.support.sealing import KEY, SEALING

OTHER = bytes(range(1, 33))
PLACE = "signing_secrets.text/7/1001"

A_KEY: Final = base64.b64encode(bytes(range(32))).decode()
"""The same in every process: tests are called by their parameters."""


def test_what_is_sealed_says_nothing_and_is_never_twice_the_same() -> None:
    one, two = SEALING.seal("acqx_secret", PLACE), SEALING.seal("acqx_secret", PLACE)
    assert one != two
    assert "acqx" not in one
    assert SEALING.open(one, PLACE) == SEALING.open(two, PLACE) == "acqx_secret"
    assert SEALING.key_of(one) == SEALING.newest == id_of(KEY)


def test_what_was_never_sealed_is_as_it_is() -> None:
    assert SEALING.open("acqx_secret", PLACE) == "acqx_secret"
    assert SEALING.key_of("acqx_secret") is None


def test_the_format_stays_what_databases_hold() -> None:
    kept = "sealed.1.cc4235f2a952d1b5.AAECAwQFBgcICQoLJmGnY5qEsUTkNcj80JonBuam82VWop2FozLMRqOj9vqv8Xk="
    assert SEALING.open(kept, PLACE) == "acqx_as_it_was_kept"


def test_nothing_is_opened_in_another_place_or_when_a_sign_of_it_was_changed() -> None:
    sealed = SEALING.seal("acqx_secret", PLACE)
    for other in ("signing_secrets.text/8/1001", "signing_secrets.text/7/1002", "apps.auth_secret/7/1001", ""):
        with pytest.raises(CannotOpen):
            SEALING.open(sealed, other)
    start = len("sealed.1.")
    for at in range(start, len(sealed)):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(CannotOpen) as refused:
            SEALING.open(changed, PLACE)
        assert "acqx_secret" not in str(refused.value)
    for broken in (
        sealed[:-4],
        sealed[: start + 17],
        "sealed.1.",
        "sealed.1..",
        f"sealed.1.{id_of(KEY)}.ä",
        sealed + "A",
    ):
        with pytest.raises(CannotOpen):
            SEALING.open(broken, PLACE)


def test_the_newest_key_seals_and_each_opens() -> None:
    keys = [KEY]
    sealing = AesSealing(lambda: keys)
    old = sealing.seal("acqx_secret", PLACE)
    keys.insert(0, OTHER)
    new = sealing.seal("acqx_secret", PLACE)
    assert (sealing.key_of(old), sealing.key_of(new)) == (id_of(KEY), id_of(OTHER))
    assert sealing.open(old, PLACE) == sealing.open(new, PLACE) == "acqx_secret"
    with pytest.raises(CannotOpen):
        SEALING.open(new, PLACE)


def test_a_key_that_another_process_added_opens_without_a_restart() -> None:
    keys = [KEY]
    running, command_line = AesSealing(lambda: keys), AesSealing(lambda: [OTHER, KEY])
    assert running.open(running.seal("a", PLACE), PLACE) == "a"
    sealed = command_line.seal("b", PLACE)
    keys.insert(0, OTHER)
    assert running.open(sealed, PLACE) == "b"


def test_without_keys_nothing_is_sealed_and_what_is_known_is_still_opened() -> None:
    keys = [KEY]
    sealing = AesSealing(lambda: keys)
    sealed = sealing.seal("acqx_secret", PLACE)
    keys.clear()
    assert sealing.newest is None
    with pytest.raises(RuntimeError, match="no key"):
        sealing.seal("acqx_secret", PLACE)
    assert sealing.open(sealed, PLACE) == "acqx_secret"


@pytest.mark.parametrize("text", ["", "hunter2", base64.b64encode(bytes(32)).decode(), A_KEY[:-4], "ä" * 44])
def test_a_key_that_is_none_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="random bytes") as refused:
        key_of(text)
    assert not text or text not in str(refused.value)


def test_a_key_file_is_its_owners_alone_and_made_once(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "secret.keys")
    assert file.keys() == []
    file.make()
    first = file.keys()
    assert len(first) == 1
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.make()
    assert file.keys() == first
    file.add()
    assert (len(file.keys()), file.keys()[1:]) == (2, first)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [it.name for it in tmp_path.iterdir()] == ["secret.keys"], "nothing is left beside it"


def test_many_that_make_the_file_at_once_have_the_same_key(tmp_path: Path) -> None:
    at_once = Barrier(8)

    def make(_: int) -> list[bytes]:
        file = KeyFile(tmp_path / "secret.keys")
        at_once.wait()
        file.make()
        return file.keys()

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(make, range(8)))
    assert made == [made[0]] * 8
    assert [it.name for it in tmp_path.iterdir()] == ["secret.keys"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "hunter2\n", f"{A_KEY}\nhunter2\n", "ä"])
def test_a_file_that_holds_something_else_is_refused_and_never_replaced(tmp_path: Path, text: str) -> None:
    file = KeyFile(tmp_path / "secret.keys")
    file.path.write_text(text)
    with pytest.raises(ValueError, match=r"secret\.keys") as refused:
        file.keys()
    assert "hunter2" not in str(refused.value)
    file.make()
    with pytest.raises(ValueError, match=r"secret\.keys"):
        file.add()
    assert file.path.read_text() == text


def test_one_adds_at_a_time(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "secret.keys")
    file.make()
    (tmp_path / "secret.keys.new").touch()
    with pytest.raises(FileExistsError):
        file.add()
    assert len(file.keys()) == 1
