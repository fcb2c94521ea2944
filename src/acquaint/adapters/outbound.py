"""The one way out: HTTP to places that somebody outside has named.

It stands on httpx2's connections without its client: what is not there cannot follow a redirect, keep a cookie, find
a proxy in the environment or send the password of a .netrc. Each request looks the name up once, judges every address
it got (``guard``) and connects to one of exactly those; the certificate is still checked against the name.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

import httpcore2
import httpx2
import structlog

from .. import __version__
from ..ports.outbound import LARGEST_ANSWER, Answer, NoAnswer, NotAllowed
from .guard import Guard

ANSWERED_WITHIN: Final = 10.0
"""Seconds from the question to the last byte. Answers servers that drip; lower would hurt slow honest ones."""

MOST_AT_ONCE: Final = 50
MOST_ADDRESSES: Final = 4  # of one name that are tried, one after the other

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

log = structlog.get_logger()


async def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order in which they should be tried."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


class GuardedOutbound:
    """``allow`` is ACQUAINT_OUTBOUND_ALLOW. Raises NotAllowed, or NoAnswer."""

    def __init__(
        self,
        allow: Iterable[str] = (),
        *,
        resolve: Resolve = system_resolver,
        tls: ssl.SSLContext | None = None,
        answered_within: float = ANSWERED_WITHIN,
    ) -> None:
        self._guard = Guard(allow)
        self._resolve = resolve
        self._tls = tls
        self._answered_within = answered_within
        self._ways: dict[str, httpcore2.AsyncConnectionPool] = {}

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
        """``at_most`` bytes of body are read, unpacked; none without ``wants_body``."""
        target = self._target(url)
        try:
            async with asyncio.timeout(self._answered_within):
                most = at_most if wants_body else None
                return await self._ask(method, target, {**_HEADERS, **(headers or {})}, content, most)
        except NotAllowed as why:
            log.warning("outbound_not_allowed", why=str(why))
            raise
        except TimeoutError:
            raise NoAnswer(f"{target.host.decode()} took longer than {self._answered_within:g} s") from None
        except (*_TROUBLE, zlib.error) as why:
            raise NoAnswer(f"{target.host.decode()}: {type(why).__name__} {why}") from why

    async def close(self) -> None:
        for way in self._ways.values():
            await way.aclose()

    def _target(self, url: str) -> httpcore2.URL:
        try:
            found = httpx2.URL(url)
        except (httpx2.InvalidURL, ValueError, TypeError) as why:
            raise NotAllowed(f"this is no address: {why}") from None
        if found.scheme not in ("https", "http"):
            raise NotAllowed("only https and http are spoken")
        if found.userinfo:
            raise NotAllowed("an address with a user in it looks like another than it is")
        host = found.raw_host.decode().removesuffix(".")
        self._guard.check_host(host)
        return httpcore2.URL(scheme=found.raw_scheme, host=host, port=found.port, target=found.raw_path)

    async def _ask(
        self, method: str, target: httpcore2.URL, headers: Mapping[str, str], content: bytes | None, at_most: int | None
    ) -> Answer:
        way = self._way(target.scheme.decode())
        fields = {"Host": _host_header(target), **headers}
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self._answered_within)
        async with way.stream(
            method, target, headers=list(fields.items()), content=content, extensions={"timeout": timeout}
        ) as response:
            got = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            if at_most is None:
                return Answer(response.status, got, b"")
            return Answer(response.status, got, await _body(response, got.get("content-encoding", ""), at_most))

    def _way(self, scheme: str) -> httpcore2.AsyncConnectionPool:
        if scheme not in self._ways:
            self._ways[scheme] = httpcore2.AsyncConnectionPool(
                # The machine's certificates are read at the first question: it takes 20 ms, which many never need.
                ssl_context=self._tls or (httpcore2.default_ssl_context() if scheme == "https" else None),
                max_connections=MOST_AT_ONCE,
                max_keepalive_connections=0,  # the next request judges the addresses anew
                network_backend=_Way(self._guard, self._resolve, is_encrypted=scheme == "https"),
            )
        return self._ways[scheme]


class _Way(httpcore2.AsyncNetworkBackend):
    """Connects to what was judged and nothing else."""

    def __init__(self, guard: Guard, resolve: Resolve, *, is_encrypted: bool) -> None:
        self._guard = guard
        self._resolve = resolve
        self._is_encrypted = is_encrypted
        self._direct = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            resolved = await self._resolve(host, port)
        except (OSError, UnicodeError) as why:
            raise httpcore2.ConnectError(f"the name is not known: {why}") from why
        failure: Exception = httpcore2.ConnectError("the name has no address")
        for address in self._guard.check(host, resolved, is_encrypted=self._is_encrypted)[:MOST_ADDRESSES]:
            try:
                return await self._direct.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore2.ConnectError as why:
                failure = why
        raise failure

    async def sleep(self, seconds: float) -> None:
        await self._direct.sleep(seconds)


_HEADERS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip",
    "Connection": "close",
    "User-Agent": f"Acquaint/{__version__}",
}
_TROUBLE: Final = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
    OSError,
)


def _host_header(target: httpcore2.URL) -> str:
    host = target.host.decode()
    host = f"[{host}]" if ":" in host else host
    return host if target.port is None else f"{host}:{target.port}"


async def _body(response: httpcore2.Response, encoding: str, at_most: int) -> bytes:
    """Unpacks as it comes, never more than is still wanted: a bomb is noticed with its first byte too many."""
    unpack = _unpacking(encoding)
    body, received = bytearray(), 0
    async for packed in response.aiter_stream():
        received += len(packed)
        body += unpack.decompress(packed, at_most + 1 - len(body)) if unpack else packed
        if len(body) > at_most or received > at_most + 1024:
            raise NoAnswer(f"the answer is larger than {at_most} bytes")
    if unpack and (not unpack.eof or unpack.unused_data):
        raise NoAnswer("the answer is not packed as it says")
    return bytes(body)


def _unpacking(encoding: str) -> zlib._Decompress | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    raise NoAnswer(f"the answer is packed in a way we do not unpack: {encoding[:40]}")
