"""Attack 21: making the server ask what only it can reach (CVE-2026-55671, GHSA-5rr4-8452-hf4v, CVE-2024-39713)."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from acquaint.adapters.guard import is_public
from acquaint.adapters.outbound import GuardedOutbound
from acquaint.ports.outbound import NoAnswer, NotAllowed
from tests.support.web import answering, page

SECRET = page(b'{"aws_secret":"hush"}')


@asynccontextmanager
async def outbound(*allow: str, **options: Any) -> AsyncIterator[GuardedOutbound]:
    made = GuardedOutbound(allow, **options)
    yield made
    await made.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.1",
        "0177.0.0.1", "127.0.0.1.",
        "[::1]", "[::]", "[::ffff:7f00:1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]", "127。0。0。1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_this_machine_is_not_reached_however_it_is_spelled(scheme: str, host: str) -> None:
    async with answering(SECRET, address="127.0.0.1") as server, outbound() as asking:
        for at in (f"{host}:{server.port}", host):
            with pytest.raises(NotAllowed):
                await asking.ask("GET", f"{scheme}://{at}/")
        assert server.asked == []


def test_the_operating_system_would_have_gone_there() -> None:
    for spelling in ("127.1", "2130706433", "0x7f.1", "0177.0.0.1"):
        assert socket.getaddrinfo(spelling, 80, type=socket.SOCK_STREAM)[0][4][0] == "127.0.0.1"


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192",  # metadata of clouds
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "0.0.0.0", "0.1.2.3",
        "169.254.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1",
        "2001:0:1::1", "2001:db8::1", "3fff::1", "fc00::1", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "100::1",
        "5f00::1", "4000::1", "127.255.255.255",
    ],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_not_followed(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))

    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", address]  # one good address does not make up for it

    async with outbound(resolve=resolve) as asking:
        for scheme in ("http", "https"):
            with pytest.raises(NotAllowed):
                await asking.ask("GET", f"{scheme}://innocent.example/latest/meta-data/")


async def test_a_name_that_changes_its_mind_between_check_and_connection_gains_nothing() -> None:
    """DNS rebinding. 127.0.0.2 stands for the harmless address, 127.0.0.1 for the one inside."""
    looked_up = 0

    async def rebinding(host: str, port: int) -> list[str]:
        nonlocal looked_up
        looked_up += 1
        return ["127.0.0.2"] if looked_up % 2 else ["127.0.0.1"]

    async with answering(page(b"harmless"), address="127.0.0.2") as harmless:  # noqa: SIM117 - it needs the port
        async with answering(SECRET, address="127.0.0.1", port=harmless.port) as inside:
            # Whoever checks the name and then hands it to a client that looks it up again is led inside:
            assert (await rebinding("evil.example", 0)) == ["127.0.0.2"]
            reader, writer = await asyncio.open_connection((await rebinding("evil.example", 0))[0], inside.port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert b"hush" in await reader.read()
            writer.close()
            inside.asked.clear()

            async with outbound("127.0.0.2/32", resolve=rebinding) as asking:
                answer = await asking.ask("GET", f"http://evil.example:{inside.port}/")
                assert answer.body == b"harmless"  # exactly the address that was judged
                assert looked_up == 3
                with pytest.raises(NotAllowed):
                    await asking.ask("GET", f"http://evil.example:{inside.port}/")
            assert inside.asked == []


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "http://127.0.0.1:{port}/",
        "//169.254.169.254/",
        "/again",
    ],
)
async def test_a_redirect_leads_nowhere(location: str) -> None:
    async with answering(SECRET) as inside:
        there = location.replace("{port}", str(inside.port))
        async with (
            answering(page(b"", "302 Found", Location=there)) as outside,
            outbound("idp.intern", resolve=home) as asking,
        ):
            for status_of in ("GET", "POST"):
                answer = await asking.ask(status_of, f"http://idp.intern:{outside.port}/")
                assert (answer.status, answer.body) == (302, b"")
            assert len(outside.asked) == 2
        assert inside.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "", "/", "//127.0.0.1/", "127.0.0.1", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "ftp://example.com/",
        "dict://127.0.0.1:11211/stats", "ldap://127.0.0.1/", "unix:/var/run/docker.sock", "ws://example.com/",
        "javascript:1", "http://", "https:///x", "https://good.example@127.0.0.1/", "https://good.example\\@127.0.0.1/",
        "https://u:p@example.com/", "https://exa mple.com/", "https://example.com\r\nX-Evil: 1/", "https://example.com\0/",
        "https://%6c%6fcalhost/",
        "https://[fe80::1%25lo]/", "https://a..b/", "https://example.com:99999999/", "https://①②⑦.⓪.⓪.①/",
        "https://1.2.3.4.5/",
    ],
)  # fmt: skip
async def test_an_address_of_another_kind_is_not_gone_to(url: str) -> None:
    async with outbound(resolve=home) as asking:
        with pytest.raises(NotAllowed):
            await asking.ask("GET", url)


async def test_an_address_cannot_bring_a_second_request_with_it() -> None:
    async with answering(page(b"")) as server, outbound("idp.intern", resolve=home) as asking:
        await asking.ask("GET", f"http://idp.intern:{server.port}/a b%0d%0aX-Evil:%201?q=\u2028#f")
        (asked,) = server.asked
        assert asked.split(b"\r\n")[0] == b"GET /a%20b%0d%0aX-Evil:%201?q=%E2%80%A8 HTTP/1.1"
        for header in ({"X-Name": "a\r\nX-Evil: 1"}, {"X-Evil: 1\r\nX-Name": "a"}):
            with pytest.raises(NoAnswer):
                await asking.ask("GET", f"http://idp.intern:{server.port}/", headers=header)
        assert len(server.asked) == 1


async def test_a_drip_of_bytes_ends_when_the_time_is_over() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)  # a time-out for each read would never be over

    async def head_only(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X-Header: on and on\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    for talk in (drip, head_only):
        async with answering(talk) as server, outbound("idp.intern", resolve=home, answered_within=0.2) as asking:
            with pytest.raises(NoAnswer, match="longer than"):
                await asking.ask("GET", f"http://idp.intern:{server.port}/")


async def test_a_name_server_that_does_not_answer_takes_no_longer_either() -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with outbound(resolve=never, answered_within=0.1) as asking:
        with pytest.raises(NoAnswer, match="longer than"):
            await asking.ask("GET", "https://slow.example/")


async def test_a_body_without_end_is_not_read_to_its_end() -> None:
    sent = 0

    async def pour(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    async with answering(pour) as server, outbound("idp.intern", resolve=home) as asking:
        with pytest.raises(NoAnswer, match="larger"):
            await asking.ask("GET", f"http://idp.intern:{server.port}/", at_most=100_000)
    assert sent < 50_000_000


async def test_a_bomb_of_gzip_does_not_go_off() -> None:
    packing = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packing.compress(b"\0" * 2**20) for _ in range(64)) + packing.flush()
    assert len(bomb) < 80_000  # it would have passed a limit on what is received
    assert len(gzip.decompress(bomb)) == 64 * 2**20
    nested = page(gzip.compress(bomb), Content_Encoding="gzip, gzip")
    for evil in (page(bomb, Content_Encoding="gzip"), nested):
        async with answering(evil) as server, outbound("idp.intern", resolve=home) as asking:
            with pytest.raises(NoAnswer):
                await asking.ask("GET", f"http://idp.intern:{server.port}/")


async def test_neither_proxies_nor_passwords_of_the_environment_nor_cookies_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    async with answering(SECRET) as proxy, answering(page(b"me", Set_Cookie="a=b")) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        (tmp_path / ".netrc").write_text("machine idp.intern login ann password hush\n")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        monkeypatch.setenv("HOME", str(tmp_path))
        async with outbound("idp.intern", resolve=home) as asking:
            for _ in range(2):
                assert (await asking.ask("GET", f"http://idp.intern:{server.port}/")).body == b"me"
        assert proxy.asked == []
        assert all(b"cookie" not in it.lower() and b"authorization" not in it.lower() for it in server.asked)


async def home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]
