"""System messages over REST: one app tells another one something, in passing. Chat delivers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import Unacceptable
from ...domain.sessions import Session
from ...domain.users import UserId
from ...services import limits
from ...services.live import Aside, Cut, Told, Typed
from ...web.dialect import Route, core_of, visit_of
from ...web.ids import read_integer
from . import wire
from .acts import PROTOCOL
from .auth import user_of
from .chat_wire import parameters_in
from .extra import extra_with
from .jid import Names
from .messages import PREFIXES
from .news import Stanza
from .reading import read
from .routes import both
from .xml import element, is_name, with_children, write

RECIPIENT: Final = "recipientId"
SYSTEM: Final = {"moduleIdentifier": "SystemNotifications"}  # what the vendor's clients know system messages by


async def send(request: Request) -> Response:
    """POST /chat/Message/system: to any user of the App, where they are connected; kept nowhere."""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    recipient = read_integer(asked.needed(RECIPIENT))
    if recipient is None:
        raise Unacceptable(RECIPIENT, "should be a positive integer")
    values = parameters_in(asked, but=frozenset({RECIPIENT}))
    for name in values:
        if not is_name(name):
            raise Unacceptable(name[:100], "cannot be said in a message: it is no name of an XML element")
    await core.limiter.take(limits.ASIDES_PER_SESSION, str(caller.session.id))
    id = core.chance(12).hex()
    sender = Names.at(core.public_url).bare(caller.app.id, caller.known_user.id)
    text = _written(id, sender, values)
    hub = visit_of(request).hub
    if hub is not None:
        aside = Aside(PROTOCOL, Stanza(text, False, None, None, None))
        await hub.pass_to(_Caller(caller.session), UserId(recipient), aside)
    return wire.answer({"messageId": id, RECIPIENT: recipient, "extensionParams": values})


def _written(id: str, sender: str, values: Mapping[str, Any]) -> str:
    said = element("message", type="headline", id=id, from_=sender)
    return write(with_children(said, extra_with({**SYSTEM, **values})))


class _Caller:
    """Who says something over REST, as somebody who is connected would: services.live.Listener, and hears nothing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def session(self) -> Session:
        return self._session

    def deliver(self, told: Told) -> None: ...
    def typed(self, typed: Typed) -> None: ...
    def overheard(self, aside: Aside) -> None: ...
    def missed(self) -> None: ...
    def cut(self, why: Cut) -> None: ...


ROUTES: Final[list[Route]] = [route for prefix in PREFIXES for route in both("POST", f"{prefix}/system", send)]
