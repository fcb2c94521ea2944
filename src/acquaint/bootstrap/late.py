"""Parts that are made, with the libraries they bring, when they are first asked for anything.

A server that signs no tokens and asks nobody outside starts sooner, and stays smaller, by joserfc, httpx2 and
oauthlib. Whoever is the first to need one waits some hundredths of a second for it, once.

    signer, id_tokens, oauth1    what is signed, and what others signed
    outbound                     HTTP to places that somebody outside has named
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

from ..adapters.guard import Guard
from ..ports.crypto import IdTokenReader, RequestSigner, TokenSigner
from ..ports.outbound import Outbound
from ..settings import Settings
from .readiness import NotReady

Part = TypeVar("Part")


def signer() -> TokenSigner:
    def make() -> TokenSigner:
        from ..adapters.jose import JoseSigner

        return JoseSigner()

    return late(make)


def id_tokens() -> IdTokenReader:
    def make() -> IdTokenReader:
        from ..adapters.id_tokens import JoseIdTokens

        return JoseIdTokens()

    return late(make)


def oauth1() -> RequestSigner:
    def make() -> RequestSigner:
        from ..adapters.oauth1 import OAuth1Signer

        return OAuth1Signer()

    return late(make)


def outbound(settings: Settings, closing: contextlib.AsyncExitStack) -> Outbound:
    """What it opens is closed with the others, if it came to that."""
    try:
        Guard(settings.outbound_allow)  # a mistake in the setting is said now
    except ValueError as error:
        raise NotReady(f"ACQUAINT_OUTBOUND_ALLOW: {error}") from None

    def make() -> Outbound:
        from ..adapters.outbound import GuardedOutbound

        made = GuardedOutbound(settings.outbound_allow)
        closing.push_async_callback(made.close)
        return made

    return late(make)


def late(make: Callable[[], Part]) -> Part:
    """Stands for what ``make`` makes, of which only methods are used."""
    return cast(Part, _Late(make))


class _Late:
    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = self._make()
        method = getattr(self._made, name)
        setattr(self, name, method)  # from now on it is found without coming here
        return method
