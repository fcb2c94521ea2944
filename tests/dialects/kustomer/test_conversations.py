"""Conversations and messages: what recorded examples cannot say."""

from __future__ import annotations

import asyncio

import pytest

from acquaint.domain.conversations import ConversationKind
from acquaint.domain.paging import PageAsked
from acquaint.domain.sessions import Lifetime
from acquaint.ports.store import Recognised
from acquaint.services import conversations, messages, sign_in, users
from acquaint.services.admission import Place
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from acquaint.web.ids import as_hex
from tests.cast import Cast, ann, ben
from tests.dialects.kustomer.phones import SESSIONS, Phone, id_of, refusal, signed
from tests.support.clock import SetClock

STATS = "/c/v1/chat/customers/stats"


async def stats(phone: Phone) -> str | None:
    found = (await phone.asked("GET", STATS))["attributes"]["lastActivity"]
    return None if found is None else str(found)


async def test_the_conversation_with_the_latest_message_comes_first(phone: Phone, clock: SetClock) -> None:
    one, _ = await phone.chat("one"), await phone.chat("two")
    clock.forward(minutes=1)
    await phone.say(one, "again")
    listed = await phone.asked("GET", SESSIONS)
    assert [it["attributes"]["name"] for it in listed] == ["one", "two"]
    assert listed[0]["attributes"]["preview"] == "again"
    assert listed[0]["attributes"]["lastMessageAt"] == "2026-11-21T12:01:00.000Z"


async def test_pages_have_relative_links_that_keep_the_filter(phone: Phone) -> None:
    for number in range(5):
        await phone.chat(f"no {number}")
    answer = (await phone.ask("GET", f"{SESSIONS}?active=true&page=2&pageSize=2")).json()
    assert [it["attributes"]["name"] for it in answer["data"]] == ["no 2", "no 1"]
    assert answer["links"] == {
        "self": f"{SESSIONS}?active=true&page=2&pageSize=2",
        "first": f"{SESSIONS}?active=true&page=1&pageSize=2",
        "prev": f"{SESSIONS}?active=true&page=1&pageSize=2",
        "next": f"{SESSIONS}?active=true&page=3&pageSize=2",
    }
    assert answer["meta"] == {"page": 2, "pageSize": 2}
    last = (await phone.ask("GET", answer["links"]["next"])).json()
    assert [it["attributes"]["name"] for it in last["data"]] == ["no 0"]
    assert last["links"]["next"] is None


