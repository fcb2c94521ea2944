"""Attack 4: a token of somebody else's, or of nobody's, at the door of an App that believes in Providers.

Audience, issuer and key confusion (CVE-2026-30863, CVE-2026-31813, GHSA-p2fr-6hmx-4528, GHSA-wxg7-w2v3-w38g,
CVE-2024-53861, CVE-2022-29217), and a Provider's word that outlives the one it was about.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from acquaint.domain.errors import ProviderUnavailable, SessionEnded, TokenRefused, Unacceptable
from acquaint.domain.identities import NO_CHANGE, Assurance, Identifier, Identity
from acquaint.ports.store import Recognised
from acquaint.services import addresses, apps, providers, sessions, sign_in, users
from acquaint.services.admission import Admission
from acquaint.services.core import Core
from acquaint.services.registration import Names, OwnChange, change_own, sign_up
from acquaint.settings import Settings
from tests.cast import Cast, ann, eve
from tests.services.doors import allow, at
from tests.support.clock import SetClock
from tests.support.issuers import Issuer, Pages, certificate, ec, ed, pages, rsa, said, signed


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, outbound_allow=("127.0.0.1",))


@pytest.fixture
async def web() -> AsyncIterator[Pages]:
    async with pages() as web:
        yield web


@pytest.fixture
async def issuer(web: Pages, clock: SetClock, core: Core, acme: Cast) -> Issuer:
    """Acme's, with a key of each kind; and the same keys are those of its Firebase project."""
    issuer = Issuer(web, [rsa("first"), ec("curve"), ec("wider", "P-384"), ed("edwards")], clock).publish()
    settings = {"issuer": issuer.url, "client_ids": ["acme-web", "acme-ios"]}
    await providers.put(core, acme.app, "google", "openid", settings)
    certificates = {"certificates_url": f"{issuer.url}/certificates", "issuer_base": f"{issuer.url}/"}
    await providers.put(core, acme.app, "firebase", "firebase", certificates | {"projects": ["acme-app"]})
    return issuer


async def come(core: Core, acme: Cast, token: str, name: str = "google") -> Admission:
    return await providers.sign_in_with_provider(core, await allow(core, acme), name, {"token": token}, at())


def b64(content: Any) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


async def test_the_honest_token_lets_ann_in(core: Core, acme: Cast, issuer: Issuer) -> None:
    """Otherwise what follows would prove nothing."""
    for key in issuer.keys:
        assert (await come(core, acme, issuer.token(key))).user is not None


