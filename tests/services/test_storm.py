"""Everything at once, on the same few people: each request is answered or refused, and what was answered stands."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from acquaint.domain.conversations import ConversationId, ConversationKind, MessageId
from acquaint.domain.errors import Busy, Refusal, SessionEnded
from acquaint.domain.identities import NO_CHANGE, Claimed, Identity, ProfileChange
from acquaint.domain.paging import PageAsked
from acquaint.domain.sessions import SessionId
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import conversations, messages, sessions, sign_in, tickets, users
from acquaint.services.admission import Admission
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, Person, ann, ben, eve, kiosk, laptop
from tests.support.databases import on_both_databases

from .doors import at, it_of, now, token_of

AT_ONCE, EACH = 12, 40


@dataclass
class Storm:
    """What happens, and what was answered. The same in every run, but for who meets whom."""

    core: Core
    acme: Cast
    chance: random.Random
    people: tuple[Person, ...] = (ann, ben, eve)
    admissions: list[Admission] = field(default_factory=list)
    ended: set[SessionId] = field(default_factory=set)
    said: dict[MessageId, tuple[ConversationId, str]] = field(default_factory=dict)
    gone: set[UserId] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)

    async def blow(self, number: int) -> None:
        for step in range(EACH):
            deed = self.chance.choice(DEEDS)
            try:
                await deed(self, f"{number}-{step}")
            except Refusal as refusal:
                self.refused[type(refusal).__name__] += 1

    async def log_in(self, name: str) -> None:
        who = self.chance.choice(self.people)
        profile = ProfileChange(name=f"{who.name} {name}")
        app = await now(self.core, self.acme)
        self.admissions.append(
            await sign_in.login_or_register(self.core, app, who.by_login, who.password, profile, at(laptop))
        )

    async def come_by_token(self, name: str) -> None:
        who = self.chance.choice(self.people)
        token = token_of(self.core, self.acme.signing_secret, email=who.email, name=name)
        app = await now(self.core, self.acme)
        self.admissions.append(await sign_in.sign_in_with_token(self.core, app, token, at(kiosk)))

    async def be_vouched_for(self, name: str) -> None:
        who = self.chance.choice(self.people)
        identity = Identity((who.by_login, who.by_external_id), who.verified().assurance, ProfileChange(name=name))
        place = at(laptop, session=self.chance.choice(self.admissions).session if self.admissions else None)
        self.admissions.append(await sign_in.vouch_for(self.core, await now(self.core, self.acme), identity, place))

    async def visit(self, name: str) -> None:
        app = await now(self.core, self.acme)
        self.admissions.append(await sign_in.visit(self.core, app, at(self.chance.choice([laptop, kiosk]))))

    async def claim(self, name: str) -> None:
        await sign_in.claim(self.core, await self._somebody(), Claimed(name))

    async def start(self, name: str) -> None:
        it = await self._somebody()
        seen, _ = await conversations.start(self.core, it, first=Draft(name, client_id=name))
        assert seen.last_message is not None
        self.said[seen.last_message.id] = (seen.conversation.id, name)

    async def start_direct(self, name: str) -> None:
        it = await self._somebody()
        other = await users.find(self.core, self.acme.app, self.chance.choice(self.people).by_login)
        await conversations.start(self.core, it, kind=ConversationKind.DIRECT, with_users=[other.id])

    async def post(self, name: str) -> None:
        it = await self._somebody()
        page = await conversations.seen(self.core, it.session, PageAsked(limit=5))
        if page.items:
            id = self.chance.choice(page.items).conversation.id
            message = await messages.post(self.core, it, id, Draft(name))
            self.said[message.id] = (id, name)
            await messages.mark_read(self.core, it.session, id, message.id)

    async def close(self, name: str) -> None:
        page = await conversations.of_app(self.core, self.acme.app, PageAsked(limit=5))
        if page.items:
            id = self.chance.choice(page.items).conversation.id
            await conversations.close(self.core, self.acme.app, id)
            await conversations.open_again(self.core, self.acme.app, id)

    async def change(self, name: str) -> None:
        who = await users.find(self.core, self.acme.app, self.chance.choice(self.people).by_login)
        await users.update(self.core, self.acme.app, who.id, ProfileChange(name=name))

    async def ban_for_a_moment(self, name: str) -> None:
        who = await users.find(self.core, self.acme.app, self.chance.choice(self.people).by_login)
        await users.ban(self.core, self.acme.app, who.id)
        await users.admit_again(self.core, self.acme.app, who.id)

    async def set_password(self, name: str) -> None:
        person = self.chance.choice(self.people)
        who = await users.find(self.core, self.acme.app, person.by_login)
        await users.set_password(self.core, self.acme.app, who.id, person.password, ends_sessions=True)

    async def delete(self, name: str) -> None:
        who = await users.find(self.core, self.acme.app, self.chance.choice(self.people).by_login)
        await users.delete(self.core, self.acme.app, who.id)
        self.gone.add(who.id)

    async def end(self, name: str) -> None:
        if self.admissions:
            id = self.chance.choice(self.admissions).session.id
            await sessions.end(self.core, self.acme.app, id)
            self.ended.add(id)

    async def log_out(self, name: str) -> None:
        it = await self._somebody()
        await sessions.log_out(self.core, it.session)
        self.ended.add(it.session.id)

    async def take_a_ticket(self, name: str) -> None:
        text, _ = await tickets.live_ticket(self.core, await self._somebody())
        await tickets.redeem_live(self.core, text, "203.0.113.7")

    async def keep_house(self, name: str) -> None:
        await sessions.write_behind(self.core)
        await sessions.sweep(self.core)

    async def _somebody(self) -> Recognised:
        with_tokens = [it for it in self.admissions[-20:] if it.token]
        if not with_tokens:
            raise SessionEnded
        return await it_of(self.core, self.chance.choice(with_tokens))


OFTEN = (Storm.log_in, Storm.come_by_token, Storm.visit, Storm.start, Storm.post, Storm.post)
SOMETIMES = (Storm.be_vouched_for, Storm.claim, Storm.start_direct, Storm.change)
SELDOM = (Storm.close, Storm.ban_for_a_moment, Storm.set_password, Storm.delete, Storm.end, Storm.log_out)
DEEDS = (*OFTEN * 4, *SOMETIMES * 2, *SELDOM, Storm.take_a_ticket, Storm.keep_house)


@on_both_databases
async def test_whatever_meets_is_answered_or_refused_and_what_was_answered_stands(core: Core, acme: Cast) -> None:
    storm = Storm(core, acme, random.Random(7))
    await sign_in.login_or_register(core, acme.app, ann.by_login, ann.password, NO_CHANGE, at())
    await asyncio.gather(*[storm.blow(number) for number in range(AT_ONCE)])

    assert len(storm.admissions) > 20
    assert len(storm.said) > 20
    assert storm.refused[Busy.__name__] < AT_ONCE * EACH * 0.02, storm.refused
    for admission in storm.admissions:
        if admission.session.id in storm.ended or (admission.user and admission.user.id in storm.gone):
            async with core.store.read() as tx:
                found = await tx.sessions.get(acme.app.id, admission.session.id)
            assert found is None or found.ended_at is not None
    async with core.store.read() as tx:
        for message_id, (conversation_id, text) in storm.said.items():
            message = await tx.messages.get(conversation_id, message_id)
            assert message is not None
            assert message.text == text or message.deleted_at is not None  # erased with who wrote it
