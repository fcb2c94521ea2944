"""Live messages: what is heard, and what becomes of a connection that breaks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from acquaint_client import Identifiers, Retries, SessionEnded
from acquaint_client.errors import InvalidCredentials
from acquaint_client.live import AsyncLive, LiveEvent, Typing
from tests.cast import ann, ben
from tests.sdk_python.hands import Acme, Hand
from tests.support.patience import PATIENCE


async def test_an_answer_is_heard(acme: Acme) -> None:
    phone = acme.visitor()
    started = await phone.start_conversation("anybody there?")
    async with phone.live() as live:
        answered = await acme.backend.answer(started.id, "yes")
        assert await next_message(live) == answered_as(answered)
        await phone.mark_read(started.id, answered.id)
        event = await until(live, lambda it: it.kind == "messages.read")
        assert (event.conversation_id, event.up_to) == (started.id, answered.id)


async def test_a_loop_over_a_live_connection_ends_when_it_is_closed(acme: Acme) -> None:
    phone = acme.visitor()
    started = await phone.start_conversation("hello")
    async with phone.live() as live:
        for text in ("one", "two"):
            await acme.backend.answer(started.id, text)
        heard: list[str] = []
        if acme.manner == "awaits":
            async for it in live.it:
                heard += texts_of(it)
                if "two" in heard:
                    await live.close()
        else:

            def listen() -> None:
                for it in live.it:
                    heard.extend(texts_of(it))
                    if "two" in heard:
                        live.it.close()

            await asyncio.to_thread(listen)
        assert heard[-2:] == ["one", "two"]


async def test_typing_is_shown_to_the_others(acme: Acme) -> None:
    anns, bens = await come_in(acme, ann.external_id), await come_in(acme, ben.external_id)
    started = await anns.start_conversation("hi", kind="direct", users=[bens.it.user.id])
    async with anns.live() as hears, bens.live() as types:
        await types.typing(started.id)
        typing = await until(hears, lambda it: isinstance(it, Typing))
        assert typing == Typing(conversation_id=started.id, user_id=bens.it.user.id, on=True)
        with pytest.raises(TimeoutError):
            await until(types, lambda it: isinstance(it, Typing), seconds=0.05)


async def test_a_session_that_ends_ends_the_loop(acme: Acme) -> None:
    phone = await come_in(acme, ann.external_id)
    async with phone.live() as live:
        await phone.log_out()
        with pytest.raises(SessionEnded):
            await until(live, lambda it: False)
    assert not phone.it.is_logged_in()


async def test_what_was_said_while_the_connection_was_broken_is_told_once(acme: Acme) -> None:
    phone = acme.visitor()
    started = await phone.start_conversation("hello")
    async with phone.live() as live:
        await acme.backend.answer(started.id, "before")
        heard = [await next_message(live)]
        for text in ("meanwhile", "and again"):
            cut_the_cable(live)
            await acme.backend.answer(started.id, text)  # nobody has come back yet: who does not listen, does not
            heard.append(await next_message(live))
        await acme.backend.answer(started.id, "afterwards")
        heard.append(await next_message(live))
        assert [it.text for it in heard] == ["before", "meanwhile", "and again", "afterwards"]


def cut_the_cable(live: Hand) -> None:
    if isinstance(live.it, AsyncLive):
        assert live.it._socket is not None
        live.it._socket.transport.abort()
    else:
        live.it._socket.socket.shutdown(socket.SHUT_RDWR)


async def until(live: Hand, holds: Callable[[Any], bool], seconds: float = PATIENCE) -> Any:
    """The next of this kind."""
    async with asyncio.timeout(seconds + 5):
        while True:
            it = await live.wait(seconds)
            if holds(it):
                return it


async def next_message(live: Hand) -> Any:
    """The next that the other side says."""
    return (await until(live, lambda it: texts_of(it) != [])).message


def texts_of(it: Any) -> list[str]:
    is_said = isinstance(it, LiveEvent) and it.message is not None and it.message.author == "operator"
    return [it.message.text] if is_said else []


async def come_in(acme: Acme, external_id: str) -> Hand:
    hand = acme.visitor()
    await hand.take_over(await acme.backend.vouch_for(Identifiers(external_id=external_id)))
    return hand


def answered_as(it: Any) -> Any:
    """As the visitor is shown it: without the id that the App gave it."""
    return replace(it, client_id=None)


async def test_a_connection_can_be_closed_while_it_waits_to_come_back(acme: Acme) -> None:
    phone = acme.visitor()
    async with phone.live() as live:
        phone.it._visitor.wire.url = "http://127.0.0.1:9"  # nobody listens there
        phone.it._visitor.wire.retries = Retries(attempts=1)
        cut_the_cable(live)
        with pytest.raises(TimeoutError):
            await live.wait(0.2)
        listening = asyncio.create_task(live.wait(None))
        await asyncio.sleep(0.1)
        await live.close()
        assert await asyncio.wait_for(listening, PATIENCE) is None


async def test_the_apps_own_server_hears_everybody_until_its_key_is_revoked(acme: Acme) -> None:
    made = await acme.backend.make_key("inbox", ["org.user"])
    inbox = Hand(type(acme.backend.it)(acme.url, made.text))
    async with inbox.live() as hears:
        phone = acme.visitor()
        started = await phone.start_conversation("hello", payload={"page": "/cart"})
        said = await until(hears, lambda it: isinstance(it, LiveEvent) and it.message is not None)
        assert (said.message.text, said.conversation_id) == ("hello", started.id)
        async with phone.live() as types:
            await types.typing(started.id)
            typing = await until(hears, lambda it: isinstance(it, Typing))
            assert (typing.user_id, typing.on) == (said.user_id, True)
            await acme.backend.show_typing(started.id, operator="Mia")
            shown = await until(types, lambda it: isinstance(it, Typing))
            assert shown == Typing(conversation_id=started.id, user_id=None, on=True, operator="Mia")
        assert not hasattr(hears.it, "typing")
        await acme.backend.revoke_key(made.key.id)
        with pytest.raises(InvalidCredentials):
            await until(hears, lambda it: False)
    await inbox.close()