async def test_messages_are_walked_page_by_page_and_none_is_lost(phone: Phone) -> None:
    session = await phone.start()
    for number in range(7):
        await phone.say(session, f"{number}")
    found, path = [], f"{SESSIONS}/{session}/messages?pageSize=3"
    while path:
        answer = (await phone.ask("GET", path)).json()
        found += [it["attributes"]["body"] for it in answer["data"]]
        path = answer["links"]["next"]
    assert found == ["6", "5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize("query", ["page=0", "page=101", "page=x", "pageSize=0", "page=1&page=2", "active=maybe"])
async def test_pages_that_cannot_be_are_refused(phone: Phone, query: str) -> None:
    answer = await phone.ask("GET", f"{SESSIONS}?{query}")
    assert refusal(answer)[:2] == (400, "bad_request")
    assert answer.json()["errors"][0]["source"] == {"parameter": query.partition("=")[0]}


async def test_the_vendors_query_on_a_post_is_read_over(phone: Phone) -> None:
    """iOS asks for ``sessions?active=true`` when it makes one."""
    assert (await phone.ask("POST", f"{SESSIONS}?active=true", json={"title": "Hi"})).status_code == 201


async def test_a_long_first_text_names_the_conversation_in_short(phone: Phone) -> None:
    session = await phone.asked("POST", SESSIONS, json={"title": "x" * 5000})
    assert session["attributes"]["name"] == "x" * 255


async def test_an_operators_answer_comes_out_and_is_of_the_app(phone: Phone, core: Core, acme: Cast) -> None:
    session = await phone.chat("Where is my parcel?")
    await messages.answer(core, acme.app, id_of(session), Draft("On its way."))
    out, said = await phone.asked("GET", f"{SESSIONS}/{session}/messages")
    assert (out["attributes"]["direction"], said["attributes"]["direction"]) == ("out", "in")
    sender = out["relationships"]["sentBy"]["data"]
    assert "sentBy" not in said["relationships"]
    user = await phone.asked("GET", f"/c/v1/users/{sender['id']}")
    assert (user["type"], user["attributes"]) == ("user", {"displayName": "Acme", "avatarUrl": None})


async def test_a_conversation_that_has_ended_takes_no_message(phone: Phone) -> None:
    session = await phone.chat("Bye")
    ended = await phone.asked("PUT", f"{SESSIONS}/{session}", json={"locked": True, "lockReason": "customer_ended"})
    said = ended["attributes"]
    assert (said["lockedByCustomer"], said["lockReason"]) == (True, "customer_ended")
    assert said["lockedAt"] == "2026-11-21T12:00:00.000Z"
    answer = await phone.ask("POST", "/c/v1/chat/messages", json={"session": session, "body": "One more"})
    assert refusal(answer)[:2] == (409, "chat_ended")
    assert await phone.asked("GET", f"{SESSIONS}?active=true") == []
    assert len(await phone.asked("GET", SESSIONS)) == 1


async def test_ending_it_twice_is_fine_and_the_first_reason_stays(phone: Phone, core: Core, acme: Cast) -> None:
    session = await phone.chat("Bye")
    await conversations.close(core, acme.app, id_of(session))
    said = (await phone.asked("PUT", f"{SESSIONS}/{session}", json={"locked": True}))["attributes"]
    assert (said["lockedByCustomer"], said["lockReason"]) == (False, None)
    answer = await phone.ask("PUT", f"{SESSIONS}/{session}", json={"locked": False})
    assert refusal(answer)[0] == 400


async def test_reading_is_remembered_up_to_the_moment(phone: Phone, core: Core, acme: Cast, clock: SetClock) -> None:
    session = await phone.chat("Hello?")
    clock.forward(minutes=1)
    await messages.answer(core, acme.app, id_of(session), Draft("Hello."))
    clock.forward(minutes=1)
    await messages.answer(core, acme.app, id_of(session), Draft("Still there?"))
    assert (await phone.asked("GET", f"{SESSIONS}/{session}"))["attributes"]["lastSeenAt"] is None
    path = f"{SESSIONS}/{session}"
    seen = await phone.asked("PUT", path, json={"lastSeenAt": "2026-11-21T12:01:30.000Z"})
    assert seen["attributes"]["lastSeenAt"] == "2026-11-21T12:01:00.000Z"
    for moment, until in (
        ("2026-11-21T11:00:00Z", "2026-11-21T12:01:00.000Z"),  # never backwards
        ("1970-01-01T00:00:00.000Z", "2026-11-21T12:01:00.000Z"),
        ("2999-01-01T00:00:00.000+01:00", "2026-11-21T12:02:00.000Z"),  # a phone whose clock runs ahead
        ("9999-12-31T23:59:59.999Z", "2026-11-21T12:02:00.000Z"),
        ("0001-01-01T00:00:00.000Z", "2026-11-21T12:02:00.000Z"),
    ):
        seen = await phone.asked("PUT", path, json={"lastSeenAt": moment})
        assert seen["attributes"]["lastSeenAt"] == until


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"lastSeenAt": "yesterday"},
        {"lastSeenAt": 7},
        {"lastSeenAt": "0001-01-01T00:00:00+01:00"},
        {"lastSeenAt": "9999-12-31T23:59:59-01:00"},
        {"locked": "yes"},
        {"locked": True, "lockReason": "x" * 65},
    ],
)
async def test_what_a_conversation_cannot_become_is_refused(phone: Phone, body: dict[str, object]) -> None:
    session = await phone.start()
    assert refusal(await phone.ask("PUT", f"{SESSIONS}/{session}", json=body))[:2] == (400, "bad_request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": " "},
        {"body": 7},
        {"body": "x" * 20_001},
        {"body": "x\x00y"},
        {"attachments": []},
        {"attachments": "x"},
        {"attachments": ["no-id"]},
        {"attachments": ["0" * 24]},
        {"attachments": ["0" * 24] * 11},
    ],
)
async def test_what_cannot_be_said_is_refused(phone: Phone, body: dict[str, object]) -> None:
    session = await phone.start()
    answer = await phone.ask("POST", "/c/v1/chat/messages", json={"session": session} | body)
    assert refusal(answer)[:2] == (400, "bad_request")
    assert await phone.reads(session) == []


async def test_describing_a_conversation_adds_and_takes_away(phone: Phone, core: Core, acme: Cast) -> None:
    session = await phone.chat("Hello")
    path = f"/c/v1/conversations/{session}"
    one = await phone.asked("PATCH", path, json={"custom": {"orderStr": "A-1", "itemsNum": 2}})
    assert (one["type"], one["id"]) == ("conversation", session)
    two = await phone.asked("PATCH", path, json={"custom": {"orderStr": None, "giftBool": True}})
    assert two["attributes"]["custom"] == {"itemsNum": 2, "giftBool": True}
    kept = await conversations.one_of_app(core, acme.app, id_of(session))
    assert kept.conversation.custom == {"itemsNum": 2, "giftBool": True}


