"""Every way in: who gets in, as whom, believed how far, and who does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.adapters.argon2 import OWASP, Argon2Hasher
from acquaint.domain.claims import LEEWAY
from acquaint.domain.errors import (
    Doubt,
    IdentifierTaken,
    InvalidCredentials,
    NotAllowed,
    NotFound,
    RegistrationClosed,
    SessionEnded,
    SessionExpired,
    StaleToken,
    TokenRefused,
    TooManyRequests,
    Unacceptable,
    UserBanned,
)
from acquaint.domain.events import EventKind
from acquaint.domain.identities import (
    NO_CHANGE,
    Assurance,
    Claimed,
    Identifier,
    IdentifierKind,
    Identity,
    ProfileChange,
)
from acquaint.domain.passwords import MACHINE_MADE
from acquaint.domain.places import Workspace
from acquaint.domain.sessions import Lifetime
from acquaint.services import apps, limits, sessions, sign_in, users
from acquaint.services.admission import Admission
from acquaint.services.core import Core, device_of
from tests.cast import Cast, Person, ann, ben, device, eve, kiosk, laptop, phone
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

from .doors import (
    allow,
    at,
    events,
    it_of,
    kinds,
    now,
    registered,
    sees,
    token_of,
    verified,
    visitor,
    write,
)


async def log_in(core: Core, acme: Cast, who: Person, password: str | None = None, **other: object) -> Admission:
    return await sign_in.login_or_register(
        core,
        await now(core, acme),
        who.by_login,
        password or who.password,
        NO_CHANGE,
        at(**other),  # type: ignore[arg-type]
    )


# by password


@on_both_databases
async def test_the_first_login_registers_and_the_second_must_match(core: Core, acme: Cast) -> None:
    first = await log_in(core, acme, ann)
    assert first.is_new_user
    assert first.session.assurance is Assurance.VERIFIED
    second = await log_in(core, acme, ann)
    assert not second.is_new_user
    assert first.user is not None
    assert second.user is not None
    assert second.user.id == first.user.id
    assert second.token != first.token
    for wrong in (ben.password, "", ann.password + " ", ann.password.upper(), "x" * 2000, "\ud800"):
        with pytest.raises(InvalidCredentials):
            await log_in(core, acme, ann, wrong or "wrong")


async def test_a_wrong_password_changes_nothing(core: Core, acme: Cast) -> None:
    user = (await registered(core, acme, ann)).user
    with pytest.raises(InvalidCredentials):
        await sign_in.login_or_register(
            core, acme.app, ann.by_login, "wrong", ProfileChange(name="Eve"), at(laptop), MACHINE_MADE
        )
    assert await users.find(core, acme.app, ann.by_login) == user


async def test_the_spelling_of_a_password_does_not_depend_on_the_keyboard(core: Core, acme: Cast) -> None:
    await log_in(core, acme, ann, "un caf\u00e9 s'il vous plait")
    await log_in(core, acme, ann, "un cafe\u0301 s'il vous plait")


async def test_where_the_policy_registers_nobody_a_first_login_is_a_wrong_one(core: Core, acme: Cast) -> None:
    await registered(core, acme, ann)
    app = await allow(core, acme, registers_on_login=False)
    refusals = []
    for who in (ann, eve):
        with pytest.raises(InvalidCredentials) as refusal:
            await sign_in.login_or_register(core, app, who.by_login, "wrong password!", NO_CHANGE, at())
        refusals.append(type(refusal.value))
    assert refusals == [InvalidCredentials, InvalidCredentials]
    with pytest.raises(RegistrationClosed):
        await sign_in.register(core, app, (eve.by_login,), eve.password, NO_CHANGE, at())
    with pytest.raises(NotFound):
        await users.find(core, app, eve.by_login)


@pytest.mark.parametrize(
    "who", [ann.by_email, Identifier.phone(ann.phone), ann.by_external_id, Identifier.subject("https://id", "ann")]
)
async def test_registering_names_a_login_and_nothing_that_would_need_proof(
    core: Core, acme: Cast, who: Identifier
) -> None:
    """Otherwise whoever registers somebody's address first owns what they later prove (account pre-hijacking)."""
    with pytest.raises(NotAllowed):
        await sign_in.register(core, acme.app, (ann.by_login, who), eve.password, NO_CHANGE, at())
    with pytest.raises(InvalidCredentials):
        await sign_in.login_or_register(core, acme.app, who, eve.password, NO_CHANGE, at())
    with pytest.raises(NotFound):
        await users.find(core, acme.app, who)


