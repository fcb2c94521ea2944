"""Chat clients in this process: connections to the server's application, without a network and at the tests' own time.

Line         one connection, frame by frame
Chatters     people who sign up, connect, and talk
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any, cast

from starlette.types import ASGIApp, Message

from acquaint.bootstrap import House, build_app
from acquaint.dialects.connectycube.auth import DOOR, LIFETIME
from acquaint.dialects.connectycube.jid import Names
from acquaint.dialects.connectycube.xml import Bounds, Element, element, parse, with_children, write
from acquaint.domain.apps import App
from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.identities import NO_CHANGE
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.realtime.hub import Hub
from acquaint.services import apps, conversations, sessions, sign_in
from acquaint.services.admission import Place
from acquaint.services.messages import Draft
from tests.cast import Cast, Person
from tests.support.patience import PATIENCE

OPEN = '<open version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="acquaint.test"/>'
BIND = '<iq type="set" id="bind" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>'
CLOSE = '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>'
CARBONS = '<iq type="set" id="carbons" xmlns="jabber:client"><enable xmlns="urn:xmpp:carbons:2"/></iq>'
ADDRESS = "203.0.113.7"
ANY_LENGTH = Bounds(lambda root, first: True, 100_000)


def auth(user_id: object, app_id: object, secret: str) -> str:
    said = base64.b64encode(f"\0{user_id}-{app_id}\0{secret}".encode(errors="surrogatepass")).decode()
    return f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{said}</auth>'


class Line:
    """A connection. What is not waited for stays to be read."""

    def __init__(
        self, app: ASGIApp, hub: Hub, *, address: str = ADDRESS, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        scope = {
            "type": "websocket",
            "path": "/ws",
            "query_string": b"",
            "headers": headers,
            "client": (address, 40000),
            "scheme": "ws",
            "subprotocols": ["xmpp"],
        }
        self._hub = hub
        self._to_them: asyncio.Queue[Message] = asyncio.Queue()
        self._frames: asyncio.Queue[Element | None] = asyncio.Queue()
        self._to_them.put_nowait({"type": "websocket.connect"})
        self._reads = asyncio.Event()
        self._reads.set()
        self.refused: int | None = None
        self.code: int | None = None
        self.jid = ""
        self._task = asyncio.get_running_loop().create_task(self._run(app, scope))

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._to_them.get, self._heard)
        finally:
            self._frames.put_nowait(None)

    async def _heard(self, message: Any) -> None:
        await self._reads.wait()
        match message["type"]:
            case "websocket.http.response.start":
                self.refused = message["status"]
            case "websocket.send":
                self._frames.put_nowait(parse(message["text"], ANY_LENGTH))
            case "websocket.close":
                self.code = message["code"]
                self._to_them.put_nowait({"type": "websocket.disconnect", "code": message["code"]})

    def say(self, *frames: str) -> None:
        for frame in frames:
            self._to_them.put_nowait({"type": "websocket.receive", "text": frame})

    def stops_reading(self) -> None:
        self._reads.clear()

    def hang_up(self) -> None:
        self._to_them.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async def frame(self) -> Element:
        async with asyncio.timeout(PATIENCE):
            frame = await self._frames.get()
        if frame is None:
            self._frames.put_nowait(None)
            raise EOFError("the connection is closed")
        return frame

    async def until(self, holds: Callable[[Element], Any]) -> Element:
        while True:
            frame = await self.frame()
            if holds(frame):
                return frame

    async def end(self) -> list[Element]:
        """Reads to the end."""
        frames = []
        try:
            while True:
                frames.append(await self.frame())
        except EOFError:
            await self._task
            return frames

    async def why(self) -> str:
        """The stream error that it ends with."""
        error = next(it for it in await self.end() if it.name == "error")
        return next(error.elements).name

    async def rest(self) -> list[Element]:
        """All that was told up to now, and not read: what was asked before is done, and its news are told."""
        frames = await self._until_answered()
        while self._hub._untold:  # noqa: ASYNC110 - whatever it waits for knows of no asyncio.Event
            await asyncio.sleep(0.001)
        return frames + await self._until_answered()

    async def _until_answered(self) -> list[Element]:
        self.say('<iq type="get" id="rest" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>')
        frames = []
        while (frame := await self.frame()).get("id") != "rest":
            frames.append(frame)
        return frames

    async def open(self) -> None:
        self.say(OPEN)
        await self.frame()
        await self.frame()

    async def sign_in(self, user_id: object, app_id: object, secret: str) -> str:
        """``success``, or why not."""
        self.say(auth(user_id, app_id, secret))
        frame = await self.frame()
        return "success" if frame.name == "success" else next(frame.elements).name

    async def come_in(self, user_id: object, app_id: object, secret: str) -> None:
        await self.open()
        assert await self.sign_in(user_id, app_id, secret) == "success"
        await self.open()
        self.say(BIND)
        bound = await self.frame()
        assert bound.get("type") == "result", write(bound)
        self.jid = next(next(bound.elements).elements).text


class Chatter(Line):
    """Somebody's connection, with their session."""

    def __init__(self, app: ASGIApp, hub: Hub, it: Recognised, **how: Any) -> None:
        super().__init__(app, hub, **how)
        self.it = it
        self._names = Names.at(hub._core.public_url)

    @property
    def id(self) -> UserId:
        return cast(UserId, self.it.session.user_id)

    @property
    def bare(self) -> str:
        return self._names.bare(self.it.app.id, self.id)

    def room(self, id: ConversationId) -> str:
        return self._names.room(self.it.app.id, id)

    def message(
        self,
        to: str,
        text: str | None = None,
        *more: Element,
        id: str | None = "0" * 23 + "a",
        kept: bool = True,
        **attributes: str,
    ) -> None:
        """Says something, or sends whatever a message can carry."""
        kind = attributes.pop("type", "groupchat" if "@muc." in to else "chat")
        it = element("message", to=to, type=kind, id=id, **attributes)
        body = None if text is None else with_children(element("body"), text)
        extra = with_children(element("extraParams"), with_children(element("save_to_history"), "1")) if kept else None
        self.say(write(with_children(it, body, extra if text is not None else None, *more)))


