"""How an App's own server proves itself, and what it signs with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from .apps import AppId
from .errors import Unacceptable

ApiKeyId = NewType("ApiKeyId", int)
SigningSecretId = NewType("SigningSecretId", int)


class Role(StrEnum):
    """What an API key may do. ``org.*`` within one App, ``server.operator`` on the whole server."""

    ADMIN = "org.admin"
    USER = "org.user"
    TRACKING = "org.tracking"  # public: it sits in the vendor's client SDK and opens nothing but visitor routes
    OPERATOR = "server.operator"


def satisfies(held: Iterable[Role], needed: str) -> bool:
    """Whether one of the roles is enough.

    A role covers itself and what is below it (``org.admin`` covers ``org.admin.apps``), an
    administrator may also do what a user of the API may.
    """
    for role in held:
        if needed == role or needed.startswith(role + "."):
            return True
        if role is Role.ADMIN and (needed == Role.USER or needed.startswith(Role.USER + ".")):
            return True
    return False


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

    def __post_init__(self) -> None:
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


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """What an App's server signs tokens with. The App keeps a list, oldest first, so that rotation is calm."""

    id: SigningSecretId
    app_id: AppId
    text: str
    created_at: datetime
    retired_at: datetime | None = None  # from then on nothing signed with it is believed; may lie ahead

    def verifies(self, now: datetime) -> bool:
        return self.retired_at is None or now < self.retired_at
