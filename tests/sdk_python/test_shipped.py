"""What is shipped: a wheel with its types, that needs nothing of the server, a README that works, and an example."""

from __future__ import annotations

import ast
import asyncio
import re
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from acquaint_client import Client, FileStore, sign_login
from tests.sdk_python.conftest import made
from tests.support.server import Server

SDK = Path(__file__).parents[2] / "sdk/python"
PACKAGE = SDK / "src/acquaint_client"


def test_a_wheel_holds_the_whole_client(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, SDK)
    [wheel] = tmp_path.glob("acquaint_client-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = {it for it in archive.namelist() if it.startswith("acquaint_client/")}
    ours = {f"acquaint_client/{it.relative_to(PACKAGE)}" for it in PACKAGE.rglob("*") if it.is_file()}
    assert {it for it in ours if "__pycache__" not in it} == shipped
    assert "acquaint_client/py.typed" in shipped


def test_the_client_needs_httpx2_alone() -> None:
    project = tomllib.loads((SDK / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ["httpx2>=2"]
    used = {path.name: imported_by(path) - set(sys.stdlib_module_names) for path in PACKAGE.glob("*.py")}
    assert used.pop("live.py") == {"websockets"}
    assert used.pop("store.py") == {"keyring"}
    assert set().union(*used.values()) == {"httpx2"}


def test_importing_the_client_imports_no_extra_and_no_server() -> None:
    loaded = run(sys.executable, "-c", "import sys, acquaint_client; print(*sys.modules)").split()
    assert {"acquaint", "websockets", "keyring"}.isdisjoint(loaded)


def test_the_readme_works(
    server: Server,
    operator_key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    acme = made(server, "waits", operator_key)
    names: dict[str, Any] = {
        "url": acme.url,
        "api_key": acme.api_key,
        "signing_secret": acme.secret,
        "yesterdays_token": sign_login(acme.secret, external_id="42", now=time.time() - 86400),
        "client_of_ann": lambda: Client(acme.url, acme.slug, store=FileStore("logins")),
    }
    blocks = re.findall(r"```python\n(.*?)```", (SDK / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        exec(compile(block.replace('"acme"', repr(acme.slug)), "README.md", "exec"), names)  # noqa: S102
    asyncio.run(names["main"]())
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "It is on its way."
    assert printed[1] == "4711: one teapot"
    assert printed[2].startswith("issued 1 day, 0:00:")
    assert printed[3:] == ["Here is the order."]


def test_the_example_runs(server: Server, operator_key: str) -> None:
    acme = made(server, "waits", operator_key)
    printed = run(sys.executable, SDK / "examples/support_bot.py", acme.url, acme.slug, acme.api_key)
    assert re.fullmatch(r"logged in as \d+\nWhere is my order\? / It is on its way\.\n", printed)


def test_the_example_is_typed_strictly() -> None:
    config = tomllib.loads((SDK.parents[1] / "pyproject.toml").read_text())["tool"]["mypy"]
    assert config["strict"]
    assert "sdk/python" in config["files"]  # the client and the example: `scripts/check` looks at both


def imported_by(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                found |= {it.name.partition(".")[0] for it in names}
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module.partition(".")[0])
    return found


def run(*command: str | Path) -> str:
    done = subprocess.run([str(it) for it in command], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
