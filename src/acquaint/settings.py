"""Every setting of the server: its name, type and default, and one sentence about it. Read once, at the start.

    read       flags before ACQUAINT_* variables before DIR/acquaint.toml before the defaults
    Settings   what was found; a value that cannot be read, or a name nobody knows, is a SettingsError

What an App allows is its Policy, and in the database; here is what the operator of the machine decides. There
is no secret that must be invented here and none with a default: the server makes its own.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

PREFIX: Final = "ACQUAINT_"
FILE: Final = "acquaint.toml"
DEFAULT_DATA: Final = Path("acquaint-data")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """A setting that cannot be understood. The server does not start with half of what was meant."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("must be a text")
    return value.strip()


def _yes_or_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    match value.strip().lower() if isinstance(value, str) else value:
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
    raise ValueError("must be true or false")


def _number(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"must be a number from {least} to {most}")
        return value

    return read


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value.strip().lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value.strip().lower()

    return read


def _url(*schemes: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = _text(value)
        try:
            scheme = urlsplit(text).scheme.lower()
        except ValueError:
            scheme = ""
        if text and scheme not in schemes:
            raise ValueError(f"must be an address that begins with {' or '.join(f'{it}:' for it in schemes)}")
        return text

    return read


def _origin(value: Any) -> str:
    text = _url("http", "https")(value).rstrip("/")
    if text:
        parts = urlsplit(text)
        if not parts.hostname or text != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
            raise ValueError("must be like https://chat.example.com, with no path and no user")
        _ = parts.port  # ValueError when it is none
    return text


def _list(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple) or not all(isinstance(it, str) for it in value):
        raise ValueError("must be a list of texts")
    return tuple(it.strip() for it in value if it.strip())


def _networks(value: Any) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(it) for it in _list(value))
    except ValueError as error:
        raise ValueError(f"must be a list of addresses and networks: {error}") from error


def _setting(default: Any, reads: Callable[[Any], Any], says: str, *, is_secret: bool = False) -> Any:
    """A field of Settings. ``reads`` raises ValueError, saying what the value must be."""
    return field(default=default, metadata={"reads": reads, "says": says, "is_secret": is_secret}, repr=not is_secret)


