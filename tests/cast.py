"""The people and things that tests speak of.

Ann and Ben are customers of Acme, Eve is whom they would not like to meet, and Carol works for Acme. A laptop and a
phone belong to somebody; the kiosk stands in a library, and anybody uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from acquaint.domain.apps import App
from acquaint.domain.identities import Assurance, Identifier, Identity, ProfileChange
from acquaint.domain.tokens import TokenKind, compose
from acquaint.services.apps import NewApp


@dataclass(frozen=True)
class Person:
    """What somebody is called, where. No two of the cast share any of it."""

    login: str
    name: str
    email: str
    phone: str
    password: str

    @property
    def external_id(self) -> str:
        """Their id in Acme's own database."""
        return f"acme-{self.login}"

    @property
    def by_login(self) -> Identifier:
        return Identifier.login(self.login)

    @property
    def by_email(self) -> Identifier:
        return Identifier.email(self.email)

    @property
    def by_external_id(self) -> Identifier:
        return Identifier.external_id(self.external_id)

    def verified(self, *more: Identifier) -> Identity:
        """What Acme's own server says about them, or a signed token."""
        return Identity((self.by_login, *more), Assurance.VERIFIED, ProfileChange(name=self.name))


ann = Person("ann", "Ann Archer", "ann@example.com", "+4930123451", "a rowing boat at dawn")
ben = Person("ben", "Ben Baker", "ben@example.com", "+4930123452", "the baker burns the toast")
eve = Person("eve", "Eve Elder", "eve@example.net", "+4930123459", "listening at the keyhole")
carol = Person("carol", "Carol Clark", "carol@acme.example", "+4930123453", "tickets please, she said")
everybody = (ann, ben, eve, carol)


def device(name: str) -> str:
    """The secret of a device that everybody who says its name holds."""
    return compose(TokenKind.DEVICE, sha256(name.encode()).digest())


laptop = device("laptop")
phone = device("phone")
kiosk = device("kiosk")


@dataclass(frozen=True)
class Cast:
    """An App as ``apps create`` made it: the App and every key that was shown once."""

    new: NewApp

    @property
    def app(self) -> App:
        return self.new.app

    @property
    def signing_secret(self) -> str:
        return self.new.signing_secret

    @property
    def api_key(self) -> str:
        """Of Acme's server, role org.admin."""
        return self.new.api_key
