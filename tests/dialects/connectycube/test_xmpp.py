"""The vendor's chat protocol, sans I/O: frames in, frames and effects out."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquaint.dialects.connectycube import asks, jid, stanzas, xmpp
from acquaint.dialects.connectycube.asks import (
    Available,
    Carbons,
    Correction,
    Deletion,
    Join,
    LastSeen,
    Marker,
    Occupants,
    Result,
    Saying,
    Signal,
    Typing,
    Unasked,
)
from acquaint.dialects.connectycube.jid import Names, Person, Room
from acquaint.dialects.connectycube.xml import Element, parse
from acquaint.dialects.connectycube.xmpp import (
    MOST_TRIES,
    NEXT,
    QUIET,
    TIME_TO_ANSWER,
    TIME_TO_BIND,
    Do,
    Enter,
    HangUp,
    Move,
    Pause,
    Protocol,
    Prove,
    Say,
    State,
)
from acquaint.domain.apps import AppId
from acquaint.domain.conversations import ConversationId
from acquaint.domain.users import UserId
from acquaint.services.live import Cut
from acquaint.web import flow
from acquaint.web.ids import as_hex

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAMES = Names("127.0.0.1")
MARK = "1795258461-0123456789abcdef01234567"
ANN = Person(AppId(7), UserId(1001))
BEN = Person(AppId(7), UserId(1002))
DIALOG = as_hex(7_204_822_912_614_400)
ROOM = Room(AppId(7), ConversationId(7_204_822_912_614_400))
ME = f"1001-7@127.0.0.1/{MARK}"

OPEN = '<open version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="127.0.0.1"/>'
BIND = '<iq type="set" id="ktp2uxkv3o" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>'
CLOSE = '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>'
PRESENCE = '<presence xmlns="jabber:client"/>'
MESSAGE = '<message to="1002-7@127.0.0.1" type="chat" id="m1" xmlns="jabber:client"><body>hello</body></message>'


def auth(name: str = "1001-7", secret: str = "secret77", authority: str = "", mechanism: str = "PLAIN") -> str:
    said = base64.b64encode(f"{authority}\0{name}\0{secret}".encode()).decode()
    return f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="{mechanism}">{said}</auth>'


def in_state(state: State) -> Protocol:
    it = Protocol(NAMES, MARK, NOW)
    steps: list[Any] = [
        lambda: it.received(OPEN, NOW),
        lambda: (it.received(auth(), NOW), it.proved(ANN)),
        lambda: it.received(OPEN, NOW),
        lambda: it.entered(parse(BIND)),
    ]
    for step in steps[: list(State).index(state) if state is not State.CLOSED else 2]:
        step()
    if state is State.CLOSED:
        it.cut(Cut.REVOKED)
    assert it.state is state
    return it


def said(effects: Sequence[Any]) -> list[Element]:
    return [parse(it.frame) for it in effects if isinstance(it, Say)]


def error_of(effects: Sequence[Any]) -> str:
    """The stream error that the effects end the connection with."""
    error, close, hang_up = effects[-3:]
    assert (parse(close.frame).name, type(hang_up)) == ("close", HangUp)
    found = parse(error.frame)
    assert (found.name, found.namespace) == ("error", stanzas.STREAMS)
    return next(found.elements).name


def asked(frame: str) -> Any:
    [effect] = in_state(State.BOUND).received(frame, NOW)
    assert isinstance(effect, Do), effect
    return effect.ask


def refused(frame: str) -> tuple[str, str]:
    """Whose id the error carries, and its condition."""
    [error] = said(in_state(State.BOUND).received(frame, NOW))
    assert error.get("type") == "error"
    why = error.child("error")
    assert why is not None
    return error.get("id"), next(why.elements).name


def test_the_drawing_at_the_top_of_the_file_is_the_table() -> None:
    names = {"open": Move.OPENED, "auth": Move.PROVED, "bind": Move.BOUND, "hung up": Move.HUNG_UP}
    lines = (xmpp.__doc__ or "").splitlines()
    head = next(it for it in lines if "hung up" in it)
    columns = {name: head.index(name) for name in names}
    drawn = {}
    for state, (name, column) in product(State, columns.items()):
        line = next(it for it in lines if it.strip().startswith(state.name))
        cell = line[column:].split("  ")[0].strip() if len(line) > column else ""
        if cell.isupper():
            drawn[state, names[name]] = State[cell]
    assert drawn == NEXT


def test_ann_comes_in_step_by_step() -> None:
    it = Protocol(NAMES, MARK, NOW)
    opened, features = said(it.received(OPEN, NOW))
    assert (opened.name, opened.namespace) == ("open", stanzas.FRAMING)
    assert (opened.get("from"), opened.get("version"), opened.get("xml:lang")) == ("127.0.0.1", "1.0", "en")
    mechanisms = features.child("mechanisms", stanzas.SASL)
    assert mechanisms is not None
    assert [one.text for one in mechanisms.elements] == ["PLAIN"], "clients would choose SCRAM or ANONYMOUS"

    assert it.received(auth(), NOW) == (Prove(ANN, "secret77"),)
    [success] = said(it.proved(ANN))
    assert (success.name, success.namespace) == ("success", stanzas.SASL)

    again, features = said(it.received(OPEN, NOW))
    assert again.get("id") != opened.get("id")
    assert [(one.name, one.namespace) for one in features.elements] == [
        ("sm", "urn:xmpp:sm:3"),
        ("bind", stanzas.BIND),
        ("session", stanzas.SESSION),
    ]
    [effect] = it.received(BIND, NOW)
    assert isinstance(effect, Enter)
    [bound] = said(it.entered(effect.stanza))
    assert (bound.name, bound.get("type"), bound.get("id")) == ("iq", "result", "ktp2uxkv3o")
    assert next(next(bound.elements).elements).text == ME
    assert it.state is State.BOUND


def test_a_resource_that_somebody_asks_for_is_not_given() -> None:
    frame = BIND.replace("/></iq>", "><resource>1</resource></bind></iq>")
    it = in_state(State.REOPENED)
    [effect] = it.received(frame, NOW)
    [bound] = said(it.entered(effect.stanza))  # type: ignore[union-attr]
    assert next(next(bound.elements).elements).text == ME, "one of a single digit would make the SDK deaf"


EARLY = [MESSAGE, PRESENCE, BIND, '<iq type="get" id="1" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>']


@pytest.mark.parametrize(
    ("state", "frame"),
    [
        *product([State.NEW, State.OPEN, State.AUTHENTICATED], EARLY),
        *product([State.REOPENED], [MESSAGE, PRESENCE, EARLY[3]]),
        *product([State.NEW, State.AUTHENTICATED, State.REOPENED], [auth()]),
        *product([State.NEW, State.OPEN, State.AUTHENTICATED], ['<enable xmlns="urn:xmpp:sm:3"/>']),
    ],
)
def test_nothing_is_done_for_whoever_is_not_in_yet(state: State, frame: str) -> None:
    it = in_state(state)
    assert error_of(it.received(frame, NOW)) == "not-authorized"
    assert it.state is State.CLOSED


@pytest.mark.parametrize("state", [State.OPEN, State.REOPENED, State.BOUND])
def test_a_stream_is_not_opened_twice(state: State) -> None:
    assert error_of(in_state(state).received(OPEN, NOW)) == "bad-format"


@pytest.mark.parametrize("state", [it for it in State if it is not State.CLOSED])
def test_a_client_may_close_at_any_time(state: State) -> None:
    it = in_state(state)
    effects = it.received(CLOSE, NOW)
    assert [one.name for one in said(effects)] == ["close"]
    assert effects[-1] == HangUp(1000)
    assert it.state is State.CLOSED


def test_a_closed_connection_hears_and_says_nothing() -> None:
    it = in_state(State.CLOSED)
    for frame in (OPEN, auth(), BIND, MESSAGE, CLOSE, "<", '<r xmlns="urn:xmpp:sm:3"/>'):
        assert it.received(frame, NOW) == ()
    assert (it.received_binary(), it.missed(), it.cut(Cut.EXPIRED), it.waited(NOW + timedelta(days=1))) == ((),) * 4
    assert (it.proved(ANN), it.doubted(), it.entered(parse(BIND)), it.turned_away(parse(BIND))) == ((),) * 4


@pytest.mark.parametrize(
    ("frame", "condition"),
    [
        (auth(mechanism="SCRAM-SHA-1"), "invalid-mechanism"),
        (auth(mechanism="ANONYMOUS"), "invalid-mechanism"),
        (auth("1001"), "not-authorized"),
        (auth("ann@example.com"), "not-authorized"),
        (auth("1001-7-8"), "not-authorized"),
        (auth("-7"), "not-authorized"),
        (auth("0-0"), "not-authorized"),
        (auth("1001-99999999999999999999"), "not-authorized"),
        (auth("١٠٠١-7"), "not-authorized"),
        (auth(secret=""), "not-authorized"),
        (auth(secret="x" * 1025), "not-authorized"),
        (auth(authority="1002-7@127.0.0.1"), "invalid-authzid"),
        (auth(secret="a\0b"), "malformed-request"),
        ('<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">!!!</auth>', "incorrect-encoding"),
        ('<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">/////w==</auth>', "incorrect-encoding"),
        ('<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">=</auth>', "incorrect-encoding"),
        ('<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN"/>', "malformed-request"),
        ('<abort xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>', "aborted"),
        ('<response xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>', "malformed-request"),
    ],
)
def test_a_sign_in_that_cannot_be_one_fails_and_the_connection_stays(frame: str, condition: str) -> None:
    it = in_state(State.OPEN)
    [failure] = said(it.received(frame, NOW))
    assert (failure.name, next(failure.elements).name) == ("failure", condition)
    assert it.state is State.OPEN


@pytest.mark.parametrize("authority", ["", "1001-7", "1001-7@127.0.0.1", "1001-7@chat.example.com"])
def test_who_names_themselves_twice_may(authority: str) -> None:
    assert in_state(State.OPEN).received(auth(authority=authority), NOW) == (Prove(ANN, "secret77"),)


def test_whoever_fails_again_and_again_is_cut_off() -> None:
    it = in_state(State.OPEN)
    for _ in range(MOST_TRIES - 1):
        it.received(auth(), NOW)
        [failure] = said(it.doubted())
        assert next(failure.elements).name == "not-authorized"
    it.received(auth(), NOW)
    assert error_of(it.doubted()) == "policy-violation"


def test_a_try_may_succeed_after_one_that_failed() -> None:
    it = in_state(State.OPEN)
    it.received(auth(secret="wrong"), NOW)
    it.doubted()
    it.received(auth(), NOW)
    assert [one.name for one in said(it.proved(ANN))] == ["success"]


def test_a_stranger_says_only_so_much() -> None:
    it = in_state(State.OPEN)
    effects: Sequence[Any] = []
    for _ in range(MOST_TRIES):
        effects = it.received(auth(mechanism="X"), NOW)
    assert error_of(effects) == "policy-violation"


def test_one_connection_too_many_is_turned_away() -> None:
    it = in_state(State.REOPENED)
    [effect] = it.received(BIND, NOW)
    assert isinstance(effect, Enter)
    assert error_of(it.turned_away(effect.stanza)) == "resource-constraint"


# What is broken


@pytest.mark.parametrize("state", [it for it in State if it is not State.CLOSED])
@pytest.mark.parametrize(
    ("frame", "condition"),
    [
        ("<", "not-well-formed"),
        ("<a/><b/>", "not-well-formed"),
        ('<!DOCTYPE lolz [<!ENTITY lol "lol">]><iq>&lol;</iq>', "restricted-xml"),
        ("<x:iq/>", "bad-namespace-prefix"),
        ("x" * 1_100_000, "policy-violation"),
    ],
)
def test_what_is_broken_ends_the_connection(state: State, frame: str, condition: str) -> None:
    it = in_state(state)
    assert error_of(it.received(frame, NOW)) == condition
    assert it.state is State.CLOSED


@pytest.mark.parametrize(
    ("frame", "condition"),
    [
        ('<message xmlns="jabber:server"/>', "invalid-namespace"),
        ("<message/>", "invalid-namespace"),
        ('<stanza xmlns="jabber:client"/>', "unsupported-stanza-type"),
        ('<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>', "invalid-namespace"),
        (f'<message xmlns="jabber:client" id="{"x" * 256}"/>', "policy-violation"),
        ('<ping xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>', "bad-format"),
    ],
)
def test_what_is_no_stanza_ends_the_connection(frame: str, condition: str) -> None:
    assert error_of(in_state(State.BOUND).received(frame, NOW)) == condition


def test_bytes_end_the_connection() -> None:
    assert error_of(in_state(State.OPEN).received_binary()) == "bad-format"


# What is asked

TO_BEN = 'to="1002-7@127.0.0.1"'
TO_ROOM = f'to="7_{DIALOG}@muc.127.0.0.1" type="groupchat"'


def in_message(inside: str, to: str = f'{TO_BEN} type="chat"') -> str:
    return f'<message from="1003-7@127.0.0.1/x" {to} id="m1" xmlns="jabber:client">{inside}</message>'


EXTRA = f'<extraParams xmlns="jabber:client"><dialog_id>{DIALOG}</dialog_id></extraParams>'
STATES = "http://jabber.org/protocol/chatstates"


@pytest.mark.parametrize(
    ("frame", "ask"),
    [
        (in_message(f'<composing xmlns="{STATES}"/>'), Typing(BEN, True)),
        (in_message(f'<paused xmlns="{STATES}"/>', TO_ROOM), Typing(ROOM, False)),
        (in_message(f'<gone xmlns="{STATES}"/>'), Typing(BEN, False)),
        (in_message(f'<other xmlns="{STATES}"/>'), Unasked()),
        (
            in_message(f'<received xmlns="urn:xmpp:chat-markers:0" id="m0"/>{EXTRA}'),
            Marker(BEN, "m0", DIALOG, is_read=False),
        ),
        (
            in_message(f'<displayed xmlns="urn:xmpp:chat-markers:0" id="m0"/>{EXTRA}'),
            Marker(BEN, "m0", DIALOG, is_read=True),
        ),
        (
            in_message(
                f'<body>b</body><replace xmlns="urn:xmpp:message-correct:0" id="m0" last="true"/>{EXTRA}', TO_ROOM
            ),
            Correction(ROOM, "m0", DIALOG, "b"),
        ),
        (
            in_message(f'<remove xmlns="urn:xmpp:message-delete:0" id="m0"/>{EXTRA}'),
            Deletion(BEN, "m0", DIALOG),
        ),
        (in_message("<body>hello</body>"), Saying(BEN, "hello", None, is_kept=False)),
        (in_message(""), Unasked()),
        (in_message("<body>x</body>", 'type="error"'), Unasked()),
        (in_message("<body>x</body>", f'{TO_BEN} type="headline"'), Signal(BEN, "x", None)),
        (PRESENCE, Available()),
        ('<presence type="unavailable" xmlns="jabber:client"/>', Unasked()),
        ('<presence to="1002-7@d" type="subscribe" xmlns="jabber:client"/>', Unasked()),
        (f'<presence to="7_{DIALOG}@muc.d/1001" xmlns="jabber:client"/>', Join(ROOM, is_leaving=False)),
        (
            f'<presence type="unavailable" to="7_{DIALOG}@muc.d/1001" xmlns="jabber:client"/>',
            Join(ROOM, is_leaving=True),
        ),
    ],
)
def test_messages_and_presences_are_understood(frame: str, ask: Any) -> None:
    assert asked(frame) == ask


@pytest.mark.parametrize(("said", "is_kept"), [("1", True), ("true", True), ("0", False), ("", False), ("yes", False)])
def test_what_is_said_is_kept_if_the_sender_says_so(said: str, is_kept: bool) -> None:
    extra = f"<extraParams><save_to_history>{said}</save_to_history></extraParams>"
    assert asked(in_message(f"<body>hello</body>{extra}")).is_kept is is_kept


def in_iq(inside: str, kind: str = "get", to: str = "") -> str:
    return f'<iq type="{kind}" id="q1" {to} xmlns="jabber:client">{inside}</iq>'


def in_list(items: str) -> str:
    return in_iq(f'<query xmlns="jabber:iq:privacy"><list name="x">{items}</list></query>', "set")


@pytest.mark.parametrize(
    ("frame", "ask"),
    [
        (in_iq('<ping xmlns="urn:xmpp:ping"/>', to='to="127.0.0.1"'), Result()),
        (in_iq('<session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>', "set"), Result()),
        (in_iq('<mobile xmlns="http://tigase.org/protocol/mobile#v2" enable="true"/>', "set"), Result()),
        (in_iq('<enable xmlns="urn:xmpp:carbons:2"/>', "set"), Carbons(True)),
        (in_iq('<disable xmlns="urn:xmpp:carbons:2"/>', "set"), Carbons(False)),
        (in_iq('<query xmlns="jabber:iq:last"/>', to=TO_BEN), LastSeen(BEN)),
        (
            in_iq('<query xmlns="http://jabber.org/protocol/disco#items"/>', to=f'to="7_{DIALOG}@muc.d"'),
            Occupants(ROOM),
        ),
        (in_iq("", "result"), Unasked()),
        (in_iq("", "error"), Unasked()),
    ],
)
def test_requests_are_understood(frame: str, ask: Any) -> None:
    assert asked(frame) == ask


@pytest.mark.parametrize("space", ["jabber:iq:roster", stanzas.DISCO_INFO, stanzas.DISCO_ITEMS])
def test_what_every_server_is_asked_is_answered(space: str) -> None:
    answer = asked(in_iq(f'<query xmlns="{space}"/>'))
    assert isinstance(answer, Result)
    assert [it.namespace for it in answer.what] == [space]


@pytest.mark.parametrize(
    ("frame", "condition"),
    [
        (in_iq('<vCard xmlns="vcard-temp"/>'), "service-unavailable"),
        (in_iq('<subscribe xmlns="https://connectycube.com/protocol/status_streaming"/>', "set"), "bad-request"),
        (in_iq('<query xmlns="jabber:iq:privacy"><active/></query>', "set"), "bad-request"),
        (in_iq('<query xmlns="jabber:iq:privacy"><list/></query>', "set"), "bad-request"),
        (in_iq(f'<query xmlns="jabber:iq:privacy"><list name="{"x" * 101}"/></query>', "set"), "bad-request"),
        (in_iq('<query xmlns="jabber:iq:privacy"><list name="x"/><list name="y"/></query>', "set"), "bad-request"),
        (in_iq('<query xmlns="jabber:iq:privacy"><list name="x"><item/></list></query>', "set"), "bad-request"),
        (in_iq('<query xmlns="jabber:iq:privacy"><list name="x"><item/></list></query>'), "bad-request"),
        (in_list('<item type="group" value="friends" action="deny" order="1"/>'), "bad-request"),
        (in_list('<item type="jid" value="1-2@example.com" action="burn" order="1"/>'), "bad-request"),
        (in_list('<item type="jid" value="example.com" action="deny" order="1"/>'), "bad-request"),
        (in_list('<item type="jid" value="1_5f0000000000000000000001@muc.x" action="deny"/>'), "bad-request"),
        (in_iq('<query xmlns="jabber:iq:register"><password>x</password></query>', "set"), "service-unavailable"),
        (in_iq('<command xmlns="http://jabber.org/protocol/commands"/>', "set"), "service-unavailable"),
        (in_iq('<query xmlns="jabber:iq:last"/>'), "service-unavailable"),
        (in_iq(""), "bad-request"),
        (in_iq('<ping xmlns="urn:xmpp:ping"/>', "want"), "bad-request"),
    ],
)
def test_what_is_not_understood_is_answered_with_its_id(frame: str, condition: str) -> None:
    assert refused(frame) == ("q1", condition)


@pytest.mark.parametrize(
    ("frame", "condition"),
    [
        (in_message("<body>x</body>", 'type="chat"'), "service-unavailable"),
        (in_message("<body>x</body>", 'to="127.0.0.1" type="chat"'), "service-unavailable"),
        (in_message("<body>x</body>", 'to="somebody@elsewhere" type="chat"'), "service-unavailable"),
        (in_message("<body>x</body>", f'{TO_BEN} type="groupchat"'), "bad-request"),
        (in_message("<body>x</body>", TO_ROOM.replace("groupchat", "chat")), "bad-request"),
        (in_message("<body>x</body>", TO_ROOM.replace("groupchat", "headline")), "service-unavailable"),
        (in_message('<received xmlns="urn:xmpp:chat-markers:0"/>'), "bad-request"),
        (in_message(f'<remove xmlns="urn:xmpp:message-delete:0" id="{"x" * 256}"/>'), "bad-request"),
    ],
)
def test_a_message_that_goes_nowhere_comes_back(frame: str, condition: str) -> None:
    assert refused(frame) == ("m1", condition)


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("1002-7@anything", BEN),
        ("1002-7@d/resource@with/slashes", BEN),
        (f"7_{DIALOG}@muc.d", ROOM),
        (f"7_{DIALOG}@muc.d/1001", ROOM),
        (f"7_{DIALOG}@d", None),
        (f"7_{DIALOG.upper()}@muc.d", None),
        ("7_123456789012345678901234@muc.d", None),
        ("1002-7@muc.d", None),
        ("1002-7", None),
        ("01002-7@d", None),
        ("1002-7 @d", None),
        ("@d", None),
        ("", None),
        ("x" * 4_000 + "@d", None),
    ],
)
def test_addresses_name_a_user_or_a_room_or_nobody(address: str, who: Any) -> None:
    assert jid.read(address) == who


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://chat.example.com", "chat.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1"),
        ("http://[::1]:8080", "[::1]"),
    ],
)
def test_the_domain_is_the_host_that_people_reach(url: str, domain: str) -> None:
    assert Names.at(url).bare(AppId(7), UserId(1)) == f"1-7@{domain}"


# Acknowledging


def test_stanzas_are_counted_from_when_the_client_asks_for_it() -> None:
    it = in_state(State.BOUND)
    it.received(PRESENCE, NOW)
    assert it.received('<r xmlns="urn:xmpp:sm:3"/>', NOW) == ()
    [enabled] = said(it.received('<enable xmlns="urn:xmpp:sm:3"/>', NOW))
    assert (enabled.name, enabled.get("id"), enabled.get("resume")) == ("enabled", "", "")
    for count in range(1, 4):
        it.received(MESSAGE, NOW)
        [answer] = said(it.received('<r xmlns="urn:xmpp:sm:3"/>', NOW))
        assert (answer.name, answer.get("h")) == ("a", str(count))
    assert it.received('<a xmlns="urn:xmpp:sm:3" h="7"/>', NOW) == ()


def test_nothing_is_resumed() -> None:
    [failed] = said(in_state(State.BOUND).received('<resume xmlns="urn:xmpp:sm:3" h="1" previd="x"/>', NOW))
    assert failed.name == "failed"


# Time


@pytest.mark.parametrize("state", [State.NEW, State.OPEN, State.AUTHENTICATED, State.REOPENED])
def test_who_does_not_come_in_is_cut_off_after_a_minute(state: State) -> None:
    it = in_state(state)
    assert it.waited(NOW + TIME_TO_BIND - timedelta(seconds=1)) == ()
    assert error_of(it.waited(NOW + TIME_TO_BIND)) == "connection-timeout"


def test_who_says_nothing_is_asked_and_who_does_not_answer_is_gone() -> None:
    it = in_state(State.BOUND)
    assert it.waited(NOW + QUIET - timedelta(seconds=1)) == ()
    [ping] = said(it.waited(NOW + QUIET))
    assert next(ping.elements).namespace == "urn:xmpp:ping"
    assert (ping.get("to"), ping.get("from")) == (ME, "127.0.0.1")
    assert it.waited(NOW + QUIET + TIME_TO_ANSWER - timedelta(seconds=1)) == ()
    later = NOW + QUIET + TIME_TO_ANSWER
    answered = in_state(State.BOUND)
    answered.waited(NOW + QUIET)
    answered.received(f'<iq type="result" id="{ping.get("id")}" xmlns="jabber:client"/>', later)
    assert answered.waited(later) == ()
    assert error_of(it.waited(later)) == "connection-timeout"


@pytest.mark.parametrize(
    ("why", "condition", "code"),
    [
        (Cut.REVOKED, "policy-violation", 1008),
        (Cut.EXPIRED, "policy-violation", 1008),
        (Cut.CHANGED, "conflict", 1008),
        (Cut.TOO_SLOW, "resource-constraint", 1008),
        (Cut.GOING_AWAY, "system-shutdown", 1001),
    ],
)
def test_a_connection_that_is_cut_is_told_why(why: Cut, condition: str, code: int) -> None:
    effects = in_state(State.BOUND).cut(why)
    assert error_of(effects) == condition
    assert effects[-1] == HangUp(code)


def test_who_may_have_missed_something_is_asked_to_come_again() -> None:
    assert error_of(in_state(State.BOUND).missed()) == "reset"


# Floods


def test_who_talks_too_fast_is_read_more_slowly() -> None:
    it = in_state(State.BOUND)
    honest = int(flow.FRAMES * flow.AT_ONCE) - 10
    for _ in range(honest):
        assert not any(isinstance(effect, Pause) for effect in it.received(MESSAGE, NOW))
    pauses = [effect.seconds for _ in range(200) for effect in it.received(MESSAGE, NOW) if isinstance(effect, Pause)]
    assert len(pauses) > 150
    assert 0 < max(pauses) <= flow.LONGEST_PAUSE
    assert it.state is State.BOUND
    later = NOW + timedelta(minutes=1)
    assert not any(isinstance(effect, Pause) for effect in it.received(MESSAGE, later))


def test_who_sends_much_at_once_is_read_more_slowly() -> None:
    it = in_state(State.BOUND)
    large = MESSAGE.replace("hello", "x" * 60_000)
    pauses = sum(isinstance(effect, Pause) for _ in range(30) for effect in it.received(large, NOW))
    assert pauses >= 15


FRAMES = [
    OPEN,
    CLOSE,
    BIND,
    auth(),
    auth("x"),
    MESSAGE,
    PRESENCE,
    in_iq('<ping xmlns="urn:xmpp:ping"/>'),
    in_message(f'<composing xmlns="{STATES}"/>'),
    '<enable xmlns="urn:xmpp:sm:3"/>',
    '<r xmlns="urn:xmpp:sm:3"/>',
    "<a",
    "<a/>",
]


@given(some.lists(some.sampled_from(FRAMES) | some.text(max_size=50), max_size=40), some.data())
def test_whatever_is_said_in_whatever_order_is_answered_or_ends(frames: list[str], data: Any) -> None:
    it = Protocol(NAMES, MARK, NOW)
    for frame in frames:
        effects = it.received(frame, NOW)
        assert len(effects) <= 4
        for effect in effects:
            match effect:
                case Prove(who, _):
                    effects = (*effects, *(it.proved(who) if data.draw(some.booleans()) else it.doubted()))
                case Enter(stanza):
                    effects = (
                        *effects,
                        *(it.entered(stanza) if data.draw(some.booleans()) else it.turned_away(stanza)),
                    )
                case Do():
                    assert it.person == ANN
        assert sum(len(effect.frame) for effect in effects if isinstance(effect, Say)) < 4_000 + len(frame)
        assert all(parse(effect.frame) for effect in effects if isinstance(effect, Say))
        if it.state is State.BOUND:
            assert it.person == ANN, "nobody is bound who proved nothing"


@given(some.text(alphabet="<>/=\"' abcdefgiqmstx:", max_size=200))
def test_no_stanza_of_any_shape_breaks_anything(inside: str) -> None:
    for shape in ("<message xmlns='jabber:client' {}</message>", "<iq xmlns='jabber:client' {}/>", "{}"):
        for effect in in_state(State.BOUND).received(shape.format(inside), NOW):
            assert isinstance(effect, Say | HangUp | Do | Pause)


def test_asks_never_hold_who_asked() -> None:
    """``from`` is never read: the stanzas above claim to be from 1003, and nothing that comes of them says so."""
    ask = asked(in_message("<body>hello</body>"))
    assert "1003" not in repr(ask)
    assert not any("from" in str(it) for it in asks.Saying.__dataclass_fields__)
