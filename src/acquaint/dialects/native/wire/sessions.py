"""Sessions: every way in, what somebody says of themselves, and what is shown of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from ....domain import identities
from ....domain import sessions as domain
from ....domain.errors import Unacceptable
from ....domain.identities import Claimed, Identifier, normal_email
from ....ports.store import Recognised
from ....services.admission import Admission as Admitted
from . import users, values
from .users import OwnUser, SentIdentifiers
from .values import Custom, Email, Id, Login, Moment, Name, Password, Secret, Sent, Shown, Slug, given

Assurance = Literal["anonymous", "claimed", "verified"]
_ASSURANCES: Final[tuple[Assurance, ...]] = ("anonymous", "claimed", "verified")  # in the order of the domain's


class Guest(Sent):
    """Somebody with nothing but a name, for a day."""

    name: Name | UnsetType = UNSET


class Arrival(Sent):
    """One way in. What is sent decides which.

    Nothing but the App: a visit, by whoever holds the device. ``login`` or ``email``, and ``password``: a sign-in.
    ``token``: a sign-in with a token the App's server signed. ``guest``: a guest.
    """

    app: Slug
    workspace: values.Workspace | UnsetType = UNSET
    device_secret: Annotated[Secret | UnsetType, Meta(description="What this device was given before.")] = UNSET
    login: Login | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    register: Annotated[
        bool, Meta(description="With a login: the first time makes the user, if the App's Policy allows it.")
    ] = False
    token: Annotated[
        Annotated[str, Meta(min_length=1, max_length=8192)] | UnsetType,
        Meta(description="A JWT signed with HS256 and one of the App's signing secrets."),
    ] = UNSET
    guest: Guest | UnsetType = UNSET

    def way(self) -> Way:
        """The way in that was sent; refuses with Unacceptable when it could be two, or is half of one."""
        sent = [name for name in ("login", "email", "token", "guest") if getattr(self, name) is not UNSET]
        if len(sent) > 1:
            raise Unacceptable(sent[1], f"cannot come with {sent[0]}")
        password = given(self.password)
        if self.register and (sent != ["login"] or password is None):
            raise Unacceptable("register", "needs a login and a password")
        if (password is not None) != (sent in (["login"], ["email"])):
            raise Unacceptable("password", "needs a login or an email, and they need a password")
        if password is not None:
            login = given(self.login)
            named = Identifier.login(login) if login is not None else str(given(self.email))
            return ByPassword(named, password, self.register)
        if (token := given(self.token)) is not None:
            return ByToken(token)
        return AsGuest(given(self.guest.name)) if isinstance(self.guest, Guest) else JustVisiting()


@dataclass(frozen=True, slots=True)
class ByPassword:
    who: Identifier | str  # a typed address as text: whom it means is not for us to say
    password: str
    registers: bool


@dataclass(frozen=True, slots=True)
class ByToken:
    token: str


@dataclass(frozen=True, slots=True)
class AsGuest:
    name: str | None


@dataclass(frozen=True, slots=True)
class JustVisiting:
    pass


Way = ByPassword | ByToken | AsGuest | JustVisiting


class Claims(Sent):
    """What a visitor says about themselves. Kept apart from anything proven; what is not sent stays."""

    name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    phone: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    custom: Annotated[Custom | UnsetType, Meta(description="Added to what was said before.")] = UNSET

    def claimed(self) -> Claimed:
        email = given(self.email)
        return Claimed(
            given(self.name),
            None if email is None else normal_email(email),
            given(self.phone),
            given(self.custom) or {},
        )


class Voucher(users.UserChange, kw_only=True):
    """A user you vouch for: made if nobody has one of the identifiers, brought up to date otherwise."""

    identifiers: SentIdentifiers
    workspace: values.Workspace | UnsetType = UNSET
    device_secret: Annotated[
        Secret | UnsetType,
        Meta(description="Of the device it is for. What was said anonymously there is adopted."),
    ] = UNSET


class Session(Shown):
    """A user, or nobody yet, on one device in one workspace, believed this far, until then."""

    id: Id
    user_id: Id | None
    assurance: Annotated[Assurance, Meta(description="How sure we are who it is.")]
    workspace: str | None
    door: Annotated[str, Meta(description="The API it was opened through.")]
    has_device: bool
    opened_at: Moment
    last_seen_at: Moment
    expires_at: Annotated[Moment | None, Meta(description="If nobody uses it again; null: never.")]


class OwnSession(Session):
    """One of the user's sessions."""

    is_current: Annotated[bool, Meta(description="Whether it is the one that asks.")]


class OwnSessions(Shown):
    """All of the user's sessions that are open, newest first."""

    items: list[OwnSession]


class Sessions(Shown):
    """All of a user's sessions that are open, newest first."""

    items: list[Session]


class Ended(Shown):
    """How many sessions ended."""

    ended: int


class CurrentSession(Shown):
    """What a token opens."""

    session: Session
    user: Annotated[OwnUser | None, Meta(description="Null while nobody is there yet.")]


class Admission(Shown):
    """Somebody was let in. ``token`` and ``device_secret`` are shown this once."""

    token: Annotated[str, Meta(description="The bearer token of the session.")]
    device_secret: Annotated[
        str | None,
        Meta(description="What the device keeps to be known again; null where the session is tied to no device."),
    ]
    expires_at: Moment | None
    is_new_user: bool
    session: Session
    user: OwnUser | None


def assurance(it: identities.Assurance) -> Assurance:
    return _ASSURANCES[it]


def session(it: domain.Session) -> Session:
    return Session(
        id=str(it.id),
        user_id=values.optional_id(it.user_id),
        assurance=assurance(it.assurance),
        workspace=it.workspace,
        door=it.door,
        has_device=it.device_id is not None,
        opened_at=values.moment(it.created_at),
        last_seen_at=values.moment(it.last_seen_at),
        expires_at=values.optional_moment(it.expires_at),
    )


def own_session(it: domain.Session, current: domain.Session) -> OwnSession:
    return OwnSession(
        id=str(it.id),
        user_id=values.optional_id(it.user_id),
        assurance=assurance(it.assurance),
        workspace=it.workspace,
        door=it.door,
        has_device=it.device_id is not None,
        opened_at=values.moment(it.created_at),
        last_seen_at=values.moment(it.last_seen_at),
        expires_at=values.optional_moment(it.expires_at),
        is_current=it.id == current.id,
    )


def current(it: Recognised) -> CurrentSession:
    return CurrentSession(session=session(it.session), user=users.optional_own(it.user))


def admission(it: Admitted, device_secret: str | None) -> Admission:
    if it.token is None:
        raise TypeError("the native API opens a session of its own for everybody who is let in")
    return Admission(
        token=it.token,
        device_secret=device_secret,
        expires_at=values.optional_moment(it.session.expires_at),
        is_new_user=it.is_new_user,
        session=session(it.session),
        user=users.optional_own(it.user),
    )
