"""How the widget is handed to browsers."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path
from typing import Final

import httpx2
import pytest

from acquaint.widget import assets

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = ROOT / "src/acquaint/widget/modules"
PAGE: Final = {"Origin": "https://shop.example"}


@pytest.fixture
async def folder(client: httpx2.AsyncClient) -> str:
    """Where the modules of this version are."""
    text = (await client.get("/widget.js")).text
    found = re.findall(r'from "\.(/acquaint/widget/[0-9a-f]{16})/element\.js"', text)
    assert len(found) == 1
    return str(found[0])


async def test_the_entry_is_asked_for_each_time_and_sent_once(client: httpx2.AsyncClient) -> None:
    first = await client.get("/widget.js", headers=PAGE)
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["access-control-allow-origin"] == "*"
    assert first.headers["cross-origin-resource-policy"] == "cross-origin"
    assert first.headers["cache-control"] == "public, no-cache"
    for known in (first.headers["etag"], f'W/{first.headers["etag"]}, "other"', "*"):
        again = await client.get("/widget.js", headers={**PAGE, "If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
    changed = await client.get("/widget.js", headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


async def test_modules_are_kept_for_good_and_a_new_version_has_new_addresses(
    client: httpx2.AsyncClient, folder: str
) -> None:
    module = await client.get(f"{folder}/element.js", headers=PAGE)
    assert module.headers["cache-control"] == "public, max-age=31536000, immutable"
    other = await client.get("/acquaint/widget/0123456789abcdef/element.js", headers=PAGE)
    assert other.status_code == 200  # another version's, while servers are replaced
    assert other.headers["cache-control"] == "public, no-cache"


async def test_what_is_compressed_is_the_same(client: httpx2.AsyncClient, folder: str) -> None:
    packed = await client.get(f"{folder}/styles.js", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    for accepted in ("identity", "gzip;q=0", "gzip; q=0.0", "", "br"):
        plain = await client.get(f"{folder}/styles.js", headers={"Accept-Encoding": accepted})
        assert "content-encoding" not in plain.headers
        assert plain.text == packed.text
        assert plain.headers["etag"] != packed.headers["etag"]
        assert plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "name",
    [
        "widget.js",
        "nothing.js",
        "",
        "../assets.py",
        "..%2Fassets.py",
        "%2e%2e/%2e%2e/settings.py",
        "client/../../assets.py",
        "/etc/passwd",
        "element.js%00",
        "ELEMENT.JS",
        "texts/en.js/",
    ],
)
async def test_nothing_else_is_there(client: httpx2.AsyncClient, folder: str, name: str) -> None:
    answer = await client.get(f"{folder}/{name}", headers=PAGE)
    assert answer.status_code == 404
    assert "import" not in answer.text


async def test_every_module_that_is_imported_is_served(client: httpx2.AsyncClient, folder: str) -> None:
    wanted, found = ["element.js"], set[str]()
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        answer = await client.get(f"{folder}/{name}")
        assert answer.status_code == 200, name
        found.add(name)
        beside = (Path("/") / name).parent
        named = re.findall(r'(?:from|import) ?\(?"(\.[^"]+)"', answer.text)
        wanted += [beside.joinpath(it).resolve().relative_to("/").as_posix() for it in named]
    ours = {it.relative_to(MODULES).as_posix() for it in MODULES.glob("*.js")} - {"widget.js"}
    assert ours <= found
    assert "client/index.js" in found


def test_comments_are_left_out_and_lines_stay_where_they_were() -> None:
    source = b'/** A\n * map. */\nconst a = 1 // kept\n  // gone\n/** @type {x} */ (b)\nconst c = "/** no */"\n'
    served = assets.Asset.of(source)
    assert served.content == b'\n\nconst a = 1 // kept\n\n/** @type {x} */ (b)\nconst c = "/** no */"\n'
    assert gzip.decompress(served.compressed) == served.content


@pytest.mark.sdk
def test_every_module_is_one_as_it_is_served(tmp_path: Path) -> None:
    for name, asset in assets._modules().items():
        path = tmp_path / f"{name.replace('/', '-').removesuffix('.js')}.mjs"
        path.write_bytes(asset.content)
        ran = subprocess.run(["node", "--check", path], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{name}: {ran.stderr}"


@pytest.mark.parametrize("path", sorted((MODULES / "texts").glob("*.js")), ids=lambda it: it.stem)
def test_every_language_says_everything(path: Path) -> None:
    text = re.compile(r'^  (\w+): "(.+)",$', re.MULTILINE)
    english = dict(text.findall((MODULES / "texts/en.js").read_text("utf-8")))
    said = dict(text.findall(path.read_text("utf-8")))
    assert said.keys() == english.keys()
    assert {key: it.count("{}") for key, it in said.items()} == {key: it.count("{}") for key, it in english.items()}


def test_markup_is_made_of_no_text_and_nothing_is_inline() -> None:
    for path in MODULES.rglob("*.js"):
        text = path.read_text("utf-8")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            ".style",
        ):
            assert word not in text, f"{path.name}: {word}"
        assert 'setAttribute("style"' not in text
