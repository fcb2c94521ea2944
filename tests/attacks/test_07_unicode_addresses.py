"""Attack 7: an address that becomes somebody else's by being normalised. GHSA-7rqj-j65f-68wh, CVE-2019-19844."""

from __future__ import annotations

import unicodedata

import pytest

from acquaint.domain.errors import TokenRefused, Unacceptable
from acquaint.domain.identities import Identifier
from acquaint.services import addresses, sign_in
from acquaint.services.core import Core
from tests.cast import Cast
from tests.services.doors import at, token_of

VICTIM = "mike@example.com"
ALIKE = [
    "mi\u212ae@example.com",  # the Kelvin sign, whose small letter is k
    "ｍike@example.com",  # a full-width m
    "mike\uff20example.com",  # a full-width @
    "mike@example\u3002com",  # an ideographic full stop
    "mike@ex\u00adample.com",  # a soft hyphen
    "mike\u200b@example.com",
    "\u202emike@example.com",
    "mike@example.com\x00",
    "mike@example.com\n",
    "mike@example.com@evil.example",
    '"mike@example.com"@evil.example',
    "mike@example.com,evil@example.net",
    "<mike@example.com>",
]


@pytest.mark.parametrize("alike", ALIKE)
async def test_an_address_that_looks_like_anothers_is_refused_or_somebody_else(
    core: Core, acme: Cast, alike: str
) -> None:
    """As a signed token: an App whose own sign-up takes such an address would sign it in good faith."""
    victim = await sign_in.sign_in_with_token(core, acme.app, token_of(core, acme.signing_secret, email=VICTIM), at())
    token = token_of(core, acme.signing_secret, email=alike)
    try:
        admission = await sign_in.sign_in_with_token(core, acme.app, token, at())
    except TokenRefused:
        return
    assert alike.strip() == VICTIM, "only white space around an address means nothing"
    assert admission.user is not None
    assert victim.user is not None
    assert admission.user.id == victim.user.id


def test_without_care_some_of_these_would_be_the_victim() -> None:
    """What a look-up that normalises, or lowers, and asks no questions makes of them."""
    careless = {unicodedata.normalize("NFKC", it).lower() for it in ALIKE}
    assert VICTIM in careless


@pytest.mark.parametrize("alike", ALIKE)
async def test_registering_and_signing_in_read_addresses_alike(core: Core, acme: Cast, alike: str) -> None:
    """One function for both: a check before normalising and a look-up after it could disagree."""
    outcomes: list[Identifier | None] = []
    for read in (addresses.meant, addresses.registering):
        try:
            found = await read(core, acme.app, alike)
        except Unacceptable:
            outcomes.append(None)
        else:
            outcomes.append(found if isinstance(found, Identifier) else found[0])
    assert outcomes[0] == outcomes[1]
