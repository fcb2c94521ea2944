"""H3: a token that the App's server signed is verified, its user found, and a session opened and kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from . import budgets
from .findings import Finding, compared
from .load import Burst, compare, wrk
from .machine import Process
from .server import JSON, Acquaint
from .session_check import bare
from .size import Size

USERS: Final = 500  # each signs in again and again: who they are is in the database, not in a cache
TOKENS_OF_EACH: Final = 10  # one after the other: more than there are signatures that the server remembers


def measure(acquaint: Acquaint, folder: Path, size: Size) -> list[Finding]:
    logins = [acquaint.token_login(number) for number in range(USERS)]
    for it in logins:  # the first time makes the user, which is not what is measured
        acquaint.ask(it)
    tokens = (acquaint.token_login(number, ago) for ago in range(TOKENS_OF_EACH) for number in range(USERS))
    file = folder / "tokens"
    file.write_text("\n".join(it.json for it in tokens))

    def posting(server: Process, path: str, seconds: int) -> Burst:
        return wrk(server, path, seconds, script="posts.lua", arguments=[str(file), JSON])

    with bare(folder, acquaint.text_of(logins[0])) as reference:
        bursts = compare(
            {
                "bare": partial(posting, reference, "/"),
                "login": partial(posting, acquaint.process, logins[0].path),
            },
            size,
        )
    return [compared("H3", "signed token login", bursts, "login", "bare", budgets.TOKEN_LOGIN)]
