"""Users: as they see themselves, as the App's server sees them, and as other members do."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, structs

from ....domain import users as domain
from ....domain.directory import Condition, Field, Operator
from ....domain.errors import Unacceptable
from ....domain.identities import KEEP, Identifier, IdentifierKind, ProfileChange
from . import values
from .values import (
    Custom,
    Email,
    Id,
    Login,
    Moment,
    Name,
    Paging,
    Password,
    Phone,
    Secret,
    Sent,
    Shown,
    Since,
    Slug,
    Tags,
    Url,
    given,
)


class Identifiers(Shown):
    """The names that are proved to be the user's. Each is unique in the App."""

    login: str | None
    email: str | None
    phone: Annotated[str | None, Meta(description="Digits only.")]
    external_id: Annotated[str | None, Meta(description="The user's id in the App's own database.")]


class Claimed(Shown):
    """What somebody typed, or a page passed, about themselves. Proves nothing and names nobody."""

    name: str | None
    email: str | None
    phone: str | None
    custom: dict[str, Any]


class Face(Shown):
    """What other members of a conversation see of a user."""

    id: Id
    name: str | None
    avatar_url: str | None


class OwnUser(Shown):
    """A user, as they see themselves."""

    id: Id
    identifiers: Identifiers
    name: str | None
    avatar_url: str | None
    phone: Annotated[str | None, Meta(description="To be shown; it names nobody.")]
    custom: Annotated[dict[str, Any], Meta(description="What the App's server vouches for.")]
    claimed: Claimed
    is_verified: Annotated[bool, Meta(description="Whether anybody proved to be this user.")]
    is_guest: bool
    created_at: Moment
    updated_at: Moment


class User(OwnUser):
    """A user, as the App's server sees them."""

    tags: list[str]
    standing: Literal["active", "banned"]


class UserPage(Shown):
    """Users, newest first."""

    items: list[User]
    next: Annotated[Id | None, Meta(description=values.NEXT)]


class KnownUser(Shown):
    """A user that was made or brought up to date."""

    user: User
    is_new: bool


class Registration(Sent):
    """Somebody new, with a password. Give either a login or an e-mail address."""

    app: Slug
    password: Password
    login: Annotated[Login | UnsetType, Meta(description="A name, compared exactly.")] = UNSET
    email: Annotated[
        Email | UnsetType,
        Meta(description="An address. Nobody proved it yet, so it becomes the login and is kept as claimed."),
    ] = UNSET
    name: Name | UnsetType = UNSET
    device_secret: Annotated[Secret | UnsetType, Meta(description="What this device was given before.")] = UNSET
    workspace: values.Workspace | UnsetType = UNSET

    def who(self) -> Identifier | str:
        """The login; or else the address as it was typed. Refuses with Unacceptable."""
        login, email = given(self.login), given(self.email)
        if (login is None) == (email is None):
            raise Unacceptable("login", "or email is needed, and only one of them")
        return Identifier.login(login) if login is not None else str(email)

    def profile(self) -> ProfileChange:
        return ProfileChange(name=values.kept(self.name))


class OwnChange(Sent):
    """What to change of oneself. What is not sent stays; null empties."""

    name: Name | UnsetType | None = UNSET
    avatar_url: Url | UnsetType | None = UNSET
    phone: Annotated[
        Annotated[str, Meta(max_length=64)] | UnsetType | None, Meta(description="To be shown; it names nobody.")
    ] = UNSET
    custom: Annotated[
        Custom | UnsetType,
        Meta(description="Replaces ``claimed.custom``: nobody vouches for it."),
    ] = UNSET

    def profile(self) -> ProfileChange:
        return ProfileChange(
            name=values.kept(self.name),
            avatar_url=values.kept(self.avatar_url),
            phone=values.kept(self.phone),
            claimed_custom=KEEP if isinstance(self.custom, UnsetType) else self.custom,
        )


class PasswordChange(Sent):
    """The password of who is signed in, old and new."""

    old_password: Password
    new_password: Password


class UserChange(Sent):
    """What to change of a user. What is not sent stays; null empties."""

    name: Name | UnsetType | None = UNSET
    avatar_url: Url | UnsetType | None = UNSET
    phone: Annotated[
        Annotated[str, Meta(max_length=64)] | UnsetType | None, Meta(description="To be shown; it names nobody.")
    ] = UNSET
    custom: Annotated[Custom | UnsetType, Meta(description="Vouched for by you; replaces what was there.")] = UNSET
    tags: Tags | UnsetType = UNSET

    def profile(self) -> ProfileChange:
        return ProfileChange(
            name=values.kept(self.name),
            avatar_url=values.kept(self.avatar_url),
            phone=values.kept(self.phone),
            custom=KEEP if isinstance(self.custom, UnsetType) else self.custom,
            tags=KEEP if isinstance(self.tags, UnsetType) else tuple(self.tags),
        )


