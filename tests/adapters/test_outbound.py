"""Asking others over HTTP. What must not be reached is in tests/attacks/test_21_outbound.py."""

from __future__ import annotations

import gzip
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from acquaint.adapters.guard import Guard, is_public
from acquaint.adapters.outbound import GuardedOutbound
from acquaint.ports.outbound import Answer, NoAnswer, NotAllowed
from tests.support.certificates import Authority
from tests.support.web import answering, page


async def at_home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def outbound(*allow: str, **options: Any) -> AsyncIterator[GuardedOutbound]:
    made = GuardedOutbound(allow, **{"resolve": at_home, **options})
    yield made
    await made.close()


async def test_a_question_gets_its_answer() -> None:
    async with (
        answering(page(b'{"ok":true}', "201 Created", Content_Type="application/json", X_Twice="1")) as server,
        outbound("idp.intern") as asking,
    ):
        answer = await asking.ask(
            "POST",
            f"http://idp.intern:{server.port}/check?x=1#part",
            headers={"X-Api-Key": "k"},
            content=b'{"who":"ann"}',
        )
    assert (answer.status, answer.body) == (201, b'{"ok":true}')
    assert answer.headers["content-type"] == "application/json"
    (asked,) = server.asked
    head, _, body = asked.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /check?x=1 HTTP/1.1\r\n")
    assert f"Host: idp.intern:{server.port}".encode() in head
    assert b"X-Api-Key: k" in head
    assert b"Acquaint/" in head
    assert body == b'{"who":"ann"}'


async def test_the_certificate_is_checked_against_the_name_and_the_connection_goes_to_the_address(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    async with (
        answering(page(b"it is me"), tls=authority.server("idp.example")) as server,
        outbound("127.0.0.0/8", tls=authority.client()) as asking,
    ):
        assert (await asking.ask("GET", f"https://idp.example:{server.port}/")).body == b"it is me"
        with pytest.raises(NoAnswer, match="certificate"):
            await asking.ask("GET", f"https://other.example:{server.port}/")
        with pytest.raises(NoAnswer, match="certificate"):
            await asking.ask("GET", f"https://127.0.0.1:{server.port}/")
    async with answering(page(b""), tls=authority.server("idp.example")) as server, outbound("idp.example") as asking:
        with pytest.raises(NoAnswer, match="certificate"):  # nobody on this machine knows the tests' authority
            await asking.ask("GET", f"https://idp.example:{server.port}/")
    assert server.asked == []


async def test_a_packed_answer_is_unpacked() -> None:
    text = b"much of the same " * 1000
    async with (
        answering(page(gzip.compress(text), Content_Encoding="gzip")) as server,
        outbound("idp.intern") as asking,
    ):
        assert (await asking.ask("GET", f"http://idp.intern:{server.port}/")).body == text


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "rot13"])
async def test_an_answer_packed_otherwise_is_none(encoding: str) -> None:
    async with answering(page(b"xyz", Content_Encoding=encoding)) as server, outbound("idp.intern") as asking:
        with pytest.raises(NoAnswer, match="packed"):
            await asking.ask("GET", f"http://idp.intern:{server.port}/")


@pytest.mark.parametrize(
    "body",
    [b"no gzip at all", gzip.compress(b"x" * 10_000)[:-9], gzip.compress(b"x") + b"more"],
    ids=["nothing packed", "cut off", "more behind the end"],
)
async def test_an_answer_that_is_not_packed_as_it_says_is_none(body: bytes) -> None:
    async with answering(page(body, Content_Encoding="gzip")) as server, outbound("idp.intern") as asking:
        with pytest.raises(NoAnswer):
            await asking.ask("GET", f"http://idp.intern:{server.port}/")


async def test_an_answer_may_be_as_large_as_asked_for_and_not_a_byte_larger() -> None:
    async with answering(page(b"x" * 1000)) as server, outbound("idp.intern") as asking:
        url = f"http://idp.intern:{server.port}/"
        assert len((await asking.ask("GET", url, at_most=1000)).body) == 1000
        with pytest.raises(NoAnswer, match="larger than 999 bytes"):
            await asking.ask("GET", url, at_most=999)


@pytest.mark.parametrize(
    "nonsense", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"]
)
async def test_nonsense_and_silence_are_no_answer(nonsense: bytes) -> None:
    async with answering(nonsense) as server, outbound("idp.intern") as asking:
        with pytest.raises(NoAnswer):
            await asking.ask("GET", f"http://idp.intern:{server.port}/")


async def test_a_host_that_is_not_there_or_has_no_address_is_no_answer() -> None:
    async with answering(b"") as gone, outbound("idp.intern") as asking:
        pass
    async with outbound("idp.intern") as asking:
        with pytest.raises(NoAnswer):
            await asking.ask("GET", f"http://idp.intern:{gone.port}/")

    async def nowhere(host: str, port: int) -> list[str]:
        return []

    async def unknown(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    for resolve in (nowhere, unknown):
        async with outbound("idp.intern", resolve=resolve) as asking:
            with pytest.raises(NoAnswer):
                await asking.ask("GET", "http://idp.intern/")


async def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with answering(page(b"here")) as server, outbound("idp.intern", resolve=two) as asking:
        assert (await asking.ask("GET", f"http://idp.intern:{server.port}/")).body == b"here"


async def test_the_machines_own_resolver_is_asked_when_no_other_is_given() -> None:
    async with answering(page(b"here")) as server:
        asking = GuardedOutbound(["localhost"])
        assert (await asking.ask("GET", f"http://localhost:{server.port}/")).body == b"here"
        with pytest.raises(NoAnswer):
            await asking.ask("GET", "https://no-such-name.invalid/")
        await asking.close()


async def test_a_wrong_status_is_an_answer() -> None:
    async with answering(page(b"no", "503 Service Unavailable")) as server, outbound("idp.intern") as asking:
        answer = await asking.ask("GET", f"http://idp.intern:{server.port}/")
    assert answer == Answer(503, {"content-length": "2"}, b"no")


# The guard


@pytest.mark.parametrize(
    "entry",
    ["", " ", "http://idp.intern", "idp.intern:8080", "10.0.0.0/33", "*", "*.intern", "a b", "127.1", "0x7f.1", "10"],
)
def test_an_allow_list_with_a_mistake_in_it_is_refused_at_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="host"):
        Guard([entry])


@pytest.mark.parametrize(
    "entry", ["10.0.0.0/8", "10.1.2.3", "10.0.0.1/8", "fd00::/8", "[::1]", "IDP.intern.", "my_host", "xn--strae-oqa.de"]
)
def test_hosts_and_networks_are_understood(entry: str) -> None:
    Guard([entry])


def test_one_address_that_is_not_allowed_spoils_the_whole_host() -> None:
    guard = Guard(["10.1.0.0/16"])
    assert guard.check("idp.example", ["93.184.216.34", "10.1.2.3"], is_encrypted=True)
    with pytest.raises(NotAllowed):
        guard.check("idp.example", ["93.184.216.34", "10.2.0.1"], is_encrypted=True)
    with pytest.raises(NotAllowed, match="only https"):
        guard.check("idp.example", ["93.184.216.34"], is_encrypted=False)
    assert guard.check("idp.example", ["::ffff:10.1.2.3"], is_encrypted=False)


def test_public_is_what_everybody_reaches() -> None:
    for public in ("8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"):
        assert is_public(ipaddress.ip_address(public)), public
