"""How an App's own server proves itself, and what it signs with."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from . import ids
from .apps import AppId
from .errors import CannotOpen, Unacceptable

ApiKeyId = NewType("ApiKeyId", int)
SigningSecretId = NewType("SigningSecretId", int)


class Role(StrEnum):
    """What an API key may do. ``org.*`` within one App, ``server.operator`` on the whole server.

    The names are those of Kustomer's API keys, so that what is written about them holds here. A role is on this list
    or is refused: a name that is spelled wrongly never opens more, or something else, than was meant.
    """

    ADMIN = "org.admin"
    ADMIN_APPS = "org.admin.apps"
    ADMIN_SECURITY = "org.admin.security"
    USER = "org.user"
    USER_CUSTOMER_READ = "org.user.customer.read"
    USER_CUSTOMER_WRITE = "org.user.customer.write"
    USER_CUSTOMER_DELETE = "org.user.customer.delete"
    PERMISSION = "org.permission"
    SECURITY = "org.permission.security"
    CUSTOMER = "org.permission.customer"
    CUSTOMER_READ = "org.permission.customer.read"
    CUSTOMER_CREATE = "org.permission.customer.create"
    CUSTOMER_UPDATE = "org.permission.customer.update"
    CUSTOMER_DELETE = "org.permission.customer.delete"
    CUSTOMER_MERGE_CREATE = "org.permission.customer_merge.create"
    CONVERSATION = "org.permission.conversation"
    CONVERSATION_READ = "org.permission.conversation.read"
    CONVERSATION_CREATE = "org.permission.conversation.create"
    CONVERSATION_UPDATE = "org.permission.conversation.update"
    CONVERSATION_DELETE = "org.permission.conversation.delete"
    MESSAGE = "org.permission.message"
    MESSAGE_READ = "org.permission.message.read"
    MESSAGE_CREATE = "org.permission.message.create"
    MESSAGE_UPDATE = "org.permission.message.update"
    MESSAGE_DELETE = "org.permission.message.delete"
    TRACKING = "org.tracking"  # public: it sits in the vendor's client SDK and opens nothing but visitor routes
    OPERATOR = "server.operator"


GIVEN: Final = tuple(it for it in Role if it not in (Role.TRACKING, Role.OPERATOR))
"""What an App gives to a key of its own; the others are made for what they are."""


def satisfies(held: Iterable[Role], needed: str) -> bool:
    """Whether one of the roles is enough.

    A role covers itself and what is below it (``org.admin`` covers ``org.admin.apps``), an
    administrator may also do what a user of the API may, and whatever has a permission of its own.
    """
    return any(
        needed == it or needed.startswith(it + ".")
        for role in held
        for it in ((Role.ADMIN, Role.USER, Role.PERMISSION) if role is Role.ADMIN else (role,))
    )


def may_grant(held: Iterable[Role], role: Role) -> bool:
    """Whether who holds these roles may give this one to a key: nobody gives more than they have.

    ``org.tracking`` is public, and an administrator's to give.
    """
    held = tuple(held)
    return satisfies(held, role) or (role is Role.TRACKING and Role.ADMIN in held)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A named key. Its text is shown once and kept as a fingerprint; ``ending`` helps people to tell keys apart."""

    id: ApiKeyId
    app_id: AppId | None  # None: a key of the server's operator
    name: str
    roles: tuple[Role, ...]
    ending: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    network: str | None = None  # CIDR: the only addresses it may be used from; None: from anywhere
    used_at: datetime | None = None  # the last time, as far as it is written down, which takes up to a minute

    def __post_init__(self) -> None:
        if self.network is not None and _network(self.network) is None:
            raise Unacceptable("network", "must be an address and the length of its prefix, such as 203.0.113.0/24")
        if not self.name.strip() or len(self.name) > 100:
            raise Unacceptable("name", "must have 1 to 100 characters")
        if not self.roles:
            raise Unacceptable("roles", "cannot be empty")
        of_the_server = self.app_id is None
        if of_the_server != (Role.OPERATOR in self.roles) or (of_the_server and len(self.roles) > 1):
            raise Unacceptable("roles", f"{Role.OPERATOR} is for keys of the server, and alone")
        if Role.TRACKING in self.roles and len(self.roles) > 1:
            raise Unacceptable("roles", f"{Role.TRACKING} is public and stands alone")

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def may_be_used_from(self, address: str) -> bool:
        """Whether the network address is in the key's network. Of an address that nobody knows it is not."""
        if self.network is None:
            return True
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        network = _network(self.network)
        return network is not None and found in network


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """What an App's server signs tokens with. The App keeps a list, oldest first, so that rotation is calm."""

    id: SigningSecretId
    app_id: AppId
    text: str  # empty where it cannot be opened: nothing is verified with that
    created_at: datetime
    retired_at: datetime | None = None  # from then on nothing signed with it is believed; may lie ahead

    def verifies(self, now: datetime) -> bool:
        return bool(self.text) and not self.is_retired(now)

    def is_retired(self, now: datetime) -> bool:
        return self.retired_at is not None and now >= self.retired_at


def believed(secrets: Iterable[SigningSecret], now: datetime) -> list[str]:
    """The texts of those that verify. One that can be opened is enough; raises CannotOpen where none of several can."""
    live = [it for it in secrets if not it.is_retired(now)]
    texts = [it.text for it in live if it.verifies(now)]
    if live and not texts:
        raise CannotOpen(f"the signing secrets of App {live[0].app_id}", "they must be rotated")
    return texts


def naming_claims(app_id: AppId, slug: str, roles: Iterable[Role], *, id: int, user: int) -> dict[str, object]:
    """What an API key says that names its App: the payload that Kustomer's keys have."""
    return {
        "id": ids.as_hex(id),
        "user": ids.as_hex(user),
        "org": ids.as_hex(app_id),
        "orgName": slug,
        "userType": "machine",
        "pod": "acquaint",
        "roles": [it.value for it in roles],
        "aud": "urn:consumer",
        "iss": "urn:api",
        "sub": ids.as_hex(user),
    }
