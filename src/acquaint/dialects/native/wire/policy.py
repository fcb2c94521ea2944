"""An App's Policy, and changes of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, structs

from ....domain import apps as domain
from ....domain.apps import MOST_FILE_SPACE
from ....domain.mails import LONGEST_SUBJECT, LONGEST_TEXT
from .values import Sent, Shown

Seconds = Annotated[int | float, Meta(description="Seconds.")]
Duration = Annotated[int | str, Meta(description="Seconds, or a text such as ``90s``, ``15m``, ``2h``, ``30d``.")]
Origins = Annotated[list[Annotated[str, Meta(max_length=255)]], Meta(max_length=100)]
Enforcement = Literal["off", "report", "enforce"]
Secrecy = Literal["never", "random", "always"]


MailKind = Literal["password_reset", "password_changed", "address_changed", "welcome", "email_confirmation"]


class MailText(Shown):
    """A mail as an App puts it."""

    subject: str
    text: str


class NewMailText(Sent):
    """A mail as the App is to put it. ``password_reset`` must name ``#{link}`` or ``#{user.get_reset_password_token}``,
    ``email_confirmation`` ``#{link}`` or ``#{user.confirmation_ticket}``; all may name ``#{app.title}``,
    ``#{user.email}`` and, but for ``address_changed``, ``#{user.full_name}``."""

    subject: Annotated[str, Meta(min_length=1, max_length=LONGEST_SUBJECT)]
    text: Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]


class Policy(Shown):
    """What the App allows."""

    registers_on_login: Annotated[bool, Meta(description="An unknown login and a password make a user.")]
    registers_on_token: Annotated[bool, Meta(description="A signed token, or you, may name an unknown user: made.")]
    adopts_on_sign_in: Annotated[
        bool, Meta(description="What the device said anonymously becomes the history of who signs in on it.")
    ]
    allows_guests: bool
    token_max_age: Annotated[Seconds, Meta(description="How far a signed token's iat may be off, in seconds.")]
    token_max_future: Annotated[
        Seconds | None, Meta(description="How far it may be ahead of the server's clock; null: as far as behind it.")
    ]
    token_requires_typ: Annotated[bool, Meta(description="A signed token's header must say typ JWT.")]
    session_idle: Annotated[
        Seconds | None, Meta(description="Seconds after its last use that a session ends; null: as the API has it.")
    ]
    session_at_most: Annotated[
        Seconds | None, Meta(description="Seconds after it was opened that a session ends; null: as the API has it.")
    ]
    token_lifetime: Annotated[
        Seconds | None,
        Meta(description="Seconds after which a token is to be renewed, where the API can (Qiscus'); null: never."),
    ]
    sessions_per_user: Annotated[int, Meta(description="Live at once; of more, the longest unused one ends.")]
    password_min_length: Annotated[int | None, Meta(description="Null: 8.")]
    ends_sessions_on_password_change: Annotated[bool, Meta(description="All but the one that changed it.")]
    allows_sign_up: Annotated[bool, Meta(description="By ConnectyCube's API, whatever `registers_on_login` says.")]
    resets_passwords_by_mail: bool
    requires_confirmed_emails: Annotated[
        bool, Meta(description="Who registers with an e-mail address is let in once they confirmed it by mail.")
    ]
    tells_of_new_passwords: Annotated[
        bool, Meta(description="Users are mailed that their password was changed, at an address that is proved.")
    ]
    sends_welcome_mails: Annotated[
        bool, Meta(description="Whom your server makes with an e-mail address is mailed that they are welcome.")
    ]
    mail_texts: Annotated[
        dict[MailKind, MailText], Meta(description="How the App puts what is mailed; what is not there is our text.")
    ]
    chat_key_max_age: Annotated[
        Seconds | None, Meta(description="Seconds after which a chat key is due for a new one; null: never.")
    ]
    server_requests_per_minute: Annotated[
        int, Meta(description="Of your own servers over the APIs of Kustomer and OpenCX, all keys together.")
    ]
    lists_users: Annotated[
        bool, Meta(description="Users may go through the App's users; where not, they find whom they can name.")
    ]
    strict_user_queries: Annotated[
        bool, Meta(description="A user's query must name somebody; a span of time alone is refused.")
    ]
    shows_online_users: Annotated[bool, Meta(description="Users may ask who is online.")]
    shows_emails_and_phones: Annotated[
        bool, Meta(description="Users see each other's e-mail addresses and phone numbers, as ConnectyCube shows them.")
    ]
    keeps_messages_of_deleted_users: bool
    unverified_users_kept: Annotated[
        Seconds | None,
        Meta(
            description="Seconds after which unverified users are deleted who stayed away, have no conversation and no "
            "file, and whose sessions are over; null: never."
        ),
    ]
    audit_events_kept: Annotated[
        Seconds | None,
        Meta(
            description="Seconds after which Events about users, sessions, keys and the App itself go; null: never. At "
            "least 30 days."
        ),
    ]
    live_events_kept: Annotated[
        Seconds | None,
        Meta(
            description="Seconds after which Events about conversations go, and the messages stay; null: never. At "
            "least 30 days."
        ),
    ]
    file_space: Annotated[
        int | None, Meta(description="MiB of files that are kept in all; null: as many as the server allows.")
    ]
    enforcement: Annotated[
        Enforcement,
        Meta(description="Whether people nobody verified may begin conversations, talk and keep files."),
    ]
    workspace_names_device: Annotated[
        Secrecy,
        Meta(description="When the workspace that an unverified page names also names its device (OpenCX' widget)."),
    ]
    allowed_origins: Annotated[
        list[str], Meta(description="Origins of pages that may call from a browser; * is every page.")
    ]


