"""How the widget is handed to browsers."""

from __future__ import annotations

import re
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
    """Where the files of this version are."""
    text = (await client.get("/widget.js")).text
    found = re.fullmatch(r'import "\.(/acquaint/widget/[0-9a-f]{16})/widget\.js"\n', text)
    assert found is not None
    return found[1]


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


async def test_files_are_kept_for_good_and_a_new_version_has_new_addresses(
    client: httpx2.AsyncClient, folder: str
) -> None:
    module = await client.get(f"{folder}/widget.js", headers=PAGE)
    assert module.headers["cache-control"] == "public, max-age=31536000, immutable"
    other = await client.get("/acquaint/widget/0123456789abcdef/widget.js", headers=PAGE)
    assert other.status_code == 200  # another version's, while servers are replaced
    assert other.headers["cache-control"] == "public, no-cache"


async def test_what_is_compressed_is_the_same(client: httpx2.AsyncClient, folder: str) -> None:
    packed = await client.get(f"{folder}/widget.js", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    for accepted in ("identity", "gzip;q=0", "gzip; q=0.0", "", "br"):
        plain = await client.get(f"{folder}/widget.js", headers={"Accept-Encoding": accepted})
        assert "content-encoding" not in plain.headers
        assert plain.text == packed.text
        assert plain.headers["etag"] != packed.headers["etag"]
        assert plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "made-of",
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


async def test_every_file_that_is_imported_is_served(client: httpx2.AsyncClient, folder: str) -> None:
    wanted, found = ["widget.js"], set[str]()
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
    more = {it for it in assets._served() if it.startswith(("client/", "texts/"))}  # of which each page takes some
    assert found | more == set(assets._served())


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
