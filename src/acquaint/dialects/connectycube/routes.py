"""Routes as this vendor has them: each path with and without ``.json``, and answers that say how long a token lives."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import Refusal
from ...web.dialect import Dialect, Endpoint, Route
from .auth import EXPIRATION, expiration_of
from .errors import ERRORS, error_response

USER: Final = "/users/{id}"
USER_BY_EXTERNAL_ID: Final = "/users/external/{external_id:path}"
"""Paths that several modules have routes of: their parameters must be called the same."""

_WORDS: Final = Dialect("connectycube", (), (), ERRORS, error_response)


def both(method: str, path: str, endpoint: Endpoint) -> list[Route]:
    """The route with and without the suffix, which comes first: a parameter would take it for a part of itself."""
    answering = telling_expiration(endpoint)
    return [Route(method, f"{path}.json", answering), Route(method, path, answering)]


def telling_expiration(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with CB-Token-ExpirationDate in its answers and refusals wherever it recognised a session."""

    async def answering(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except Refusal as refusal:
            response = _WORDS.refuse(refusal, request)
        until = expiration_of(request)
        if until is not None:
            response.headers[EXPIRATION] = until
        return response

    return answering
