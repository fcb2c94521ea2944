"""Attack 10: finding out who has an account by what it costs to be refused: hashes, reads and writes, counted.

What is answered, and how long it takes, is in ``test_10_enumeration``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from acquaint.domain.errors import Doubt, InvalidCredentials, Refusal
from acquaint.domain.identities import NO_CHANGE, Identifier
from acquaint.services import recovery, sign_in
from acquaint.services.core import Core
from tests.cast import Cast, Person, ann, ben, eve
from tests.services.doors import allow, at, registered, verified


class Counting:
    """A core that counts what is done: the real one does it."""

    def __init__(self, core: Core) -> None:
        self.done: Counter[str] = Counter()
        self.core = replace(core, store=_Store(core.store, self.done), hasher=_Counted(core.hasher, self.done))

    async def cost(self, attempt: Callable[[Core], Awaitable[Any]]) -> Counter[str]:
        self.done.clear()
        with suppress(Refusal):
            await attempt(self.core)
        return Counter(self.done)


class _Counted:
    def __init__(self, it: Any, done: Counter[str]) -> None:
        self._it, self._done = it, done

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._it, name)

        async def counted(*args: Any, **named: Any) -> Any:
            self._done[name] += 1
            return await method(*args, **named)

        return counted if name in ("hash", "verify") else method


class _Store:
    def __init__(self, store: Any, done: Counter[str]) -> None:
        self._store, self._done = store, done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        self._done["read"] += 1
        async with self._store.read() as tx:
            yield tx

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        self._done["write"] += 1
        async with self._store.write() as tx:
            yield tx


async def _everybody(core: Core, acme: Cast) -> dict[str, Person]:
    """Ann has a password, Ben has none and came by the App's server, Eve is nobody."""
    await registered(core, acme, ann)
    await verified(core, acme, ben)
    return {"has a password": ann, "has none": ben, "is nobody": eve}


async def test_a_wrong_password_costs_the_same_whoever_is_asked_for(core: Core, acme: Cast) -> None:
    people = await _everybody(core, acme)
    counting = Counting(core)
    costs = {
        name: await counting.cost(
            lambda core, who=who: sign_in.sign_in(core, acme.app, who.by_login, "wrong", at())  # type: ignore[misc]
        )
        for name, who in people.items()
    }
    assert costs["is nobody"] == {"read": 1, "verify": 1, "write": 1}
    assert len({tuple(sorted(it.items())) for it in costs.values()}) == 1


async def test_where_nobody_registers_a_first_login_costs_what_a_wrong_password_does(core: Core, acme: Cast) -> None:
    people = await _everybody(core, acme)
    app = await allow(core, acme, registers_on_login=False)
    counting = Counting(core)
    costs = [
        await counting.cost(
            lambda core, who=who: sign_in.login_or_register(  # type: ignore[misc]
                core, app, who.by_login, "wrong wrong", NO_CHANGE, at()
            )
        )
        for who in people.values()
    ]
    assert costs[0] == costs[1] == costs[2]


async def test_without_the_pretended_hash_an_unknown_name_would_cost_nothing(core: Core, acme: Cast) -> None:
    """The attack as it would work: only a known name makes us hash, and a hash takes a thousand times as long."""
    await registered(core, acme, ann)
    counting = Counting(core)

    async def naive(core: Core, who: Identifier) -> None:
        async with core.store.read() as tx:
            user = await tx.users.find(acme.app.id, who)
            hashed = await tx.users.password_hash(user.id) if user else None
        if hashed is None or not await core.hasher.verify("wrong", hashed):
            raise InvalidCredentials(Doubt.WRONG_PASSWORD)

    known = await counting.cost(lambda core: naive(core, ann.by_login))
    unknown = await counting.cost(lambda core: naive(core, eve.by_login))
    assert known != unknown


async def test_asking_for_a_new_password_costs_the_same_before_it_is_answered(core: Core, acme: Cast) -> None:
    people = await _everybody(core, acme)
    counting = Counting(core)
    costs = [
        await counting.cost(lambda core, who=who: recovery.ask(core, acme.app, who.by_email, "203.0.113.7"))  # type: ignore[misc]
        for who in people.values()
    ]
    assert costs[0] == costs[1] == costs[2] == Counter()
