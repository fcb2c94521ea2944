"""The widget's modules, joined into one small file.

    modules()              as they were written
    digest_of(files)       names their content
    joined(modules, ...)   ``widget.js``, and the languages, of which a page loads one
    write / read           in a folder, each beside its compressed self, with the digest of what they were made of

Joining is simple because the modules are: functions, classes and constants, no two of one name. One after the other, in
the order of their imports, they are one module that means the same. Where it would not, that is refused: twins, an
export that changes, an import under another name. Shortening names and leaving out spaces is a library's work.

This file stands alone: a build runs it before the package can be imported.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_CLIENTS: Final = (_HERE / "client", _HERE.parents[2] / "sdk" / "js" / "src")
"""Where the client may be: in a wheel, and in a checkout."""

ENTRY: Final = "widget.js"
TEXTS: Final = "texts/"
STYLES: Final = "styles.js"
COMPRESSED: Final = ".gz"
FOLDER: Final = _HERE / "joined"
_MADE_OF: Final = "made-of"

_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";?$', re.MULTILINE)
_DECLARED: Final = re.compile(r"^export (?=(?:(?:async )?function\*?|class|const) (\w+))", re.MULTILINE)
_AT_TOP: Final = re.compile(r"^(?:export )?(?:(?:async )?function\*?|class|const|let|var) (\w+)", re.MULTILINE)
_LEFT: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_TEXT: Final = re.compile(r"`([^`$\\]*)`")

Minify = Callable[[str, str], str]
"""A media type and a text; answers the text made small."""

Compress = Callable[[bytes], bytes]
"""Gzip, as well as it can be done by somebody who has time."""


def modules() -> Mapping[str, bytes]:
    """As they were written, by the names that they import each other by."""
    written = _HERE / "modules"
    client = next((it for it in _CLIENTS if it.is_dir()), _CLIENTS[0])
    found = {f"client/{it.name}": it for it in client.glob("*.js")}
    found |= {it.relative_to(written).as_posix(): it for it in written.rglob("*.js")}
    return {name: path.read_bytes() for name, path in sorted(found.items())}


def digest_of(files: Mapping[str, bytes]) -> str:
    """Names the content of files, whatever order they come in."""
    lines = (f"{name} {hashlib.sha256(content).hexdigest()}\n" for name, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def read(folder: Path, written: Mapping[str, bytes]) -> Mapping[str, bytes] | None:
    """What ``folder`` holds, if it was made of exactly these modules."""
    made_of = folder / _MADE_OF
    if not made_of.is_file() or made_of.read_text("ascii") != digest_of(written):
        return None
    files = (it for it in sorted(folder.rglob("*.*")) if it.is_file())
    return {it.relative_to(folder).as_posix(): it.read_bytes() for it in files}


def write(folder: Path, written: Mapping[str, bytes], minify: Minify, compress: Compress) -> None:
    """Makes ``folder`` anew. Raises ValueError for modules that cannot be joined."""
    files = joined({name: content.decode() for name, content in written.items()}, minify)
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.with_name(path.name + COMPRESSED).write_bytes(compress(text.encode()))
    (folder / _MADE_OF).write_text(digest_of(written), "ascii")


def joined(written: Mapping[str, str], minify: Minify) -> Mapping[str, str]:
    """The few files. Raises ValueError for modules that cannot be joined."""
    names = _in_order(ENTRY, written)
    _refuse_what_is_not_there(names, written)
    _refuse_twins(names, written)
    files = {name: text for name, text in written.items() if name.startswith(TEXTS)}
    text = "\n".join(_text(it, written, minify) for it in names)
    files[ENTRY] = f"{{\n{text}\n}}\n"  # in a block names are local, and may be shortened
    return {name: minify("text/javascript", text) for name, text in files.items()}


def _text(name: str, written: Mapping[str, str], minify: Minify) -> str:
    """A module's own declarations, without what it says of others."""
    text = _DECLARED.sub("", _IMPORT.sub("", written[name]))
    if left := _LEFT.search(text):
        raise ValueError(f"{name} cannot be joined: {left[0]}")
    return _TEXT.sub(lambda it: f"`{minify('text/css', it[1])}`", text) if name == STYLES else text


def _imported(name: str, written: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The names that a module imports, each with the module that has it."""
    for found in _IMPORT.finditer(written[name]):
        where = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[2]))
        for it in found[1].split(","):
            if " as " in it:
                raise ValueError(f"{name}: renames {it.strip()}")
            yield it.strip(), where


def _in_order(entry: str, written: Mapping[str, str]) -> list[str]:
    """A module and all that it needs, which comes before it."""
    found: dict[str, None] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"{name} needs itself")
        for _, where in _imported(name, written):
            if where not in found:
                visit(where, (*above, name))
        found[name] = None

    visit(entry, ())
    return list(found)


def _refuse_twins(names: list[str], written: Mapping[str, str]) -> None:
    """Two modules that say one name: they would mean the same by it."""
    where: dict[str, str] = {}
    for name in names:
        for it in _AT_TOP.findall(written[name]):
            if where.setdefault(it, name) != name:
                raise ValueError(f"{name} and {where[it]} both say {it}")


def _refuse_what_is_not_there(names: list[str], written: Mapping[str, str]) -> None:
    for name in names:
        for it, where in _imported(name, written):
            if it not in _DECLARED.findall(written[where]):
                raise ValueError(f"{name} imports {it}, which {where} does not export")
