"""What is shipped of the JavaScript client: small, typed, without dependencies, fit for strict pages; its README."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import httpx2
import pytest

from acquaint_client import sign_login
from tests.sdk_js.readme import SAYS, examples
from tests.support.patience import PATIENCE
from tests.support.server import Server

SDK = Path(__file__).parents[2] / "sdk/js"
MODULES = sorted((SDK / "src").glob("*.js"))
MOST_COMPRESSED = 15_000
"""Bytes of all modules, each compressed for itself, without comments."""
MOST_OF_A_CHAT = 7_000
"""Bytes of what a chat window loads, joined, made small and compressed. The widget has 20 kB for both."""

pytestmark = pytest.mark.sdk


def test_it_is_small() -> None:
    types_alone = {"types.js"}  # nothing of it is loaded: browsers never ask for it
    sizes = {it.name: len(gzip.compress(code(it).encode())) for it in MODULES if it.name not in types_alone}
    assert sum(sizes.values()) <= MOST_COMPRESSED, sizes
    assert not any("types.js" in code(it) for it in MODULES)
    assert max(len(it.read_text("utf-8").splitlines()) for it in MODULES) <= 400


def test_a_chat_window_loads_only_what_it_needs() -> None:
    needed = needed_by("chat.js")
    assert not {"client.js", "conversations.js", "ways.js", "memory.js", "index.js"} & set(needed)
    esbuild = SDK / "node_modules/.bin/esbuild"
    small = subprocess.run([esbuild, "--bundle", "--minify", "--format=esm", SDK / "src/chat.js"], capture_output=True)
    assert 0 < len(gzip.compress(small.stdout)) <= MOST_OF_A_CHAT, small.stderr


def test_it_needs_nothing_and_works_on_strict_pages() -> None:
    manifest = json.loads((SDK / "package.json").read_text("utf-8"))
    assert "dependencies" not in manifest
    for module in MODULES:
        text = code(module)
        for name in re.findall(r"""from ["']([^"']+)["']""", text):
            assert name.startswith("./"), f"{module.name} imports {name}"
            assert (module.parent / name).is_file(), f"{module.name} imports {name}"
        assert not re.search(
            r"\beval\b|new Function|innerHTML|document\.write|createElement|\bimport\(|process\.|require\(", text
        )


def test_the_lock_file_has_hashes_and_no_addresses() -> None:
    lock = (SDK / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert "://" not in lock
    packages = json.loads(lock)["packages"]
    assert all("integrity" in it for name, it in packages.items() if name)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has the package as it would be published: packed by npm, and unpacked."""
    here = tmp_path_factory.mktemp("package")
    ours = shutil.copytree(SDK, here / "sdk/js", ignore=shutil.ignore_patterns("node_modules", "types"))
    (ours / "node_modules").symlink_to(SDK / "node_modules")
    shutil.copy(SDK.parents[1] / "LICENSE", here)
    run("npm", "pack", "--offline", "--pack-destination", here, at=ours)
    [packed] = here.glob("*.tgz")
    project = here / "project"
    with tarfile.open(packed) as archive:
        archive.extractall(project / "node_modules/@acquaint", filter="data")
    (project / "node_modules/@acquaint/package").rename(project / "node_modules/@acquaint/client")
    (project / "package.json").write_text('{"type": "module"}')
    return project


def test_the_package_holds_the_modules_their_types_and_nothing_else(installed: Path) -> None:
    package = installed / "node_modules/@acquaint/client"
    found = {it.relative_to(package).as_posix() for it in package.rglob("*") if it.is_file()}
    modules = {it.stem for it in MODULES}
    assert found == (
        {"package.json", "README.md", "LICENSE"}
        | {f"src/{it}.js" for it in modules}
        | {f"types/{it}.d.ts" for it in modules}
    )
    assert (package / "LICENSE").read_bytes() == (SDK.parents[1] / "LICENSE").read_bytes()


PAGE = """
import { AcquaintError, ChatClient, createClient, type AuthState, type News } from "@acquaint/client";
const client = createClient({ app: "acme", url: "https://chat.example.com" });
createClient({ app: "acme", url: "https://chat.example.com", storage: localStorage, fetch, WebSocket });
const states: AuthState[] = [];
const stop: () => void = client.onAuthStateChange((state) => states.push(state));
const heard = (news: News) => (news.type === "event" ? news.message?.text : news.type);
client.listen(heard);
// @ts-expect-error: a number is no token
void client.logIn(7);
// @ts-expect-error: which App?
createClient({ url: "https://chat.example.com" });
void client.post("1", "Hello").then((said) => said.created_at.slice(1));
void client.me().catch((error) => error instanceof AcquaintError && error.skew);
void client.react("1", "2", "👍").then((all) => all.map((it) => it.sign.length + it.users.length));
void client.search("order", { since: new Date() }).then((found) => found.items[0]?.text);
const small: ChatClient = client;
// @ts-expect-error: a chat window has no use for it
void small.react;
// @ts-expect-error: nobody's but the client's own
void small.visitor;
stop();
"""


def test_its_types_can_be_used(installed: Path) -> None:
    (installed / "page.ts").write_text(PAGE)
    strictly = (
        "--strict",
        "--noEmit",
        "--target",
        "es2022",
        "--module",
        "nodenext",
    )  # the strictest way to find a module
    run(SDK / "node_modules/.bin/tsc", *strictly, "page.ts", at=installed)


@pytest.fixture
def operator_key(server: Server) -> str:
    return str(server.run("keys", "create", "--server", "--name", "readme")["api_key"])


def test_the_readme_works(server: Server, operator_key: str, installed: Path) -> None:
    key = {"Authorization": f"Bearer {operator_key}"}
    made = httpx2.post(f"{server.url}/acquaint/v1/server/apps", json={"name": "Acme"}, headers=key).json()
    slug, secret = made["app"]["slug"], made["signing_secret"]
    known = {
        "url": server.url,
        "token": sign_login(secret, external_id="42", name="Ann"),
        "yesterdaysToken": sign_login(secret, external_id="42", now=time.time() - 86400),
    }
    imports, rest = examples()
    page = installed / "page.mjs"
    page.write_text(
        f"{imports}import WebSocket from {json.dumps(str(SDK / 'node_modules/ws/wrapper.mjs'))};\n"
        "globalThis.WebSocket ??= WebSocket;\n"
        f"const {{ url, token, yesterdaysToken }} = {json.dumps(known)};\nconst fetchJwt = async () => token;\n"
        + rest.replace('"acme"', json.dumps(slug))
    )
    assert run("node", page).splitlines() == SAYS


def needed_by(name: str) -> list[str]:
    """What a module imports, and that, and so on; and itself."""
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        it = waiting.pop()
        if it not in found:
            found[it] = None
            waiting += re.findall(r'^import .* from "./([^"]+)";$', (SDK / "src" / it).read_text("utf-8"), re.M)
    return list(found)


def code(module: Path) -> str:
    """Without comments: what is said there is not done."""
    return re.sub(r"/\*.*?\*/|(?m:(?<![:\"'`])//.*$)", "", module.read_text("utf-8"), flags=re.DOTALL)


def run(*command: object, at: Path | None = None) -> str:
    asked = [str(it) for it in command]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=3 * PATIENCE, check=False, cwd=at)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
