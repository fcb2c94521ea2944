"""What a page says of whoever looks at it. It proves nothing, names nobody, and joins nobody's history.

A public key is in everybody's hands, and so are tracking ids. So whoever speaks for a tracking with a public key shows
its token, in the header of the chat's own requests; an App's own server may name the tracking by its id. Without
either a new tracking is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.responses import Response

from ....domain.errors import NotAllowed, NotFound, SessionEnded, Unacceptable
from ....domain.identities import Assurance, Claimed, Profile, ProfileChange
from ....domain.sessions import Session, SessionId
from ....domain.users import User
from ....ports.store import Recognised
from ....services import roster, sign_in, support
from ....web.ids import as_hex
from .. import org, wire
from ..chat.tracking import DOOR, HEADER, opened, visit
from ..reading import Asked, check_custom, read
from .callers import Server
from .customer_fields import MOST_TAGS, read_shared_email, read_shared_phone
from .naming import one_of

LONGEST_META: Final = 2_000  # bytes of JSON
MOST_SHARED: Final = 10
_EVENT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,254}")
_IDENTITY: Final = (
    "remember", "trackingId", "sessionId", "name", "company", "externalId", "username", "signedUpAt", "birthdayAt",
    "gender", "locale", "timeZone", "email", "phone", "location", "tags", "custom",
)  # fmt: skip
_EVENT: Final = ("trackingId", "sessionId")


async def identity(server: Server) -> Response:
    """POST tracking/identity: who somebody says they are, kept apart from everything proven."""
    asked = (await read(server.request)).only(*_IDENTITY)
    return await _identify(server, asked)


async def event(server: Server) -> Response:
    """POST tracking/event: what somebody did, into the App's audit trail."""
    asked = (await read(server.request)).only("name", "meta", *_EVENT)
    name, meta = _event(asked)
    it, _ = await _tracked(server, asked)
    await roster.note_doing(server.core, it, name, meta)
    return Response(status_code=204)


async def identity_event(server: Server) -> Response:
    """POST tracking/identityEvent: both, as ``{"identity": {…}, "event": {…}}``."""
    asked = (await read(server.request)).only("identity", "event")
    who, what = asked.object("identity"), asked.object("event")
    if who is None or what is None:
        raise Unacceptable("identity" if who is None else "event", "is required")
    name, meta = _event(Asked(what, "event.").only("name", "meta", *_EVENT))
    return await _identify(server, Asked(who, "identity.").only(*_IDENTITY), (name, meta))


async def _identify(server: Server, asked: Asked, did: tuple[str, Mapping[str, Any]] | None = None) -> Response:
    change, claimed = _said(asked)
    it, token = await _tracked(server, asked)
    session, user = await support.describe(server.core, it, lambda profile: change(profile))
    it = Recognised(session, server.app, user)
    if session.assurance is not Assurance.VERIFIED and claimed != Claimed():
        session = await sign_in.claim(server.core, it, claimed)
    if did is not None:
        await roster.note_doing(server.core, Recognised(session, server.app, user), *did)
    return wire.document(_identity(server, session, user, claimed, token), 201)


def _identity(server: Server, session: Session, user: User, claimed: Claimed, token: str | None) -> wire.Resource:
    now = wire.moment(server.core.clock())
    attributes = {
        "trackingId": as_hex(session.id),
        "email": claimed.email,
        "status": "updated",
        "statusAt": now,
        "createdAt": wire.moment(session.created_at),
        "updatedAt": now,
    }
    if token is not None:
        attributes["token"] = token  # of the tracking that was made now; nobody else can ever show it
    relationships = wire.org_of(server.app) | {"customer": wire.reference("customer", user.id)}
    return wire.resource("identity", session.id, attributes, relationships, {"self": "/v1/tracking/identity"})


async def _tracked(server: Server, asked: Asked) -> tuple[Recognised, str | None]:
    """The session that is spoken for; a new one with its token where none is named.

    Refuses with SessionEnded, with NotAllowed who names a tracking and cannot show its token, and with NotFound.
    """
    text, tracking_id = server.request.headers.get(HEADER), asked.id("trackingId")
    if text:
        caller = await opened(server.core, text)
        if caller.app.id != server.app.id:
            raise SessionEnded
        org.check_host(server.request, caller.app)
        if tracking_id not in (None, caller.session.id):
            raise NotAllowed
        return caller.recognised, None
    if tracking_id is None:
        made = await visit(server.request, server.app)
        return made.recognised, made.token
    if server.is_public:
        raise NotAllowed
    session = await roster.one_session(server.core, server.app, SessionId(tracking_id))
    if session.door != DOOR:
        raise NotFound("session")
    return Recognised(session, server.app, None), None


def _said(asked: Asked) -> tuple[Any, Claimed]:
    """What becomes of the profile, and what is claimed besides."""
    email = read_shared_email(asked, "email")
    phone = read_shared_phone(asked, "phone")
    name, external_id = asked.text("name", 255), asked.text("externalId", 255)
    custom = check_custom(asked.object("custom") or {}, asked.at + "custom")
    known = {
        "company": asked.text("company", 64),
        "username": asked.text("username", 256),
        "signedUpAt": wire.moment(asked.moment("signedUpAt")),
        "birthdayAt": wire.moment(asked.moment("birthdayAt")),
        "gender": one_of(asked, "gender", ("m", "f")),
        "locale": asked.text("locale", 16),
        "timeZone": asked.text("timeZone", 64),
        "tags": asked.texts("tags", MOST_TAGS, 64),
        "location": _location(asked),
        "externalId": external_id,
    }
    tracked = {field: value for field, value in known.items() if value is not None}
    asked.flag("remember")
    asked.text("sessionId", 64)

    def change(profile: Profile) -> ProfileChange:
        kept = dict(profile.by_door.get(DOOR, {}))
        for field, entry in (("sharedEmails", email), ("sharedPhones", phone)):
            was = kept.get(field, [])
            if entry is not None and len(was) < MOST_SHARED and entry not in was:
                kept[field] = [*was, entry]
        if tracked:
            kept["tracked"] = {**kept.get("tracked", {}), **tracked}
        said = {field: value for field, value in {**profile.claimed.custom, **custom}.items() if value is not None}
        return ProfileChange(claimed_custom=said, by_door={DOOR: kept})

    claimed = Claimed(
        name=name,
        email=email["email"] if email else None,
        phone=phone["phone"] if phone else None,
        external_id=external_id,
    )
    return change, claimed


def _event(asked: Asked) -> tuple[str, dict[str, Any]]:
    name, meta = asked.needed("name", 255), asked.object("meta") or {}
    if not _EVENT_NAME.fullmatch(name):
        raise Unacceptable(
            asked.at + "name", "must be a letter, and then letters, digits, dots, hyphens or underscores"
        )
    if len(msgspec.json.encode(meta)) > LONGEST_META:
        raise Unacceptable(asked.at + "meta", f"is larger than {LONGEST_META} bytes")
    return name, meta


def _location(asked: Asked) -> dict[str, Any] | None:
    found = asked.object("location")
    if found is not None and len(msgspec.json.encode(found)) > LONGEST_META:
        raise Unacceptable(asked.at + "location", f"is larger than {LONGEST_META} bytes")
    return found
