"""What people do in conversations, by a client, against a running server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from acquaint_client.errors import NotAllowed, NotFound, TooLarge
from tests.cast import ann, ben
from tests.sdk_python.hands import Acme, Hand


async def test_talking(acme: Acme) -> None:
    phone = acme.visitor()
    conversation = await phone.start_conversation("one", title="Order", payload={"order": 4711})
    two = await phone.post(conversation.id, "two")
    assert await phone.post(conversation.id, "two", client_id=two.client_id) == two
    answered = await acme.backend.answer(conversation.id, "three", payload={"kind": "receipt"})
    assert answered.payload == {"kind": "receipt"}

    newest = await phone.history(conversation.id, limit=2)
    assert [it.text for it in newest.items] == ["three", "two"]
    older = await phone.history(conversation.id, after=newest.next)
    assert [(it.text, it.payload) for it in older.items] == [("one", {"order": 4711})]
    assert older.next is None
    oldest = await phone.history(conversation.id, order="oldest")
    assert [it.text for it in oldest.items] == ["one", "two", "three"]

    assert (await phone.conversation(conversation.id)).unread == 1
    assert (await phone.mark_received(conversation.id, answered.id)).last_received_id == answered.id
    assert (await phone.mark_read(conversation.id, answered.id)).last_read_id == answered.id
    assert (await phone.conversation(conversation.id)).unread == 0


async def test_a_group(acme: Acme) -> None:
    phone, other, bens = await both(acme)
    group = await phone.start_conversation("helo", kind="group", title="Rowing")
    assert [it.role for it in group.members] == ["owner"]
    joined = await phone.add_members(group.id, [bens])
    assert {it.role for it in joined.members} == {"owner", "member"}

    managed = await phone.change_conversation(group.id, title="Rowing on Sunday", description="Wear", is_managed=True)
    assert (managed.title, managed.is_managed) == ("Rowing on Sunday", True)
    with pytest.raises(NotAllowed):
        await other.change_conversation(group.id, title="Mine")
    promoted = await phone.change_role(group.id, bens, "admin")
    assert [it.role for it in promoted.members if it.user.id == bens] == ["admin"]
    changed = await other.change_conversation(group.id, description=None)
    assert (changed.title, changed.description) == ("Rowing on Sunday", None)
    with pytest.raises(NotAllowed):
        await other.delete_conversation(group.id)

    await phone.remove_member(group.id, bens)
    with pytest.raises(NotFound):
        await other.conversation(group.id)
    await phone.leave(group.id)
    assert (await phone.conversations()).items == ()

    channel = await phone.start_conversation("news", kind="channel")
    assert {it.user.id for it in (await other.join(channel.id)).members} >= {bens}
    await phone.delete_conversation(channel.id)
    assert (await other.conversations()).items == ()


async def test_what_becomes_of_messages(acme: Acme) -> None:
    phone, other, bens = await both(acme)
    group = await phone.start_conversation("helo", kind="group", users=[bens])
    said = group.last_message
    edited = await phone.edit(group.id, said.id, "hello", payload={"tone": "kind"})
    assert (await other.history(group.id)).items == (edited,)
    assert (edited.text, edited.payload) == ("hello", {"tone": "kind"})
    with pytest.raises(NotAllowed):
        await other.edit(group.id, said.id, "mine")

    [thumb] = await other.react(group.id, said.id, "👍")
    assert (thumb.sign, thumb.users) == ("👍", (bens,))
    assert await phone.reactions(group.id, said.id) == (thumb,)
    assert await other.withdraw_reaction(group.id, said.id, thumb.sign) == ()

    answered = await other.post(group.id, "hi", kind="custom", payload={"wave": 1})
    assert answered.kind == "custom"
    await phone.delete_message(group.id, answered.id, for_oneself=True)
    assert [it.text for it in (await phone.history(group.id)).items] == ["hello"]
    await other.clear(group.id)
    assert (await other.history(group.id)).items == ()
    await phone.delete_message(group.id, said.id)
    assert (await phone.history(group.id)).items[0].deleted_at is not None


async def test_what_one_does_for_oneself_nobody_else_notices(acme: Acme) -> None:
    phone, other, bens = await both(acme)
    group = await phone.start_conversation("hello", kind="group", users=[bens])
    await phone.mute(group.id)
    assert (await phone.conversation(group.id)).is_muted
    assert not (await other.conversation(group.id)).is_muted
    await phone.mute(group.id, False)
    assert not (await phone.conversation(group.id)).is_muted
    await phone.hide(group.id, and_clear=True)
    assert (await phone.conversations()).items == ()
    [seen] = (await other.conversations()).items
    await other.post(seen.id, "still there?")
    assert [it.id for it in (await phone.conversations()).items] == [group.id]
    assert [it.text for it in (await phone.history(group.id)).items] == ["still there?"]


async def test_words_are_found_in_what_one_sees_and_in_nothing_else(acme: Acme) -> None:
    phone, stranger = acme.visitor(), acme.visitor()
    first = await phone.start_conversation("Where is my café order?")
    second = await phone.start_conversation("Another ORDER, please")
    found = await phone.search("order")
    assert [it.conversation_id for it in found.items] == [second.id, first.id]
    assert (found.looked_at, found.next) == (2, None)
    assert [it.conversation_id for it in (await phone.search("cafe", conversations=[first.id])).items] == [first.id]
    assert (await phone.search("order", conversations=[second.id, first.id], limit=1)).next is not None
    later = datetime.now(UTC) + timedelta(hours=1)
    assert (await phone.search("order", since=later)).items == ()
    assert len((await phone.search("order", until=later)).items) == 2
    await stranger.start_conversation("hello")
    assert (await stranger.search("order", conversations=[first.id])).items == ()


async def test_a_file_is_shared_and_read_from_our_server_only(acme: Acme) -> None:
    phone, backend = acme.visitor(), acme.backend
    started = await phone.start_conversation("Here is the invoice:")
    said = await phone.share(started.id, b"Invoice", name="invoice.txt")
    [file] = said.payload["files"]
    assert (said.text, file["name"], file["size"]) == ("invoice.txt", "invoice.txt", 7)
    assert await backend.read_file(file["url"]) == b"Invoice"

    kept = await backend.upload(b"Receipt", name="receipt.txt")
    assert kept.url not in repr(kept)
    await backend.answer(started.id, "Thank you", payload={"files": [{"url": kept.url}]})
    assert await phone.read_file(f"{acme.url}{kept.url}") == b"Receipt"

    elsewhere = f"http://169.254.169.254{kept.url}"  # what somebody says is an address: ours is asked
    assert await phone.read_file(elsewhere) == b"Receipt"
    for no_file in ("javascript:1", f"{kept.url}/../../session", f"{kept.url}?a=1", "/acquaint/v1/session", ""):
        with pytest.raises(ValueError, match="not the address of a file"):
            await phone.read_file(no_file)
    with pytest.raises(NotFound):
        await phone.read_file(kept.url[:-1])
    with pytest.raises(TooLarge):
        await phone.upload(bytes(26 * 2**20), name="film.bin")


async def both(acme: Acme) -> tuple[Hand, Hand, str]:
    """Ann's phone, Ben's, and who Ben is."""
    phone, other = acme.visitor(), acme.visitor()
    await phone.log_in(acme.jwt(ann))
    bens = (await other.log_in(acme.jwt(ben))).session.user_id
    assert bens is not None
    return phone, other, bens