class SentIdentifiers(Sent):
    """Names that are the user's, because you say so. At least one; the first one that names anybody decides."""

    external_id: Annotated[Login | UnsetType, Meta(description="The user's id in your own database.")] = UNSET
    email: Email | UnsetType = UNSET
    login: Login | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET

    def read(self) -> tuple[Identifier, ...]:
        """Refuses with Unacceptable when there is none, or one is not of its kind."""
        found = _read(given(self.external_id), given(self.email), given(self.login), given(self.phone))
        if not found:
            raise Unacceptable("identifiers", "cannot be empty")
        return found


class LookUp(Sent):
    """Exactly one identifier."""

    external_id: Login | None = None
    email: Email | None = None
    login: Login | None = None
    phone: Phone | None = None

    def identifier(self) -> Identifier:
        found = _read(self.external_id, self.email, self.login, self.phone)
        if len(found) != 1:
            raise Unacceptable("external_id", "or email, login or phone is needed, and only one of them")
        return found[0]


class Search(Paging):
    """Users who meet all of it; nothing said means everybody."""

    login: Annotated[Login | None, Meta(description="Exactly this one.")] = None
    email: Annotated[
        Email | None,
        Meta(description="Proven or, while nobody in the App has proved to own it, claimed. So are the next two."),
    ] = None
    phone: Phone | None = None
    external_id: Login | None = None
    name: Annotated[Name | None, Meta(description="The whole name, in capitals or not.")] = None
    name_starts_with: Annotated[
        Annotated[str, Meta(min_length=1, max_length=255)] | None,
        Meta(description="How the name begins, in capitals or not."),
    ] = None
    tag: Annotated[Annotated[str, Meta(min_length=1, max_length=64)] | None, Meta(description="Has this tag.")] = None
    seen_since: Annotated[Since | None, Meta(description="Was here at this moment or later.")] = None
    created_since: Annotated[Since | None, Meta(description="Was made at this moment or later.")] = None

    def conditions(self) -> tuple[Condition, ...]:
        """What is asked besides the page; refuses with Unacceptable."""
        texts = (
            (Field.LOGIN, Operator.IN, self.login),
            (Field.EMAIL, Operator.IN, self.email),
            (Field.PHONE, Operator.IN, self.phone),
            (Field.EXTERNAL_ID, Operator.IN, self.external_id),
            (Field.NAME, Operator.IN, self.name),
            (Field.NAME, Operator.STARTS_WITH, self.name_starts_with),
            (Field.TAG, Operator.IN, self.tag),
        )
        moments = (
            (Field.LAST_SEEN_AT, values.read_moment(self.seen_since, "seen_since")),
            (Field.CREATED_AT, values.read_moment(self.created_since, "created_since")),
        )
        return (
            *(Condition.of(field, operator, it) for field, operator, it in texts if it is not None),
            *(Condition.of(field, Operator.AT_LEAST, it) for field, it in moments if it is not None),
        )


class PutUser(UserChange, kw_only=True):
    """A user to be made, or brought up to date: whoever one of the identifiers names."""

    identifiers: SentIdentifiers


class NewPassword(Sent):
    """A password that replaces the user's."""

    password: Password
    ends_sessions: Annotated[bool, Meta(description="Whether everything the user has open ends.")] = False


def own(user: domain.User) -> OwnUser:
    profile, claimed = user.profile, user.profile.claimed
    return OwnUser(
        id=str(user.id),
        identifiers=_identifiers(user),
        name=profile.name,
        avatar_url=profile.avatar_url,
        phone=profile.phone,
        custom=dict(profile.custom),
        claimed=Claimed(name=claimed.name, email=claimed.email, phone=claimed.phone, custom=dict(claimed.custom)),
        is_verified=user.is_verified,
        is_guest=user.is_guest,
        created_at=values.moment(user.created_at),
        updated_at=values.moment(user.updated_at),
    )


def optional_own(user: domain.User | None) -> OwnUser | None:
    return None if user is None else own(user)


def user(it: domain.User) -> User:
    return User(**structs.asdict(own(it)), tags=list(it.profile.tags), standing=it.standing.value)


def face(it: domain.User) -> Face:
    return Face(id=str(it.id), name=it.profile.name, avatar_url=it.profile.avatar_url)


def _read(external_id: str | None, email: str | None, login: str | None, phone: str | None) -> tuple[Identifier, ...]:
    found = (
        external_id and Identifier.external_id(external_id),
        email and Identifier.email(email),
        login and Identifier.login(login),
        phone and Identifier.phone(phone),
    )
    return tuple(it for it in found if isinstance(it, Identifier))


def _identifiers(user: domain.User) -> Identifiers:
    by_kind = {it.kind: it.value for it in user.identifiers}
    return Identifiers(
        login=by_kind.get(IdentifierKind.LOGIN),
        email=by_kind.get(IdentifierKind.EMAIL),
        phone=by_kind.get(IdentifierKind.PHONE),
        external_id=by_kind.get(IdentifierKind.EXTERNAL_ID),
    )
