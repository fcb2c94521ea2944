"""The four families of paths: two for clients, two for the App's servers. Each family answers the same calls.

Call        one thing that can be asked, in whichever family: ``POST my_profile``
Family      a prefix, with its habits
family_of   the family that a request came by, for what is answered differently
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from starlette.requests import Request

from ...web.dialect import Endpoint, Route


@dataclass(frozen=True, slots=True)
class Call:
    """``path`` begins after the prefix of a family."""

    method: str
    path: str
    endpoint: Endpoint


class Family(Enum):
    """By prefix."""

    SDK = "/api/v2/sdk"  # browsers; of Android only its log-out
    MOBILE = "/api/v2/mobile"  # Android, iOS, Flutter
    REST = "/api/v2.1/rest"
    OLD_REST = "/api/v2/rest"  # users are named by ``email``, and answers show tokens

    @property
    def is_for_servers(self) -> bool:
        """Its credential is the App's secret, so no answer of it is for browsers."""
        return self in (Family.REST, Family.OLD_REST)

    def routes(self, calls: Iterable[Call]) -> list[Route]:
        for_browsers = not self.is_for_servers
        return [Route(it.method, f"{self.value}/{it.path}", it.endpoint, for_browsers) for it in calls]


def family_of(request: Request) -> Family:
    path = request.scope["path"]  # its url is made of the Host header as well
    return next(it for it in Family if path.startswith(it.value + "/"))
