"""`acquaint serve`, from its start to its end."""

from __future__ import annotations

import errno
import json
import re
import signal
import socket
import sqlite3
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.cast import ann
from tests.support.patience import PATIENCE, PROMISED, soon
from tests.support.server import Server

StartServer = Callable[..., Server]


def _arrive(server: Server, slug: str) -> str:
    """A visitor's session token."""
    answer = httpx2.post(f"{server.url}/acquaint/v1/sessions", json={"app": slug})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def _read_on(live: ClientConnection) -> None:
    while True:
        live.recv(timeout=PATIENCE)


def _lives(server: Server, token: str) -> bool:
    asked = httpx2.get(f"{server.url}/acquaint/v1/session", headers={"Authorization": f"Bearer {token}"})
    return asked.status_code == 200


def test_it_serves_an_empty_folder_and_ends_when_told(own_server: StartServer) -> None:
    server = own_server()
    assert httpx2.get(f"{server.url}/livez").json() == {"status": "alive"}
    assert httpx2.get(f"{server.url}/readyz").json() == {"status": "ready"}
    assert server.stop() == 0
    events = [json.loads(line)["event"] for line in server.chapter().splitlines()]
    assert events == ["serving", "stopping", "stopped"]


def test_sessions_outlive_a_restart_and_so_does_their_end(own_server: StartServer) -> None:
    server = own_server()
    app = server.create_app()
    lives, ends = _arrive(server, app["slug"]), _arrive(server, app["slug"])
    httpx2.delete(f"{server.url}/acquaint/v1/session", headers={"Authorization": f"Bearer {ends}"})
    server.restart()
    assert (_lives(server, lives), _lives(server, ends)) == (True, False)
    server.kill()
    server.start()
    assert (_lives(server, lives), _lives(server, ends)) == (True, False)


def test_when_it_stops_it_writes_down_when_sessions_were_used(own_server: StartServer) -> None:
    server = own_server()
    token = _arrive(server, server.create_app()["slug"])
    opened = time.time()
    time.sleep(1.2)
    assert _lives(server, token)
    server.stop()
    with sqlite3.connect(server.data / "acquaint.db") as database:
        [[seen]] = database.execute("SELECT last_seen_at FROM sessions").fetchall()
    assert seen / 1_000_000 > opened + 1


def test_a_request_under_way_is_finished_before_it_ends(own_server: StartServer) -> None:
    server = own_server()
    slug = server.create_app()["slug"]
    body = json.dumps({"app": slug}).encode()
    head = "POST /acquaint/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(f"{head}content-length: {len(body)}\r\nexpect: 100-continue\r\n\r\n".encode())
        assert slow.recv(65536).startswith(b"HTTP/1.1 100"), "somebody reads the body"
        slow.sendall(body[:5])
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert soon(lambda: _is_closed(server.port))
        slow.sendall(body[5:])
        assert slow.recv(65536).startswith(b"HTTP/1.1 201")
    assert server.stop() == 0


def _is_closed(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def test_live_sockets_are_told_that_the_server_goes_away(own_server: StartServer) -> None:
    server = own_server()
    headers = {"Authorization": f"Bearer {_arrive(server, server.create_app()['slug'])}"}
    ticket = httpx2.post(f"{server.url}/acquaint/v1/live/tickets", headers=headers).json()["ticket"]
    with connect(f"{server.socket_url}/acquaint/v1/live?ticket={ticket}") as live:
        live.recv(timeout=PATIENCE)
        assert "acquaint_sockets_open 1.0" in httpx2.get(f"{server.url}/metrics").text
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            _read_on(live)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert server.stop() == 0


def test_a_second_server_on_the_same_port_says_so_and_ends(own_server: StartServer) -> None:
    server = own_server()
    said = server.say("serve", "--port", str(server.port))
    assert said.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {server.port}" in said.stderr
    assert "Traceback" not in said.stderr


def test_two_servers_on_one_file_hear_of_each_other(own_server: StartServer) -> None:
    one, other = own_server(), own_server()
    token = _arrive(one, one.create_app()["slug"])
    assert _lives(other, token)
    httpx2.delete(f"{one.url}/acquaint/v1/session", headers={"Authorization": f"Bearer {token}"})
    assert soon(lambda: not _lives(other, token), PROMISED)


def test_what_was_never_prepared_is_not_served(tmp_path: Path) -> None:
    place = Server(tmp_path / "data", ACQUAINT_DATABASE_URL="postgresql://nobody:hunter2@127.0.0.1:1/nothing")
    said = place.say("serve", "--port", "0")
    assert said.returncode == 1
    assert "acquaint migrate" in said.stderr
    assert "hunter2" not in said.stderr + said.stdout


@pytest.mark.postgres
def test_postgresql_is_served_once_it_is_migrated(tmp_path: Path, postgresql: str) -> None:
    place = Server(tmp_path / "data", ACQUAINT_DATABASE_URL=postgresql)
    place.run("migrate")
    app = place.create_app()
    try:
        place.start()
        token = _arrive(place, app["slug"])
        assert _lives(place, token)
        session = httpx2.get(f"{place.url}/acquaint/v1/session", headers={"Authorization": f"Bearer {token}"}).json()
        place.run("sessions", "end", app["slug"], session["session"]["id"])
        told = soon(lambda: not _lives(place, token), PROMISED)
        assert told, "the command line told the server over the database"
        assert place.stop() == 0
    finally:
        place.kill()


def test_it_speaks_tls_with_a_certificate_and_not_without(own_server: StartServer, tmp_path: Path) -> None:
    cert, key = _self_signed(tmp_path)
    server = own_server(ACQUAINT_TLS_CERT=str(cert), ACQUAINT_TLS_KEY=str(key))
    assert server.url.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=cert)
    assert httpx2.get(f"{server.url}/livez", verify=trusting).status_code == 200
    server.stop()
    cert.write_text("no certificate")
    said = server.say("serve", "--port", "0")
    assert said.returncode == 1
    assert "cannot be used" in said.stderr
    assert "Traceback" not in said.stderr


