"""Every link in every page leads somewhere, and every page of docs/ is led to."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for folder in (".", "docs", "sdk", "src", "bench", "changes", "tests")
    for path in (ROOT / folder).glob("*.md" if folder == "." else "**/*.md")
    if "node_modules" not in path.parts
)
LINK = re.compile(r"!?\[(?:[^\]]|\]\()*?\]\(([^()\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda it: str(it.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in links_of(page):
        assert target.exists(), f"{target} is not there"
        if anchor and target.suffix == ".md":
            assert anchor in anchors_of(target), f"{target.name} has no #{anchor}"


def test_every_page_of_the_docs_is_on_the_map() -> None:
    on_the_map = {target for target, _ in links_of(ROOT / "docs/README.md")}
    decisions = {target for target, _ in links_of(ROOT / "docs/decisions/README.md")}
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - {ROOT / "docs/README.md"}
    assert pages - on_the_map - decisions == set()


def links_of(page: Path) -> list[tuple[Path, str]]:
    """Where it links to in this repository: a file or folder, and the place in it."""
    found = (urlsplit(it) for it in LINK.findall(without_code(page.read_text("utf-8"))))
    return [
        ((page.parent / unquote(it.path)).resolve() if it.path else page, it.fragment) for it in found if not it.scheme
    ]


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """As GitHub and its like make them of headings."""
    found: list[str] = []
    for heading in re.findall(r"^#{1,6} +(.+?)(?:<br>)?$", without_code(page.read_text("utf-8")), re.MULTILINE):
        anchor = (
            re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).strip().replace(" ", "-")
        )
        found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
    return frozenset(found)


def without_code(text: str) -> str:
    """What stands in blocks of code is no link and no heading."""
    return re.sub(r"^```(?s:.*?)^```$|^    .*$", "", text, flags=re.MULTILINE)
