"""The edge: whose address it is, what a request is called, and what is never written down."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs

from acquaint.services.core import Core
from acquaint.web import edge as edges
from acquaint.web.dialect import Visit
from acquaint.web.edge import Edge

from .asgi import ask, scope_of

PROXY, OTHER_PROXY, CLIENT = "10.0.0.1", "10.0.0.2", "198.51.100.7"
PROXIES = [ipaddress.ip_network("10.0.0.0/24"), ipaddress.ip_network("fd00::/64")]


async def tells(scope: Scope, receive: Receive, send: Send) -> None:
    visit: Visit = scope["acquaint.visit"]
    said = PlainTextResponse(f"{visit.address} {visit.is_secure} {visit.request_id}")
    await said(scope, receive, send)


@pytest.fixture
def edge(core: Core) -> Edge:
    return Edge(core, tells, {}, trusted_proxies=PROXIES)


async def visit(edge: ASGIApp, peer: str, *headers: tuple[str, str]) -> tuple[str, bool, str]:
    address, is_secure, request_id = (
        (await ask(edge, scope_of("GET", "/", headers, peer=peer))).body.decode().split(" ")
    )
    return address, is_secure == "True", request_id


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        # a stranger is who they are, whatever they write
        (CLIENT, [], CLIENT),
        (CLIENT, ["1.1.1.1"], CLIENT),
        (CLIENT, ["10.0.0.1"], CLIENT),
        # our proxy tells who came to it; what is further left, the client wrote
        (PROXY, [CLIENT], CLIENT),
        (PROXY, [f"1.1.1.1, {CLIENT}"], CLIENT),
        (PROXY, ["1.1.1.1", CLIENT], CLIENT),
        (PROXY, [f"1.1.1.1, {CLIENT}, {OTHER_PROXY}"], CLIENT),
        (PROXY, [f"10.0.0.9, {CLIENT}"], CLIENT),
        (PROXY, [f"{OTHER_PROXY}"], OTHER_PROXY),
        (PROXY, [f"  {CLIENT}  ,  {OTHER_PROXY} "], CLIENT),
        # what is no address ends the walk at the last hop that one of ours told
        (PROXY, [f"{CLIENT}, unknown"], PROXY),
        (PROXY, [f"{CLIENT}, "], PROXY),
        (PROXY, ["localhost"], PROXY),
        (PROXY, ["' OR 1=1 --"], PROXY),
        (PROXY, [f"{CLIENT}\x00"], PROXY),
        (PROXY, ["127.1"], PROXY),
        (PROXY, ["0x7f000001"], PROXY),
        (PROXY, [], PROXY),
        # one party, one spelling
        (PROXY, [f"::ffff:{CLIENT}"], CLIENT),
        (f"::ffff:{PROXY}", [CLIENT], CLIENT),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        (PROXY, ["2001:DB8:0:0::7"], "2001:db8::7"),
        # as some proxies write it: with the port
        (PROXY, [f"{CLIENT}:51234"], CLIENT),
        (PROXY, ["[2001:db8::7]:51234"], "2001:db8::7"),
        (PROXY, [f"{CLIENT}:evil"], PROXY),
    ],
)
async def test_whose_address_it_is(edge: Edge, peer: str, forwarded: list[str], address: str) -> None:
    assert (await visit(edge, peer, *[("x-forwarded-for", it) for it in forwarded]))[0] == address


async def test_a_chain_without_end_is_not_walked_to_its_end(edge: Edge) -> None:
    chain = ", ".join([CLIENT] + [OTHER_PROXY] * 10_000)
    assert (await visit(edge, PROXY, ("x-forwarded-for", chain)))[0] == OTHER_PROXY


@pytest.mark.parametrize("header", ["forwarded", "x-real-ip", "x-client-ip", "cf-connecting-ip", "true-client-ip"])
async def test_other_headers_tell_nothing(edge: Edge, header: str) -> None:
    assert (await visit(edge, PROXY, (header, CLIENT)))[0] == PROXY


async def test_only_our_proxy_says_whether_the_client_came_securely(edge: Edge) -> None:
    assert not (await visit(edge, CLIENT, ("x-forwarded-proto", "https")))[1]
    assert (await visit(edge, PROXY, ("x-forwarded-proto", "https")))[1]
    assert not (await visit(edge, PROXY, ("x-forwarded-proto", "http")))[1]


async def test_only_our_proxy_names_a_request_and_only_plainly(edge: Edge) -> None:
    assert (await visit(edge, PROXY, ("x-request-id", "abcd-1234")))[2] == "abcd-1234"
    assert (await visit(edge, CLIENT, ("x-request-id", "abcd-1234")))[2] != "abcd-1234"
    for odd in ("short", "x" * 65, "abcd 1234", "abcd\n1234", "abcd\x1b[31m", "äöüäöüäö"):
        assert (await visit(edge, PROXY, ("x-request-id", odd)))[2] != odd


async def test_without_trusted_proxies_nobody_is_believed(core: Core) -> None:
    edge = Edge(core, tells, {})
    assert (await visit(edge, "127.0.0.1", ("x-forwarded-for", CLIENT)))[0] == "127.0.0.1"


async def test_every_request_has_a_name_of_its_own(edge: Edge) -> None:
    names = {(await visit(edge, CLIENT))[2] for _ in range(50)}
    assert len(names) == 50


async def test_every_answer_carries_its_name_and_is_not_sniffed(edge: Edge) -> None:
    answer = await ask(edge, scope_of("GET", "/"))
    assert answer.headers["x-request-id"] == answer.body.decode().split(" ")[2]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    was = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    monkeypatch.setattr(edges, "log", structlog.get_logger())  # another test's logger may have been remembered
    with capture_logs() as logs:
        yield logs
    structlog.configure(**was)


async def test_the_log_names_routes_and_never_paths_or_queries(edge: Edge, logs: list[Any]) -> None:
    """CWE-598: what is in a URL may be somebody's secret."""
    secret = "acqs_in_the_path"
    await ask(edge, scope_of("POST", f"/users/{secret}", [("authorization", secret)], query_string=secret.encode()))
    assert [it["event"] for it in logs] == ["request"]
    assert secret not in str(logs)


async def test_a_socket_at_an_unknown_path_is_closed_before_it_opens(edge: Edge) -> None:
    sent = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await edge(scope_of("GET", "/nowhere", type="websocket"), receive, send)
    assert sent == ["websocket.close"]
