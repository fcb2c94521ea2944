"""What a role covers, who may give one, and from where a key may be used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquaint.domain.errors import Unacceptable
from acquaint.domain.keys import ApiKey, ApiKeyId, Role, may_grant, satisfies
from tests.domain.things import ACME, NOON

KEY = ApiKey(ApiKeyId(1), ACME, "server", (Role.USER,), "abcd", created_at=NOON)


@pytest.mark.parametrize(
    ("held", "needed", "enough"),
    [
        (Role.ADMIN, "org.admin.apps", True),
        (Role.ADMIN, "org.permission.customer.read", True),
        (Role.ADMIN, "org.user.customer.write", True),
        (Role.ADMIN, "org.tracking", False),
        (Role.ADMIN, "server.operator", False),
        (Role.ADMIN, "org.administrator", False),
        (Role.ADMIN, "org", False),
        (Role.ADMIN, "", False),
        (Role.ADMIN_APPS, "org.admin", False),
        (Role.ADMIN_APPS, "org.user", False),
        (Role.USER, "org.user.customer.read", True),
        (Role.USER, "org.permission.customer.read", False),
        (Role.USER_CUSTOMER_READ, "org.user", False),
        (Role.PERMISSION, "org.permission.customer_merge.create", True),
        (Role.CUSTOMER, "org.permission.customer.read", True),
        (Role.CUSTOMER, "org.permission.customer_merge.create", False),
        (Role.TRACKING, "org.user", False),
        (Role.OPERATOR, "org.user", False),
        (Role.OPERATOR, "org.admin", False),
    ],
)
def test_a_role_covers_itself_and_what_is_below_it(held: Role, needed: str, enough: bool) -> None:
    assert satisfies([held], needed) is enough


@pytest.mark.parametrize("role", list(Role))
def test_nobody_gives_more_than_they_have(role: Role) -> None:
    given = {it for it in Role if may_grant([role], it)}
    assert role in given
    if role is Role.ADMIN:
        assert given == set(Role) - {Role.OPERATOR}
    else:
        assert all(it == role or it.startswith(f"{role}.") for it in given)
    assert all(satisfies([role], it) or it is Role.TRACKING for it in given)


def test_no_roles_do_nothing_and_give_nothing() -> None:
    assert not any(satisfies([], it) or may_grant([], it) for it in Role)


@pytest.mark.parametrize(
    ("network", "address", "may"),
    [
        (None, "203.0.113.7", True),
        (None, "", True),
        ("203.0.113.0/24", "203.0.113.7", True),
        ("203.0.113.0/24", "203.0.114.7", False),
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.0/24", "::ffff:203.0.113.7", True),
        ("203.0.113.0/24", "2001:db8::1", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("203.0.113.0/24", "", False),
        ("203.0.113.0/24", "unknown", False),
        ("203.0.113.0/24", "203.0.113.7, 10.0.0.1", False),
    ],
)
def test_a_key_is_used_from_its_network_alone(network: str | None, address: str, may: bool) -> None:
    assert replace(KEY, network=network).may_be_used_from(address) is may


@pytest.mark.parametrize(
    "network", ["", "everywhere", "203.0.113.7/24", "203.0.113.0/33", "203.0.113", "*", "1" * 5000]
)
def test_what_is_no_network_is_refused(network: str) -> None:
    with pytest.raises(Unacceptable):
        replace(KEY, network=network)
