"""What nodes say to each other: only who has a key can say it, once, and just then."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from acquaint.adapters import line_sealing
from acquaint.adapters.line_sealing import BELIEVED_FOR, LineSealing, NotBelieved, Opened, room_of
from acquaint.adapters.sealing import KeyFile, id_of
from tests.support.sealing import KEY

OTHER = bytes(range(1, 33))
SAID = b'{"words":"meet me at the kiosk"}'


class Now:
    """Seconds since 1970, until a test moves them on."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def node(now: Now) -> Callable[..., LineSealing]:
    return lambda *keys: LineSealing(lambda: keys or (KEY,), now)


def refused(node: LineSealing, message: bytes | str) -> str:
    with pytest.raises(NotBelieved) as why:
        node.open(message)
    return str(why.value)


def test_another_node_hears_it_once_and_the_one_that_said_it_not_at_all(node: Callable[..., LineSealing]) -> None:
    one, other, third = node(), node(), node()
    message = one.seal(SAID)
    assert other.open(message) == third.open(message.decode()) == Opened(one.node, SAID)
    assert one.open(message) is None
    assert refused(other, message) == "said before"


def test_it_cannot_be_read_and_is_never_twice_the_same(node: Callable[..., LineSealing]) -> None:
    one = node()
    messages = {one.seal(SAID) for _ in range(100)}
    assert len(messages) == 100
    for it in messages:
        assert b"kiosk" not in it
        assert b"kiosk" not in base64.b64decode(it.rpartition(b".")[2])


def test_an_earlier_message_that_comes_late_is_played_again(node: Callable[..., LineSealing]) -> None:
    one, other = node(), node()
    first, second = one.seal(b"1"), one.seal(b"2")
    assert other.open(second) == Opened(one.node, b"2")
    assert refused(other, first) == "said before"


def test_whatever_of_it_is_changed_nobody_believes_it(node: Callable[..., LineSealing]) -> None:
    one, other = node(), node()
    message = one.seal(SAID)
    for at in range(len(message)):
        for sign in b"0Af.":
            if message[at] != sign:
                refused(other, message[:at] + bytes([sign]) + message[at + 1 :])
    for cut in (message[:-1], message[:-4], message[:60], message + b"AAAA", message[1:], b" " + message, b""):
        refused(other, cut)
    assert other.open(message) == Opened(one.node, SAID), "and what was changed does not make anybody deaf to it"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{}",
        '{"node":"x","events":[]}',
        "acquaint.1.",
        "acquaint.1......",
        f"acquaint.1.{id_of(KEY)}.{'0' * 32}.{'9' * 16}.0.AAAA",
        f"acquaint.1.{id_of(KEY)}.{'0' * 32}.1.{1_800_000_000_000}.",
        f"acquaint.1.{id_of(KEY)}.{'0' * 32}.1.{1_800_000_000_000}.A",
        f"acquaint.1.{id_of(KEY)}.{'0' * 32}.1.{1_800_000_000_000}.ßßßß",
        f"acquaint.1.{id_of(KEY)}.{'0' * 32}.1.{1_800_000_000_000}.{'A' * 100_000}",
        "acquaint.1.\udcff" + "\0" * 100,
        "[" * 100_000,
    ],
    ids=lambda it: it[:20].encode("ascii", "backslashreplace").decode(),
)
def test_what_no_node_said_is_not_believed(node: Callable[..., LineSealing], message: str) -> None:
    it = node()
    refused(it, message)
    refused(it, message.encode("utf-8", "replace"))
    refused(it, b"\xff" + message.encode("utf-8", "replace"))


def test_who_has_another_key_is_nobody(node: Callable[..., LineSealing]) -> None:
    message = node(OTHER).seal(SAID)
    assert refused(node(), message) == "unknown key"
    named = re.sub(rb"1\.[0-9a-f]{16}", b"1." + id_of(KEY).encode(), message)
    assert refused(node(), named) == "forged"


@pytest.mark.parametrize("seconds", [-BELIEVED_FOR - 1, BELIEVED_FOR + 1])
def test_what_was_said_long_ago_or_by_a_clock_that_is_wrong_is_not_believed(
    node: Callable[..., LineSealing], now: Now, seconds: float
) -> None:
    message = node().seal(SAID)
    now.at += seconds
    assert refused(node(), message) == "too late, or by another clock"


def test_a_clock_that_is_set_back_lets_nothing_be_played_again(node: Callable[..., LineSealing], now: Now) -> None:
    one, other = node(), node()
    message = one.seal(SAID)
    other.open(message)
    now.at += 3600
    assert other.open(one.seal(b"later")) == Opened(one.node, b"later")
    now.at -= 3600
    assert refused(other, message) == "said before"


def test_each_key_that_is_listed_is_believed_and_one_that_is_not_any_more_is_not(now: Now) -> None:
    ones: Sequence[bytes] = [KEY]
    others: Sequence[bytes] = [KEY, OTHER]
    one, other = LineSealing(lambda: ones, now), LineSealing(lambda: others, now)
    assert other.open(one.seal(b"1")) == Opened(one.node, b"1")
    ones = [OTHER, KEY]
    now.at += 1
    message = one.seal(b"2")
    assert id_of(OTHER).encode() in message, "the newest seals"
    assert other.open(message) == Opened(one.node, b"2")
    ones, others = [KEY], [OTHER]
    now.at += 1
    assert refused(other, one.seal(b"3")) == "unknown key"


def test_a_key_that_another_process_has_just_added_is_known_at_once(now: Now, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "secret.keys")
    file.make()
    one, other = LineSealing(file.keys, now), LineSealing(file.keys, now)
    assert other.open(one.seal(b"1")) == Opened(one.node, b"1")
    file.add()
    assert LineSealing(file.keys, now).seal(b"").startswith(b"acquaint.1." + id_of(file.keys()[0]).encode())
    third = LineSealing(file.keys, now)
    assert other.open(third.seal(b"2")) == Opened(third.node, b"2"), "without waiting for the next look"
    file.path.unlink()
    now.at += 10
    assert other.open(one.seal(b"3")) == Opened(one.node, b"3"), "what is known goes on"
    file.path.write_text("ä")
    now.at += 10
    assert other.open(one.seal(b"4")) == Opened(one.node, b"4")


def test_without_a_key_nothing_is_said(now: Now) -> None:
    it = LineSealing(tuple, now)
    with pytest.raises(RuntimeError, match="no key"):
        it.seal(SAID)
    assert refused(it, LineSealing(lambda: [KEY], now).seal(SAID)) == "unknown key"


def test_many_processes_are_remembered_as_long_as_they_could_be_played_again(
    node: Callable[..., LineSealing], now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_sealing, "MOST_NODES", 3)
    it = node()
    messages = [node().seal(SAID) for _ in range(10)]
    for message in messages:
        it.open(message)
    assert {refused(it, message) for message in messages} == {"said before"}
    now.at += 3 * BELIEVED_FOR
    it.open(node().seal(SAID))
    assert len(it._heard) == 1
    assert {refused(it, message) for message in messages} == {"too late, or by another clock"}


@pytest.mark.parametrize("longest", [7_900, 100_001, 262_144])
def test_there_is_as_much_room_as_is_said(node: Callable[..., LineSealing], longest: int) -> None:
    one = node()
    one._number = 10**15 - 2
    message = one.seal(b"x" * room_of(longest))
    assert longest - 40 <= len(message) <= longest
    assert node().open(message) == Opened(one.node, b"x" * room_of(longest))