class Chatters:
    def __init__(self, house: House, acme: Cast) -> None:
        self.house, self.core, self.acme = house, house.core, acme
        self.app = build_app(house)
        self.tokens: dict[int, str] = {}

    async def signed_up(self, who: Person, app: App | None = None) -> tuple[Recognised, str]:
        """A session of theirs, and its token."""
        app = app or await apps.named(self.core, str(self.acme.app.id))
        place = Place(DOOR, LIFETIME, ADDRESS)
        admission = await sign_in.login_or_register(self.core, app, who.by_login, who.password, NO_CHANGE, place)
        assert admission.token is not None
        return await sessions.resume(self.core, admission.token), admission.token

    def line(self, **how: Any) -> Line:
        return Line(self.app, self.house.hub, **how)

    async def chatter(self, who: Person, *, by_password: bool = False, copies: bool = False, **how: Any) -> Chatter:
        """Somebody who is connected."""
        it, token = await self.signed_up(who)
        chatter = Chatter(self.app, self.house.hub, it, **how)
        await chatter.come_in(chatter.id, it.app.id, who.password if by_password else token)
        self.tokens[it.session.id] = token
        if copies:
            chatter.say(CARBONS)
            await chatter.until(lambda frame: frame.get("id") == "carbons")
        return chatter

    async def group(
        self, owner: Chatter, *others: Chatter, kind: ConversationKind = ConversationKind.GROUP
    ) -> ConversationId:
        first = Draft("The first word")
        seen, _ = await conversations.start(
            self.core, owner.it, kind=kind, title="Rowing", with_users=[it.id for it in others], first=first
        )
        for it in (owner, *others):
            await it.until(lambda frame: frame.text_of("body") == "The first word")
        return seen.conversation.id
