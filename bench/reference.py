"""What Acquaint is measured against: servers that do the unavoidable, and nothing else.

python -m bench.reference bare PORT ANSWER
    a Starlette route that answers the bytes of a file: what a session check costs without checking anything
python -m bench.reference commits PORT RECORDING DATABASE
    a Starlette app that inserts the rows of a recording (``recording.py``), each request in a commit of its own

Both run on uvicorn exactly as Acquaint does.
"""

from __future__ import annotations

import secrets
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .recording import Ids, Recording, Step, read_recording


def bare(answer: bytes) -> Starlette:
    async def check(request: Request) -> Response:
        return Response(answer, media_type="application/json")

    return Starlette(routes=[Route("/", check, methods=["GET", "POST"])])


def commits(recording: Recording, database: Path) -> Starlette:
    """The same inserts in the same schema, one durable commit for each request, and not a single look-up."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
    arrived: dict[str, Ids] = {}

    def commit(step: Step, ids: Ids) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for statement, values in step.statements:
            connection.execute(statement, ids.stand_in(values))
        connection.execute("COMMIT")

    async def first(request: Request) -> Response:
        await request.body()
        ids = Ids()
        commit(recording.first, ids)
        token = f"acqs_{secrets.token_hex(24)}"
        arrived[token] = ids
        return Response(recording.first.answer.replace(recording.token, token), media_type="application/json")

    async def second(request: Request) -> Response:
        await request.body()
        commit(recording.second, arrived.pop(request.headers["authorization"].removeprefix("Bearer ")))
        return Response(recording.second.answer, media_type="application/json")

    async def ready(request: Request) -> Response:
        return Response()

    routes = [
        Route("/", ready),
        Route(recording.first.path, first, methods=["POST"]),
        Route(recording.second.path, second, methods=["POST"]),
    ]
    return Starlette(routes=routes)


def main(arguments: Sequence[str]) -> None:
    kind, port, file, *more = arguments
    app = bare(Path(file).read_bytes()) if kind == "bare" else commits(read_recording(Path(file)), Path(more[0]))
    uvicorn.run(
        app, port=int(port), loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
