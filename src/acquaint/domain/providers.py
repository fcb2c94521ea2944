"""Providers: who an App lets testify to its users, and how each is asked.

Provider            one of an App, under its name
CustomProvider      the App's own identity provider, asked over HTTP with templates
FirebaseProvider    ID tokens of Firebase projects
OpenIdProvider      ID tokens of an OpenID Connect issuer: Google, Apple, Microsoft, Keycloak …
FacebookProvider    access tokens of the App's Facebook app
XProvider           OAuth 1.0a tokens of the App's app at X, which ConnectyCube goes on calling Twitter
settings_of         the settings of a kind, from plain data
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from .apps import AppId
from .errors import Unacceptable
from .templates import LONGEST_TEMPLATE, Template

LONGEST_NAME: Final = 32
LONGEST_URL: Final = 2048
LONGEST_VALUE: Final = 255  # of names, client ids and secrets that vendors give
MOST_PARAMS: Final = 50
MOST_IDS: Final = 50
MOST_PROVIDERS: Final = 50
"""Of one App. Against an App that fills the database."""

HIDDEN: Final = "********"
"""What is shown of a secret."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 9110, section 5.1: a token
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_ID: Final = re.compile(r"[\x21-\x7e]+")

OURS_TO_SAY: Final = frozenset(
    "host content-length transfer-encoding connection te trailer upgrade expect accept-encoding".split()
)
"""Headers that say how a request is sent, not what it asks: no App chooses them."""


class ProviderKind(StrEnum):
    CUSTOM = "custom"
    FIREBASE = "firebase"
    OPENID = "openid"
    FACEBOOK = "facebook"
    X = "twitter"  # the name that ConnectyCube's clients send


class Doors(StrEnum):
    """Names under which clients ask for a Provider that has another name."""

    FIREBASE_PHONE = "firebase_phone"
    FIREBASE_EMAIL = "firebase_email"


@dataclass(frozen=True, slots=True)
class CustomProvider:
    """The App's own identity provider. Templates speak of ``login``, ``email``, ``password``, and of its answer."""

    endpoint: str
    response_params: Mapping[str, str]
    method: str = "GET"
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_params: Mapping[str, str] = field(default_factory=dict)
    falls_back_to_own: bool = False  # whom it refuses may have a password here

    def __post_init__(self) -> None:
        _check_url("endpoint", self.endpoint)
        if self.method not in ("GET", "POST"):
            raise Unacceptable("method", "must be GET or POST")
        for name in ("response_params", "request_headers", "request_params"):
            _check_templates(name, getattr(self, name))
        for name in ("request_headers", "request_params"):
            for text in getattr(self, name).values():
                unknown = {".".join(it) for it in Template.of(text, name).paths} - {"login", "email", "password"}
                if unknown:
                    raise Unacceptable(name, f"may only speak of login, email and password, not {min(unknown)[:64]!r}")
        for header, value in self.request_headers.items():
            if not _HEADER.fullmatch(header) or header.lower() in OURS_TO_SAY:
                raise Unacceptable("request_headers", f"may not set {header[:64]!r}")
            if not _VALUE.fullmatch(value):
                raise Unacceptable("request_headers", f"has a value for {header} that no header can have")
        if len({it.lower() for it in self.request_headers}) != len(self.request_headers):
            raise Unacceptable("request_headers", "names a header twice")
        if not self.response_params.get("uid", "").strip():
            raise Unacceptable("response_params", "must say where uid is, such as #{user.id}")

    @property
    def sends_json(self) -> bool:
        types = [value for name, value in self.request_headers.items() if name.lower() == "content-type"]
        return any("application/json" in it.lower() for it in types)


