"""What holds for the whole: who may import whom, a word for every refusal in every dialect, no two routes alike."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from acquaint import settings
from acquaint.dialects import ALL
from acquaint.domain import errors
from acquaint.domain.errors import Doubt, Refusal
from acquaint.web import dialect as web
from acquaint.web.dialect import Dialect
from acquaint.web.health import Health, own_words
from acquaint.web.switchboard import Switchboard

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/acquaint"
SOURCES = sorted(PACKAGE.rglob("*.py"))

OWN = own_words(cast(Health, type("Nothing", (), {"livez": None, "readyz": None, "metrics": None})))
EVERY_DIALECT = [*ALL, OWN]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE_OF_EACH: tuple[Refusal, ...] = (
    errors.Unreadable(),
    errors.Unacceptable("email", "is not an e-mail address"),
    errors.TooLarge(1024),
    errors.SpaceUsedUp(1024),
    errors.UnsupportedMedia("The body must be application/json."),
    errors.UnknownApp(),
    errors.AppClosed(),
    errors.InvalidCredentials(Doubt.WRONG_PASSWORD),
    errors.TokenRefused("alg", "is none"),
    errors.StaleToken(skew=timedelta(hours=1), allowed=timedelta(minutes=15), now=NOW),
    errors.ProviderRefused("google", 401, "invalid_token"),
    errors.UserBanned(),
    errors.RegistrationClosed(),
    errors.IdentifierTaken("email"),
    errors.AlreadySignedIn("login"),
    errors.SessionEnded(),
    errors.SessionExpired(),
    errors.NeedsUser(),
    errors.NotAllowed("org.admin"),
    errors.OriginRefused(),
    errors.AddressUnconfirmed(),
    errors.NotFound("user"),
    errors.TicketRefused(),
    errors.Repeated(),
    errors.ConversationClosed(),
    errors.TooManyRequests(timedelta(seconds=30)),
    errors.Busy(),
    errors.ProviderUnavailable("google"),
    web.NoSuchPath(),
    web.NoSuchMethod(["GET", "POST"]),
    web.OurFault(),
)


def _every_kind_of(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for it in kind.__subclasses__():
        if it.__module__.startswith(("acquaint.domain.", "acquaint.web.")):  # a dialect's own are its own affair
            yield it
            yield from _every_kind_of(it)


EVERY_KIND = sorted(set(_every_kind_of(Refusal)), key=lambda it: it.__name__)
each_dialect = pytest.mark.parametrize("dialect", EVERY_DIALECT, ids=lambda it: it.name)


def test_everybody_imports_only_whom_they_may() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_there_is_one_of_each_refusal_to_try() -> None:
    assert {type(it).__name__ for it in ONE_OF_EACH} == {it.__name__ for it in EVERY_KIND}


def test_no_two_dialects_answer_the_same_path() -> None:
    Switchboard(EVERY_DIALECT, others=OWN)
    assert len({it.name for it in EVERY_DIALECT}) == len(EVERY_DIALECT)


@each_dialect
@pytest.mark.parametrize("refusal", ONE_OF_EACH, ids=lambda it: type(it).__name__)
def test_every_dialect_says_every_refusal(dialect: Dialect, refusal: Refusal) -> None:
    response = dialect.refuse(refusal)

    assert response.status_code >= 400
    assert response.media_type == dialect.refuse(web.OurFault()).media_type
    assert _shape(response.body) >= _envelope(dialect)
    if isinstance(refusal, errors.Busy | errors.TooManyRequests):
        assert int(response.headers["retry-after"]) >= 1
        assert response.status_code in (429, 503)
    if isinstance(refusal, web.OurFault):
        assert response.status_code == 500
    else:
        assert response.status_code < 500 or isinstance(refusal, errors.Busy)


def _envelope(dialect: Dialect) -> set[str]:
    """What the bodies of all the dialect's errors have: the client looks for it."""
    shapes = [_shape(dialect.refuse(it).body) for it in ONE_OF_EACH]
    common = set.intersection(*shapes)
    assert common, f"the errors of {dialect.name} have nothing in common"
    return common


