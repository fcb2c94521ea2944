"""Fields of shapes and queries, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..openapi import Schema
from .prose import inline


def of_query(parameters: Sequence[Schema]) -> str:
    rows = "".join(_row(it["name"], it["schema"], it["description"], is_required=it["required"]) for it in parameters)
    return f"<h4>Query</h4>{_table(rows)}" if rows else ""


def of_shape(schema: Schema) -> str:
    required = schema.get("required", ())
    rows = "".join(
        _row(name, inner, inner.get("description", ""), is_required=name in required)
        for name, inner in sorted(schema.get("properties", {}).items(), key=lambda it: it[0] not in required)
    )
    return _table(rows)


def _table(rows: str) -> str:
    return f'<table class="fields"><tbody>{rows}</tbody></table>' if rows else ""


def _row(name: str, schema: Schema, description: str, *, is_required: bool) -> str:
    optional = "" if is_required else ' <span class="optional">optional</span>'
    default = schema.get("default")
    told = f' <span class="default">Default: <code>{escape(str(default).lower())}</code>.</span>' if default else ""
    return (
        f"<tr><th><code>{escape(name)}</code>{optional}</th>"
        f'<td><span class="type">{_type(schema)}</span> {inline(description)}{told}</td></tr>'
    )


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return link(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_type(it) for it in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(it))}</code>" for it in schema["enum"] if it is not None)
    if "title" in schema:
        return escape(schema["title"].lower())
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    return {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(kind, kind) + _bounds(schema)


def _bounds(schema: Schema) -> str:
    if "maxLength" in schema:
        least = schema.get("minLength", 0)
        return f" of {least} to {schema['maxLength']}" if least else f", at most {schema['maxLength']}"
    if "maximum" in schema:
        return f" from {schema['minimum']} to {schema['maximum']}"
    return ""


def link(name: str) -> str:
    return f'<a href="#shape-{name}">{name}</a>'
