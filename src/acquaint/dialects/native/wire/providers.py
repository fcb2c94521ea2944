"""Providers: coming in by one, setting one up, and trying it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from ....domain import providers as domain
from ....services.providers import DryRun
from . import values
from .values import Moment, Secret, Sent, Shown, Slug

ProviderName = Annotated[str, Meta(min_length=1, max_length=32, pattern="^[a-z0-9][a-z0-9_-]*$")]
Kind = Literal["custom", "firebase", "openid", "facebook", "twitter"]
Credential = Annotated[str, Meta(min_length=1, max_length=8192)]
Settings = Annotated[dict[str, Any], Meta(max_length=20)]


class Brought(Sent):
    """Somebody else's credential."""

    token: Annotated[Credential | UnsetType, Meta(description="An ID token; of Facebook and X the access token.")] = (
        UNSET
    )
    secret: Annotated[Secret | UnsetType, Meta(description="Of X: the access token's secret.")] = UNSET
    nonce: Annotated[Secret | UnsetType, Meta(description="What the ID token must carry.")] = UNSET
    project_id: Annotated[Secret | UnsetType, Meta(description="Of Firebase: the project, if it must be one.")] = UNSET
    login: Annotated[Credential | UnsetType, Meta(description="Of custom: a login, or a token of your own.")] = UNSET
    email: Annotated[Credential | UnsetType, Meta(description="Of custom.")] = UNSET
    password: Annotated[Credential | UnsetType, Meta(description="Of custom.")] = UNSET

    def credential(self) -> dict[str, str]:
        """What was sent of it, by name."""
        sent = {it: getattr(self, it) for it in Brought.__struct_fields__}
        return {name: value for name, value in sent.items() if value is not UNSET}


class ProviderArrival(Brought, kw_only=True):
    """Coming in by a Provider. What its kind needs is sent beside its name."""

    app: Slug
    provider: Annotated[
        ProviderName,
        Meta(description="facebook, twitter, firebase_phone, firebase_email, custom, or the name of an issuer."),
    ]
    workspace: values.Workspace | UnsetType = UNSET
    device_secret: Annotated[Secret | UnsetType, Meta(description="What this device was given before.")] = UNSET


class ProviderSetting(Sent):
    """A Provider as it is to be. It replaces all that it was, secrets included."""

    name: Annotated[ProviderName, Meta(description="That of its kind; an OpenID Connect issuer has one you choose.")]
    kind: Kind
    settings: Annotated[Settings, Meta(description="By kind: see the page about providers.")]
    is_enabled: Annotated[bool, Meta(description="Until then it can be tried, and lets nobody in.")] = True


class Provider(Shown):
    """Who may testify to the App's users. Secrets are never shown again."""

    name: str
    kind: Kind
    settings: dict[str, Any]
    is_enabled: bool
    changed_at: Moment


class Providers(Shown):
    """The App's Providers, by name."""

    items: list[Provider]


class Trial(Shown):
    """What a Provider was asked and answered, and whom that would have let in, or why nobody."""

    request: Annotated[dict[str, Any] | None, Meta(description="Without the password, and without your secrets.")]
    answer: Annotated[dict[str, Any] | None, Meta(description="Its status and the beginning of its body.")]
    mapped: Annotated[
        dict[str, Any] | None, Meta(description="Identifiers, profile, and the user who has them already.")
    ]
    why_not: str | None


def provider(it: domain.Provider) -> Provider:
    return Provider(
        name=it.name,
        kind=it.kind.value,
        settings=it.as_shown(),
        is_enabled=it.is_enabled,
        changed_at=values.moment(it.changed_at),
    )


def trial(it: DryRun) -> Trial:
    return Trial(
        request=None if it.request is None else dict(it.request),
        answer=None if it.answer is None else dict(it.answer),
        mapped=None if it.mapped is None else dict(it.mapped),
        why_not=it.why_not,
    )
