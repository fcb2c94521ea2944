"""Logging in: ``POST /c/v1/identity`` with a token that the App's server signed.

The tracking token that was presented stays good whatever happens: iOS goes on using it after success, Android after
failure. On success it is the same token with somebody in it, who sees on it what was said before on this device,
and what they said anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ....domain.apps import App
from ....domain.errors import AppClosed, NotFound, SessionEnded, Unacceptable
from ....domain.identities import Identifier, IdentifierKind, normal_email
from ....domain.limits import Limit
from ....domain.users import User
from ....services import users
from ....services.admission import Admission
from ....services.core import Core
from ....services.sign_in import sign_in_with_token
from ....web.dialect import core_of
from ....web.ids import as_hex
from .. import org, wire
from ..reading import read
from .tracking import DOOR, HEADER, Caller, is_verified, opened, place_of, unchecked_claims, visit

LOGINS_PER_TRACKING: Final = Limit("kustomer_logins_per_tracking", 10, timedelta(minutes=1))
"""Against guessing signatures from one place; lower would hurt an app that logs in each time it opens."""


async def identify(request: Request) -> Response:
    """POST identity. Without a good tracking token a new tracking is made, and its token is in the answer.

    Refuses with Unacceptable, TokenRefused, AlreadySignedIn, RegistrationClosed or UserBanned.
    """
    core = core_of(request)
    asked = await read(request)
    external_token = asked.values.get("externalToken")
    if not isinstance(external_token, str) or not external_token.strip():
        raise Unacceptable("externalToken", "is required")
    caller = await _caller_or_new(request)
    await core.limiter.take(LOGINS_PER_TRACKING, str(caller.session.id))
    app = await _adopting_what_is_theirs(core, caller, external_token)
    admission = await sign_in_with_token(core, app, external_token, place_of(request, caller.session))
    was = caller.recognised
    is_again = is_verified(was.session) and admission.user is not None and was.session.user_id == admission.user.id
    return wire.document(_identity(caller, admission, external_token, core.clock()), 200 if is_again else 201)


async def _caller_or_new(request: Request) -> Caller:
    """Who holds the token in the header; a new tracking where there is none, or it opens nothing any more.

    Refuses with SessionEnded a live token of one App on the host of another: whoever sends it is mistaken, or worse.
    """
    try:
        caller = await opened(core_of(request), request.headers.get(HEADER, ""))
    except (SessionEnded, AppClosed):
        return await visit(request, await org.app_of(request))
    org.check_host(request, caller.app)
    return caller


async def _adopting_what_is_theirs(core: Core, caller: Caller, external_token: str) -> App:
    """The App, as it is; but adopting nothing where the visitor said that they are somebody else than who logs in.

    Eve types her address on a machine that Ann uses after her: what Eve said is claimed by somebody, and no history of
    nobody in particular (rule 5). Where nothing says so, it is.
    """
    user = caller.recognised.user
    if user is None or user.is_verified:
        return caller.app
    said = {str(it.get("email")) for it in user.profile.by_door.get(DOOR, {}).get("sharedEmails", [])}
    theirs = await _addresses_of(core, caller.app, _known_as(external_token)) if said else set()
    if not theirs or theirs & said:
        return caller.app
    return replace(caller.app, policy=replace(caller.app.policy, adopts_on_sign_in=False))


async def _addresses_of(core: Core, app: App, known_as: Mapping[str, str | None]) -> set[str]:
    """The addresses of whoever a token names that nobody has checked yet, as far as the App vouched for them."""
    email, external_id = known_as["email"], known_as["externalId"]
    try:
        if email is None and external_id is None:
            return set()
        who = Identifier.external_id(external_id or "") if email is None else Identifier.email(email)
        user = await users.find(core, app, who)
    except (NotFound, Unacceptable):
        return set() if email is None else {email}
    return {it.value for it in user.identifiers if it.kind is IdentifierKind.EMAIL}


def _identity(caller: Caller, admission: Admission, external_token: str, now: Any) -> wire.Resource:
    """As whom somebody is logged in: what ``isLoggedIn`` of the SDKs compares with.

    Only the identifier that counted is told: the email where the token has one, and else the externalId.
    """
    user = admission.user
    if user is None:
        raise TypeError("somebody logged in")
    attributes = {
        "trackingId": as_hex(admission.session.id),
        "token": caller.token,
        **_known_as(external_token),
        "verified": True,
        "verifiedAt": wire.moment(now),
        "createdAt": wire.moment(admission.session.created_at),
        "updatedAt": wire.moment(now),
    }
    relationships = wire.org_of(caller.app) | {"customer": customer_of(user)}
    return wire.resource("identity", admission.session.id, attributes, relationships)


def customer_of(user: User) -> wire.Resource:
    return wire.reference("customer", user.id, f"/v1/customers/{as_hex(user.id)}")


def _known_as(external_token: str) -> dict[str, str | None]:
    """The identifier that counts in a token, whether or not it was checked."""
    claims = unchecked_claims(external_token)
    email, external_id = claims.get("email"), claims.get("externalId")
    if isinstance(email, str) and email.strip():
        try:
            return {"email": normal_email(email), "externalId": None}
        except Unacceptable:  # it will be refused
            return {"email": None, "externalId": None}
    return {"email": None, "externalId": external_id if isinstance(external_id, str) else None}
