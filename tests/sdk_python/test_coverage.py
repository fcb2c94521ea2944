"""Every operation of the native API is wrapped by the Python client, or is listed here with why it is not."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, get_args

import acquaint_client
from acquaint.dialects.native.callers import OPERATOR
from acquaint.dialects.native.operation import PREFIX
from acquaint.dialects.native.routes import OPERATIONS
from acquaint.domain.keys import GIVEN
from acquaint_client import Identifiers, _calls, models

KEEPS_FILES = "files are not covered"
MESSENGER = "the messenger's fine points are the JavaScript client's"
IN_BROWSERS = "people choose passwords in a page"

NOT_WRAPPED = {
    "GET /user": "``me`` says it, with the session",
    "POST /users": IN_BROWSERS,
    "POST /user/password": IN_BROWSERS,
    "DELETE /user": IN_BROWSERS,
    "POST /password-resets": IN_BROWSERS,
    "POST /password-resets/complete": IN_BROWSERS,
    "PUT /user/avatar": KEEPS_FILES,
    "POST /files": KEEPS_FILES,
    "GET /files/{file}": KEEPS_FILES,
    "POST /app/files": KEEPS_FILES,
    "GET /messages": MESSENGER,
    "PATCH /conversations/{conversation}": MESSENGER,
    "DELETE /conversations/{conversation}": MESSENGER,
    "PATCH /conversations/{conversation}/members/{user}": MESSENGER,
    "POST /conversations/{conversation}/join": MESSENGER,
    "POST /conversations/{conversation}/hide": MESSENGER,
    "PUT /conversations/{conversation}/muted": MESSENGER,
    "POST /conversations/{conversation}/received": MESSENGER,
    "GET /conversations/{conversation}/messages/{message}/reactions": MESSENGER,
    "POST /conversations/{conversation}/messages/{message}/reactions": MESSENGER,
    "DELETE /app/conversations/{conversation}": MESSENGER,
    "DELETE /app/conversations/{conversation}/messages/{message}": MESSENGER,
    "POST /app/conversations/{conversation}/members": MESSENGER,
    "DELETE /app/conversations/{conversation}/members/{user}": MESSENGER,
    "GET /app/webhooks/formats": "it lists what docs/webhooks.md says",
}


def something(parameter: inspect.Parameter) -> Any:
    """Anything that the parameter takes."""
    match str(parameter.annotation):
        case "Identifiers":
            return Identifiers(login="ann")
        case said if "Mapping" in said or said.startswith("Json"):
            return {}
        case said if "Sequence" in said:
            return []
        case "int" | "int | None":
            return 1
        case "bool" | "bool | None":
            return True
    return "1"


def made() -> dict[str, str]:
    """What each function of ``_calls`` asks, by its name."""
    found = {}
    for name, function in inspect.getmembers(_calls, inspect.isfunction):
        if not name.startswith("_") and function.__module__ == _calls.__name__:
            parameters = inspect.signature(function).parameters.values()
            given = {it.name: something(it) for it in parameters if it.kind is not it.VAR_KEYWORD}
            call = function(**given)
            found[name] = operation_of(call.method, call.path)
    return found


def operation_of(method: str, path: str) -> str:
    paths = [it.path for it in OPERATIONS if it.method == method]
    fitting = [it for it in paths if re.fullmatch(re.sub(r"{\w+}", "[^/]+", it), path)]
    assert fitting, f"{method} {PREFIX}{path} is no operation"
    return f"{method} {min(fitting, key=lambda it: it.count('{'))}"


def test_every_operation_is_wrapped_or_listed() -> None:
    whole = {f"{it.method} {it.path}" for it in OPERATIONS if it.caller is not OPERATOR}  # who has the command line
    wrapped = set(made().values())
    assert wrapped.isdisjoint(NOT_WRAPPED)
    assert wrapped | set(NOT_WRAPPED) == whole


def test_every_call_is_made_by_a_client() -> None:
    folder = Path(acquaint_client.__file__).parent
    sources = "".join((folder / name).read_text() for name in ("client.py", "server.py", "_visitor.py", "live.py"))
    for name in made():
        assert f"_calls.{name}(" in sources, name


def test_the_roles_of_keys_are_the_servers() -> None:
    assert list(get_args(models.Role)) == [it.value for it in GIVEN]
