"""Asking a Provider's own server. Outgoing requests only go the guarded way (ports/outbound)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import structlog

from ...domain.apps import App
from ...domain.errors import Busy, ProviderRefused, ProviderUnavailable
from ...ports.outbound import Answer, NoAnswer, NotAllowed
from ..core import Core

LARGEST_PROFILE: Final = 256 * 1024  # bytes; profiles have some thousands
LONGEST_ERROR: Final = 200
"""Characters of what a Provider says is wrong that we repeat."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that is to be asked, of one of the App's Providers."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None


async def ask(core: Core, app: App, name: str, asked: Asked) -> Answer:
    """Any answer there is. Refuses with ProviderUnavailable; why goes to the log."""
    try:
        async with core.outside.question((app.id, name)):
            return await core.outbound.ask(
                asked.method, asked.url, headers=asked.headers, content=asked.content, at_most=LARGEST_PROFILE
            )
    except NoAnswer as why:
        unavailable(app, name, why)
    except Busy:
        unavailable(app, name, NoAnswer("too many questions to it are open"))


def unavailable(app: App, name: str, why: NoAnswer) -> NoReturn:
    """Refuses with ProviderUnavailable. Where we may not go says nothing to whoever asked: it would map the network."""
    log.warning("provider_unavailable", app=app.id, provider=name, why=str(why))
    is_telling = not isinstance(why, NotAllowed)
    raise ProviderUnavailable(name, str(why) if is_telling else NOT_ALLOWED) from why


NOT_ALLOWED: Final = (
    "the server does not go to this address: it must be public and https, unless the server's operator allows it "
    "(ACQUAINT_OUTBOUND_ALLOW)"
)


def good_json(name: str, answer: Answer) -> Any:
    """The JSON of a good answer; refuses with ProviderRefused, with the error that the Provider names."""
    if not 200 <= answer.status < 300:
        raise ProviderRefused(name, answer.status, _error_in(answer.body))
    try:
        return json.loads(answer.body, parse_constant=_no_number, parse_float=_real)
    except (ValueError, RecursionError):
        raise ProviderRefused(name, answer.status, "the answer is not JSON") from None


def good_object(name: str, answer: Answer) -> Mapping[str, Any]:
    found = good_json(name, answer)
    if not isinstance(found, Mapping):
        raise ProviderRefused(name, answer.status, "the answer is not an object")
    return found


def _error_in(body: bytes) -> str:
    """The text that the answer's JSON has for ``error``; never anything else of it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    error = found.get("error") if isinstance(found, Mapping) else None
    if not isinstance(error, str):
        return ""
    return "".join(it if it.isprintable() else "?" for it in error)[:LONGEST_ERROR]


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
