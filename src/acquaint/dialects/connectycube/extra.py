"""What a chat message carries beside its text: ``extraParams`` in a stanza, flat keys over REST, one thing inside.

payload_in, extras_in   of a stanza, as a Draft keeps them: attachments are the payload, everything else extras
extra_of                a kept message's, to be told
extra_with              of values that a client sends as data, to be told
extra_told              what was said and is kept nowhere, with what the server adds

A value is a text or again an object; one that is said several times is a list. What the server itself says of a message
(which dialog, when) is never taken from a client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from ...domain.conversations import Message
from ...domain.errors import Unacceptable
from .xml import Element, element, is_name, with_children

T = TypeVar("T")

OURS: Final = frozenset({"dialog_id", "date_sent", "save_to_history", "attachment", "attachments"})
"""Names that do not go into extras: said by the server, or kept elsewhere."""

MOST_ATTACHMENTS: Final = 50
LARGEST: Final = 16_384
"""Bytes of JSON of everything that is kept beside a text. What is larger is a file."""
DEEPEST: Final = 8
"""Objects inside each other that are told as such; what is deeper is told as JSON. Other doors nest as they like."""


def payload_in(extra: Element | None) -> dict[str, Any]:
    """``{"attachments": [...]}``, or empty where there are none. Refuses with Unacceptable."""
    found = [dict(it.attributes) for it in _children(extra) if it.name == "attachment"]
    if len(found) > MOST_ATTACHMENTS:
        raise Unacceptable("attachments", f"are more than {MOST_ATTACHMENTS}")
    return {"attachments": _bounded(found)} if found else {}


def extras_in(extra: Element | None) -> dict[str, Any]:
    """Refuses with Unacceptable."""
    return _bounded(_object(it for it in _children(extra) if it.name not in OURS))


def _bounded(kept: T) -> T:
    if len(msgspec.json.encode(kept)) > LARGEST:
        raise Unacceptable("extraParams", f"is larger than {LARGEST} bytes")
    return kept


def extra_of(it: Message, dialog_id: str) -> Element:
    attachments = it.payload.get("attachments")
    extra = _told(dialog_id, it.created_at, is_kept=True)
    for attachment in attachments if isinstance(attachments, list) else ():
        if isinstance(attachment, Mapping):
            extra.children.append(Element("attachment", attributes=_texts(attachment)))
    for name, value in it.extras.items():
        if name not in OURS:
            extra.children.extend(_elements(name, value, DEEPEST))
    return extra


def extra_with(values: Mapping[str, Any]) -> Element:
    extra = element("extraParams")
    for name, value in values.items():
        extra.children.extend(_elements(name, value, DEEPEST))
    return extra


def extra_told(extra: Element | None, dialog_id: str | None, at: datetime | None) -> Element:
    ours = frozenset() if dialog_id is None else OURS - {"attachment"}
    it = element("extraParams") if dialog_id is None else _told(dialog_id, at, is_kept=False)
    it.children.extend(child for child in _children(extra) if child.name not in ours)
    return it


def _told(dialog_id: str, at: datetime | None, *, is_kept: bool) -> Element:
    said = {"save_to_history": "1"} if is_kept else {}
    said["dialog_id"] = dialog_id
    if at is not None:
        said["date_sent"] = str(int(at.timestamp()))
    return with_children(element("extraParams"), *(with_children(Element(name), text) for name, text in said.items()))


def _children(extra: Element | None) -> Iterator[Element]:
    return iter(()) if extra is None else extra.elements


def _object(elements: Iterator[Element]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for it in elements:
        value = _object(it.elements) if next(it.elements, None) is not None else it.text
        if it.name not in found:
            found[it.name] = value
        elif isinstance(found[it.name], list):
            found[it.name].append(value)
        else:
            found[it.name] = [found[it.name], value]
    return found


def _elements(name: str, value: Any, depth: int) -> Iterator[Element]:
    if not is_name(name):
        return
    for it in value if isinstance(value, list) else (value,):
        if isinstance(it, Mapping) and depth:
            inner = [child for key, value in it.items() for child in _elements(str(key), value, depth - 1)]
            yield Element(name, children=list(inner))
        else:
            yield Element(name, children=[_text(it)])


def _texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    return {key: _text(value) for key, value in attributes.items() if is_name(key) and value is not None}


def _text(value: Any) -> str:
    """As JavaScript would write it into an element."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()
