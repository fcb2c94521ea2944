"""A File: bytes that a user or the App keeps here, and the Picture that is shown of it where it is somebody's avatar.

A file that comes at once has a key, and whoever knows the key may read it. One that is announced first has a uid, by
which people speak of it; its bytes come with a ticket, and its owner says when it is complete.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NewType

from .apps import AppId
from .errors import NotAllowed, NotFound, Unacceptable
from .users import UserId

FileId = NewType("FileId", int)

LONGEST_FILE_NAME: Final = 255

SHOWN_INLINE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show in place. Everything else, SVG and HTML above all, is only ever downloaded."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What can be seen in a file, drawn anew: no byte of the original is in it, and nothing but pixels."""

    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class File:
    """Without a uid: whoever knows its key may read it: the key is as long as a token, and listed nowhere.

    With one: who is in a session of the App and knows the uid may read it as soon as it is complete; everybody who
    knows it, if it is public.
    """

    id: FileId
    app_id: AppId
    owner_id: UserId | None
    name: str
    content_type: str  # what the bytes say; until they have come, what was announced
    size: int
    created_at: datetime
    uid: str | None = None
    is_public: bool = False
    updated_at: datetime | None = None  # None: never changed
    arrived_at: datetime | None = None  # when the bytes of one that was announced had come
    completed_at: datetime | None = None
    picture: Picture | None = None  # drawn when it became somebody's avatar

    @property
    def is_shown_inline(self) -> bool:
        return self.content_type in SHOWN_INLINE

    @property
    def is_complete(self) -> bool:
        return self.uid is None or self.completed_at is not None

    def completed(self, now: datetime) -> File:
        """The file once its owner says that it is all there. Saying so again changes nothing."""
        if self.arrived_at is None:
            raise Unacceptable("file", "has not been uploaded")
        return self if self.is_complete else replace(self, completed_at=now, updated_at=now)

    def renamed(self, name: str, now: datetime) -> File:
        return self if name == self.name else replace(self, name=name, updated_at=now)

    def check_owner(self, user_id: UserId) -> None:
        """Refuses with NotAllowed, or with NotFound where others may not even know that it is there."""
        if self.owner_id != user_id:
            raise NotAllowed if self.is_known_to(user_id) else NotFound("file")

    def is_known_to(self, user_id: UserId | None) -> bool:
        """Whether its number alone tells the user, or somebody who is none yet, about it.

        Numbers can be guessed, and a uid cannot. So of another's private file nothing is told by number, or whoever
        counts would learn the uid, and read it. An avatar is there to be looked at.
        """
        is_own = user_id is not None and self.owner_id == user_id
        return is_own or (self.is_complete and (self.is_public or self.picture is not None))
