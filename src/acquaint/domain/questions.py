"""What an App's own identity provider is asked: its settings' templates, filled with what somebody came with.

Whatever they came with is data. In a query or a form it is percent-encoded, in JSON it is a string, and in a header
everything but plain ASCII is percent-encoded, so that it never ends the header and begins another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from .errors import Unacceptable
from .providers import HIDDEN, CustomProvider, hidden_in
from .templates import Template, render

FIELDS: Final = ("login", "email", "password")
LONGEST_FIELD: Final = 8192
"""Characters. A login may be a signed token."""


@dataclass(frozen=True, slots=True)
class Question:
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None


def question_of(provider: CustomProvider, fields: Mapping[str, str]) -> Question:
    """Refuses with Unacceptable what is too long or no text. A field that was not given is empty."""
    data = {name: _checked(name, fields.get(name, "")) for name in FIELDS}
    return _question(provider, data, provider.request_headers, provider.request_params, provider.endpoint)


def shown_question(provider: CustomProvider, fields: Mapping[str, str]) -> Question:
    """The same to be looked at: without the password, and without secrets of the settings."""
    data = {name: _checked(name, fields.get(name, "")) for name in FIELDS}
    if data["password"]:
        data["password"] = HIDDEN
    shown = hidden_in(provider)
    return _question(provider, data, shown.request_headers, shown.request_params, shown.endpoint)


def _question(
    provider: CustomProvider,
    data: Mapping[str, str],
    header_templates: Mapping[str, str],
    param_templates: Mapping[str, str],
    endpoint: str,
) -> Question:
    params = {name: _rendered(text, data) for name, text in param_templates.items()}
    headers = {"Accept": "application/json"}
    headers |= {_spelled(name): _in_header(_rendered(text, data)) for name, text in header_templates.items()}
    if provider.method == "GET":
        query = urlencode(params)
        return Question("GET", endpoint + ("&" if "?" in endpoint else "?") * bool(query) + query, headers, None)
    if provider.sends_json:
        return Question("POST", endpoint, headers, json.dumps(params).encode())
    headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    return Question("POST", endpoint, headers, urlencode(params).encode())


def _checked(name: str, value: str) -> str:
    if len(value) > LONGEST_FIELD:
        raise Unacceptable(name, f"is longer than {LONGEST_FIELD} characters")
    if re.search("[\0\ud800-\udfff]", value):
        raise Unacceptable(name, "contains characters that are not text")
    return value


def _rendered(text: str, data: Mapping[str, str]) -> str:
    return render(Template.of(text, "template"), data) or ""


def _in_header(value: str) -> str:
    return "".join(it if " " <= it <= "~" else quote(it, safe="") for it in value).strip(" ")


def _spelled(name: str) -> str:
    return "-".join(it.capitalize() for it in name.split("-"))
