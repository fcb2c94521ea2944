"""The demo from start to end: a temporary folder, Acquaint in it, the customer's backend beside it, and the story."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import click
import uvloop
from starlette.types import ASGIApp

from ... import settings as all_settings
from ...bootstrap import NotReady, build_app, open_house
from ...services import apps
from ...services.core import Core
from ...settings import Settings
from ...web import logs
from ...web.listening import Listener, configuration
from .customer import Customer, backend
from .inbox import listening
from .story import STEPS, play

HOST: Final = "127.0.0.1"
NAME: Final = "Acme"


def perform(*, port: int, once: bool) -> bool:
    """Plays the story, and unless it is for once, serves until Ctrl-C. Answers whether the story holds."""
    logs.set_up("error")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C, with nothing left behind
    with (
        tempfile.TemporaryDirectory(prefix="acquaint-demo-") as folder,
        _listening(port) as server,
        _listening(server.getsockname()[1] + 1, says_so=False) as page,
        _listening(page.getsockname()[1] + 1, says_so=False) as phone,
        contextlib.suppress(KeyboardInterrupt),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        flags = {"data": Path(folder), "host": HOST, "port": server.getsockname()[1]}
        return runner.run(_perform(all_settings.read(flags, environ={}), server, page, phone, once=once))
    return True  # somebody had seen enough


async def _perform(
    settings: Settings, server: socket.socket, page: socket.socket, phone: socket.socket, *, once: bool
) -> bool:
    ports = (page.getsockname()[1], phone.getsockname()[1])
    address = f"http://{HOST}:{ports[0]}"
    async with open_house(settings) as house:
        customer = await _customer(house.core, settings, ports)
        async with (
            customer.as_app() as app_api,
            _served(Listener, build_app(house), [server], house.stop_serving) as serving,
            listening(customer) as inbox,
            _served(_Backend, backend(customer, app_api, inbox.is_typing), [page, phone], _nothing),
        ):
            _open(address, settings.public)
            playing = asyncio.create_task(play(customer, app_api, _tell))
            await asyncio.wait([playing, serving], return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():  # Ctrl-C in the middle of it
                playing.cancel()
                return True
            holds = playing.result()
            if once or not holds:
                return _end(holds)
            _stay(address)
            await serving
    return True


async def _customer(core: Core, settings: Settings, ports: tuple[int, int]) -> Customer:
    """A fresh App, and what its owner gets with it. Only the customer's page may call from a browser."""
    new = await apps.create(core, NAME)
    origins = [f"http://{host}:{port}" for host in (HOST, "localhost") for port in ports]
    await apps.change_policy(core, new.app, {"allowed_origins": origins})
    return Customer(settings.public, new.app.slug, new.signing_secret, new.api_key, ports)


class _Backend(Listener):
    """Ends when Acquaint does, and leaves signals to it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _served(
    kind: type[Listener], app: ASGIApp, listening: list[socket.socket], stops: Callable[[], Awaitable[None]]
) -> AsyncIterator[asyncio.Task[None]]:
    listens = asyncio.Event()
    server = kind(configuration(app), listens=listens.set, stops=stops)
    serving = asyncio.create_task(server.serve(listening))
    serving.add_done_callback(lambda _: listens.set())  # it could not
    try:
        await listens.wait()
        yield serving
    finally:
        server.should_exit = True
        await serving


async def _nothing() -> None:
    """The customer's backend has nothing to close."""


def _listening(port: int, *, says_so: bool = True) -> socket.socket:
    """Bound to the port, or to another one where that is taken."""
    try:
        return socket.create_server((HOST, port), backlog=128)
    except (OSError, OverflowError):
        try:
            found = socket.create_server((HOST, 0), backlog=128)
        except OSError as error:
            raise NotReady(f"cannot listen on {HOST}: {error.strerror or error}") from error
        if says_so:
            click.echo(f"Port {port} is taken; this demo is on port {found.getsockname()[1]}.")
        return found


def _open(page: str, server: str) -> None:
    click.echo(f"\n  {click.style(page, bold=True)}   the page to play by hand")
    click.echo(f"  {server}   Acquaint, with a fresh App “{NAME}”\n")


def _tell(sentence: str, fact: str, held: bool) -> None:
    mark = click.style("✓", fg="green", bold=True) if held else click.style("✗", fg="red", bold=True)
    click.echo(f"  {mark} {sentence}")
    click.echo(click.style(f"      {fact}", dim=held, fg=None if held else "red"))


def _end(holds: bool) -> bool:
    if holds:
        click.echo(f"\n  All {len(STEPS)} steps hold.\n")
    else:
        click.echo("\nThe story does not hold: see the step marked ✗.\n", err=True)
    return holds


def _stay(page: str) -> None:
    click.echo(f"\n  All {len(STEPS)} steps hold. Now play it by hand: {click.style(page, bold=True)}")
    click.echo("  Ctrl-C ends the demo and removes everything it made.\n")
    sys.stdout.flush()
