"""Looking for what was said, in what a session sees.

search     a page of what is found, and where to go on
from_the   the same for clients that count pages

No index of words is kept (docs/decisions/0020-searching-what-was-said.md). The histories that the session sees are
walked through all at once, the newest message first, until the page is full or enough was looked at.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from typing import Final

from ..domain.conversations import ConversationId, Membership, Message, Visibility, visibility_of
from ..domain.errors import NotFound, Unacceptable
from ..domain.ids import LARGEST, first_at
from ..domain.paging import PageAsked
from ..domain.searches import CHARACTERS_LOOKED_AT, LOOKED_AT, Found, Search
from ..domain.sessions import Session
from ..ports.store import Reading
from . import limits
from .core import Core
from .messages import size_of
from .visibility import seen_as

READ_FIRST: Final = 10  # messages of one history: most of them are not walked any further
READ_AT_ONCE: Final = 50
READS: Final = 100
"""Parts of histories that one search reads. Against somebody in a thousand conversations in which hardly anything was
said; the next search goes on."""

MOST_READ: Final = 5_000_000
"""Characters of texts, payloads and extras in those parts, about 50 ms of work. Against conversations in which somebody
said thousands of messages with all that fits beside a text; lower would hurt who looks far back."""

COMPARED_AT_ONCE: Final = 50_000  # characters, until others are served
MOST_SKIPPED: Final = 1_000


async def search(core: Core, session: Session, asked: Search, page: PageAsked) -> Found:
    """Of what the session sees what is looked for, the newest first; beyond ``after``, the ``next`` of before.

    What the user cleared or hid, was deleted, or is in a conversation that is not seen, is not there. Refuses with
    TooManyRequests.
    """
    await _count(core, session)
    async with core.store.search() as tx:
        return await _look(tx, visibility_of(session), asked, page.after, page.limit)


async def from_the(core: Core, session: Session, asked: Search, *, skip: int, limit: int) -> Found:
    """What is found without the first ``skip``. How far it looks has the same bound, so what lies deep is not found.

    Refuses with Unacceptable or TooManyRequests.
    """
    if not 0 <= skip <= MOST_SKIPPED:
        raise Unacceptable("page", f"goes beyond the first {MOST_SKIPPED} messages")
    await _count(core, session)
    async with core.store.search() as tx:
        found = await _look(tx, visibility_of(session), asked, None, skip + limit)
    return Found(found.messages[skip:], found.next, found.looked_at)


async def _count(core: Core, session: Session) -> None:
    await core.limiter.take(limits.MESSAGE_SEARCHES_PER_SESSION, str(session.id))
    if session.user_id is not None:
        await core.limiter.take(limits.MESSAGE_SEARCHES_PER_USER, str(session.user_id))


async def _look(tx: Reading, to: Visibility, asked: Search, after: int | None, most: int) -> Found:
    until = LARGEST if asked.sent.until is None else first_at(asked.sent.until)
    before = min(until, LARGEST if after is None else after)
    beyond = 0 if asked.sent.since is None else first_at(asked.sent.since) - 1
    walk = await _Walk.through(tx, await _histories(tx, to, asked), before)
    found: list[Message] = []
    looked_at = characters = compared = 0
    while (at := walk.at) is not None and at > beyond:
        is_enough = looked_at >= LOOKED_AT or characters >= CHARACTERS_LOOKED_AT
        if is_enough or len(found) == most or (walk.must_read and walk.has_read_enough):
            return Found(tuple(found), at + 1, looked_at)
        message = await walk.step()
        if message is None:
            await asyncio.sleep(0)  # what came may have been much, and is compared next
            continue
        looked_at, characters = looked_at + 1, characters + len(message.text)
        if characters - compared > COMPARED_AT_ONCE:
            compared = characters
            await asyncio.sleep(0)
        if asked.finds(message):
            found.append(message)
    return Found(tuple(found), None, looked_at)


async def _histories(tx: Reading, to: Visibility, asked: Search) -> Sequence[Membership]:
    """As whom the conversations are seen that may hold what is looked for; one that is not seen holds nothing."""
    if asked.conversation_ids is None:
        mine: Sequence[Membership] = await tx.conversations.seen_as(to)
    else:
        mine = [it for id in dict.fromkeys(asked.conversation_ids) if (it := await _seen(tx, to, id)) is not None]
    if asked.conversation_kinds is None:
        return mine
    kinds = await tx.conversations.kinds([it.conversation_id for it in mine])
    return [it for it in mine if kinds.get(it.conversation_id) in asked.conversation_kinds]


async def _seen(tx: Reading, to: Visibility, id: ConversationId) -> Membership | None:
    try:
        return (await seen_as(tx, to, id))[1]
    except NotFound:
        return None


class _Walk:
    """Through several histories at once, the newest message first, reading of each only as far as it is walked."""

    def __init__(self, tx: Reading, heads: list[tuple[int, ConversationId]], mine: Sequence[Membership]) -> None:
        heapify(heads)
        self._tx, self._heads = tx, heads  # how new the next message of each history can be at most, negative
        self._mine = {it.conversation_id: it for it in mine}
        self._read: dict[ConversationId, deque[Message]] = {}
        self._whole: set[ConversationId] = set()  # those that were read to their end
        self._reads = self._characters = 0

    @classmethod
    async def through(cls, tx: Reading, mine: Sequence[Membership], before: int) -> _Walk:
        latest = await tx.messages.latest_ids(mine, before)
        return cls(tx, [(-message_id, id) for id, message_id in latest.items()], mine)

    @property
    def at(self) -> int | None:
        """Everything newer was walked past; None at the end."""
        return -self._heads[0][0] if self._heads else None

    @property
    def must_read(self) -> bool:
        """Whether the next step asks the database."""
        return not self._read.get(self._heads[0][1])

    @property
    def has_read_enough(self) -> bool:
        """Never before the newest message of all was walked past, so the next search gets further."""
        return self._reads >= READS or self._characters >= MOST_READ

    async def step(self) -> Message | None:
        """The next message, or None where reading showed that another history is further up."""
        newest, id = self._heads[0]
        if self.must_read:
            self._reads += 1
            limit = READ_AT_ONCE if id in self._read else READ_FIRST
            page = await self._tx.messages.history_for(self._mine[id], PageAsked(limit, after=1 - newest))
            self._read[id] = deque(page.items)
            self._characters += sum(map(size_of, page.items))
            if page.next is None:
                self._whole.add(id)
            self._move(id, self._read[id])
            return None
        waiting = self._read[id]
        message = waiting.popleft()
        self._move(id, waiting, below=message.id)
        return message

    def _move(self, id: ConversationId, waiting: deque[Message], below: int | None = None) -> None:
        """On to the next message of this history; where that was not read yet, to just below the one before."""
        if waiting:
            heapreplace(self._heads, (-waiting[0].id, id))
        elif below is not None and id not in self._whole:
            heapreplace(self._heads, (1 - below, id))
        else:
            heappop(self._heads)