@dataclass(frozen=True, slots=True)
class FirebaseProvider:
    """Both sign-ins of Firebase, by phone and by e-mail."""

    projects: tuple[str, ...]
    accepts_unverified_email: bool = False  # such an address is kept as claimed and names nobody
    certificates_url: str = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
    issuer_base: str = "https://securetoken.google.com/"  # the project follows

    def __post_init__(self) -> None:
        _check_ids("projects", self.projects)
        _check_url("certificates_url", self.certificates_url)
        _check_issuer("issuer_base", self.issuer_base)


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """Believes ID tokens that the issuer made for one of the App's clients."""

    issuer: str  # exactly as the tokens' iss
    client_ids: tuple[str, ...]
    trusts_addresses: bool = True  # an e-mail or phone that it says it verified may name a user that is there
    requires_nonce: bool = False
    discovery_url: str = ""  # empty: where OpenID Connect Discovery, section 4, has it
    jwks_url: str = ""  # empty: what the discovery document says

    def __post_init__(self) -> None:
        _check_issuer("issuer", self.issuer)
        _check_ids("client_ids", self.client_ids)
        for name in ("discovery_url", "jwks_url"):
            if getattr(self, name):
                _check_url(name, getattr(self, name))

    @property
    def discovered_at(self) -> str:
        return self.discovery_url or self.issuer.rstrip("/") + "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class FacebookProvider:
    app_id: str
    app_secret: str
    graph_url: str = "https://graph.facebook.com"

    def __post_init__(self) -> None:
        _check_ids("app_id", (self.app_id,))
        _check_ids("app_secret", (self.app_secret,))
        _check_url("graph_url", self.graph_url)


@dataclass(frozen=True, slots=True)
class XProvider:
    consumer_key: str
    consumer_secret: str
    credentials_url: str = "https://api.x.com/1.1/account/verify_credentials.json"

    def __post_init__(self) -> None:
        _check_ids("consumer_key", (self.consumer_key,))
        _check_ids("consumer_secret", (self.consumer_secret,))
        _check_url("credentials_url", self.credentials_url)
        if urlsplit(self.credentials_url).query:
            raise Unacceptable("credentials_url", "may not have a query")


Settings = CustomProvider | FirebaseProvider | OpenIdProvider | FacebookProvider | XProvider

KINDS: Final[Mapping[ProviderKind, type[Settings]]] = {
    ProviderKind.CUSTOM: CustomProvider,
    ProviderKind.FIREBASE: FirebaseProvider,
    ProviderKind.OPENID: OpenIdProvider,
    ProviderKind.FACEBOOK: FacebookProvider,
    ProviderKind.X: XProvider,
}
SECRETS: Final = frozenset({"app_secret", "consumer_secret"})


@dataclass(frozen=True, slots=True)
class Provider:
    """One of an App. Those of OpenID Connect have a name that the App chose, every other the name of its kind."""

    app_id: AppId
    name: str
    settings: Settings
    changed_at: datetime
    is_enabled: bool = True  # a Provider that is not can be tried, and lets nobody in

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > LONGEST_NAME:
            raise Unacceptable("name", f"must have 1 to {LONGEST_NAME} of a-z, 0-9, _ and -")
        taken = {*(it.value for it in ProviderKind), *(it.value for it in Doors)}
        if self.kind is ProviderKind.OPENID and self.name in taken - {ProviderKind.OPENID.value}:
            raise Unacceptable("name", "is the name of another kind of Provider")
        if self.kind is not ProviderKind.OPENID and self.name != self.kind.value:
            raise Unacceptable("name", f"must be {self.kind.value} for this kind of Provider")

    @property
    def kind(self) -> ProviderKind:
        return next(kind for kind, settings in KINDS.items() if isinstance(self.settings, settings))

    def as_data(self) -> dict[str, Any]:
        """The settings as plain data that ``settings_of`` reads back, secrets included."""
        return {it.name: _plain(getattr(self.settings, it.name)) for it in fields(self.settings)}

    def as_shown(self) -> dict[str, Any]:
        """The settings without secrets: also without what a header or a parameter says on its own."""
        shown: dict[str, Any] = {name: HIDDEN if name in SECRETS else value for name, value in self.as_data().items()}
        if isinstance(self.settings, CustomProvider):
            hidden = hidden_in(self.settings)
            shown |= {name: _plain(getattr(hidden, name)) for name in ("endpoint", "request_headers", "request_params")}
        return shown


def hidden_in(it: CustomProvider) -> CustomProvider:
    """The settings without secrets: what a header, a parameter or the address says of its own accord is hidden."""
    return replace(
        it,
        endpoint=it.endpoint.partition("?")[0] + (f"?{HIDDEN}" if "?" in it.endpoint else ""),
        request_headers={name: _without_texts(name, text) for name, text in it.request_headers.items()},
        request_params={name: _without_texts(name, text) for name, text in it.request_params.items()},
    )


