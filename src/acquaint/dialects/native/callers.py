"""Who may call a route, and how they prove it. Asked in one place, from the route's declaration.

NOBODY      no credential: whoever wants to come in
VISITOR     a session, by its token
USER_KEY    the App's server, by an API key with the role org.user (or org.admin)
ADMIN_KEY   the App's server, by an API key with the role org.admin
OPERATOR    the server's operator, by a key of the server
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from starlette.requests import Request

from ...domain import errors
from ...domain.apps import App
from ...domain.errors import Refusal
from ...domain.keys import ApiKey, Role
from ...domain.tokens import TokenKind
from ...ports.store import Recognised
from ...services.apps import by_api_key, check_operator_key
from ...services.sessions import resume
from ...web.cors import check_origin
from ...web.dialect import core_of, visit_of
from ...web.reading import bearer
from .problems import NoCredential, WrongCredential

Who = TypeVar("Who")


@dataclass(frozen=True, slots=True)
class Caller(Generic[Who]):
    """A kind of caller: how one is recognised, what may be refused, and the name its kept answers are under."""

    name: str
    needs: str  # the credential, for people
    find: Callable[[Request], Awaitable[Who]]
    known_as: Callable[[Who], str] | None  # None: nobody in particular, for whom nothing can be kept
    refusals: tuple[type[Refusal], ...] = ()
    for_browsers: bool = True


async def _nobody(request: Request) -> None:
    return None


async def _visitor(request: Request) -> Recognised:
    token = bearer(request)
    if token is None:
        raise NoCredential
    if token.startswith(_API_KEY):
        raise WrongCredential(VISITOR.needs)
    it = await resume(core_of(request), token)
    check_origin(request, it.app)
    return it


async def _user_key(request: Request) -> App:
    return await by_api_key(core_of(request), _key_in(request, USER_KEY.needs), Role.USER, address=_address(request))


async def _admin_key(request: Request) -> App:
    return await by_api_key(core_of(request), _key_in(request, ADMIN_KEY.needs), Role.ADMIN, address=_address(request))


async def _operator(request: Request) -> ApiKey:
    return await check_operator_key(core_of(request), _key_in(request, OPERATOR.needs), address=_address(request))


def _address(request: Request) -> str:
    return visit_of(request).address


def _key_in(request: Request, needed: str) -> str:
    token = bearer(request)
    if token is None:
        raise NoCredential
    if token.startswith(_SESSION):
        raise WrongCredential(needed)
    return token


_API_KEY: Final = f"{TokenKind.API_KEY}_"
_SESSION: Final = f"{TokenKind.SESSION}_"
_OF_VISITORS: Final = (
    NoCredential,
    WrongCredential,
    errors.SessionEnded,
    errors.SessionExpired,
    errors.AppClosed,
    errors.OriginRefused,
)
_OF_KEYS: Final = (NoCredential, WrongCredential, errors.InvalidCredentials, errors.NotAllowed)

NOBODY: Final[Caller[None]] = Caller("nobody", "no credential", _nobody, None)
VISITOR: Final[Caller[Recognised]] = Caller(
    "visitor", "a session token", _visitor, lambda it: f"session:{it.session.id}", _OF_VISITORS
)
USER_KEY: Final[Caller[App]] = Caller(
    "app",
    f"an API key of the App with the role {Role.USER}",
    _user_key,
    lambda app: f"app:{app.id}",
    (*_OF_KEYS, errors.AppClosed),
    for_browsers=False,
)
ADMIN_KEY: Final[Caller[App]] = Caller(
    "admin",
    f"an API key of the App with the role {Role.ADMIN}",
    _admin_key,
    lambda app: f"app:{app.id}",
    (*_OF_KEYS, errors.AppClosed),
    for_browsers=False,
)
OPERATOR: Final[Caller[ApiKey]] = Caller(
    "operator", "an API key of the server", _operator, lambda key: f"server:{key.id}", _OF_KEYS, for_browsers=False
)