def forgeries(issuer: Issuer) -> dict[str, str]:
    """Tokens that say they are Ann's."""
    claims, first = issuer.claims(), rsa("first")
    public_pem = first.as_pem(private=False)
    public_jwk = json.dumps({**first.as_dict(private=False), "kid": "first"}).encode()
    evil = rsa("evil")
    header, payload, signature = issuer.token().split(".")
    return {
        "unsigned": f"{b64({'alg': 'none', 'kid': 'first'})}.{b64(claims)}.",
        "unsigned, spelled otherwise": f"{b64({'alg': 'nOnE', 'kid': 'first'})}.{b64(claims)}.{signature}",
        "no alg": f"{b64({'kid': 'first'})}.{b64(claims)}.{signature}",
        "HS256 with the public key in PEM": signed(
            claims, OctKey.import_key(base64.b64encode(public_pem)), {"alg": "HS256", "kid": "first"}
        ),
        "HS256 with the public JWK": signed(claims, OctKey.import_key(public_jwk), {"alg": "HS256", "kid": "first"}),
        "HS256 with Acme's own secret": signed(
            claims, OctKey.import_key(b"acqx_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1"), {"alg": "HS256", "kid": "first"}
        ),
        "another algorithm of the same key": signed(claims, first, {"alg": "RS512", "kid": "first"}),
        "PSS": signed(claims, first, {"alg": "PS256", "kid": "first"}),
        "EC kid, RSA signature": signed(claims, first, {"alg": "RS256", "kid": "curve"}),
        "RSA kid, EC signature": signed(claims, ec("curve"), {"alg": "ES256", "kid": "first"}),
        "EC kid, EC signature of another curve": signed(claims, ec("wider", "P-384"), {"alg": "ES384", "kid": "curve"}),
        "EC kid, Ed25519 signature": signed(claims, ed("edwards"), {"alg": "Ed25519", "kid": "curve"}),
        "Ed25519 kid, RSA signature": signed(claims, first, {"alg": "RS256", "kid": "edwards"}),
        "HS256 with the public point of Ed25519": signed(
            claims, OctKey.import_key({"kty": "oct", "k": ed("edwards").as_dict(private=False)["x"]}),
            {"alg": "HS256", "kid": "edwards"},
        ),
        "a stranger's Ed25519 key": signed(claims, ed("evil"), {"alg": "EdDSA", "kid": "edwards"}),
        "Ed25519 that is Ed448": signed(claims, ed("evil", "Ed448"), {"alg": "EdDSA", "kid": "edwards"}),
        "Ed25519 of all zeroes": (
            f"{b64({'alg': 'Ed25519', 'kid': 'edwards'})}.{b64(claims)}.{b64(bytes(64))}"
        ),
        "ECDSA of all zeroes": f"{b64({'alg': 'ES256', 'kid': 'curve'})}.{b64(claims)}.{b64(bytes(64))}",
        "a stranger's key": signed(claims, evil, {"alg": "RS256", "kid": "first"}),
        "a kid of nobody": signed(claims, evil, {"alg": "RS256", "kid": "evil"}),
        "no kid among several": signed(claims, first, {"alg": "RS256"}),
        "kid as a path": signed(claims, evil, {"alg": "RS256", "kid": "../../keys/evil"}),
        "kid as SQL": signed(claims, evil, {"alg": "RS256", "kid": "' OR 1=1 --"}),
        "kid that is no text": f"{b64({'alg': 'RS256', 'kid': ['first']})}.{payload}.{signature}",
        "its own key": signed(
            claims, evil, {"alg": "RS256", "kid": "first", "jwk": evil.as_dict(private=False)}
        ),
        "its own key set": signed(claims, evil, {"alg": "RS256", "kid": "evil", "jku": f"{issuer.pages.url}/evil"}),
        "its own certificate": signed(claims, evil, {"alg": "RS256", "kid": "evil", "x5c": [certificate("evil")]}),
        "a certificate elsewhere": signed(claims, evil, {"alg": "RS256", "kid": "evil", "x5u": "https://evil.example"}),
        "unknown crit": f"{b64({'alg': 'RS256', 'kid': 'first', 'crit': ['bork'], 'bork': 1})}.{payload}.{signature}",
        "b64 off": f"{b64({'alg': 'RS256', 'kid': 'first', 'b64': False})}.{payload}.{signature}",
        "other claims under an honest signature": f"{header}.{b64(issuer.claims(sub='ann-2'))}.{signature}",
        "an empty signature": f"{header}.{payload}.",
        "claims twice": f"{header}.{b64(b'{}')}.{signature}",
        "an access token": issuer.token(header={"typ": "at+jwt"}),
        "a log-out token": issuer.token(header={"typ": "logout+jwt"}),
        "not a token": "ann",
        "too many parts": f"{header}.{payload}.{signature}.{signature}",
        "too long": issuer.token(padding="x" * 9000),
    }  # fmt: skip


@pytest.mark.parametrize("how", list(forgeries(Issuer(Pages(), [rsa("first"), ec("curve")], SetClock()))))
async def test_a_forged_token_lets_nobody_in(core: Core, acme: Cast, issuer: Issuer, how: str) -> None:
    issuer.pages.says("/evil", {"keys": [{**rsa("evil").as_dict(private=False), "kid": "evil"}]})
    with pytest.raises((TokenRefused, Unacceptable)):
        await come(core, acme, forgeries(issuer)[how])
    assert "/evil" not in [it.path for it in issuer.pages.asked]
    async with core.store.read() as tx:
        assert await tx.users.find(acme.app.id, Identifier.subject(issuer.url, "ann-1")) is None


@pytest.mark.parametrize(
    ("claims", "blames"),
    [
        ({"iss": ...}, "iss"),
        ({"iss": None}, "iss"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": "{issuer}/"}, "iss"),
        ({"iss": "{issuer}.evil.example"}, "iss"),
        ({"iss": ["{issuer}"]}, "iss"),
        ({"aud": ...}, "aud"),
        ({"aud": "evil-web"}, "aud"),
        ({"aud": "acme"}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": ["evil-web"]}, "aud"),
        ({"aud": ["acme-web", "evil-web"], "azp": "acme-web"}, "aud"),
        ({"aud": {"acme-web": 1}}, "aud"),
        ({"aud": ["acme-web", "acme-ios"]}, "azp"),
        ({"aud": "acme-web", "azp": "evil-web"}, "azp"),
        ({"azp": ["acme-web"]}, "azp"),
        ({"sub": ...}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": {"id": "ann-1"}}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": "a\x00b"}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"exp": ...}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 1763726400}, "exp"),
        ({"exp": 10**30}, "exp"),
        ({"iat": ...}, "iat"),
        ({"iat": 4_000_000_000}, "iat"),
        ({"iat": -(10**20)}, "iat"),
        ({"nbf": 4_000_000_000}, "nbf"),
    ],
    ids=str,
)
async def test_a_claim_that_is_missing_or_wrong_is_named(
    core: Core, acme: Cast, issuer: Issuer, claims: dict[str, Any], blames: str
) -> None:
    filled = json.loads(json.dumps(claims, default=lambda it: "...").replace("{issuer}", issuer.url))
    sent = {name: ... if value == "..." else value for name, value in filled.items()}
    with pytest.raises(TokenRefused) as refused:
        await come(core, acme, issuer.token(**sent))
    assert refused.value.claim == blames