async def test_a_taken_login_cannot_be_registered_again(core: Core, acme: Cast) -> None:
    await registered(core, acme, ann)
    with pytest.raises(IdentifierTaken):
        await sign_in.register(core, acme.app, (ann.by_login,), eve.password, NO_CHANGE, at())


@pytest.mark.parametrize("password", ["", "short", "password", "x" * 1025])
async def test_a_new_password_is_judged_and_an_old_one_is_not(core: Core, acme: Cast, password: str) -> None:
    with pytest.raises(Unacceptable):
        await sign_in.register(core, acme.app, (ann.by_login,), password, NO_CHANGE, at())
    user, _ = await users.put(core, acme.app, ben.verified())
    await users.set_password(core, acme.app, user.id, "key1", rules=MACHINE_MADE)
    await log_in(core, acme, ben, "key1")


async def test_an_app_may_ask_for_longer_passwords(core: Core, acme: Cast) -> None:
    app = await allow(core, acme, password_min_length=30)
    with pytest.raises(Unacceptable):
        await sign_in.register(core, app, (ann.by_login,), ann.password, NO_CHANGE, at())


async def test_who_has_no_password_does_not_get_in_by_any(core: Core, acme: Cast) -> None:
    await verified(core, acme, ann)
    for password in ("", "None", "null", ann.password):
        with pytest.raises(InvalidCredentials) as refusal:
            await sign_in.sign_in(core, acme.app, ann.by_login, password, at())
        assert refusal.value.doubt is Doubt.NO_PASSWORD


async def test_hashes_are_renewed_when_the_parameters_rise(core: Core, acme: Cast) -> None:
    it = await registered(core, acme, ann)
    assert it.user is not None
    dearer = Argon2Hasher(OWASP)
    await sign_in.sign_in(replace(core, hasher=dearer), acme.app, ann.by_login, ann.password, at())
    dearer.close()
    async with core.store.read() as tx:
        hashed = await tx.users.password_hash(it.user.id)
    assert hashed is not None
    assert "m=19456,t=2,p=1" in hashed
    await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())


async def test_another_apps_user_of_the_same_name_is_somebody_else(core: Core, acme: Cast) -> None:
    rival = Cast(await apps.create(core, "Rival"))
    mine = await registered(core, acme, ann)
    theirs = await log_in(core, rival, ann, "another password entirely")
    assert theirs.is_new_user
    assert theirs.user is not None
    assert mine.user is not None
    assert theirs.user.id != mine.user.id


# limits


async def test_wrong_passwords_are_counted_and_right_ones_are_not(core: Core, acme: Cast) -> None:
    await registered(core, acme, ann)
    most = limits.PASSWORDS_PER_LOGIN_AND_ADDRESS.times
    for _ in range(most * 2):
        await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    for _ in range(most):
        with pytest.raises(InvalidCredentials):
            await sign_in.sign_in(core, acme.app, ann.by_login, "wrong", at())
    with pytest.raises(TooManyRequests) as refusal:
        await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at())
    assert refusal.value.retry_after > timedelta(0)
    await sign_in.sign_in(core, acme.app, ann.by_login, ann.password, at(address="198.51.100.9"))