@pytest.mark.parametrize(
    ("custom", "kind", "pointer"),
    [
        ({}, "no_parameters", "/custom"),
        ({"order": "x"}, "unknown_parameter", "/custom/order"),
        ({"kustomer": {"lockReason": "x"}}, "unknown_parameter", "/custom/kustomer"),
        ({"orderStr": 7}, "wrong_type", "/custom/orderStr"),
        ({"orderStr": "x" * 1025}, "wrong_type", "/custom/orderStr"),
        ({"itemsNum": "2"}, "wrong_type", "/custom/itemsNum"),
        ({"itemsNum": True}, "wrong_type", "/custom/itemsNum"),
        ({"dueAt": "tomorrow"}, "wrong_type", "/custom/dueAt"),
        ({"siteUrl": "javascript:alert(1)"}, "wrong_type", "/custom/siteUrl"),
        ({"paidBool": "true"}, "wrong_type", "/custom/paidBool"),
    ],
)
async def test_custom_attributes_say_their_type(
    phone: Phone, custom: dict[str, object], kind: str, pointer: str
) -> None:
    session = await phone.start()
    answer = await phone.ask("PATCH", f"/c/v1/conversations/{session}", json={"custom": custom})
    assert refusal(answer)[:2] == (400, "bad_request")
    [error] = answer.json()["errors"]
    assert (error["meta"]["kind"], error["source"]) == (kind, {"pointer": pointer})


async def test_custom_attributes_do_not_grow_for_ever(phone: Phone) -> None:
    path = f"/c/v1/conversations/{await phone.start()}"
    await phone.asked("PATCH", path, json={"custom": {f"n{it}Num": it for it in range(100)}})
    assert refusal(await phone.ask("PATCH", path, json={"custom": {"oneMoreNum": 1}}))[:2] == (400, "bad_request")
    assert (await phone.ask("PATCH", path, json={"custom": {"oneMoreNum": 1, "n1Num": None}})).status_code == 200


async def test_what_is_polled_changes_with_everything_that_happens(
    phone: Phone, tablet: Phone, core: Core, acme: Cast, clock: SetClock
) -> None:
    values = [await stats(phone)]
    session = await phone.chat("Hello")
    values.append(await stats(phone))
    await messages.answer(core, acme.app, id_of(session), Draft("Hi"))
    values.append(await stats(phone))
    await tablet.logged_in(signed(core, acme, email=ann.email))
    await tablet.chat("Elsewhere")
    await phone.logged_in(signed(core, acme, email=ann.email))
    values.append(await stats(phone))
    clock.forward(seconds=3)
    await phone.asked("PUT", f"{SESSIONS}/{session}", json={"locked": True})
    values.append(await stats(phone))
    assert values[0] is None
    assert len(set(values)) == len(values)
    assert await stats(phone) == values[-1]


async def test_a_log_in_elsewhere_that_brings_older_conversations_is_noticed(
    phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    await phone.chat("Older, on the phone")
    await tablet.logged_in(signed(core, acme, email=ann.email))
    await tablet.chat("Newer, on the tablet")
    was = await stats(tablet)
    await phone.logged_in(signed(core, acme, email=ann.email))
    assert await stats(tablet) != was


async def test_what_somebody_thought_of_it_is_kept_with_the_conversation(phone: Phone, core: Core, acme: Cast) -> None:
    session = await phone.chat("Hello")
    path = f"{SESSIONS}/{session}/satisfaction"
    assert refusal(await phone.ask("POST", path))[0] == 403
    await phone.asked("PUT", f"{SESSIONS}/{session}", json={"locked": True})
    survey = await phone.asked("POST", path)
    assert survey["attributes"]["status"] == "offered"
    answer = {"rating": 5, "answers": [{"id": "q1", "answer": "Quick!"}], "submittedAt": "2026-11-21T12:00:09.000Z"}
    kept = await phone.asked("PUT", f"/c/v1/chat/satisfaction-responses/{survey['id']}", json=answer)
    assert {it: kept["attributes"][it] for it in answer} == answer
    assert kept["attributes"]["status"] == "commented"
    [listed] = await phone.asked("GET", SESSIONS)
    assert listed["attributes"]["satisfaction"] == {"id": survey["id"], "status": "commented", "lockedAt": None}
    assert listed["attributes"]["custom"] == {}
    seen = await conversations.one_of_app(core, acme.app, id_of(session))
    assert seen.conversation.rating is not None
    assert seen.conversation.rating.score == 5  # as the App's people see it, whichever the API


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rating": 11},
        {"rating": "5"},
        {"answers": [{"id": "q"}] * 21},
        {"answers": [{"x": 1}]},
        {"answers": "no"},
        {"answers": [{"id": "q", "answer": {}}]},
    ],
)
async def test_a_survey_has_bounds(phone: Phone, body: dict[str, object]) -> None:
    session = await phone.chat("Hello")
    await phone.asked("PUT", f"{SESSIONS}/{session}", json={"locked": True})
    answer = await phone.ask("PUT", f"/c/v1/chat/satisfaction-responses/{session}", json=body)
    assert refusal(answer)[:2] == (400, "bad_request")


