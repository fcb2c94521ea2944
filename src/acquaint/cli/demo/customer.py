"""A customer of ours: two people who have accounts there, a backend that knows them, and a page with our chat in it.

What is here stands for a real product's own code. Its backend holds the App's signing secret and API key; its page
holds neither.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

PAGE: Final = Path(__file__).with_name("page.html")
SHOWN: Final = 6  # conversations that the page's operator has before them

PEOPLE: Final[Mapping[str, Mapping[str, str]]] = {
    "ann": {"email": "ann@acme.example", "name": "Ann"},
    "ben": {"email": "ben@acme.example", "name": "Ben"},
}
"""Those who have an account at the customer's, and what its tokens say about them."""


@dataclass(frozen=True)
class Customer:
    """What the customer got when their App was made, and where the server is."""

    server: str
    app: str
    signing_secret: str
    api_key: str

    def token_for(self, person: str, *, age: int = 0) -> str:
        """What the backend hands to a page on which the person has logged in. ``age`` is in seconds."""
        return signed(self.signing_secret, {**PEOPLE[person], "iat": int(time.time()) - age})

    def as_app(self) -> httpx2.AsyncClient:
        """The backend's way to the server: over its API key, which no page ever sees."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return httpx2.AsyncClient(base_url=f"{self.server}/acquaint/v1", headers=headers, trust_env=False)


def signed(secret: str, claims: Mapping[str, Any]) -> str:
    """A JWT with HS256, as every language's library makes it."""
    text = ".".join(_base64(json.dumps(it).encode()) for it in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{text}.{_base64(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def backend(customer: Customer, app_api: httpx2.AsyncClient) -> Starlette:
    """The customer's own server, as far as chat is concerned."""

    async def page(request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        known = {"server": customer.server, "app": customer.app, "run": customer.signing_secret[-6:]}
        text = PAGE.read_text("utf-8").replace("{{nonce}}", nonce).replace("{{known}}", json.dumps(known))
        return HTMLResponse(text, headers={"Content-Security-Policy": _policy(customer.server, nonce)})

    async def log_in(request: Request) -> Response:
        """A real backend asks for a password here, or has a cookie. This one believes whoever presses the button."""
        person = str((await _sent(request)).get("person"))
        if person not in PEOPLE:
            return JSONResponse({"detail": "Nobody by this name has an account here."}, 404)
        return JSONResponse({"token": customer.token_for(person)})

    async def conversations(request: Request) -> Response:
        """What operators have before them: the latest conversations, and what the people in them have open."""
        found = await _asked(app_api.get("/app/conversations", params={"limit": SHOWN}))
        shown, met = [], set()
        for it in found["items"]:
            member, sessions = (it["members"] or [None])[0], []
            if member and member["user"]["id"] not in met:  # once, below their latest conversation
                sessions = (await _asked(app_api.get(f"/app/users/{member['user']['id']}/sessions")))["items"]
                met.add(member["user"]["id"])
            shown.append(_thread(it, member, sessions))
        return JSONResponse({"items": shown})

    async def answer(request: Request) -> Response:
        sent = await _sent(request)
        path = f"/app/conversations/{int(sent['conversation'])}/messages"
        return JSONResponse(await _asked(app_api.post(path, json={"text": str(sent["text"])})))

    async def revoke(request: Request) -> Response:
        sent = await _sent(request)
        await _asked(app_api.delete(f"/app/users/{int(sent['user'])}/sessions/{int(sent['session'])}"))
        return Response(status_code=204)

    routes = [
        Route("/", page),
        Route("/log-in", log_in, methods=["POST"]),
        Route("/operator/conversations", conversations),
        Route("/operator/answers", answer, methods=["POST"]),
        Route("/operator/revocations", revoke, methods=["POST"]),
    ]
    here = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return Starlette(routes=routes, middleware=[here])


def _thread(it: Mapping[str, Any], member: Mapping[str, Any] | None, sessions: Sequence[Any]) -> dict[str, Any]:
    """A conversation as the page's operator is shown it."""
    last = it["last_message"] or {"author": "user", "text": ""}
    return {
        "id": it["id"],
        "name": (member and member["user"]["name"]) or "Somebody",
        "assurance": member["assurance"] if member else "gone",
        "last": last["text"] if last["author"] == "user" else f"You: {last['text']}",
        "sessions": sessions,
    }


async def _sent(request: Request) -> dict[str, Any]:
    """JSON only: a page of another origin cannot send that without asking first, and nobody here says yes."""
    if request.headers.get("content-type") != "application/json":
        raise HTTPException(415)
    try:
        found = await request.json()
    except ValueError:
        raise HTTPException(400) from None
    return found if isinstance(found, dict) else {}


async def _asked(answering: Awaitable[httpx2.Response]) -> dict[str, Any]:
    answer = await answering
    if answer.is_error:
        raise HTTPException(502, detail=answer.text)
    return dict(answer.json()) if answer.content else {}


def _policy(server: str, nonce: str) -> str:
    """The page loads nothing from anywhere, and talks to its own backend and to Acquaint."""
    live = server.replace("http", "ws", 1)
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
        f"connect-src 'self' {server} {live}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
