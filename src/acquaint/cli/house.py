"""``acquaint init``, ``migrate`` and ``serve``: making a server's folder, and serving it."""

from __future__ import annotations

import gc
import json
import os
import textwrap
from pathlib import Path
from typing import Any

import click

from ..settings import Settings, known
from .frame import Failed, refusals_said, settings_of, show

_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output, nothing else.")

_OPENING = """\
# Settings of this Acquaint. What is commented out has its default; ACQUAINT_* variables come before this file.
# What an App allows is not here: `acquaint apps policy APP`.
"""


@click.command()
@_json
@click.pass_context
def init(context: click.Context, as_json: bool) -> None:
    """Make the data directory, its settings file, database and key. Doing it again changes nothing."""
    settings = settings_of(context)
    from .. import bootstrap  # only now: what cannot be understood is said at once

    with refusals_said():
        bootstrap.make_folder(settings)
        _write_settings_file(settings)
        if settings.is_embedded:
            bootstrap.migrate(settings)
            bootstrap.make_keys(settings)
    if as_json:
        show({"data": str(settings.data.absolute())}, as_json=True)
        return
    if not settings.is_embedded:
        click.echo("Now run: acquaint migrate")
        return
    click.echo(f"{settings.data} is ready. Next: acquaint apps create --name …, and acquaint serve")
    if not settings.secret_keys:
        click.echo("Keep a copy of its secret.keys, apart from backups: they cannot be opened without it.")


@click.command()
@_json
@click.option("--from", "file", type=click.Path(path_type=Path), help="An SQLite file: all of it goes to PostgreSQL.")
@click.pass_context
def migrate(context: click.Context, as_json: bool, file: Path | None) -> None:
    """Bring the database to the schema of this version. Make a backup first: there is no way down."""
    settings = settings_of(context)
    from .. import bootstrap  # only now: what cannot be understood is said at once

    with refusals_said():
        if settings.is_embedded:
            bootstrap.make_folder(settings)
        schema = bootstrap.migrate(settings)
        moved = bootstrap.move(settings, file) if file else None
    if as_json:
        show({"schema": schema, **({} if moved is None else {"moved": moved})}, as_json=True)
        return
    click.echo(f"The schema is {schema}, as this version needs it.")
    if moved is not None:
        show({f"{table} moved": rows for table, rows in moved.items()}, as_json=False)


@click.command()
@click.option("--host", help="The address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one. [default: 8080]")
@click.pass_context
def serve(context: click.Context, host: str | None, port: int | None) -> None:
    """Serve until told to stop (SIGTERM, Ctrl-C). Makes and migrates an embedded database by itself."""
    settings = settings_of(context, host=host, port=port)
    gc.disable()  # nothing is garbage before it listens; then `bootstrap.serve` lets it be looked for
    try:
        from .. import bootstrap

        with refusals_said():
            bootstrap.serve(settings)
    finally:
        gc.enable()


def _write_settings_file(settings: Settings) -> None:
    try:
        number = os.open(settings.config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise Failed(f"{settings.config} cannot be written: {error}") from None
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(_settings_file())


def _settings_file() -> str:
    parts = [_OPENING]
    for it in known():
        says = textwrap.fill(it.metadata["says"], 110, initial_indent="# ", subsequent_indent="# ")
        parts.append(f"{says}\n# {it.name} = {_in_toml(it.default)}\n")
    return "\n".join(parts)


def _in_toml(value: Any) -> str:
    """Plain values look the same in TOML and in JSON."""
    return json.dumps([str(it) for it in value] if isinstance(value, tuple) else value)
