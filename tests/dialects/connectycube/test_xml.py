"""XML as XMPP allows it: what is read, what is refused, and that whatever is written can be read again."""

from __future__ import annotations

import contextlib
import tracemalloc
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquaint.dialects.connectycube import extra, stanzas, xml
from acquaint.dialects.connectycube.xml import CLIENT, Element, Malformed, element, parse, with_children, write
from acquaint.domain.conversations import Author, ConversationId, Message, MessageId
from acquaint.domain.users import UserId
from tests.support.clock import SetClock
from tests.support.work import budget, cost

ANYTHING = some.text(some.characters(), max_size=200)  # half surrogates and control characters, too
HOSTILE = [
    "]]>",
    "<!--",
    "<![CDATA[",
    "&amp;&lt;",
    "&#0;",
    "\0\x01\x0b\x1f\x7f",
    "\ud800",
    "\udfff\ud800",
    "\ufffe\uffff",
    "\r\n\t",
    "'\"`",
    "</body><body>x",
    '" to="eve',
    "\u2028\u202e",
    "🌊",
]


def why(frame: str) -> str:
    with pytest.raises(Malformed) as refused:
        parse(frame)
    return refused.value.condition


@pytest.mark.parametrize(
    ("frame", "condition"),
    [
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "restricted-xml"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "restricted-xml"),
        ('<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/"> %x;]><a/>', "restricted-xml"),
        ("<a><!-- hello --></a>", "restricted-xml"),
        ("<?php echo 1 ?><a/>", "restricted-xml"),
        ("<a><?b?></a>", "restricted-xml"),
        ("<a>&nbsp;</a>", "not-well-formed"),
        ("<a>", "not-well-formed"),
        ("<a/><b/>", "not-well-formed"),
        ("</a>", "not-well-formed"),
        ("", "not-well-formed"),
        ("   ", "not-well-formed"),
        ("hello", "not-well-formed"),
        ('<a b="1" b="2"/>', "not-well-formed"),
        ("<a>\0</a>", "not-well-formed"),
        ("<a>&#0;</a>", "not-well-formed"),
        ("<a>\ud800</a>", "bad-format"),
        ("<x:a/>", "bad-namespace-prefix"),
        ('<a xmlns:xml="urn:x"/>', "bad-namespace-prefix"),
        ("<a>" * 17 + "</a>" * 17, "policy-violation"),
        (f"<a>{'<b/>' * 1_000}</a>", "policy-violation"),
        ("<a " + " ".join(f'a{number}=""' for number in range(65)) + "/>", "policy-violation"),
        (f"<a>{'x' * xml.LARGEST_FRAME}</a>", "policy-violation"),
        (f"<a>{'ä' * (xml.LARGEST_FRAME // 2)}</a>", "policy-violation"),
    ],
)
def test_what_xmpp_forbids_is_refused_by_its_name(frame: str, condition: str) -> None:
    assert why(frame) == condition


def test_billions_of_laughs_are_refused_before_the_first() -> None:
    lol = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    frame = f'<!DOCTYPE a [<!ENTITY l0 "lol">{lol}]><a>&l9;</a>'
    assert why(frame) == "restricted-xml"
    assert cost(why, frame) < budget(0.05)


@pytest.mark.parametrize(
    "frame",
    [
        "<a>" + "&#120;" * 10_000 + "</a>",
        "<" + "a" * 60_000 + "/>",
        '<a b="' + "&lt;" * 15_000 + '"/>',
        "<a " + "b" * 60_000,
        "<a>" + "]]" * 30_000 + "</a>",
        "<a>" + "<![CDATA[x]]>" * 4_000 + "</a>",
        "<a " + " ".join(f'xmlns:n{i}="u{i}"' for i in range(3_000)) + "/>",
    ],
)
def test_no_frame_takes_long(frame: str) -> None:
    def parse_it() -> None:
        with contextlib.suppress(Malformed):
            parse(frame)

    assert cost(parse_it) < budget(0.2)


@given(some.text(max_size=300) | some.text(alphabet="<>/&;!?[]ab =\"'x:", max_size=100))
def test_whatever_a_frame_is_it_is_an_element_or_malformed(frame: str) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(parse(frame), Element)


def test_namespaces_are_read_however_they_are_written() -> None:
    it = parse('<m xmlns="jabber:client" xmlns:x="urn:x" x:b="1" c="2" xml:lang="en"><x:d>t</x:d><e xmlns="">u</e></m>')
    assert (it.name, it.namespace) == ("m", CLIENT)
    assert it.attributes == {"{urn:x}b": "1", "c": "2", "xml:lang": "en"}
    assert [(child.name, child.namespace, child.text) for child in it.elements] == [("d", "urn:x", "t"), ("e", "", "u")]
    assert it.child("d") is None
    assert it.child("d", "urn:x") is not None


