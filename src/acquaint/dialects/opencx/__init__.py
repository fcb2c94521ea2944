"""OpenCX: its chat widget's visitors come in here, and the App's server vouches for them. See README.md.

auth        who asks: the App, a visitor by a contact token, the App's server by a key
contacts    unverified and verified contacts
setup       what the widget asks before anybody is known
sessions    conversations
chat        what is said in them
uploads     files

server_contacts, chat_sessions    contacts and sessions for the App's own server
webhooks    what it is told in this vendor's words
"""

from __future__ import annotations

from typing import Final

from ...web.dialect import Dialect, Route
from . import chat, chat_sessions, contacts, server_contacts, sessions, setup, uploads
from .errors import ERRORS, error_response
from .webhooks import FORMAT

V2: Final = "/backend/widget/v2"

ROUTES: Final[list[Route]] = [
    Route("GET", V2 + "/config", setup.config),
    Route("GET", V2 + "/prelude", setup.prelude),
    Route("POST", V2 + "/contact/create-unverified", contacts.create_unverified),
    Route("GET", V2 + "/sessions", sessions.list_sessions),
    Route("POST", V2 + "/create-session", sessions.create_session),
    Route("POST", V2 + "/chat/send", chat.send),
    Route("POST", V2 + "/chat/vote", chat.vote),
    Route("GET", V2 + "/poll/{id}", sessions.poll),
    Route("GET", V2 + "/session/history/{id}", sessions.history),
    Route("POST", V2 + "/session/resolve", sessions.resolve),
    Route("POST", V2 + "/submit-csat", sessions.submit_csat),
    Route("POST", V2 + "/checkpoint", sessions.checkpoint),
    Route("POST", V2 + "/upload", uploads.upload),
    Route("GET", V2 + "/files/{file}", uploads.content),
    Route("POST", "/widget/authenticate-user", contacts.authenticate_user, for_browsers=False),
    Route("POST", "/contacts", server_contacts.create_contact, for_browsers=False),
    Route("GET", "/contacts", server_contacts.list_contacts, for_browsers=False),
    Route("PATCH", "/contacts/{id}", server_contacts.change_contact, for_browsers=False),
    Route("DELETE", "/contacts/{id}", server_contacts.delete_contact, for_browsers=False),
    Route("POST", "/chat/sessions", chat_sessions.start, for_browsers=False),
    Route("GET", "/chat/sessions", chat_sessions.list_sessions, for_browsers=False),
    Route("GET", "/chat/sessions/{id}", chat_sessions.show, for_browsers=False),
    Route("GET", "/chat/sessions/{id}/history", chat_sessions.history, for_browsers=False),
    Route("POST", "/chat/sessions/{id}/send", chat_sessions.send, for_browsers=False),
]

DIALECT: Final = Dialect(
    "opencx",
    ("/backend/widget/", "/widget/", "/contacts", "/chat/sessions"),
    ROUTES,
    ERRORS,
    error_response,
    allowed_headers=("authorization", "content-type", "x-bot-token"),
    exposed_headers=("retry-after",),
)

__all__ = ["DIALECT", "FORMAT"]