def _self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "acquaint's test")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "cert.pem").write_bytes(cert.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(*plain))
    return folder / "cert.pem", folder / "key.pem"


def test_limits_that_are_off_and_settings_that_are_none_are_said_loudly(own_server: StartServer) -> None:
    server = own_server(ACQUAINT_LIMITS="off", ACQUAINT_LIMITZ="on")
    warnings = [it for it in map(json.loads, server.chapter().splitlines()) if it["level"] == "warning"]
    assert [it["event"] for it in warnings] == ["limits_are_off", "setting_unknown"]
    assert warnings[1]["name"] == "ACQUAINT_LIMITZ"


def test_no_secret_is_in_the_log(own_server: StartServer) -> None:
    """Security 27: everything that was secret in a whole story, looked for in everything that was logged."""
    server = own_server(ACQUAINT_LOG_LEVEL="debug", ACQUAINT_LOG_READS="true")
    app = server.create_app()
    secrets = {app[it] for it in ("auth_secret", "signing_secret", "api_key", "chat_api_key")} | {ann.password}
    qiscus = {"QISCUS-SDK-APP-ID": app["slug"]}
    native = f"{server.url}/acquaint/v1"
    for password in (ann.password, "not her password"):
        asked = {"email": ann.login, "password": password}
        answer = httpx2.post(f"{server.url}/api/v2/sdk/login_or_register", json=asked, headers=qiscus).json()
        secrets |= {password, answer.get("results", {}).get("user", {}).get("token", password)}
    token = _arrive(server, app["slug"])
    secrets |= {token, token + "x"}
    for bearer in (token, token + "x", app["api_key"]):
        httpx2.get(f"{native}/session", headers={"Authorization": f"Bearer {bearer}"})
        httpx2.get(f"{native}/session?token={bearer}&access_token={bearer}")
        httpx2.get(f"{server.url}/{bearer}/nowhere")
        httpx2.post(f"{native}/sessions", content=f'{{"app": "{bearer}'.encode())
    ticket = httpx2.post(f"{native}/live/tickets", headers={"Authorization": f"Bearer {token}"}).json()["ticket"]
    secrets |= {ticket}
    with connect(f"{server.socket_url}/acquaint/v1/live?ticket={ticket}") as live:
        live.recv(timeout=PATIENCE)
    server.stop()

    log = server.chapter()
    assert log.count('"event":"request"') > 10
    assert not [it for it in secrets if it in log]
    assert not re.search(r"acq[sdtkx]_(?!\*)", log)


def test_every_answer_and_its_log_line_carry_the_same_request_id(server: Server) -> None:
    answer = httpx2.post(f"{server.url}/acquaint/v1/sessions", json={"app": "nobody"})
    soon(lambda: '"event":"request"' in server.chapter())  # it is written once the answer is on its way
    line = next(json.loads(it) for it in server.chapter().splitlines() if '"event":"request"' in it)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/acquaint/v1/sessions", answer.status_code)


def test_a_request_with_large_headers_is_served_and_with_endless_ones_cut_off(server: Server) -> None:
    assert httpx2.get(f"{server.url}/livez", headers={"x-filler": "x" * 30_000}).status_code == 200
    assert httpx2.get(f"{server.url}/livez", headers={"x-filler": "x" * 200_000}).status_code == 431
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\n")
        with pytest.raises(ConnectionError):
            _say_for_ever(connection)
    assert httpx2.get(f"{server.url}/livez").status_code == 200


def _say_for_ever(connection: socket.socket) -> None:
    for _ in range(20_000):  # 20 MB: far more than any buffers on the way hold
        connection.sendall(b"x-filler: " + b"x" * 1000 + b"\r\n")


@pytest.mark.parametrize("raw", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"\0" * 500])
def test_what_is_no_http_is_refused_and_nothing_breaks(server: Server, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(PATIENCE)
        connection.sendall(raw)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")
    assert "Traceback" not in server.chapter()
