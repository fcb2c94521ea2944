"""The examples of the JavaScript client's README, as they are written there."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "sdk/js/README.md"
SAYS = ["nobody", "anonymous", "true", "0", "token_stale iat"]
"""What they print."""


def examples() -> tuple[str, str]:
    """Everything they import, and the rest: one after the other they are one page."""
    lines = "".join(re.findall(r"```js\n(.*?)```", README.read_text("utf-8"), re.DOTALL)).splitlines(keepends=True)
    imports = [it for it in lines if it.startswith("import ")]
    return "".join(imports), "".join(it for it in lines if it not in imports)