class PolicyChange(Sent):
    """What to change. What is not sent stays."""

    registers_on_login: bool | UnsetType = UNSET
    registers_on_token: bool | UnsetType = UNSET
    adopts_on_sign_in: bool | UnsetType = UNSET
    allows_guests: bool | UnsetType = UNSET
    token_max_age: Duration | UnsetType = UNSET
    token_max_future: Duration | UnsetType | None = UNSET
    token_requires_typ: bool | UnsetType = UNSET
    session_idle: Duration | UnsetType | None = UNSET
    session_at_most: Duration | UnsetType | None = UNSET
    token_lifetime: Duration | UnsetType | None = UNSET
    sessions_per_user: Annotated[int, Meta(ge=1, le=10_000)] | UnsetType = UNSET
    password_min_length: Annotated[int, Meta(ge=1, le=256)] | UnsetType | None = UNSET
    ends_sessions_on_password_change: bool | UnsetType = UNSET
    allows_sign_up: bool | UnsetType = UNSET
    resets_passwords_by_mail: bool | UnsetType = UNSET
    requires_confirmed_emails: bool | UnsetType = UNSET
    tells_of_new_passwords: bool | UnsetType = UNSET
    sends_welcome_mails: bool | UnsetType = UNSET
    mail_texts: (
        Annotated[
            dict[MailKind, NewMailText | None],
            Meta(description="In place of all that were there. Plain text, with values such as ``#{app.title}``."),
        ]
        | UnsetType
    ) = UNSET
    chat_key_max_age: Duration | UnsetType | None = UNSET
    server_requests_per_minute: Annotated[int, Meta(ge=1, le=100_000)] | UnsetType = UNSET
    lists_users: bool | UnsetType = UNSET
    strict_user_queries: bool | UnsetType = UNSET
    shows_online_users: bool | UnsetType = UNSET
    shows_emails_and_phones: bool | UnsetType = UNSET
    keeps_messages_of_deleted_users: bool | UnsetType = UNSET
    unverified_users_kept: Duration | UnsetType | None = UNSET
    audit_events_kept: Duration | UnsetType | None = UNSET
    live_events_kept: Duration | UnsetType | None = UNSET
    file_space: Annotated[int, Meta(ge=1, le=MOST_FILE_SPACE)] | UnsetType | None = UNSET
    enforcement: Enforcement | UnsetType = UNSET
    workspace_names_device: Secrecy | UnsetType = UNSET
    allowed_origins: Origins | UnsetType = UNSET

    def values(self) -> dict[str, Any]:
        found = {name: value for name, value in structs.asdict(self).items() if value is not UNSET}
        if not isinstance(self.mail_texts, UnsetType):
            found["mail_texts"] = {kind: it and structs.asdict(it) for kind, it in self.mail_texts.items()}
        return found


def policy(it: domain.Policy) -> Policy:
    values = it.as_data()
    values["mail_texts"] = {kind: MailText(**text) for kind, text in values["mail_texts"].items()}
    return Policy(**values)
