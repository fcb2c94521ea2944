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