def _shape(body: bytes | memoryview) -> set[str]:
    found = msgspec.json.decode(body)
    assert isinstance(found, dict)
    return set(_paths(found))


def _paths(value: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, inner in value.items():
        yield above + name
        if isinstance(inner, dict):
            yield from _paths(inner, f"{above}{name}.")


@pytest.mark.parametrize("dialect", ALL, ids=lambda it: it.name)
def test_no_refusal_is_left_to_chance(dialect: Dialect) -> None:
    """Each has words of its own or of an ancestor that means something; ``Refusal`` itself means nothing."""
    said = set(dialect.errors) - {Refusal}
    left = [it.__name__ for it in EVERY_KIND if not said & set(it.__mro__)]
    assert not left, f"{dialect.name} has no words for {', '.join(left)}"


@each_dialect
@pytest.mark.parametrize(
    "doubts",
    [(Doubt.NO_SUCH_USER, Doubt.NO_PASSWORD, Doubt.WRONG_PASSWORD), (Doubt.UNKNOWN_KEY, Doubt.EXPIRED_KEY)],
    ids=["users", "keys"],
)
def test_a_stranger_never_learns_why_a_credential_was_wrong(dialect: Dialect, doubts: tuple[Doubt, ...]) -> None:
    refused = [dialect.refuse(errors.InvalidCredentials(it)) for it in doubts]
    assert len({(it.status_code, bytes(it.body), str(it.headers)) for it in refused}) == 1


@pytest.mark.parametrize("dialect", ALL, ids=lambda it: it.name)
def test_the_readme_of_a_dialect_names_each_of_its_routes(dialect: Dialect) -> None:
    """In full, or after a prefix that it names as well. What is only there to be refused has a path of any length."""
    named = set(re.findall(r"`([^`\n]+)`", (PACKAGE / "dialects" / dialect.name / "README.md").read_text()))
    prefixes = {"", *(it for it in named if it.startswith("/"))}
    routes = {(it.method, _readable(it.path)) for it in dialect.routes if not it.path.endswith(":path}")}
    unnamed = {
        f"{method} {path}"
        for method, path in routes
        if not any(path.startswith(it) and f"{method} {path[len(it) :]}" in named for it in prefixes)
    }
    assert not unnamed


def _readable(path: str) -> str:
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def test_every_folder_of_a_dialect_is_spoken() -> None:
    folders = {it.parent.name for it in (PACKAGE / "dialects").glob("*/__init__.py")}
    assert folders == {it.name for it in ALL}


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    rows = re.findall(
        r"^\| `ACQUAINT_(\w+)` \| (.+?) \| (.+?) \|$", (ROOT / "docs/operations/settings.md").read_text(), re.MULTILINE
    )
    said = [(name.lower(), sentence) for name, _, sentence in rows]
    assert said == [(it.name, it.metadata["says"]) for it in settings.known()]

    for (name, default, _), it in zip(rows, settings.known(), strict=True):
        if default.startswith("`") and default.endswith("`"):
            assert (
                it.metadata["reads"](default.strip("`")) in (it.default, default.strip("`")) or name == "DATABASE_URL"
            )
        else:
            assert it.default in ("", ()), f"{name} has a default that the page does not say"


def test_no_file_is_too_long_to_read() -> None:
    too_long = {str(it.relative_to(ROOT)): n for it in SOURCES if (n := it.read_text().count("\n")) > 400}
    assert not too_long


NO_HOME = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "base"}
NOT_OUR_WORDS = frozenset(
    "tenant project username strategy account customer contact room dialog thread participant occupant".split()
)


def test_everything_has_a_home_with_a_name() -> None:
    assert not [str(it) for it in SOURCES if it.stem in NO_HOME or it.parent.name in NO_HOME]


def test_the_core_uses_the_words_of_the_vocabulary() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for part in ("domain", "ports", "services")
        for path in sorted((PACKAGE / part).glob("*.py"))
        for name in _names(ast.parse(path.read_text()))
        if NOT_OUR_WORDS & {it.lower() for it in re.findall(r"[A-Za-z][a-z]*", name)}
    }
    assert not found


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