def test_what_is_in_a_cdata_section_is_text() -> None:
    assert parse("<a><![CDATA[<b>&amp;]]></a>").text == "<b>&amp;"


@given(ANYTHING | some.sampled_from(HOSTILE), ANYTHING | some.sampled_from(HOSTILE))
def test_whatever_somebody_says_comes_out_as_text_and_nothing_else(said: str, called: str) -> None:
    written = write(with_children(element("message", id=called), with_children(element("body"), said), "tail"))
    written.encode()
    ElementTree.fromstring(written)  # noqa: S314 - our own; another parser agrees
    it = parse(written)
    assert [child.name for child in it.elements] == ["body"]
    body = it.text_of("body")
    assert body == xml.clean(said).replace("\r\n", "\n").replace("\r", "\n")
    assert it.get("id") == xml.clean(called)
    assert set(it.attributes) == {"id"}


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | ANYTHING,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(ANYTHING, inner, max_size=4),
    max_leaves=15,
)


def message(**more: object) -> Message:
    now = SetClock()()
    return Message(MessageId(5), ConversationId(6), Author.USER, UserId(7), "hello", now, **more)  # type: ignore[arg-type]


@given(some.dictionaries(ANYTHING | some.sampled_from(HOSTILE), JSON, max_size=5), JSON)
def test_whatever_came_with_a_message_by_another_door_is_told_without_breaking_anything(
    extras: dict[str, object], attachments: object
) -> None:
    it = message(extras=extras, payload={"attachments": attachments, "other": attachments})
    said = parse(write(extra.extra_of(it, "65f0c0ffeeac000000000006")))
    assert said.name == "extraParams"
    assert said.text_of("dialog_id") == "65f0c0ffeeac000000000006"
    assert sum(child.name == "dialog_id" for child in said.elements) == 1


def test_names_that_are_no_names_of_elements_are_left_out() -> None:
    said = extra.extra_of(
        message(
            extras={"a b": "1", "<x>": "2", "": "3", "1a": "4", "x:y": "5", "Größe": "6", "date_sent": "0", "ok": "7"},
            payload={"attachments": [{"uid": "U1", "on click": "x", "xmlns": "urn:x", "size": 3}, "no", 4]},
        ),
        "65f0c0ffeeac000000000006",
    )
    read = parse(write(said))
    assert [it.name for it in read.elements][3:] == ["attachment", "Größe", "ok"]
    attachment = read.child("attachment")
    assert attachment is not None
    assert attachment.attributes == {"uid": "U1", "size": "3"}
    assert read.text_of("date_sent") != "0"


def test_what_a_stanza_carries_comes_back_as_it_was() -> None:
    frame = (
        '<extraParams xmlns="jabber:client"><save_to_history>1</save_to_history><dialog_id>x</dialog_id>'
        '<attachment uid="U1" type="photo"/><nested><a>1</a><b><c>2</c></b></nested><many>1</many><many>2</many>'
        "<mood>sunny</mood></extraParams>"
    )
    payload, extras = extra.payload_in(parse(frame)), extra.extras_in(parse(frame))
    assert payload == {"attachments": [{"uid": "U1", "type": "photo"}]}
    assert extras == {"nested": {"a": "1", "b": {"c": "2"}}, "many": ["1", "2"], "mood": "sunny"}
    again = parse(write(extra.extra_of(message(payload=payload, extras=extras), "x")))
    assert (extra.payload_in(again), extra.extras_in(again)) == (payload, extras)


def test_json_that_is_nested_without_end_is_told_as_json() -> None:
    deep: object = "x"
    for _ in range(200):
        deep = {"a": deep}
    parse(write(extra.extra_of(message(extras={"deep": deep}), "x")))


@given(ANYTHING | some.sampled_from(HOSTILE))
def test_an_error_repeats_what_it_is_about_safely(text: str) -> None:
    stanza = element("message", id=text, to=text, from_="eve")
    it = parse(stanzas.error(stanza, "forbidden", text, to="a@b/c"))
    assert it.get("type") == "error"
    assert it.get("to") == "a@b/c"


def test_what_eve_has_things_called_is_not_kept() -> None:
    """What names are is remembered; 500 of hers would be 32 MB for as long as the server runs."""
    assert [xml.is_name(it) for it in ("a" * 255, "a" * 256, "ä" * 255, "ä" * 256, "")] == [
        True,
        False,
        True,
        False,
        False,
    ]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(500):
            assert not xml.is_name("e" * 65_536 + str(number))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1_000_000
