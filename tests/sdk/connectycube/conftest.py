"""How a flow is run: one script in ``flows/`` for each story, and one test that says what must have come of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.server import Server

FLOWS = Path(__file__).parent / "flows"
LONGEST = 240  # seconds: less than pytest's own, so that one sees what was said until then


@dataclass(frozen=True)
class Cube:
    """An App of a running server, as the vendor's SDK is told of it."""

    server: Server
    app: dict[str, Any]
    url: str
    environment: dict[str, str] = field(default_factory=dict)

    def tells(self, flow: str, *, sdk: str = "connectycube", **known: Any) -> Any:
        """What the flow of this name found out."""
        node = shutil.which("node")
        assert node is not None, "the tests of SDKs need Node"
        public = {
            "sdk": sdk,
            "url": self.url,
            "host": self.url.partition("://")[2],
            "app_id": int(self.app["app_id"]),
            "auth_key": self.app["auth_key"],
        }
        said = subprocess.run(
            [node, FLOWS / f"{flow}.mjs"],
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
            env=dict(os.environ) | self.environment | {"FLOW": json.dumps(public | known)},
        )
        assert said.returncode == 0, f"{flow}: {said.stdout}\n{said.stderr}\n{self.server.chapter()}"
        return json.loads(said.stdout)

    def allow(self, **rules: Any) -> None:
        """Changes rules of the App's Policy, as its own server does."""
        headers = {"Authorization": f"Bearer {self.app['api_key']}"}
        httpx2.patch(f"{self.url}/acquaint/v1/app/policy", json=rules, headers=headers).raise_for_status()


@pytest.fixture
def cube(server: Server) -> Cube:
    return Cube(server, server.create_app(), server.url)
