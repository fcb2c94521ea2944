"""Signing in with somebody else's credential: whose User it is, and what is remembered of Providers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain.errors import (
    Busy,
    InvalidCredentials,
    NotFound,
    ProviderRefused,
    ProviderUnavailable,
    RegistrationClosed,
    TokenRefused,
    TooManyRequests,
    Unacceptable,
    UserBanned,
)
from acquaint.domain.identities import NO_CHANGE, Assurance, Identifier, IdentifierKind, Identity
from acquaint.services import providers, sign_in, users
from acquaint.services.admission import Admission
from acquaint.services.core import Core
from acquaint.services.outside import Outside
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, eve
from tests.services.doors import allow, at, events
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases
from tests.support.issuers import Issuer, Pages, Question, ec, pages, rsa, said

SUBJECT, EMAIL, PHONE = IdentifierKind.SUBJECT, IdentifierKind.EMAIL, IdentifierKind.PHONE


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Providers of the tests live on this machine."""
    return replace(settings, outbound_allow=("127.0.0.1",))


@pytest.fixture
async def web() -> AsyncIterator[Pages]:
    async with pages() as web:
        yield web


@pytest.fixture
def issuer(web: Pages, clock: SetClock) -> Issuer:
    return Issuer(web, [rsa("first")], clock).publish()


async def openid(core: Core, acme: Cast, issuer: Issuer, name: str = "google", **other: Any) -> None:
    settings = {"issuer": issuer.url, "client_ids": ["acme-web"]} | other
    await providers.put(core, acme.app, name, "openid", settings)


async def firebase(core: Core, acme: Cast, issuer: Issuer, **other: Any) -> None:
    usual = {"certificates_url": f"{issuer.url}/certificates", "issuer_base": f"{issuer.url}/"}
    await providers.put(core, acme.app, "firebase", "firebase", usual | {"projects": ["acme-app"]} | other)


async def custom(core: Core, acme: Cast, web: Pages, **other: Any) -> None:
    usual = {
        "endpoint": f"{web.url}/verify",
        "request_params": {"token": "#{login}"},
        "response_params": {"uid": "#{user.id}", "full_name": "#{user.name}"},
    }
    await providers.put(core, acme.app, "custom", "custom", usual | other)


async def by_token(core: Core, acme: Cast, token: str, name: str = "google", **asked: Any) -> Admission:
    app = await allow(core, acme)
    return await providers.sign_in_with_provider(core, app, name, {"token": token} | asked, at())


async def by_custom(core: Core, acme: Cast, login: str = "jwt", **fields: str) -> Admission:
    app = await allow(core, acme)
    return await providers.sign_in_with_custom_provider(core, app, {"login": login} | fields, at())


def known_as(admission: Admission) -> dict[str, str]:
    assert admission.user is not None
    return {it.kind.value: it.value for it in admission.user.identifiers}


# OpenID Connect


@on_both_databases
async def test_ann_comes_with_google_and_is_the_same_ann_the_next_time(core: Core, acme: Cast, issuer: Issuer) -> None:
    await openid(core, acme, issuer)
    token = issuer.token(email=ann.email, email_verified=True, name=ann.name, picture="https://g.example/ann.png")
    first = await by_token(core, acme, token)
    assert first.user is not None
    assert (first.is_new_user, first.session.assurance) == (True, Assurance.VERIFIED)
    assert known_as(first) == {"subject": f"{issuer.url}|ann-1", "email": ann.email}
    assert (first.user.profile.name, first.user.profile.avatar_url) == (ann.name, "https://g.example/ann.png")
    assert first.user.profile.claimed.email is None

    again = await by_token(core, acme, issuer.token(name="Somebody Else"))
    assert again.user is not None
    assert (again.is_new_user, again.user.id) == (False, first.user.id)
    assert again.user.profile.name == ann.name, "what she is called here is hers to change"


