"""What the App's people do beside answering."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ....services.operators import LONGEST_OPERATOR
from .values import Id, Sent, Shown


class OperatorTyping(Sent):
    """That an operator writes, or no longer."""

    on: bool
    operator: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST_OPERATOR)] | None,
        Meta(description="The name they go by, if their visitor may know it."),
    ] = None


class OperatorsRead(Shown):
    """How far the App's people have read; never further back than before."""

    operators_read_id: Id
