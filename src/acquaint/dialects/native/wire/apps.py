"""An App, its keys and secrets, and what happened in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from ....domain import apps as domain
from ....domain import events, keys
from ....domain.paging import Page
from ....domain.users import UserId
from ....services.apps import NewApp as Made
from . import values
from .policy import Policy, policy
from .values import Id, Moment, Paging, Sent, Shown

Days = Annotated[int, Meta(ge=1, le=3650)]


class App(Shown):
    """A tenant: its Policy and its public names."""

    id: Id
    slug: str
    name: str
    auth_key: Annotated[str, Meta(description="Public: names the App in ConnectyCube's SDKs.")]
    widget_token: Annotated[str, Meta(description="Public: names the App in OpenCX' widget.")]
    policy: Policy
    created_at: Moment
    closed_at: Annotated[Moment | None, Meta(description="While it is closed, every request of it is refused.")]


class Apps(Shown):
    """Every App of the server."""

    items: list[App]


class NewApp(Sent):
    """An App to be made. Without a slug one is made from the name."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    slug: Annotated[str, Meta(min_length=1, max_length=63, pattern="^[a-z0-9-]+$")] | UnsetType = UNSET


class AppChange(Sent):
    """Whether the App is switched off."""

    is_closed: bool


class MadeApp(Shown):
    """An App just made, with texts that are shown this once."""

    app: App
    api_key: Annotated[str, Meta(description="Role org.admin.")]
    chat_api_key: Annotated[str, Meta(description="Role org.tracking: public, for client SDKs that read it.")]
    signing_secret: Annotated[str, Meta(description="What the App's server signs tokens with.")]
    auth_secret: Annotated[str, Meta(description="ConnectyCube's signature secret.")]


class Key(Shown):
    """How the App's server proves itself. The text is not kept; ``ending`` helps to tell keys apart."""

    id: Id
    name: str
    roles: list[str]
    ending: str
    network: Annotated[str | None, Meta(description="CIDR: the only addresses it may be used from; null: any.")]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    used_at: Annotated[Moment | None, Meta(description="The last time, to a minute.")]


class Keys(Shown):
    """The App's keys, oldest first, revoked ones too."""

    items: list[Key]


if TYPE_CHECKING:
    KeyRole = str
else:
    KeyRole = Literal[tuple(it.value for it in keys.GIVEN)]
"""``org.tracking`` is not among them: the public key comes with the App, and Kustomer's API makes others."""


class NewKey(Sent):
    """A key to be made."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    roles: Annotated[
        list[KeyRole],
        Meta(
            min_length=1,
            max_length=20,
            description=(
                "`org.user` is for your servers, `org.admin` for rules, keys and secrets as well. The others narrow "
                "what a key may do over Kustomer's API, and open nothing here."
            ),
        ),
    ]
    expires_in_days: Annotated[Days | UnsetType, Meta(description="Without it, it does not expire.")] = UNSET
    network: Annotated[
        Annotated[str, Meta(max_length=64, examples=["203.0.113.0/24"])] | UnsetType,
        Meta(description="CIDR: the only addresses it may be used from."),
    ] = UNSET


class MadeKey(Shown):
    """A key just made. ``text`` is shown this once."""

    key: Key
    text: str


class SigningSecret(Shown):
    """What the App's server signs tokens with. Several may be believed at once, so that rotation is calm."""

    id: Id
    is_believed: bool
    created_at: Moment
    retired_at: Annotated[Moment | None, Meta(description="From then on it is not believed; may lie ahead.")]


class SigningSecrets(Shown):
    """The App's signing secrets, oldest first, retired ones too."""

    items: list[SigningSecret]


class Rotation(Sent):
    """What becomes of the older secrets."""

    grace_seconds: Annotated[
        Annotated[int, Meta(ge=0, le=30 * 86400)] | UnsetType,
        Meta(description="They are believed for so long; without it, until they are retired."),
    ] = UNSET

    def grace(self) -> timedelta | None:
        return None if isinstance(self.grace_seconds, UnsetType) else timedelta(seconds=self.grace_seconds)


class MadeSecret(Shown):
    """A signing secret just made. ``text`` is shown this once."""

    secret: SigningSecret
    text: str


EventKind = Literal[
    "app.created",
    "app.changed",
    "key.created",
    "key.revoked",
    "secret.rotated",
    "secret.retired",
    "secret.shown",
    "webhook.created",
    "webhook.changed",
    "webhook.removed",
    "webhook.disabled",
    "webhook.tested",
    "user.created",
    "user.changed",
    "user.banned",
    "user.admitted_again",
    "user.deleted",
    "user.blocked",
    "user.unblocked",
    "user.merged",
    "password.changed",
    "session.opened",
    "session.taken",
    "session.left",
    "session.renewed",
    "session.ended",
    "sign_in.refused",
    "history.adopted",
    "visitor.did",
]


class EventPaging(Paging):
    """Which events are wanted."""

    user: Annotated[Id | None, Meta(description="Only those about this user.")] = None
    kind: Annotated[EventKind | UnsetType, Meta(description="Only those of this kind.")] = UNSET

    def user_id(self) -> UserId | None:
        return None if self.user is None else UserId(values.id_of(self.user, "user"))

    def kinds(self) -> frozenset[events.EventKind]:
        kind = values.given(self.kind)
        return events.IDENTITY_KINDS if kind is None else frozenset({events.EventKind(kind)})


class Event(Shown):
    """Something that happened to an identity, the App or a key."""

    id: Id
    kind: str
    at: Moment
    user_id: Id | None
    session_id: Id | None
    details: Annotated[dict[str, Any], Meta(description="Never a secret or a message's text.")]


class EventPage(Shown):
    """What happened, newest first."""

    items: list[Event]
    next: Annotated[Id | None, Meta(description=values.NEXT)]


def app(it: domain.App) -> App:
    return App(
        id=str(it.id),
        slug=it.slug,
        name=it.name,
        auth_key=it.public_keys.auth_key,
        widget_token=it.public_keys.widget_token,
        policy=policy(it.policy),
        created_at=values.moment(it.created_at),
        closed_at=values.optional_moment(it.closed_at),
    )


def made_app(it: Made) -> MadeApp:
    return MadeApp(
        app=app(it.app),
        api_key=it.api_key,
        chat_api_key=it.chat_key,
        signing_secret=it.signing_secret,
        auth_secret=it.app.auth_secret,
    )


def key(it: keys.ApiKey) -> Key:
    return Key(
        id=str(it.id),
        name=it.name,
        roles=[role.value for role in it.roles],
        ending=it.ending,
        created_at=values.moment(it.created_at),
        network=it.network,
        expires_at=values.optional_moment(it.expires_at),
        revoked_at=values.optional_moment(it.revoked_at),
        used_at=values.optional_moment(it.used_at),
    )


def secret(it: keys.SigningSecret, now: datetime) -> SigningSecret:
    return SigningSecret(
        id=str(it.id),
        is_believed=it.verifies(now),
        created_at=values.moment(it.created_at),
        retired_at=values.optional_moment(it.retired_at),
    )


def event(it: events.Event) -> Event:
    return Event(
        id=str(it.id),
        kind=it.kind.value,
        at=values.moment(it.at),
        user_id=values.optional_id(it.user_id),
        session_id=values.optional_id(it.session_id),
        details=dict(it.details),
    )


def event_page(page: Page[events.Event]) -> EventPage:
    return EventPage(items=[event(it) for it in page.items], next=values.optional_id(page.next))
