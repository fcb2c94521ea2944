"""What a build makes beside taking files: the widget, joined and minified. See docs/decisions/0018."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import minify
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from zopfli import gzip

JOINING = Path(__file__).parent / "src/acquaint/widget/joining.py"


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs for a wheel, and when a checkout is installed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        joining = runpy.run_path(str(JOINING))  # the package it is part of cannot be imported yet
        folder, modules = joining["FOLDER"], joining["modules"]()
        if joining["read"](folder, modules) is None:
            joining["write"](folder, modules, minify.string, gzip.compress)
        build_data["artifacts"].append("/src/acquaint/widget/joined")