async def test_a_token_is_good_at_the_app_it_was_made_for_alone(core: Core, acme: Cast, issuer: Issuer) -> None:
    rival = Cast(await apps.create(core, "Rival"))
    settings = {"issuer": issuer.url, "client_ids": ["rival-web"]}
    await providers.put(core, rival.app, "google", "openid", settings)
    with pytest.raises(TokenRefused):
        await come(core, rival, issuer.token())
    await come(core, acme, issuer.token())
    with pytest.raises(TokenRefused):
        await come(core, acme, issuer.token(aud="rival-web"))


async def test_an_id_token_of_firebase_and_one_of_google_are_not_each_other(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    """Signed with the same key, here; with Google's real keys it is less, and not to be relied upon."""
    fire = issuer.token(iss=f"{issuer.url}/acme-app", aud="acme-app", phone_number=ann.phone)
    assert (await come(core, acme, fire, "firebase_phone")).user is not None
    with pytest.raises(TokenRefused):
        await come(core, acme, fire, "google")
    with pytest.raises(TokenRefused):
        await come(core, acme, issuer.token(phone_number=ann.phone), "firebase_phone")
    other = issuer.token(iss=f"{issuer.url}/evil-app", aud="evil-app", phone_number=ann.phone)
    with pytest.raises(TokenRefused):
        await come(core, acme, other, "firebase_phone")
    curve = issuer.token(ec("curve"), iss=f"{issuer.url}/acme-app", aud="acme-app", phone_number=ann.phone)
    with pytest.raises(TokenRefused):
        await come(core, acme, curve, "firebase_phone")


async def test_keys_of_one_issuer_do_not_count_for_another(
    core: Core, acme: Cast, issuer: Issuer, web: Pages, clock: SetClock
) -> None:
    """Eve runs an issuer that Acme believes, too, for its partners: she can speak for those, and for nobody else."""
    eves = Issuer(web, [rsa("eve")], clock, path="/eve").publish()
    await providers.put(core, acme.app, "partners", "openid", {"issuer": eves.url, "client_ids": ["acme-web"]})
    anns = await come(core, acme, issuer.token())
    as_ann = signed(issuer.claims(), rsa("eve"), {"alg": "RS256", "kid": "eve"})
    for name in ("google", "partners"):
        with pytest.raises(TokenRefused):
            await come(core, acme, as_ann, name)
    same_kid = signed(issuer.claims(), rsa("eve"), {"alg": "RS256", "kid": "first"})
    with pytest.raises(TokenRefused):
        await come(core, acme, same_kid)
    partner = await come(core, acme, eves.token(), "partners")
    assert partner.user is not None
    assert anns.user is not None
    assert partner.user.id != anns.user.id


async def test_a_discovery_document_of_another_issuer_is_not_followed(
    core: Core, acme: Cast, issuer: Issuer, web: Pages
) -> None:
    web.says("/.well-known/openid-configuration", {"issuer": f"{web.url}/x", "jwks_uri": f"{web.url}/evil"})
    web.says("/evil", {"keys": [{**rsa("evil").as_dict(private=False), "kid": "evil"}]})
    with pytest.raises(ProviderUnavailable):
        await come(core, acme, issuer.token(rsa("evil")))
    assert [it.path for it in web.asked] == ["/.well-known/openid-configuration"]


@pytest.mark.parametrize(
    "where",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/keys",
        "https://localhost/keys",
        "http://[::1]/keys",
        "file:///etc/passwd",
        "http://evil.example/keys",
        "gopher://127.0.0.1:6379/_INFO",
        "",
    ],
)
async def test_a_key_set_is_fetched_from_nowhere_inside(
    core: Core, acme: Cast, issuer: Issuer, web: Pages, where: str
) -> None:
    web.says("/.well-known/openid-configuration", {"issuer": issuer.url, "jwks_uri": where})
    with pytest.raises(ProviderUnavailable):
        await come(core, acme, issuer.token())
    web.at["/.well-known/openid-configuration"] = said({}, "302 Found", Location=where or "/keys")
    with pytest.raises(ProviderUnavailable):
        await come(core, acme, issuer.token())