async def test_guests_and_visits_are_counted(core: Core, acme: Cast) -> None:
    async def many(limit: int, enter) -> None:  # type: ignore[no-untyped-def]
        for _ in range(limit * 2):  # some come back while we ask
            await enter()

    async def until_refused(limit: int, enter) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(TooManyRequests):
            await many(limit, enter)

    await until_refused(limits.ARRIVALS_PER_ADDRESS.times, lambda: sign_in.visit(core, acme.app, at()))
    await until_refused(
        limits.REGISTRATIONS_PER_ADDRESS.times, lambda: sign_in.enter_as_guest(core, acme.app, None, at())
    )


# by signed token


async def by_token(core: Core, acme: Cast, token: str, device: str | None = None) -> Admission:
    return await sign_in.sign_in_with_token(core, await now(core, acme), token, at(device))


@on_both_databases
async def test_a_signed_token_names_the_user_and_makes_them_once(core: Core, acme: Cast) -> None:
    first = await by_token(core, acme, token_of(core, acme.signing_secret, email=ann.email, name="Ann"))
    second = await by_token(core, acme, token_of(core, acme.signing_secret, email=ann.email.upper()))
    assert (first.is_new_user, second.is_new_user) == (True, False)
    assert first.user is not None
    assert second.user is not None
    assert first.user.id == second.user.id
    assert second.user.profile.name == "Ann"


async def test_an_email_and_an_external_id_of_the_same_spelling_are_two_people(core: Core, acme: Cast) -> None:
    by_email = await by_token(core, acme, token_of(core, acme.signing_secret, email=ann.email))
    by_id = await by_token(core, acme, token_of(core, acme.signing_secret, externalId=ann.email))
    assert by_email.user is not None
    assert by_id.user is not None
    assert by_email.user.id != by_id.user.id


async def test_a_token_of_another_app_is_worth_nothing(core: Core, acme: Cast) -> None:
    rival = await apps.create(core, "Rival")
    for secret in (rival.signing_secret, acme.api_key, acme.new.app.auth_secret, acme.new.chat_key, "x" * 64):
        token = token_of(core, secret, email=ann.email)
        with pytest.raises(TokenRefused) as refusal:
            await by_token(core, acme, token)
        assert refusal.value.claim == "signature"


async def test_the_same_token_may_be_used_twice_within_its_time_and_not_after(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    token = token_of(core, acme.signing_secret, email=ann.email)
    await by_token(core, acme, token)
    clock.forward(minutes=15)
    await by_token(core, acme, token)
    clock.forward(seconds=1)
    with pytest.raises(StaleToken) as refusal:
        await by_token(core, acme, token)
    assert refusal.value.skew == timedelta(seconds=901)
    clock.back(seconds=2 * 900 + 2)
    with pytest.raises(StaleToken):
        await by_token(core, acme, token)


async def test_the_policy_says_how_old_a_token_may_be(core: Core, acme: Cast, clock: SetClock) -> None:
    await allow(core, acme, token_max_age="1m")
    token = token_of(core, acme.signing_secret, email=ann.email)
    clock.forward(seconds=61)
    with pytest.raises(StaleToken):
        await by_token(core, acme, token)
    short = token_of(core, acme.signing_secret, email=ann.email, exp=int(core.clock().timestamp()) + 1)
    clock.forward(seconds=LEEWAY.total_seconds())
    await by_token(core, acme, short)


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "acqs_" + "x" * 49, "." * 5000, "\ud800.a.b", "é.é.é", "a" * 100_000]
)
async def test_what_is_no_token_is_refused(core: Core, acme: Cast, token: str) -> None:
    with pytest.raises(TokenRefused):
        await by_token(core, acme, token)


async def test_where_the_policy_makes_nobody_by_token_an_unknown_person_is_refused(core: Core, acme: Cast) -> None:
    await users.put(core, acme.app, Identity((ann.by_email,), Assurance.VERIFIED))
    await allow(core, acme, registers_on_token=False)
    await by_token(core, acme, token_of(core, acme.signing_secret, email=ann.email))
    with pytest.raises(RegistrationClosed):
        await by_token(core, acme, token_of(core, acme.signing_secret, email=ben.email))
    assert (await events(core, acme))[-1].details["doubt"] == "no_such_user"


