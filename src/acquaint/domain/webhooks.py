"""Telling an App's own server what happened.

Webhook          where an App wants to hear what, signed with which secret
Delivery         one Event on its way to one Webhook, or arrived, or given up
Outcome          what became of one try
signature        what proves to the receiver that it was us (Standard Webhooks)

Deliveries are tried at least once and in no promised order: whoever needs an order finds the moment, and ids that
grow, in what is told. The rules of trying again are here; ``services/delivering`` acts on them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType
from urllib.parse import urlsplit

from .apps import AppId
from .errors import CannotOpen, Unacceptable
from .events import EventId, EventKind
from .identities import LONGEST_URL

WebhookId = NewType("WebhookId", int)

MOST_WEBHOOKS: Final = 20
"""Of one App. Each Event that several of them ask for is told so many times."""

RETRIED_AFTER: Final = tuple(
    timedelta(seconds=it) for it in (5, 60, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
)
"""How long after a try that failed the next one follows: nine tries within a bit more than a day."""

MOST_JITTER: Final = 0.2
"""By which part of it a wait may be longer: those who failed together do not come back together."""

GOOD_FOR: Final = timedelta(days=3)
"""An Event that could not be told for so long is not told any more: an endpoint was away, or is too slow."""

LONGEST_PAUSE: Final = timedelta(minutes=5)
"""Between two looks at an endpoint that refuses everything. Shorter costs us time; longer, and it is told late."""

DISABLED_AFTER: Final = timedelta(days=1)
"""A Webhook that has taken nothing for so long, and some Delivery of which was given up, is disabled."""

OVERLAP: Final = timedelta(hours=24)
"""How long the secret before still signs after a rotation, unless the App says otherwise."""

LONGEST_OVERLAP: Final = timedelta(days=7)

KEPT_FOR: Final = timedelta(days=14)
"""How long the log of deliveries is."""

SECRET_PREFIX: Final = "whsec_"  # as Standard Webhooks spells it
SECRET_BYTES: Final = 32
GONE: Final = 410  # HTTP: the endpoint wants to hear nothing any more, ever

_URL: Final = re.compile(r"https?://[!-~]+")


class Trouble(StrEnum):
    """Why a try failed, in words that tell nothing about our network."""

    STATUS = "status"  # an answer, and not one of 200 to 299; a redirect is one of them
    NO_ANSWER = "no_answer"  # none came, or not within ten seconds
    NOT_ALLOWED = "not_allowed"  # we do not go there: not public, or not encrypted, and not in the operator's list
    TOO_OLD = "too_old"  # waited so long that it was not tried any more
    UNWRITABLE = "unwritable"  # we could not write it: a fault of ours, which the server's log explains


class DeliveryState(StrEnum):
    """How far a Delivery came."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where an App wants to hear of what happens.

    ``format`` names the API in whose words it is told, ``names`` what of that is asked for, in the same words;
    ``kinds`` are the Events it may come from.
    """

    id: WebhookId
    app_id: AppId
    url: str
    format: str
    names: tuple[str, ...]
    kinds: frozenset[EventKind]
    secret: str  # empty where it cannot be opened
    created_at: datetime
    changed_at: datetime
    previous_secret: str | None = None  # signs beside the other until previous_until
    previous_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_because: str | None = None  # empty where somebody said so
    failures: int = 0  # rounds in a row in which nothing was taken
    failing_since: datetime | None = None
    paused_until: datetime | None = None

    def __post_init__(self) -> None:
        check_url(self.url)
        if not self.names:
            raise Unacceptable("events", "cannot be empty")

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Those that sign now, the newest first. Raises CannotOpen: nothing is sent that is not signed."""
        if not self.secret:
            raise CannotOpen(f"the secret of webhook {self.id}", "it must be rotated")
        if not self.previous_secret or self.previous_until is None or now >= self.previous_until:
            return (self.secret,)
        return self.secret, self.previous_secret

    def rotated(self, secret: str, *, overlap: timedelta, now: datetime) -> Webhook:
        """With another secret. The one before goes on for the overlap; one before that is gone at once."""
        if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
            raise Unacceptable("overlap", f"must be between 0 and {LONGEST_OVERLAP.days} days")
        previous = (self.secret, now + overlap) if overlap and self.secret else (None, None)
        return replace(self, secret=secret, previous_secret=previous[0], previous_until=previous[1], changed_at=now)

    def enabled(self, now: datetime) -> Webhook:
        """As if nothing had ever failed."""
        return replace(
            self,
            disabled_at=None,
            disabled_because=None,
            failures=0,
            failing_since=None,
            paused_until=None,
            changed_at=now,
        )

    def disabled(self, why: str, now: datetime) -> Webhook:
        return replace(self, disabled_at=now, disabled_because=why, paused_until=None, changed_at=now)

    def after(self, outcomes: list[Outcome], *, gave_up: bool, now: datetime) -> Webhook:
        """After a round of tries: one that was taken forgives everything; silence makes us slower, and then stop."""
        if any(it.status == GONE for it in outcomes):
            return self.disabled("gone", now)
        tried = [it for it in outcomes if it.was_tried]
        if any(it.is_taken for it in tried):
            return replace(self, failures=0, failing_since=None, paused_until=None)
        if not tried:
            return self
        since = self.failing_since or now
        if gave_up and now - since >= DISABLED_AFTER:
            return replace(self, failing_since=since).disabled("failing", now)
        pause = min(LONGEST_PAUSE, RETRIED_AFTER[0] * 2 ** min(self.failures, 10))
        return replace(self, failures=self.failures + 1, failing_since=since, paused_until=now + pause)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try: a status, or why there is none."""

    status: int | None = None
    trouble: Trouble | None = None

    @classmethod
    def answered(cls, status: int) -> Outcome:
        return cls(status, None if 200 <= status < 300 else Trouble.STATUS)

    @property
    def is_taken(self) -> bool:
        return self.trouble is None

    @property
    def was_tried(self) -> bool:
        """Whether it says something about the endpoint."""
        return self.trouble not in (Trouble.TOO_OLD, Trouble.UNWRITABLE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One Event on its way to one Webhook.

    ``due_at`` is when it is tried next. Whoever tries it moves that into the future first, so that nobody else tries
    meanwhile, and somebody does if they never come back.
    """

    webhook_id: WebhookId
    event_id: EventId
    at: datetime  # when it happened, or when it was asked for again
    state: DeliveryState = DeliveryState.WAITING
    attempts: int = 0
    due_at: datetime | None = None
    last_at: datetime | None = None
    last: Outcome | None = None

    @property
    def message_id(self) -> str:
        """The same however often it is tried, by which a receiver knows that it has it already."""
        return f"msg_{self.event_id}_{self.webhook_id}"

    def part_id(self, place: int) -> str:
        """The same of each notice, where the Event is told in several."""
        return self.message_id if place == 0 else f"{self.message_id}_{place}"

    def is_too_old(self, now: datetime) -> bool:
        return now - self.at > GOOD_FOR

    def claimed(self, until: datetime, now: datetime) -> Delivery:
        return replace(self, attempts=self.attempts + 1, last_at=now, due_at=until)

    def tried(self, outcome: Outcome, *, jitter: float, now: datetime) -> Delivery:
        """After a try that was claimed before. ``jitter`` is by chance, from 0 up to 1."""
        if outcome.is_taken:
            return replace(self, state=DeliveryState.DELIVERED, last=outcome, due_at=None)
        if self.attempts > len(RETRIED_AFTER) or outcome.status == GONE or outcome.trouble is Trouble.TOO_OLD:
            return replace(self, state=DeliveryState.GIVEN_UP, last=outcome, due_at=None)
        wait = RETRIED_AFTER[self.attempts - 1] * (1 + MOST_JITTER * jitter)
        return replace(self, last=outcome, due_at=now + wait)

    def once_more(self, now: datetime) -> Delivery:
        """From the beginning, by the App's word."""
        return replace(self, state=DeliveryState.WAITING, attempts=0, at=now, due_at=now, last=None, last_at=None)


def check_url(url: str) -> None:
    """Refuses with Unacceptable what is no address of an endpoint. Where it leads is judged with every delivery."""
    try:
        parts = urlsplit(url)
        is_fine = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise Unacceptable("url", "must be an address that begins with https://") from None
    if not is_fine or _URL.fullmatch(url) is None or len(url) > LONGEST_URL:
        raise Unacceptable("url", "must be an address that begins with https://")
    if "@" in parts.netloc or "#" in url:
        raise Unacceptable("url", "may have neither a user nor a fragment")


def new_secret(chance: bytes) -> str:
    """The text of a secret, of ``SECRET_BYTES`` random ones."""
    return SECRET_PREFIX + base64.b64encode(chance).decode()


def signature(secrets: tuple[str, ...], message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The headers by which a receiver knows us: Standard Webhooks 1.0, symmetric, a signature for each secret."""
    moment = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), moment.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{_mac(it, signed)}" for it in secrets),
    }


def _mac(secret: str, signed: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("this is no secret of a webhook") from error
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
