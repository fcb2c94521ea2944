"""What visitors say about themselves: kept, shown as their word, and believed by nobody."""

from __future__ import annotations

from typing import Any

import pytest

from acquaint.domain.identities import Assurance, Identifier
from acquaint.domain.paging import PageAsked
from acquaint.services import conversations, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, eve
from tests.dialects.kustomer.phones import SESSIONS, Phone, id_of, refusal, signed

ME = "/c/v1/customers/current"


async def only_one(core: Core, acme: Cast) -> Any:
    [user] = (await users.newest(core, acme.app, PageAsked())).items
    return user


async def test_describing_oneself_makes_the_anonymous_customer(phone: Phone, core: Core, acme: Cast) -> None:
    customer = await phone.asked("PATCH", ME, json={"sharedEmails": ["Ann@Example.com"]})
    assert customer["type"] == "customer"
    assert customer["attributes"]["displayName"].startswith("Anonymous ")
    assert customer["attributes"]["verified"] is False
    assert ann.email not in str(customer)
    user = await only_one(core, acme)
    assert user.identifiers == ()
    assert user.profile.by_door["kustomer"] == {"sharedEmails": [{"email": ann.email, "verified": False}]}
    assert not await phone.is_verified()


async def test_old_and_new_names_say_the_same_and_nothing_is_kept_twice(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.asked("PATCH", ME, json={"emails": [{"email": ann.email}], "phones": [{"phone": ann.phone}]})
    await phone.asked("PATCH", ME, json={"sharedEmails": [ann.email, eve.email], "sharedPhones": [ann.phone]})
    await phone.asked("PATCH", ME, json={"socials": [{"username": "annie", "type": "twitter"}]})
    await phone.asked("PATCH", ME, json={"sharedSocials": [{"username": "annie", "type": "facebook"}]})
    said = (await only_one(core, acme)).profile.by_door["kustomer"]
    assert [it["email"] for it in said["sharedEmails"]] == [ann.email, eve.email]
    assert [it["phone"] for it in said["sharedPhones"]] == [ann.phone]
    assert [it["type"] for it in said["sharedSocials"]] == ["twitter", "facebook"]


async def test_custom_attributes_are_merged_and_kept_as_the_visitors_word(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.asked("PATCH", ME, json={"custom": {"planStr": "gold", "ageNum": 30}})
    await phone.asked("PATCH", ME, json={"custom": {"planStr": None, "vipBool": True}})
    profile = (await only_one(core, acme)).profile
    assert profile.claimed.custom == {"ageNum": 30, "vipBool": True}
    assert profile.custom == {}


@pytest.mark.parametrize(
    ("body", "kind", "pointer"),
    [
        ({}, "no_parameters", ""),
        ({"custom": {}}, "no_parameters", ""),
        ({"sharedEmails": []}, "no_parameters", ""),
        ({"name": "Ann"}, "unknown_parameter", "/name"),
        ({"verified": True}, "unknown_parameter", "/verified"),
        ({"externalId": "acct-1"}, "unknown_parameter", "/externalId"),
        ({"custom": {"role": "admin"}}, "unknown_parameter", "/custom/role"),
        ({"custom": {"ageNum": "30"}}, "wrong_type", "/custom/ageNum"),
        ({"custom": "x"}, "wrong_type", "/custom"),
        ({"sharedEmails": "x"}, "wrong_type", "/sharedEmails"),
        ({"sharedEmails": ["x"]}, "wrong_type", "/sharedEmails"),
        ({"sharedEmails": [7]}, "wrong_type", "/sharedEmails"),
        ({"emails": [{"email": ann.email, "verified": True}]}, "unknown_parameter", "/emails/0/verified"),
        ({"sharedPhones": ["call me"]}, "wrong_type", "/sharedPhones"),
        ({"sharedSocials": [{"username": "x", "type": "myspace"}]}, "wrong_type", "/sharedSocials/0/type"),
        ({"sharedEmails": [f"a{it}@example.com" for it in range(11)]}, "wrong_type", "/sharedEmails"),
        ({"custom": {f"n{it}Num": it for it in range(101)}}, "wrong_type", "/custom"),
    ],
)
async def test_what_cannot_be_said_is_refused_and_nobody_is_made(
    phone: Phone, core: Core, acme: Cast, body: dict[str, Any], kind: str, pointer: str
) -> None:
    answer = await phone.ask("PATCH", ME, json=body)
    assert refusal(answer)[:2] == (400, "bad_request")
    [error] = answer.json()["errors"]
    assert (error["meta"]["kind"], error["source"]["pointer"]) == (kind, pointer)
    assert (await users.newest(core, acme.app, PageAsked())).items == ()


async def test_a_list_does_not_grow_for_ever(phone: Phone) -> None:
    for number in range(10):
        await phone.asked("PATCH", ME, json={"sharedEmails": [f"a{number}@example.com"]})
    answer = await phone.ask("PATCH", ME, json={"sharedEmails": ["one@more.example"]})
    assert refusal(answer)[:2] == (400, "bad_request")
    assert (await phone.ask("PATCH", ME, json={"sharedEmails": ["a1@example.com"]})).status_code == 200


async def test_custom_attributes_do_not_grow_for_ever(phone: Phone) -> None:
    await phone.asked("PATCH", ME, json={"custom": {f"n{it}Num": it for it in range(100)}})
    assert refusal(await phone.ask("PATCH", ME, json={"custom": {"oneMoreNum": 1}}))[0] == 400


async def test_somebody_logged_in_describes_the_customer(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    customer = await phone.asked("PATCH", ME, json={"sharedEmails": [ann.email]})
    assert customer["attributes"]["verified"] is True
    user = await users.find(core, acme.app, Identifier.external_id("acct-1"))
    assert user.identifiers == (Identifier.external_id("acct-1"),)
    assert user.profile.by_door["kustomer"]["sharedEmails"] == [{"email": ann.email, "verified": False}]


# Attacks


async def test_eve_describes_herself_as_ann_and_shares_nothing_with_her(
    phone: Phone, tablet: Phone, core: Core, acme: Cast
) -> None:
    """Class 6: a contact that was merely typed merges nothing and reveals nothing, before and after its owner comes."""
    await phone.asked("PATCH", ME, json={"sharedEmails": [ann.email], "sharedPhones": [ann.phone]})
    await phone.chat("Of Eve")
    await tablet.logged_in(signed(core, acme, email=ann.email))
    await tablet.chat("Of Ann")
    await phone.asked("PATCH", ME, json={"emails": [{"email": ann.email}]})
    assert await phone.sees() == ["Of Eve"]
    assert await tablet.sees() == ["Of Ann"]
    assert not await phone.is_verified()
    owner = await users.find(core, acme.app, ann.by_email)
    assert "kustomer" not in owner.profile.by_door


async def test_a_typed_address_does_not_keep_its_owner_out(phone: Phone, tablet: Phone, core: Core, acme: Cast) -> None:
    await phone.asked("PATCH", ME, json={"emails": [{"email": ann.email}]})
    assert (await tablet.log_in(signed(core, acme, email=ann.email))).status_code == 201
    owner, is_new = await users.put(core, acme.app, ann.verified(Identifier.phone(ann.phone)))
    assert is_new
    assert owner.is_verified


async def test_describing_oneself_raises_nobodys_assurance_and_blocks_no_adoption(
    phone: Phone, core: Core, acme: Cast
) -> None:
    await phone.asked("PATCH", ME, json={"sharedEmails": [ann.email]})
    session = await phone.chat("Before")
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    assert await phone.reads(session) == ["Before"]
    seen = await conversations.one_of_app(core, acme.app, id_of(session))
    assert [it.assurance for it in seen.members] == [Assurance.VERIFIED]


async def test_what_a_stranger_said_on_this_device_does_not_become_anns_profile(
    phone: Phone, core: Core, acme: Cast
) -> None:
    await phone.asked("PATCH", ME, json={"sharedEmails": [eve.email], "custom": {"vipBool": True}})
    await phone.logged_in(signed(core, acme, email=ann.email))
    profile = (await users.find(core, acme.app, ann.by_email)).profile
    assert dict(profile.by_door) == {}
    assert dict(profile.claimed.custom) == {}


@pytest.mark.parametrize("claims", [{"email": ann.email}, {"externalId": ann.external_id}])
async def test_who_said_to_be_somebody_else_leaves_ann_nothing_on_a_common_machine(
    phone: Phone, core: Core, acme: Cast, claims: dict[str, str]
) -> None:
    """Rule 5: what somebody claimed is theirs. Eve typed her address, and did not log out."""
    await users.put(core, acme.app, ann.verified(ann.by_email, ann.by_external_id))
    await phone.asked("PATCH", ME, json={"emails": [{"email": eve.email}]})
    await phone.chat("Of Eve")
    await phone.logged_in(signed(core, acme, **claims))
    assert await phone.sees() == []


@pytest.mark.parametrize("claims", [{"email": ann.email}, {"externalId": ann.external_id}, {"externalId": "new"}])
async def test_whose_word_nothing_contradicts_keeps_what_they_said(
    phone: Phone, core: Core, acme: Cast, claims: dict[str, str]
) -> None:
    """The SDK asks visitors for their address, and they log in afterwards: by another name, or for the first time."""
    await users.put(core, acme.app, ann.verified(ann.by_email, ann.by_external_id))
    await phone.asked("PATCH", ME, json={"emails": [{"email": ann.email}, {"email": "ann@home.example"}]})
    await phone.chat("Of Ann")
    await phone.logged_in(signed(core, acme, **claims))
    assert await phone.sees() == ["Of Ann"]


async def test_a_new_conversation_is_of_whoever_is_logged_in(phone: Phone, core: Core, acme: Cast) -> None:
    identity = await phone.logged_in(signed(core, acme, email=ann.email))
    session = await phone.asked("POST", SESSIONS, json={"title": "Hi"})
    assert session["relationships"]["customer"]["data"] == identity["relationships"]["customer"]["data"]
