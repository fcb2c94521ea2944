"""The backend's client, against a running server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from acquaint_client import Identifiers
from acquaint_client.errors import InvalidCredentials, NotAllowed, NotFound, TokenRefused, Unacceptable, UserBanned
from acquaint_client.models import MintedChatKey
from tests.cast import ann, ben
from tests.sdk_python.hands import Acme, Hand


async def test_users(acme: Acme) -> None:
    backend, name = acme.backend, Identifiers(external_id=ann.external_id, email=ann.email)
    made = await backend.put_user(name, name="Ann", custom={"plan": "gold"}, tags=["vip"])
    assert made.is_new
    again = await backend.put_user(name, name=None)
    assert (again.is_new, again.user.id, again.user.name) == (False, made.user.id, None)
    assert (again.user.custom, again.user.tags) == ({"plan": "gold"}, ("vip",))
    assert await backend.find_user(Identifiers(email=ann.email)) == again.user
    assert await backend.user(made.user.id) == again.user
    assert (await backend.change_user(made.user.id, name="Annie")).name == "Annie"
    replaced = await backend.replace_identifiers(made.user.id, Identifiers(login=ann.login))
    assert replaced.identifiers == Identifiers(login=ann.login)

    await backend.put_user(Identifiers(login=ben.login))
    first = await backend.users(limit=1)
    second = await backend.users(after=first.next)
    assert [it.identifiers.login for page in (first, second) for it in page.items] == [ben.login, ann.login]

    assert [it.id for it in (await backend.users(login=ann.login, tag="vip")).items] == [made.user.id]
    assert (await backend.users(name_starts_with="Nobody", seen_since=datetime(2020, 1, 1, tzinfo=UTC))).items == ()

    await backend.delete_user(made.user.id)
    with pytest.raises(NotFound):
        await backend.user(made.user.id)


async def test_a_banned_user_stays_out(acme: Acme) -> None:
    phone, admission = acme.visitor(), await acme.backend.vouch_for(Identifiers(external_id=ann.external_id))
    user_id = admission.session.user_id
    assert (await acme.backend.ban(user_id)).standing == "banned"
    with pytest.raises(UserBanned):
        await phone.log_in(acme.jwt(ann))
    assert (await acme.backend.lift_ban(user_id)).standing == "active"
    await phone.log_in(acme.jwt(ann))


async def test_two_users_are_one_person(acme: Acme) -> None:
    source, target = [(await acme.backend.put_user(Identifiers(login=it.login))).user for it in (ben, ann)]
    made = await acme.backend.merge(source=source.id, target=target.id)
    assert (made.source_id, made.target_id) == (source.id, target.id)
    assert await acme.backend.merges_into(target.id) == (made,)
    assert (await acme.backend.find_user(Identifiers(login=ben.login))).id == target.id
    with pytest.raises(NotFound):
        await acme.backend.merge(source=source.id, target=target.id)


async def test_sessions_and_passwords(acme: Acme) -> None:
    phone = acme.visitor()
    admission = await acme.backend.vouch_for(Identifiers(login=ann.login))
    user_id = admission.session.user_id
    await acme.backend.set_password(user_id, ann.password)
    await phone.log_in_with_password(ann.password, login=ann.login)
    assert len(await acme.backend.sessions(user_id)) == 2
    await acme.backend.end_session(user_id, admission.session.id)
    assert await acme.backend.end_sessions(user_id) == 1
    assert await acme.backend.sessions(user_id) == ()


async def test_a_chat_key_is_minted_shown_once_and_rotated(acme: Acme) -> None:
    phone = acme.visitor()
    made = await acme.backend.put_user(Identifiers(login=ann.login))
    first = await acme.backend.mint_chat_key(made.user.id)
    assert first.text not in repr(first)
    await phone.log_in_with_password(first.text, login=ann.login)
    second = await acme.backend.mint_chat_key(made.user.id, ends_sessions=True)
    assert await acme.backend.sessions(made.user.id) == ()
    tablet = acme.visitor()
    with pytest.raises(InvalidCredentials):
        await tablet.log_in_with_password(first.text, login=ann.login)
    await tablet.log_in_with_password(second.text, login=ann.login)


async def test_a_chat_key_is_for_whoever_has_something_to_give_it_with(acme: Acme) -> None:
    made = await acme.backend.put_user(Identifiers(external_id=ann.external_id))
    with pytest.raises(Unacceptable):
        await acme.backend.mint_chat_key(made.user.id)


async def test_keys_that_are_due_are_minted_anew(acme: Acme) -> None:
    users = [(await acme.backend.put_user(Identifiers(login=it.login))).user for it in (ann, ben)]
    old = {it.id: (await acme.backend.mint_chat_key(it.id)).text for it in users}
    assert (await acme.backend.chat_keys_due()).items == ()
    kept: dict[str, str] = {}

    def keep(minted: MintedChatKey) -> None:
        kept[minted.user_id] = minted.text

    async def keep_later(minted: MintedChatKey) -> None:
        keep(minted)

    keeps = keep if acme.manner == "waits" else keep_later
    await acme.backend.change_policy(chat_key_max_age="1h")
    assert await acme.backend.mint_due_chat_keys(keeps) == 0
    await acme.backend.change_policy(chat_key_max_age="1s")
    while {it.user_id for it in (await acme.backend.chat_keys_due()).items} != set(old):
        pass
    first = await acme.backend.chat_keys_due(limit=1)
    assert (len(first.items), first.next is None) == (1, False)
    assert await acme.backend.mint_due_chat_keys(keeps) == 2
    assert kept.keys() == old.keys()
    await acme.visitor().log_in_with_password(kept[users[0].id], login=ann.login)


async def test_a_key_of_a_network(acme: Acme) -> None:
    made = await acme.backend.make_key("crm", ["org.user"], network="198.51.100.0/24")
    assert made.key.network == "198.51.100.0/24"
    outside = Hand(type(acme.backend.it)(acme.url, made.text))
    with pytest.raises(NotAllowed):
        await outside.app()
    await outside.close()


async def test_conversations(acme: Acme) -> None:
    phone, backend = acme.visitor(), acme.backend
    started = await phone.start_conversation("hello")
    assert [it.id for it in (await backend.conversations()).items] == [started.id]
    answer = await backend.answer(started.id, "good day", author="app")
    assert await backend.answer(started.id, "good day", author="app", client_id=answer.client_id) == answer
    assert [it.text for it in (await backend.history(started.id)).items] == ["good day", "hello"]
    assert (await backend.close_conversation(started.id)).closed_at is not None
    assert (await backend.reopen_conversation(started.id)).closed_at is None
    [member] = (await backend.conversation(started.id)).members
    assert member.assurance == "anonymous"


async def test_why_a_session_sees_a_conversation_or_not(acme: Acme) -> None:
    phone, stranger = acme.visitor(), acme.visitor()
    started = await phone.start_conversation("hello")
    here, there = await phone.me(), await stranger.me()
    why = await acme.backend.explain_visibility(started.id, here.session.id)
    assert why.sees
    assert why.membership.on_this_device
    why_not = await acme.backend.explain_visibility(started.id, there.session.id)
    assert not why_not.sees
    assert why_not.sentence


async def test_the_app_and_its_policy(acme: Acme) -> None:
    assert (await acme.backend.app()).slug == acme.slug
    before = await acme.backend.policy()
    after = await acme.backend.change_policy(
        token_max_age="5m", session_idle="2h", allowed_origins=["https://a.example"]
    )
    assert (after.token_max_age, after.session_idle, after.allowed_origins) == (300, 7200, ("https://a.example",))
    assert after.allows_guests == before.allows_guests
    assert (await acme.backend.change_policy(session_idle=None)).session_idle is None


async def test_keys(acme: Acme) -> None:
    made = await acme.backend.make_key("reports", ["org.user"], expires_in_days=7)
    assert made.text not in repr(made)
    assert made.key in await acme.backend.keys()
    acme.api_key = made.text
    less = type(acme.backend.it)(acme.url, made.text)
    hand = Hand(less)
    with pytest.raises(NotAllowed) as refused:
        await hand.policy()
    assert refused.value.role == "org.admin"
    assert (await acme.backend.revoke_key(made.key.id)).revoked_at is not None
    with pytest.raises(InvalidCredentials):
        await hand.app()
    await hand.close()


async def test_a_secret_is_rotated_while_old_tokens_still_work_until_it_is_retired(acme: Acme) -> None:
    old = acme.secret
    made = await acme.backend.rotate_secret()
    assert made.text not in repr(made)
    for secret in (made.text, old):
        acme.secret = secret
        await acme.visitor().log_in(acme.jwt(ann))
    first = (await acme.backend.secrets())[0]
    assert not (await acme.backend.retire_secret(first.id)).is_believed
    with pytest.raises(TokenRefused):
        await acme.visitor().log_in(acme.jwt(ann))


async def test_what_happened(acme: Acme) -> None:
    phone = acme.visitor()
    admission = await phone.log_in(acme.jwt(ann))
    found = await acme.backend.events(user_id=admission.session.user_id, kind="session.opened")
    assert [(it.kind, it.session_id) for it in found.items] == [("session.opened", admission.session.id)]
    assert {it.kind for it in (await acme.backend.events(limit=50)).items} > {"user.created", "app.created"}


async def test_providers_are_set_up_tried_and_removed(acme: Acme) -> None:
    settings = {
        "endpoint": "http://127.0.0.1:9/verify",
        "request_headers": {"X-Key": "hush"},
        "request_params": {"token": "#{login}"},
        "response_params": {"uid": "#{user.id}"},
    }
    made = await acme.backend.put_provider("custom", "custom", settings, is_enabled=False)
    assert (made.name, made.kind, made.is_enabled) == ("custom", "custom", False)
    assert made.settings["request_headers"] == {"X-Key": "********"}
    assert await acme.backend.providers() == (made,)

    trial = await acme.backend.try_provider("custom", login="jwt", password="anything")
    assert trial.request is not None
    assert trial.request["url"] == "http://127.0.0.1:9/verify?token=jwt"
    assert (trial.answer, trial.mapped) == (None, None)
    assert trial.why_not is not None

    google = {"issuer": "https://accounts.google.com", "client_ids": ["acme-web"]}
    await acme.backend.put_provider("acme-google_2", "openid", google)
    trial = await acme.backend.try_provider("acme-google_2", token="no token at all")
    assert "token" in str(trial.why_not)
    await acme.backend.remove_provider("acme-google_2")
    with pytest.raises(NotFound):
        await acme.backend.remove_provider("acme-google_2")
    with pytest.raises(ValueError, match="not an id"):
        await acme.backend.remove_provider("../users")
    with pytest.raises(Unacceptable) as refused:
        await acme.backend.put_provider("google", "openid", {"issuer": "https://a.example"})
    assert refused.value.field == "client_ids"


async def test_operators_read_type_and_are_rated(acme: Acme) -> None:
    phone, backend = acme.visitor(), acme.backend
    started = await phone.start_conversation("hello")
    assert (await backend.conversation(started.id)).unread == 1
    assert await backend.mark_read(started.id, started.last_message.id) == started.last_message.id
    assert (await backend.conversation(started.id)).unread == 0
    assert (await phone.conversation(started.id)).operators_read_id == started.last_message.id
    await backend.show_typing(started.id, operator="Mia")
    await backend.show_typing(started.id, False)

    with pytest.raises(NotAllowed):
        await phone.rate(started.id, 5)
    assert (await backend.close_conversation(started.id, asks_rating=True)).asks_rating
    assert (await phone.conversation(started.id)).asks_rating
    await phone.rate(started.id, 5)
    given = await phone.rate(started.id, 5, "Quick.")
    assert (given.score, given.comment) == (5, "Quick.")
    seen = await backend.conversation(started.id)
    assert (seen.rating, seen.asks_rating) == (given, False)
    with pytest.raises(NotAllowed):
        await phone.rate(started.id, 1)


async def test_what_enforcement_would_refuse_is_counted(acme: Acme) -> None:
    await acme.backend.change_policy(enforcement="report")
    await acme.visitor().start_conversation("hello")
    report = await acme.backend.enforcement(days=1)
    assert report.enforcement == "report"
    assert ("start", "would_refuse", 1) in [(it.act, it.outcome, it.times) for it in report.items]