_ON_THIS_MACHINE: Final = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """In the order of docs/operations/settings.md, which a test holds against this."""

    data: Path = field(default=DEFAULT_DATA)  # the flag --data, or ACQUAINT_DATA: the file below it cannot name it

    host: str = _setting("127.0.0.1", _text, "The address to listen on.")
    port: int = _setting(8080, _number(0, 65535), "The port to listen on; 0 takes a free one and logs it.")
    mqtt_port: int = _setting(
        0,
        _number(0, 65535),
        "The port to listen on for Qiscus' realtime over TCP, with TLS where tls_cert is set; 0 is none.",
    )
    public_url: str = _setting(
        "", _origin, "Where people reach this server. Links are made from it, never from a request's Host header."
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        (), _networks, "Proxies whose X-Forwarded-For, X-Forwarded-Proto and X-Request-Id are believed."
    )
    tls_cert: str = _setting(
        "", _text, "The file of a certificate chain (PEM), to speak TLS without a proxy in front; needs tls_key."
    )
    tls_key: str = _setting("", _text, "The file of the private key of tls_cert (PEM).")

    database_url: str = _setting(
        "",
        _url("sqlite", "postgresql", "postgres"),
        "The database: postgresql://user:password@host/name, or sqlite:///path.",
        is_secret=True,
    )
    secret_keys: tuple[str, ...] = _setting(
        (),
        _list,
        "Keys that secrets, and what nodes tell each other, are sealed with, newest first: 32 random bytes in base64"
        " each, the same on every node.",
        is_secret=True,
    )
    file_space: int = _setting(
        0, _number(0, 100_000_000), "MiB of files that each App may keep, whatever its Policy says; 0 is no limit."
    )
    bus_url: str = _setting(
        "",
        _url("valkey", "valkeys", "redis", "rediss"),
        "A Valkey or Redis over which several nodes tell each other what happened and count limits together.",
        is_secret=True,
    )

    smtp_url: str = _setting(
        "",
        _url("smtp", "smtps"),
        "The mail server: smtp://user:password@host:587. Without it mails are written to DIR/outbox.",
        is_secret=True,
    )
    mail_from: str = _setting(
        "", _text, "The sender of mails, such as Acme <chat@example.com>; else acquaint at the host of public_url."
    )
    outbound_allow: tuple[str, ...] = _setting(
        (), _list, "Hosts or networks that outgoing requests may reach although they are private."
    )

    log_level: str = _setting(
        "info", _one_of("debug", "info", "warning", "error"), "What is at least as important is logged."
    )
    log_format: str = _setting(
        "auto", _one_of("auto", "json", "console"), "How logs look; auto is console on a terminal, and else json."
    )
    log_reads: bool = _setting(
        False, _yes_or_no, "Whether requests that only read and succeed are logged as well; it costs speed."
    )
    metrics_allow: tuple[Network, ...] = _setting(
        _ON_THIS_MACHINE, _networks, "From where /metrics may be read; empty switches it off."
    )

    limits: bool = _setting(
        True, _yes_or_no, "Whether tries are limited. Off is for load tests only, and said loudly in the log."
    )
    hash_threads: int = _setting(
        0, _number(0, 64), "Threads that hash passwords; 0 is one for each core beyond the first, at least one."
    )

    @property
    def database(self) -> str:
        """Where the database is: the setting, or the file in the data directory."""
        return self.database_url or f"sqlite:///{quote(str((self.data / 'acquaint.db').absolute()))}"

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file of ours alone, migrated as the server starts."""
        return self.database.startswith("sqlite")

    @property
    def listens_at(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"

    @property
    def public(self) -> str:
        """Where people reach this server: the setting, or what it listens on."""
        return self.public_url or self.listens_at

    @property
    def sender(self) -> str:
        """Who mails come from: the setting, or this server at the host that people reach it by."""
        return self.mail_from or f"Acquaint <acquaint@{urlsplit(self.public_url).hostname or 'localhost'}>"

    @property
    def config(self) -> Path:
        return self.data / FILE


def known() -> list[Field[Any]]:
    """The fields that are settings, in order. ``metadata["says"]`` is the sentence."""
    return [it for it in fields(Settings) if "reads" in it.metadata]


def read(flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings; flags that are None were not given. Raises SettingsError."""
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    data = Path(given.pop("data", None) or environ.get(f"{PREFIX}DATA") or DEFAULT_DATA).expanduser()
    if data.exists() and not data.is_dir():
        raise SettingsError(f"{data} is not a directory")
    in_file = _read_file(data / FILE)
    values: dict[str, Any] = {}
    for it in known():
        variable = f"{PREFIX}{it.name.upper()}"
        for where, value in (
            (f"--{it.name.replace('_', '-')}", given.get(it.name)),
            (variable, environ.get(variable)),
            (f"{it.name} in {data / FILE}", in_file.get(it.name)),
        ):
            if value is not None:
                values[it.name] = _read_one(it, where, value)
                break
    settings = Settings(data=data, **values)
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError("tls_cert and tls_key belong together; only one of them is set")
    return settings


def strangers(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Variables that look like ours and set nothing: typing errors, or another program's."""
    ours = {f"{PREFIX}{it.name.upper()}" for it in known()} | {f"{PREFIX}DATA"}
    return sorted(it for it in environ if it.startswith(PREFIX) and it not in ours)


def without_password(url: str) -> str:
    """The address as it may be shown: without the password, and without what comes after a question mark."""
    scheme, mark, rest = url.partition("?")[0].partition("://")
    whom, at, where = rest.rpartition("@")
    user, colon, _ = whom.partition(":")
    return f"{scheme}{mark}{user}{':***' if colon else ''}{at}{where}"


def _read_one(it: Field[Any], where: str, value: Any) -> Any:
    try:
        return it.metadata["reads"](value)
    except ValueError as error:
        found = "" if it.metadata["is_secret"] else f", and is {value!r}"
        raise SettingsError(f"{where} {error}{found}") from None


def _read_file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    names = {it.name for it in known()}
    for name in found:
        if name not in names:
            raise SettingsError(f"{path} sets {name}, and there is no such setting")
    return found