async def test_a_rating_stays_when_the_comment_comes_later(phone: Phone) -> None:
    """As both SDKs of version 1 answer: first the figure, then the words."""
    session = await phone.chat("Hello")
    await phone.asked("PUT", f"{SESSIONS}/{session}", json={"locked": True})
    survey = (await phone.ask("POST", f"{SESSIONS}/{session}/satisfaction")).json()
    [form] = survey["included"]
    assert (form["type"], form["attributes"]["scale"]["options"]) == ("satisfaction", 5)
    path = f"/c/v1/chat/satisfaction-responses/{session}"
    rated = (await phone.asked("PUT", path, json={"rating": 4}))["attributes"]
    assert (rated["status"], rated["rating"]) == ("rated", 4)
    said = (await phone.asked("PUT", path, json={"answers": [{"id": "q1", "answer": "Fine"}]}))["attributes"]
    assert (said["status"], said["rating"], said["answers"]) == ("commented", 4, [{"id": "q1", "answer": "Fine"}])


async def test_conversations_between_users_are_none_of_the_vendors_sessions(
    phone: Phone, core: Core, acme: Cast
) -> None:
    """Ann has them in another door of the same App."""
    await phone.logged_in(signed(core, acme, email=ann.email))
    it = await users.find(core, acme.app, ann.by_email)
    friend, _ = await users.put(core, acme.app, ben.verified())
    admission = await sign_in.vouch_for_known(core, acme.app, ann.by_email, Place("native", Lifetime()))
    recognised = Recognised(admission.session, acme.app, it)
    direct, _ = await conversations.start(core, recognised, kind=ConversationKind.DIRECT, with_users=[friend.id])
    await phone.chat("With Acme")
    assert await phone.sees() == ["With Acme"]
    answer = await phone.ask("GET", f"{SESSIONS}/{as_hex(direct.conversation.id)}")
    assert refusal(answer)[:2] == (404, "not_found")


async def test_a_talk_with_a_program_becomes_a_conversation_with_people(phone: Phone) -> None:
    lines = [("in", "Hi"), ("out", "How can I help?"), ("in", "A human, please")]
    told = [{"direction": direction, "body": body} for direction, body in lines]
    session = await phone.asked("POST", "/c/v2.1/chat/handoff", json={"messages": told})
    [message] = await phone.asked("GET", f"{SESSIONS}/{session['id']}/messages")
    assert message["attributes"]["direction"] == "in"
    assert message["attributes"]["body"] == "visitor: Hi\nassistant: How can I help?\nvisitor: A human, please"


@pytest.mark.parametrize(
    "directions", [[], ["in"], ["in", "in"], ["out", "out"], ["in", "sideways"], ["in", "out"] * 51]
)
async def test_a_handoff_has_both_sides(phone: Phone, directions: list[str]) -> None:
    told = [{"direction": it, "body": "x"} for it in directions]
    assert refusal(await phone.ask("POST", "/c/v2.1/chat/handoff", json={"messages": told}))[0] == 400


async def test_messages_said_at_once_are_all_kept(phone: Phone) -> None:
    session = await phone.start()
    await asyncio.gather(*[phone.say(session, f"{it}") for it in range(10)])
    assert sorted(await phone.reads(session)) == sorted(f"{it}" for it in range(10))


async def test_the_app_sees_what_visitors_say(phone: Phone, core: Core, acme: Cast) -> None:
    session = await phone.chat("Hello Acme")
    page = await messages.history_of_app(core, acme.app, id_of(session), PageAsked())
    assert [it.text for it in page.items] == ["Hello Acme"]
