"""What the process remembers of Apps: nothing that another process changed a moment ago, and nothing without end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from acquaint.adapters.memory import MemoryBus
from acquaint.bootstrap import open_core
from acquaint.domain.apps import App, AppId, PublicKeys
from acquaint.domain.errors import AppClosed, TokenRefused
from acquaint.domain.events import Event, EventId, EventKind
from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.services.known_apps import NEVER, KnownApp, KnownApps
from acquaint.services.sign_in import sign_in_with_token
from acquaint.settings import Settings
from tests.cast import Cast, ann
from tests.services.doors import at, token_of
from tests.support.clock import SetClock
from tests.support.patience import PROMISED

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)


def known(number: int, *, read_at: datetime = NOON) -> KnownApp:
    app = App(AppId(number), f"app-{number}", "App", PublicKeys("a", "w"), "s", created_at=NOON)
    return KnownApp(app, (), read_at)


def listening(most: int = 10) -> KnownApps:
    memory = KnownApps(A_MINUTE, most)
    memory.listen_to(MemoryBus())
    return memory


async def again_and_again(ask: Callable[[], Awaitable[object]]) -> None:
    """Until it is refused, within what is a second on a quiet machine."""
    with anyio.fail_after(PROMISED):
        while True:
            await ask()
            await anyio.sleep(0.02)


def test_an_app_is_known_by_its_slug_and_its_id() -> None:
    memory = listening()
    it = memory.remember(known(1), epoch=memory.epoch)
    assert memory.get("app-1", NOON) is it
    assert memory.get(AppId(1), NOON) is it
    assert memory.get("app-2", NOON) is None


def test_an_app_is_known_by_its_public_keys_which_are_no_slugs() -> None:
    memory = listening()
    it = memory.remember(known(1), epoch=memory.epoch)
    assert [memory.get(key, NOON, is_public_key=True) for key in ("a", "w", "app-1", "s")] == [it, it, None, None]
    assert memory.get("a", NOON) is None
    memory.heard(Event(EventId(1), AppId(1), EventKind.APP_CHANGED, NOON))
    assert memory.get("w", NOON, is_public_key=True) is None


def test_who_does_not_listen_remembers_nothing() -> None:
    memory = KnownApps(A_MINUTE)
    memory.remember(known(1), epoch=memory.epoch)
    assert memory.get("app-1", NOON) is None


@pytest.mark.parametrize(
    "kind", [EventKind.APP_CHANGED, EventKind.SECRET_ROTATED, EventKind.SECRET_RETIRED, EventKind.SECRET_SHOWN]
)
def test_what_an_event_changed_is_forgotten_and_what_was_read_before_it_is_not_remembered(kind: EventKind) -> None:
    memory = listening()
    memory.remember(known(1), epoch=memory.epoch)
    memory.remember(known(2), epoch=memory.epoch)
    before = memory.epoch
    memory.heard(Event(EventId(1), AppId(1), kind, NOON))
    memory.remember(known(1), epoch=before)
    assert memory.get("app-1", NOON) is None
    assert memory.get("app-2", NOON) is not None


def test_nothing_is_believed_for_long_or_from_the_future_or_after_a_cut() -> None:
    memory = listening()
    for wrong in (NOON + A_MINUTE * 1.1, NOON - A_MINUTE):
        memory.remember(known(1), epoch=memory.epoch)
        assert memory.get("app-1", wrong) is None
    memory.remember(known(1), epoch=NEVER)
    assert memory.get("app-1", NOON) is None
    memory.remember(known(1), epoch=memory.epoch)
    memory.lost()
    assert memory.get("app-1", NOON) is None


def test_so_many_are_remembered_and_no_more() -> None:
    memory = listening(most=2)
    for number in (1, 2, 3):
        memory.remember(known(number), epoch=memory.epoch)
    assert [number for number in (1, 2, 3) if memory.get(AppId(number), NOON)] == [2, 3]


async def test_an_app_that_another_process_closes_is_closed_here_within_a_second(
    core: Core, acme: Cast, settings: Settings
) -> None:
    await apps.by_slug(core, acme.app.slug)
    async with open_core(settings, clock=core.clock) as other:
        await apps.close(other, acme.app)
    with pytest.raises(AppClosed):
        await again_and_again(lambda: apps.by_slug(core, acme.app.slug))


async def test_a_secret_that_another_process_retires_is_believed_for_less_than_a_second(
    core: Core, acme: Cast, settings: Settings, clock: SetClock
) -> None:
    token = token_of(core, acme.signing_secret, email=ann.email)
    await sign_in_with_token(core, acme.app, token, at())
    async with open_core(settings, clock=core.clock) as other:
        clock.forward(seconds=1)  # or chance decides which secret is the older one
        await apps.rotate_secret(other, acme.app)
        await apps.retire_secret(other, acme.app, (await apps.secrets_of(other, acme.app))[0].id)
    with pytest.raises(TokenRefused):
        await again_and_again(lambda: sign_in_with_token(core, acme.app, token, at()))
