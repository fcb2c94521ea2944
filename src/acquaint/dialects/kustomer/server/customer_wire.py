"""What servers are shown of a customer.

``emails`` and the other lists that name somebody are made of the user's identifiers, whichever API they came by; how
an address was typed and what else was said about it is added from what this dialect keeps.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from ....domain.apps import App
from ....domain.identities import Identifier
from ....domain.users import Merge, User
from ....ports.store import ConversationCounts
from ....web.ids import as_hex
from .. import wire
from ..chat.tracking import DOOR
from ..names import display_name
from .customer_body import rev_of
from .naming import NAMING, list_of

NOBODY: Final = ConversationCounts()
COLORS: Final = ("teal", "blue", "purple", "pink", "orange", "red", "yellow", "green")
_AS_SENT: Final = (
    "username",
    "signedUpAt",
    "lastActivityAt",
    "lastCustomerActivityAt",
    "importedAt",
    "birthdayAt",
    "gender",
    "locale",
    "timeZone",
    "defaultLang",
    "sentiment",
)
_LISTS_AS_SENT: Final = ("sharedExternalIds", "sharedEmails", "sharedPhones", "sharedSocials", "urls", "locations")

Entry = dict[str, Any]


def customer(app: App, user: User, counts: ConversationCounts = NOBODY) -> wire.Resource:
    kept = user.profile.by_door.get(DOOR, {})
    named = {name: _entries(user, name, kept) for name in NAMING}
    external_ids = named["externalIds"]
    link = link_of(user.id)
    attributes: Entry = {
        "name": user.profile.name,
        "displayName": user.profile.name or user.profile.claimed.name or display_name(user),
        "displayColor": COLORS[zlib.crc32(str(user.id).encode()) % len(COLORS)],
        "displayIcon": None,
        "externalId": external_ids[0]["externalId"] if external_ids else None,
        "avatarUrl": user.profile.avatar_url,
        **named,
        **{name: kept.get(name) for name in _AS_SENT},
        **{name: kept.get(name, []) for name in _LISTS_AS_SENT},
        "tags": list(user.profile.tags),
        "custom": {**user.profile.claimed.custom, **user.profile.custom},
        "verified": user.is_verified,
        "conversationCounts": {
            "all": counts.every,
            "open": counts.every - counts.closed,
            "snoozed": 0,
            "done": counts.closed,
        },
        "activeUsers": [],
        "watchers": [],
        "createdAt": kept.get("createdAt") or wire.moment(user.created_at),
        "updatedAt": wire.moment(user.updated_at),
        "modifiedAt": wire.moment(user.updated_at),
        "lastSeenAt": wire.moment(user.last_seen_at) or kept.get("lastSeenAt"),
        "rev": rev_of(user),
    }
    relationships = wire.org_of(app) | {"messages": {"links": {"self": f"{link}/messages"}}}
    if kept.get("company"):
        relationships["company"] = wire.reference("company", str(kept["company"]))
    return wire.resource("customer", user.id, attributes, relationships, {"self": link})


def merge(app: App, it: Merge) -> wire.Resource:
    attributes = {"status": "success", "createdAt": wire.moment(it.at), "updatedAt": wire.moment(it.at)}
    relationships = wire.org_of(app) | {
        "source": wire.reference("customer", it.source_id),
        "target": wire.reference("customer", it.target_id, link_of(it.target_id)),
    }
    return wire.resource(
        "customer_merge", it.id, attributes, relationships, {"self": f"/v1/customers/merges/{as_hex(it.id)}"}
    )


def link_of(id: int) -> str:
    return f"/v1/customers/{as_hex(id)}"


def _entries(user: User, name: str, kept: Mapping[str, Any]) -> list[Any]:
    """The identifiers of one list, each as it was written if it was written here."""
    naming = NAMING[name]
    written = {naming.identifier(it): it for it in kept.get(name, [])}
    found = [written.get(it) or _entry(name, it, user) for it in user.identifiers if list_of(it) == name]
    return [it | {"id": None} if naming.field else it["id"] for it in found]


def _entry(name: str, identifier: Identifier, user: User) -> Entry:
    """One that came by a login or another API: the App vouched for it."""
    value = identifier.value.partition("|")[2] or identifier.value
    verified = user.is_vouched
    match name:
        case "emails":
            return {"email": identifier.value, "type": "home", "verified": verified}
        case "externalIds":
            return {"externalId": identifier.value, "verified": verified}
        case "phones" | "whatsapps":
            return {"phone": f"+{value}", "type": "mobile", "verified": verified}
        case "socials":
            network = identifier.value.partition("|")[0].rpartition(":")[2]
            return {"type": network, "username": value, "verified": verified}
    return {"id": value}
