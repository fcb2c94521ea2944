"""Sending what happened to webhooks: a Courier in every server process.

    Courier.run       looks for what is due, for as long as the server serves
    Courier.round     one look, and what it found is sent: for who wants to wait for it

A round of one webhook claims a few deliveries in one write, sends them at once, and writes down in another what became
of them. A process that dies in between has claimed them for ``LEASE``; then somebody else sends them, perhaps again:
every delivery arrives at least once, under an id that stays the same. No two processes send one delivery at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog

from ..domain.apps import AppId
from ..domain.conversations import Conversation, ConversationKind, MessageId
from ..domain.errors import Busy
from ..domain.events import Event, EventKind
from ..domain.paging import PageAsked
from ..domain.webhooks import Delivery, Outcome, Trouble, Webhook, WebhookId, signature
from ..ports.formats import Notice, Told
from ..ports.outbound import NoAnswer, NotAllowed
from ..ports.store import Reading
from .core import Core
from .sessions import note

log = structlog.get_logger()

LEASE: Final = timedelta(minutes=1)
"""How long a claimed delivery is nobody else's. Several times what a try may take, whatever clocks differ by."""

MOST_AT_ONCE: Final = 8
"""Webhooks that one process sends to at a time. With ``MOST_OF_ONE`` they leave connections for asking Providers."""

MOST_OF_APP: Final = 4
"""Of these for one App. Answers slow endpoints, which would keep everybody else waiting."""

MOST_OF_ONE: Final = 4
"""Deliveries on their way to one webhook at a time, which also bounds what is in memory."""

LONGEST_TURN: Final = 1.0
"""Seconds after which a webhook that always has more lets others come first."""

LOOKS_EVERY: Final = 1.0
"""Seconds between two looks for what is due, when nothing was heard of meanwhile."""

LOOKS_AT_MOST_EVERY: Final = 0.05
"""Seconds, however much happens."""

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Written:
    """A delivery with what is sent, one after the other and each under its id; nothing is where its Format has nothing
    to say."""

    delivery: Delivery
    bodies: tuple[tuple[str, bytes], ...] = ()
    is_broken: bool = False


