"""A visitor's client, against a running server: coming, going, and what is seen meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx2
import pytest

from acquaint_client import (
    AlreadySignedIn,
    Done,
    Failed,
    FileStore,
    Identifiers,
    MemoryStore,
    SessionEnded,
    SomebodyElse,
    StaleToken,
    attempt,
    sign_login,
)
from acquaint_client.errors import InvalidCredentials, NotFound, TokenRefused, Unacceptable, UnknownApp
from tests.cast import ann, ben
from tests.sdk_python.hands import Acme


async def test_a_phone_starts_anonymously_logs_in_and_the_tablet_sees_it(acme: Acme) -> None:
    phone, tablet = acme.visitor(), acme.visitor()
    assert phone.it.user is None
    started = await phone.start_conversation("Hello, where is my order?")
    assert not phone.it.is_logged_in()

    admission = await phone.log_in(acme.jwt(ann))
    assert phone.it.is_logged_in()
    assert phone.it.user == admission.user
    assert admission.token not in repr(admission)
    assert [it.id for it in (await phone.conversations()).items] == [started.id]

    await tablet.log_in(acme.jwt(ann))
    [seen] = (await tablet.conversations()).items
    assert seen.last_message.text == "Hello, where is my order?"


async def test_after_logging_out_the_next_person_on_the_device_sees_nothing(acme: Acme) -> None:
    kiosk = acme.visitor()
    await kiosk.start_conversation("anonymous")
    await kiosk.log_in(acme.jwt(ann))
    await kiosk.start_conversation("private")
    assert (await kiosk.log_out()).told_server
    assert not kiosk.it.is_logged_in()
    assert kiosk.it.user is None

    assert (await kiosk.conversations()).items == ()
    await kiosk.log_in(acme.jwt(ben))
    assert (await kiosk.conversations()).items == ()


async def test_logging_out_ends_the_session_on_the_server(acme: Acme) -> None:
    phone = acme.visitor()
    token = (await phone.log_in(acme.jwt(ann))).token
    await phone.log_out()
    answer = httpx2.get(f"{acme.url}/acquaint/v1/session", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["code"] == "session_ended"


async def test_somebody_else_logs_in_only_after_a_logout(acme: Acme) -> None:
    phone = acme.visitor()
    anns = await phone.log_in(acme.jwt(ann))
    with pytest.raises(AlreadySignedIn):
        await phone.log_in(acme.jwt(ben))
    assert phone.it.is_logged_in(external_id=ann.external_id)

    again = await phone.log_in(acme.jwt(ann))  # the same person may
    assert again.session.user_id == anns.session.user_id
    bens = await phone.log_out_then_log_in(acme.jwt(ben))
    assert bens.session.user_id != anns.session.user_id
    assert phone.it.is_logged_in(external_id=ben.external_id)


async def test_who_is_logged_in_is_known_without_the_network(acme: Acme) -> None:
    phone = acme.visitor()
    await phone.log_in(sign_login(acme.secret, email=ann.email, name=ann.name))
    await phone.close()
    it = phone.it
    assert it.is_logged_in(email=ann.email.upper())
    assert it.is_logged_in(user_id=it.user.id)
    assert not it.is_logged_in(email=ben.email)
    assert not it.is_logged_in(external_id=ann.external_id)
    assert not it.is_logged_in(user_id=ann.email)


async def test_ensuring_a_login_asks_for_a_token_only_when_it_is_needed(acme: Acme) -> None:
    phone = acme.visitor()
    first = await phone.ensure_logged_in(ann.external_id, acme.fetches(acme.jwt(ann)))
    assert await phone.ensure_logged_in(ann.external_id, None) == first
    second = await phone.ensure_logged_in(ben.external_id, acme.fetches(acme.jwt(ben)))
    assert second.id != first.id
    with pytest.raises(SomebodyElse):
        await phone.ensure_logged_in(ann.external_id, acme.fetches(acme.jwt(ben)))
    assert not phone.it.is_logged_in()


async def test_a_login_outlives_the_process(acme: Acme, tmp_path: object) -> None:
    store = FileStore(f"{tmp_path}/logins")
    await acme.visitor(store).log_in(acme.jwt(ann))
    later = acme.visitor(store)
    assert later.it.is_logged_in(external_id=ann.external_id)
    await later.start_conversation("hello again")

    await later.log_out()
    assert not acme.visitor(store).it.is_logged_in()


async def test_apps_share_a_store_and_no_login(acme: Acme, globex: Acme) -> None:
    store = MemoryStore()
    await acme.visitor(store).log_in(acme.jwt(ann))
    assert not globex.visitor(store).it.is_logged_in()
    assert not acme.visitor(store, workspace="inside").it.is_logged_in()


async def test_a_stale_token_is_refused_with_its_skew(acme: Acme) -> None:
    import time

    stale = sign_login(acme.secret, email=ann.email, now=time.time() - 16 * 60)
    phone = acme.visitor()
    with pytest.raises(StaleToken) as refused:
        await phone.log_in(stale)
    error = refused.value
    assert (error.status, error.code, error.claim) == (401, "token_stale", "iat")
    assert error.request_id
    assert error.request_id in str(error)
    assert error.skew is not None
    assert abs(error.skew - timedelta(minutes=16)) < timedelta(seconds=10)
    assert error.allowed == timedelta(minutes=15)
    assert error.clock_skew is not None
    assert abs(error.clock_skew) < timedelta(seconds=3)
    assert not phone.it.is_logged_in()


async def test_a_token_of_another_app_is_refused(acme: Acme, globex: Acme) -> None:
    with pytest.raises(TokenRefused) as refused:
        await acme.visitor().log_in(globex.jwt(ann))
    assert refused.value.claim == "signature"


async def test_a_session_that_was_ended_elsewhere_is_not_replaced_in_silence(acme: Acme) -> None:
    store = MemoryStore()
    phone = acme.visitor(store)
    admission = await phone.log_in(acme.jwt(ann))
    await acme.backend.end_sessions(admission.session.user_id)
    for _ in range(2):
        with pytest.raises(SessionEnded):
            await phone.start_conversation("whose would this be?")
        assert not phone.it.is_logged_in()
    assert not acme.visitor(store).it.is_logged_in()

    await phone.log_in(acme.jwt(ann))
    assert phone.it.is_logged_in()


async def test_an_anonymous_session_that_ended_begins_anew(acme: Acme) -> None:
    phone = acme.visitor()
    started = await phone.start_conversation("hello")
    here = await phone.me()
    await acme.backend.end_session(here.user.id, here.session.id)
    assert [it.id for it in (await phone.conversations()).items] == [started.id]
    assert (await phone.me()).session.id != here.session.id


async def test_many_first_calls_at_once_begin_one_session(acme: Acme) -> None:
    phone = acme.visitor()
    seen = await asyncio.gather(*(phone.me() for _ in range(5)))
    assert len({it.session.id for it in seen}) == 1


async def test_a_password_logs_in_too(acme: Acme) -> None:
    phone = acme.visitor()
    with pytest.raises(InvalidCredentials):
        await phone.log_in_with_password(ann.password, login=ann.login)
    admission = await phone.log_in_with_password(ann.password, login=ann.login, register=True)
    assert admission.is_new_user
    await acme.visitor().log_in_with_password(ann.password, login=ann.login)
    with pytest.raises(ValueError, match="either"):
        await phone.log_in_with_password(ann.password)


async def test_a_session_the_backend_vouched_for_goes_on_here(acme: Acme) -> None:
    phone = acme.visitor()
    admission = await acme.backend.vouch_for(Identifiers(external_id=ann.external_id), name=ann.name)
    await phone.take_over(admission)
    assert phone.it.is_logged_in(external_id=ann.external_id)
    assert (await phone.me()).user.name == ann.name
    bens = await acme.backend.vouch_for(Identifiers(external_id=ben.external_id))
    with pytest.raises(AlreadySignedIn):
        await phone.take_over(bens)


async def test_refusals_say_what_they_know(acme: Acme) -> None:
    phone = acme.visitor()
    await phone.start_conversation("hello")
    with pytest.raises(NotFound) as refused:
        await phone.conversation("1")
    assert refused.value.code == "not_found"
    with pytest.raises(Unacceptable) as unacceptable:
        await phone.conversations(limit=100_000)
    assert unacceptable.value.field == "limit"
    acme.slug = "nobody"
    with pytest.raises(UnknownApp):
        await acme.visitor().me()
    with pytest.raises(ValueError, match="not an id"):
        await phone.conversation("../users")


async def test_results_for_those_who_would_rather_not_catch(acme: Acme) -> None:
    phone = acme.visitor()
    if acme.manner == "awaits":
        from acquaint_client import attempt_async

        good, bad = await attempt_async(phone.it.log_in(acme.jwt(ann))), await attempt_async(phone.it.log_in("x.y.z"))
    else:
        good = await asyncio.to_thread(attempt, lambda: phone.it.log_in(acme.jwt(ann)))
        bad = await asyncio.to_thread(attempt, lambda: phone.it.log_in("x.y.z"))
    assert isinstance(good, Done)
    assert isinstance(bad, Failed)
    assert isinstance(bad.error, TokenRefused)
