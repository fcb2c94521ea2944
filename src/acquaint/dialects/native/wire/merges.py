"""Merges: two users who are one person."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ....domain import users as domain
from . import values
from .values import Id, Moment, Sent, Shown


class NewMerge(Sent):
    """Somebody who turns out to be the user."""

    source: Annotated[Id, Meta(description="Whose user is gone afterwards.")]


class Merge(Shown):
    """One user was merged into another."""

    id: Id
    source_id: Annotated[Id, Meta(description="Is nobody any more.")]
    target_id: Annotated[Id, Meta(description="Has what was the source's.")]
    merged_at: Moment


class Merges(Shown):
    """Who was merged into the user, the latest first; a hundred at most."""

    items: list[Merge]


def merge(it: domain.Merge) -> Merge:
    return Merge(
        id=str(it.id), source_id=str(it.source_id), target_id=str(it.target_id), merged_at=values.moment(it.at)
    )
