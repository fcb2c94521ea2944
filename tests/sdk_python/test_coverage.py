"""Every operation of the native API is wrapped by the Python client, or is listed here with why it is not.

The operator's own (``/server``) are left out: whoever runs the server has its command line.
"""

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
from acquaint_client import Identifiers, _app_calls, _calls, models

NOT_WRAPPED = {"GET /user": "``me`` says it, with the session"}


def something(parameter: inspect.Parameter) -> Any:
    """Anything that the parameter takes."""
    match str(parameter.annotation):
        case "Identifiers":
            return Identifiers(login="ann")
        case "bytes":
            return b"Invoice"
        case _ if parameter.name == "url":
            return f"{PREFIX}/files/acqf_1"
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
    """What each function of ``_calls`` and ``_app_calls`` asks, by how it is called."""
    found = {}
    for module in (_calls, _app_calls):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and name != "shared":  # which makes a payload
                parameters = inspect.signature(function).parameters.values()
                given = {it.name: something(it) for it in parameters if it.kind is not it.VAR_KEYWORD}
                call = function(**given)
                found[f"{module.__name__.rpartition('.')[2]}.{name}("] = operation_of(call.method, call.path)
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
    sources = "".join(it.read_text() for it in Path(acquaint_client.__file__).parent.glob("*.py"))
    for call in made():
        assert call in sources, call


def test_the_roles_of_keys_are_the_servers() -> None:
    assert list(get_args(models.Role)) == [it.value for it in GIVEN]
