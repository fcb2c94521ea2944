"""Logs: events with names, one to a line, on standard error, with everything masked that looks like a secret.

set_up          once, at the start of the process; uvicorn's and other libraries' lines go the same way
without_secrets the last processor before a line is written, for what should never have been logged
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from types import NoneType
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK: Final = "***"

REQUEST: Final[ContextVar[str | None]] = ContextVar("acquaint.request", default=None)
"""The id of the request that is being answered: it is in every line that is written meanwhile."""

_SECRETS: Final = re.compile(
    r"(?P<ours>acq[sdtkx]_)[0-9A-Za-z]+"
    r"|(?P<jwt>eyJ)[\w-]*\.[\w-]+(?:\.[\w-]*)*"
    r"|(?P<scheme>\b(?:bearer|basic) +)[^\s'\",]+"
    r"|(?P<userinfo>://[^/\s:@]*:)[^/\s@]+(?=@)",
    re.IGNORECASE,
)
_SECRET_NAMES: Final = re.compile(r"authorization|cookie|passw|secret|token|api_?key|user_?key", re.IGNORECASE)
_NOT_SO: Final = "ASGI callable returned without completing handshake."
"""What uvicorn says, as an error, of each WebSocket that is refused by an HTTP answer: strangers would fill the log."""
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def set_up(level: str = "info", style: str = "auto") -> None:
    """Lines of this level and above, as ``json`` or for the ``console``; ``auto`` is console on a terminal."""
    for_people = sys.stderr.isatty() if style == "auto" else style == "console"
    least = _LEVELS[level]
    structlog.configure(
        processors=[
            _of_its_request,
            structlog.processors.add_log_level,
            _timed,
            structlog.processors.format_exc_info,
            without_secrets,
            _for_people() if for_people else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=_StandardError,
        cache_logger_on_first_use=True,
    )
    logging.root.handlers[:] = [_Library()]
    logging.root.setLevel(max(least, logging.INFO))
    for name in ("uvicorn", "httpx2", "httpcore2", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(max(least, logging.WARNING))


def without_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """The line without tokens and keys of ours, signed tokens, credentials of headers and passwords in addresses."""
    texts = "\n".join([value for value in event.values() if isinstance(value, str)])
    is_harmless = texts.isascii() and not _may_hold_secret(texts.lower())  # as nearly every line: one look for all
    for name, value in event.items():
        if isinstance(value, str):
            if _names_secret(name):
                event[name] = MASK
            elif not is_harmless:
                event[name] = masked(value)
        elif type(value) not in _PLAIN:
            event[name] = _masked(value)
    return event


def _of_its_request(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    id = REQUEST.get()
    if id is not None:
        event.setdefault("request_id", id)
    return event


def _timed(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event["timestamp"] = f"{datetime.now(UTC).replace(tzinfo=None).isoformat()}Z"
    return event


def masked(text: str) -> str:
    """The text with what looks like a secret masked, its kind still to be seen."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()  # lone surrogates: no terminal or file takes them
    elif not _may_hold_secret(text.lower()):
        return text
    return _SECRETS.sub(lambda found: (found[found.lastgroup] if found.lastgroup else "") + MASK, text)


def _may_hold_secret(low: str) -> bool:
    """Whether there is anything in it that a secret begins with; which is quickly said."""
    return "acq" in low or "eyj" in low or "bearer" in low or "basic" in low or "://" in low


@lru_cache(maxsize=1024)
def _names_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


_PLAIN: Final = frozenset({NoneType, bool, int, float})


def _masked(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return masked(value)
        case Mapping():
            return {key: MASK if _names_secret(str(key)) else _masked(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(inner) for inner in value]
        case bytes():
            return masked(value.decode("latin-1"))
    return masked(str(value))


def _as_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    line = {"time": event.pop("timestamp", None), "level": event.pop("level", None), "event": event.pop("event", None)}
    return msgspec.json.encode(line | dict(event), enc_hook=str).decode()


def _for_people() -> Processor:
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback, repr_native_str=True)


class _StandardError:
    """Writes lines to whatever standard error is at the moment, each in one piece."""

    def __init__(self, *_: Any) -> None:
        pass

    def msg(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = exception = msg


class _Library(logging.Handler):
    """Lines of libraries, which speak through ``logging``."""

    def __init__(self) -> None:
        super().__init__()
        self._log = structlog.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == _NOT_SO:
            return
        try:
            self._log.log(
                record.levelno, "library", library=record.name, says=record.getMessage(), exc_info=record.exc_info
            )
        except Exception:
            self.handleError(record)
