"""Attack 24: getting around a limit by being somebody else each time: by header, by address, by name.

The limits' own memory is tried in ``test_24_limits``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from ipaddress import ip_network

import httpx2
import pytest

from acquaint.bootstrap import House, build_app
from acquaint.domain.errors import InvalidCredentials, TooManyRequests
from acquaint.domain.identities import Identifier
from acquaint.services import limits, sign_in
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.services.doors import at, registered

PER_LOGIN_AND_ADDRESS = limits.PASSWORDS_PER_LOGIN_AND_ADDRESS.times
PER_ADDRESS = limits.PASSWORDS_PER_ADDRESS.times
PER_LOGIN = limits.PASSWORDS_PER_LOGIN.times
PROXY = "10.0.0.1"


async def guesses_until_refused(
    core: Core, acme: Cast, who: Callable[[int], Identifier], address: Callable[[int], str]
) -> int:
    """How many passwords somebody may guess who changes name or address each time."""
    for number in range(1000):
        try:
            await sign_in.sign_in(core, acme.app, who(number), "guess", at(address=address(number)))
        except InvalidCredentials:
            continue
        except TooManyRequests:
            return number
    return 1000


async def test_guessing_from_one_address_at_one_name_is_over_soonest(core: Core, acme: Cast) -> None:
    assert await guesses_until_refused(core, acme, lambda _: ann.by_login, lambda _: "203.0.113.9") in range(
        PER_LOGIN_AND_ADDRESS, PER_LOGIN_AND_ADDRESS + 3
    )


async def test_many_names_from_one_address_are_one_party(core: Core, acme: Cast) -> None:
    """Spraying one password over many users."""
    through = await guesses_until_refused(core, acme, lambda it: Identifier.login(f"u{it}"), lambda _: "203.0.113.9")
    assert through in range(PER_ADDRESS, PER_ADDRESS + 60)  # some come back while we guess


async def test_one_name_from_many_addresses_is_one_name(core: Core, acme: Cast) -> None:
    """A botnet."""
    through = await guesses_until_refused(
        core, acme, lambda _: ann.by_login, lambda it: f"198.51.{it // 256}.{it % 256}"
    )
    assert through in range(PER_LOGIN, PER_LOGIN + 10)


@pytest.mark.parametrize(
    "address",
    [
        lambda it: f"2001:db8:1:2::{it:x}",  # everybody with IPv6 has so many
        lambda it: f"2001:db8:1:2:{it:x}::1",
        lambda it: f"::ffff:203.0.113.9%{it}",
        lambda it: "203.0.113.9" if it % 2 else "::ffff:203.0.113.9",
        lambda it: "2001:DB8:1:2::1" if it % 2 else "2001:0db8:0001:0002:0000:0000:0000:0001",
    ],
)
async def test_all_spellings_and_neighbours_of_an_address_are_one_party(
    core: Core, acme: Cast, address: Callable[[int], str]
) -> None:
    assert await guesses_until_refused(core, acme, lambda _: ann.by_login, address) in range(
        PER_LOGIN_AND_ADDRESS, PER_LOGIN_AND_ADDRESS + 3
    )


async def test_neighbours_who_are_no_party_are_not_shut_out(core: Core, acme: Cast) -> None:
    await registered(core, acme, ann)
    await guesses_until_refused(core, acme, lambda _: ann.by_login, lambda _: "2001:db8:1:2::1")
    await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at(address="2001:db8:1:3::1"))


@pytest.mark.parametrize(
    "spelling", ["Ann@Example.com", " ann@example.com", "ann@example.com\u00a0", "ANN@EXAMPLE.COM"]
)
async def test_spellings_of_a_name_are_one_name(core: Core, acme: Cast, spelling: str) -> None:
    await guesses_until_refused(core, acme, lambda _: ann.by_email, lambda _: "203.0.113.9")
    with pytest.raises(TooManyRequests):
        await sign_in.sign_in(core, acme.app, Identifier.email(spelling), "guess", at(address="203.0.113.9"))


# over HTTP: what a client may write and what our proxy does


@pytest.fixture
async def behind_a_proxy(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    trusting = replace(house.settings, trusted_proxies=(ip_network("10.0.0.0/24"),))
    transport = httpx2.ASGITransport(build_app(replace(house, settings=trusting)), client=(PROXY, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://acquaint.test") as client:
        yield client


async def over_http(client: httpx2.AsyncClient, headers: Callable[[int], dict[str, str]]) -> int:
    body = {"app": "acme", "login": "ann", "password": "guess guess"}
    for number in range(60):
        answer = await client.post("/acquaint/v1/sessions", json=body, headers=headers(number))
        if answer.status_code == 429:
            return number
        assert answer.status_code == 401
    return 60


def _invented(it: int) -> str:
    return f"192.0.2.{it}"


@pytest.mark.parametrize(
    "headers",
    [
        lambda it: {"X-Forwarded-For": _invented(it)},
        lambda it: {"X-Real-IP": _invented(it), "Forwarded": f"for={_invented(it)}"},
        lambda it: {"X-Client-IP": _invented(it), "CF-Connecting-IP": _invented(it), "True-Client-IP": _invented(it)},
        lambda it: {"User-Agent": f"browser {it}", "X-Request-Id": f"request-{it:08}"},
    ],
)
async def test_a_client_that_writes_another_address_each_time_stays_itself(
    client: httpx2.AsyncClient, core: Core, acme: Cast, headers: Callable[[int], dict[str, str]]
) -> None:
    await registered(core, acme, ann)
    assert await over_http(client, headers) == PER_LOGIN_AND_ADDRESS


async def test_behind_our_proxy_only_what_it_wrote_counts(
    behind_a_proxy: httpx2.AsyncClient, core: Core, acme: Cast
) -> None:
    await registered(core, acme, ann)
    through = await over_http(behind_a_proxy, lambda it: {"X-Forwarded-For": f"{_invented(it)}, 203.0.113.9"})
    assert through == PER_LOGIN_AND_ADDRESS
    another = await over_http(behind_a_proxy, lambda it: {"X-Forwarded-For": "203.0.113.9, 203.0.113.10"})
    assert another == PER_LOGIN_AND_ADDRESS


async def test_believing_the_leftmost_would_let_anybody_guess_for_ever(
    behind_a_proxy: httpx2.AsyncClient, core: Core, acme: Cast
) -> None:
    """The attack as it would work: here each client really is another one, as the leftmost address would have it."""
    await registered(core, acme, ann)
    assert await over_http(behind_a_proxy, lambda it: {"X-Forwarded-For": f"198.51.100.{it}"}) == 60
