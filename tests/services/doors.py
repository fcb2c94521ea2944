"""Coming in, in one line each: what most tests of the use cases begin with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from acquaint.domain.apps import App
from acquaint.domain.conversations import ConversationId
from acquaint.domain.events import Event, EventKind
from acquaint.domain.identities import NO_CHANGE, Identifier
from acquaint.domain.paging import PageAsked
from acquaint.domain.places import DeviceId
from acquaint.domain.sessions import Lifetime
from acquaint.ports.store import Recognised
from acquaint.services import apps, conversations, history, messages, sessions, sign_in
from acquaint.services.admission import Admission, Place
from acquaint.services.core import Core, device_of
from acquaint.services.messages import Draft
from tests.cast import Cast, Person

EVERYTHING = PageAsked(limit=200)


def at(device: str | DeviceId | None = None, **other: Any) -> Place:
    """A place: on the device with this secret, or on none."""
    device_id = device_of(device) if device else None
    usual = Place("native", Lifetime(idle=timedelta(days=30)), "203.0.113.7", device_id)
    return replace(usual, **other)


async def it_of(core: Core, admission: Admission) -> Recognised:
    assert admission.token is not None
    return await sessions.resume(core, admission.token)


async def visitor(core: Core, acme: Cast, device: str | None, **other: Any) -> Recognised:
    """Somebody who just came by on the device."""
    return await it_of(core, await sign_in.visit(core, await now(core, acme), at(device, **other)))


async def verified(core: Core, acme: Cast, who: Person, device: str | None = None, **other: Any) -> Recognised:
    """Somebody for whom Acme's server vouches."""
    return await it_of(core, await sign_in.vouch_for(core, await now(core, acme), who.verified(), at(device, **other)))


async def registered(core: Core, acme: Cast, who: Person, device: str | None = None) -> Recognised:
    """Somebody who came with a password of their own."""
    app = await now(core, acme)
    return await it_of(
        core, await sign_in.login_or_register(core, app, who.by_login, who.password, NO_CHANGE, at(device))
    )


def token_of(core: Core, secret: str, **claims: Any) -> str:
    """As Acme's server signs them: fresh unless said otherwise."""
    return core.signer.sign({"iat": int(core.clock().timestamp())} | claims, secret)


async def now(core: Core, acme: Cast) -> App:
    """Acme as it is now: its Policy may have changed."""
    return await apps.named(core, acme.app.slug)


async def allow(core: Core, acme: Cast, **rules: Any) -> App:
    return await apps.change_policy(core, acme.app, rules)


async def write(core: Core, it: Recognised, text: str = "hello", **other: Any) -> ConversationId:
    """A new conversation with one message."""
    seen, _ = await conversations.start(core, it, first=Draft(text, **other))
    return seen.conversation.id


async def sees(core: Core, it: Recognised) -> dict[ConversationId, list[str]]:
    """What the session sees: every conversation with its texts, the newest first."""
    page = await conversations.seen(core, it.session, EVERYTHING)
    return {
        it_.conversation.id: [
            message.text
            for message in (await messages.history(core, it.session, it_.conversation.id, EVERYTHING)).items
        ]
        for it_ in page.items
    }


async def events(core: Core, acme: Cast) -> list[Event]:
    """Every event of the App, oldest first."""
    page = await history.audit(core, acme.app, EVERYTHING, kinds=set(EventKind))
    return list(reversed(page.items))


async def kinds(core: Core, acme: Cast, since: int = 0) -> list[str]:
    return [it.kind.value for it in (await events(core, acme))[since:]]


def login(who: Person) -> Identifier:
    return who.by_login
