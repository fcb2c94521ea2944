"""Privacy lists, which are blocks of ours, and who is told when others come and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from acquaint.bootstrap import House
from acquaint.dialects.connectycube import privacy, watches
from acquaint.dialects.connectycube.asks import CHAT_STATES, CORRECTION
from acquaint.dialects.connectycube.jid import ROOMS
from acquaint.dialects.connectycube.xml import LONGEST_FRAME, Element, parse
from acquaint.domain.conversations import ConversationKind
from acquaint.domain.errors import NotAllowed
from acquaint.domain.events import EventKind
from acquaint.domain.identities import Assurance, Identity, ProfileChange
from acquaint.domain.paging import PageAsked
from acquaint.domain.users import User, UserId
from acquaint.realtime import lookouts
from acquaint.services import apps, blocks, conversations, history, messages, sign_in, users
from acquaint.services.admission import Place
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, carol, eve
from tests.dialects.connectycube.chatting import ADDRESS, Chatter, Chatters
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

STATUS = "https://connectycube.com/protocol/status_streaming"


@pytest.fixture
def chatters(house: House, acme: Cast) -> Chatters:
    return Chatters(house, acme)


async def asked(line: Chatter, query: str, kind: str = "set") -> Element:
    line.say(f'<iq type="{kind}" id="p" xmlns="jabber:client"><query xmlns="{privacy.PRIVACY}">{query}</query></iq>')
    return await line.until(lambda it: it.get("id") == "p")


async def condition(line: Chatter, query: str, kind: str = "set") -> str:
    """Why it is refused."""
    answer = await asked(line, query, kind)
    assert answer.get("type") == "error", answer
    error = answer.child("error")
    assert error is not None
    return next(error.elements).name


async def done(line: Chatter, query: str) -> None:
    answer = await asked(line, query)
    assert (answer.get("type"), answer.children) == ("result", [])


def of(name: str, *bares: str, action: str = "deny", mutual: Sequence[str] = ()) -> str:
    """As the SDK says it: each user as themselves, and as what they say in rooms."""
    items = ""
    for bare in (*bares, *mutual):
        user, _, domain = bare.partition("@")
        about = "" if bare in mutual else "<message/><presence-in/><presence-out/><iq/>"
        for value in (bare, f"{ROOMS}{domain}/{user.partition('-')[0]}"):
            items += f'<item type="jid" value="{value}" action="{action}" order="1">{about}</item>'
    return f'<list name="{name}">{items}</list>'


async def items(line: Chatter, name: str) -> list[tuple[str, str, bool]]:
    """Who is in it, how, and whether it says so of everything, which is what a mutual block is."""
    answer = await asked(line, f'<list name="{name}"/>', "get")
    [found] = next(answer.elements).elements
    assert found.get("name") == name
    told = [(it.get("value"), it.get("action"), not it.children) for it in found.elements]
    assert [it[1:] for it in told[::2]] == [it[1:] for it in told[1::2]]
    return told[::2]


async def shown(line: Chatter, name: str) -> list[str]:
    found = await items(line, name)
    assert {it[1:] for it in found} <= {("deny", False)}
    return [it[0] for it in found]


async def names(line: Chatter) -> list[tuple[str, str]]:
    answer = await asked(line, "", "get")
    return [(it.name, it.get("name")) for it in next(answer.elements).elements]


async def blocked(core: Core, line: Chatter) -> set[UserId]:
    found = await blocks.list_of(core, line.it.session, skip=0, limit=100)
    return {it.id for it in found.users}


@on_both_databases
async def test_the_default_list_is_whom_ann_blocks_and_the_others_are_only_kept(chatters: Chatters, core: Core) -> None:
    hers, bens, eves = [await chatters.chatter(it) for it in (ann, ben, eve)]
    await done(hers, of("a", bens.bare))
    await done(hers, of("b", eves.bare, bens.bare))
    assert await names(hers) == [("list", "a"), ("list", "b")]
    assert await blocked(core, hers) == set()
    await done(hers, '<default name="a"/>')
    assert await blocked(core, hers) == {bens.id}
    await done(hers, '<default name="b"/>')
    assert await blocked(core, hers) == {bens.id, eves.id}
    assert await names(hers) == [("default", "b"), ("list", "a"), ("list", "b")]
    assert set(await shown(hers, "b")) == {bens.bare, eves.bare}
    assert await shown(hers, "a") == [bens.bare]
    await done(hers, of("b", eves.bare))
    assert await blocked(core, hers) == {eves.id}
    await done(hers, "<default/>")
    assert await blocked(core, hers) == set()
    assert await shown(hers, "b") == [eves.bare], "a list that is declined is kept"
    await done(hers, '<default name="b"/>')
    await done(hers, '<list name="b"/>')
    assert await blocked(core, hers) == set()
    assert await names(hers) == [("list", "a")]
    page = await history.audit(core, chatters.acme.app, PageAsked(limit=100), kinds=(EventKind.USER_BLOCKED,))
    assert len(page.items) == 3, "each block is an Event, whatever it was asked in"


async def test_what_another_door_blocks_is_in_the_list_and_is_not_lifted_by_putting_one_in_force(
    chatters: Chatters, core: Core
) -> None:
    hers, bens, eves = [await chatters.chatter(it) for it in (ann, ben, eve)]
    await blocks.block(core, hers.it, eves.id)
    await done(hers, of("a", bens.bare))
    await done(hers, '<default name="a"/>')
    assert set(await shown(hers, "a")) == {bens.bare, eves.bare}
    assert await blocked(core, hers) == {bens.id, eves.id}


async def test_whoever_is_allowed_in_a_list_is_shown_in_it_and_is_not_blocked(chatters: Chatters, core: Core) -> None:
    hers, bens, eves = [await chatters.chatter(it) for it in (ann, ben, eve)]
    await done(hers, of("a", bens.bare, action="allow"))
    await done(hers, '<default name="a"/>')
    assert await blocked(core, hers) == set()
    assert await items(hers, "a") == [(bens.bare, "allow", False)]
    both = of("a", bens.bare, action="allow").replace("</list>", "") + of("a", eves.bare).partition(">")[2]
    await done(hers, both)
    assert await blocked(core, hers) == {eves.id}
    in_it = {(bens.bare, "allow", False), (eves.bare, "deny", False)}
    assert set(await items(hers, "a")) == in_it
    await done(hers, "<default/>")
    assert set(await items(hers, "a")) == in_it
    assert await blocked(core, hers) == set()
    await done(hers, '<list name="a"></list>')
    assert await names(hers) == []
    assert await condition(hers, '<list name="a"></list>') == "item-not-found", "a list of nobody is none"


@on_both_databases
async def test_whom_ann_blocks_mutually_she_cannot_write_to_through_any_door(chatters: Chatters, core: Core) -> None:
    hers, bens, eves = [await chatters.chatter(it) for it in (ann, ben, eve)]
    room = await chatters.group(hers, bens)
    hers.message(bens.bare, "Before", id="1" * 23 + "a")
    await bens.until(lambda it: it.text_of("body") == "Before")
    await done(hers, of("a", eves.bare, mutual=[bens.bare]))
    hers.message(bens.bare, "Not in force", id="2" * 23 + "a")
    await bens.until(lambda it: it.text_of("body") == "Not in force")
    await done(hers, '<default name="a"/>')
    assert await blocked(core, hers) == {bens.id, eves.id}
    assert set(await items(hers, "a")) == {(eves.bare, "deny", False), (bens.bare, "deny", True)}

    hers.message(bens.bare, "Refused", id="3" * 23 + "a")
    hers.message(bens.bare, "Refused, too", id="4" * 23 + "a", kept=False)
    hers.message(bens.bare, None, parse(f'<composing xmlns="{CHAT_STATES}"/>'), id=None)
    hers.message(bens.bare, "And so", type="headline", id="5" * 23 + "a", kept=False)
    correction = parse(f'<replace xmlns="{CORRECTION}" id="{"1" * 23}a"/>')
    hers.message(bens.bare, "Not put right", correction, id="6" * 23 + "a", kept=False)
    told = await hers.rest()
    assert {it.get("id")[0] for it in told if it.get("type") == "error"} == set("3456"), "typing is only not shown"
    assert {it.child("error").get("code") for it in told if it.get("type") == "error"} == {"403"}  # type: ignore[union-attr]
    hers.message(eves.bare, "One way", id="7" * 23 + "a")
    await eves.until(lambda it: it.text_of("body") == "One way")
    hers.message(hers.room(room), "To all", id="8" * 23 + "a")
    await hers.until(lambda it: it.text_of("body") == "To all")
    heard = [it.text_of("body") for it in await bens.rest() if it.name == "message"]
    assert heard == ["To all"], "what is said in groups is for everybody there"

    direct, _ = await conversations.start(core, hers.it, kind=ConversationKind.DIRECT, with_users=[bens.id])
    with pytest.raises(NotAllowed):
        await messages.post(core, hers.it, direct.conversation.id, Draft("Through another door"))
    await messages.post(core, bens.it, direct.conversation.id, Draft("He may say what he likes"))
    assert [it.get("type") for it in await hers.rest() if it.name == "message"] == [], "and she does not hear it"
    await blocks.block(core, hers.it, bens.id)
    assert (bens.bare, "deny", True) in await items(hers, "a"), "another door knows no mutual block, and lifts none"
    await done(hers, of("a", bens.bare))
    hers.message(bens.bare, "Heard again", id="9" * 23 + "a")
    await bens.until(lambda it: it.text_of("body") == "Heard again")


async def test_a_list_of_a_thousand_is_taken_and_shown_and_a_longer_one_is_refused_in_words(
    chatters: Chatters, core: Core, acme: Cast
) -> None:
    hers = await chatters.chatter(ann)
    people = Identity((), Assurance.VERIFIED)
    async with core.store.write() as tx:
        for number in range(blocks.MOST_BLOCKED + 1):
            user = User.from_identity(
                UserId(2**53 - 2 - number), acme.app.id, people, device_id=None, is_guest=False, now=core.clock()
            )
            await tx.users.add(user, password_hash=None)
    bare = hers.bare.partition("-")[2]
    bares = [f"{2**53 - 2 - number}-{bare}" for number in range(blocks.MOST_BLOCKED + 1)]
    await done(hers, of("a", *bares[1:]))
    await done(hers, '<default name="a"/>')
    assert sorted(await shown(hers, "a")) == sorted(bares[1:])
    assert len(await blocks.all_of(core, hers.it.session)) == blocks.MOST_BLOCKED
    assert await condition(hers, of("a", *bares)) == "bad-request", "one too many"
    assert await condition(hers, of("a", *bares * 2)) == "not-acceptable", "more than is read"
    hers.say(f'<iq type="result" id="p" xmlns="jabber:client">{"<a/>" * 2_000}</iq>')
    for long in ("<a/>" * 2_000, f"<body>{'x' * 100_000}</body>", "x" * 100_000):
        hers.say(f'<message id="p" to="{bares[0]}" xmlns="jabber:client">{long}</message>')
        error = await hers.until(lambda it: it.get("id") == "p")
        assert (error.name, error.child("error").get("code")) == ("message", "406")  # type: ignore[union-attr]
    assert await names(hers) == [("default", "a"), ("list", "a")], "and everything goes on"
    hers.say(f'<message xmlns="jabber:client">{"x" * LONGEST_FRAME}</message>')
    assert await hers.why() == "policy-violation"


async def test_what_cannot_be_is_refused_and_leaves_everything_as_it_was(
    chatters: Chatters, core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers, bens = await chatters.chatter(ann), await chatters.chatter(ben)
    other = (await apps.create(core, "Other")).app
    elsewhere, _ = await chatters.signed_up(ben, other)
    bare = bens.bare.partition("@")[2]
    await done(hers, of("a", bens.bare))
    await done(hers, '<default name="a"/>')
    for someone in (f"4711-{acme.app.id}@{bare}", f"{elsewhere.session.user_id}-{other.id}@{bare}"):
        assert await condition(hers, of("a", bens.bare, someone)) == "item-not-found"
    assert await condition(hers, of("a", hers.bare)) == "bad-request"
    assert await condition(hers, '<default name="nothing"/>') == "item-not-found"
    assert await condition(hers, '<list name="nothing"/>') == "item-not-found"
    assert await condition(hers, '<list name="nothing"/>', "get") == "item-not-found"
    monkeypatch.setattr(privacy, "MOST_LISTS", 2)
    await done(hers, of("b", bens.bare))
    assert await condition(hers, of("c", bens.bare)) == "bad-request"
    monkeypatch.setattr(privacy, "MOST_KEPT", 1)
    assert await condition(hers, "<default/>") == "bad-request"
    assert await blocked(core, hers) == {bens.id}
    assert await names(hers) == [("default", "a"), ("list", "a"), ("list", "b")]


async def test_a_guest_has_no_lists(chatters: Chatters, core: Core, acme: Cast) -> None:
    bens = await chatters.chatter(ben)
    place = Place("connectycube", bens.it.session.lifetime, ADDRESS)
    admission = await sign_in.enter_as_guest(core, acme.app, "Gus", place)
    assert admission.user is not None
    guest: Any = Chatter(chatters.app, chatters.house.hub, bens.it)
    await guest.come_in(admission.user.id, acme.app.id, admission.token or "")
    assert await condition(guest, of("a", bens.bare)) == "not-allowed"
    assert await names(guest) == []


async def test_what_a_profile_is_changed_to_takes_no_list_away(chatters: Chatters, core: Core) -> None:
    hers, bens = await chatters.chatter(ann), await chatters.chatter(ben)
    await done(hers, of("a", bens.bare))
    await users.update_own(core, hers.it, ProfileChange(name="Annie"))
    assert await shown(hers, "a") == [bens.bare]


@pytest.mark.parametrize("kept", ["text", {"lists": {"a": "b"}}, {"default": 7}, {"lists": {"a": [{}]}}])
async def test_what_is_kept_and_is_no_list_breaks_nothing(
    chatters: Chatters, core: Core, acme: Cast, kept: Any
) -> None:
    hers, bens = await chatters.chatter(ann), await chatters.chatter(ben)
    await users.update(core, acme.app, hers.id, ProfileChange(by_door={"connectycube": {privacy.KEPT: kept}}))
    assert await names(hers) == []
    await done(hers, of("a", bens.bare))
    assert await names(hers) == [("list", "a")]


# Coming and going


@pytest.fixture
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookouts, "PAUSE", 0.01)


def watch(line: Chatter, bare: str, enable: str = "true") -> None:
    line.say(
        f'<iq type="set" id="w" xmlns="jabber:client"><subscribe xmlns="{STATUS}" user_jid="{bare}" '
        f'enable="{enable}"/></iq>'
    )


async def told(line: Chatter, bare: str) -> int:
    frame = await line.until(lambda it: it.name == "iq" and it.get("from") == bare)
    assert (frame.get("type"), frame.get("to")) == ("result", line.jid)
    return int(next(frame.elements).get("seconds"))


@pytest.mark.usefixtures("_in_no_time")
async def test_ann_is_told_when_ben_goes_and_comes_back_until_she_asks_for_it_no_more(
    chatters: Chatters, core: Core, clock: SetClock
) -> None:
    hers, bens = await chatters.chatter(ann), await chatters.chatter(ben)
    await conversations.start(core, hers.it, kind=ConversationKind.DIRECT, with_users=[bens.id])
    watch(hers, bens.bare)
    assert await told(hers, bens.bare) == 0
    bens.hang_up()
    assert await told(hers, bens.bare) == 1, "0 is said of who is here"
    again = await chatters.chatter(ben)
    assert await told(hers, bens.bare) == 0
    watch(hers, bens.bare, "false")
    again.hang_up()
    await again.end()
    assert [it for it in await hers.rest() if it.get("from") == bens.bare] == []


@pytest.mark.usefixtures("_in_no_time")
async def test_nobody_is_told_of_strangers_of_whom_blocks_them_and_of_who_is_nobody(
    chatters: Chatters, core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "MOST_WATCHED", 3)
    eves, bens, carols = [await chatters.chatter(it) for it in (eve, ben, carol)]
    await conversations.start(core, eves.it, kind=ConversationKind.DIRECT, with_users=[bens.id])
    await blocks.block(core, bens.it, eves.id)
    domain = bens.bare.partition("@")[2]
    for bare in (bens.bare, carols.bare, f"4711-{acme.app.id}@{domain}"):
        watch(eves, bare)
        answer = await eves.until(lambda it: it.get("id") == "w")
        assert answer.get("type") == "result", "who may not know is answered as of anybody"
    watch(eves, f"4712-{acme.app.id}@{domain}")
    answer = await eves.until(lambda it: it.get("id") == "w")
    assert answer.child("error") is not None, "one can only ask of so many"
    bens.hang_up()
    carols.hang_up()
    await bens.end()
    await carols.end()
    assert [it for it in await eves.rest() if it.get("from")] == []
