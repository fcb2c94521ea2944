"""What a server that starts does not bring with it: this is why it starts in a second, and is as small as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx2

from tests.support.patience import PATIENCE
from tests.support.server import Server

TELLS_WHAT_IT_LOADED = """
import atexit, sys
from pathlib import Path
told = Path(sys.argv.pop(1))
atexit.register(lambda: told.write_text("\\n".join(sys.modules)))
from acquaint.cli import main
main(prog_name="acquaint")
"""

NOT_NEEDED_YET = {
    "alembic": "a new database is given all tables at once; one that is up to date, nothing",
    "mako": "it comes with alembic",
    "asyncpg": "the database is SQLite",
    "sqlalchemy.dialects.postgresql": "the database is SQLite",
    "sqlalchemy.orm": "there is no ORM",
    "valkey": "nothing is said over Valkey",
    "aiosmtplib": "mail is written to a folder",
    "joserfc": "nobody has signed anything",
    "cryptography.x509": "it comes with joserfc",
    "httpx2": "nobody was asked anything",
    "httpcore2": "nobody was asked anything",
    "oauthlib": "nobody signs in with X",
    "prometheus_client": "nobody looked at /metrics",
    "PIL": "pictures are drawn in a process of their own",
    "acquaint.cli.demo.story": "it is not the demo",
}


def test_a_server_on_an_empty_folder_brings_nothing_that_it_does_not_need_yet(tmp_path: Path) -> None:
    told = tmp_path / "loaded"
    server = Server(tmp_path / "data", (sys.executable, "-c", TELLS_WHAT_IT_LOADED, str(told)))
    server.start()
    try:
        assert httpx2.get(f"{server.url}/readyz", timeout=PATIENCE).status_code == 200
    finally:
        server.stop()
    loaded = set(told.read_text().splitlines())
    assert "acquaint.dialects.opencx" in loaded, "this is what a server loads"
    assert {name: why for name, why in NOT_NEEDED_YET.items() if name in loaded} == {}
