"""Where somebody is: the Device they hold, the Workspace they are in."""

from __future__ import annotations

from typing import NewType

from .errors import Unacceptable

DeviceId = NewType("DeviceId", str)
"""The fingerprint of a secret that only the device holds, so that naming a device is proving it."""

Workspace = NewType("Workspace", str)
"""A label that scopes sessions and conversations within an App. No workspace is a scope of its own."""

LONGEST_WORKSPACE = 255


def workspace(label: str | None) -> Workspace | None:
    """The label as a Workspace; an empty one is none."""
    if label is None or not label:
        return None
    if len(label) > LONGEST_WORKSPACE or not label.isprintable():
        raise Unacceptable("workspace", f"is longer than {LONGEST_WORKSPACE} characters or not printable")
    return Workspace(label)
