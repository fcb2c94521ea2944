"""What a build makes beside taking files: the widget, joined and minified. See docs/decisions/0018."""

from __future__ import annotations

import re
import runpy
import subprocess
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from zopfli import gzip

ROOT: Final = Path(__file__).parent
JOINING: Final = ROOT / "src/acquaint/widget/joining.py"
ESBUILD: Final = ROOT / "sdk/js/node_modules/.bin/esbuild"
COMMENT: Final = re.compile(r"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n", re.DOTALL | re.MULTILINE)
"""That stands alone on its lines. They are half of what is written; those beside code are left."""


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs for a wheel, and when a checkout is installed. Without esbuild the widget is a quarter larger."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        joining = runpy.run_path(str(JOINING))  # the package it is part of cannot be imported yet
        folder, modules = joining["FOLDER"], joining["modules"]()
        if joining["read"](folder, modules) is None:
            joining["write"](folder, modules, minified if is_there() else without_comments, gzip.compress)
        build_data["artifacts"].append("/src/acquaint/widget/joined")


def is_there() -> bool:
    """Whether esbuild can be called: it needs Node, and ours is where `scripts/bootstrap` puts it."""
    try:
        return subprocess.run([ESBUILD, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def minified(media_type: str, text: str) -> str:
    """Without spaces, and with short names where nobody else says them. Raises CalledProcessError for broken texts."""
    loader = {"text/css": "css", "text/javascript": "js"}[media_type]
    how = [f"--loader={loader}", "--minify", "--charset=utf8", "--log-level=warning"]
    return subprocess.run([ESBUILD, *how], input=text, capture_output=True, text=True, check=True).stdout.strip()


def without_comments(media_type: str, text: str) -> str:
    """All that is done where there is no Node."""
    return COMMENT.sub("", text)
