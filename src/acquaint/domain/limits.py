"""How often something may be tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``times`` in any ``per``, spent evenly: after a burst, one more comes back each ``per / times``."""

    name: str
    times: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a limit for somebody after a try."""

    times: int  # that may follow at once
    whole_in: timedelta  # until then something of the limit is used; nothing after it
