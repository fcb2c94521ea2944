"""From a path to an endpoint: exactly the routes there are, however a path is spelled."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from acquaint.domain.errors import NotFound, Refusal
from acquaint.web.dialect import Dialect, Endpoint, NoSuchMethod, NoSuchPath, OurFault, Route, WireError
from acquaint.web.switchboard import Switchboard

from .asgi import ask, scope_of


def says(name: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return JSONResponse({"by": name, "with": dict(request.path_params)})

    return endpoint


async def refuses(request: Request) -> Response:
    raise NotFound("user")


async def breaks(request: Request) -> Response:
    raise RuntimeError("acqs_secret in a message")


def dialect(name: str, *routes: Route, prefixes: tuple[str, ...] = ()) -> Dialect:
    return Dialect(
        name,
        prefixes,
        routes,
        {
            NoSuchPath: WireError(404, f"{name}_path", ""),
            NoSuchMethod: WireError(405, f"{name}_method", ""),
            OurFault: WireError(500, f"{name}_fault", ""),
            Refusal: WireError(400, f"{name}_refusal", ""),
        },
        lambda error: JSONResponse({"code": error.code}, error.status),
    )


VENDOR = dialect(
    "vendor",
    Route("GET", "/vendor/users", says("users")),
    Route("POST", "/vendor/users", says("make")),
    Route("GET", "/vendor/users/me", says("me")),
    Route("GET", "/vendor/users/{id}", says("user")),
    Route("PUT", "/vendor/users/{id}/ban", says("ban"), for_browsers=False),
    Route("GET", "/vendor/numbered/{number:int}", says("numbered")),
    Route("GET", "/vendor/refuses", refuses),
    Route("GET", "/vendor/breaks", breaks),
    prefixes=("/vendor/",),
)
OTHERS = dialect("others", Route("GET", "/livez", says("alive")))
BOARD = Switchboard([VENDOR, OTHERS], OTHERS)


async def answer(method: str, path: str, *headers: tuple[str, str]) -> tuple[int, bytes]:
    it = await ask(BOARD, scope_of(method, path, headers))
    return it.status, it.body


@pytest.mark.parametrize(
    ("path", "by"),
    [
        ("/vendor/users", b'"by":"users"'),
        ("//vendor///users", b'"by":"users"'),  # a base URL with a slash at its end
        ("/vendor/users/me", b'"by":"me"'),
        ("/vendor/users/7", b'"with":{"id":"7"}'),
        ("/vendor/users/a b", b'"with":{"id":"a b"}'),
        ("/vendor/users/..", b'"with":{"id":".."}'),
        ("/vendor/users/%2F", b'"with":{"id":"%2F"}'),  # what was encoded twice stays encoded once
        ("/vendor/numbered/12", b'"number":12'),
        ("/livez", b"alive"),
    ],
)
async def test_a_path_leads_to_its_route(path: str, by: bytes) -> None:
    status, body = await answer("GET", path)
    assert (status, by in body) == (200, True)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/vendor",
        "/vendor/",
        "/vendor/users/",
        "/vendor/Users",
        "/VENDOR/users",
        "/vendor/users/7/",
        "/vendor/users/7/8",  # 7%2F8: an encoded slash makes no other route's path
        "/vendor/users/../users",
        "/vendor/./users",
        "/vendor/users/..;/me",
        "/vendor/users/7/ban\n",
        "/vendor/users/7\x00",
        "/vendor/users\x00",
        "/vendor/users;x=1",
        "/vendor/users.json",
        "/vendor/numbered/-1",
        "/vendor/numbered/x",
        "/vendor/numbered/" + "9" * 5000,
        "/" + "a/" * 20_000,
        "\\vendor\\users",
        "http://evil.example/vendor/users",
    ],
)
async def test_any_other_path_is_nobodys(path: str) -> None:
    status, body = await answer("GET", path)
    assert status == 404
    assert (b"vendor_path" in body) == path.replace("//", "/").startswith("/vendor/")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/vendor/users", 200),
        ("HEAD", "/vendor/users/7/ban", 405),
        ("DELETE", "/vendor/users", 405),
        ("TRACE", "/vendor/users", 405),
        ("get", "/vendor/users", 405),
        ("GET\r\nX: y", "/vendor/users", 405),
        ("", "/vendor/users", 405),
        ("OPTIONS", "/vendor/users", 204),
        ("OPTIONS", "/vendor/nothing", 404),
        ("OPTIONS", "*", 404),
        ("GET", "/vendor/refuses", 400),
        ("GET", "/vendor/breaks", 500),
    ],
)
async def test_a_method_is_there_or_refused(method: str, path: str, status: int) -> None:
    assert (await answer(method, path))[0] == status


async def test_what_breaks_says_nothing_of_why() -> None:
    assert (await answer("GET", "/vendor/breaks"))[1] == b'{"code":"vendor_fault"}'


async def test_a_refused_method_says_which_there_are() -> None:
    refused = await ask(BOARD, scope_of("DELETE", "/vendor/users"))
    assert refused.headers["allow"] == "GET, POST"


async def test_a_browser_is_told_only_about_routes_for_browsers() -> None:
    origin = ("origin", "https://a.example")
    asked = ("access-control-request-headers", "x-token, content-type")
    open_to_pages = await ask(BOARD, scope_of("OPTIONS", "/vendor/users", [origin, asked]))
    assert open_to_pages.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in open_to_pages.headers
    assert open_to_pages.headers["access-control-allow-headers"] == "x-token, content-type"
    servers_only = await ask(BOARD, scope_of("OPTIONS", "/vendor/users/7/ban", [origin, asked]))
    assert not [it for it in servers_only.headers if it.startswith("access-control")]
    answered = await ask(BOARD, scope_of("PUT", "/vendor/users/7/ban", [origin]))
    assert not [it for it in answered.headers if it.startswith("access-control")]


async def test_a_refusal_too_may_be_read_by_a_page() -> None:
    refused = await ask(BOARD, scope_of("GET", "/vendor/refuses", [("origin", "https://a.example")]))
    assert refused.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/users", "/users"),
        ("/users/{id}", "/users/{id}"),
        ("/users/{id}", "/users/{name}"),
        ("/users/{id}/x", "/users/{name}/x"),
        ("/users/{id}", "/users/me"),
        ("/users/me", "/users/{id}"),
        ("/{app}/x", "/users/x"),
        ("/users/x", "/{app}/x"),
        ("/users-{id}", "/users-me"),
        ("/users/{id}", "/users/{rest:path}"),
        ("/users/{rest:path}", "/users/{id}/x"),
    ],
)
def test_two_dialects_cannot_both_answer_a_path(one: str, other: str) -> None:
    """Otherwise adding a dialect could silently take another one's requests, credentials and all."""
    first = dialect("first", Route("GET", one, says("first")))
    second = dialect("second", Route("GET", other, says("second")))
    with pytest.raises(ValueError, match="second"):
        Switchboard([first, second], first)


def test_a_dialect_may_say_more_exactly_what_a_pattern_of_its_own_would_answer() -> None:
    one = dialect("one", Route("GET", "/users/me", says("me")), Route("GET", "/users/{id}", says("somebody")))
    two = dialect("two", Route("GET", "/groups/{id}", says("a group")))
    Switchboard([one, two], OTHERS)


def test_a_dialect_cannot_have_a_route_twice() -> None:
    with pytest.raises(ValueError, match="two routes"):
        Switchboard([dialect("first", Route("GET", "/a", says("a")), Route("GET", "/a", says("b")))], OTHERS)
