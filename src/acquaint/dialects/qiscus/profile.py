"""Profiles: what the vendor's parameters change, and what is vouched for.

What the user sends is the user's word, however surely they logged in, and is kept apart as claimed. What the App's
server sends is vouched for, and replaces both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.errors import Unacceptable
from ...domain.identities import KEEP, Keep, Profile, ProfileChange
from .reading import Asked


def own_profile(asked: Asked, *, name: str) -> ProfileChange:
    """What a user changes about themselves; ``name`` is the parameter that has their name."""
    return _change(asked, name, claimed_custom=asked.object("extras") or KEEP)


def vouched_profile(asked: Asked, *, name: str) -> ProfileChange:
    """What the App's server says about a user."""
    extras = asked.object("extras")
    return _change(asked, name, custom=extras or KEEP, claimed_custom={} if extras else KEEP)


def extras_of(profile: Profile) -> Mapping[str, Any]:
    """Everything that is said of a user; where both name a field, the server's word wins."""
    return {**profile.claimed.custom, **profile.custom}


def _change(
    asked: Asked, name: str, *, claimed_custom: Mapping[str, Any] | Keep, custom: Mapping[str, Any] | Keep = KEEP
) -> ProfileChange:
    """Refuses with Unacceptable, naming the vendor's parameter."""
    try:
        return ProfileChange(
            asked.text(name) or KEEP,
            asked.text("avatar_url") or KEEP,
            custom=custom,
            claimed_custom=claimed_custom,
        )
    except Unacceptable as rule:
        theirs = {"name": name, "custom": "extras", "claimed_custom": "extras"}
        raise Unacceptable(theirs.get(rule.field, rule.field), rule.reason) from rule
