"""The story: what is played over HTTP and WebSocket, and what must hold.

A step is a function with a sentence for a docstring. It answers a fact to be shown beside the sentence, and asserts
what the sentence promises with ``holds``.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from .customer import PEOPLE, Customer, signed
from .device import Device, Refused

QUESTION: Final = "Hello! Where is my order?"
ANSWER: Final = "Hello Ann, it is on its way."
TOO_OLD: Final = 16 * 60  # seconds; the Policy's default is 15 minutes


class DoesNotHold(Exception):
    """The story did not go as it must."""


def holds(it: object, otherwise: str) -> None:
    if not it:
        raise DoesNotHold(otherwise)


@dataclass
class Scene:
    """Who is there, from one step to the next."""

    customer: Customer
    app_api: httpx2.AsyncClient
    devices: AsyncExitStack
    named: dict[str, Device] = field(default_factory=dict)

    def device(self, name: str) -> Device:
        """The device of this name, which nobody has used before the first time it is named."""
        if name not in self.named:
            self.named[name] = Device(self.customer.server, self.customer.app)
            self.devices.push_async_callback(self.named[name].close)
        return self.named[name]

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """As the customer's backend."""
        answer = await self.app_api.request(method, path, json=body)
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}


Step = Callable[[Scene], Awaitable[str]]


async def somebody_writes(scene: Scene) -> str:
    """Somebody opens the page on a laptop and writes, without an account."""
    laptop = scene.device("laptop")
    await laptop.arrive()
    await laptop.write(QUESTION)
    await laptop.listen()
    holds(laptop.session["assurance"] == "anonymous", "the visitor is not anonymous")
    holds(await laptop.reads() == [QUESTION], "the visitor does not see what they wrote")
    return f"anonymous: “{QUESTION}”"


async def she_signs_in(scene: Scene) -> str:
    """She logs in at Acme, whose backend signs a token, and keeps her chat."""
    laptop = scene.device("laptop")
    await laptop.arrive(token=scene.customer.token_for("ann"))
    await laptop.listen()
    holds(laptop.session["assurance"] == "verified", "a signed token does not verify")
    holds(await laptop.reads() == [QUESTION], "what she wrote anonymously is gone")
    return f"verified: {PEOPLE['ann']['email']}, 1 conversation kept"


async def her_phone(scene: Scene) -> str:
    """On her phone she signs in as well, and finds the chat there."""
    phone = scene.device("phone")
    await phone.arrive(token=scene.customer.token_for("ann"))
    await phone.listen()
    texts = await phone.reads()
    holds(texts == [QUESTION], "her phone does not show what she wrote on the laptop")
    return f"another device, {len(texts)} message"


async def an_answer(scene: Scene) -> str:
    """An operator answers, and both devices show it at once."""
    (conversation,) = await scene.device("laptop").conversations()
    began = time.monotonic()
    await scene.ask("POST", f"/app/conversations/{conversation['id']}/messages", {"text": ANSWER})
    for name in ("laptop", "phone"):
        try:
            await scene.device(name).hears("message.posted", ANSWER)
        except TimeoutError:
            raise DoesNotHold(f"her {name} does not hear the answer") from None
    return f"“{ANSWER}” live on 2 devices, {_milliseconds(began)}"


async def a_stranger(scene: Scene) -> str:
    """A stranger on another device sees nothing of it."""
    stranger = scene.device("stranger's")
    await stranger.arrive()
    return await _sees_nothing(stranger, "a stranger")


async def an_impostor(scene: Scene) -> str:
    """An impostor types Ann's name and e-mail address, and sees nothing either."""
    impostor = scene.device("impostor's")
    await impostor.arrive()
    await impostor.claim(name=PEOPLE["ann"]["name"], email=PEOPLE["ann"]["email"])
    holds(impostor.session["assurance"] == "claimed", "what somebody typed is taken for more than a claim")
    return f"claimed: {await _sees_nothing(impostor, 'an impostor')}"


async def a_forged_token(scene: Scene) -> str:
    """A token signed with another secret is refused."""
    forged = signed("not the secret of this App, but as long", {**PEOPLE["ann"], "iat": int(time.time())})
    return await _is_refused(scene, forged, "a forged token")


async def an_old_token(scene: Scene) -> str:
    """A token signed 16 minutes ago is refused, and the reason says how old it is."""
    return await _is_refused(scene, scene.customer.token_for("ann", age=TOO_OLD), "an old token")


async def a_lost_phone(scene: Scene) -> str:
    """She loses her phone: Acme ends that session, and its open socket is cut at once."""
    phone = scene.device("phone")
    began = time.monotonic()
    await scene.ask("DELETE", f"/app/users/{phone.session['user_id']}/sessions/{phone.session['id']}")
    try:
        taken = await phone.is_cut() - began
    except TimeoutError:
        raise DoesNotHold("the socket of an ended session stays open") from None
    with contextlib.suppress(Refused):
        await phone.conversations()
        raise DoesNotHold("the token of an ended session still opens something")
    holds(await scene.device("laptop").conversations(), "her other session ended as well")
    return f"cut after {max(taken, 0) * 1000:.0f} ms; her laptop goes on"


async def the_next_person(scene: Scene) -> str:
    """She logs out; the next person on the same laptop sees nothing."""
    laptop = scene.device("laptop")
    await laptop.log_out()
    await laptop.arrive()
    return await _sees_nothing(laptop, "the next person on the laptop")


STEPS: Final[tuple[Step, ...]] = (
    somebody_writes,
    she_signs_in,
    her_phone,
    an_answer,
    a_stranger,
    an_impostor,
    a_forged_token,
    an_old_token,
    a_lost_phone,
    the_next_person,
)


async def play(customer: Customer, app_api: httpx2.AsyncClient, told: Callable[[str, str, bool], None]) -> bool:
    """Tells each step as it is played: its sentence, a fact or what is wrong, and whether it held. The first that does
    not is the last."""
    async with AsyncExitStack() as devices:
        scene = Scene(customer, app_api, devices)
        for step in STEPS:
            sentence = (step.__doc__ or "").strip()
            try:
                fact = await step(scene)
            except (DoesNotHold, Refused, TimeoutError, OSError, httpx2.HTTPError) as error:
                told(sentence, str(error) or type(error).__name__, False)
                return False
            told(sentence, fact, True)
    return True


async def _sees_nothing(device: Device, who: str) -> str:
    seen = await device.conversations()
    holds(not seen, f"{who} sees {len(seen)} conversations")
    return "0 conversations"


async def _is_refused(scene: Scene, token: str, what: str) -> str:
    try:
        await scene.device("stranger's").arrive(token=token)
    except Refused as refused:
        holds(refused.status == 401, f"{what} is answered {refused.status}")
        return f"{refused.status}: {refused}"
    raise DoesNotHold(f"{what} opens a session")


def _milliseconds(began: float) -> str:
    return f"{(time.monotonic() - began) * 1000:.0f} ms"