async def test_a_key_that_is_weak_or_for_something_else_verifies_nothing(
    core: Core, acme: Cast, issuer: Issuer, web: Pages
) -> None:
    with pytest.warns(UserWarning, match="2048"):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    sealing = {**rsa("sealing").as_dict(private=False), "kid": "sealing", "use": "enc"}
    shared = {"kty": "oct", "k": b64(b"hush" * 16), "kid": "shared", "alg": "HS256"}
    half = {"kty": "RSA", "kid": "half", "n": "AQAB"}
    odd: list[Any] = [7, None, {}, {"kty": "EC", "crv": "P-256", "x": "!", "y": "!", "kid": "odd"}]
    web.says("/keys", {"keys": [{**weak.as_dict(private=False), "kid": "weak"}, sealing, shared, half, *odd]})
    for key, header in (
        (weak, {"alg": "RS256", "kid": "weak"}),
        (rsa("sealing"), {"alg": "RS256", "kid": "sealing"}),
        (OctKey.import_key(b"hush" * 16), {"alg": "HS256", "kid": "shared"}),
    ):
        with pytest.raises(TokenRefused):
            await come(core, acme, signed(issuer.claims(), key, header))


async def test_what_eve_chose_before_ann_came_opens_nothing_once_the_app_names_ann(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    """Pre-hijacking with a Provider for a password: Eve comes with Google and takes Ann's login (decision 0009)."""
    eves = await come(core, acme, issuer.token(sub="eve-1", email=eve.email, email_verified=True))
    assert eves.token is not None
    held = await sessions.resume(core, eves.token)
    await change_own(core, held, OwnChange(login=ann.login))

    anns = await sign_in.vouch_for(core, acme.app, Identity((ann.by_login, ann.by_email), Assurance.VERIFIED), at())
    assert anns.user is not None
    with pytest.raises(SessionEnded):
        await sessions.resume(core, eves.token)
    again = await come(core, acme, issuer.token(sub="eve-1", email=eve.email, email_verified=True))
    assert again.user is not None
    assert again.user.id != anns.user.id


async def test_nor_once_the_app_gives_ann_a_password(core: Core, acme: Cast, issuer: Issuer) -> None:
    eves = await come(core, acme, issuer.token(sub="eve-1", email=eve.email, email_verified=True))
    held: Recognised = await sessions.resume(core, str(eves.token))
    await change_own(core, held, OwnChange(login=ann.login))
    anns, _ = await users.put_with_password(core, acme.app, Identity((ann.by_login,), Assurance.VERIFIED), ann.password)
    with pytest.raises(SessionEnded):
        await sessions.resume(core, str(eves.token))
    again = await come(core, acme, issuer.token(sub="eve-1", email=eve.email, email_verified=True))
    assert again.user is not None
    assert again.user.id != anns.id


async def test_nor_is_anns_password_mailed_to_an_address_that_eve_typed(core: Core, acme: Cast) -> None:
    """Eve signs up with Ann's login and an address of her own; then the App gives Ann a password."""
    names = Names(login=ann.login, email=eve.email)
    squatted = await sign_up(core, acme.app, names, eve.password, NO_CHANGE, at())
    async with core.store.read() as tx:
        assert await addresses.reachable(tx, acme.app, Identifier.email(eve.email)) is not None
    anns, _ = await users.put_with_password(core, acme.app, Identity((ann.by_login,), Assurance.VERIFIED), ann.password)
    assert anns.id == squatted.id
    async with core.store.read() as tx:
        assert await addresses.reachable(tx, acme.app, Identifier.email(eve.email)) is None


async def test_a_password_that_eve_registered_with_anns_address_does_not_meet_ann(
    core: Core, acme: Cast, issuer: Issuer
) -> None:
    squatted = await sign_in.register(core, acme.app, (Identifier.login(ann.email),), eve.password, NO_CHANGE, at())
    anns = await come(core, acme, issuer.token(email=ann.email, email_verified=True))
    by_password = await sign_in.sign_in(core, acme.app, Identifier.login(ann.email), eve.password, at())
    assert by_password.user is not None
    assert squatted.user is not None
    assert anns.user is not None
    assert by_password.user.id == squatted.user.id != anns.user.id
