"""A File: bytes that a user or the App put beside a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType

from .apps import AppId
from .users import UserId

FileId = NewType("FileId", int)

LONGEST_FILE_NAME: Final = 255

SHOWN_INLINE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show in place. Everything else, SVG and HTML above all, is only ever downloaded."""


@dataclass(frozen=True, slots=True)
class File:
    """Whoever knows its key may read it: the key is as long as a token, and listed nowhere."""

    id: FileId
    app_id: AppId
    owner_id: UserId | None
    name: str
    content_type: str
    size: int
    created_at: datetime

    @property
    def is_shown_inline(self) -> bool:
        return self.content_type in SHOWN_INLINE
