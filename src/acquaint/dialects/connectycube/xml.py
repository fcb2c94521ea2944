"""XML as XMPP allows it: one element at a time, without anything that XML can do beside elements and text.

parse       a frame to an Element, or Malformed with the stream error that says why (RFC 6120, section 4.9.3);
            TooLong, where it can be said what it was that is not read
Element     a name with its namespace, attributes, and children
write       an Element, or a tree of ``element``s, to text; whatever is in them, what comes out is well-formed

Expat reads, with handlers that refuse what RFC 6120 forbids (section 11.1): no document type, so no entities and no
billion laughs, no processing instructions, no comments. The frame is bounded before it is read, the tree while it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape

LARGEST_FRAME: Final = 64 * 1024
"""Bytes. The server in front of us says so, too (OWASP: at most 64 KiB for a WebSocket message)."""

LONGEST_FRAME: Final = 1024 * 1024
"""Bytes, of who is signed in: a list of a thousand users takes some 300 KiB, and four times as much on a host with the
longest name. Longer ones are not read, and end the connection; shorter ones that are no list are not read either, and
answered."""

DEEPEST: Final = 16
"""Elements inside each other. Extra parameters of a message are nested; nobody honest nests them further."""

MOST_ELEMENTS: Final = 1_000  # of a frame: a WebRTC offer with all its candidates has some hundred
MOST_ATTRIBUTES: Final = 64  # of an element

CLIENT: Final = "jabber:client"

LONGEST_NAME: Final = 255
"""Characters of what an element or attribute is called. Nobody honest needs more."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_LETTERS: Final = re.compile(r"[\w.-]+")
_ILLEGAL: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # all but XML 1.0's production 2
_PREFIXED: Final = frozenset({"xml:lang", "xmlns:stream"})
_XML_NAMESPACE: Final = "http://www.w3.org/XML/1998/namespace"

_UNKNOWN_PREFIX: Final = 27  # XML_ERROR_UNBOUND_PREFIX
_PREFIX_CODES: Final = frozenset({_UNKNOWN_PREFIX, 28, 38, 39, 40})  # and those for redefined ones

Attributes = Mapping[str, str | int | None]


class Malformed(Exception):
    """The frame is no element as XMPP has them. ``condition`` is the stream error's name."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


@dataclass(frozen=True, slots=True)
class Bounds:
    """What frames of one kind may have beyond all others: ``holds`` tells them by their outermost element and the
    first one in it."""

    holds: Callable[[Element, Element], bool]
    elements: int


class TooLong(Exception):
    """More than is read of a frame of its kind. ``outermost`` is its outermost element, as far as it was begun."""

    def __init__(self, outermost: Element) -> None:
        super().__init__(outermost.name)
        self.outermost = Element(outermost.name, outermost.namespace, outermost.attributes)


@dataclass(slots=True)
class Element:
    """``namespace`` is that of the element itself; attributes have none, but for ``xml:lang``."""

    name: str
    namespace: str = CLIENT
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    @property
    def elements(self) -> Iterator[Element]:
        return (it for it in self.children if isinstance(it, Element))

    @property
    def text(self) -> str:
        """What is said in the element itself, without what its children say."""
        return "".join(it for it in self.children if isinstance(it, str))

    def get(self, attribute: str) -> str:
        return self.attributes.get(attribute, "")

    def child(self, name: str, namespace: str | None = None) -> Element | None:
        """The first of this name; in the element's own namespace unless another is named."""
        namespace = self.namespace if namespace is None else namespace
        return next((it for it in self.elements if it.name == name and it.namespace == namespace), None)

    def text_of(self, name: str) -> str | None:
        found = self.child(name)
        return None if found is None else found.text


def parse(frame: str, longer: Bounds | None = None) -> Element:
    """Raises Malformed; nothing else, whatever the frame is. With ``longer``, frames of one kind may be long, and
    others that are too long raise TooLong."""
    largest = LARGEST_FRAME if longer is None else LONGEST_FRAME
    if len(frame) > largest:
        raise Malformed("policy-violation")
    try:
        octets = frame.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise Malformed("bad-format") from None
    if len(octets) > largest:
        raise Malformed("policy-violation")
    reading = _Reading(longer, is_large=len(octets) > LARGEST_FRAME)
    try:
        reading.parser.Parse(octets, True)
    except expat.ExpatError as error:
        raise Malformed("bad-namespace-prefix" if error.code in _PREFIX_CODES else "not-well-formed") from None
    if reading.root is None:
        raise Malformed("not-well-formed")
    if reading.is_too_large:
        raise TooLong(reading.root)
    return reading.root


