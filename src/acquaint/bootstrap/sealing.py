"""Which keys secrets are sealed with: those of the setting, or those of a file in the data directory.

The file is made when it is needed for the first time, and never where something is sealed already: a second key could
not open it.

    keys_of      those there are, if there are any yet; nodes have the same, and seal what they tell each other
    sealing_of   seals with them
    key_file     where the server's own are
    prepare      the keys are there, and everybody else's can be opened with them
    forget       all but one that is lost
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ..adapters.sealing import AesSealing, KeyFile, key_of
from ..services import sealing as service
from ..services.core import Core
from ..settings import Settings
from .readiness import NotReady

FILE: Final = "secret.keys"


def keys_of(settings: Settings) -> Callable[[], Sequence[bytes]]:
    """The newest first, whenever it is asked. Those of a file may raise OSError and ValueError then."""
    if not settings.secret_keys:
        return key_file(settings).keys
    try:
        keys = [key_of(it) for it in settings.secret_keys]
    except ValueError as error:
        raise NotReady(f"ACQUAINT_SECRET_KEYS: {error}") from None
    return lambda: keys


def sealing_of(settings: Settings) -> AesSealing:
    return AesSealing(keys_of(settings))


def key_file(settings: Settings) -> KeyFile:
    return KeyFile(settings.data / FILE)


async def prepare(settings: Settings, core: Core) -> None:
    try:
        if core.sealing.newest is None:
            _refuse_to_go_without(await service.needed(core), settings)
            _make_key_file(settings)
        _refuse_to_go_without(await service.agree(core), settings)
    except (OSError, ValueError) as error:
        raise NotReady(f"there is no key to seal secrets with: {error}") from error


async def forget(settings: Settings, core: Core, key_id: str) -> int:
    """The server goes on without a key that is lost, and with another; answers how many secrets are lost with it.

    Refuses with NotFound.
    """
    lost = await service.forget(core, key_id)
    if core.sealing.newest is None:
        _make_key_file(settings)
    await service.agree(core)
    return lost


def _make_key_file(settings: Settings) -> None:
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_file(settings).make()


def _refuse_to_go_without(missing: Sequence[str], settings: Settings) -> None:
    """Making another key here would only hide that secrets cannot be opened."""
    if missing:
        place = "ACQUAINT_SECRET_KEYS" if settings.secret_keys else str(key_file(settings).path)
        raise NotReady(
            f"secrets in the database are sealed with {', '.join(missing)}, which is not in {place}: put the key back,"
            " or give every node the same ACQUAINT_SECRET_KEYS; if it is lost, `acquaint sealing forget KEY`"
        )
