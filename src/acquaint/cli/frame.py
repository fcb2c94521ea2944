"""What all commands share: settings, the core, output, and words for refusals.

settings_of   the settings, for commands that need no core
on_core       makes a command of a function that takes the core first and answers plain data
show          plain data as one JSON document, or as lines for people
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

import click

from .. import settings as all_settings
from ..settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..domain.apps import App
    from ..services.core import Core

P = ParamSpec("P")


class Failed(click.ClickException):
    """The command did not do what was asked; why is said on standard error, and the exit code is 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"acquaint: {self.message}", file=file or sys.stderr)


def settings_of(context: click.Context, **flags: Any) -> Settings:
    try:
        return all_settings.read({"data": context.find_root().obj, **flags})
    except SettingsError as error:
        raise Failed(str(error)) from None


def on_core(
    *, makes_database: bool = False, without_keys: bool = False
) -> Callable[[Callable[Concatenate[Core, P], Awaitable[Any]]], Callable[P, None]]:
    """The function runs on the core of the settings' database, and what it answers is shown; adds ``--json``."""

    def make(function: Callable[Concatenate[Core, P], Awaitable[Any]]) -> Callable[P, None]:
        @click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output, nothing else.")
        @functools.wraps(function)
        def command(*args: Any, as_json: bool, **kwargs: Any) -> None:
            from ..bootstrap import open_core

            settings = settings_of(click.get_current_context())
            logs_on_stderr()

            async def run() -> Any:
                async with open_core(settings, makes_database=makes_database, without_keys=without_keys) as core:
                    return await function(core, *args, **kwargs)

            with refusals_said():
                answer = asyncio.run(run())
            show(answer, as_json=as_json)

        return cast(Callable[P, None], command)

    return make


def logs_on_stderr() -> None:
    """Standard output is for answers; what goes wrong meanwhile is logged beside it."""
    from ..web import logs

    logs.set_up("warning")


@contextmanager
def refusals_said() -> Generator[None]:
    """Turns refusals into sentences on standard error."""
    from ..bootstrap import NotReady
    from ..domain.errors import CannotOpen, Refusal

    try:
        yield
    except Refusal as refusal:
        raise Failed(_words(refusal)) from None
    except (NotReady, CannotOpen) as error:
        raise Failed(str(error)) from None


def _words(refusal: Exception) -> str:
    from ..domain import errors

    match refusal:
        case errors.UnknownApp():
            return "there is no such App; `acquaint apps list` shows those there are"
        case errors.Unacceptable():
            return f"{refusal.field} {refusal.reason}"
        case errors.IdentifierTaken():
            return f"this {refusal.kind} is taken"
        case errors.NotFound():
            return f"there is no such {refusal.what}"
        case errors.Busy():
            return "the database does not answer; `acquaint doctor` may know why"
    return f"refused: {type(refusal).__name__} {refusal}".rstrip()


async def app_named(core: Core, slug_or_id: str) -> App:
    from ..services import apps

    return await apps.named(core, slug_or_id)


def show(answer: Any, *, as_json: bool) -> None:
    """An answer of None shows nothing to people, and is ``{}`` to programs."""
    if as_json:
        click.echo(json.dumps(_plain({} if answer is None else answer), indent=2, ensure_ascii=False))
    elif isinstance(answer, Mapping):
        _lines(answer)
    elif isinstance(answer, Sequence) and not isinstance(answer, str):
        _table(answer)
    elif answer is not None:
        click.echo(str(answer))


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat(timespec="seconds").replace("+00:00", "Z")
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
    return value


def _lines(answer: Mapping[str, Any], indent: str = "") -> None:
    width = max((len(key) for key in answer), default=0)
    for key, value in answer.items():
        if isinstance(value, Mapping) and value:
            click.echo(f"{indent}{key}")
            _lines(value, indent + "  ")
        else:
            click.echo(f"{indent}{key:<{width}}  {_cell(value)}".rstrip())


def _table(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        click.echo("none", err=True)
        return
    names = list(rows[0])
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    match _plain(value):
        case None:
            return "-"
        case dict() as some:
            return ", ".join(f"{_cell(name)}: {_cell(it)}" for name, it in some.items()) or "-"
        case bool() as yes:
            return "yes" if yes else "no"
        case list() as many:
            return ", ".join(_cell(it) for it in many) or "-"
        case str() as text:
            return "".join(it if it.isprintable() else "?" for it in text)  # nobody's name moves the cursor
        case other:
            return str(other)
