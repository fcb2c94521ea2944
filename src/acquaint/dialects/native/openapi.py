"""The OpenAPI 3.1 description, made from the declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ... import __version__
from .callers import ADMIN_KEY, NOBODY, OPERATOR, USER_KEY, VISITOR
from .operation import Operation, Raw
from .problems import PROBLEMS, Problem, problem_of
from .repeats import ABANDONED_AFTER, HEADER, LONGEST_KEY
from .wire.values import Id, Nothing

AnyOperation = Operation[Any, Any, Any, Any]
Schema = dict[str, Any]

INTRODUCTION: Final = """\
Acquaint's own API: who is in front of you, and what they may see.

**Visitors** call from browsers and apps with the token of their session. **The App's server** calls with an API key
under `/acquaint/v1/app`, **the server's operator** with a key of the server under `/acquaint/v1/server`. An API key
never belongs into a page.

Ids are whole numbers below 2^53 written as text; larger ids are younger, and no id authorises anything. Moments are
in UTC with milliseconds. A field that nobody declared is refused, and a field that is null is not a field that is
absent. Lists are walked by key: `next` of one page is `after` of the following one.
"""

_REFERENCE: Final = "#/components/schemas/{name}"
_PATH_PARAMETERS: Final[dict[str, Schema]] = {
    "file": {"type": "string", "description": "The key in the file's address."},
    "app": {"type": "string", "description": "The App's slug or id."},
    "provider": {"type": "string", "description": "The name the App gave it, or that of its kind."},
}
_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "description": (
        "Names this one request for a day: sent again, it is not served again, and the first answer is repeated with "
        "`Idempotency-Replayed: true`. If the server died while it served the first one, the key is free again after "
        f"{ABANDONED_AFTER.seconds} s."
    ),
    "schema": {"type": "string", "pattern": f"^[ -~]{{1,{LONGEST_KEY}}}$"},
}


def document(operations: Sequence[AnyOperation]) -> Schema:
    """The whole description, as plain data."""
    shapes = list(dict.fromkeys(shape for it in operations for shape in (it.body, it.answer) if is_shape(shape)))
    references, schemas = msgspec.json.schema_components(shapes, ref_template=_REFERENCE)
    by_shape = dict(zip(shapes, references, strict=True))
    paths: dict[str, Schema] = {}
    for it in operations:
        paths.setdefault(it.full_path, {})[it.method.lower()] = _operation(it, by_shape)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Acquaint",
            "version": __version__,
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(it.section for it in operations)],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _problem()},
            "securitySchemes": {
                it.name: {"type": "http", "scheme": "bearer", "description": f"Bearer: {it.needs}."}
                for it in (VISITOR, USER_KEY, ADMIN_KEY, OPERATOR)
            },
        },
    }


def is_shape(shape: Any) -> bool:
    """Whether it is JSON at all."""
    return shape not in (Nothing, Raw, type(None))


def operation_id(it: AnyOperation) -> str:
    """Its name for code generators: the method and the path, as one word."""
    words = it.path.replace("{", "").replace("}", "").replace("-", "/").split("/")
    return it.method.lower() + "".join(word.capitalize() for word in words)


def query_parameters(shape: Any) -> list[Schema]:
    """Each field of a query as a parameter. Null is no text, so a query cannot say it."""
    if shape is Nothing:
        return []
    [_], schemas = msgspec.json.schema_components([shape], ref_template=_REFERENCE)
    described = schemas[shape.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in described["required"],
            "description": schema.get("description", ""),
            "schema": _without_null(schema),
        }
        for name, schema in described["properties"].items()
    ]


def refusals_by_status(it: AnyOperation) -> dict[int, list[Problem]]:
    """What the route may refuse with, each code once."""
    found: dict[int, list[Problem]] = {}
    for kind in it.every_refusal:
        problem = problem_of(kind)
        known = found.setdefault(problem.status, [])
        if all(problem.code != other.code for other in known):
            known.append(problem)
    return dict(sorted(found.items()))


def _operation(it: AnyOperation, by_shape: dict[Any, Schema]) -> Schema:
    entry: Schema = {
        "operationId": operation_id(it),
        "tags": [it.section],
        "summary": it.summary,
        "security": [] if it.caller is NOBODY else [{it.caller.name: []}],
        "parameters": [*_path_parameters(it), *query_parameters(it.query), *([_KEY] if it.takes_key else [])],
        "responses": {str(it.status): _answer(it, by_shape), **_refusals(it)},
    }
    if it.description:
        entry["description"] = it.description
    if it.body is not Nothing:
        entry["requestBody"] = {"required": it.body is not Raw, "content": _sent(it, by_shape)}
    return entry


def _path_parameters(it: AnyOperation) -> list[Schema]:
    id = msgspec.json.schema(Id)
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH_PARAMETERS.get(name, id)}
        for name in it.path_parameters
    ]


def _sent(it: AnyOperation, by_shape: dict[Any, Schema]) -> Schema:
    if it.body is Raw:
        return {"application/octet-stream": {}}
    example = {} if it.example is None else {"example": it.example}
    return {"application/json": {"schema": by_shape[it.body], **example}}


def _answer(it: AnyOperation, by_shape: dict[Any, Schema]) -> Schema:
    if it.answer is type(None):
        return {"description": "Done." if it.status == 204 else "Noted."}
    if it.answer is Raw:
        return {"description": "The bytes.", "content": {"*/*": {}}}
    return {"description": "Done.", "content": {"application/json": {"schema": by_shape[it.answer]}}}


def _refusals(it: AnyOperation) -> dict[str, Schema]:
    return {
        str(status): {
            "description": "; ".join(f"`{problem.code}`: {problem.title}" for problem in problems) + ".",
            "headers": _headers(status),
            "content": {
                "application/problem+json": {
                    "schema": {
                        "allOf": [{"$ref": _REFERENCE.format(name="Problem")}],
                        "properties": {"code": {"enum": [problem.code for problem in problems]}},
                    }
                }
            },
        }
        for status, problems in refusals_by_status(it).items()
    }


def _headers(status: int) -> Schema:
    match status:
        case 401:
            return {"WWW-Authenticate": {"schema": {"type": "string"}}}
        case 429 | 503:
            return {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return {}


def _problem() -> Schema:
    return {
        "title": "Problem",
        "description": "A refusal (RFC 9457). `code` never changes its meaning; beside it stands the evidence.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "enum": sorted({it.code for it in PROBLEMS.values()})},
            "field": {"type": "string"},
            "claim": {"type": "string"},
            "skew_seconds": {"type": "number"},
            "allowed_seconds": {"type": "number"},
            "server_time": {"type": "string", "format": "date-time"},
            "retry_after": {"type": "integer", "minimum": 1},
            "identifier": {"type": "string"},
            "role": {"type": "string"},
            "what": {"type": "string"},
            "limit": {"type": "integer"},
            "allowed": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["type", "title", "status", "detail", "code"],
    }


def _without_null(schema: Schema) -> Schema:
    plain = {name: value for name, value in schema.items() if name not in ("description", "anyOf", "default")}
    choices = [it for it in schema.get("anyOf", []) if it.get("type") != "null"]
    if len(choices) == 1:
        plain |= choices[0]
    if schema.get("default") is not None:
        plain["default"] = schema["default"]
    if "enum" in plain:
        plain["enum"] = [it for it in plain["enum"] if it is not None]
    return plain
