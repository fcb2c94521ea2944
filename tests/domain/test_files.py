"""Files that are announced: who may know of one, and how it becomes complete."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.errors import NotAllowed, NotFound, Unacceptable
from acquaint.domain.files import File, FileId, Picture
from acquaint.domain.users import UserId

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANN, EVE = UserId(1), UserId(2)
ANNOUNCED = File(FileId(1), AppId(1), ANN, "a.png", "image/png", 0, NOW, uid="u")
CAME = replace(ANNOUNCED, size=7, arrived_at=NOW)
PRIVATE = CAME.completed(NOW)
PUBLIC = replace(PRIVATE, is_public=True)
AVATAR = replace(PRIVATE, picture=Picture("image/png", 3))


def test_a_file_is_complete_when_it_has_come_and_its_owner_says_so() -> None:
    with pytest.raises(Unacceptable):
        ANNOUNCED.completed(NOW)
    assert not CAME.is_complete
    assert PRIVATE.is_complete
    assert PRIVATE.completed(NOW + timedelta(days=1)) is PRIVATE


def test_a_file_that_came_at_once_is_complete() -> None:
    assert replace(ANNOUNCED, uid=None).is_complete


@pytest.mark.parametrize(
    ("file", "known"),
    [
        (ANNOUNCED, False),
        (CAME, False),
        (PRIVATE, False),
        (PUBLIC, True),
        (AVATAR, True),
        (replace(ANNOUNCED, is_public=True), False),
        (replace(PRIVATE, owner_id=None), False),
    ],
)
def test_a_number_tells_others_only_of_what_is_there_to_be_seen(file: File, known: bool) -> None:
    assert file.is_known_to(EVE) is known
    assert file.is_known_to(None) is known
    with pytest.raises(NotAllowed if known else NotFound):
        file.check_owner(EVE)
    if file.owner_id == ANN:
        assert file.is_known_to(ANN)
        file.check_owner(ANN)


def test_the_same_name_again_changes_nothing() -> None:
    assert PRIVATE.renamed("a.png", NOW + timedelta(days=1)) is PRIVATE
    assert PRIVATE.renamed("b.png", NOW + timedelta(days=1)).updated_at == NOW + timedelta(days=1)
