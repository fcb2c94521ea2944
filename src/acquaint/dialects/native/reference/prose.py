"""Our sentences, and JSON, as HTML."""

from __future__ import annotations

import re
from html import escape
from typing import Final

_JSON: Final = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(?<=: )(true|false|null|-?\d+(?:\.\d+)?)\b')


def prose(text: str) -> str:
    """Our sentences as HTML: paragraphs, `code`, **strong**."""
    paragraphs = (" ".join(it.split()) for it in text.strip().split("\n\n"))
    return "".join(f"<p>{inline(it)}</p>" for it in paragraphs)


def inline(text: str) -> str:
    text = re.sub(r"`{1,2}([^`]+)`{1,2}", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)


def method(name: str) -> str:
    return f'<b class="method {name.lower()}">{name}</b>'


def figure(caption: str, text: str, status: str = "") -> str:
    """JSON, or a command with JSON in it."""
    aside = f"<span>{status}</span>" if status else ""
    return (
        f"<figure><figcaption>{caption} {aside}</figcaption>"
        f'<pre tabindex="0"><code>{_coloured(text)}</code></pre></figure>'
    )


def _coloured(text: str) -> str:
    """JSON, or a command with JSON in it, with its keys and values told apart."""
    pieces, end = [], 0
    for found in _JSON.finditer(text):
        pieces.append(escape(text[end : found.start()], quote=False))
        kind = "k" if found[2] else "s" if found[1] else "c"
        pieces.append(f'<i class="{kind}">{escape(found[1] or found[0], quote=False)}</i>{found[2] or ""}')
        end = found.end()
    return "".join([*pieces, escape(text[end:], quote=False)])