def element(name: str, namespace: str = CLIENT, /, **attributes: str | int | None) -> Element:
    """An element to be written. Attributes of None are left out; ``xml_lang`` is ``xml:lang``, ``from_`` ``from``."""
    return Element(
        name,
        namespace,
        {key.rstrip("_").replace("xml_", "xml:"): str(it) for key, it in attributes.items() if it is not None},
    )


def with_children(parent: Element, *children: Element | str | None) -> Element:
    """The element with these after what it has; those that are None are left out."""
    parent.children.extend(it for it in children if it is not None)
    return parent


def write(it: Element, inside: str | None = None) -> str:
    """Each frame declares its namespace: ``inside`` is the one that is in force already.

    What XML cannot hold (control characters, half surrogates) becomes U+FFFD: no text of anybody's breaks a stream.
    """
    parts: list[str] = []
    _write(it, inside, parts)
    return "".join(parts)


def clean(text: str) -> str:
    """The text without what XML cannot hold."""
    return _ILLEGAL.sub("\ufffd", text)


def is_name(text: str) -> bool:
    """Whether an element or attribute can be called that, without a prefix."""
    return len(text) <= LONGEST_NAME and _is_name(text)


@functools.lru_cache(1_000)  # of short texts: strangers choose them, and long ones would be kept
def _is_name(text: str) -> bool:
    if text.isascii():
        return _NAME.fullmatch(text) is not None
    if _LETTERS.fullmatch(text) is None:
        return False
    try:  # which letters beyond ASCII make a name is a table of some length: who reads with it knows it
        expat.ParserCreate("utf-8").Parse(f"<{text}/>".encode(), True)
    except expat.ExpatError:
        return False
    return True


class _Reading:
    """One frame on its way through expat."""

    def __init__(self, longer: Bounds | None, *, is_large: bool) -> None:
        self.root: Element | None = None
        self.is_too_large = is_large  # until it turns out that it may be
        self._longer, self._most = longer, MOST_ELEMENTS
        self._open: list[Element] = []
        self._count = 0
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        for forbidden in (
            "StartDoctypeDeclHandler",
            "EntityDeclHandler",
            "ProcessingInstructionHandler",
            "CommentHandler",
        ):
            setattr(self.parser, forbidden, _restricted)
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEEPEST or len(attributes) > MOST_ATTRIBUTES:
            raise Malformed("policy-violation")
        if self._count > self._most:
            raise Malformed("policy-violation") if self._longer is None or self.root is None else TooLong(self.root)
        namespace, _, local = name.rpartition(" ")
        it = Element(local, namespace, {_attribute(key): value for key, value in attributes.items()})
        if self.root is None:
            self.root = it
        else:
            self._open[-1].children.append(it)
            if self._count == 2:
                self._judge(self.root, it)
        self._open.append(it)

    def _judge(self, root: Element, first: Element) -> None:
        """Whether it may be long is known before it is read."""
        if self._longer is not None and self._longer.holds(root, first):
            self._most, self.is_too_large = self._longer.elements, False
        elif self.is_too_large:
            raise TooLong(root)

    def _end(self, name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].children.append(text)


def _restricted(*_: object) -> None:
    raise Malformed("restricted-xml")


def _attribute(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    if not namespace:
        return local
    return f"xml:{local}" if namespace == _XML_NAMESPACE else f"{{{namespace}}}{local}"


def _write(it: Element, inside: str | None, parts: list[str]) -> None:
    if not is_name(it.name.removeprefix("stream:")):
        raise ValueError(f"no element is called {it.name!r}")
    parts.append(f"<{it.name}")
    if it.namespace != inside:
        parts.append(f' xmlns="{_quoted(it.namespace)}"')
    for key, value in it.attributes.items():
        if key in _PREFIXED or (is_name(key) and key != "xmlns"):  # those of other namespaces go no further
            parts.append(f' {key}="{_quoted(value)}"')
    if not it.children:
        parts.append("/>")
        return
    parts.append(">")
    for child in it.children:
        if isinstance(child, str):
            parts.append(escape(clean(child)))
        elif is_name(child.name):  # what came in may be called what we do not say
            _write(child, it.namespace, parts)
    parts.append(f"</{it.name}>")


def _quoted(value: str) -> str:
    return escape(clean(value), {'"': "&quot;", "'": "&apos;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
