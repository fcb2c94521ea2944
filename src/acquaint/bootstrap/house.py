"""A core that serves, with the tasks that go on beside requests, and the ASGI application in front of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..adapters.argon2 import OWASP
from ..domain.errors import Busy
from ..ports.crypto import Clock
from ..services import sealing, sessions
from ..services.core import Core
from ..services.delivering import Courier
from ..settings import Settings
from .parts import Parts, open_parts, utc_now
from .tasks import kept_running, running, tasks_of

if TYPE_CHECKING:
    import argon2

    from ..dialects.qiscus.broker import Broker
    from ..realtime.hub import Hub
    from ..web.edge import Edge
    from ..web.health import Gauges, Health, Requests
    from ..web.refusals import Refusals


@dataclass(frozen=True)
class House:
    """A core that serves, and what lives through time beside it."""

    settings: Settings
    core: Core
    hub: Hub
    broker: Broker
    requests: Requests
    refusals: Refusals
    health: Health

    async def stop_serving(self) -> None:
        """No more visitors: load balancers are told, and live sockets closed so that clients go elsewhere."""
        self.health.stop_serving()
        await self.hub.close()


@contextlib.asynccontextmanager
async def open_house(
    settings: Settings, *, clock: Clock = utc_now, hashing: argon2.Parameters = OWASP
) -> AsyncIterator[House]:
    """A house with its tasks running. An embedded database is made and migrated first; others must be ready."""
    from ..dialects.qiscus.broker import Broker
    from ..realtime.hub import Hub
    from ..web.health import Health, Requests
    from ..web.refusals import Refusals

    async with open_parts(settings, makes_database=True, clock=clock, hashing=hashing) as parts:
        core = parts.core
        await sealing.seal_what_is_clear(core)
        hub, requests, refusals, courier = Hub(core), Requests(), Refusals(), Courier(core)
        broker = Broker(core, hub)
        health = Health(core.store, core.bus, requests, refusals, _gauges(parts, hub), settings.metrics_allow)
        house = House(settings, core, hub, broker, requests, refusals, health)
        core.bus.add(core.recognised)
        core.known_apps.listen_to(core.bus)
        core.known_newest.listen_to(core.bus)
        core.bus.add(hub)
        core.bus.add(courier)
        try:
            async with running([*tasks_of(settings, core, parts.store, courier), kept_running("attendance", hub.run)]):
                yield house
        finally:
            await hub.close()
            with contextlib.suppress(Busy):
                await sessions.write_behind(core)


def build_app(house: House) -> Edge:
    """The ASGI application. ``scope["type"]`` is http or websocket; there is no lifespan, that is the house's."""
    from ..dialects import ALL
    from ..dialects.connectycube.chat import PATH as CHAT
    from ..dialects.connectycube.chat import Chat
    from ..dialects.kustomer.chat.event_socket import PATH as EVENTS
    from ..dialects.kustomer.chat.event_socket import Events
    from ..dialects.qiscus.broker import PATH as MQTT
    from ..realtime.live import AppLive, Live
    from ..web.edge import Edge
    from ..web.health import own_words
    from ..web.switchboard import Switchboard
    from ..widget import routes as widget

    own = own_words(house.health, widget())
    return Edge(
        house.core,
        Switchboard([*ALL, own], others=own, refused=house.refusals.seen),
        {
            "/acquaint/v1/live": Live(house.core, house.hub),
            "/acquaint/v1/app/live": AppLive(house.core, house.hub.backends),
            CHAT: Chat(house.core, house.hub),
            MQTT: house.broker,
            EVENTS: Events(house.core, house.hub, refused=house.refusals.seen),
        },
        trusted_proxies=house.settings.trusted_proxies,
        seen=house.requests.seen,
        logs_reads=house.settings.log_reads,
        hub=house.hub,
    )


def _gauges(parts: Parts, hub: Hub) -> Gauges:
    from ..web.health import Gauges

    core, hasher = parts.core, parts.hasher

    return Gauges(
        {
            "sessions_remembered": ("Sessions in memory.", lambda: len(core.recognised)),
            "sockets_open": ("Live connections.", lambda: len(hub)),
            "passwords_waiting": ("Passwords that wait or are being hashed.", lambda: hasher.unfinished),
            "bus_whole": ("1 while events of other nodes are heard.", lambda: core.bus.is_whole),
            "bus_messages_not_believed": (
                "Messages on the bus that no node sealed, or that came late or twice.",
                lambda: core.bus.not_believed,
            ),
        }
    )
