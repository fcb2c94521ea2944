"""Attack 10: finding out who is a customer (better-auth #10605, CVE-2024-39329).

Without the defence the difference is a word, a header, a limit that is reached sooner, or the time of one hash.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest

from acquaint.adapters.argon2 import OWASP, Argon2Hasher
from acquaint.bootstrap import build_app, open_house
from acquaint.services import apps
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, eve
from tests.journeys.shop import Shop
from tests.support.clock import SetClock

OF_EACH_REQUEST = ("x-request-id", "date")

Asking = Callable[[str], Awaitable[httpx2.Response]]


def whole(answer: httpx2.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Everything that a stranger sees of an answer."""
    headers = [(name, value) for name, value in answer.headers.items() if name not in OF_EACH_REQUEST]
    return answer.status_code, headers, answer.content


async def all_alike(asking: Asking, names: list[str]) -> tuple[int, list[tuple[str, str]], bytes]:
    (answer,) = {str(seen): seen for seen in [whole(await asking(it)) for it in names]}.values()
    return answer


@pytest.fixture
async def names(shop: Shop) -> list[str]:
    """Of customers of every kind, and of nobody. All but Eve's are somebody's, or were."""
    await shop.registers(ann)
    await shop.vouches(login=ben.login)
    banned, gone = await shop.logs_in("banned", ann.password), await shop.logs_in("gone", ann.password)
    await shop.server("PUT", f"/users/{banned.user}/ban")
    await shop.server("DELETE", f"/users/{gone.user}")
    return [ann.login, ben.login, "banned", "gone", eve.login]


@pytest.fixture
async def addresses(shop: Shop, names: list[str]) -> list[str]:
    """Of customers who proved theirs, who registered with it, who have no password, and of nobody."""
    proved = await shop.vouches(email=ann.email)
    await shop.server("PUT", f"/users/{proved.user}/password", {"password": ann.password})
    await shop.native("POST", "/users", {"app": shop.slug, "email": "r@example.com", "password": ann.password})
    await shop.vouches(email=ben.email)
    banned = await shop.vouches(email="banned@example.com")
    await shop.server("PUT", f"/users/{banned.user}/ban")
    return [ann.email, "r@example.com", ben.email, "banned@example.com", eve.email]


async def test_a_wrong_password_answers_alike_for_customers_and_for_nobody(shop: Shop, names: list[str]) -> None:
    status, headers, _ = await all_alike(lambda it: shop.arriving(login=it, password="not it at all"), names)
    assert status == 401
    assert not [name for name, _ in headers if "limit" in name]


async def test_so_it_does_for_addresses(shop: Shop, addresses: list[str]) -> None:
    status, _, _ = await all_alike(lambda it: shop.arriving(email=it, password="not it at all"), addresses)
    assert status == 401


async def test_so_it_does_where_a_first_login_would_register_if_the_app_lets_nobody(
    shop: Shop, names: list[str]
) -> None:
    """While it does, a free name is told from a taken one: the READMEs say so, and what to do about it."""
    told = {(await shop.logging_in(it, "not it at all")).status_code for it in (ann.login, "somebody-new")}
    assert told == {200, 401}
    await shop.server("PATCH", "/policy", {"registers_on_login": False})
    status, _, _ = await all_alike(lambda it: shop.logging_in(it, "not it at all"), names)
    assert status == 401
    native: Asking = lambda it: shop.arriving(login=it, password="not it at all", register=True)  # noqa: E731
    status, _, _ = await all_alike(native, names)
    assert status == 401


@pytest.mark.parametrize("password", ["x", "12345678"])
async def test_nor_does_a_weak_password_tell_where_nobody_registers(
    shop: Shop, names: list[str], password: str
) -> None:
    await shop.server("PATCH", "/policy", {"registers_on_login": False})
    native: Asking = lambda it: shop.arriving(login=it, password=password, register=True)  # noqa: E731
    await all_alike(native, names)
    register: Asking = lambda it: shop.native(  # noqa: E731
        "POST", "/users", {"app": shop.slug, "login": it, "password": password}
    )
    await all_alike(register, names)
    await all_alike(lambda it: shop.logging_in(it, password), names)


