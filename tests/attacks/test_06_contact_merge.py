"""Attack 6: typing somebody's address, to be taken for them. chatwoot #14884."""

from __future__ import annotations

import pytest

from acquaint.domain.errors import NotFound
from acquaint.domain.identities import Assurance, Claimed, Identity
from acquaint.services import conversations, messages, sign_in, users
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, laptop, phone
from tests.services.doors import EVERYTHING, at, it_of, sees, verified, visitor, write

CLAIM = Claimed(ann.name, ann.email, ann.phone, {"email": ann.email, "external_id": ann.external_id})


async def test_what_would_merge_if_a_claim_were_believed(core: Core, acme: Cast) -> None:
    """Were an address enough, this is what it would open: the same address, proved, does."""
    hers = await verified(core, acme, ann, laptop)
    id = await write(core, hers, "my secret")
    identity = Identity((ann.by_login, ann.by_email), Assurance.VERIFIED)
    proved = await sign_in.vouch_for(core, acme.app, identity, at(phone))
    assert await sees(core, await it_of(core, proved)) == {id: ["my secret"]}


async def test_claiming_to_be_ann_shows_nothing_of_hers_and_changes_nothing_about_her(core: Core, acme: Cast) -> None:
    hers = await verified(core, acme, ann, laptop)
    id = await write(core, hers, "my secret")
    before = await users.find(core, acme.app, ann.by_login)
    for device in (phone, laptop):  # even on the machine she uses
        eve = await visitor(core, acme, device)
        session = await sign_in.claim(core, eve, CLAIM)
        assert (await conversations.seen(core, session, EVERYTHING)).items == ()
        with pytest.raises(NotFound):
            await conversations.one_seen(core, session, id)
        with pytest.raises(NotFound):
            await messages.post(core, eve, id, Draft("I am Ann"))
        assert session.user_id != before.id
    assert await users.find(core, acme.app, ann.by_login) == before


async def test_what_was_said_under_anns_name_is_not_hers_when_she_comes(core: Core, acme: Cast) -> None:
    eve = await visitor(core, acme, laptop)
    await sign_in.claim(core, eve, CLAIM)
    await write(core, eve, "I, Ann, order ten of them")
    hers = await verified(core, acme, ann, laptop)
    assert await sees(core, hers) == {}
    assert hers.user is not None
    assert (hers.user.profile.claimed, hers.user.profile.custom) == (Claimed(), {})


async def test_an_operator_who_looks_a_claimed_address_up_finds_nobody(core: Core, acme: Cast) -> None:
    await sign_in.claim(core, await visitor(core, acme, phone), CLAIM)
    for who in (ann.by_email, ann.by_external_id, ann.by_login):
        with pytest.raises(NotFound):
            await users.find(core, acme.app, who)
