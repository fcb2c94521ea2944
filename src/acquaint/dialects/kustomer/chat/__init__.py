"""What a visitor's SDK asks, under ``/c/`` and ``/p/``: a tracking token opens it.

tracking        who holds a token; the routes that hand tokens out
identify        logging in by a token that the App's server signed
customer        oneself, and the signal that SDKs poll
conversations   conversations and messages
attachments     files beside messages
surveys         what somebody thought of a conversation
surroundings    settings, who answers, and what is not spoken here
push            where an app is notified
events          what happens, as it happens: event_stream and event_socket
resources       what visitors are shown
"""

from __future__ import annotations

from typing import Final

from ....web.dialect import Route
from . import attachments, conversations, customer, event_stream, identify, push, surroundings, surveys, tracking

SESSIONS: Final = "/c/v1/chat/sessions"
ANY_METHOD: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

ROUTES: Final[list[Route]] = [
    Route("GET", "/c/v1/tracking/tokens/current", tracking.current_token),
    Route("POST", "/c/v1/tracking/tokens", tracking.new_token),
    Route("POST", "/c/v1/identity", identify.identify),
    Route("PATCH", "/c/v1/customers/current", customer.describe_customer),
    Route("GET", "/c/v1/chat/customers/stats", customer.stats),
    Route("GET", SESSIONS, conversations.list_sessions),
    Route("POST", SESSIONS, conversations.start_session),
    Route("POST", "/c/v2.1/chat/sessions", conversations.start_session),
    Route("POST", "/c/v2.1/chat/handoff", conversations.hand_off),
    Route("GET", SESSIONS + "/{id}", conversations.one_session),
    Route("PUT", SESSIONS + "/{id}", conversations.change_session),
    Route("GET", SESSIONS + "/{id}/messages", conversations.list_messages),
    Route("GET", SESSIONS + "/{id}/messages/{message_id}", conversations.one_message),
    Route("GET", SESSIONS + "/{id}/queue", surroundings.queue),
    Route("POST", SESSIONS + "/{id}/satisfaction", surveys.ask),
    Route("PUT", "/c/v1/chat/satisfaction-responses/{id}", surveys.respond),
    Route("POST", "/c/v1/chat/messages", conversations.post_message),
    Route("PATCH", "/c/v1/conversations/{id}", conversations.describe_conversation),
    Route("POST", "/c/v1/chat/attachments", attachments.announce),
    Route("POST", "/c/v1/chat/attachments/{uid}/upload", attachments.upload),
    Route("GET", "/c/v1/chat/attachments/{uid}/content", attachments.content),
    Route("GET", "/c/v1/chat/messages/{message_id}/attachments/{id}", attachments.read_attachment),
    Route("GET", "/c/v1/users/{id}", surroundings.one_user),
    Route("POST", "/c/v1/client-activity", surroundings.client_activity),
    Route("GET", "/c/v1/chat/settings", surroundings.settings),
    Route("GET", "/p/v1/chat/settings", surroundings.settings),
    Route("GET", "/c/v1/schedules/{id}", surroundings.no_schedule),
    Route("GET", "/p/v1/schedules/{id}", surroundings.no_schedule),
    Route("GET", "/c/v1/chat/forms/{id}", surroundings.no_assistant),
    Route("POST", "/c/v1/chat/forms/{id}/responses", surroundings.no_assistant),
    Route("POST", "/c/v1/chat/volume-control/responses", surroundings.no_assistant),
    Route("GET", "/c/v1/chat/teams/{ids}", surroundings.no_assistant),
    Route("GET", "/c/v1/kb/deflection/chat", surroundings.no_assistant),
    Route("POST", push.PATH, push.register),
    Route("DELETE", push.PATH + "/current", push.withdraw),
    Route("GET", "/c/v1/events", event_stream.listen),
    *[Route(it, prefix + "{rest:path}", surroundings.nothing_here) for prefix in ("/c/", "/p/") for it in ANY_METHOD],
]
