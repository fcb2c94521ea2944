"""What a build makes beside taking files: the widget, joined and minified. See docs/decisions/0018."""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from zopfli import gzip

ROOT: Final = Path(__file__).parent
JOINING: Final = ROOT / "src/acquaint/widget/joining.py"
ESBUILD: Final = ROOT / "sdk/js/node_modules/.bin/esbuild"


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs for a wheel, and when a checkout is installed. Without esbuild, the modules are served as they are."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        joining = runpy.run_path(str(JOINING))  # the package it is part of cannot be imported yet
        folder, modules = joining["FOLDER"], joining["modules"]()
        if joining["read"](folder, modules) is None and is_there():
            joining["write"](folder, modules, minified, gzip.compress)
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
