"""What the core asks of the way out: HTTP to places that somebody outside has named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

LARGEST_ANSWER: Final = 1024 * 1024
"""Bytes, unpacked. Answers endless bodies and gzip bombs; key sets and profiles have some thousands."""


class NoAnswer(Exception):
    """It was asked, or should have been, and no answer of use came back. The text is for the operator and the log."""


class NotAllowed(NoAnswer):
    """We do not go there. To a stranger the text would map the network."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Any status: also redirects, which nobody follows."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Outbound(Protocol):
    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        at_most: int = LARGEST_ANSWER,
        wants_body: bool = True,
    ) -> Answer:
        """At most ``at_most`` bytes of body are read, unpacked; without ``wants_body`` none, and it is empty.

        Raises NotAllowed, or NoAnswer.
        """
        ...
