"""What visitors thought of conversations that have ended."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ....domain import conversations as domain
from . import values
from .values import Moment, Sent, Shown


class NewRating(Sent):
    """What a visitor thought of a conversation."""

    score: Annotated[int, Meta(ge=1, le=domain.BEST_SCORE, description="From 1, poor, to 5, great.")]
    comment: Annotated[str, Meta(max_length=domain.LONGEST_COMMENT)] | None = None


class Rating(Shown):
    """What a visitor thought of a conversation: from 1, poor, to 5, great."""

    score: int
    comment: str | None
    at: Moment


def rating(it: domain.Rating) -> Rating:
    return Rating(score=it.score, comment=it.comment, at=values.moment(it.at))
