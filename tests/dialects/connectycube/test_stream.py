"""Chat connections on the real core: who comes in, who hears what, and what ends them."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from acquaint.bootstrap import House
from acquaint.dialects.connectycube import chat, stanzas, stream
from acquaint.dialects.connectycube.asks import MARKERS
from acquaint.dialects.connectycube.auth import LIFETIME
from acquaint.dialects.connectycube.xml import CLIENT, Element, element, with_children, write
from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.errors import SessionEnded
from acquaint.domain.events import EventKind
from acquaint.domain.members import Change
from acquaint.domain.paging import PageAsked
from acquaint.domain.places import DeviceId
from acquaint.realtime.hub import MOST_CONNECTIONS
from acquaint.services import apps, conversations, history, limits, messages, saying, sessions, sign_in, users
from acquaint.services.admission import Place
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from acquaint.web import flow, outgoing
from acquaint.web.ids import as_hex, read_hex
from tests.cast import Cast, ann, ben, carol, eve
from tests.dialects.connectycube.chatting import ADDRESS, BIND, CLOSE, Chatter, Chatters
from tests.services.doors import visitor
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

FIRST, SECOND = "5f0000000000000000000001", "5f0000000000000000000002"


@pytest.fixture
def chatters(house: House, acme: Cast) -> Chatters:
    return Chatters(house, acme)


def bodies(frames: list[Element]) -> list[str | None]:
    return [it.text_of("body") for it in frames if it.name == "message"]


def marker(what: str, message: str, dialog: str | None = None) -> list[Element]:
    extra = element("extraParams")
    if dialog is not None:
        extra.children.append(with_children(element("dialog_id"), dialog))
    return [Element(what, MARKERS, {"id": message}), extra]


def correction(message: str) -> Element:
    return Element("replace", "urn:xmpp:message-correct:0", {"id": message, "last": "true"})


def removal(message: str) -> Element:
    return Element("remove", "urn:xmpp:message-delete:0", {"id": message})


async def events_of(core: Core, acme: Cast, *kinds: EventKind) -> list[EventKind]:
    found = await history.audit(core, acme.app, PageAsked(limit=100), kinds=kinds or tuple(EventKind))
    return [it.kind for it in reversed(found.items)]


# Coming in


async def test_ann_comes_in_by_the_token_of_her_session(chatters: Chatters) -> None:
    it, token = await chatters.signed_up(ann)
    line = chatters.line()
    await line.come_in(it.user.id, it.app.id, token)  # type: ignore[union-attr]
    bare, resource = line.jid.split("/")
    assert bare == f"{it.session.user_id}-{it.app.id}@acquaint.test"
    assert len(resource) >= 16
    line.say('<presence xmlns="jabber:client"/>')
    presence = await line.frame()
    assert (presence.get("from"), presence.get("to")) == (line.jid, bare)


async def test_ann_comes_in_by_her_password_and_that_session_ends_with_the_connection(
    chatters: Chatters, core: Core, acme: Cast
) -> None:
    line = await chatters.chatter(ann, by_password=True)
    open_before = len(await sessions.list_of(core, acme.app, line.id))
    line.say(CLOSE)
    await line.end()
    assert len(await sessions.list_of(core, acme.app, line.id)) == open_before - 1
    assert (await events_of(core, acme, EventKind.SESSION_OPENED, EventKind.SESSION_ENDED))[-2:] == [
        EventKind.SESSION_OPENED,
        EventKind.SESSION_ENDED,
    ]


async def test_the_session_of_a_token_goes_on_after_the_connection(chatters: Chatters, core: Core) -> None:
    line = await chatters.chatter(ann)
    line.hang_up()
    await line.end()
    await sessions.resume(core, chatters.tokens[line.it.session.id])


async def test_a_guest_comes_in_by_their_token(chatters: Chatters, core: Core, acme: Cast) -> None:
    admission = await sign_in.enter_as_guest(core, acme.app, "Gus", Place("connectycube", LIFETIME, ADDRESS))
    assert admission.user is not None
    assert admission.token is not None
    line = chatters.line()
    await line.come_in(admission.user.id, acme.app.id, admission.token)


async def test_whoever_is_somebody_else_stays_outside_and_hears_one_answer(
    chatters: Chatters, core: Core, acme: Cast
) -> None:
    anns, token = await chatters.signed_up(ann)
    bens, bens_token = await chatters.signed_up(ben)
    other = (await apps.create(core, "Other")).app
    elsewhere, elsewhere_token = await chatters.signed_up(ann, other)
    nobodys = await sign_in.visit(core, acme.app, Place("connectycube", LIFETIME, ADDRESS))
    on_kiosk = await visitor(core, acme, "kiosk")
    me, app_id = anns.session.user_id, acme.app.id
    ended, ended_token = await chatters.signed_up(ann)
    await sessions.end(core, acme.app, ended.session.id)
    tries = [
        (me, app_id, "a wrong password"),
        (me, app_id, bens_token),
        (me, app_id, elsewhere_token),
        (me, app_id, nobodys.token or ""),
        (me, app_id, ended_token),
        (me, app_id, token[:-1] + ("a" if token[-1] != "a" else "b")),
        (me, other.id, ann.password),
        (me, other.id, token),
        (me, 4711, ann.password),
        (4711, app_id, ann.password),
        (elsewhere.session.user_id, app_id, ann.password),
        (on_kiosk.session.user_id or 1, app_id, ann.password),
        (bens.session.user_id, app_id, ann.password),
    ]
    for who, app, secret in tries:
        line = chatters.line()
        await line.open()
        assert await line.sign_in(who, app, secret) == "not-authorized"
        line.say(BIND)
        assert await line.why() == "not-authorized"


async def test_nobody_comes_in_who_is_banned_or_deleted_or_of_a_closed_app(
    chatters: Chatters, core: Core, acme: Cast
) -> None:
    it, token = await chatters.signed_up(ann)
    user_id = it.session.user_id
    assert user_id is not None
    await users.ban(core, acme.app, user_id)
    line = chatters.line()
    await line.open()
    assert await line.sign_in(user_id, acme.app.id, token) == "not-authorized"
    assert await line.sign_in(user_id, acme.app.id, ann.password) == "not-authorized"
    assert EventKind.SIGN_IN_REFUSED in await events_of(core, acme)


async def test_a_visitor_of_another_door_who_proved_nothing_is_not_let_in(
    chatters: Chatters, core: Core, acme: Cast
) -> None:
    admission = await sign_in.visit(core, acme.app, Place("native", LIFETIME, ADDRESS, DeviceId("d" * 64)))
    it = await sessions.resume(core, admission.token or "")
    _, by = await conversations.start(core, it, first=Draft("Hello?"))
    line = chatters.line()
    await line.open()
    assert await line.sign_in(by.session.user_id, acme.app.id, admission.token or "") == "not-authorized"


async def test_wrong_passwords_are_counted_wherever_they_are_tried(chatters: Chatters, acme: Cast) -> None:
    it, _ = await chatters.signed_up(ann)
    answers = []
    for _ in range(limits.PASSWORDS_PER_LOGIN_AND_ADDRESS.times // 4 + 1):
        line = chatters.line()
        await line.open()
        answers += [await line.sign_in(it.session.user_id, acme.app.id, "guessed") for _ in range(4)]
    line = chatters.line()
    await line.open()
    assert await line.sign_in(it.session.user_id, acme.app.id, ann.password) == "temporary-auth-failure"
    assert answers.count("not-authorized") == limits.PASSWORDS_PER_LOGIN_AND_ADDRESS.times


async def test_a_page_of_an_origin_that_the_app_does_not_name_is_not_let_in(
    chatters: Chatters, core: Core, acme: Cast
) -> None:
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://acme.example"]})
    it, token = await chatters.signed_up(ann)
    for origin, answer in ((b"https://evil.example", "not-authorized"), (b"https://acme.example", "success")):
        line = chatters.line(headers=((b"origin", origin),))
        await line.open()
        assert await line.sign_in(it.session.user_id, acme.app.id, token) == answer


async def test_who_speaks_something_else_is_refused_at_the_door(chatters: Chatters) -> None:
    line = chatters.line()
    line._task.cancel()
    scope = {"type": "websocket", "path": "/ws", "headers": [], "query_string": b"", "client": (ADDRESS, 1)}
    said: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: object) -> None:
        said.append(message)

    await chatters.app(scope | {"subprotocols": ["mqtt"]}, receive, send)
    assert said[0]["status"] == 400


async def test_strangers_hold_only_so_many_connections_and_others_are_let_in(
    chatters: Chatters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "MOST_STRANGERS", 3)
    strangers = [chatters.line() for _ in range(3)]
    for line in strangers:
        await line.open()
    refused = chatters.line()
    await refused.end()
    assert refused.refused == 429
    await chatters.chatter(ann, address="198.51.100.9")
    strangers[0].hang_up()
    await strangers[0].end()
    first = await chatters.chatter(ann)
    second = await chatters.chatter(ben)
    assert first.jid != second.jid, "who came in is no stranger any more"


async def test_one_user_has_only_so_many_connections(chatters: Chatters) -> None:
    lines = [await chatters.chatter(ann) for _ in range(3)]
    hub = chatters.house.hub
    for _ in range(MOST_CONNECTIONS - 3):
        await hub.welcome(_Deaf(lines[0]))
    it, token = await chatters.signed_up(ann)
    line = chatters.line()
    await line.open()
    assert await line.sign_in(it.session.user_id, it.app.id, token) == "success"
    await line.open()
    line.say(BIND)
    assert await line.why() == "resource-constraint"


class _Deaf:
    """A listener that does nothing."""

    def __init__(self, like: Chatter) -> None:
        self.session = like.it.session

    def deliver(self, told: object) -> None: ...
    def typed(self, typed: object) -> None: ...
    def overheard(self, aside: object) -> None: ...
    def missed(self) -> None: ...
    def cut(self, why: object) -> None: ...


# Two people


@on_both_databases
async def test_what_ann_says_ben_hears_and_her_phone_gets_a_copy(chatters: Chatters, core: Core) -> None:
    laptop, phone = await chatters.chatter(ann, copies=True), await chatters.chatter(ann, copies=True)
    tablet = await chatters.chatter(ann)
    it = await chatters.chatter(ben)
    laptop.message(it.bare, "hello", id=FIRST, from_="1-1@evil/x")
    heard = await it.frame()
    assert (heard.get("from"), heard.get("to"), heard.get("id"), heard.get("type")) == (
        laptop.jid,
        it.jid,
        FIRST,
        "chat",
    )
    copy = await phone.frame()
    sent = next(next(next(copy.elements).elements).elements)
    assert (copy.get("from"), copy.get("to")) == (laptop.bare, phone.jid)
    assert (sent.get("from"), sent.get("to"), sent.get("id"), sent.text_of("body")) == (
        laptop.jid,
        it.bare,
        FIRST,
        "hello",
    )
    assert await laptop.rest() == await tablet.rest() == await it.rest() == await phone.rest() == []
    extra = heard.child("extraParams")
    assert extra is not None
    dialog = read_hex(extra.text_of("dialog_id") or "")
    assert dialog is not None
    kept = await messages.history(core, it.it.session, ConversationId(dialog), PageAsked(limit=10))
    assert [(one.text, one.client_id) for one in kept.items] == [("hello", FIRST)]


async def test_saying_it_again_says_it_once(chatters: Chatters) -> None:
    sender, it = await chatters.chatter(ann), await chatters.chatter(ben)
    sender.message(it.bare, "hello", id=FIRST)
    sender.message(it.bare, "hello", id=FIRST)
    await sender.rest()
    sender.message(it.bare, "bye", id=SECOND)
    await it.until(lambda frame: frame.get("id") == FIRST)
    assert bodies([await it.frame()]) == ["bye"]


@pytest.mark.parametrize("id", [None, "af0d4f3e-9e5c-4b5e-8d7f-0f3b6f3a1c11", "1"])
async def test_other_clients_name_messages_as_they_like(chatters: Chatters, id: str | None) -> None:
    sender, phone = await chatters.chatter(ann, copies=True), await chatters.chatter(ann, copies=True)
    it = await chatters.chatter(ben)
    sender.message(it.bare, "hello", id=id)
    heard = await it.frame()
    assert len(heard.get("id")) == 24
    sender.message(it.bare, "good day", correction(heard.get("id")), id=None)
    assert next(one for one in (await it.frame()).elements if one.name == "replace").get("id") == heard.get("id")
    assert await sender.rest() == []
    assert len(await phone.rest()) == 2


async def test_what_one_does_elsewhere_is_heard_where_it_was_first_said(chatters: Chatters, core: Core) -> None:
    sender, it = await chatters.chatter(ann, copies=True), await chatters.chatter(ben)
    sender.message(it.bare, "hello", id=FIRST)
    sender.message(it.bare, "hello", id=FIRST)
    await sender.rest()
    [kept] = await saying.found(core, sender.it.session, client_ids=[FIRST])
    await saying.edit(core, sender.it, kept.conversation_id, kept.id, text="good day")
    [copy] = await sender.rest()
    sent = next(next(next(copy.elements).elements).elements)
    assert sent.text_of("body") == "good day"


async def test_nobody_takes_the_name_of_anothers_message(chatters: Chatters) -> None:
    sender, it = await chatters.chatter(ann), await chatters.chatter(ben)
    sender.message(it.bare, "hello", id=FIRST)
    await it.frame()
    it.message(sender.bare, "hello from Eve", id=FIRST)
    error = await it.frame()
    assert next(next(one for one in error.elements if one.name == "error").elements).name == "conflict"
    assert await sender.rest() == []


async def test_what_is_not_to_be_kept_is_told_and_not_kept(chatters: Chatters, core: Core) -> None:
    sender, it = await chatters.chatter(ann), await chatters.chatter(ben)
    sender.message(it.bare, "psst", id=FIRST, kept=False)
    heard = await it.frame()
    assert (heard.get("from"), heard.text_of("body")) == (sender.jid, "psst")
    extra = heard.child("extraParams")
    assert extra is not None
    dialog = read_hex(extra.text_of("dialog_id") or "")
    assert extra.text_of("save_to_history") is None
    assert int(extra.text_of("date_sent") or 0) == int(core.clock().timestamp())
    kept = await messages.history(core, it.it.session, ConversationId(dialog or 0), PageAsked(limit=10))
    assert kept.items == ()


async def test_what_happens_by_other_doors_is_heard(chatters: Chatters, core: Core, acme: Cast) -> None:
    it, other = await chatters.chatter(ann), await chatters.chatter(ben)
    seen, _ = await conversations.start(
        core, other.it, kind=ConversationKind.DIRECT, with_users=[it.id], first=Draft("over there")
    )
    heard = await it.frame()
    assert (heard.get("from"), heard.get("type"), heard.text_of("body")) == (other.bare, "chat", "over there")
    name = heard.get("id")
    assert read_hex(name) is not None, "it looks like any other"
    it.message(other.bare, None, *marker("displayed", name, as_hex(seen.conversation.id)))
    await it.rest()
    mine = await conversations.one_seen(core, it.it.session, seen.conversation.id)
    assert mine.unread == 0
    shop = await chatters.chatter(carol)
    support, _ = await conversations.start(core, shop.it, first=Draft("help"))
    await shop.until(lambda frame: frame.text_of("body") == "help")
    await messages.answer(core, acme.app, support.conversation.id, Draft("coming"))
    answer = await shop.until(lambda frame: frame.text_of("body") == "coming")
    assert (answer.get("from"), answer.get("type")) == (shop.room(support.conversation.id), "groupchat")


@on_both_databases
async def test_marks_reach_who_wrote_the_message_and_are_kept(chatters: Chatters, core: Core) -> None:
    sender, it = await chatters.chatter(ann), await chatters.chatter(ben)
    sender.message(it.bare, "one", id=FIRST)
    sender.message(it.bare, "two", id=SECOND)
    first, _ = await it.frame(), await it.frame()
    extra = first.child("extraParams")
    dialog = (extra.text_of("dialog_id") if extra else None) or ""
    for what, name, told in (
        ("received", FIRST, [FIRST]),
        ("received", SECOND, [SECOND]),
        ("received", FIRST, []),
        ("displayed", SECOND, [FIRST, SECOND]),
        ("displayed", FIRST, []),
    ):
        it.message(sender.bare, None, *marker(what, name, dialog))
        await it.rest()
        heard = await sender.rest()
        marks = [next(frame.elements) for frame in heard]
        assert [(mark.name, mark.get("id")) for mark in marks] == [(what, one) for one in told]
        for frame in heard:
            extra = frame.child("extraParams")
            assert extra is not None
            assert extra.text_of("dialog_id") == dialog
            assert (frame.get("from"), frame.get("type")) == (it.bare, "chat")
    seen = await conversations.one_seen(core, it.it.session, ConversationId(read_hex(dialog) or 0))
    assert seen.unread == 0


async def test_typing_is_shown_to_whom_one_has_talked_to(chatters: Chatters) -> None:
    writer, it = await chatters.chatter(ann), await chatters.chatter(ben)
    composing = Element("composing", "http://jabber.org/protocol/chatstates")
    writer.message(it.bare, None, composing, id=None)
    assert await writer.rest() == await it.rest() == [], "they never talked"
    writer.message(it.bare, "hello", id=FIRST)
    await it.frame()
    writer.message(it.bare, None, composing, id=None)
    heard = await it.frame()
    assert (next(heard.elements).name, heard.get("type")) == ("composing", "chat")
    assert heard.get("from").startswith(writer.bare)


@on_both_databases
async def test_a_message_is_edited_and_deleted_by_who_wrote_it_alone(chatters: Chatters, core: Core) -> None:
    writer, it = await chatters.chatter(ann), await chatters.chatter(ben)
    writer.message(it.bare, "hello", id=FIRST)
    await it.frame()
    it.message(writer.bare, "I love Ben", correction(FIRST), id="e1")
    it.message(writer.bare, None, removal(FIRST), id="e2")
    for id in ("e1", "e2"):
        error = await it.frame()
        assert (error.get("id"), error.get("type")) == (id, "error")
        assert next(next(one for one in error.elements if one.name == "error").elements).name == "forbidden"
    writer.message(it.bare, "good day", correction(FIRST), id="e3")
    changed = await it.frame()
    replaced = next(one for one in changed.elements if one.name == "replace")
    assert (replaced.get("id"), replaced.get("last"), changed.text_of("body")) == (FIRST, "true", "good day")
    writer.message(it.bare, None, removal(FIRST), id="e4")
    gone = await it.frame()
    assert next(gone.elements).get("id") == FIRST
    assert gone.text_of("body") is None
    writer.message(it.bare, None, removal(FIRST), id="e5")
    assert (await writer.frame()).get("id") == "e5"


async def test_a_system_message_reaches_any_user_of_the_app(chatters: Chatters) -> None:
    caller, it = await chatters.chatter(ann), await chatters.chatter(ben)
    caller.message(it.bare, "ring", id=FIRST, type="headline", from_=it.jid)
    heard = await it.frame()
    assert (heard.get("type"), heard.get("from"), heard.get("id")) == ("headline", caller.jid, FIRST)
    caller.message(f"4711-{it.it.app.id}@acquaint.test", "ring", id=SECOND, type="headline")
    assert (await caller.frame()).get("type") == "error"


async def test_somebody_is_told_when_another_was_last_there(chatters: Chatters, clock: SetClock) -> None:
    asker, it = await chatters.chatter(ann), await chatters.chatter(ben)
    ask = f'<iq type="get" id="q" to="{it.bare}" xmlns="jabber:client"><query xmlns="jabber:iq:last"/></iq>'
    asker.say(ask)
    assert next((await asker.frame()).elements).get("seconds") == "0"
    it.hang_up()
    await it.end()
    clock.forward(minutes=2)
    asker.say(ask)
    answer = await asker.frame()
    assert int(next(answer.elements).get("seconds")) >= 120
    assert answer.get("from") == it.bare


# Groups


@on_both_databases
async def test_a_group_hears_what_its_members_say_and_nobody_else_does(chatters: Chatters) -> None:
    owner, member, stranger = [await chatters.chatter(who, copies=True) for who in (ann, ben, eve)]
    group = await chatters.group(owner, member)
    owner.message(owner.room(group), "kept", id=FIRST)
    owner.message(owner.room(group), "passing", id=SECOND, kept=False)
    for it in (owner, member):
        frames = {(frame := await it.frame()).get("id"): frame for _ in range(2)}
        assert {name: frame.text_of("body") for name, frame in frames.items()} == {FIRST: "kept", SECOND: "passing"}
        assert {frame.get("from") for frame in frames.values()} == {f"{owner.room(group)}/{owner.id}"}
        assert {frame.get("type") for frame in frames.values()} == {"groupchat"}
    for kept in (True, False):
        stranger.message(owner.room(group), "let me in", id=FIRST, kept=kept)
        error = await stranger.frame()
        assert (error.get("type"), error.get("id"), error.get("from")) == ("error", FIRST, owner.room(group))
    stranger.message(owner.room(group), None, Element("composing", "http://jabber.org/protocol/chatstates"), id=None)
    stranger.say(f'<presence id="x:join" to="{owner.room(group)}/{stranger.id}" xmlns="jabber:client"/>')
    refused = await stranger.frame()
    assert (refused.name, refused.get("type"), refused.get("id")) == ("presence", "error", "x:join")
    assert next(refused.elements).namespace == "http://jabber.org/protocol/muc"
    items = f'<iq type="get" id="i" to="{owner.room(group)}" xmlns="jabber:client"><query xmlns="http://jabber.org/protocol/disco#items"/></iq>'
    stranger.say(items)
    assert (await stranger.frame()).get("type") == "error"
    owner.say(items)
    assert {it.get("name") for it in next((await owner.frame()).elements).elements} == {str(owner.id), str(member.id)}
    assert bodies(await owner.rest()) == bodies(await member.rest()) == bodies(await stranger.rest()) == []


async def test_a_room_that_is_not_there_is_refused_like_one_that_is_not_ones_own(chatters: Chatters) -> None:
    owner, stranger = await chatters.chatter(ann), await chatters.chatter(eve)
    group = await chatters.group(owner)
    answers = []
    for room in (owner.room(group), owner.room(ConversationId(group + 4096))):
        stranger.message(room, "hello", id=FIRST)
        error = next(it for it in (await stranger.frame()).elements if it.name == "error")
        answers.append([(it.name, it.text) for it in error.elements])
    assert answers[0] == answers[1]


async def test_a_member_comes_into_a_room_and_leaves_it_as_the_sdk_waits_for(chatters: Chatters) -> None:
    owner, member = await chatters.chatter(ann), await chatters.chatter(ben)
    group = await chatters.group(owner, member)
    place = f"{owner.room(group)}/{member.id}"
    member.say(
        f'<presence id="u:join" to="{place}" xmlns="jabber:client"><x xmlns="http://jabber.org/protocol/muc"/></presence>'
    )
    came = await member.frame()
    assert (came.get("from"), came.get("to"), came.get("id"), came.get("type")) == (place, member.jid, "u:join", "")
    x = next(came.elements)
    assert [it.name for it in x.elements] == ["item", "status", "xmlns"]
    seen = await owner.frame()
    assert (seen.name, seen.get("from"), seen.get("to")) == ("presence", place, owner.jid)
    member.say(f'<presence type="unavailable" to="{place}" xmlns="jabber:client"/>')
    assert (await member.frame()).get("type") == (await owner.frame()).get("type") == "unavailable"


@on_both_databases
async def test_who_is_removed_hears_that_and_nothing_more(chatters: Chatters, core: Core) -> None:
    owner, member = await chatters.chatter(ann), await chatters.chatter(ben)
    group = await chatters.group(owner, member)
    await conversations.change(core, owner.it, group, Change(remove=(member.id,)))
    gone = await member.frame()
    assert (gone.name, gone.get("type"), gone.get("from")) == ("presence", "unavailable", owner.room(group))
    assert next(it for it in next(gone.elements).elements if it.name == "status").get("code") == "301"
    owner.message(owner.room(group), "now that Ben is gone", id=FIRST)
    await owner.until(lambda frame: frame.get("id") == FIRST)
    assert await member.rest() == []
    member.message(owner.room(group), "am I?", id=FIRST)
    assert (await member.frame()).get("type") == "error"


async def test_only_some_speak_in_a_broadcast(chatters: Chatters) -> None:
    owner, member = await chatters.chatter(ann), await chatters.chatter(ben)
    group = await chatters.group(owner, member, kind=ConversationKind.BROADCAST)
    for kept in (True, False):
        member.message(owner.room(group), "me, too", id=FIRST, kept=kept)
        error = await member.frame()
        assert next(next(it for it in error.elements if it.name == "error").elements).name == "forbidden"
    assert await owner.rest() == []


async def test_nothing_is_said_in_a_closed_conversation(chatters: Chatters, core: Core, acme: Cast) -> None:
    owner, member = await chatters.chatter(ann), await chatters.chatter(ben)
    group = await chatters.group(owner, member)
    await conversations.close(core, acme.app, group)
    for kept in (True, False):
        member.message(owner.room(group), "anybody?", id=FIRST, kept=kept)
        error = await member.until(lambda frame: frame.get("type") == "error")
        assert next(next(it for it in error.elements if it.name == "error").elements).name == "not-allowed"


async def test_nobody_of_another_app_is_reached_or_heard(chatters: Chatters, core: Core) -> None:
    other = (await apps.create(core, "Other")).app
    it, token = await chatters.signed_up(ben, other)
    elsewhere = Chatter(chatters.app, chatters.house.hub, it)
    await elsewhere.come_in(elsewhere.id, other.id, token)
    sender = await chatters.chatter(ann)
    mine = await chatters.group(sender)
    for to in (elsewhere.bare, f"{elsewhere.id}-{sender.it.app.id}@acquaint.test"):
        for more in ({}, {"type": "headline"}):
            sender.message(to, "hello", id=FIRST, **more)  # type: ignore[arg-type]
            assert (await sender.frame()).get("type") == "error"
        sender.say(f'<iq type="get" id="q" to="{to}" xmlns="jabber:client"><query xmlns="jabber:iq:last"/></iq>')
        assert (await sender.frame()).get("type") == "error"
    for app_id in (other.id, sender.it.app.id):
        elsewhere.message(f"{app_id}_{as_hex(mine)}@muc.acquaint.test", "hello", id=FIRST)
        assert (await elsewhere.frame()).get("type") == "error"
    assert await elsewhere.rest() == await sender.rest() == []


# Bad manners


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize(
    "text", ["</body></message><message from='1-1@acquaint.test'>", "]]>", "<b>&amp;</b>", "\U0001f30a\t\n'\""]
)
async def test_no_text_becomes_anything_but_text(chatters: Chatters, text: str, kept: bool) -> None:
    sender, it = await chatters.chatter(ann), await chatters.chatter(ben)
    key = with_children(element("extraParams"), with_children(element("save_to_history"), "1" if kept else "0"))
    key.children.append(with_children(element("note"), text))
    sender.message(it.bare, text, key, id=FIRST, kept=False)
    heard = await it.frame()
    assert heard.text_of("body") == text
    extra = heard.child("extraParams")
    assert extra is not None
    assert extra.text_of("note") == text
    assert [one.name for one in heard.elements] == ["body", "extraParams"]


async def test_what_other_doors_let_in_breaks_no_stream(chatters: Chatters, core: Core) -> None:
    it, other = await chatters.chatter(ann), await chatters.chatter(ben)
    hostile = Draft(
        "\x00\x0b</body>\ufffe",
        payload={"attachments": [{"uid": '"><script>', "x y": 1, "size": None}, "no"]},
        extras={"<evil/>": 1, "dialog_id": "spoofed", "deep": {"a": {"b": ["\x01", {"c d": 1}]}}, "date_sent": "0"},
        client_id='"/><iq',
    )
    await conversations.start(core, other.it, kind=ConversationKind.DIRECT, with_users=[it.id], first=hostile)
    heard = await it.frame()
    assert heard.text_of("body") == "\ufffd\ufffd</body>\ufffd"
    extra = heard.child("extraParams")
    assert extra is not None
    assert read_hex(extra.text_of("dialog_id") or "") is not None
    assert read_hex(heard.get("id")) is not None
    attachment = extra.child("attachment")
    assert attachment is not None
    assert attachment.attributes == {"uid": '"><script>'}


async def test_a_flood_of_messages_is_refused_and_the_rest_goes_on(
    chatters: Chatters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acquaint.web.flow.FRAMES", 10_000.0)
    sender, it = await chatters.chatter(ann), await chatters.chatter(ben)
    most = limits.MESSAGES_PER_SESSION.times
    sender.message(it.bare, "first", id=FIRST)
    await it.frame()
    for number in range(most + 30):
        sender.message(it.bare, "spam", id=f"{number:024x}")
    errors = [frame for frame in await sender.rest() if frame.get("type") == "error"]
    assert errors
    assert {next(next(one for one in it.elements if one.name == "error").elements).name for it in errors} == {
        "resource-constraint"
    }


async def test_a_message_that_is_too_long_comes_back(chatters: Chatters) -> None:
    sender, it = await chatters.chatter(ann), await chatters.chatter(ben)
    sender.message(it.bare, "x" * 20_001, id=FIRST)
    assert (await sender.frame()).get("type") == "error"
    large = with_children(element("extraParams"), with_children(element("save_to_history"), "1"))
    large.children.append(with_children(element("note"), "x" * 17_000))
    sender.message(it.bare, "x", large, id=SECOND, kept=False)
    assert (await sender.frame()).get("type") == "error"
    sender.message(sender.bare, "to myself", id=FIRST)
    assert (await sender.frame()).get("type") == "error"
    assert await it.rest() == []


# What ends it


@pytest.mark.parametrize("how", ["ended", "banned", "deleted", "closed", "left", "all"])
async def test_a_connection_is_cut_when_its_session_may_not_go_on(
    chatters: Chatters, core: Core, acme: Cast, how: str
) -> None:
    it, other = await chatters.chatter(ann), await chatters.chatter(ben)
    match how:
        case "ended":
            await sessions.end(core, acme.app, it.it.session.id)
        case "banned":
            await users.ban(core, acme.app, it.id)
        case "deleted":
            await users.delete(core, acme.app, it.id)
        case "closed":
            await apps.close(core, acme.app)
        case "left":
            await sessions.leave(core, it.it.session)
        case "all":
            await sessions.end_all(core, acme.app, it.id)
    assert await it.why() == ("conflict" if how == "left" else "policy-violation")
    assert it.code == 1008
    if how != "closed":
        assert await other.rest() == []


async def test_a_connection_that_is_used_keeps_its_session_and_one_that_is_not_ends_with_it(
    chatters: Chatters, core: Core, clock: SetClock
) -> None:
    it = await chatters.chatter(ann, by_password=True)
    for _ in range(5):
        clock.forward(hours=1)
        await it.rest()
        await sessions.write_behind(core)
    clock.forward(hours=1, minutes=59)
    await chatters.house.hub._check_due()
    await it.rest()
    clock.forward(hours=2, seconds=1)
    await chatters.house.hub._check_due()
    assert await it.why() == "policy-violation"


async def test_what_is_sent_after_the_time_is_over_does_not_bring_it_back(
    chatters: Chatters, core: Core, clock: SetClock
) -> None:
    it, other = await chatters.chatter(ann), await chatters.chatter(ben)
    other.message(it.bare, "hello", id=FIRST)
    await it.frame()
    clock.forward(hours=3)
    it.say('<presence xmlns="jabber:client"/>')
    await it.until(lambda frame: frame.name == "presence")
    with pytest.raises(SessionEnded):
        await sessions.resume(core, chatters.tokens[it.it.session.id])
    await chatters.house.hub._check_due()
    assert await it.why() == "policy-violation"


async def test_news_that_may_have_been_missed_end_the_connection_so_that_it_comes_again(chatters: Chatters) -> None:
    it = await chatters.chatter(ann)
    chatters.house.hub.lost()
    assert await it.why() == "reset"
    await chatters.chatter(ann)


async def test_who_does_not_read_is_cut_off_and_the_others_hear_everything(
    chatters: Chatters, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "MOST_WAITING", 20)
    slow, speaker = await chatters.chatter(ann), await chatters.chatter(ben)
    group = await chatters.group(speaker, slow)
    slow.stops_reading()
    for number in range(30):
        speaker.message(speaker.room(group), f"word {number}", id=f"{number:024x}", kept=number % 2 == 0)
    heard = bodies(await speaker.rest())
    assert len(heard) == 30
    assert not chatters.house.hub.is_connected(slow.it.app.id, slow.id)
    await sessions.resume(core, chatters.tokens[slow.it.session.id])


async def test_who_is_not_there_any_more_is_noticed(
    chatters: Chatters, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LOOKED_AFTER", 0.01)
    it = await chatters.chatter(ann)
    stranger = chatters.line()
    await stranger.open()
    clock.forward(minutes=1)
    ping = await it.frame()
    assert next(ping.elements).name == "ping"
    assert await stranger.why() == "connection-timeout"
    it.say(f'<iq type="result" id="{ping.get("id")}" xmlns="jabber:client"/>')
    await it.rest()
    clock.forward(minutes=1)
    assert next((await it.frame()).elements).name == "ping"
    clock.forward(minutes=1)
    assert await it.why() == "connection-timeout"


async def test_the_server_says_that_it_stops(chatters: Chatters) -> None:
    it = await chatters.chatter(ann)
    await chatters.house.hub.close()
    assert await it.why() == "system-shutdown"
    assert it.code == 1001


async def test_a_bug_of_ours_is_an_error_and_the_connection_goes_on(
    chatters: Chatters, monkeypatch: pytest.MonkeyPatch
) -> None:
    it, other = await chatters.chatter(ann), await chatters.chatter(ben)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(messages, "post", broken)
    it.message(other.bare, "hello", id=FIRST)
    error = await it.frame()
    assert next(next(one for one in error.elements if one.name == "error").elements).name == "internal-server-error"
    assert await it.rest() == []


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_a_member_sends_nothing_of_ours_breaks(
    chatters: Chatters, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(flow, "FRAMES", 10_000.0)
    monkeypatch.setattr(flow, "CHARACTERS", 1e9)
    it, other = await chatters.chatter(ann, copies=True), await chatters.chatter(ben)
    group = await chatters.group(it, other)
    chance = Random(seed)
    texts = ["", "1", "true", FIRST, as_hex(group), "x" * 300, "\ufffe", "<&>", "0" * 24, "é" * 100, "-1", "9" * 30]
    places = [other.bare, it.bare, it.room(group), f"{it.room(group)}/{it.id}", "acquaint.test", "", "a@b", "1-1@x"]
    spaces = [CLIENT, MARKERS, "urn:xmpp:message-correct:0", "urn:xmpp:message-delete:0", stanzas.MUC, stanzas.PING]
    spaces += [stanzas.LAST, stanzas.DISCO_ITEMS, "http://jabber.org/protocol/chatstates", stanzas.CARBONS]
    names = ["body", "extraParams", "received", "displayed", "replace", "remove", "composing", "query", "x", "ping"]
    names += ["save_to_history", "dialog_id", "attachment", "enable", "mobile", "subject", "nested"]

    def anything(depth: int) -> Element:
        found = Element(chance.choice(names), chance.choice(spaces))
        for key in ("id", "last", "uid", "enable", "node"):
            if chance.random() < 0.3:
                found.attributes[key] = chance.choice(texts)
        for _ in range(chance.randrange(4) if depth else 0):
            found.children.append(anything(depth - 1) if chance.random() < 0.6 else chance.choice(texts))
        return found

    kinds = {"message": ["chat", "groupchat", "headline", ""], "iq": ["get", "set"], "presence": ["", "unavailable"]}
    for _ in range(300):
        name = chance.choice([*kinds, "message"])
        stanza = element(name, to=chance.choice(places), type=chance.choice(kinds[name]), id=chance.choice(texts)[:255])
        with_children(stanza, *[anything(2) for _ in range(chance.randrange(4))])
        it.say(write(stanza))
    told = [*await it.rest(), *await other.rest()]
    assert {frame.name for frame in told} <= {"message", "iq", "presence"}
    assert "internal-server-error" not in "".join(write(frame) for frame in told)
    assert len(told) > 100
