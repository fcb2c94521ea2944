"""``acquaint extauth``: tells ejabberd or Prosody who somebody is, by ejabberd's external authentication protocol.

A question is two bytes of length, most significant first, and so many bytes of ``operation:user:server:password``; an
answer is ``00 02 00 01`` for yes and ``00 02 00 00`` for no. (ejabberd developer guide, "External Authentication".)

read, answer    questions off a pipe, and what they come to
Desk            answers them on a core that it opens, and opens again once the database is back

Nothing is ever changed for a chat server: to set a password or to remove a user is answered with no.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import termios
import time
import tty
from typing import TYPE_CHECKING, BinaryIO, Final

import click
import structlog

from .frame import logs_on_stderr, settings_of

if TYPE_CHECKING:
    from ..services.core import Core
    from ..settings import Settings

YES: Final = b"\0\2\0\1"
NO: Final = b"\0\2\0\0"

OPENED_AGAIN_AFTER: Final = 5.0  # seconds after a database that did not answer

DOOR: Final = "extauth"

log = structlog.get_logger()


@click.command()
@click.option(
    "--terminal", is_flag=True, help="Input is a terminal, as Prosody's module gives it: take it byte by byte."
)
@click.pass_context
def extauth(context: click.Context, terminal: bool) -> None:
    """Tell ejabberd or Prosody who somebody is.

    It is asked on standard input and answers on standard output, until the input ends. Users are called ID-APP, as
    in 1001-7; the password is theirs, or the token of one of their sessions.
    """
    settings = settings_of(context)
    logs_on_stderr()
    if terminal and sys.stdin.isatty():
        tty.setraw(sys.stdin, termios.TCSANOW)  # what has come already is not thrown away
    asyncio.run(_serve(settings, sys.stdin.buffer, sys.stdout.buffer))


async def _serve(settings: Settings, asks: BinaryIO, answers: BinaryIO) -> None:
    async with contextlib.AsyncExitStack() as closing:
        desk = Desk(settings, closing)
        with contextlib.suppress(BrokenPipeError):  # nobody waits for the answer any more
            while (question := await asyncio.to_thread(read, asks)) is not None:
                answers.write(YES if await desk.answer(question) else NO)
                answers.flush()


def read(asks: BinaryIO) -> bytes | None:
    """The next question; None where the input ends, be it in the middle of one."""
    head = asks.read(2)
    size = int.from_bytes(head, "big")
    question = asks.read(size) if len(head) == 2 else b""
    return question if len(head) == 2 and len(question) == size else None


class Desk:
    def __init__(self, settings: Settings, closing: contextlib.AsyncExitStack) -> None:
        self._settings, self._closing = settings, closing
        self._core: Core | None = None
        self._not_before = 0.0

    async def answer(self, question: bytes) -> bool:
        """Whatever is asked and whatever breaks: yes or no, and no when in doubt."""
        from ..domain.errors import Refusal

        try:
            core = await self._opened()
            return core is not None and await answer(core, question)
        except Refusal as refusal:
            log.warning("extauth_refused", why=type(refusal).__name__)
        except Exception:
            log.exception("extauth_broke")
        return False

    async def _opened(self) -> Core | None:
        from ..bootstrap import NotReady, open_core

        if self._core is None and time.monotonic() >= self._not_before:
            try:
                self._core = await self._closing.enter_async_context(open_core(self._settings))
            except NotReady as error:
                self._not_before = time.monotonic() + OPENED_AGAIN_AFTER
                log.warning("extauth_not_ready", why=str(error))
        return self._core


async def answer(core: Core, question: bytes) -> bool:
    """Raises Busy or TooManyRequests where it cannot be told; every other refusal is a no."""
    from ..dialects.connectycube.jid import read_person
    from ..services.sign_in_by_id import is_there

    try:
        operation, _, rest = question.decode().partition(":")
    except UnicodeDecodeError:
        return False
    user, _, rest = rest.partition(":")
    who = read_person(user)
    if who is None:
        return False
    core.recognised.lost()  # what others revoke is not heard here: nothing is remembered until the next question
    match operation:
        case "isuser":
            return await is_there(core, who.app_id, who.user_id)
        case "auth":
            _, has_password, password = rest.partition(":")
            return bool(has_password) and await _proves(core, who.app_id, who.user_id, password)
    return False


async def _proves(core: Core, app_id: int, user_id: int, password: str) -> bool:
    from ..domain.apps import AppId
    from ..domain.errors import AddressUnconfirmed, AppClosed, Busy, InvalidCredentials, UserBanned
    from ..domain.sessions import Lifetime
    from ..domain.users import UserId
    from ..services import sessions
    from ..services.admission import Place
    from ..services.sign_in_by_id import prove_by_id

    # only the chat server knows from where somebody comes: tries are counted by user, so that nobody locks out others
    place = Place(DOOR, Lifetime(), address=f"{DOOR} {user_id}")
    try:
        await prove_by_id(core, AppId(app_id), UserId(user_id), password, place)
    except (InvalidCredentials, UserBanned, AddressUnconfirmed, AppClosed):
        return False
    with contextlib.suppress(Busy):  # that the session was used is no reason to turn anybody away
        await sessions.write_behind(core)
    return True
