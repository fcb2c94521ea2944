"""Privacy lists, which are blocks of ours, and who is told when others come and go."""

from __future__ import annotations

from typing import Any

import pytest

from acquaint.bootstrap import House
from acquaint.dialects.connectycube import privacy, watches
from acquaint.dialects.connectycube.jid import ROOMS
from acquaint.dialects.connectycube.xml import Element
from acquaint.domain.conversations import ConversationKind
from acquaint.domain.events import EventKind
from acquaint.domain.identities import ProfileChange
from acquaint.domain.paging import PageAsked
from acquaint.domain.users import UserId
from acquaint.realtime import lookouts
from acquaint.services import apps, blocks, conversations, history, sign_in, users
from acquaint.services.admission import Place
from acquaint.services.core import Core
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


def of(name: str, *bares: str, action: str = "deny") -> str:
    """As the SDK says it: each user as themselves, and as what they say in rooms."""
    items = ""
    for bare in bares:
        user, _, domain = bare.partition("@")
        for value in (bare, f"{ROOMS}{domain}/{user.partition('-')[0]}"):
            items += f'<item type="jid" value="{value}" action="{action}" order="1"><message/><iq/></item>'
    return f'<list name="{name}">{items}</list>'


async def shown(line: Chatter, name: str) -> list[str]:
    answer = await asked(line, f'<list name="{name}"/>', "get")
    [found] = next(answer.elements).elements
    assert found.get("name") == name
    values = [it.get("value") for it in found.elements]
    assert [it.get("action") for it in found.elements] == ["deny"] * len(values)
    return values[::2]


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


async def test_whoever_is_allowed_in_a_list_is_as_if_they_were_not_in_it(chatters: Chatters, core: Core) -> None:
    hers, bens = await chatters.chatter(ann), await chatters.chatter(ben)
    assert await condition(hers, of("a", bens.bare, action="allow")) == "item-not-found", "a list of nobody is none"
    await done(hers, of("a", bens.bare))
    await done(hers, of("a", bens.bare, action="allow"))
    assert await names(hers) == []


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
