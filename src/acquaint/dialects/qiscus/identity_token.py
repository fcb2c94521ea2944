"""Logging in by an identity token: a JWT that the App's server signed, good once because a nonce of ours is in it.

identity_in                    what such a token says, if it is one and fresh; pure
sign_in_with_identity_token    believed, spent, admitted
named_app                      the App a token says it is of, before anything about it is believed

A token for another of our doors is nothing here, nor the other way round: this one must have ``ver`` v2, ``exp``,
``nce`` and ``prn``, and has no ``email`` or ``externalId``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ...domain.apps import App
from ...domain.claims import LEEWAY, SignedToken, check_typ, check_window, moment, text
from ...domain.errors import (
    Doubt,
    InvalidCredentials,
    RegistrationClosed,
    TicketRefused,
    TokenRefused,
    Unacceptable,
    Unreadable,
)
from ...domain.identities import Assurance, Identity
from ...services import apps, limits
from ...services.admission import Place, note_refusal
from ...services.core import Core
from ...services.sign_in import vouch_for
from ...services.tickets import spend_nonce
from ...web.reading import check_texts, parse_json
from .auth import Caller, check_new_id, known_as
from .profile import vouched_profile
from .reading import Asked

LONGEST_LIFE: Final = timedelta(hours=1)  # from iat to exp; the vendor advises two minutes
LONGEST_TOKEN: Final = 4096  # characters, as for every signed token


async def sign_in_with_identity_token(core: Core, app: App, token: str, place: Place) -> Caller:
    """Refuses with TokenRefused, naming the claim, or with UserBanned."""
    await limits.take(core, limits.TOKENS_PER_ADDRESS, place.address)
    now = core.clock()
    believed = await apps.believed_secrets(core, app)
    try:
        signed = core.signer.verify(token, believed)
        identity, nonce = identity_in(signed, app, now)
        await check_new_id(core, app, "prn", identity.identifiers[0].value)
        await spend_nonce(core, app, nonce)  # last: what is not believed must not spend anybody's nonce
    except InvalidCredentials as refusal:
        await note_refusal(core, app, place, refusal.doubt)
        raise
    except (TicketRefused, Unacceptable) as refusal:
        await note_refusal(core, app, place, Doubt.BAD_CLAIM)
        raise _about_claim(refusal) from refusal
    await core.limiter.give_back(limits.TOKENS_PER_ADDRESS, limits.party(place.address))
    try:
        return Caller.admitted(app, await vouch_for(core, app, identity, place))
    except RegistrationClosed as refusal:
        raise TokenRefused("prn", "names nobody, and this App registers nobody by token") from refusal


def identity_in(token: SignedToken, app: App, now: datetime) -> tuple[Identity, str]:
    """The identity that the token names, and its nonce; refuses with TokenRefused or Unacceptable."""
    check_typ(token.header, required=True)
    if token.header.get("ver") != "v2":
        raise TokenRefused("ver", "must be v2")
    claims = token.claims
    check_texts(claims)
    if text(claims, "iss") != app.slug:
        raise TokenRefused("iss", "must be the App ID")
    _check_life(claims, now)
    asked = Asked(claims)
    nonce, id = text(claims, "nce"), asked.text("prn")
    if nonce is None or id is None:
        raise TokenRefused("nce" if nonce is None else "prn", "is required")
    return Identity((known_as("prn", id),), Assurance.VERIFIED, vouched_profile(asked, name="name")), nonce


def named_app(token: str) -> str:
    """The ``iss`` of a token that nobody has checked yet: good to look an App up by, and for nothing else."""
    try:
        _, claims, _ = token[: LONGEST_TOKEN + 1].split(".")
        found = parse_json(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)), dict[str, Any])
    except (ValueError, binascii.Error, Unreadable) as error:
        raise TokenRefused("token", "is not a JWT", Doubt.UNREADABLE_TOKEN) from error
    issuer = text(found, "iss")
    if issuer is None:
        raise TokenRefused("iss", "is required")
    return issuer


def _check_life(claims: Mapping[str, Any], now: datetime) -> None:
    for name in ("iat", "exp"):
        if claims.get(name) is None:
            raise TokenRefused(name, "is required")
    issued = moment(claims, "iat")
    if issued - now > LEEWAY:
        raise TokenRefused("iat", "has not come yet")
    if moment(claims, "exp") - issued > LONGEST_LIFE:
        raise TokenRefused("exp", f"is more than {LONGEST_LIFE // timedelta(seconds=1)} s after iat")
    check_window(claims, now)


def _about_claim(refusal: TicketRefused | Unacceptable) -> TokenRefused:
    if isinstance(refusal, TicketRefused):
        return TokenRefused("nce", "is unknown, used or expired")
    return TokenRefused(refusal.field, refusal.reason)
