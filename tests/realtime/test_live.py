"""Live connections to a running server: what one device says, the other hears; a stranger does not."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import AsyncExitStack
from typing import Any

from tests.cast import ann, ben, eve
from tests.realtime.callers import Acme, Client, Live, refused


async def test_a_second_device_hears_what_the_first_says_over_http(shop: Acme) -> None:
    laptop, phone = await shop.vouched(ann), await shop.vouched(ann)
    async with phone.live() as live:
        assert live.ready["session"] == phone.session
        assert live.ready["user"] == phone.user
        conversation = await laptop.start("hello")
        posted = await laptop.post(conversation, "are you there?", client_id="mine-1")
        frame = await live.text("are you there?")
        assert frame == {
            "type": "event",
            "id": frame["id"],
            "kind": "message.posted",
            "at": frame["at"],
            "conversation": conversation,
            "user": laptop.user,
            "message": posted,  # exactly as over HTTP
        }
        assert [it["kind"] for it in live.seen] == ["conversation.started", "message.posted", "message.posted"]


async def test_the_other_side_hears_it_and_not_what_the_sender_calls_it(shop: Acme) -> None:
    anns, bens = await shop.vouched(ann), await shop.vouched(ben)
    async with bens.live() as live:
        conversation = await anns.start(kind="direct", users=[bens.user])
        posted = await anns.post(conversation, "hello Ben", client_id="mine-1")
        frame = await live.text("hello Ben")
        assert frame["message"] == posted | {"client_id": None}


async def test_an_operator_answers_and_the_visitor_hears(shop: Acme) -> None:
    visitor = await shop.visitor()
    conversation = await visitor.start("anybody there?")
    async with visitor.live() as live:
        assert live.ready["user"] is not None
        answered = await shop.answer(conversation, "yes")
        frame = await live.text("yes")
        assert frame["message"] == answered
        assert frame["user"] is None


async def test_reading_is_told(shop: Acme) -> None:
    anns, bens = await shop.vouched(ann), await shop.vouched(ben)
    conversation = await anns.start(kind="direct", users=[bens.user])
    message = await anns.post(conversation, "read me")
    async with anns.live() as live:
        await bens.ask("POST", f"/conversations/{conversation}/read", {"up_to": message["id"]})
        frame = await live.until(lambda it: it.get("kind") == "messages.read")
        assert (frame["user"], frame["up_to"]) == (bens.user, message["id"])


async def test_typing_is_shown_to_the_others(shop: Acme) -> None:
    anns, bens, eves = [await shop.vouched(it) for it in (ann, ben, eve)]
    conversation = await anns.start(kind="direct", users=[bens.user])
    async with anns.live() as ann_live, bens.live() as ben_live, eves.live() as eve_live:
        for on in (True, False):
            await ann_live.say(type="typing", conversation=conversation, on=on)
            assert await ben_live.frame() == {
                "type": "typing",
                "conversation": conversation,
                "user": anns.user,
                "on": on,
            }
        await eve_live.say(type="typing", conversation=conversation, on=True)
        assert (await eve_live.frame())["code"] == "not_found"
        await ben_live.nothing()
        await ann_live.nothing(0.05)


async def test_a_ping_is_answered(shop: Acme) -> None:
    async with (await shop.vouched(ann)).live() as live:
        await live.say(type="ping")
        assert (await live.frame())["type"] == "pong"


# Who hears nothing


async def test_a_stranger_an_impostor_and_another_device_hear_nothing(shop: Acme) -> None:
    anns = await shop.vouched(ann)
    stranger = await shop.vouched(eve)
    impostor = await shop.visitor()
    await impostor.start("I am Ann")
    await impostor.ask("PATCH", "/session/claims", {"name": ann.name, "email": ann.email})
    elsewhere = await shop.visitor()
    other = await (await shop.other()).vouched(ann)
    async with (
        anns.live() as hears,
        stranger.live() as one,
        impostor.live() as two,
        elsewhere.live() as three,
        other.live() as four,
    ):
        await anns.start("secret")
        await hears.text("secret")
        for deaf in (one, two, three, four):
            await deaf.nothing(0.1)


async def test_an_anonymous_visitor_on_another_device_hears_nothing(shop: Acme) -> None:
    here, there = await shop.visitor(), await shop.visitor()
    await there.start("also here")
    conversation = await here.start("hello")
    async with here.live() as hears, there.live() as deaf:
        await shop.answer(conversation, "hello you")
        await hears.text("hello you")
        await deaf.nothing()


async def test_after_signing_in_the_other_device_hears_what_the_visitor_began(shop: Acme) -> None:
    visitor = await shop.visitor()
    conversation = await visitor.start("hello")
    phone = await shop.vouched(ann)
    async with phone.live() as on_phone, visitor.live() as anonymous:
        await shop.answer(conversation, "before")
        await anonymous.text("before")
        await on_phone.nothing(0.1)
        laptop = await shop.vouched(ann, device_secret=visitor.device_secret)
        assert await anonymous.end() == ("revoked", 4401)
        assert (await on_phone.frame())["kind"] == "members.changed"
        await shop.answer(conversation, "after")
        assert (await on_phone.text("after"))["conversation"] == conversation
        async with laptop.live() as on_laptop:
            await laptop.post(conversation, "thanks")
            await on_laptop.text("thanks")
            await on_phone.text("thanks")


async def test_who_becomes_somebody_by_writing_comes_again_and_misses_nothing(shop: Acme) -> None:
    visitor = await shop.visitor()
    async with visitor.live() as live:
        assert live.ready["user"] is None
        last = live.ready["last_event"]
        await visitor.start("my first words")
        assert await live.end() == ("changed", 4401)
    async with visitor.live(after=last) as live:
        assert live.ready["user"] is not None
        await live.text("my first words")
        assert (await live.frame())["type"] == "resumed"


# Going on after a disconnect


async def test_who_comes_back_hears_exactly_what_they_missed_and_in_order(shop: Acme) -> None:
    laptop, phone = await shop.vouched(ann), await shop.vouched(ann)
    conversation = await laptop.start("0")
    async with phone.live() as live:
        await laptop.post(conversation, "1")
        last = (await live.text("1"))["id"]
    for number in range(2, 22):
        await laptop.post(conversation, str(number))
    async with phone.live(after=last) as live:
        await live.until(lambda frame: frame["type"] == "resumed")
        news = [it for it in live.seen if it["type"] == "event" and int(it["id"]) > int(last)]
        assert [it["message"]["text"] for it in news] == [str(it) for it in range(2, 22)]
        await laptop.post(conversation, "live again")
        await live.text("live again")


async def test_what_happens_while_one_comes_back_is_neither_lost_nor_told_twice_nor_out_of_order(shop: Acme) -> None:
    laptop, phone = await shop.vouched(ann), await shop.vouched(ann)
    conversation = await laptop.start("begin")
    async with phone.live() as live:
        last = live.ready["last_event"]
    total, numbers = 120, itertools.count()
    done = asyncio.Event()

    async def write() -> None:
        for number in range(total):
            await laptop.post(conversation, str(number))
        done.set()

    writing = asyncio.create_task(write())
    while not done.is_set():  # comes back again and again, from where it was
        async with phone.live(after=last) as live:
            await live.until(lambda frame: frame["type"] == "resumed")
            ids = [it["id"] for it in live.seen if it["type"] == "event"]
            assert ids == sorted(set(ids), key=int)
    await writing
    async with phone.live(after=last) as live:
        await live.text(str(total - 1))
        assert [it for it in live.texts if it != "begin"] == [str(next(numbers)) for _ in range(total)]


async def test_who_was_away_too_long_is_told_to_read_history(shop: Acme) -> None:
    laptop, phone = await shop.vouched(ann), await shop.vouched(ann)
    async with phone.live() as live:
        last = live.ready["last_event"]
    conversation = await laptop.start("0")
    for _ in range(11):
        await asyncio.gather(*(shop.answer(conversation, "x") for _ in range(50)))
    async with phone.live(after=last) as live:
        gap = await live.frame()
        assert gap["type"] == "gap"
        await shop.answer(conversation, "go on")
        assert (await live.frame())["message"]["text"] == "go on"
    async with phone.live(after=gap["last_event"]) as live:  # now that history was read
        await live.until(lambda frame: frame["type"] == "resumed" or frame["type"] == "gap")


async def test_what_one_may_not_see_is_not_replayed_either(shop: Acme) -> None:
    sales, support = await shop.vouched(ann, workspace="sales"), await shop.vouched(ann, workspace="support")
    async with support.live() as live:
        last = live.ready["last_event"]
    await sales.start("for sales")
    await support.start("for support")
    for who, text in ((sales, "for sales"), (support, "for support")):
        async with who.live(after=last) as live:
            await live.until(lambda frame: frame["type"] == "resumed")
            assert live.texts == [text]


# Order and speed among many


async def test_fifty_connections_of_one_user_hear_everything_and_one_more_is_refused(shop: Acme) -> None:
    laptop = await shop.vouched(ann)
    async with AsyncExitStack() as stack:
        lives: list[Live] = [await stack.enter_async_context(laptop.live()) for _ in range(50)]
        assert await refused(shop.server, f"ticket={await laptop.ticket()}") == (429, "too_many_requests")
        conversation = await laptop.start("0")
        for number in range(1, 10):
            await laptop.post(conversation, str(number))
        for live in lives:
            await live.text("9")
            assert live.texts == [str(it) for it in range(10)]


async def test_messages_of_many_people_come_in_the_order_of_the_history(shop: Acme) -> None:
    people = [await shop.vouched(it) for it in (ann, ben, eve)]
    conversation = await people[0].start(kind="group", users=[it.user for it in people[1:]])
    async with people[0].live() as one, people[1].live() as other:

        async def chat(who: Client) -> None:
            for number in range(30):
                await who.post(conversation, f"{who.user} {number}")

        await asyncio.gather(*(chat(it) for it in people))
        page: Any = await people[0].ask("GET", f"/conversations/{conversation}/messages?order=oldest&limit=200")
        history = [it["id"] for it in page["items"]]
        for live in (one, other):
            while len(live.texts) < len(history):
                await live.frame()
            assert [it["message"]["id"] for it in live.seen if it.get("kind") == "message.posted"] == history


async def test_every_frame_is_json_with_ids_as_texts_and_moments_in_utc(shop: Acme) -> None:
    laptop = await shop.vouched(ann)
    async with laptop.live() as live:
        await laptop.start("ünïcode \u2028 🚣 </script>")
        await live.text("ünïcode \u2028 🚣 </script>")

        def check(value: Any, name: str = "") -> None:
            match value:
                case dict():
                    for key, inner in value.items():
                        check(inner, key)
                case str() if name in ("id", "user", "conversation", "session", "last_event"):
                    assert value.isdecimal()
                case str() if name in ("at", "server_time", "created_at"):
                    assert len(value) == len("2026-03-14T09:26:53.589Z")
                    assert value.endswith("Z")
                case bool() | None | str():
                    pass
                case _:
                    raise AssertionError(f"{name}: {value!r}")

        for frame in [live.ready, *live.seen]:
            check(json.loads(json.dumps(frame)))