async def test_asking_for_a_new_password_answers_alike_and_before_anything_is_sent(
    shop: Shop, addresses: list[str], settings: Settings
) -> None:
    def ask(address: str) -> Awaitable[httpx2.Response]:
        return shop.native("POST", "/password-resets", {"app": shop.slug, "email": address})

    status, _, body = await all_alike(ask, addresses)
    assert (status, body) == (202, b"")
    assert len(list((settings.data / "outbox").iterdir())) == 2, "who proved it, and who registered with it"


async def test_limits_are_reached_as_soon_for_nobody_as_for_somebody(shop: Shop, names: list[str]) -> None:
    async def tries(name: str) -> list[tuple[int, str | None]]:
        answers = [await shop.arriving(login=name, password="not it at all") for _ in range(23)]
        return [(it.status_code, it.json().get("retry_after")) for it in answers]

    somebody, nobody, without = [await tries(it) for it in (ann.login, eve.login, ben.login)]
    assert somebody == nobody == without
    assert [it for it, _ in somebody].index(429) == 20

    async def resets(address: str) -> list[int]:
        body = {"app": shop.slug, "email": address}
        return [(await shop.native("POST", "/password-resets", body)).status_code for _ in range(5)]

    await shop.vouches(email=ann.email)
    assert await resets(ann.email) == await resets(eve.email) == [202, 202, 202, 429, 429]


async def test_nobody_looks_customers_up_by_inviting_them(shop: Shop, other: Shop) -> None:
    """A foreign user, a visitor, a deleted one and nobody at all are one answer."""
    eves = await shop.registers(eve)
    elsewhere, gone = await other.registers(ann), await shop.registers(ben)
    visitor = await shop.arrives()
    await visitor.says("hello")
    visitor_id = (await visitor.gets("GET", "/session"))["session"]["user_id"]
    await shop.server("DELETE", f"/users/{gone.user}")

    def invite(user: str) -> Awaitable[httpx2.Response]:
        return eves.ask("POST", "/conversations", {"kind": "direct", "users": [user]})

    status, _, _ = await all_alike(invite, [str(elsewhere.user), str(gone.user), visitor_id, "1"])
    assert status == 404


async def test_a_wrong_secret_of_an_app_answers_like_a_wrong_user(shop: Shop) -> None:
    answers = [
        await shop.http.get(
            "/api/v2.1/rest/user_profile",
            params={"user_id": it},
            headers={"QISCUS-SDK-APP-ID": shop.slug, "QISCUS-SDK-SECRET": "acqx_wrong"},
        )
        for it in (ann.login, "nobody")
    ]
    assert whole(answers[0]) == whole(answers[1])


@pytest.fixture
async def slow(settings: Settings, clock: SetClock) -> AsyncIterator[Shop]:
    """A shop whose passwords are hashed as in earnest."""
    async with open_house(settings, clock=clock, hashing=OWASP) as house:
        transport = httpx2.ASGITransport(build_app(house), client=("203.0.113.8", 40000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://acquaint.test") as http:
            yield Shop.of(http, Cast(await apps.create(house.core, "Acme")), clock)


async def test_work_tells_nothing_either(slow: Shop) -> None:
    """Work is the CPU time of this process, so that a busy machine does not matter."""
    await slow.registers(ann)
    await slow.vouches(login=ben.login)
    await slow.server("PATCH", "/policy", {"registers_on_login": False})

    async def work(asking: Callable[[], Awaitable[Any]]) -> float:
        spent = []
        for _ in range(5):
            began = time.process_time()
            await asking()
            spent.append(time.process_time() - began)
        return statistics.median(spent)

    hasher = Argon2Hasher(OWASP, threads=1)
    one_hash = await work(lambda: hasher.hash("a rowing boat"))
    hasher.close()
    for door in (
        lambda name: slow.arriving(login=name, password="not it at all"),
        lambda name: slow.logging_in(name, "not it at all"),
    ):
        somebody, without, nobody = [
            await work(lambda name=name, door=door: door(name))  # type: ignore[misc]
            for name in (ann.login, ben.login, eve.login)
        ]
        assert somebody > one_hash / 2, "there is something to tell"
        assert abs(somebody - nobody) < one_hash / 2
        assert abs(somebody - without) < one_hash / 2
    registered, proven = "registered@example.com", ann.email
    await slow.vouches(email=proven)
    known = await work(lambda: slow.arriving(email=proven, password="not it at all"))
    unknown = await work(lambda: slow.arriving(email=registered, password="not it at all"))
    assert abs(known - unknown) < one_hash / 2
