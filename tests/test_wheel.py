"""What is shipped serves: a wheel, installed into an empty environment, with what it says it needs and nothing else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import httpx2
import pytest

from tests.support.server import serving

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/acquaint"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def acquaint(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, in an environment that has the wheel and sees the libraries of this one, but not this checkout."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, symlinks=True, with_pip=False)
    libraries = next(it for it in sys.path if it.endswith("site-packages"))
    site = next(home.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(libraries + "\n")  # a .pth file found this way is not read: no editable install
    options = ("--quiet", "--no-deps", "--no-index", "--ignore-installed", "--disable-pip-version-check")
    _run(sys.executable, "-m", "pip", "--python", home / "bin/python", "install", *options, wheel)
    return home / "bin/acquaint"


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {it for it in archive.namelist() if it.startswith("acquaint/")}
    ours = {f"acquaint/{it.relative_to(PACKAGE)}" for it in PACKAGE.rglob("*") if it.is_file()}
    ours |= {f"acquaint/widget/client/{it.name}" for it in (ROOT / "sdk/js/src").iterdir()}
    assert {it for it in ours if "__pycache__" not in it} == shipped


def test_the_wheel_serves(acquaint: Path, tmp_path: Path) -> None:
    where = _run(acquaint.with_name("python"), "-c", "import acquaint; print(acquaint.__file__)")
    assert Path(where.strip()).is_relative_to(acquaint.parents[1])

    with serving(tmp_path / "data", command=[str(acquaint)]) as server:
        assert httpx2.get(f"{server.url}/livez").status_code == 200
        assert httpx2.get(f"{server.url}/readyz").json() == {"status": "ready"}
        assert server.create_app()["slug"] == "acme"
        widget = httpx2.get(f"{server.url}/widget.js").text
        (folder,) = re.findall(r'"\.(/acquaint/widget/[0-9a-f]{16})/', widget)
        assert httpx2.get(f"{server.url}{folder}/texts/en.js").status_code == 200


def test_everything_imported_is_declared() -> None:
    declared = {
        _normal(re.split(r"[\[<>=~! ]", it)[0])
        for it in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    homes = metadata.packages_distributions()
    imported = {
        name.partition(".")[0]
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imports(node)
    }
    foreign = {_normal(home) for name in imported - set(sys.stdlib_module_names) for home in homes.get(name, [name])}
    assert foreign - {"acquaint"} <= declared


def _imports(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [it.name for it in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
    return []


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _run(*command: str | Path) -> str:
    done = subprocess.run([str(it) for it in command], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
