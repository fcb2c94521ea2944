"""The keys that secrets are sealed with: which of them are needed, and sealing everything with the newest.

needed, agree       whether this process can open what is there, and that others know what it seals with
missing, count      which keys are not here, and how many secrets are sealed with each
seal_what_is_clear  what an older version wrote
reseal              everything with the newest key; keys that nothing is sealed with are forgotten
forget              a key that is lost
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

import structlog

from ..domain.errors import Busy, CannotOpen, NotFound
from ..ports.store.sealed import KeptSecret, Place
from .core import Core

log = structlog.get_logger()

AT_ONCE: Final = 200  # secrets, in one transaction
MOST_TRIES: Final = 8  # nodes that start at the same moment


async def missing(core: Core) -> list[str]:
    """The ids of keys that something may be sealed with and that this process does not have."""
    async with core.store.read() as tx:
        known = await tx.sealed.keys()
    return [it for it in known if not core.sealing.knows(it)]


async def needed(core: Core) -> list[str]:
    """The ids of all keys that are known, or that anything is sealed with. Looks at every secret."""
    async with core.store.read() as tx:
        known = await tx.sealed.keys()
    return list(dict.fromkeys([*known, *(it for it in await count(core) if it is not None)]))


async def agree(core: Core) -> list[str]:
    """Says which key this process seals with, so that no other starts without it; answers what is ``missing``."""
    newest = core.sealing.newest
    async with core.store.read() as reading:
        known = await reading.sealed.keys()
    for _ in range(MOST_TRIES):
        lost = [it for it in known if not core.sealing.knows(it)]
        if lost or newest is None or newest in known:
            return lost
        async with core.store.write() as tx:
            known = await tx.sealed.keys()
            if all(core.sealing.knows(it) for it in known) and await tx.sealed.add_key(newest):
                return []
    raise Busy


async def count(core: Core) -> Counter[str | None]:
    """How many secrets are sealed with each key, by its id; None for those in clear."""
    found: Counter[str | None] = Counter()
    async for some in _walk(core):
        found.update(it.key_id for it in some)
    return found


async def seal_what_is_clear(core: Core) -> int:
    """Any number of processes may do so at once, and stop in the middle. Answers how many it sealed."""
    sealed = 0
    async for some in _walk(core):
        sealed += (await _seal(core, [it for it in some if it.key_id is None]))[0]
    if sealed:
        log.info("secrets_sealed", secrets=sealed)
    return sealed


async def reseal(core: Core) -> tuple[int, int]:
    """Seals with the newest key what is not; answers how many it sealed, and how many cannot be opened.

    Raises CannotOpen where a key is missing that is not known to be lost.
    """
    if away := await agree(core):
        raise CannotOpen(f"what is sealed with {', '.join(away)}", "this server does not have that key")
    newest, sealed, lost = core.sealing.newest, 0, 0
    async for some in _walk(core):
        of_these = await _seal(core, [it for it in some if it.key_id != newest])
        sealed, lost = sealed + of_these[0], lost + of_these[1]
    still = await count(core)
    async with core.store.write() as tx:
        for it in await tx.sealed.keys():
            if it != newest and not still[it]:
                await tx.sealed.forget_key(it)
    return sealed, lost


async def forget(core: Core, key_id: str) -> int:
    """The server starts without that key from now on; answers how many secrets cannot be opened. NotFound."""
    async with core.store.write() as tx:
        if not await tx.sealed.forget_key(key_id):
            raise NotFound("key")
    return (await count(core))[key_id]


async def _walk(core: Core) -> AsyncIterator[list[KeptSecret]]:
    after: Place | None = None
    while True:
        async with core.store.read() as tx:
            part = await tx.sealed.some(after, AT_ONCE)
        yield part.items
        if part.next is None:
            return
        after = part.next


async def _seal(core: Core, secrets: list[KeptSecret]) -> tuple[int, int]:
    """How many were sealed, and how many cannot be opened. One that was written anew meanwhile is sealed already."""
    sealed = lost = 0
    if secrets:
        async with core.store.write() as tx:
            for it in secrets:
                try:
                    sealed += await tx.sealed.seal_anew(it)
                except CannotOpen as error:
                    lost += 1
                    log.error("secret_cannot_be_opened", secret=it.about, why=str(error))
    return sealed, lost