async def test_an_es256_key_verifies_too_and_a_token_without_kid_where_there_is_one_key(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    issuer.keys[:] = [ec("curve")]
    issuer.publish()
    await openid(core, acme, issuer)
    assert (await by_token(core, acme, issuer.token())).is_new_user
    assert not (await by_token(core, acme, issuer.token(header={"kid": ...}))).is_new_user


async def test_an_address_that_was_not_verified_names_nobody(core: Core, acme: Cast, issuer: Issuer) -> None:
    await openid(core, acme, issuer)
    victim = await users.put(core, acme.app, Identity((ann.by_email,), Assurance.VERIFIED))
    for verified in (False, None, "yes", 1, ...):
        sub = f"eve-{verified}"
        it = await by_token(core, acme, issuer.token(sub=sub, email=ann.email, email_verified=verified))
        assert it.user is not None
        assert it.user.id != victim[0].id
        assert "email" not in known_as(it)
        assert it.user.profile.claimed.email == ann.email


@on_both_databases
async def test_ann_whom_the_app_knows_by_her_address_is_known_by_google_from_then_on(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    await openid(core, acme, issuer)
    known, _ = await users.put(core, acme.app, Identity((ann.by_email, ann.by_external_id), Assurance.VERIFIED))
    came = await by_token(core, acme, issuer.token(email=ann.email.upper(), email_verified="true"))
    assert came.user is not None
    assert (came.user.id, came.is_new_user) == (known.id, False)
    assert known_as(came) == {
        "email": ann.email,
        "external_id": ann.external_id,
        "subject": f"{issuer.url}|ann-1",
    }
    moved = await by_token(core, acme, issuer.token(email=ben.email, email_verified=True))
    assert moved.user is not None
    assert moved.user.id == known.id, "the issuer's name for her decides, whatever her address is by now"
    assert known_as(moved)["email"] == ann.email


async def test_whoever_gets_an_old_address_of_anns_does_not_get_ann(core: Core, acme: Cast, issuer: Issuer) -> None:
    await openid(core, acme, issuer)
    hers = await by_token(core, acme, issuer.token(email=ann.email, email_verified=True))
    theirs = await by_token(core, acme, issuer.token(sub="ben-1", email=ann.email, email_verified=True))
    assert theirs.user is not None
    assert hers.user is not None
    assert theirs.user.id != hers.user.id
    assert known_as(theirs) == {"subject": f"{issuer.url}|ben-1"}


async def test_an_app_can_have_an_issuers_addresses_count_for_nothing(core: Core, acme: Cast, issuer: Issuer) -> None:
    await openid(core, acme, issuer, trusts_addresses=False)
    await users.put(core, acme.app, Identity((ann.by_email,), Assurance.VERIFIED))
    came = await by_token(core, acme, issuer.token(email=ann.email, email_verified=True))
    assert came.is_new_user
    assert known_as(came) == {"subject": f"{issuer.url}|ann-1"}


async def test_one_person_may_come_from_two_issuers_and_two_people_never_share_one(
    core: Core, acme: Cast, web: Pages, issuer: Issuer, clock: SetClock
) -> None:
    other = Issuer(web, [rsa("other")], clock, path="/other").publish()
    await openid(core, acme, issuer)
    await openid(core, acme, other, "apple")
    first = await by_token(core, acme, issuer.token(email=ann.email, email_verified=True))
    same = await by_token(core, acme, other.token(sub="x", email=ann.email, email_verified=True), "apple")
    stranger = await by_token(core, acme, other.token(), "apple")
    assert first.user is not None
    assert same.user is not None
    assert stranger.user is not None
    assert same.user.id == first.user.id
    assert len([it for it in same.user.identifiers if it.kind is SUBJECT]) == 2
    assert stranger.user.id != first.user.id, "the same subject at another issuer is somebody else"


async def test_who_registered_anns_address_with_a_password_does_not_get_ann_by_google(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    await openid(core, acme, issuer)
    squatter = await sign_in.register(core, acme.app, (Identifier.login(ann.email),), eve.password, NO_CHANGE, at())
    came = await by_token(core, acme, issuer.token(email=ann.email, email_verified=True))
    assert came.user is not None
    assert squatter.user is not None
    assert came.user.id != squatter.user.id
    assert known_as(came)["email"] == ann.email


async def test_the_nonce_is_checked_where_it_is_given_and_asked_for_where_the_app_wants_it(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    await openid(core, acme, issuer)
    for carried in ("once", hashlib.sha256(b"once").hexdigest()):
        await by_token(core, acme, issuer.token(nonce=carried), nonce="once")
    for wrong in (..., "twice", "", 1):
        with pytest.raises(TokenRefused) as refused:
            await by_token(core, acme, issuer.token(nonce=wrong), nonce="once")
        assert refused.value.claim == "nonce"
    await openid(core, acme, issuer, requires_nonce=True)
    with pytest.raises(TokenRefused) as refused:
        await by_token(core, acme, issuer.token(nonce="once"))
    assert refused.value.claim == "nonce"


async def test_a_banned_user_and_a_closed_registration_are_refused_as_everywhere(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    await openid(core, acme, issuer)
    came = await by_token(core, acme, issuer.token())
    assert came.user is not None
    await users.ban(core, acme.app, came.user.id)
    with pytest.raises(UserBanned):
        await by_token(core, acme, issuer.token())
    await allow(core, acme, registers_on_token=False)
    with pytest.raises(RegistrationClosed):
        await by_token(core, acme, issuer.token(sub="new"))
    assert [it.details["doubt"] for it in await events(core, acme) if it.kind == "sign_in.refused"] == [
        "banned",
        "no_such_user",
    ]


async def test_what_is_not_set_up_or_not_enabled_lets_nobody_in(core: Core, acme: Cast, issuer: Issuer) -> None:
    for name in ("google", "firebase_phone", "facebook", "twitter", "", "custom", "x" * 9999):
        with pytest.raises(Unacceptable):
            await by_token(core, acme, issuer.token(), name)
    settings = {"issuer": issuer.url, "client_ids": ["acme-web"]}
    await providers.put(core, acme.app, "google", "openid", settings, is_enabled=False)
    with pytest.raises(Unacceptable):
        await by_token(core, acme, issuer.token())
    dry = await providers.try_provider(core, acme.app, "google", {"token": issuer.token(name="Ann")})
    assert dry.mapped is not None, "but it can be tried"
    assert dry.mapped["profile"] == {"name": "Ann"}
    assert not await providers.has_custom_provider(core, acme.app)
    for token in ("", None, 7, ["x"], "x" * 9000):
        with pytest.raises(Unacceptable):
            await providers.try_provider(core, acme.app, "google", {"token": token})


async def test_providers_are_replaced_as_a_whole_and_removed(core: Core, acme: Cast, issuer: Issuer) -> None:
    await openid(core, acme, issuer)
    await providers.put(core, acme.app, "facebook", "facebook", {"app_id": "77", "app_secret": "hush"})
    assert [it.name for it in await providers.list_of(core, acme.app)] == ["facebook", "google"]
    assert "hush" not in str((await providers.list_of(core, acme.app))[0].as_shown())
    assert "hush" not in str(await events(core, acme))
    came = await by_token(core, acme, issuer.token())
    assert came.token is not None
    await providers.remove(core, acme.app, "google")
    with pytest.raises(NotFound):
        await providers.remove(core, acme.app, "google")
    with pytest.raises(Unacceptable):
        await by_token(core, acme, issuer.token())


# What is remembered of issuers


async def test_keys_are_asked_for_once_however_many_come_at_once(core: Core, acme: Cast, issuer: Issuer) -> None:
    await openid(core, acme, issuer)
    issuer.pages.held = asyncio.Event()
    coming = [asyncio.create_task(by_token(core, acme, issuer.token(sub=f"p{it}"))) for it in range(10)]
    await issuer.pages.arrived(1)
    issuer.pages.held.set()
    await asyncio.gather(*coming)
    assert [it.path for it in issuer.pages.asked] == ["/.well-known/openid-configuration", "/keys"]


async def test_keys_are_remembered_as_long_as_the_issuer_says(
    core: Core, acme: Cast, issuer: Issuer, clock: SetClock
) -> None:
    issuer.publish(Cache_Control="public, max-age=600, must-revalidate", Age="100")
    await openid(core, acme, issuer)
    await by_token(core, acme, issuer.token())
    clock.forward(seconds=499)
    await by_token(core, acme, issuer.token())
    assert len(issuer.pages.asked) == 2
    clock.forward(seconds=2)
    await by_token(core, acme, issuer.token())
    assert len(issuer.pages.asked) == 4


async def test_a_key_that_the_issuer_has_just_begun_to_use_is_asked_for_once_a_minute(
    core: Core, acme: Cast, issuer: Issuer, clock: SetClock
) -> None:
    await openid(core, acme, issuer)
    await by_token(core, acme, issuer.token())
    issuer.keys.insert(0, rsa("second"))
    issuer.publish()
    for _ in range(3):
        with pytest.raises(TokenRefused) as refused:
            await by_token(core, acme, issuer.token())
        assert refused.value.claim == "kid"
    assert len(issuer.pages.asked) == 2, "it had been asked a moment ago"
    clock.forward(seconds=61)
    await by_token(core, acme, issuer.token())
    assert len(issuer.pages.asked) == 3
    issuer.keys.pop()
    issuer.publish()
    clock.forward(days=1)
    with pytest.raises(TokenRefused):
        await by_token(core, acme, issuer.token(rsa("first")))  # withdrawn: not believed for longer than a day


async def test_an_issuer_that_is_down_is_a_clear_refusal_and_nobody_waits_for_it_twice(
    core: Core, acme: Cast, issuer: Issuer, clock: SetClock
) -> None:
    await openid(core, acme, issuer)
    issuer.pages.at["/keys"] = said({"error": "on fire"}, "503 Service Unavailable")
    for _ in range(3):
        with pytest.raises(ProviderUnavailable) as refused:
            await by_token(core, acme, issuer.token())
        assert refused.value.provider == "google"
    assert len(issuer.pages.asked) == 2
    issuer.publish()
    clock.forward(seconds=6)
    assert (await by_token(core, acme, issuer.token())).is_new_user
    (cause, *_) = [it.details for it in await events(core, acme) if it.kind == "sign_in.refused"]
    assert (cause["doubt"], cause["provider"]) == ("provider", "google")
    assert "503" in str(cause["why"])


@pytest.mark.parametrize(
    "document",
    [b"<html>", b"[]", b"{}", b'{"keys": 7}', b"[" * 100_000, b'{"issuer": "https://evil.example", "jwks_uri": "x"}'],
)
async def test_a_document_of_another_form_is_as_good_as_none(
    core: Core, acme: Cast, issuer: Issuer, document: bytes
) -> None:
    await openid(core, acme, issuer)
    for path in ("/.well-known/openid-configuration", "/keys"):
        issuer.publish()
        issuer.pages.at[path] = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(document)) + document
        with pytest.raises((ProviderUnavailable, TokenRefused)):
            await by_token(core, acme, issuer.token())


# Firebase


@on_both_databases
async def test_ben_comes_by_phone_and_by_email_and_is_one_ben(core: Core, acme: Cast, issuer: Issuer) -> None:
    await firebase(core, acme, issuer)
    fire = {"iss": f"{issuer.url}/acme-app", "aud": "acme-app", "sub": "ben-1"}
    by_phone = await by_token(core, acme, issuer.token(**fire, phone_number=ben.phone), "firebase_phone")
    assert known_as(by_phone) == {"subject": f"{issuer.url}/acme-app|ben-1", "phone": ben.phone[1:]}
    token = issuer.token(**fire, email=ben.email, email_verified=True)
    by_email = await by_token(core, acme, token, "firebase_email", project_id="acme-app")
    assert by_email.user is not None
    assert by_phone.user is not None
    assert by_email.user.id == by_phone.user.id
    assert known_as(by_email)["email"] == ben.email


async def test_ben_whose_number_the_app_knows_is_found_by_it(core: Core, acme: Cast, issuer: Issuer) -> None:
    await firebase(core, acme, issuer)
    known, _ = await users.put(core, acme.app, Identity((Identifier.phone(ben.phone),), Assurance.VERIFIED))
    token = issuer.token(iss=f"{issuer.url}/acme-app", aud="acme-app", phone_number=ben.phone)
    came = await by_token(core, acme, token, "firebase_phone")
    assert came.user is not None
    assert came.user.id == known.id


@pytest.mark.parametrize(
    ("door", "claims", "blames"),
    [
        ("firebase_phone", {"email": ann.email, "email_verified": True}, "phone_number"),
        ("firebase_email", {"phone_number": ann.phone}, "email"),
        ("firebase_email", {"email": ann.email}, "email_verified"),
        ("firebase_email", {"email": ann.email, "email_verified": False}, "email_verified"),
        ("firebase_phone", {"phone_number": ann.phone, "aud": "evil-app"}, "aud"),
        ("firebase_phone", {"phone_number": ann.phone, "aud": ["acme-app", "evil-app"]}, "aud"),
        ("firebase_phone", {"phone_number": ann.phone, "iss": "https://securetoken.google.com/evil-app"}, "iss"),
        ("firebase_phone", {"phone_number": ann.phone, "sub": ""}, "sub"),
        ("firebase_phone", {"phone_number": ann.phone, "auth_time": 4_000_000_000}, "auth_time"),
    ],
)
async def test_firebase_tokens_that_do_not_fit_say_which_claim(
    core: Core, acme: Cast, issuer: Issuer, door: str, claims: dict[str, Any], blames: str
) -> None:
    await firebase(core, acme, issuer)
    usual = {"iss": f"{issuer.url}/acme-app", "aud": "acme-app"}
    with pytest.raises(TokenRefused) as refused:
        await by_token(core, acme, issuer.token(**(usual | claims)), door)
    assert refused.value.claim == blames
    noted = (await events(core, acme))[-1]
    assert (noted.kind, noted.details["claim"], noted.details["provider"]) == ("sign_in.refused", blames, door)


async def test_an_unverified_firebase_address_may_come_in_and_names_nobody(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    await firebase(core, acme, issuer, accepts_unverified_email=True)
    known, _ = await users.put(core, acme.app, Identity((ann.by_email,), Assurance.VERIFIED))
    token = issuer.token(iss=f"{issuer.url}/acme-app", aud="acme-app", email=ann.email)
    came = await by_token(core, acme, token, "firebase_email")
    assert came.user is not None
    assert came.user.id != known.id
    assert came.user.profile.claimed.email == ann.email


# Facebook and X


def graph(web: Pages, **debug: Any) -> None:
    data = {"app_id": "77", "is_valid": True, "type": "USER", "user_id": "1001"} | debug
    web.says("/debug_token", {"data": data})
    web.says("/me", {"id": "1001", "name": ann.name, "email": ann.email})


async def test_ann_comes_with_facebook(core: Core, acme: Cast, web: Pages) -> None:
    graph(web)
    settings = {"app_id": "77", "app_secret": "hush", "graph_url": web.url}
    await providers.put(core, acme.app, "facebook", "facebook", settings)
    came = await by_token(core, acme, "EAAB", "facebook")
    assert known_as(came) == {"subject": "https://www.facebook.com|1001"}
    assert came.user is not None
    assert came.user.profile.claimed.email == ann.email, "Facebook does not say that it verified it"
    checked, asked = web.asked
    assert (checked.query, checked.headers["authorization"]) == ({"input_token": "EAAB"}, "Bearer 77|hush")
    assert asked.headers["authorization"] == "Bearer EAAB"
    assert asked.query["appsecret_proof"] == hmac.new(b"hush", b"EAAB", hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "debug", [{"app_id": "78"}, {"is_valid": False}, {"is_valid": "true"}, {"user_id": "1002"}, {"type": "PAGE"}]
)
async def test_a_facebook_token_of_another_app_or_of_nobody_opens_nothing(
    core: Core, acme: Cast, web: Pages, debug: dict[str, Any]
) -> None:
    graph(web, **debug)
    settings = {"app_id": "77", "app_secret": "hush", "graph_url": web.url}
    await providers.put(core, acme.app, "facebook", "facebook", settings)
    with pytest.raises((TokenRefused, ProviderRefused)):
        await by_token(core, acme, "EAAB", "facebook")


async def test_ben_comes_with_x_whose_question_is_signed(core: Core, acme: Cast, web: Pages) -> None:
    web.says("/verify.json", {"id": 12, "id_str": "12", "name": ben.name, "email": ben.email})
    settings = {"consumer_key": "ck", "consumer_secret": "cs", "credentials_url": f"{web.url}/verify.json"}
    await providers.put(core, acme.app, "twitter", "twitter", settings)
    came = await by_token(core, acme, "ben-token", "twitter", secret="ben-secret")
    assert known_as(came) == {"subject": "https://x.com|12"}
    (asked,) = web.asked
    for part in ('oauth_consumer_key="ck"', 'oauth_token="ben-token"', "HMAC-SHA1", "oauth_signature="):
        assert part in asked.headers["authorization"]
    assert "ben-secret" not in str(web.server.asked)
    with pytest.raises(Unacceptable, match="secret"):
        await by_token(core, acme, "ben-token", "twitter")
    web.says("/verify.json", {"errors": [{"code": 89}]}, "401 Unauthorized")
    with pytest.raises(ProviderRefused):
        await by_token(core, acme, "ben-token", "twitter", secret="ben-secret")
    web.says("/verify.json", {}, "500 Internal Server Error")
    with pytest.raises(ProviderUnavailable):
        await by_token(core, acme, "ben-token", "twitter", secret="ben-secret")
    web.says("/verify.json", {"name": "nobody"})
    with pytest.raises(ProviderRefused):
        await by_token(core, acme, "ben-token", "twitter", secret="ben-secret")
    for hostile in ("a\r\nb", "ö", "x" * 3000):
        with pytest.raises(TokenRefused):
            await by_token(core, acme, hostile, "twitter", secret="s")


# The App's own


def idp(question: Question) -> bytes:
    """Acme's: knows tokens that look like ``token of ann``."""
    token = question.query.get("token") or question.form.get("token", "")
    _, _, login = token.partition("token of ")
    if not login:
        return said({"error": "who?", "stack": "at secret.js:1"}, "401 Unauthorized")
    return said({"user": {"id": f"acme-{login}", "name": login.title(), "login": login}})


@on_both_databases
async def test_acmes_own_identity_provider_says_who_ann_is(core: Core, acme: Cast, web: Pages) -> None:
    web.at["/verify"] = idp
    await custom(core, acme, web)
    assert await providers.has_custom_provider(core, acme.app)
    came = await by_custom(core, acme, "token of ann", password="anything")
    assert came.user is not None
    assert known_as(came) == {"external_id": "acme-ann", "login": "custom_acme-ann"}
    assert (came.user.profile.name, came.user.is_vouched) == ("Ann", True)
    (asked,) = web.asked
    assert (asked.method, asked.query) == ("GET", {"token": "token of ann"})
    assert asked.headers["accept"] == "application/json"
    async with core.store.read() as tx:
        assert await tx.users.password_hash(came.user.id) is None

    web.says("/verify", {"user": {"id": "acme-ann", "name": "Ann Archer-Miller"}})
    again = await by_custom(core, acme, "another token")
    assert again.user is not None
    assert again.user.id == came.user.id
    assert again.user.profile.name == "Ann Archer-Miller", "what is mapped is brought up to date"


async def test_everything_that_can_be_mapped_is_mapped(core: Core, acme: Cast, web: Pages) -> None:
    answer = {
        "users": [{"uid": 42}],
        "login": "ann",
        "mail": ann.email.upper(),
        "tel": "+49 30 1",
        "pic": "https://acme.example/a.png",
        "site": "acme.example",
        "more": {"plan": "gold"},
        "tags": ["vip", "", 7, "berlin"],
    }
    web.says("/verify", answer)
    mapped = {
        "uid": "#{users[0].uid}",
        "login": "#{login}",
        "email": "#{mail}",
        "phone": "#{tel}",
        "avatar": "#{pic}",
        "website": "https://#{site}/",
        "custom_data": "#{more}",
        "tag_list": "#{tags}",
        "full_name": "#{nowhere.to.be.found}",
    }
    await custom(core, acme, web, response_params=mapped, method="POST")
    app = await allow(core, acme)
    came = await providers.sign_in_with_custom_provider(core, app, {"login": "x"}, at(door="connectycube"))
    assert came.user is not None
    profile = came.user.profile
    assert known_as(came) == {"external_id": "42", "login": "ann"}
    assert (profile.claimed.email, profile.phone, profile.name) == (ann.email, "+49 30 1", None)
    assert (profile.avatar_url, profile.tags) == ("https://acme.example/a.png", ("vip", "berlin"))
    assert profile.by_door["connectycube"] == {"website": "https://acme.example/", "custom_data": '{"plan":"gold"}'}
    (asked,) = web.asked
    assert (asked.method, asked.form) == ("POST", {"token": "x"})
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_an_address_that_acme_says_it_verified_names_the_user(core: Core, acme: Cast, web: Pages) -> None:
    web.says("/verify", {"user": {"id": 1, "mail": ann.email, "ok": True}})
    mapped = {"uid": "#{user.id}", "email": "#{user.mail}", "email_verified": "#{user.ok}"}
    await custom(core, acme, web, response_params=mapped)
    assert known_as(await by_custom(core, acme))["email"] == ann.email
    web.says("/verify", {"user": {"id": 2, "mail": ann.email, "ok": True}})
    other = await by_custom(core, acme)
    assert "email" not in known_as(other), "it is the other one's already, and uid alone says who somebody is"


async def test_a_login_that_somebody_has_stays_theirs(core: Core, acme: Cast, web: Pages) -> None:
    for name in ("ann", "custom_7"):
        await sign_in.register(core, acme.app, (Identifier.login(name),), eve.password, NO_CHANGE, at())
    web.says("/verify", {"id": 7, "login": "ann"})
    await custom(core, acme, web, response_params={"uid": "#{id}", "login": "#{login}"})
    assert known_as(await by_custom(core, acme)) == {"external_id": "7"}
    web.says("/verify", {"id": 8, "login": "ann"})
    assert known_as(await by_custom(core, acme)) == {"external_id": "8", "login": "custom_8"}


@pytest.mark.parametrize("uid", [None, "", "  ", True, 4.5, {"id": 1}, ["1"], "x" * 256, "a\x00b", "a\nb", 10**300])
async def test_a_uid_that_cannot_be_an_id_lets_nobody_in(core: Core, acme: Cast, web: Pages, uid: Any) -> None:
    web.says("/verify", {"user": {"id": uid}})
    await custom(core, acme, web)
    with pytest.raises(ProviderRefused) as refused:
        await by_custom(core, acme)
    assert refused.value.lacks == "uid"
    assert (await events(core, acme))[-1].details["lacks"] == "uid"


async def test_what_acmes_provider_refuses_is_said_with_its_error_and_nothing_else(
    core: Core, acme: Cast, web: Pages
) -> None:
    web.at["/verify"] = idp
    await custom(core, acme, web)
    with pytest.raises(ProviderRefused) as refused:
        await by_custom(core, acme, "nonsense")
    assert (refused.value.status, refused.value.text) == (401, "who?")
    for answer in (b"<html>hello</html>", b"", b"NaN", b"{" * 100_000, b'{"user": {"id": 1e999}}'):
        web.at["/verify"] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
        with pytest.raises(ProviderRefused) as refused:
            await by_custom(core, acme)
    web.says("/verify", {"user": {"id": 1}}, "302 Found", Location="/elsewhere")
    with pytest.raises(ProviderRefused) as refused:
        await by_custom(core, acme)
    assert refused.value.status == 302
    assert [it.path for it in web.asked] == ["/verify"] * 7, "nobody follows a redirect"


async def test_with_a_provider_of_its_own_an_apps_passwords_only_count_where_it_says_so(
    core: Core, acme: Cast, web: Pages
) -> None:
    web.at["/verify"] = idp
    await sign_in.register(core, acme.app, (ann.by_login,), ann.password, NO_CHANGE, at())
    await custom(core, acme, web)
    with pytest.raises(ProviderRefused):
        await by_custom(core, acme, ann.login, password=ann.password)

    await custom(core, acme, web, falls_back_to_own=True)
    before = len(await events(core, acme))
    own = await by_custom(core, acme, ann.login, password=ann.password)
    assert not own.is_new_user
    assert "sign_in.refused" not in [it.kind for it in (await events(core, acme))[before:]]
    for login, password in ((ann.login, eve.password), ("nobody", eve.password)):
        with pytest.raises(InvalidCredentials):
            await by_custom(core, acme, login, password=password)
    async with core.store.read() as tx:
        assert await tx.users.find(acme.app.id, Identifier.login("nobody")) is None, "it registers nobody"
    for login, password in ((ann.login, ""), ("x" * 5000, "y"), (ann.login, "y" * 5000)):
        with pytest.raises(ProviderRefused):
            await by_custom(core, acme, login, password=password)
    web.at.clear()
    web.says("/verify", {}, "500 Internal Server Error")
    with pytest.raises(ProviderRefused):
        await by_custom(core, acme, ann.login, password=ann.password)


async def test_an_answer_without_end_and_a_login_of_nobody_lead_nowhere(core: Core, acme: Cast, web: Pages) -> None:
    web.says("/verify", {"user": {"id": 7}, "padding": "x" * 300_000})
    await custom(core, acme, web)
    with pytest.raises(ProviderUnavailable):
        await by_custom(core, acme)
    for nobody in ({}, {"login": ""}, {"password": "x"}, {"login": "x" * 9000}, {"login": "a\0b"}):
        with pytest.raises(Unacceptable):
            await providers.sign_in_with_custom_provider(core, acme.app, nobody, at())
    assert len(web.server.asked) == 1


async def test_a_dry_run_shows_question_answer_and_user_and_no_secret(core: Core, acme: Cast, web: Pages) -> None:
    web.says("/verify", {"user": {"id": 7, "name": "Ann"}})
    headers = {"X-Api-Key": "hush", "Authorization": "Bearer #{login}", "Content-Type": "application/json"}
    params = {"token": "#{login}", "secret": "quiet", "password": "#{password}"}
    await custom(
        core, acme, web, method="POST", endpoint=f"{web.url}/verify?key=whisper", request_headers=headers,
        request_params=params,
    )  # fmt: skip
    before = len(await events(core, acme))
    dry = await providers.try_custom_provider(core, acme.app, {"login": "jwt", "password": ann.password})
    assert dry.request is not None
    assert dry.answer is not None
    assert dry.mapped is not None
    assert dry.request["headers"] == {
        "Accept": "application/json",
        "X-Api-Key": "********",
        "Authorization": "Bearer jwt",
        "Content-Type": "application/json",
    }
    assert dry.request["body"] == '{"token": "jwt", "secret": "********", "password": "********"}'
    assert dry.request["url"] == f"{web.url}/verify?********"
    assert (dry.answer["status"], dry.answer["body"]) == (200, '{"user": {"id": 7, "name": "Ann"}}')
    assert dry.mapped["identifiers"] == [
        {"kind": "external_id", "value": "7"},
        {"kind": "login", "value": "custom_7"},
    ]
    assert (dry.mapped["user"], dry.mapped["may_come_in"], dry.why_not) == (None, True, None)
    (asked,) = web.asked
    assert asked.headers["x-api-key"] == "hush", "what is shown is not what is sent"
    assert (asked.query, asked.body) == (
        {"key": "whisper"},
        b'{"token": "jwt", "secret": "quiet", "password": "' + ann.password.encode() + b'"}',
    )
    assert len(await events(core, acme)) == before, "and nobody came in"

    web.says("/verify", {"uid": 7})
    dry = await providers.try_custom_provider(core, acme.app, {"login": "jwt"})
    assert dry.mapped is None
    assert "uid" in str(dry.why_not)
    assert dry.answer is not None, "the answer says where it is instead"
    web.server.port = 1
    await custom(core, acme, web, endpoint="http://127.0.0.1:1/verify")
    dry = await providers.try_custom_provider(core, acme.app, {"login": "jwt"})
    assert (dry.answer, dry.mapped) == (None, None)
    assert "does not answer" in str(dry.why_not)


async def test_the_app_may_vouch_for_who_came_by_a_provider_and_its_names_stay(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    await openid(core, acme, issuer)
    came = await by_token(core, acme, issuer.token(email=ann.email, email_verified=True))
    vouched = await sign_in.vouch_for(core, acme.app, Identity((ann.by_email,), Assurance.VERIFIED), at())
    assert came.user is not None
    assert vouched.user is not None
    assert vouched.user.id == came.user.id
    again = await by_token(core, acme, issuer.token())
    assert again.user is not None
    assert again.user.id == came.user.id


async def test_many_first_sign_ins_at_once_make_one_user(core: Core, acme: Cast, issuer: Issuer) -> None:
    await openid(core, acme, issuer)
    token = issuer.token(email=ann.email, email_verified=True)
    came = await asyncio.gather(*(by_token(core, acme, token) for _ in range(10)))
    assert len({it.user.id for it in came if it.user}) == 1
    assert sum(it.is_new_user for it in came) == 1


async def test_a_slow_provider_is_asked_a_few_questions_at_once_and_the_others_wait_their_turn(
    core: Core, acme: Cast, web: Pages
) -> None:
    web.at["/verify"] = idp
    await custom(core, acme, web)
    web.held = asyncio.Event()
    coming = [asyncio.create_task(by_custom(core, acme, f"token of p{it}")) for it in range(20)]
    await web.arrived(16)
    assert len(web.server.asked) == 16
    web.held.set()
    assert all(it.is_new_user for it in await asyncio.gather(*coming))


async def test_whose_turn_does_not_come_is_refused(core: Core, clock: SetClock) -> None:
    outside = Outside(core.outbound, clock, patience=timedelta(milliseconds=1))
    async with AsyncExitStack() as asking:
        for _ in range(16):
            await asking.enter_async_context(outside.question("slow"))
        with pytest.raises(Busy):
            async with outside.question("slow"):
                pass
        async with outside.question("another"):
            pass
    async with outside.question("slow"):
        pass


async def test_one_address_may_be_two_kinds_of_document(core: Core, acme: Cast, issuer: Issuer) -> None:
    """Or an App whose key set is said to be where another's discovery document is would break on what is remembered."""
    await openid(core, acme, issuer)
    await by_token(core, acme, issuer.token())
    await openid(core, acme, issuer, "odd", jwks_url=f"{issuer.url}/.well-known/openid-configuration")
    with pytest.raises((TokenRefused, ProviderUnavailable)):
        await by_token(core, acme, issuer.token(), "odd")
    await by_token(core, acme, issuer.token())


async def test_guesses_are_counted_by_each_name_that_is_sent(core: Core, acme: Cast, web: Pages) -> None:
    """The provider may look at the address while the login is another one each time."""
    web.says("/verify", {"error": "wrong"}, "401 Unauthorized")
    await custom(core, acme, web, request_params={"email": "#{email}", "password": "#{password}"})
    for number in range(20):
        with pytest.raises(ProviderRefused):
            await by_custom(core, acme, f"login-{number}", email=ann.email.upper(), password=f"{number}")
    with pytest.raises(TooManyRequests):
        await by_custom(core, acme, "login-20", email=ann.email, password="20")
    assert len(web.server.asked) == 20
