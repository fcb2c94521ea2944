"""Listens until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import ssl
from dataclasses import replace
from typing import Final

import structlog

from .. import __version__
from ..settings import Settings, strangers, without_password
from .house import build_app, open_house
from .readiness import NotReady

COLLECTED_AFTER: Final = 50_000
"""Objects that are made, and not given back, until the collector looks for circles among them. Python's 700 are had by
reading one message made for it, and its collector took ten times as long as reading: a page of them stopped the server
for a second. Higher would keep more of what nobody needs, some MiB for each 50,000.

Watched for ten minutes of mixed load beside a server with Python's threshold: as many requests filled 114 MiB here and
110 there at its end, and both grew alike before, by what caches remember."""

log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Listens until SIGTERM or SIGINT; then accepts nobody, closes live sockets, finishes requests, writes behind."""
    import uvloop

    from ..web import logs

    logs.set_up(settings.log_level, settings.log_format)
    _warn(settings)
    with contextlib.ExitStack() as sockets:
        listening = sockets.enter_context(_listening(settings.host, settings.port))
        mqtt = sockets.enter_context(_listening(settings.host, settings.mqtt_port)) if settings.mqtt_port else None
        runner = sockets.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        runner.run(_serve(replace(settings, port=listening.getsockname()[1]), listening, mqtt))


async def _serve(settings: Settings, listening: socket.socket, mqtt: socket.socket | None) -> None:
    from ..dialects.qiscus import tcp
    from ..web.listening import Listener, configuration

    async with open_house(settings) as house, contextlib.AsyncExitStack() as beside:
        config = configuration(build_app(house), tls_cert=settings.tls_cert, tls_key=settings.tls_key)
        try:
            config.load()
        except (OSError, ssl.SSLError) as error:
            raise NotReady(f"{settings.tls_cert} and {settings.tls_key} cannot be used: {error}") from error
        if mqtt is not None:
            await beside.enter_async_context(tcp.listening(house.broker, mqtt, config.ssl))
        collect_seldom()
        await Listener(
            config,
            listens=lambda: log.info(
                "serving",
                url=settings.listens_at,
                database=without_password(settings.database),
                version=__version__,
                pid=os.getpid(),
            ),
            stops=house.stop_serving,
        ).serve([listening])
        log.info("stopping")
    log.info("stopped")


def collect_seldom() -> None:
    """From now on. What the program itself is made of stays, and is not looked at any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER, 20, 20)
    gc.enable()


def _listening(host: str, port: int) -> socket.socket:
    """Bound before anything else is done: a second server on the same port does not get as far as the database."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise NotReady(f"cannot listen on {host} port {port}: {error.strerror or error}") from error


def _warn(settings: Settings) -> None:
    if not settings.limits:
        log.warning("limits_are_off", why="ACQUAINT_LIMITS says so; anybody may guess passwords as fast as they can")
    for name in strangers():
        log.warning("setting_unknown", name=name, why="it looks like a setting of this server and is none")
