"""Anything may happen in any order, and nobody sees what is not proven to be theirs.

The model is the rules of meaning in a few lines: who a session is, what was said by whom and how, which device is
whose epoch. After every step each session of the server is asked what it sees, and must answer what the model says.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from acquaint import bootstrap
from acquaint.adapters.argon2 import CHEAPEST
from acquaint.domain.conversations import ConversationId
from acquaint.domain.errors import (
    InvalidCredentials,
    NeedsUser,
    NotAllowed,
    NotFound,
    Refusal,
    SessionEnded,
    UserBanned,
)
from acquaint.domain.identities import NO_CHANGE, Assurance, Claimed
from acquaint.domain.sessions import Lifetime
from acquaint.domain.users import UserId
from acquaint.services import apps, messages, sessions, sign_in, users
from acquaint.services.admission import Admission
from acquaint.services.messages import Draft
from acquaint.settings import Settings
from tests.cast import Cast, Person, ann, ben, device
from tests.services.doors import EVERYTHING, at, now, sees, token_of, write
from tests.support.clock import SetClock

T = TypeVar("T")

IDLE = timedelta(hours=2)
people = st.sampled_from([ann, ben])
places = st.sampled_from(["kiosk", "kiosk", "kiosk", "laptop", None])
index = st.integers(min_value=0, max_value=1000)

MISHAPS = ["wait", "log_out", "revoke", "revoke_all", "ban", "forgive", "delete", "rotate_the_secret", "restart"]
"""One rule for all of them, or there would be little but mishaps."""


@dataclass
class KnownSession:
    """What the model believes of a session. ``user``: a person, by how they are named, or a device's epoch."""

    token: str
    device: str | None
    user: tuple[str, str] | None
    assurance: Assurance
    used_at: datetime
    ended: bool = False


@dataclass
class KnownConversation:
    owner: tuple[str, str]
    assurance: Assurance
    device: str | None
    texts: list[str]


@dataclass
class World:
    """Everything the rules of meaning speak of."""

    sessions: list[KnownSession] = field(default_factory=list)
    conversations: dict[ConversationId, KnownConversation] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    device_users: set[str] = field(default_factory=set)
    ids: dict[tuple[str, str], UserId] = field(default_factory=dict)
    with_password: set[tuple[str, str]] = field(default_factory=set)
    vouched: set[tuple[str, str]] = field(default_factory=set)
    banned: set[tuple[str, str]] = field(default_factory=set)

    def device_at(self, place: str | None) -> str | None:
        """The present epoch of the machine that stands there."""
        return None if place is None else f"{place}-{self.epochs.get(place, 0)}"

    def is_retired(self, name: str) -> bool:
        place, _, epoch = name.rpartition("-")
        return int(epoch) != self.epochs.get(place, 0)

    def seen_by(self, it: KnownSession) -> dict[ConversationId, list[str]]:
        return {
            id: list(reversed(conversation.texts))
            for id, conversation in self.conversations.items()
            if it.user is not None and conversation.owner == it.user and self._covers(it, conversation)
        }

    @staticmethod
    def _covers(it: KnownSession, conversation: KnownConversation) -> bool:
        if it.assurance is Assurance.VERIFIED:
            return conversation.assurance is Assurance.VERIFIED
        return conversation.assurance is not Assurance.VERIFIED and conversation.device == it.device is not None

    def signed_in(self, user: tuple[str, str], name: str | None, token: str, moment: datetime) -> None:
        """A verified session opened there: it adopts what was anonymous, and the device's other visitors are gone."""
        if name is not None:
            for conversation in self.conversations.values():
                if conversation.device == name and conversation.assurance is Assurance.ANONYMOUS:
                    conversation.owner, conversation.assurance = user, Assurance.VERIFIED
            self.end(it for it in self.sessions if it.device == name and it.assurance is not Assurance.VERIFIED)
        self.sessions.append(KnownSession(token, name, user, Assurance.VERIFIED, moment))

    @staticmethod
    def end(ending: Any) -> None:
        for it in list(ending):
            it.ended = True


