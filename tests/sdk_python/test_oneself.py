"""What people do about themselves, by a client, against a running server."""

from __future__ import annotations

import asyncio
import io
import re

import pytest
from PIL import Image

from acquaint_client.errors import (
    AddressUnconfirmed,
    AlreadySignedIn,
    IdentifierTaken,
    InvalidCredentials,
    NeedsUser,
    NotAllowed,
    SessionEnded,
    TicketRefused,
    Unacceptable,
)
from tests.cast import ann, ben
from tests.sdk_python.hands import Acme
from tests.support.outbox import link_mailed_to

PASSWORD = "a horse in the rain"
ANOTHER = "a goat in the snow"


async def test_oneself(acme: Acme) -> None:
    phone, tablet = acme.visitor(), acme.visitor()
    assert (await phone.say_who_i_am(name="Ann", email=ann.email)).assurance == "claimed"
    await phone.log_in(acme.jwt(ann))
    with pytest.raises(NotAllowed):
        await phone.say_who_i_am(name="Queen")
    user = await phone.change_profile(name="Annie", custom={"likes": "boats"})
    assert (user.name, user.claimed.custom) == ("Annie", {"likes": "boats"})
    assert phone.it.user == user

    await tablet.log_in(acme.jwt(ann))
    here = next(it for it in await phone.sessions() if it.is_current)
    assert here.id == (await phone.me()).session.id
    assert await phone.end_other_sessions() >= 1
    with pytest.raises(SessionEnded):
        await tablet.me()


async def test_somebody_registers_forgets_their_password_and_goes_for_good(acme: Acme) -> None:
    phone, tablet, backend = acme.visitor(), acme.visitor(), acme.backend
    await backend.change_policy(allows_sign_up=True, resets_passwords_by_mail=True)
    started = await phone.start_conversation("Before I had a name")
    address = f"ann-{started.id}@acme.example"
    with pytest.raises(ValueError, match="either login or email"):
        await phone.register(PASSWORD)
    with pytest.raises(Unacceptable):
        await phone.register("short", email=address)
    registered = await phone.register(PASSWORD, email=address, name="Ann")
    assert (registered.is_new_user, registered.user.name) == (True, "Ann")
    assert [it.id for it in (await phone.conversations()).items] == [started.id]
    with pytest.raises(AlreadySignedIn):
        await phone.register(PASSWORD, login="somebody")
    with pytest.raises(IdentifierTaken):
        await tablet.register(PASSWORD, email=address)

    again = await phone.log_in_with_password(PASSWORD, email=address.upper())  # as the same person
    assert again.session.user_id == registered.session.user_id
    await tablet.log_in_with_password(PASSWORD, email=address)
    with pytest.raises(InvalidCredentials):
        await phone.change_password(old="wrong", new=ANOTHER)
    await backend.change_policy(ends_sessions_on_password_change=True)
    await phone.change_password(old=PASSWORD, new=ANOTHER)
    with pytest.raises(SessionEnded):
        await tablet.me()
    await tablet.log_out()
    with pytest.raises(InvalidCredentials):
        await tablet.log_in_with_password(PASSWORD, email=address)

    await tablet.ask_for_new_password(address)
    [ticket] = re.findall(r"acqt_\w+", await asyncio.to_thread(link_mailed_to, acme.server, address))
    with pytest.raises(Unacceptable):
        await tablet.choose_new_password(ticket, "short")
    await tablet.choose_new_password(ticket, PASSWORD)
    with pytest.raises(TicketRefused):
        await tablet.choose_new_password(ticket, ANOTHER)
    with pytest.raises(SessionEnded):
        await phone.me()

    await backend.change_policy(requires_confirmed_emails=True)
    elsewhere = f"elsewhere-{address}"
    with pytest.raises(AddressUnconfirmed):
        await acme.visitor().register(PASSWORD, email=elsewhere)
    await tablet.ask_for_confirmation(elsewhere)
    [unspent] = re.findall(r"acqt_\w+", await asyncio.to_thread(link_mailed_to, acme.server, elsewhere))
    with pytest.raises(InvalidCredentials):
        await tablet.confirm_email(unspent, ANOTHER)
    await tablet.confirm_email(unspent, PASSWORD)
    with pytest.raises(TicketRefused):
        await tablet.confirm_email(unspent, PASSWORD)
    third = acme.visitor()
    await third.log_in_with_password(PASSWORD, email=elsewhere)
    me = (await third.me()).user
    assert me is not None
    assert me.identifiers.email == elsewhere
    with pytest.raises(AddressUnconfirmed):  # registered before anything was required
        await tablet.log_in_with_password(PASSWORD, email=address)
    await backend.change_policy(requires_confirmed_emails=False)

    await tablet.log_in_with_password(PASSWORD, email=address)
    assert (await tablet.delete_oneself()).told_server
    assert tablet.it.user is None
    with pytest.raises(InvalidCredentials):
        await tablet.log_in_with_password(PASSWORD, email=address)
    with pytest.raises(NeedsUser):
        await tablet.delete_oneself()


async def test_a_guest_comes_in_where_nobody_is_logged_in(acme: Acme) -> None:
    phone = acme.visitor()
    await acme.backend.change_policy(allows_guests=True)
    admission = await phone.come_in_as_guest("Gus")
    assert admission.user.is_guest
    assert (admission.user.name, phone.it.user) == ("Gus", admission.user)
    assert not phone.it.is_logged_in()
    assert (await acme.visitor().come_in_as_guest()).user.is_guest
    await phone.log_in(acme.jwt(ann))
    with pytest.raises(AlreadySignedIn):
        await phone.come_in_as_guest("Gus")
    await phone.log_out()
    await acme.backend.change_policy(allows_guests=False)
    with pytest.raises(InvalidCredentials):
        await phone.come_in_as_guest("Gus")


async def test_an_avatar_is_drawn_anew_and_known_here(acme: Acme) -> None:
    phone = acme.visitor()
    await phone.log_in(acme.jwt(ben))
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(picture, "PNG")
    user = await phone.change_avatar(picture.getvalue())
    assert phone.it.user == user
    with Image.open(io.BytesIO(await phone.read_file(user.avatar_url))) as shown:
        assert shown.size == (8, 8)
    with pytest.raises(Unacceptable):
        await phone.change_avatar(b"no picture")
    assert (await phone.change_profile(avatar_url=None)).avatar_url is None
