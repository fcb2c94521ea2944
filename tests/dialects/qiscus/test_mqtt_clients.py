"""Realtime on a running server, as a client library of MQTT that knows nothing of us speaks it: paho-mqtt."""

from __future__ import annotations

import json
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.dialects.qiscus.realtime import PING, connect, packets_in, publish, subscribe
from tests.support.certificates import Authority
from tests.support.patience import PATIENCE
from tests.support.ports import free_port
from tests.support.server import Server


class Shop:
    """An App on a server, and its customers."""

    def __init__(self, server: Server, tls: ssl.SSLContext | None = None) -> None:
        self.server, self.slug = server, server.create_app()["slug"]
        self._tls = tls or True

    def ask(self, method: str, call: str, token: str | None = None, /, **body: Any) -> Any:
        headers = {"QISCUS-SDK-APP-ID": self.slug} | ({"QISCUS-SDK-TOKEN": token} if token else {})
        url = f"{self.server.url}/api/v2/sdk/{call}"
        answer = httpx2.request(method, url, headers=headers, json=body, verify=self._tls)
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    def log_in(self, id: str) -> str:
        return str(self.ask("POST", "login_or_register", email=id, password=f"the key of {id}")["user"]["token"])


class Client:
    """A paho client with what it heard."""

    def __init__(self, shop: Shop, id: str, *, port: int | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.id, self.token = id, shop.log_in(id)
        self.heard: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self.granted: queue.Queue[list[int]] = queue.Queue()
        self.closed = threading.Event()
        transport = "websockets" if port is None else "tcp"
        name = f"{shop.slug}_{id}_1"
        self.paho = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            transport=transport,  # type: ignore[arg-type]
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        self.paho.ws_set_options(path="/mqtt")
        if tls is not None:
            self.paho.tls_set_context(tls)
        self.paho.username_pw_set("whoever", "whatever")
        self.paho.will_set(f"u/{id}/s", b"0", qos=2, retain=True)
        self.paho.on_message = lambda client, data, message: self.heard.put(message)
        self.paho.on_subscribe = lambda client, data, mid, codes, properties: self.granted.put(
            [code.value for code in codes]
        )
        self.paho.on_disconnect = lambda *_: self.closed.set()
        self.paho.connect("127.0.0.1", port or shop.server.port)
        self.paho.loop_start()
        assert self.subscribe(f"{self.token}/c", f"{self.token}/n", f"{self.token}/update") == [0, 0, 0]

    def subscribe(self, *filters: str, qos: int = 0) -> list[int]:
        self.paho.subscribe([(it, qos) for it in filters])
        return self.granted.get(timeout=PATIENCE)

    def hears(self) -> tuple[str, bytes]:
        message = self.heard.get(timeout=PATIENCE)
        return message.topic, bytes(message.payload)

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> None:
        self.paho.publish(topic, payload, qos=qos).wait_for_publish(PATIENCE)

    def end(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


@pytest.fixture
def clients() -> Iterator[Callable[..., Client]]:
    with ExitStack() as them:

        def come(*args: Any, **how: Any) -> Client:
            client = Client(*args, **how)
            them.callback(client.end)
            return client

        yield come


def talk(shop: Shop, hers: Client, his: Client) -> None:
    """A whole conversation: typing, a comment, that it was read, and who is here."""
    room = shop.ask("POST", "get_or_create_room_with_target", hers.token, emails=[his.id])["room"]["id"]
    assert hers.subscribe(f"r/{room}/{room}/+/r", f"r/{room}/{room}/+/t", qos=2) == [0, 0]
    assert hers.subscribe(f"u/{his.id}/s", qos=1) == [0]
    topic, payload = hers.hears()
    assert (topic, payload[:2]) == (f"u/{his.id}/s", b"1:")
    for qos, on in ((0, b"1"), (1, b"0"), (2, b"1")):
        his.publish(f"r/{room}/{room}/{his.id}/t", on, qos)
        assert hers.hears() == (f"r/{room}/{room}/{his.id}/t", on)
    shop.ask("POST", "post_comment", hers.token, topic_id=str(room), comment="hello", unique_temp_id="hello-0123456789")
    topic, payload = his.hears()
    assert topic == f"{his.token}/c"
    comment = json.loads(payload)
    assert (comment["message"], comment["email"], comment["room_id"]) == ("hello", hers.id, room)
    assert hers.hears()[0] == f"{hers.token}/c"
    shop.ask("POST", "update_comment_status", his.token, room_id=str(room), last_comment_read_id=str(comment["id"]))
    assert hers.hears() == (f"r/{room}/{room}/{his.id}/r", f"{comment['id']}:hello-0123456789".encode())
    his.end()
    topic, payload = hers.hears()
    assert (topic, payload[:2]) == (f"u/{his.id}/s", b"0:")
    shop.ask("POST", "logout", hers.token, token=hers.token)
    assert hers.closed.wait(PATIENCE)


def test_over_websocket(server: Server, clients: Callable[..., Client]) -> None:
    shop = Shop(server)
    talk(shop, clients(shop, "ann"), clients(shop, "ben"))


def test_over_tcp_and_with_those_on_websockets(
    own_server: Callable[..., Server], clients: Callable[..., Client]
) -> None:
    port = free_port()
    server = own_server(ACQUAINT_MQTT_PORT=str(port))
    shop = Shop(server)
    talk(shop, clients(shop, "ann", port=port), clients(shop, "ben"))
    talk(shop, clients(shop, "carol"), clients(shop, "dan", port=port))
    _bytes_over_tcp(shop, port)
    last = clients(shop, "eve", port=port)
    assert server.stop() == 0
    assert last.closed.wait(PATIENCE)


def _bytes_over_tcp(shop: Shop, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(b"GET /mqtt HTTP/1.1\r\n\r\n")
        assert line.recv(100) == b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        for byte in connect() + PING:
            line.sendall(bytes([byte]))
        said = b""
        while len(said) < 6:
            said += line.recv(100)
        assert [it.kind for it in packets_in(said)] == [2, 13]
        line.sendall(subscribe("#", f"{shop.log_in('ann')}/c") + publish("u/ann/s", b"1", qos=1))
        said = b""
        while len(said) < 10:
            said += line.recv(100)
        assert [(it.kind, it.body[2:]) for it in packets_in(said)] == [(9, b"\x80\0"), (4, b"")]


def test_over_tcp_with_tls(own_server: Callable[..., Server], clients: Callable[..., Client], tmp_path: Path) -> None:
    authority, port = Authority(tmp_path), free_port()
    pem = str(authority.write_server("127.0.0.1"))
    server = own_server(ACQUAINT_MQTT_PORT=str(port), ACQUAINT_TLS_CERT=pem, ACQUAINT_TLS_KEY=pem)
    tls = authority.client()
    tls.check_hostname = False
    shop = Shop(server, tls)
    hers, his = clients(shop, "ann", port=port, tls=tls), clients(shop, "ben", tls=tls)
    talk(shop, hers, his)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(connect() + PING)  # nobody speaks without it
        assert line.recv(100)[:1] != b"\x20"


def test_a_port_that_is_taken_stops_the_start(own_server: Callable[..., Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AssertionError, match="cannot listen"):
        own_server(ACQUAINT_MQTT_PORT=str(taken.getsockname()[1]))