async def test_secrets_rotate_calmly(core: Core, acme: Cast, clock: SetClock) -> None:
    old = token_of(core, acme.signing_secret, email=ann.email)
    new_secret = await apps.rotate_secret(core, acme.app, grace=timedelta(minutes=5))
    new = token_of(core, new_secret.text, email=ann.email)
    for token in (old, new):
        await by_token(core, acme, token)
    clock.forward(minutes=5)
    with pytest.raises(TokenRefused):
        await by_token(core, acme, old)
    await by_token(core, acme, new)
    retired = (await apps.secrets_of(core, acme.app))[0]
    assert (await apps.retire_secret(core, acme.app, retired.id)).retired_at == retired.retired_at
    with pytest.raises(Unacceptable):
        await apps.retire_secret(core, acme.app, new_secret.id)
    await by_token(core, acme, token_of(core, new_secret.text, email=ann.email))


async def test_a_retired_secret_is_not_believed_for_a_moment(core: Core, acme: Cast) -> None:
    token = token_of(core, acme.signing_secret, email=ann.email)
    await by_token(core, acme, token)
    await apps.rotate_secret(core, acme.app)
    await apps.retire_secret(core, acme.app, (await apps.secrets_of(core, acme.app))[0].id)
    with pytest.raises(TokenRefused):
        await by_token(core, acme, token)


# vouched for


async def test_the_apps_server_names_somebody_and_they_are_verified(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    assert it.user is not None
    assert it.session.assurance is Assurance.VERIFIED
    assert it.user.profile.name == "Ann Archer"


async def test_further_identifiers_are_added_and_never_replaced(core: Core, acme: Cast) -> None:
    await verified(core, acme, ann)
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(ann.by_email, ann.by_external_id), at())
    assert admission.user is not None
    assert {it.kind for it in admission.user.identifiers} == {
        IdentifierKind.LOGIN,
        IdentifierKind.EMAIL,
        IdentifierKind.EXTERNAL_ID,
    }
    with pytest.raises(IdentifierTaken):
        await sign_in.vouch_for(core, acme.app, ann.verified(Identifier.email("other@example.com")), at())
    await verified(core, acme, ben)
    with pytest.raises(IdentifierTaken):
        await sign_in.vouch_for(core, acme.app, ben.verified(ann.by_email), at())


async def test_asking_for_a_known_user_makes_nobody_and_can_end_their_others(core: Core, acme: Cast) -> None:
    with pytest.raises(NotFound):
        await sign_in.vouch_for_known(core, acme.app, ann.by_login, at())
    first = await verified(core, acme, ann)
    kept = await sign_in.vouch_for_known(core, acme.app, ann.by_login, at())
    assert kept.token is not None
    alone = await sign_in.vouch_for_known(core, acme.app, ann.by_login, at(), ends_others=True)
    with pytest.raises(SessionEnded):
        await it_of(core, kept)
    await it_of(core, alone)
    assert first.user is not None
    assert len(await sessions.list_of(core, acme.app, first.user.id)) == 1


# guests, visits, claims


async def test_a_guest_has_a_name_and_a_day(core: Core, acme: Cast, clock: SetClock) -> None:
    admission = await sign_in.enter_as_guest(core, acme.app, "Gast", at(laptop))
    it = await it_of(core, admission)
    assert it.user is not None
    assert (it.user.is_guest, it.user.is_verified, it.user.profile.name) == (True, False, "Gast")
    assert it.session.assurance is Assurance.ANONYMOUS
    id = await write(core, it, "hallo")
    assert list(await sees(core, it)) == [id]
    clock.forward(hours=24)
    with pytest.raises(SessionExpired):
        await it_of(core, admission)
    clock.forward(seconds=1)
    assert await users.sweep_guests(core) == 1
    with pytest.raises(NotFound):
        await users.get(core, acme.app, it.user.id)
    with pytest.raises(SessionEnded):
        await it_of(core, admission)


