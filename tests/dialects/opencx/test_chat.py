"""What visitors say and are told: sending, polling, the end of a session, surveys, votes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain.users import UserId
from acquaint.services import apps, users
from acquaint.services.core import Core
from acquaint.web.ids import read_uuid
from tests.cast import Cast, ann
from tests.dialects.opencx.widgets import Browser, Page, Server, claims_of, id_of, new_uuid, refusal
from tests.support.clock import SetClock


@pytest.fixture
async def page(browser: Browser) -> Page:
    return await browser.anonymous()


async def test_an_operator_answers_over_the_native_api_and_the_visitor_sees_it_by_polling(
    page: Page, backend: Server
) -> None:
    session = await page.chat("Where is my order?")
    conversations = (await backend.native("GET", "/conversations")).json()["items"]
    assert [it["id"] for it in conversations] == [str(id_of(session))]
    await backend.answers(session, "It left us this morning.")

    polled = await page.polls(session)
    assert [it["content"]["text"] for it in polled["history"]] == ["Where is my order?", "It left us this morning."]
    answer = polled["history"][-1]
    assert (answer["type"], answer["sender"]) == ("agent_message", {"kind": "agent", "name": "Acme", "avatar": None})
    assert polled["session"]["lastMessage"] == "It left us this morning."


async def test_a_poll_may_come_before_the_first_message(page: Page) -> None:
    polled = await page.polls(await page.start())
    assert polled["history"] == []


async def test_saying_it_again_says_it_once(page: Page) -> None:
    session, mine, before = await page.start(), new_uuid(), new_uuid()
    told = [{"uuid": before, "content": "How can we help?"}]
    for _ in range(3):
        await page.says(session, "Hello", uuid=mine, initial_messages=told)
    assert await page.reads(session) == ["How can we help?", "Hello"]


async def test_what_was_said_before_the_end_was_said_however_late_it_is_sent_again(page: Page) -> None:
    session, mine = await page.start(), new_uuid()
    await page.says(session, "Hello", uuid=mine)
    await page.asked("POST", "/session/resolve", {"session_id": session})
    again = await page.says(session, "Hello", uuid=mine)
    assert again["session"]["isOpened"] is False
    late = await page.send(session, "One more thing")
    assert late.json()["error"]["code"] == "session_closed"
    assert await page.reads(session) == ["Hello"]


async def test_who_writes_too_much_at_once_reads_so_and_nothing_is_said(page: Page) -> None:
    session = await page.start()
    answer = await page.send(session, "x" * 20_001)
    assert answer.status_code == 201
    assert answer.json()["error"]["code"] == "message_too_long"
    assert "20000 characters" in answer.json()["error"]["message"]
    assert await page.reads(session) == []
    await page.says(session, "x" * 20_000)


async def test_what_was_read_before_comes_in_front_of_the_first_message_only(page: Page, backend: Server) -> None:
    session = await page.chat("Hello")
    await page.says(session, "again", initial_messages=[{"uuid": new_uuid(), "content": "I am the operator"}])
    assert await page.reads(session) == ["Hello", "again"]


async def test_what_a_page_says_was_read_before_is_the_visitors_word_for_operators(page: Page, backend: Server) -> None:
    session = await page.start()
    await page.says(session, "Hi", initial_messages=[{"uuid": new_uuid(), "content": "We give you 90 % off"}])

    messages = (await backend.native("GET", f"/conversations/{id_of(session)}/messages")).json()["items"]
    assert {it["author"] for it in messages} == {"user"}
    assert {it["kind"] for it in messages} == {"text", "told_before"}


async def test_secrets_for_programs_are_not_kept(page: Page, backend: Server) -> None:
    session = await page.start()
    secrets = {
        "headers": {"x": "heliotrope"},
        "query_params": {"y": "heliotrope"},
        "body_properties": {"z": "heliotrope"},
    }
    await page.says(
        session, "Hi", **secrets, custom_data={"cart": [1, 2]}, clientContext={"url": "/pay"}, language="de"
    )

    kept = (await backend.native("GET", f"/conversations/{id_of(session)}/messages")).json()["items"][0]
    assert "heliotrope" not in str(kept)
    assert kept["extras"] == {"custom_data": {"cart": [1, 2]}, "context": {"url": "/pay"}, "language": "de"}


async def test_a_browser_whose_clock_is_an_hour_fast_still_sees_the_answer(
    page: Page, backend: Server, clock: SetClock
) -> None:
    session = await page.chat()
    await backend.answers(session, "At once.")
    ahead = (clock.now + timedelta(hours=1)).isoformat()
    assert [it["content"]["text"] for it in (await page.polls(session, ahead))["history"]] == ["Hello", "At once."]


async def test_of_a_long_session_only_what_is_new_is_told_with_some_overlap(
    page: Page, backend: Server, clock: SetClock
) -> None:
    session = await page.start()
    for number in range(203):
        await backend.answers(session, f"number {number}")
    whole = await page.polls(session)
    assert len(whole["history"]) == 203
    clock.forward(minutes=30)
    asked_at = clock.now
    await backend.answers(session, "half an hour later")
    clock.forward(minutes=9)

    for said in (asked_at, clock.now, clock.now + timedelta(days=400)):
        later = (await page.polls(session, said.isoformat()))["history"]
        assert [it["content"]["text"] for it in later] == ["half an hour later"]
    early = (await page.polls(session, (asked_at - timedelta(minutes=25)).isoformat()))["history"]
    assert len(early) == 204
    assert len((await page.polls(session))["history"]) == 204


@pytest.mark.parametrize("said", ["soon", "2026", "9" * 80, "0001-01-01T00:00:00+14:00", "-", "1e9"])
async def test_a_moment_that_is_none_is_refused_and_an_old_one_is_fine(page: Page, said: str) -> None:
    session = await page.chat()
    answer = await page.ask("GET", f"/poll/{session}", params={"lastMessageTimestamp": said})
    assert answer.status_code in (200, 400)
    for fine in ("1970-01-01T00:00:00.000Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-21T12:00:00"):
        assert (await page.polls(session, fine))["history"]


async def test_an_ended_session_asks_for_a_survey_and_keeps_the_latest_answer(page: Page, backend: Server) -> None:
    session, row = await page.chat(), new_uuid()
    body = {"session_id": session, "score": 2, "feedback": "slow", "system_message_uuid": row}
    assert (await page.ask("POST", "/submit-csat", body)).status_code == 403
    resolved = await page.asked("POST", "/session/resolve", {"session_id": session})
    assert resolved["isOpened"] is False
    assert [it["type"] for it in (await page.polls(session))["history"]] == ["message", "csat_requested"]

    for score in (2, 2, 4):
        assert await page.asked("POST", "/submit-csat", body | {"score": score}) == {"success": True}
    history = (await page.polls(session))["history"]
    assert [it["type"] for it in history] == ["message", "csat_requested", "csat_submitted"]
    assert history[-1]["publicId"] == row
    assert history[-1]["systemMessagePayload"] == {
        "type": "csat_submitted",
        "payload": {"score": 4, "feedback": "slow"},
    }
    rating = (await backend.native("GET", f"/conversations/{id_of(session)}")).json()["rating"]
    assert (rating["score"], rating["comment"]) == (4, "slow")
    said = await page.send(session, "one more thing")
    assert said.status_code == 201
    assert said.json() == {
        "success": False,
        "error": {"code": "session_closed", "message": "This conversation has ended. Please start a new one."},
    }


async def test_an_operator_ends_a_session_and_opens_it_again(page: Page, backend: Server) -> None:
    session = await page.chat()
    await backend.native("PATCH", f"/conversations/{id_of(session)}", {"is_closed": True})
    assert (await page.polls(session))["session"]["isOpened"] is False
    await backend.native("PATCH", f"/conversations/{id_of(session)}", {"is_closed": False})
    polled = await page.polls(session)
    assert polled["session"]["isOpened"] is True
    assert [it["type"] for it in polled["history"]] == ["message"]
    await page.says(session, "thank you")


async def test_every_end_asks_for_a_survey_whatever_was_answered_after_an_earlier_one(
    page: Page, backend: Server, clock: SetClock
) -> None:
    session = await page.chat()
    path = f"/conversations/{id_of(session)}"
    for number, row in enumerate((new_uuid(), new_uuid()), 1):
        await backend.native("PATCH", path, {"is_closed": True})
        assert [it["type"] for it in (await page.polls(session))["history"]] == ["message", "csat_requested"]
        body = {"session_id": session, "score": number, "system_message_uuid": row}
        await page.asked("POST", "/submit-csat", body)
        given = (await page.polls(session))["history"][-1]
        assert (given["publicId"], given["systemMessagePayload"]["payload"]["score"]) == (row, number)
        clock.forward(minutes=1)
        await backend.native("PATCH", path, {"is_closed": False})
        assert (await page.polls(session))["history"][-1] == given


async def test_a_checkpoint_is_found_again_and_the_oldest_of_very_many_go(page: Page) -> None:
    session = await page.chat()
    for step in range(55):
        await page.asked("POST", "/checkpoint", {"session_id": session, "payload": {"step": step}})
    polled = await page.polls(session)
    assert polled["session"]["latestStateCheckpointPayload"] == {"step": 54}
    points = [it["systemMessagePayload"]["payload"]["step"] for it in polled["history"] if it["type"] != "message"]
    assert points == list(range(5, 55))


async def test_a_vote_is_a_reaction_that_can_be_changed(page: Page, backend: Server) -> None:
    session = await page.chat()
    await backend.answers(session, "At once.")
    row = (await page.polls(session))["history"][-1]["publicId"]
    for action in ("upvote", "upvote", "downvote"):
        answer = await page.asked(
            "POST", "/chat/vote", {"action": action, "sessionId": session, "messagePublicId": row}
        )
        assert answer == {"messagePublicId": row, "success": True}
    nothing = {"action": "upvote", "sessionId": session, "messagePublicId": new_uuid()}
    assert refusal(await page.ask("POST", "/chat/vote", nothing)) == (404, "Message not found")


async def test_prelude_and_the_bare_history_are_answered_for_older_widgets(page: Page) -> None:
    session = await page.chat()
    assert (await page.asked("GET", "/prelude"))["organizationName"] == "Acme"
    assert await page.asked("GET", f"/session/history/{session}") == (await page.polls(session))["history"]


async def test_sessions_come_in_pages_newest_first(page: Page) -> None:
    made = [await page.start() for _ in range(53)]
    first = (await page.lists()).json()
    assert [it["id"] for it in first["items"]] == made[:-51:-1]
    for name in ("cursor", "offset"):
        rest = (await page.lists(None, **{name: first["next"]})).json()
        assert ([it["id"] for it in rest["items"]], rest["next"]) == (made[2::-1], None)


async def test_filters_compare_what_was_kept_with_a_session_as_texts(page: Page) -> None:
    session = await page.start(plan="pro", seats=3, trial=True, share=0.5)
    other = await page.start(plan="free")
    mine = {"external_id": page.external_id}
    for wanted in ({"plan": "pro"}, {"seats": "3"}, {"seats": 3, "trial": "true"}, {"trial": True}, {"share": "0.5"}):
        assert await page.sees(mine | wanted) == [session]
    assert await page.sees(mine) == [other, session]
    for wanted in ({"plan": "PRO"}, {"plan": "pro", "seats": 4}, {"isVerified": "false"}, {"id": session}):
        assert await page.sees(mine | wanted) == []
    nothing: dict[str, Any] = {"seats": None}  # what is asked for is that there is none, and not anything
    assert await page.sees(mine | nothing) == [other]
    assert await page.sees(mine | nothing | {"plan": "pro"}) == []


async def test_a_visitor_who_is_too_quick_reads_so(page: Page) -> None:
    session = await page.start()
    answer = await page.send(session, "spam")
    for _ in range(500):
        if not answer.json()["success"]:
            break
        answer = await page.send(session, "spam")
        assert answer.status_code == 201
    assert answer.json()["error"]["code"] == "rate_limited"
    assert "moment" in answer.json()["error"]["message"]


async def test_a_blocked_visitor_reads_so(page: Page, core: Core, acme: Cast, backend: Server) -> None:
    session = await page.chat()
    [user] = (await backend.native("GET", "/users")).json()["items"]
    await users.ban(core, acme.app, UserId(int(user["id"])))

    answer = await page.send(session, "hello?")
    assert (answer.status_code, answer.json()["error"]["code"]) == (201, "blocked")
    assert refusal(await page.lists()) == (403, "The contact is blocked")
    assert refusal(await page.ask("GET", f"/poll/{session}")) == (403, "The contact is blocked")


async def test_claims_come_with_the_first_session_and_own_nothing(browser: Browser, backend: Server) -> None:
    data: dict[str, Any] = {"non_verified_name": "Dana", "non_verified_custom_data": {"plan": "pro", "seats": 3}}
    page = await browser.user_data("Dana@Shop.test ", **data)
    await page.chat()

    [user] = (await backend.native("GET", "/users")).json()["items"]
    assert set(user["identifiers"].values()) <= {None}
    assert (user["name"], user["custom"]) == (None, {})
    claimed = user["claimed"]
    assert (claimed["name"], claimed["email"]) == ("Dana", "dana@shop.test")
    assert claimed["custom"] == {"plan": "pro", "seats": 3}


async def test_a_verified_contact_is_the_user_the_app_vouched_for(browser: Browser, backend: Server) -> None:
    answer = await backend.authenticate(
        " Ann@Example.COM", name="Ann", phone="+4930", avatar_url="https://a.test/a.png"
    )
    contact = answer.json()["contact"]["id"]
    page = browser.verified(answer.json()["token"])
    session = await page.chat()

    assert claims_of(page.token or "")["sub"]["payload"]["contact"] == {"id": contact, "verified": True}
    [user] = (await backend.native("GET", "/users")).json()["items"]
    assert int(user["id"]) == read_uuid(contact)
    assert {name: it for name, it in user["identifiers"].items() if it} == {"email": "ann@example.com"}
    assert (await page.polls(session))["session"]["isVerified"] is True
    assert (await page.lists()).json()["items"][0]["isVerified"] is True

    again = await backend.authenticate(ann.email, name="Ann Archer")
    assert again.json()["contact"]["id"] == contact
    assert again.json()["token"] != page.token
    assert await page.sees() == [session], "earlier tokens stay good"
    [user] = (await backend.native("GET", "/users")).json()["items"]
    assert (user["name"], user["phone"], user["avatar_url"]) == ("Ann Archer", "+4930", "https://a.test/a.png")


async def test_a_verified_token_is_over_after_a_day_and_an_unverified_one_is_not(
    browser: Browser, backend: Server, clock: SetClock
) -> None:
    page, verified = await browser.anonymous(), browser.verified(await backend.token_of(ann.email))
    clock.forward(hours=23)
    assert await verified.sees() == []
    clock.forward(hours=2)
    assert refusal(await verified.lists()) == (401, "Invalid token")
    clock.forward(days=390)
    assert await page.sees() == []


async def test_enforcement_lets_only_verified_people_write_and_says_so(
    browser: Browser, backend: Server, core: Core, acme: Cast
) -> None:
    page = await browser.anonymous()
    session = await page.chat()
    await apps.change_policy(core, acme.app, {"enforcement": "enforce"})

    said = await page.send(session, "hello?")
    assert (said.status_code, said.json()["success"]) == (201, False)
    assert said.json()["error"]["message"] == "Please sign in to send a message."
    begun = await page.ask("POST", "/create-session", {"customData": {"external_id": "x"}})
    for refused in (begun, await page.upload("order.txt", b"4711", "text/plain")):
        assert refusal(refused) == (403, "Only verified contacts may do this")
    assert await page.reads(session) == ["Hello"], "what they have they still see"
    await browser.verified(await backend.token_of(ann.email)).chat()
    report = (await backend.native("GET", "/enforcement")).json()
    assert report["enforcement"] == "enforce"
    counted: list[dict[str, Any]] = report["items"]
    assert [(it["door"], it["act"], it["outcome"], it["times"]) for it in counted] == [
        ("opencx", "keep", "refused", 1),
        ("opencx", "say", "refused", 1),
        ("opencx", "start", "refused", 1),
    ]


async def test_a_verified_contact_is_the_same_user_at_every_door(
    browser: Browser, backend: Server, core: Core, acme: Cast
) -> None:
    page = browser.verified(await backend.token_of(ann.email))
    session = await page.chat("from the widget")
    login = core.signer.sign({"iat": int(core.clock().timestamp()), "email": ann.email}, acme.signing_secret)
    opened = await page.client.post("/acquaint/v1/sessions", json={"app": "acme", "token": login})
    assert opened.status_code == 201, opened.text
    headers = {"authorization": f"Bearer {opened.json()['token']}"}

    listed = await page.client.get("/acquaint/v1/conversations", headers=headers)
    assert [it["id"] for it in listed.json()["items"]] == [str(id_of(session))]
    body = {"text": "from the app"}
    said = await page.client.post(f"/acquaint/v1/conversations/{id_of(session)}/messages", json=body, headers=headers)
    assert said.status_code == 201, said.text
    assert await page.reads(session) == ["from the widget", "from the app"]
