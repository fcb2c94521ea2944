"""The widget's modules, joined: what browsers get of an installed server."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from acquaint.widget import joining
from hatch_build import minified, without_comments

zopfli: Final = pytest.importorskip("zopfli.gzip")

WHOLE_WIDGET: Final = 20_000
"""Bytes, compressed, of everything that a page loads in the longest of the languages."""

TALK: Final = {
    "widget.js": """
import { Chat } from "./chat.js"
import { tell } from "./telling.js"
import { said } from "./client/said.js"

globalThis.textOf = async (language) => (await import(`./texts/${language}.js`)).default
globalThis.told = { Chat, said }
tell("here")
""",
    "telling.js": """
/**
 * What was told.
 */

// At most.
const LONGEST = 99 // signs
export const all = []

export function tell(key) {
  all.push(key.slice(0, LONGEST))
}
""",
    "chat.js": """
import { tell } from "./telling.js"
import { said } from "./client/said.js"

const SEVEN = 7

export class Chat {
  #seven = SEVEN

  static async of() {
    tell(String(said()))
    return new Chat().#seven
  }
}
""",
    "client/said.js": """
import { all } from "../telling.js";

const MORE = 1;
export const said = () => all.length + MORE;
""",
    "texts/de.js": 'export default {\n  here: "Hier",\n}\n',
}
"""A few modules."""


def as_it_is(_: str, text: str) -> str:
    return text


@pytest.fixture(scope="module")
def files() -> Mapping[str, str]:
    written = {name: content.decode() for name, content in joining.modules().items()}
    return joining.joined(written, minified)


@pytest.mark.sdk
def test_it_is_as_small_as_it_was_promised(files: Mapping[str, str]) -> None:
    sizes = {name: len(zopfli.compress(text.encode())) for name, text in files.items()}
    language = max(size for name, size in sizes.items() if name.startswith(joining.TEXTS))
    print(sizes)
    assert sizes[joining.ENTRY] + language <= WHOLE_WIDGET


@pytest.mark.sdk
def test_every_file_is_a_module(files: Mapping[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        path = tmp_path / f"{Path(name).stem}.mjs"
        path.write_text(text)
        ran = subprocess.run(["node", "--check", path], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{name}: {ran.stderr}"


@pytest.mark.sdk
@pytest.mark.parametrize("small", [as_it_is, minified, without_comments])
def test_what_is_joined_means_the_same(tmp_path: Path, small: joining.Minify) -> None:
    for name, text in joining.joined(TALK, small).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "page.js").write_text(
        'import "./widget.js"\nconst { Chat, said } = told\nconst german = (await textOf("de")).here\n'
        "console.log(JSON.stringify([await Chat.of(), said(), german]))\n"
    )
    ran = subprocess.run(["node", "page.js"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [7, 3, "Hier"]


OTHERS: Final = {
    "it.js": "export const it = 1\n",
    "round.js": 'import { about } from "./about.js"\nexport const round = 1\n',
    "about.js": 'import { round } from "./round.js"\nexport const about = 1\n',
    "that.js": 'import { it } from "./it.js"\nexport function that() {}\n',
}


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("does not export", 'import { that } from "./it.js"\n'),
        ("needs itself", 'import { it } from "./it.js"\nimport { round } from "./round.js"\n'),
        ("renames it", 'import { it as other } from "./it.js"\n'),
        ("cannot be joined", 'import * as it from "./it.js"\n'),
        ("cannot be joined", 'import "./it.js"\n'),
        ("cannot be joined", "export let changes = 1\n"),
        ("cannot be joined", "export { it }\n"),
        ("cannot be joined", "export default 7\n"),
        ("cannot be joined", 'import it from "./it.js"\n'),
        ("both say it", 'import { that } from "./that.js"\nconst it = 2\n'),
    ],
)
def test_what_would_not_mean_the_same_is_refused(why: str, text: str) -> None:
    with pytest.raises(ValueError, match=why):
        joining.joined({"widget.js": text, **OTHERS}, as_it_is)


def test_without_node_comments_are_left_out_and_nothing_else() -> None:
    source = '/** A\n * map. */\nconst a = 1 // kept\n  // gone\n/** @type {x} */ (b)\nconst c = "/** no */"\n'
    kept = 'const a = 1 // kept\n/** @type {x} */ (b)\nconst c = "/** no */"\n'
    assert without_comments("text/javascript", source) == kept


def test_modules_that_were_changed_since_are_served_as_they_are(tmp_path: Path) -> None:
    written = joining.modules()
    assert joining.read(tmp_path, written) is None
    joining.write(tmp_path, written, as_it_is, gzip.compress)
    found = joining.read(tmp_path, written)
    assert found is not None
    assert {"widget.js", "texts/de.js"} <= found.keys()
    assert gzip.decompress(found["widget.js.gz"]) == found["widget.js"]
    for changed in ({**written, "dom.js": written["dom.js"] + b"\n"}, {**written, "new.js": b""}):
        assert joining.read(tmp_path, changed) is None


def test_what_was_made_before_goes(tmp_path: Path) -> None:
    (tmp_path / "joined").mkdir()
    (tmp_path / "joined/old.js").write_text("old")
    joining.write(tmp_path / "joined", joining.modules(), as_it_is, gzip.compress)
    assert not (tmp_path / "joined/old.js").exists()