async def test_two_guests_on_one_device_are_two_people(core: Core, acme: Cast) -> None:
    first = await it_of(core, await sign_in.enter_as_guest(core, acme.app, "A", at(kiosk)))
    await write(core, first)
    second = await it_of(core, await sign_in.enter_as_guest(core, acme.app, "B", at(kiosk)))
    assert await sees(core, second) == {}
    assert await sees(core, await visitor(core, acme, kiosk)) == {}


async def test_where_the_policy_has_no_guests_there_are_none(core: Core, acme: Cast) -> None:
    app = await allow(core, acme, allows_guests=False)
    with pytest.raises(RegistrationClosed):
        await sign_in.enter_as_guest(core, app, "A", at())


async def test_nobody_is_created_for_looking(core: Core, acme: Cast) -> None:
    for _ in range(3):
        it = await visitor(core, acme, laptop)
        assert it.user is None
        assert await sees(core, it) == {}
    assert "user.created" not in await kinds(core, acme)


async def test_who_holds_the_device_is_known_again_on_it_and_nowhere_else(core: Core, acme: Cast) -> None:
    first = await visitor(core, acme, laptop)
    id = await write(core, first)
    again = await visitor(core, acme, laptop)
    assert list(await sees(core, again)) == [id]
    for other in (phone, device("laptop2"), None):
        assert await sees(core, await visitor(core, acme, other)) == {}
    rival = Cast(await apps.create(core, "Rival"))
    assert await sees(core, await visitor(core, rival, laptop)) == {}


async def test_a_claim_is_kept_apart_and_names_nobody(core: Core, acme: Cast) -> None:
    anns = await verified(core, acme, ann, phone)
    it = await visitor(core, acme, laptop)
    session = await sign_in.claim(core, it, Claimed("Ann Archer", ann.email, ann.phone, {"plan": "gold"}))
    assert session.assurance is Assurance.CLAIMED
    assert anns.user is not None
    assert session.user_id != anns.user.id
    assert session.user_id is not None
    claimed = await users.get(core, acme.app, session.user_id)
    assert (claimed.identifiers, claimed.profile.name, claimed.profile.custom) == ((), None, {})
    assert claimed.profile.claimed.email == ann.email
    with pytest.raises(NotFound):
        await users.find(core, acme.app, ann.by_email)


async def test_a_verified_session_claims_nothing(core: Core, acme: Cast) -> None:
    with pytest.raises(NotAllowed):
        await sign_in.claim(core, await verified(core, acme, ann), Claimed("Eve"))


# devices


@pytest.mark.parametrize(
    "secret", [None, "", "laptop", "acqd_" + "0" * 49, "acqs_" + "x" * 49, "\ud800", "x" * 100_000]
)
async def test_only_secrets_of_our_making_name_a_device(core: Core, acme: Cast, secret: str | None) -> None:
    device_id, new = await sign_in.known_device(core, acme.app, secret)
    assert new != secret
    assert device_id == device_of(new)


async def test_a_device_is_known_by_its_secret_until_somebody_logs_out_on_it(core: Core, acme: Cast) -> None:
    assert await sign_in.known_device(core, acme.app, laptop) == (device_of(laptop), laptop)
    it = await visitor(core, acme, laptop)
    await write(core, it)
    await sessions.log_out(core, it.session)
    assert (await sign_in.known_device(core, acme.app, laptop))[1] != laptop
    again = await visitor(core, acme, laptop)  # a client that insists on the old secret
    assert (again.session.device_id, again.user) == (None, None)
    rival = await apps.create(core, "Rival")
    assert (await sign_in.known_device(core, rival.app, laptop))[1] == laptop


# adoption


