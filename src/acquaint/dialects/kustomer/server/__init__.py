"""What the App's own server asks, under ``/v1/`` and ``/v2.1/``, with an API key.

callers         who asks, and how often they may
keys            API keys, roles, and the secret that logins are signed with
customers       customers. customer_body reads what is written of them, with naming and customer_fields;
                customer_wire shows them
bulk, search    many customers at once, and those that a query finds
merges          two customers who are one
chat            conversations, in the names of customers and to them
tracking        what a page says of whoever looks at it, with the public key
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.responses import Response

from ....web.dialect import Route
from . import bulk, chat, customers, keys, merges, search, tracking
from .callers import Server, served

Endpoint = Callable[[Server], Awaitable[Response]]

SECURITY: Final = ("org.permission.security", "org.admin.security")
CREATE: Final = ("org.permission.customer.create", "org.user.customer.write")
UPDATE: Final = ("org.permission.customer.update", "org.user.customer.write")
DELETE: Final = ("org.permission.customer.delete", "org.user.customer.delete")
READ_BULK: Final = tuple(dict.fromkeys(("org.permission.bulk.read", "org.user.bulk.read", *CREATE, *UPDATE, *DELETE)))
SEARCH: Final = ("org.permission.search.create", "org.user.search.read", *customers.READ)
ADMIN: Final = ("org.admin",)
READ_CONVERSATIONS: Final = ("org.permission.conversation.read", "org.user")
START_CONVERSATIONS: Final = ("org.permission.conversation.create", "org.user")
READ_MESSAGES: Final = ("org.permission.message.read", "org.user")
POST_MESSAGES: Final = ("org.permission.message.create", "org.user")
SPEAK_FOR_VISITORS: Final = ("org.tracking", "org.user")


def _route(method: str, path: str, endpoint: Endpoint, *needed: str) -> Route:
    return Route(method, path, served(endpoint, *needed), for_browsers=False)


def _public(method: str, path: str, endpoint: Endpoint, *needed: str) -> Route:
    """For pages as well, with the key that is in them."""
    return Route(method, path, served(endpoint, *needed, public=True))


ROUTES: Final[list[Route]] = [
    _route("GET", keys.SETTINGS, keys.settings, "org.admin.apps"),
    _route("POST", keys.SETTINGS + "/rotate", keys.rotate, *ADMIN),
    _route("GET", "/v1/auth/roles", keys.roles),
    _route("GET", "/v1/auth/tokens", keys.list_tokens, *SECURITY),
    _route("POST", "/v1/auth/tokens/machine", keys.create_token, *ADMIN),
    _public("GET", "/v1/auth/tokens/current", keys.current_token),
    _route("DELETE", "/v1/auth/tokens/current", keys.delete_current_token),
    _route("GET", "/v1/auth/tokens/{id}", keys.one_token, *ADMIN),
    _route("DELETE", "/v1/auth/tokens/{id}", keys.delete_token),
    _route("GET", "/v1/customers", customers.list_customers, *customers.READ),
    _route("POST", "/v1/customers", customers.create_customer, *CREATE),
    _route("POST", "/v1/customers/bulk", bulk.create, *CREATE),
    _route("PUT", "/v1/customers/bulk", bulk.update, *UPDATE),
    _route("DELETE", "/v1/customers/bulk", bulk.delete, *DELETE),
    _route("GET", "/v1/bulk/{id}", bulk.one_job, *READ_BULK),
    _route("GET", "/v1/bulk/{id}/batches", bulk.batches, *READ_BULK),
    _route("POST", "/v1/customers/search", search.search, *SEARCH),
    _route("POST", "/v1/customers/merges", merges.create_merge, *merges.MERGE),
    _route("GET", "/v1/customers/merges/{id}", merges.one_merge, *customers.READ),
    _route("GET", "/v1/customers/email={value:path}", customers.by_email, *customers.READ),
    _route("GET", "/v1/customers/phone={value:path}", customers.by_phone, *customers.READ),
    _route("GET", "/v1/customers/externalId={value:path}", customers.by_external_id, *customers.READ),
    _route("GET", "/v1/customers/{id}", customers.one_customer, *customers.READ),
    _route("PATCH", "/v1/customers/{id}", customers.change_customer, *UPDATE),
    _route("PUT", "/v1/customers/{id}", customers.put_customer, *UPDATE),
    _route("DELETE", "/v1/customers/{id}", customers.delete_customer, *DELETE),
    _route("GET", "/v1/customers/{id}/conversations", customers.list_conversations, *customers.READ),
    _route("GET", "/v1/customers/{id}/push-tokens", customers.list_push_tokens, *customers.READ),
    _route("GET", "/v1/customers/{id}/merges", merges.list_merges, *customers.READ),
    _route("GET", "/v1/users/{id}", chat.one_user, "org.permission.conversation.read", "org.user"),
    _public("POST", "/v1/tracking/identity", tracking.identity, *SPEAK_FOR_VISITORS),
    _public("POST", "/v1/tracking/event", tracking.event, *SPEAK_FOR_VISITORS),
    _public("POST", "/v1/tracking/identityEvent", tracking.identity_event, *SPEAK_FOR_VISITORS),
    _route("GET", "/v2.1/chat/sessions", chat.list_sessions, *READ_CONVERSATIONS),
    _route("POST", "/v2.1/chat/sessions", chat.create_session, *START_CONVERSATIONS),
    _route("GET", "/v2.1/chat/sessions/{id}/messages", chat.list_messages, *READ_MESSAGES),
    _route("POST", "/v2.1/chat/messages", chat.post_message, *POST_MESSAGES),
    _route("POST", "/v2.1/chat/outbound/messages", chat.post_outbound, *POST_MESSAGES),
    _route("POST", "/v2.1/chat/outbound/typing", chat.show_typing, *POST_MESSAGES),
    _route("POST", "/v2.1/chat/handoff", chat.hand_off, *START_CONVERSATIONS),
]
