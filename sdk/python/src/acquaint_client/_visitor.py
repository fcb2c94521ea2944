"""What a visitor's client knows and does, as flows. Whether anybody waits or awaits is not decided here.

A login is kept whole, under one name: it is there, or it is not. Logging out removes it before it tells the server, so
that whatever happens meanwhile, the next person here finds nothing.

A session that ended elsewhere is not replaced in silence when somebody was logged in: what Ann is about to write would
be written by nobody. Every call is refused until somebody logs in or out. Anonymous sessions begin anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from . import _calls, models
from ._call import Call
from ._flow import Do, Flow, Wire
from .errors import AcquaintError, AlreadySignedIn, SessionEnded, SomebodyElse
from .models import Admission, CurrentSession, LoggedOut, OwnUser
from .signing import unproven_claims
from .store import Store

T = TypeVar("T")

VERSION: Final = 1  # of what is stored


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a login."""

    admission: Admission
    has_ended: bool = False

    @property
    def is_of_somebody(self) -> bool:
        return self.admission.session.assurance == "verified"

    def to_text(self) -> str:
        return json.dumps({"version": VERSION, "has_ended": self.has_ended, "admission": models.plain(self.admission)})

    @classmethod
    def from_text(cls, text: str | None) -> Kept | None:
        """None for what this version did not write."""
        try:
            found = json.loads(text or "null")
            if not isinstance(found, dict) or found.get("version") != VERSION:
                return None
            return cls(models.read(Admission, found["admission"]), bool(found["has_ended"]))
        except (ValueError, TypeError, KeyError):
            return None


class Over(Exception):
    """The session that was asked in has ended."""

    def __init__(self, kept: Kept, refusal: SessionEnded) -> None:
        super().__init__()
        self.kept, self.refusal = kept, refusal