@on_both_databases
async def test_signing_in_keeps_what_this_device_said_anonymously(core: Core, acme: Cast) -> None:
    visit = await visitor(core, acme, laptop)
    id = await write(core, visit, "before")
    signed_in = await verified(core, acme, ann, laptop)
    assert await sees(core, signed_in) == {id: ["before"]}
    assert await sees(core, await verified(core, acme, ann, phone)) == {id: ["before"]}
    assert await sees(core, await visitor(core, acme, laptop)) == {}
    assert "history.adopted" in await kinds(core, acme)


@on_both_databases
async def test_nobody_adopts_what_was_claimed_or_verified_or_said_elsewhere(core: Core, acme: Cast) -> None:
    bens = await verified(core, acme, ben, kiosk)
    await write(core, bens, "ben's, verified")
    claiming = await visitor(core, acme, kiosk)
    session = await sign_in.claim(core, claiming, Claimed("Carla"))
    await write(core, replace(claiming, session=session), "carla's, claimed")
    elsewhere = await visitor(core, acme, phone)
    await write(core, elsewhere, "on the phone")
    assert await sees(core, await verified(core, acme, ann, kiosk)) == {}


async def test_where_the_policy_adopts_nothing_nothing_is(core: Core, acme: Cast) -> None:
    visit = await visitor(core, acme, laptop)
    await write(core, visit)
    await allow(core, acme, adopts_on_sign_in=False)
    assert await sees(core, await verified(core, acme, ann, laptop)) == {}
    assert "history.adopted" not in await kinds(core, acme)


async def test_the_anonymous_sessions_of_the_device_end_when_somebody_signs_in(core: Core, acme: Cast) -> None:
    visits = [await sign_in.visit(core, acme.app, at(laptop, workspace=Workspace(it))) for it in ("a", "b")]
    elsewhere = await sign_in.visit(core, acme.app, at(phone))
    await verified(core, acme, ann, laptop)
    for visit in visits:
        with pytest.raises(SessionEnded):
            await it_of(core, visit)
    await it_of(core, elsewhere)


async def test_both_the_session_and_the_history_or_neither(core: Core, acme: Cast) -> None:
    """Who may not come in takes no history with them."""
    visit = await visitor(core, acme, laptop)
    id = await write(core, visit, "before")
    banned, _ = await users.put(core, acme.app, ann.verified())
    await users.ban(core, acme.app, banned.id)
    with pytest.raises(UserBanned):
        await verified(core, acme, ann, laptop)
    assert await sees(core, await visitor(core, acme, laptop)) == {id: ["before"]}


# lifetimes


async def test_the_policys_lifetimes_come_before_the_doors(core: Core, acme: Cast, clock: SetClock) -> None:
    place = at(lifetime=Lifetime(idle=timedelta(hours=2), at_most=timedelta(days=9)))
    mine = await sign_in.vouch_for(core, acme.app, ann.verified(), place)
    assert mine.session.lifetime == place.lifetime
    app = await allow(core, acme, session_idle="10m")
    shorter = await sign_in.vouch_for(core, app, ann.verified(), place)
    assert shorter.session.lifetime == Lifetime(idle=timedelta(minutes=10), at_most=timedelta(days=9))
    clock.forward(minutes=10)
    with pytest.raises(SessionExpired):
        await it_of(core, shorter)
    await it_of(core, mine)


async def test_a_refused_sign_in_leaves_its_cause_for_those_who_may_know_it(core: Core, acme: Cast) -> None:
    await registered(core, acme, ann)
    await verified(core, acme, ben)
    for who, password in ((ann, "wrong"), (ben, "wrong"), (eve, "wrong")):
        with pytest.raises(InvalidCredentials):
            await sign_in.sign_in(core, acme.app, who.by_login, password, at(address="198.51.100.4"))
    refused = [it for it in await events(core, acme) if it.kind is EventKind.SIGN_IN_REFUSED]
    assert [it.details["doubt"] for it in refused] == ["wrong_password", "no_password", "no_such_user"]
    assert {it.details["address"] for it in refused} == {"198.51.100.4"}
    assert [it.user_id is None for it in refused] == [False, False, True]
