"""What the server tells those who run it: that it lives, that it can serve, and how much it does.

    /livez     the process answers
    /readyz    it can serve; otherwise 503, and what is wrong in a word
    /metrics   for Prometheus, to those networks that may read it

These routes are the server's own words: they also say what becomes of a path that no dialect has.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ..domain import errors
from ..domain.errors import Busy, NotFound, Refusal
from ..ports.bus import Bus
from ..ports.store import Store
from .dialect import Dialect, ErrorTable, NoSuchMethod, NoSuchPath, OurFault, Route, WireError, visit_of
from .refusals import Refusals

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class _Timings:
    """The answered requests of one kind: how many took at most as long as each bucket, and how long all took."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0


class Requests:
    """Counts answered requests. On every request's path, hence no library: one look-up and two additions."""

    def __init__(self) -> None:
        self._timings: dict[tuple[str, str, int], _Timings] = {}

    def seen(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method if method in _METHODS else "other", route, status // 100)
        timings = self._timings.get(key)
        if timings is None:
            timings = self._timings[key] = _Timings()
        timings.buckets[bisect_left(BUCKETS, seconds)] += 1
        timings.seconds += seconds

    def collect(self) -> Iterable[Metric]:
        """As ``prometheus_client`` wants it."""
        from prometheus_client.metrics_core import HistogramMetricFamily

        family = HistogramMetricFamily(
            "acquaint_request_seconds", "Answered requests.", labels=("method", "route", "status")
        )
        for (method, route, status), timings in self._timings.items():
            total = 0
            buckets: list[tuple[str, float]] = []
            for bound, count in zip((*BUCKETS, float("inf")), timings.buckets, strict=True):
                total += count
                buckets.append(("+Inf" if bound == float("inf") else str(bound), total))
            family.add_metric((method, route, f"{status}xx"), buckets, timings.seconds)
        yield family


class Gauges:
    """Numbers that are asked for when somebody looks, by name: what each is, and where it is read."""

    def __init__(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.metrics_core import GaugeMetricFamily

        for name, (what, read) in self._gauges.items():
            yield GaugeMetricFamily(f"acquaint_{name}", what, value=read())


class Health:
    """The three pages. ``stop_serving`` makes ``/readyz`` say so while the last requests are finished."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        requests: Requests,
        refusals: Refusals,
        gauges: Gauges,
        metrics_allow: Sequence[Network],
    ) -> None:
        self._store, self._bus = store, bus
        self._collectors = (requests, refusals, gauges)
        self._allowed = tuple(metrics_allow)
        self._registry: CollectorRegistry | None = None
        self._stops = False

    def stop_serving(self) -> None:
        self._stops = True

    async def livez(self, request: Request) -> Response:
        """GET /livez"""
        return _said("alive")

    async def readyz(self, request: Request) -> Response:
        """GET /readyz"""
        if self._stops:
            return _said("stopping", 503)
        try:
            await self._store.check()
        except Busy:
            return _said("database", 503)
        # without the bus every answer is still right, only slower: a 503 would let a bus that fails take all nodes away
        return _said("ready" if self._bus.is_whole else "ready, without the bus")

    async def metrics(self, request: Request) -> Response:
        """GET /metrics"""
        if not self._may_read(visit_of(request).address):
            raise NotFound("page")
        from prometheus_client import exposition

        return Response(
            exposition.generate_latest(self._whole_registry()),
            headers={"Content-Type": exposition.CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
        )

    def _may_read(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self._allowed)

    def _whole_registry(self) -> CollectorRegistry:
        if self._registry is None:  # the library is loaded when somebody first looks: not everybody does
            from prometheus_client import CollectorRegistry, ProcessCollector

            self._registry = CollectorRegistry()
            for it in self._collectors:
                self._registry.register(it)
            ProcessCollector(registry=self._registry)
        return self._registry


def own_words(health: Health, others: Sequence[Route] = ()) -> Dialect:
    """The server's own routes, those and ``others``, and its words where no dialect has any."""
    return Dialect(
        name="acquaint",
        prefixes=(),
        routes=(
            Route("GET", "/livez", health.livez, for_browsers=False),
            Route("GET", "/readyz", health.readyz, for_browsers=False),
            Route("GET", "/metrics", health.metrics, for_browsers=False),
            *others,
        ),
        errors=ERRORS,
        error_response=_error,
    )


def _wait(refusal: Any) -> WireError:
    status, code = (503, "busy") if isinstance(refusal, Busy) else (429, "too_many_requests")
    seconds = max(1, round(refusal.retry_after.total_seconds()))
    return WireError(status, code, "Please try again later.", headers={"Retry-After": str(seconds)})


ERRORS: Final[ErrorTable] = {
    NoSuchPath: WireError(404, "not_found", "There is nothing here."),
    NoSuchMethod: WireError(405, "method_not_allowed", "This path does not take this method."),
    NotFound: WireError(404, "not_found", "There is nothing here."),
    errors.TooManyRequests: _wait,
    Busy: _wait,
    OurFault: WireError(500, "internal_error", "Something went wrong on the server."),
    Refusal: WireError(400, "bad_request", "This request is not served."),
}


def _error(error: WireError) -> Response:
    return _json({"error": {"code": error.code, "message": error.message}}, error.status)


def _said(word: str, status: int = 200) -> Response:
    return _json({"status": word}, status)


def _json(content: Any, status: int) -> Response:
    return Response(msgspec.json.encode(content), status, {"Cache-Control": "no-store"}, media_type="application/json")