def settings_of(kind: str, data: Mapping[str, Any]) -> Settings:
    """Reads settings; refuses with Unacceptable what is unknown, missing or of a wrong kind.

    Lists may be texts with commas, objects texts of JSON, as a command line gives them.
    """
    if kind not in set(ProviderKind):
        raise Unacceptable("kind", f"must be one of {', '.join(it.value for it in ProviderKind)}")
    shape = KINDS[ProviderKind(kind)]
    known = {it.name: str(it.type) for it in fields(shape)}
    for name in data:
        if name not in known:
            raise Unacceptable(name[:64], f"is not a setting of a Provider of the kind {kind}")
    read: dict[str, Any] = {name: _READERS[known[name]](name, value) for name, value in data.items()}
    try:
        return shape(**read)
    except TypeError:
        missing = _REQUIRED[shape] - read.keys()
        raise Unacceptable(min(missing), "is required") from None


def _check_url(name: str, url: str) -> None:
    """An address of http or https; which of them are gone to is for the guarded way out to say (ports/outbound)."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise Unacceptable(name, "is not an address") from None
    is_spelled = _ID.fullmatch(url) and parts.scheme in ("https", "http") and parts.hostname and port_is_fine
    if not is_spelled or len(url) > LONGEST_URL:
        raise Unacceptable(name, "must be an https address")
    if "@" in parts.netloc or "#" in url:
        raise Unacceptable(name, "may have neither a user nor a fragment in it")


def _check_issuer(name: str, issuer: str) -> None:
    _check_url(name, issuer)
    if "|" in issuer or len(issuer) > 150:  # with a subject of usual length it must fit into an Identifier
        raise Unacceptable(name, "has a | in it, or is longer than 150 characters")
    if urlsplit(issuer).query:
        raise Unacceptable(name, "may not have a query")


def _check_ids(name: str, ids: tuple[str, ...]) -> None:
    if not 1 <= len(ids) <= MOST_IDS:
        raise Unacceptable(name, f"must be 1 to {MOST_IDS}")
    if not all(_ID.fullmatch(it) and len(it) <= LONGEST_VALUE for it in ids):
        raise Unacceptable(name, f"must have 1 to {LONGEST_VALUE} characters, and no white space in it")


def _check_templates(name: str, templates: Mapping[str, str]) -> None:
    if len(templates) > MOST_PARAMS:
        raise Unacceptable(name, f"are more than {MOST_PARAMS}")
    for key, text in templates.items():
        if not key.strip() or len(key) > 128 or not key.isprintable():
            raise Unacceptable(name, "has a name that is empty, not printable or longer than 128 characters")
        Template.of(text, name)


def _without_texts(name: str, template: str) -> str:
    if name.lower() in ("content-type", "accept"):
        return template
    found = re.findall(r"#\{[^{}]*\}", template)
    if not found:
        return HIDDEN
    return template if re.fullmatch(r"(Bearer |Basic )?(#\{[^{}]*\})+", template) else f"{HIDDEN}{''.join(found)}"


def _read_text(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEMPLATE:
        raise Unacceptable(name, "must be a text")
    return value.strip()


def _read_bool(name: str, value: Any) -> bool:
    match value:
        case bool():
            return value
        case "true" | "false":
            return bool(value == "true")
    raise Unacceptable(name, "must be true or false")


def _read_texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [it.strip() for it in value.split(",") if it.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(it, str) for it in value):
        raise Unacceptable(name, "must be a list of texts")
    return tuple(dict.fromkeys(value))


def _read_templates(name: str, value: Any) -> Mapping[str, str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Unacceptable(name, "must be an object, or a text of JSON that is one") from None
    if not isinstance(value, Mapping) or not all(isinstance(it, str) for it in value):
        raise Unacceptable(name, "must be an object")
    found = {}
    for key, text in value.items():
        if isinstance(text, bool):
            text = "true" if text else "false"
        if not isinstance(text, str | int):
            raise Unacceptable(name, f"has something other than a text for {key[:64]!r}")
        found[key] = str(text)
    return found


_READERS = {
    "str": _read_text,
    "bool": _read_bool,
    "tuple[str, ...]": _read_texts,
    "Mapping[str, str]": _read_templates,
}
_REQUIRED: Final[Mapping[type[Settings], frozenset[str]]] = {
    CustomProvider: frozenset({"endpoint", "response_params"}),
    FirebaseProvider: frozenset({"projects"}),
    OpenIdProvider: frozenset({"issuer", "client_ids"}),
    FacebookProvider: frozenset({"app_id", "app_secret"}),
    XProvider: frozenset({"consumer_key", "consumer_secret"}),
}


def _plain(value: Any) -> Any:
    match value:
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
    return value
