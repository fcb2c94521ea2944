"""What a customer is called who said no name: the vendor's desktop shows such names, too."""

from __future__ import annotations

from typing import Final

from ...domain.users import User

_BIRDS: Final = (
    "Heron", "Wren", "Finch", "Robin", "Plover", "Swift", "Thrush", "Linnet", "Curlew", "Osprey", "Kestrel", "Avocet",
    "Lark", "Dunlin", "Siskin", "Martin",
)  # fmt: skip


def display_name(user: User) -> str:
    """The user's name, or else one that stays the same and says nothing."""
    return user.profile.name or f"Anonymous {_BIRDS[user.id % len(_BIRDS)]}"
