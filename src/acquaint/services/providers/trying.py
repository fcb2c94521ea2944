"""Trying a Provider: the same questions and the same reading of the answers, and nobody is let in.

It works before the Provider is enabled, and shows no secret: neither the App's nor the password that is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...domain.apps import App
from ...domain.errors import NotFound, ProviderRefused, ProviderUnavailable, Refusal, TokenRefused
from ...domain.identities import KEEP, Identity
from ...domain.providers import CustomProvider, ProviderKind
from ...domain.questions import Question, shown_question
from ...domain.testimony import Testimony
from ...domain.users import User
from ...ports.outbound import Answer
from .. import limits
from ..admission import resolve
from ..core import Core
from .admitting import identity_of
from .custom import answer_of, read
from .setting_up import kept
from .testifying import testimony_of

LONGEST_SHOWN: Final = 4000  # characters of an answer
DOOR: Final = "try"


@dataclass(frozen=True, slots=True)
class DryRun:
    """What was asked, what was answered, whom it would have let in, or why nobody. Plain data, for people."""

    request: Mapping[str, Any] | None
    answer: Mapping[str, Any] | None
    mapped: Mapping[str, Any] | None
    why_not: str | None


async def try_custom_provider(core: Core, app: App, fields: Mapping[str, str]) -> DryRun:
    """What the App's own identity provider would be asked, what it answers, and what would come of it.

    Refuses with NotFound where it is not set up, Unacceptable where a field is too long, or TooManyRequests.
    """
    await core.limiter.take(limits.PROVIDER_TRIALS_PER_APP, str(app.id))
    settings = (await kept(core, app, ProviderKind.CUSTOM.value)).settings
    if not isinstance(settings, CustomProvider):
        raise NotFound("provider")
    request, answer = _request(shown_question(settings, fields)), None
    try:
        came = await answer_of(core, app, settings, fields)
        answer = _answer(came)
        return DryRun(request, answer, await _mapped(core, app, read(settings, came)), None)
    except (ProviderRefused, ProviderUnavailable) as refusal:
        return DryRun(request, answer, None, _why(refusal))


async def try_provider(core: Core, app: App, name: str, asked: Mapping[str, Any]) -> DryRun:
    """Whom a credential would let in.

    Refuses with NotFound where it is not set up, Unacceptable where a field is missing, or TooManyRequests.
    """
    if name == ProviderKind.CUSTOM:
        return await try_custom_provider(core, app, {key: str(it) for key, it in asked.items() if it is not None})
    await core.limiter.take(limits.PROVIDER_TRIALS_PER_APP, str(app.id))
    provider = await kept(core, app, name)
    try:
        testimony = await testimony_of(core, app, name, provider, asked)
    except (TokenRefused, ProviderRefused, ProviderUnavailable) as refusal:
        return DryRun(None, None, None, _why(refusal))
    return DryRun(None, None, await _mapped(core, app, testimony), None)


def _request(it: Question) -> dict[str, Any]:
    body = None if it.content is None else it.content.decode()
    return {"method": it.method, "url": it.url, "headers": dict(it.headers), "body": body}


def _answer(it: Answer) -> dict[str, Any]:
    body = it.body.decode("utf-8", "replace").replace("\0", "\ufffd")
    return {
        "status": it.status,
        "content_type": it.headers.get("content-type", "")[:255],
        "body": body[:LONGEST_SHOWN],
        "is_cut": len(body) > LONGEST_SHOWN,
    }


async def _mapped(core: Core, app: App, testimony: Testimony) -> dict[str, Any]:
    """The identifiers and profile that a sign-in would bring, and the user who is there already."""
    async with core.store.read() as tx:
        identity = await identity_of(tx, app, testimony, DOOR)
        user = await resolve(tx, app, identity)
    return {
        "identifiers": [{"kind": it.kind.value, "value": it.value} for it in identity.identifiers],
        "profile": _profile(identity),
        "claimed": {"email": identity.claimed.email, "phone": identity.claimed.phone},
        "user": _user(user),
        "may_come_in": user.may_act if user is not None else app.policy.registers_on_token,
    }


def _profile(identity: Identity) -> dict[str, Any]:
    change = identity.profile
    said = {"name": change.name, "avatar_url": change.avatar_url, "phone": change.phone, "tags": change.tags}
    shown = {name: value for name, value in said.items() if value is not KEEP}
    return shown | dict(change.by_door.get(DOOR, {}))


def _user(user: User | None) -> dict[str, Any] | None:
    return None if user is None else {"id": str(user.id), "name": user.profile.name, "standing": user.standing.value}


def _why(refusal: Refusal) -> str:
    match refusal:
        case TokenRefused():
            return f"the token's {refusal.claim} {refusal.why}"
        case ProviderRefused(lacks=lacks) if lacks:
            return f"the answer has no {lacks} that could be an id: look at its path, and at the answer"
        case ProviderRefused(status=status, text=text):
            return f"it answered {status}" + (f": {text}" if text else "")
        case ProviderUnavailable(why=why):
            return f"it does not answer: {why}"
    return type(refusal).__name__
