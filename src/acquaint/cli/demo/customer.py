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
from collections.abc import Awaitable, Callable, Mapping
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

HERE: Final = Path(__file__).parent
SHOWN: Final = 8  # conversations that the page's operator has before them
OPERATOR: Final = "Carol"  # whom visitors see typing

PEOPLE: Final[Mapping[str, Mapping[str, str]]] = {
    "ann": {"email": "ann@acme.example", "name": "Ann"},
    "ben": {"email": "ben@acme.example", "name": "Ben"},
}
"""Those who have an account at the customer's, and what its tokens say about them."""


@dataclass(frozen=True)
class Customer:
    """What the customer got when their App was made, and where the server is.

    ``ports`` are those of the page: for the laptop in it, and for the phone. A browser keeps what each port is told
    apart from the other's, so they are as good as two devices.
    """

    server: str
    app: str
    signing_secret: str
    api_key: str
    ports: tuple[int, int]

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


def backend(customer: Customer, app_api: httpx2.AsyncClient, is_typing: Callable[[str], bool]) -> Starlette:
    """The customer's own server, as far as chat is concerned. ``is_typing`` says if a visitor is, where."""

    async def page(request: Request) -> Response:
        laptop, phone = (str(request.url.replace(port=port, path="/shop", query="")) for port in customer.ports)
        frames = {"laptop": laptop, "phone": phone}
        allowed = f"frame-src {' '.join(frames.values())}; frame-ancestors 'none'"
        return _page("page.html", f"connect-src 'self'; {allowed}", frames)

    async def shop(request: Request) -> Response:
        """A page of the customer's, with the chat in it. It allows what docs/widget.md says, and its own backend."""
        server, live = customer.server, customer.server.replace("http", "ws", 1)
        parent = request.url.replace(port=customer.ports[0], path="", query="")
        allowed = f"script-src {server} 'nonce-NONCE'; connect-src 'self' {server} {live}; img-src {server} blob: data:"
        known = {"server": server, "app": customer.app, "run": customer.signing_secret[-6:]}
        return _page(
            "shop.html", f"{allowed}; frame-ancestors {parent}", {"server": server, "known": json.dumps(known)}
        )

    async def log_in(request: Request) -> Response:
        """A real backend asks for a password here, or has a cookie. This one believes whoever presses the button."""
        person = str((await _sent(request)).get("person"))
        if person not in PEOPLE:
            return JSONResponse({"detail": "Nobody by this name has an account here."}, 404)
        return JSONResponse({"token": customer.token_for(person)})

    async def conversations(request: Request) -> Response:
        """What operators have before them: the latest conversations, and whose they are."""
        found = await _asked(app_api.get("/app/conversations", params={"limit": SHOWN}))
        return JSONResponse({"items": [_row(it) for it in found["items"]]})

    async def conversation(request: Request) -> Response:
        """One of them: what was said, and everybody's sessions, with whether each sees it, and why."""
        id = request.path_params["id"]
        page = await _asked(app_api.get(f"/app/conversations/{id}/messages"))
        met = await _asked(app_api.get("/app/conversations", params={"limit": SHOWN}))
        people = {member["user"]["id"]: _name(member) for it in met["items"] for member in it["members"]}
        sessions = []
        for user, name in people.items():
            for it in (await _asked(app_api.get(f"/app/users/{user}/sessions")))["items"]:
                why = await _asked(app_api.get(f"/conversations/{id}/visibility", params={"session": it["id"]}))
                shown = {"id": it["id"], "user": user, "name": name, "opened_at": it["opened_at"]}
                judged = {"assurance": it["assurance"], "sees": why["sees"], "sentence": why["sentence"]}
                sessions.append(shown | judged)
        shown = await _asked(app_api.get(f"/app/conversations/{id}"))
        said = [{name: it[name] for name in ("id", "author", "text", "created_at")} for it in reversed(page["items"])]
        about = {
            "is_closed": shown["closed_at"] is not None,
            "rating": shown["rating"],
            "is_typing": is_typing(str(id)),
        }
        return JSONResponse({"said": said, "sessions": sessions, **about})

    async def answer(request: Request) -> Response:
        sent = await _sent(request)
        path = f"/app/conversations/{int(sent['conversation'])}/messages"
        return JSONResponse(await _asked(app_api.post(path, json={"text": str(sent["text"])})))

    async def read(request: Request) -> Response:
        sent = await _sent(request)
        path = f"/app/conversations/{int(sent['conversation'])}/read"
        return JSONResponse(await _asked(app_api.post(path, json={"up_to": str(sent["up_to"])})))

    async def typing(request: Request) -> Response:
        sent = await _sent(request)
        shown = {"on": bool(sent["on"]), "operator": OPERATOR}
        await _asked(app_api.post(f"/app/conversations/{int(sent['conversation'])}/typing", json=shown))
        return Response(status_code=204)

    async def close(request: Request) -> Response:
        """Closed, and its visitor is asked how it was; or open again."""
        sent = await _sent(request)
        is_closed = bool(sent["is_closed"])
        change = {"is_closed": is_closed, "asks_rating": True} if is_closed else {"is_closed": False}
        await _asked(app_api.patch(f"/app/conversations/{int(sent['conversation'])}", json=change))
        return Response(status_code=204)

    async def revoke(request: Request) -> Response:
        sent = await _sent(request)
        await _asked(app_api.delete(f"/app/users/{int(sent['user'])}/sessions/{int(sent['session'])}"))
        return Response(status_code=204)

    routes = [
        Route("/", page),
        Route("/shop", shop),
        Route("/log-in", log_in, methods=["POST"]),
        Route("/operator/conversations", conversations),
        Route("/operator/conversations/{id:int}", conversation),
        Route("/operator/answers", answer, methods=["POST"]),
        Route("/operator/reading", read, methods=["POST"]),
        Route("/operator/typing", typing, methods=["POST"]),
        Route("/operator/closing", close, methods=["POST"]),
        Route("/operator/revocations", revoke, methods=["POST"]),
    ]
    here = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return Starlette(routes=routes, middleware=[here])


def _row(it: Mapping[str, Any]) -> dict[str, Any]:
    """A conversation as the page's operator is shown it."""
    member = (it["members"] or [None])[0]
    last = it["last_message"] or {"author": "user", "text": ""}
    return {
        "id": it["id"],
        "name": _name(member) if member else "Somebody",
        "assurance": member["assurance"] if member else "gone",
        "at": last["created_at"],
        "last": last["text"] if last["author"] == "user" else f"You: {last['text']}",
    }


def _name(member: Mapping[str, Any]) -> str:
    return str(member["user"]["name"] or "Somebody")


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


def _page(name: str, allowed: str, known: Mapping[str, str]) -> Response:
    """One of the pages, with what it must know in it. Its scripts and styles have a nonce; it loads nothing from
    anywhere that is not ``allowed``."""
    nonce, text = secrets.token_urlsafe(16), (HERE / name).read_text("utf-8")
    for key, value in {"nonce": nonce, **known}.items():
        text = text.replace("{{" + key + "}}", value)
    if "script-src" not in allowed:
        allowed = f"script-src 'nonce-NONCE'; img-src data:; {allowed}"
    policy = f"default-src 'none'; style-src 'nonce-NONCE'; {allowed}; base-uri 'none'; form-action 'none'"
    return HTMLResponse(text, headers={"Content-Security-Policy": policy.replace("NONCE", nonce)})