class Courier:
    """Sends what is due. It listens to the Bus to look at once; what it misses there it finds a second later."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._busy: dict[WebhookId, AppId] = {}
        self._last: int = 0  # the webhook that was found last: the next look goes on behind it, so that all have turns
        self._wake = asyncio.Event()

    def heard(self, event: Event) -> None:
        if event.app_id is not None:
            self._wake.set()

    def lost(self) -> None:
        """What is due is in the store; nothing is believed here."""

    async def run(self) -> None:
        sending: set[asyncio.Task[None]] = set()
        try:
            while True:
                self._wake.clear()
                for app_id, webhook_id in await self._found():
                    self._busy[webhook_id] = app_id
                    task = asyncio.create_task(self._serve(app_id, webhook_id))
                    sending.add(task)
                    task.add_done_callback(sending.discard)
                await asyncio.sleep(LOOKS_AT_MOST_EVERY)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOKS_EVERY):  # wait_for of Python 3.11 may swallow being cancelled
                        await self._wake.wait()
        finally:
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def round(self) -> int:
        """Sends what is due now to every webhook that has something, a few of each; answers how many were tried."""
        found = await self._found()
        return sum(await asyncio.gather(*(self._once(app_id, webhook_id) for app_id, webhook_id in found)))

    async def _found(self) -> list[tuple[AppId, WebhookId]]:
        """Webhooks to send to now, in turns; never more of an App, or of all, than there may be."""
        free = MOST_AT_ONCE - len(self._busy)
        if free <= 0:
            return []
        now, most = self._core.clock(), MOST_AT_ONCE * 4
        try:
            async with self._core.store.search() as tx:
                due = await tx.webhooks.due(now, after=self._last, limit=most)
                if self._last and len(due) < most:
                    again = await tx.webhooks.due(now, after=0, limit=most - len(due))
                    due += [it for it in again if it not in due]
        except Busy:
            return []
        of_app = Counter(self._busy.values())
        found: list[tuple[AppId, WebhookId]] = []
        for app_id, webhook_id in due:
            if webhook_id in self._busy or of_app[app_id] >= MOST_OF_APP or len(found) == free:
                continue
            of_app[app_id] += 1
            found.append((app_id, webhook_id))
        if found:
            self._last = found[-1][1]
        return found

    async def _serve(self, app_id: AppId, webhook_id: WebhookId) -> None:
        """The webhook's turn, in a task of its own. Whatever goes wrong, others go on."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_TURN
        try:
            while sent := await self._once(app_id, webhook_id):
                self._wake.set()  # there may be more by now, for another turn
                if sent < MOST_OF_ONE or loop.time() >= until:
                    break
        except Busy:
            log.warning("webhook_put_off", webhook=webhook_id, why="the database does not answer")
        except Exception:
            log.exception("webhook_broke", webhook=webhook_id)
        finally:
            self._busy.pop(webhook_id, None)

    async def _once(self, app_id: AppId, webhook_id: WebhookId) -> int:
        core = self._core
        now = core.clock()
        async with core.store.write() as tx:
            webhook = await tx.webhooks.get(app_id, webhook_id)
            if webhook is None or not webhook.is_enabled:
                return 0
            if webhook.paused_until is not None and now < webhook.paused_until:
                return 0  # somebody else was there meanwhile
            if not webhook.secret:  # what waits costs no try, and is sent when somebody has rotated it
                log.error("webhook_cannot_sign", webhook=webhook.id, why="its secret cannot be opened")
                await tx.webhooks.save(replace(webhook, paused_until=now + LEASE))
                return 0
            claimed = []
            for it in await tx.deliveries.due(webhook_id, now, MOST_OF_ONE):
                mine = it.claimed(now + LEASE, now)
                if await tx.deliveries.save(mine, was_due_at=it.due_at):
                    claimed.append(mine)
        if not claimed:
            return 0
        written = await self._write(webhook, claimed)
        outcomes = await asyncio.gather(*(self._send(webhook, it) for it in written))
        await self._keep(webhook, list(zip(claimed, outcomes, strict=True)))
        return len(claimed)

    async def _write(self, webhook: Webhook, claimed: list[Delivery]) -> list[_Written]:
        """What is sent, made of what there is now: nothing that was deleted meanwhile is told."""
        core, found = self._core, []
        async with core.store.search() as tx:
            events = await tx.events.many([it.event_id for it in claimed])
            told = [await _told(tx, events.get(it.event_id)) for it in claimed]
        for delivery, about in zip(claimed, told, strict=True):
            try:
                notices = {} if about is None else self._notices(webhook, about)
                bodies = [(delivery.part_id(place), _encode(it.body)) for place, it in notices.items()]
                found.append(_Written(delivery, tuple(bodies)))
            except Exception:
                log.exception(
                    "webhook_unwritable", webhook=webhook.id, event_id=delivery.event_id, format=webhook.format
                )
                found.append(_Written(delivery, is_broken=True))
        return found

    def _notices(self, webhook: Webhook, about: Told) -> Mapping[int, Notice]:
        """What the webhook is told of it, by the place among all that there is to tell: a place keeps its id."""
        notice = self._core.formats()[webhook.format].write(about)
        every = () if notice is None else (notice, *notice.also)
        is_test = about.event.kind is EventKind.WEBHOOK_TESTED
        return {place: it for place, it in enumerate(every) if is_test or it.name in webhook.names}

    async def _send(self, webhook: Webhook, it: _Written) -> Outcome | None:
        """None where there is nothing to tell."""
        if it.is_broken:
            return Outcome(trouble=Trouble.UNWRITABLE)
        if not it.bodies:
            return None
        if it.delivery.is_too_old(self._core.clock()):
            return Outcome(trouble=Trouble.TOO_OLD)
        outcome: Outcome | None = None
        for message_id, body in it.bodies:
            outcome = await self._post(webhook, it.delivery, message_id, body)
            if not outcome.is_taken:
                break  # all of it is sent again: the receiver knows by its id what it has
        return outcome

    async def _post(self, webhook: Webhook, delivery: Delivery, message_id: str, body: bytes) -> Outcome:
        core, now = self._core, self._core.clock()
        headers = {
            "Content-Type": "application/json",
            **signature(webhook.secrets(now), message_id, now, body),
        }
        try:
            answer = await core.outbound.ask("POST", webhook.url, headers=headers, content=body, wants_body=False)
        except NotAllowed:
            return Outcome(trouble=Trouble.NOT_ALLOWED)
        except NoAnswer as why:
            log.info("webhook_no_answer", webhook=webhook.id, event_id=delivery.event_id, why=str(why))
            return Outcome(trouble=Trouble.NO_ANSWER)
        return Outcome.answered(answer.status)

    async def _keep(self, sent: Webhook, outcomes: list[tuple[Delivery, Outcome | None]]) -> None:
        core, now = self._core, self._core.clock()
        async with core.store.write() as tx:
            webhook = await tx.webhooks.get(sent.app_id, sent.id)
            if webhook is None:
                return
            gave_up = False
            for delivery, outcome in outcomes:
                if outcome is None:
                    await tx.deliveries.remove(delivery.webhook_id, delivery.event_id)
                    continue
                after = delivery.tried(outcome, jitter=core.chance(1)[0] / 256, now=now)
                gave_up |= after.due_at is None and not outcome.is_taken
                await tx.deliveries.save(after, was_due_at=delivery.due_at)
            after_all = webhook.after([it for _, it in outcomes if it is not None], gave_up=gave_up, now=now)
            if not webhook.is_enabled or after_all == webhook:
                return
            await tx.webhooks.save(after_all)
            if not after_all.is_enabled:
                why = after_all.disabled_because
                await note(core, tx, EventKind.WEBHOOK_DISABLED, webhook.app_id, webhook=str(webhook.id), why=why)


async def _told(tx: Reading, event: Event | None) -> Told | None:
    """The Event with what it is about; None when it, or its App, is not there any more."""
    app = None if event is None or event.app_id is None else await tx.apps.get(event.app_id)
    if event is None or app is None:
        return None
    user = None if event.user_id is None else await tx.users.get(app.id, event.user_id)
    if event.conversation_id is None:
        return Told(app, event, user)
    conversation = await tx.conversations.get(app.id, event.conversation_id)
    if conversation is None:
        return Told(app, event, user)
    return Told(app, event, user, conversation, **await _around(tx, app.id, conversation, event))


async def _around(tx: Reading, app_id: AppId, conversation: Conversation, event: Event) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    if "message" in event.details:
        id = MessageId(int(event.details["message"]))
        message = (await tx.messages.many([id])).get(id)
        if message is not None and message.conversation_id == conversation.id:
            found["message"] = message
    if conversation.kind is ConversationKind.SUPPORT:
        members = await tx.conversations.members(conversation.id)
        if members:
            found["member"], found["visitor"] = members[0], await tx.users.get(app_id, members[0].user_id)
        if event.kind is EventKind.CONVERSATION_STARTED:
            first = await tx.messages.history(conversation.id, PageAsked(1), newest_first=False)
            found["first_message"] = first.items[0] if first.items else None
    return found
