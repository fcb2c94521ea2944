"""The only file that knows which database it talks to."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from .connection import Engine, Own


def open_engine(url: str, own: Own, *, connections: int) -> Engine:
    """The database at the URL: ``sqlite:///relative``, ``sqlite:////absolute`` or ``postgresql://…``.

    Nothing is connected to before it is needed.
    """
    path = sqlite_file(url)
    if path is not None:
        from .sqlite import SqliteEngine

        return SqliteEngine(path, own)
    from .postgresql import PostgresEngine

    return PostgresEngine(postgresql_address(url), own, connections=connections)


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite URL; None when it is of another database."""
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        return None
    if parts.netloc or len(parts.path) < 2:
        raise ValueError("an SQLite URL is sqlite:///relative/path or sqlite:////absolute/path")
    return Path(unquote(parts.path[1:]))


def postgresql_address(url: str) -> str:
    """The URL as the driver reads it; ``postgresql+asyncpg`` says what is used anyway."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres", "postgresql+asyncpg"):
        raise ValueError("a database URL begins with sqlite:// or postgresql://")
    return f"postgresql://{rest}"
