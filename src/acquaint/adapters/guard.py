"""Where outgoing requests may go: to public addresses, and where the operator allows it (ACQUAINT_OUTBOUND_ALLOW).

Guard       judges the addresses a host resolved to
is_public   whether an address is one that everybody on the internet reaches
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Final

from ..ports.outbound import NotAllowed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_LIKE_A_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)")

_NOT_PUBLIC: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(it)
    for it in (
        # IANA IPv4 Special-Purpose Address Registry. ``ipaddress.is_global`` knows it too, but not all Pythons agree.
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
        "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 "
        "168.63.129.16/32 "  # Azure's own services: a public address that is only reached from inside
        "2001::/23 2001:db8::/32 3fff::/20"  # the rest of what is not public lies outside 2000::/3
    ).split()
)
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Guard:
    """``allow`` lists hosts (``idp.intern``) and networks (``10.1.0.0/16``, ``10.1.2.3``), or it is a ValueError."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        for entry in allow:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip("[] "), strict=False))
            except ValueError:
                self._hosts.add(_host_allowed(entry))

    def check_host(self, host: str) -> None:
        """Raises NotAllowed for what is neither a name nor an address in its one right spelling."""
        if _literal(host) is not None:
            return
        if HOST.fullmatch(host) is None or _LIKE_A_NUMBER.fullmatch(host.rpartition(".")[2]):
            raise NotAllowed(f"{host!r} is no host name, and no address in its usual spelling")

    def check(self, host: str, addresses: Sequence[str], *, is_encrypted: bool) -> list[Address]:
        """The addresses, if every one of them is allowed; what is not encrypted only goes where the operator says."""
        found = [ipaddress.ip_address(it) for it in addresses]
        if host in self._hosts:
            return found
        for address in found:
            if self._is_listed(address) or (is_encrypted and is_public(address)):
                continue
            if is_public(address):
                raise NotAllowed(f"{host} is not in the allow-list, and only https goes anywhere else")
            raise NotAllowed(f"{host} is at {address}, which is not public and not in the allow-list")
        return found

    def _is_listed(self, address: Address) -> bool:
        spellings = [address, _ipv4_within(address) or address]
        return any(it in network for network in self._networks for it in spellings)


def is_public(address: Address) -> bool:
    """IPv4 addresses are also recognised inside IPv6 ones, where a gateway would unwrap them."""
    within = _ipv4_within(address)
    if within is not None:
        return is_public(within)
    return (address.version == 4 or address in _GLOBAL_UNICAST) and not any(address in it for it in _NOT_PUBLIC)


def _ipv4_within(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _host_allowed(entry: str) -> str:
    host = entry.strip().lower().removesuffix(".")
    if HOST.fullmatch(host) is None or _LIKE_A_NUMBER.fullmatch(host.rpartition(".")[2]):
        raise ValueError(f"{entry!r} is neither a host nor a network")
    return host
