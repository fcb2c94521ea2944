"""Ids, pages, tickets, keys, places, passwords, users, events, files: a few rules each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain import ids
from acquaint.domain.errors import TicketRefused, Unacceptable
from acquaint.domain.events import IDENTITY_KINDS, EventKind
from acquaint.domain.files import SHOWN_INLINE
from acquaint.domain.identities import (
    NO_CHANGE,
    Assurance,
    Claimed,
    Identifier,
    IdentifierKind,
    Identity,
    ProfileChange,
)
from acquaint.domain.keys import ApiKey, ApiKeyId, Role, SigningSecret, SigningSecretId, satisfies
from acquaint.domain.paging import LARGEST_PAGE, PageAsked
from acquaint.domain.passwords import MACHINE_MADE, OWASP_ASVS, normal
from acquaint.domain.places import workspace
from acquaint.domain.tickets import Purpose, Ticket, TicketId
from acquaint.domain.users import Standing, User, UserId

from .things import ACME, DAY, LAPTOP, MINUTE, NOON

# ids

moments = st.timedeltas(timedelta(0), timedelta(days=24_000)).map(lambda since: ids.EPOCH + since)


@given(moments, st.integers(0, 2**16))
def test_an_id_tells_its_millisecond_and_fits_a_javascript_number(moment: datetime, low: int) -> None:
    id = ids.compose(ids.milliseconds_at(moment), low)
    assert 0 <= id <= ids.LARGEST < 2**53
    assert ids.created_at(id) <= moment < ids.created_at(id) + timedelta(milliseconds=1)
    assert id >= ids.first_at(moment)


@given(moments, moments, st.integers(0, 4095), st.integers(0, 4095))
def test_ids_sort_by_time(one: datetime, other: datetime, low: int, other_low: int) -> None:
    earlier, later = ids.milliseconds_at(one), ids.milliseconds_at(other)
    if earlier < later:
        assert ids.compose(earlier, low) < ids.compose(later, other_low)


# pages


@pytest.mark.parametrize("limit", [0, -1, LARGEST_PAGE + 1, 10**9])
def test_a_page_is_neither_empty_nor_everything(limit: int) -> None:
    with pytest.raises(Unacceptable):
        PageAsked(limit)


@pytest.mark.parametrize("after", [-1, 2**53, 10**30])
def test_a_cursor_is_an_id(after: int) -> None:
    with pytest.raises(Unacceptable):
        PageAsked(after=after)


# tickets


def test_a_ticket_is_spent_once_and_in_time() -> None:
    ticket = Ticket(TicketId(1), ACME, Purpose.LIVE, expires_at=NOON + MINUTE)
    spent = ticket.consumed(NOON)
    assert spent.used_at == NOON
    for again, moment in ((spent, NOON), (ticket, NOON + MINUTE), (spent, NOON + DAY)):
        with pytest.raises(TicketRefused):
            again.consumed(moment)


# keys and roles


@pytest.mark.parametrize(
    ("held", "needed", "enough"),
    [
        ([Role.ADMIN], "org.admin", True),
        ([Role.ADMIN], "org.admin.apps", True),
        ([Role.ADMIN], "org.user", True),
        ([Role.ADMIN], "org.user.customer.read", True),
        ([Role.USER], "org.user.customer.read", True),
        ([Role.USER], "org.user", True),
        ([Role.USER], "org.admin", False),
        ([Role.USER], "org.admin.apps", False),
        ([Role.USER], "org", False),
        ([Role.USER], "org.users", False),
        ([Role.ADMIN], "org.administrator", False),
        ([Role.ADMIN], "org.tracking", False),
        ([Role.ADMIN], "server.operator", False),
        ([Role.OPERATOR], "org.admin", False),
        ([Role.OPERATOR], "org.user", False),
        ([Role.TRACKING], "org.user", False),
        ([Role.TRACKING], "org.tracking", True),
        ([Role.USER, Role.ADMIN], "org.admin", True),
        ([], "org.user", False),
        ([], "", False),
        ([Role.ADMIN], "", False),
        ([Role.ADMIN], "ORG.ADMIN", False),
    ],
)
def test_a_role_covers_itself_and_what_is_below_it(held: list[Role], needed: str, enough: bool) -> None:
    assert satisfies(held, needed) is enough


def key(**other: object) -> ApiKey:
    usual = ApiKey(ApiKeyId(1), ACME, "server", (Role.USER,), "abcd", created_at=NOON)
    return replace(usual, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 101},
        {"roles": ()},
        {"roles": (Role.OPERATOR,)},
        {"roles": (Role.USER, Role.OPERATOR)},
        {"roles": (Role.TRACKING, Role.USER)},
        {"roles": (Role.TRACKING, Role.ADMIN)},
        {"app_id": None},
        {"app_id": None, "roles": (Role.ADMIN,)},
        {"app_id": None, "roles": (Role.OPERATOR, Role.ADMIN)},
    ],
)
def test_privileges_do_not_mix(other: dict[str, object]) -> None:
    with pytest.raises(Unacceptable):
        key(**other)


def test_a_key_lives_until_it_is_revoked_or_its_days_are_over() -> None:
    assert key().is_live(NOON + 10_000 * DAY)
    assert key(expires_at=NOON + DAY).is_live(NOON + DAY - MINUTE)
    assert not key(expires_at=NOON + DAY).is_live(NOON + DAY)
    assert not key(revoked_at=NOON).is_live(NOON)
    assert not key(revoked_at=NOON, expires_at=NOON + DAY).is_live(NOON)


def test_a_signing_secret_is_believed_until_it_retires() -> None:
    secret = SigningSecret(SigningSecretId(1), ACME, "s", created_at=NOON)
    assert secret.verifies(NOON + 10_000 * DAY)
    retiring = replace(secret, retired_at=NOON + MINUTE)
    assert retiring.verifies(NOON)
    assert not retiring.verifies(NOON + MINUTE)


# places


@pytest.mark.parametrize("label", ["sales", "a b", "ü", "x" * 255])
def test_a_workspace_is_a_label(label: str) -> None:
    assert workspace(label) == label


@pytest.mark.parametrize("label", [None, ""])
def test_no_label_is_no_workspace(label: str | None) -> None:
    assert workspace(label) is None


@pytest.mark.parametrize("label", ["x" * 256, "a\x00", "a\n", "\ud800", "\u202e"])
def test_a_label_can_be_printed(label: str) -> None:
    with pytest.raises(Unacceptable):
        workspace(label)


# passwords


@pytest.mark.parametrize(
    "password",
    [
        "a rowing boat at dawn",
        "korrekt-pferd",
        "ünïcödé-wörter",
        "x9$kL2mQ",
        "密码不是这个吧好的",
        "a b c d e f",
        "oak " * 64,
    ],
)
def test_a_long_uncommon_password_is_fine_whatever_it_is_made_of(password: str) -> None:
    OWASP_ASVS.check(password)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "sevench",
        "x" * 1025,
        "password",
        "Password1!",
        "PASSWORD123",
        "p@ssw0rd",
        "12345678",
        "11111111",
        "aaaaaaaaaa",
        "abababababab",
        "qwerty123",
        "!!!iloveyou!!!",
        "ｐａｓｓｗｏｒｄ",  # what is hashed is "password"
        "ｐａｓｓｗｏｒｄ１",
        "e\u0301" * 4 + "xyz",  # eleven characters typed, seven hashed
    ],
)
def test_a_short_endless_or_common_password_is_refused_with_a_reason(password: str) -> None:
    with pytest.raises(Unacceptable) as refusal:
        OWASP_ASVS.check(password, "secret_word")
    assert refusal.value.field == "secret_word"


def test_a_key_that_a_machine_made_may_be_anything_but_nothing() -> None:
    for fine in ("1", "password", " "):
        MACHINE_MADE.check(fine)
    for wrong in ("", "x" * 1025):
        with pytest.raises(Unacceptable):
            MACHINE_MADE.check(wrong)


@given(st.text(max_size=50))
def test_a_password_has_one_spelling(password: str) -> None:
    assert normal(normal(password)) == normal(password)


# users

VERIFIED_ANN = Identity((Identifier.login("ann"),), Assurance.VERIFIED, ProfileChange(name="Ann"))


def user(identity: Identity = VERIFIED_ANN, **other: object) -> User:
    how = {"device_id": LAPTOP, "is_guest": False} | other
    return User.from_identity(UserId(1), ACME, identity, now=NOON, **how)  # type: ignore[arg-type]


def test_a_verified_user_belongs_to_no_device() -> None:
    assert user().is_verified
    assert user().device_id is None
    assert user().known_as(IdentifierKind.LOGIN) == "ann"
    assert user().known_as(IdentifierKind.EMAIL) is None


@pytest.mark.parametrize("assurance", [Assurance.ANONYMOUS, Assurance.CLAIMED])
def test_an_unverified_user_belongs_to_the_device_and_has_no_identifiers(assurance: Assurance) -> None:
    unverified = user(Identity((), assurance, claimed=Claimed("Ann", "ann@example.com")))
    assert not unverified.is_verified
    assert (unverified.device_id, unverified.identifiers) == (LAPTOP, ())
    assert unverified.profile.name is None
    assert unverified.profile.claimed.email == "ann@example.com"


@pytest.mark.parametrize("assurance", [Assurance.ANONYMOUS, Assurance.CLAIMED])
def test_an_unverified_user_of_no_device_cannot_be(assurance: Assurance) -> None:
    """They would look verified: nothing never means everything."""
    with pytest.raises(ValueError, match="device"):
        user(Identity((), assurance), device_id=None)


def test_a_guest_is_never_verified() -> None:
    assert not user(Identity((), Assurance.ANONYMOUS), is_guest=True).is_verified


def test_who_is_banned_may_not_act() -> None:
    assert user().may_act
    assert not replace(user(), standing=Standing.BANNED).may_act


def test_meeting_again_with_nothing_new_changes_nothing() -> None:
    assert user().met_again(replace(VERIFIED_ANN, profile=NO_CHANGE), now=NOON + DAY) is not None
    same = user()
    assert same.met_again(VERIFIED_ANN, now=NOON + DAY) is same
    other = same.met_again(replace(VERIFIED_ANN, profile=ProfileChange(name="Annie")), now=NOON + DAY)
    assert (other.profile.name, other.updated_at, other.created_at) == ("Annie", NOON + DAY, NOON)


# events and files


def test_everything_that_is_not_talk_is_in_the_audit_trail() -> None:
    talk = {
        EventKind.CONVERSATION_STARTED,
        EventKind.CONVERSATION_CHANGED,
        EventKind.MEMBERS_CHANGED,
        EventKind.MESSAGE_POSTED,
        EventKind.MESSAGE_CHANGED,
        EventKind.MESSAGE_DELETED,
        EventKind.MESSAGES_READ,
        EventKind.MESSAGES_RECEIVED,
    }
    assert set(EventKind) - talk == IDENTITY_KINDS


def test_nothing_that_can_hold_a_script_is_shown_in_place() -> None:
    assert not SHOWN_INLINE & {"image/svg+xml", "text/html", "application/xhtml+xml", "application/pdf", "text/xml"}
