"""The rules of telling: who is told when, how often, and how they know that it was us."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.errors import Unacceptable
from acquaint.domain.events import EventId, EventKind
from acquaint.domain.webhooks import (
    DISABLED_AFTER,
    GOOD_FOR,
    LONGEST_PAUSE,
    RETRIED_AFTER,
    Delivery,
    DeliveryState,
    Outcome,
    Trouble,
    Webhook,
    WebhookId,
    check_url,
    new_secret,
    signature,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
REFUSED = Outcome.answered(500)


def webhook() -> Webhook:
    kinds = frozenset({EventKind.USER_CREATED})
    return Webhook(
        WebhookId(7), AppId(1), "https://acme.example/", "native", ("user.created",), kinds, "whsec_AA==", NOON, NOON
    )


def test_the_signature_is_that_of_the_published_example() -> None:
    """Of the reference implementation of Standard Webhooks; its id, moment, body and signature belong together."""
    headers = signature(
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_secret_that_is_good_signs_and_no_other() -> None:
    first = webhook()
    second = first.rotated("whsec_BB==", overlap=timedelta(hours=1), now=NOON)
    assert second.secrets(NOON + timedelta(minutes=59)) == ("whsec_BB==", "whsec_AA==")
    assert second.secrets(NOON + timedelta(hours=1)) == ("whsec_BB==",)
    assert second.rotated("whsec_CC==", overlap=timedelta(0), now=NOON).secrets(NOON) == ("whsec_CC==",)
    for overlap in (timedelta(seconds=-1), timedelta(days=8)):
        with pytest.raises(Unacceptable):
            first.rotated("whsec_CC==", overlap=overlap, now=NOON)


def test_a_delivery_is_tried_nine_times_and_ever_less_often() -> None:
    delivery, now, waits = Delivery(WebhookId(7), EventId(1), NOON, due_at=NOON), NOON, []
    while delivery.due_at is not None:
        now = delivery.due_at
        delivery = delivery.claimed(now + timedelta(minutes=1), now).tried(REFUSED, jitter=0, now=now)
        waits.append((delivery.due_at or now) - now)
    assert (delivery.state, delivery.attempts) == (DeliveryState.GIVEN_UP, 9)
    assert waits == [*RETRIED_AFTER, timedelta(0)]
    assert timedelta(hours=24) < sum(waits, timedelta(0)) < timedelta(hours=30)


def test_chance_only_makes_a_wait_longer_and_only_by_a_fifth() -> None:
    claimed = Delivery(WebhookId(7), EventId(1), NOON).claimed(NOON, NOON)
    assert claimed.tried(REFUSED, jitter=0.99, now=NOON).due_at < NOON + RETRIED_AFTER[0] * 1.2  # type: ignore[operator]


def test_whoever_says_gone_is_asked_never_again() -> None:
    claimed = Delivery(WebhookId(7), EventId(1), NOON).claimed(NOON, NOON)
    assert claimed.tried(Outcome.answered(410), jitter=0, now=NOON).state is DeliveryState.GIVEN_UP
    assert webhook().after([Outcome.answered(410)], gave_up=True, now=NOON).disabled_because == "gone"


@pytest.mark.parametrize(
    ("status", "is_taken"),
    [(199, False), (200, True), (204, True), (299, True), (301, False), (302, False), (400, False), (500, False)],
)
def test_only_an_answer_of_success_is_one(status: int, is_taken: bool) -> None:
    assert Outcome.answered(status).is_taken is is_taken


def test_an_endpoint_that_is_silent_is_looked_at_ever_less_often_and_then_not_any_more() -> None:
    it, now = webhook(), NOON
    pauses = []
    for _ in range(12):
        it = it.after([Outcome(trouble=Trouble.NO_ANSWER)], gave_up=False, now=now)
        assert it.paused_until is not None
        pauses.append(it.paused_until - now)
        now = it.paused_until
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    late = NOON + DISABLED_AFTER
    assert it.after([REFUSED], gave_up=False, now=late).is_enabled
    assert not it.after([REFUSED], gave_up=True, now=late).is_enabled
    assert it.after([REFUSED, Outcome.answered(200)], gave_up=True, now=late) == replace(
        it, failures=0, failing_since=None, paused_until=None
    )
    assert it.after([Outcome(trouble=Trouble.TOO_OLD)], gave_up=True, now=late) == it


def test_what_is_too_old_is_not_told() -> None:
    it = Delivery(WebhookId(7), EventId(1), NOON)
    assert not it.is_too_old(NOON + GOOD_FOR)
    assert it.is_too_old(NOON + GOOD_FOR + timedelta(seconds=1))


def test_an_enabled_webhook_has_forgotten_that_it_failed() -> None:
    it = webhook().after([REFUSED], gave_up=False, now=NOON).disabled("failing", NOON)
    assert it.enabled(NOON) == webhook()


@pytest.mark.parametrize(
    "url",
    ["", "acme.example", "ftp://acme.example/", "https://", "https:///x", "https://ann@acme.example/", "https://a.example/#x",
     "https://a.example:0/", "https://a.example:99999/", "https://a.example/ x", "https://a.example/\n", "https://ä.example/",
     "https://[::1", "javascript:alert(1)", "https://a.example/" + "x" * 2048],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Unacceptable) as refusal:
        check_url(url)
    assert refusal.value.field == "url"


def test_a_secret_is_spelled_as_the_standard_has_it() -> None:
    assert new_secret(b"\x00" * 3) == "whsec_AAAA"
