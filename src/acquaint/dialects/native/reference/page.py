"""The reference page, rendered from the description: its frame, its contents, and what every route has in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ..openapi import AnyOperation, Schema, operation_id
from ..operation import PREFIX
from ..problems import PROBLEMS, Problem
from . import guide, tables
from .article import article
from .prose import inline, method, prose


def render(document: Schema, operations: Sequence[AnyOperation], public_url: str) -> str:
    sections: dict[str, list[AnyOperation]] = {}
    for it in operations:
        sections.setdefault(it.section, []).append(it)
    schemas = document["components"]["schemas"]
    return "\n".join(
        (
            _head(document["info"]["version"]),
            _navigation(sections),
            "<main>",
            guide.html(public_url),
            *(_section(name, group, document, schemas, public_url) for name, group in sections.items()),
            _problems(),
            _shapes(schemas),
            "</main></div></body></html>",
        )
    )


def _head(version: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Acquaint: the native API</title>
<link rel="icon" href="data:image/svg+xml,{guide.ICON}">
<link rel="stylesheet" href="{PREFIX}/docs/style.css">
<script src="{PREFIX}/docs/script.js" defer></script>
</head>
<body>
<a class="skip" href="#start">Skip to the reference</a>
<header class="top">
<a class="brand" href="{PREFIX}/docs">{guide.MARK}<span>Acquaint</span></a>
<span class="version">native API · v1 · {escape(version)}</span>
<a class="download" href="{PREFIX}/openapi.json">openapi.json</a>
</header>
<div class="columns">"""


def _navigation(sections: Mapping[str, Sequence[AnyOperation]]) -> str:
    groups = "".join(
        f'<li class="group"><a href="#{_anchor(name)}">{escape(name)}</a><ul>'
        + "".join(
            f'<li><a href="#{operation_id(it)}" title="{escape(it.path)}">'
            f"<span>{escape(it.summary)}</span>{method(it.method)}</a></li>"
            for it in group
        )
        + "</ul></li>"
        for name, group in sections.items()
    )
    guides = "".join(f'<li><a href="#{id}">{title}</a></li>' for id, title in guide.CHAPTERS)
    return f"""<nav aria-label="Contents">
<input type="search" id="filter" placeholder="Find a route" aria-label="Find a route" hidden>
<ul>
<li class="group"><a href="#start">Guide</a><ul>{guides}</ul></li>
{groups}
<li class="group"><a href="#problems">Problems</a></li>
<li class="group"><a href="#shapes">Shapes</a></li>
</ul>
</nav>"""


def _section(
    name: str, group: Iterable[AnyOperation], document: Schema, schemas: Mapping[str, Schema], public_url: str
) -> str:
    shown = "".join(article(it, document, schemas, public_url) for it in group)
    return f'<section><h2 id="{_anchor(name)}">{escape(name)}</h2>{shown}</section>'


def _problems() -> str:
    by_code: dict[str, Problem] = {it.code: it for it in PROBLEMS.values()}
    rows = "".join(
        f'<tr id="{it.code}"><td><span class="chip s{it.status // 100}"><b>{it.status}</b></span></td>'
        f"<td><code>{it.code}</code></td><td><strong>{escape(it.title, quote=False)}.</strong> {inline(it.meaning)}"
        f"{_evidence(it)}</td></tr>"
        for it in sorted(by_code.values(), key=lambda it: (it.status, it.code))
    )
    return f"""<section><h2 id="problems">Problems</h2>{prose(guide.PROBLEMS)}
<div class="scroll"><table class="problems"><thead><tr><th>Status</th><th>Code</th><th>Meaning</th></tr></thead>
<tbody>{rows}</tbody></table></div></section>"""


def _evidence(it: Problem) -> str:
    return "".join(f' <code class="evidence">{name}</code>' for name in it.evidence if name not in it.meaning)


def _shapes(schemas: Mapping[str, Schema]) -> str:
    shown = "".join(
        f'<article class="shape" id="shape-{name}"><h3><a href="#shape-{name}">{name}</a></h3>'
        f"{prose(schema.get('description', ''))}{tables.of_shape(schema)}</article>"
        for name, schema in sorted(schemas.items())
    )
    return f'<section><h2 id="shapes">Shapes</h2>{shown}</section>'


def _anchor(name: str) -> str:
    return "section-" + re.sub(r"[^a-z]+", "-", name.lower()).strip("-")
