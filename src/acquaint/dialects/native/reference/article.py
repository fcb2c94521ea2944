"""One route of the reference: what it does, what is sent and answered, and an example of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Final

from ..callers import ADMIN_KEY, NOBODY, OPERATOR, USER_KEY, VISITOR
from ..openapi import AnyOperation, Schema, operation_id, query_parameters, refusals_by_status
from ..operation import PREFIX, Raw
from . import tables
from .prose import figure, inline, method, prose
from .samples import sample, written

_CALLERS: Final = {
    NOBODY.name: ("anybody", "No credential"),
    VISITOR.name: ("visitor", "A session token"),
    USER_KEY.name: ("App's server", "An API key of the App, role org.user or org.admin"),
    ADMIN_KEY.name: ("App's administrator", "An API key of the App, role org.admin"),
    OPERATOR.name: ("operator", "An API key of the server"),
}
_TOKENS: Final = {VISITOR.name: "acqs_…"}  # every other credential is an API key
_PATHS: Final = {"app": "acme", "file": "Zk3…"}  # every other parameter is an id


def article(it: AnyOperation, document: Schema, schemas: Mapping[str, Schema], public_url: str) -> str:
    entry = document["paths"][it.full_path][it.method.lower()]
    caller, needs = _CALLERS[it.caller.name]
    path = re.sub(r"({\w+})", r"<em>\1</em>", escape(it.path))
    keyed = '<span class="pill" title="Takes an Idempotency-Key">Idempotency-Key</span>' if it.takes_key else ""
    return f"""<article id="{operation_id(it)}">
<div class="words">
<h3><a href="#{operation_id(it)}">{escape(it.summary)}</a></h3>
<p class="route">{method(it.method)}<code><span class="prefix">{PREFIX}</span>{path}</code></p>
<p class="pills"><span class="pill caller {it.caller.name}" title="{needs}">{caller}</span>{keyed}</p>
{prose(it.description)}
{tables.of_query(query_parameters(it.query))}
{_body(it, entry, schemas)}
{_answer(it, entry, schemas)}
{_refusals(it)}
</div>
<div class="examples">{_request(it, public_url)}{_sample_answer(it, entry, schemas)}</div>
</article>"""


def _body(it: AnyOperation, entry: Schema, schemas: Mapping[str, Schema]) -> str:
    if "requestBody" not in entry:
        return ""
    if it.body is Raw:
        return "<h4>Body</h4><p>The bytes of the file.</p>"
    return f"<h4>Body</h4>{tables.of_shape(schemas[it.body.__name__])}"


def _answer(it: AnyOperation, entry: Schema, schemas: Mapping[str, Schema]) -> str:
    title = f'<h4>Answer <span class="status">{it.status}</span></h4>'
    if it.answer is Raw:
        return f"{title}<p>The bytes.</p>"
    if it.answer is type(None):
        return f"{title}<p>No body.</p>"
    return f"{title}<p>{tables.link(it.answer.__name__)}: {inline(schemas[it.answer.__name__]['description'])}</p>"


def _refusals(it: AnyOperation) -> str:
    chips = "".join(
        f'<a class="chip s{status // 100}" href="#{problem.code}"><b>{status}</b> {problem.code}</a>'
        for status, problems in refusals_by_status(it).items()
        for problem in problems
    )
    return f'<details><summary>Refusals</summary><p class="chips">{chips}</p></details>'


def _request(it: AnyOperation, public_url: str) -> str:
    path = re.sub(r"{(\w+)}", lambda found: _PATHS.get(found[1], "7204822912614400"), it.full_path)
    required = [f"{parameter['name']}=…" for parameter in query_parameters(it.query) if parameter["required"]]
    query = f"?{'&'.join(required)}" if required else ""
    way = "" if it.method == "GET" else f"-X {it.method} "
    lines = [f"curl {way}'{public_url}{path}{query}'"]
    if it.caller is not NOBODY:
        lines.append(f"-H 'Authorization: Bearer {_TOKENS.get(it.caller.name, 'acqk_…')}'")
    if it.body is Raw:
        lines.append("--data-binary @ann.png")
    elif it.example is not None:
        body = written(it.example).replace("'", "'\\''")
        lines += ["-H 'Content-Type: application/json'", f"-d '{body}'"]
    return figure("Request", " \\\n  ".join(lines))


def _sample_answer(it: AnyOperation, entry: Schema, schemas: Mapping[str, Schema]) -> str:
    content = entry["responses"][str(it.status)].get("content", {}).get("application/json")
    if content is None:
        return ""
    return figure("Answer", written(sample(content["schema"], schemas)), str(it.status))
