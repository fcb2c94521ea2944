"""Profiles: what the vendor's parameters change, and what is vouched for.

What the user sends is the user's word, however surely they logged in, and is kept apart as claimed. What the App's
server sends is vouched for, and replaces both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.identities import KEEP, Profile, ProfileChange
from .reading import Asked


def own_profile(asked: Asked, *, name: str) -> ProfileChange:
    """What a user changes about themselves; ``name`` is the parameter that has their name."""
    return ProfileChange(
        asked.text(name) or KEEP,
        asked.text("avatar_url") or KEEP,
        claimed_custom=asked.object("extras") or KEEP,
    )


def vouched_profile(asked: Asked, *, name: str) -> ProfileChange:
    """What the App's server says about a user."""
    extras = asked.object("extras")
    return ProfileChange(
        asked.text(name) or KEEP,
        asked.text("avatar_url") or KEEP,
        custom=extras or KEEP,
        claimed_custom={} if extras else KEEP,
    )


def extras_of(profile: Profile) -> Mapping[str, Any]:
    """Everything that is said of a user; where both name a field, the server's word wins."""
    return {**profile.claimed.custom, **profile.custom}