class Visitor:
    """One App on one server, as whoever is in front of this client."""

    def __init__(self, wire: Wire, store: Store, *, app: str, workspace: str | None) -> None:
        self.wire = wire
        self.app, self._store, self._workspace = app, store, workspace
        self._name = json.dumps(["acquaint", wire.url, app, workspace])
        self._kept: Kept | None = None
        self._is_loaded = False

    # Local, and at once

    @property
    def kept(self) -> Kept | None:
        if not self._is_loaded:
            self._kept, self._is_loaded = Kept.from_text(self._store.read(self._name)), True
        return self._kept

    @property
    def user(self) -> OwnUser | None:
        return None if self.kept is None else self.kept.admission.user

    def is_logged_in(self, **names: str | None) -> bool:
        it = self.kept
        if it is None or not it.is_of_somebody or it.has_ended or self._is_over(it):
            return False
        user = it.admission.user
        asked = {kind: name for kind, name in names.items() if name is not None}
        return user is not None and all(_is_named(user, kind, name) for kind, name in asked.items())

    def _is_over(self, it: Kept) -> bool:
        expires_at = it.admission.expires_at
        return expires_at is not None and expires_at <= self.wire.server_now()

    @property
    def needs_session(self) -> bool:
        return self.kept is None

    # Coming in

    def arrive(self) -> Flow[None]:
        """Comes in anonymously, if nobody is in yet."""
        if self.kept is None:
            yield from self._come_in()

    def log_in(self, jwt: str) -> Flow[Admission]:
        self._refuse_another(unproven_claims(jwt))
        return (yield from self._come_in(device_secret=self._device_secret(unproven_claims(jwt)), token=jwt))

    def log_in_with_password(self, password: str, *, register: bool, **names: str | None) -> Flow[Admission]:
        name = _only(names)
        claims = self._as_registered(name)
        self._refuse_another(claims)
        more = {"register": True} if register else {}
        return (yield from self._come_in(device_secret=self._device_secret(claims), password=password, **name, **more))

    def register(self, password: str, *, name: str | None, **names: str | None) -> Flow[Admission]:
        who = _only(names)
        self._refuse_anybody()
        call = _calls.register(
            self.app,
            workspace=self._workspace,
            device_secret=self._device_secret({}),
            password=password,
            name=name,
            **who,
        )
        return (yield from self._let_in(call))

    def come_in_as_guest(self, name: str | None) -> Flow[Admission]:
        self._refuse_anybody()
        return (yield from self._come_in(guest={} if name is None else {"name": name}))

    def log_in_with_provider(self, provider: str, credential: Mapping[str, Any]) -> Flow[Admission]:
        """Whom it means only the provider knows: what it says is refused where somebody else is logged in."""
        it, is_somebodys = self.kept, self.is_logged_in()
        device_secret = None if it is None or it.is_of_somebody else it.admission.device_secret
        call = _calls.come_in_by_provider(
            self.app, provider, credential, workspace=self._workspace, device_secret=device_secret
        )
        admission = yield from self.wire.exchange(call, None)
        if it is not None and is_somebodys and it.admission.session.user_id != admission.session.user_id:
            yield from self._tell_log_out(admission.token)
            raise AlreadySignedIn("Somebody else is logged in here: log out first.", code="already_signed_in")
        yield from self._keep(Kept(admission))
        return admission

    def take_over(self, admission: Admission) -> Flow[None]:
        """Goes on in a session that the App's server vouched for."""
        it = self.kept
        if it is not None and it.is_of_somebody and it.admission.session.user_id != admission.session.user_id:
            raise AlreadySignedIn("Somebody else is logged in here: log out first.", code="already_signed_in")
        yield from self._keep(Kept(admission))

    def log_out(self) -> Flow[LoggedOut]:
        it = self.kept
        self._kept = None
        broken: Exception | None = None
        try:
            yield Do(lambda: self._store.remove(self._name))
        except Exception as error:  # whatever a store raises: the server is to know all the same
            broken = error
        told = it is None or (yield from self._tell_log_out(it.admission.token))
        if broken is not None:
            raise broken
        return LoggedOut(told_server=told)

    def _tell_log_out(self, token: str) -> Flow[bool]:
        try:
            yield from self.wire.exchange(_calls.log_out(), token)
        except SessionEnded:
            return True
        except AcquaintError:
            return False
        return True

    def log_out_then_log_in(self, jwt: str) -> Flow[Admission]:
        yield from self.log_out()
        return (yield from self.log_in(jwt))

    def replace_by(self, id: str, jwt: str) -> Flow[None]:
        """Whoever is here goes, and this person comes. Raises SomebodyElse, and then nobody is logged in."""
        if self.is_logged_in():
            yield from self.log_out()
        yield from self.log_in(jwt)
        if not self.is_person(id):
            yield from self.log_out()
            raise SomebodyElse("The token names another person than was asked for.", code="somebody_else")

    def is_person(self, id: str) -> bool:
        return self.is_logged_in(external_id=id) or self.is_logged_in(email=id)

    # Being in

    def ask(self, call: Call[T]) -> Flow[T]:
        """The answer to the call, in the session one is in. Raises Over when that has ended: ask ``come_back``."""
        it = self.kept
        if it is None:
            raise SessionEnded("Nobody is here any more: somebody logged out meanwhile.", code="session_ended")
        if it.has_ended:
            raise SessionEnded("The session has ended. Log in again, or log out.", code="session_ended")
        try:
            return (yield from self.wire.exchange(call, it.admission.token))
        except SessionEnded as refusal:
            raise Over(it, refusal) from None

    def come_back(self, over: Over) -> Flow[None]:
        """An anonymous session that has ended begins anew. Raises SessionEnded when it was somebody's."""
        if self.kept is over.kept:
            if over.kept.is_of_somebody:
                yield from self._keep(replace(over.kept, has_ended=True))
            else:
                yield from self._come_in(device_secret=over.kept.admission.device_secret)
        if self.kept is None or self.kept.is_of_somebody:
            raise over.refusal  # what was asked, was asked by whoever was here then

    def ask_as(self, token: str, call: Call[T]) -> Flow[T]:
        """The answer to the call, in this session and in no other."""
        return (yield from self.wire.exchange(call, token))

    def saw(self, found: CurrentSession) -> Flow[None]:
        """What the server says of the session is kept."""
        yield from self._update(found.session.id, lambda it: replace(it, session=found.session, user=found.user))

    def saw_user(self, user: OwnUser) -> Flow[None]:
        if self.kept is not None and self.kept.admission.session.user_id == user.id:
            yield from self._update(self.kept.admission.session.id, lambda it: replace(it, user=user))

    # How it is kept

    def _come_in(self, *, device_secret: str | None = None, **way: Any) -> Flow[Admission]:
        call = _calls.come_in(self.app, workspace=self._workspace, device_secret=device_secret, **way)
        return (yield from self._let_in(call))

    def _let_in(self, call: Call[Admission]) -> Flow[Admission]:
        admission = yield from self.wire.exchange(call, None)
        yield from self._keep(Kept(admission))
        return admission

    def _keep(self, it: Kept) -> Flow[None]:
        self._kept, self._is_loaded = it, True
        yield Do(lambda: self._store.write(self._name, it.to_text()))

    def _update(self, session_id: str, change: Callable[[Admission], Admission]) -> Flow[None]:
        it = self.kept
        if it is not None and it.admission.session.id == session_id:
            yield from self._keep(replace(it, admission=change(it.admission)))

    def _refuse_another(self, claims: dict[str, Any]) -> None:
        if self.is_logged_in() and claims and not _may_be(self.user, claims):
            raise AlreadySignedIn("Somebody else is logged in here: log out first.", code="already_signed_in")

    def _refuse_anybody(self) -> None:
        if self.is_logged_in():
            raise AlreadySignedIn("Somebody is logged in here: log out first.", code="already_signed_in")

    def _as_registered(self, name: dict[str, str]) -> dict[str, str]:
        """An address that somebody registered with is their login: nobody has proved it."""
        login = None if self.user is None else self.user.identifiers.login
        typed = name.get("email", "").strip()
        return {"login": login} if login is not None and login.casefold() == typed.casefold() else name

    def _device_secret(self, claims: dict[str, Any]) -> str | None:
        """What the device is known by; not, if it was another person's when their session ended."""
        it = self.kept
        if it is None or (it.is_of_somebody and not _may_be(it.admission.user, claims)):
            return None
        return it.admission.device_secret


def _only(names: Mapping[str, str | None]) -> dict[str, str]:
    """The one name that was given; raises ValueError for none or more."""
    given = {kind: name for kind, name in names.items() if name is not None}
    if len(given) != 1:
        raise ValueError("give either login or email")
    return given


def _may_be(user: OwnUser | None, claims: dict[str, Any]) -> bool:
    """Whether these names are the user's. As the server does: the e-mail address decides, if there is one."""
    if user is None:
        return False
    for kind, claim in (("email", "email"), ("external_id", "externalId"), ("login", "login")):
        if isinstance(claims.get(claim), str) and claims[claim].strip():
            return _is_named(user, kind, claims[claim])
    return False


def _is_named(user: OwnUser, kind: str, name: str) -> bool:
    if kind == "user_id":
        return user.id == name
    proven: str | None = getattr(user.identifiers, kind)
    if kind == "email":
        return proven is not None and proven.casefold() == name.strip().casefold()
    return proven == name
