"""Credentials that open nothing: counted for /metrics, and said in the log where somebody seems to try them out.

What a credential is for, and why it was refused, is counted; never what it was. A refused password, or a token that an
App's server signed, leaves an Event as well (``sign_in.refused``), which says of whom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from starlette.requests import Request

from ..domain.errors import InvalidCredentials, Refusal, SessionEnded, SessionExpired, TicketRefused
from ..services.limits import party
from .dialect import visit_of

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

WINDOW: Final = timedelta(minutes=1)

TOO_MANY: Final = (20, 200, 2_000, 20_000)
"""Of one reason from one network address within the window, when a line is written. Fewer are an office whose sessions
are over, or a server that has an old key; more lines would let strangers fill the log."""

TOO_MANY_IN_ALL: Final = tuple(10 * it for it in TOO_MANY)
"""From wherever: many addresses, each of which tries a little."""

MOST_LINES: Final = 30  # about single addresses, within the window
MOST_ADDRESSES: Final = 10_000
"""That are told apart within the window. Against memory filled from many addresses; the others count in all."""

EVERYWHERE: Final = "everywhere"

log = structlog.get_logger()


class Refusals:
    """One for a process. ``seen`` is told each refusal that a request was answered with."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()  # by dialect and reason, since the process began
        self._began: datetime | None = None
        self._lately: Counter[tuple[str, str]] = Counter()  # by address and reason, within the window
        self._lines = 0

    def seen(self, dialect: str, refusal: Refusal, request: Request) -> None:
        """Counts it, if it was a credential that was refused. Only requests that are refused come here."""
        reason = _reason(refusal)
        if reason is None:
            return
        self._counts[dialect, reason] += 1
        visit = visit_of(request)
        now = visit.core.clock()
        if self._began is None or not timedelta(0) <= now - self._began < WINDOW:
            self._began, self._lines = now, 0
            self._lately.clear()
        self._lately[EVERYWHERE, reason] += 1
        if self._lately[EVERYWHERE, reason] in TOO_MANY_IN_ALL:
            self._say(dialect, reason, EVERYWHERE)
        address = party(visit.address)
        if (address, reason) in self._lately or len(self._lately) < MOST_ADDRESSES:
            self._lately[address, reason] += 1
            if self._lately[address, reason] in TOO_MANY and self._lines < MOST_LINES:
                self._lines += 1
                self._say(dialect, reason, address)

    def collect(self) -> Iterable[Metric]:
        """As ``prometheus_client`` wants it."""
        from prometheus_client.metrics_core import CounterMetricFamily

        family = CounterMetricFamily(
            "acquaint_refused_credentials", "Credentials that opened nothing.", labels=("dialect", "reason")
        )
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        yield family

    def _say(self, dialect: str, reason: str, address: str) -> None:
        log.warning(
            "credentials_refused",
            dialect=dialect,  # of the latest
            reason=reason,
            address=address,
            times=self._lately[address, reason],
            within_seconds=int(WINDOW.total_seconds()),
        )


def _reason(refusal: BaseException | None) -> str | None:
    """A word for why a credential was refused; None for a refusal of another kind.

    A dialect may have a refusal of its own for it, which then was raised from that of the core.
    """
    match refusal:
        case InvalidCredentials():
            return refusal.doubt.value
        case SessionExpired():
            return "session_expired"
        case SessionEnded():
            return "unknown_session"
        case TicketRefused():
            return "unknown_ticket"
        case Refusal():
            return _reason(refusal.__cause__)
    return None