class WhoSeesWhat(RuleBasedStateMachine):
    new_database: Path  # empty, of this version's schema

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = SetClock()
        self.data = Path(tempfile.mkdtemp(prefix="acquaint-model-"))
        shutil.copy(self.new_database, self.data / "acquaint.db")
        self.settings = Settings(data=self.data)
        self.world = World()
        self.count = 0

    def run(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.runner.run(wait())

    async def _open(self) -> None:
        self.stack = AsyncExitStack()
        house = await self.stack.enter_async_context(
            bootstrap.open_house(self.settings, clock=self.clock, hashing=CHEAPEST)
        )
        self.core = house.core

    @initialize()
    def found_acme(self) -> None:
        self.run(self._open())
        self.acme = Cast(self.run(apps.create(self.core, "Acme")))
        self.secret = self.acme.signing_secret

    def teardown(self) -> None:
        if hasattr(self, "core"):
            self.run(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.data)

    # Coming in

    @rule(way=st.sampled_from(["log_in_by_password", "sign_in_by_token", "vouch"]), who=people, place=places)
    def sign_in(self, way: str, who: Person, place: str | None) -> None:
        getattr(self, way)(who, place)

    @rule(way=st.sampled_from(["guess_a_password", "forge_a_token"]), who=people, place=places)
    def try_in_vain(self, way: str, who: Person, place: str | None) -> None:
        getattr(self, way)(who, place)

    def _place(self, place: str | None) -> Any:
        name = self.world.device_at(place)
        return at(device(name) if name else None, lifetime=Lifetime(idle=IDLE))

    @rule(place=places)
    def visit(self, place: str | None) -> None:
        admission = self.run(sign_in.visit(self.core, self.acme.app, self._place(place)))
        name = self.world.device_at(place)
        user = ("device", name) if name in self.world.device_users and name else None
        assert admission.token is not None
        self.world.sessions.append(KnownSession(admission.token, name, user, Assurance.ANONYMOUS, self.clock()))

    def log_in_by_password(self, who: Person, place: str | None) -> None:
        user = ("login", who.login)
        attempt = sign_in.login_or_register(
            self.core, self.acme.app, who.by_login, who.password, NO_CHANGE, self._place(place)
        )
        if user in self.world.ids and user not in self.world.with_password:
            return self._refused(attempt, InvalidCredentials)
        if user in self.world.banned:
            return self._refused(attempt, UserBanned)
        self._admitted(user, place, attempt)
        self.world.with_password.add(user)
        return None

    def guess_a_password(self, who: Person, place: str | None) -> None:
        if ("login", who.login) in self.world.ids:
            attempt = sign_in.sign_in(self.core, self.acme.app, who.by_login, "opensesame", self._place(place))
            self._refused(attempt, InvalidCredentials)

    def sign_in_by_token(self, who: Person, place: str | None) -> None:
        token = token_of(self.core, self.secret, externalId=who.external_id)
        user = ("external_id", who.login)
        attempt = sign_in.sign_in_with_token(self.core, self.acme.app, token, self._place(place))
        if user in self.world.banned:
            return self._refused(attempt, UserBanned)
        return self._admitted(user, place, attempt)

    def forge_a_token(self, who: Person, place: str | None) -> None:
        token = token_of(self.core, "not the secret of Acme at all, but long", externalId=who.external_id)
        attempt = sign_in.sign_in_with_token(self.core, self.acme.app, token, self._place(place))
        self._refused(attempt, InvalidCredentials)

    def vouch(self, who: Person, place: str | None) -> None:
        user = ("login", who.login)
        attempt = sign_in.vouch_for(self.core, self.acme.app, who.verified(), self._place(place))
        if user in self.world.banned:
            return self._refused(attempt, UserBanned)
        if user not in self.world.vouched:  # whoever registered by that name need not have been them
            self.world.vouched.add(user)
            self.world.with_password.discard(user)
            self.world.end(it for it in self.world.sessions if it.user == user)
        return self._admitted(user, place, attempt)

    def _admitted(self, user: tuple[str, str], place: str | None, attempt: Awaitable[Admission]) -> None:
        admission = self.run(attempt)
        assert admission.user is not None
        assert admission.token is not None
        assert self.world.ids.setdefault(user, admission.user.id) == admission.user.id
        self.world.signed_in(user, self.world.device_at(place), admission.token, self.clock())

    def _refused(self, attempt: Awaitable[object], kind: type[Refusal]) -> None:
        try:
            self.run(attempt)
        except kind:
            return
        raise AssertionError(f"this should have been refused with {kind.__name__}")

    # Being in

    def _live(self, which: int) -> KnownSession | None:
        """One of the sessions that live, more often a late one: what happens in a row belongs together."""
        live = [it for it in self.world.sessions if not it.ended]
        return live[-1 - min(which % len(live), which % 3)] if live else None

    @rule(place=places)
    def drop_in_and_write(self, place: str | None) -> None:
        self.visit(place)
        self.write(0)

    @rule(place=places)
    def drop_in_write_and_leave(self, place: str | None) -> None:
        self.drop_in_and_write(place)
        self.log_out(0)

    @rule(place=st.sampled_from(["kiosk", "laptop"]))
    def come_back_with_a_secret_of_before(self, place: str) -> None:
        """Whoever was at the machine before its last log-out is nobody there any more."""
        epoch = self.world.epochs.get(place, 0)
        if epoch == 0:
            return
        old = at(device(f"{place}-{epoch - 1}"), lifetime=Lifetime(idle=IDLE))
        admission = self.run(sign_in.visit(self.core, self.acme.app, old))
        assert admission.token is not None
        self.world.sessions.append(KnownSession(admission.token, None, None, Assurance.ANONYMOUS, self.clock()))

    @rule(place=places, who=people)
    def drop_in_claim_and_write(self, place: str | None, who: Person) -> None:
        self.visit(place)
        self.claim(0, who)
        self.write(0)

    @rule(which=index)
    def write(self, which: int) -> None:
        it = self._live(which)
        if it is None:
            return
        known = self.run(sessions.resume(self.core, it.token))
        if it.device is None and it.assurance is not Assurance.VERIFIED:
            return self._refused(write(self.core, known, "hello?"), NeedsUser)
        self.count += 1
        id = self.run(write(self.core, known, f"text {self.count}"))
        self._is_somebody(it)
        assert it.user is not None
        self.world.conversations[id] = KnownConversation(it.user, it.assurance, it.device, [f"text {self.count}"])
        return None

    def _is_somebody(self, it: KnownSession) -> None:
        if it.user is None and it.device is not None:
            self.world.device_users.add(it.device)
            it.user = ("device", it.device)

    @rule(which=index, conversation=index)
    @precondition(lambda self: self.world.conversations)
    def say(self, which: int, conversation: int) -> None:
        it = self._live(which)
        if it is None:
            return
        ids = sorted(self.world.conversations)
        id = ids[conversation % len(ids)]
        known = self.run(sessions.resume(self.core, it.token))
        self.count += 1
        attempt = messages.post(self.core, known, id, Draft(f"text {self.count}"))
        if id not in self.world.seen_by(it):
            return self._refused(attempt, NotFound)
        self.run(attempt)
        self.world.conversations[id].texts.append(f"text {self.count}")
        return None

    @rule(which=index, who=people)
    def claim(self, which: int, who: Person) -> None:
        it = self._live(which)
        if it is None:
            return
        known = self.run(sessions.resume(self.core, it.token))
        attempt = sign_in.claim(self.core, known, Claimed(name=who.name, email=who.email))
        if it.assurance is Assurance.VERIFIED:
            return self._refused(attempt, NotAllowed)
        if it.device is None:
            return self._refused(attempt, NeedsUser)
        self.run(attempt)
        self._is_somebody(it)
        it.assurance = Assurance.CLAIMED
        return None

    # Going

    def log_out(self, which: int) -> None:
        it = self._live(which)
        if it is None:
            return
        known = self.run(sessions.resume(self.core, it.token))
        self.run(sessions.log_out(self.core, known.session))
        it.ended = True
        if it.device is not None:
            self.world.end(
                other
                for other in self.world.sessions
                if other.device == it.device and other.assurance is not Assurance.VERIFIED
            )
            if not self.world.is_retired(it.device):
                self.world.epochs[it.device.rpartition("-")[0]] = int(it.device.rpartition("-")[2]) + 1

    def revoke(self, which: int) -> None:
        it = self._live(which)
        if it is not None:
            known = self.run(sessions.resume(self.core, it.token))
            self.run(sessions.end(self.core, self.acme.app, known.session.id))
            it.ended = True

    def _of(self, which: int) -> tuple[str, str] | None:
        known = sorted(self.world.ids)
        return known[which % len(known)] if known else None

    def revoke_all(self, which: int) -> None:
        user = self._of(which)
        if user is not None:
            self.run(sessions.end_all(self.core, self.acme.app, self.world.ids[user]))
            self.world.end(it for it in self.world.sessions if it.user == user)

    def ban(self, which: int) -> None:
        user = self._of(which)
        if user is not None:
            self.run(users.ban(self.core, self.acme.app, self.world.ids[user]))
            self.world.banned.add(user)
            self.world.end(it for it in self.world.sessions if it.user == user)

    def forgive(self, which: int) -> None:
        user = min(self.world.banned, default=None)
        if user is None:
            return
        self.run(users.admit_again(self.core, self.acme.app, self.world.ids[user]))
        self.world.banned.discard(user)

    def delete(self, which: int) -> None:
        user = self._of(which)
        if user is not None:
            self.run(users.delete(self.core, self.acme.app, self.world.ids.pop(user)))
            self.world.with_password.discard(user)
            self.world.vouched.discard(user)
            self.world.banned.discard(user)
            self.world.end(it for it in self.world.sessions if it.user == user)
            for id in [id for id, it in self.world.conversations.items() if it.owner == user]:
                del self.world.conversations[id]

    # What happens anyway

    @rule(what=st.sampled_from(MISHAPS), which=index)
    def something_happens(self, what: str, which: int) -> None:
        getattr(self, what)(which)

    def wait(self, which: int) -> None:
        self.clock.forward(minutes=(1, 50, 119, 121)[which % 4])
        self.world.end(it for it in self.world.sessions if self.clock() - it.used_at >= IDLE)

    def rotate_the_secret(self, which: int) -> None:
        old = self.secret
        self.secret = self.run(apps.rotate_secret(self.core, self.acme.app)).text
        secrets = self.run(apps.secrets_of(self.core, self.acme.app))
        self.run(apps.retire_secret(self.core, self.acme.app, next(it.id for it in secrets if it.text == old)))
        stale = token_of(self.core, old, externalId=ann.external_id)
        self._refused(sign_in.sign_in_with_token(self.core, self.acme.app, stale, at()), InvalidCredentials)

    def restart(self, which: int) -> None:
        self.run(self.stack.aclose())
        self.run(self._open())

    # What must hold

    @invariant()
    def every_session_sees_what_is_theirs(self) -> None:
        for it in self.world.sessions:
            try:
                known = self.run(sessions.resume(self.core, it.token))
            except SessionEnded:
                assert it.ended, "a live session was refused"
                continue
            assert not it.ended, "an ended session was served"
            it.used_at = self.clock()
            assert known.session.assurance is it.assurance
            assert self.run(sees(self.core, known)) == self.world.seen_by(it)

    @invariant()
    def the_app_has_all_that_was_said(self) -> None:
        if hasattr(self, "acme"):
            app = self.run(now(self.core, self.acme))
            for id, it in self.world.conversations.items():
                page = self.run(messages.history_of_app(self.core, app, id, EVERYTHING))
                assert [message.text for message in page.items] == list(reversed(it.texts))


def test_no_session_ever_sees_what_is_not_proven_to_be_its_own(tmp_path: Path) -> None:
    new = Settings(data=tmp_path)
    bootstrap.migrate(new)
    WhoSeesWhat.new_database = new.data / "acquaint.db"
    machine = WhoSeesWhat.TestCase
    machine.settings = settings(
        max_examples=50,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    machine().runTest()
