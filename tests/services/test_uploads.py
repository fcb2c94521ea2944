"""Files that are announced before they come: who may bring the bytes, what of them is kept, who may read them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from acquaint.domain.errors import (
    AppClosed,
    Busy,
    NeedsUser,
    NotAllowed,
    NotFound,
    SessionEnded,
    TicketRefused,
    TooLarge,
    TooManyRequests,
    Unacceptable,
)
from acquaint.domain.files import File, FileId
from acquaint.ports.store import Recognised
from acquaint.services import apps, files, named_files, sessions, uploads, users
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, eve, laptop
from tests.services.doors import allow, now, verified, visitor
from tests.services.filing import PNG, announced, pieces, read, uploaded
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


def kept(settings: Settings) -> list[Path]:
    return [it for it in (settings.data / "files").rglob("*") if it.is_file()]


def user_id(it: Recognised) -> object:
    assert it.user is not None
    return it.user.id


@on_both_databases
async def test_what_was_announced_comes_and_is_complete(core: Core, acme: Cast, clock: SetClock) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    file, ticket = await announced(core, anns)
    assert (file.size, file.is_complete, file.arrived_at, file.owner_id) == (0, False, None, user_id(anns))
    assert len(str(file.uid)) == uploads.UID_LENGTH

    came = await uploads.receive(core, str(file.uid), ticket, pieces(PNG))
    assert (came.size, came.is_complete) == (len(PNG), False)
    with pytest.raises(NotFound):
        await read(core, file, bens)

    clock.forward(seconds=5)
    done = await uploads.complete(core, anns, file.id)
    assert done.completed_at == clock()
    clock.forward(seconds=5)
    assert await uploads.complete(core, anns, file.id) == done
    assert await read(core, file, bens) == PNG
    assert await named_files.by_uid(core, bens, str(file.uid)) == done


@on_both_databases
async def test_of_many_uploads_at_once_one_is_kept(core: Core, acme: Cast, settings: Settings) -> None:
    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    sent = [PNG + bytes([number]) for number in range(5)]
    came = await asyncio.gather(
        *(uploads.receive(core, str(file.uid), ticket, pieces(one)) for one in sent), return_exceptions=True
    )
    assert len([it for it in came if isinstance(it, File)]) == 1
    assert all(isinstance(it, File | TicketRefused) for it in came)
    await uploads.complete(core, it, file.id)
    assert await read(core, file, it) in sent
    assert len(kept(settings)) == 1


async def test_what_is_complete_is_not_uploaded_again(core: Core, acme: Cast, settings: Settings) -> None:
    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    await uploads.receive(core, str(file.uid), ticket, pieces(PNG))
    await uploads.complete(core, it, file.id)
    with pytest.raises(TicketRefused):
        await uploads.receive(core, str(file.uid), ticket, pieces(b"something else"))
    assert await read(core, file, it) == PNG
    assert len(kept(settings)) == 1


async def test_a_ticket_is_good_for_its_own_file_only(core: Core, acme: Cast, settings: Settings) -> None:
    anns, eves = await verified(core, acme, ann), await verified(core, acme, eve)
    hers, _ = await announced(core, anns)
    other, ticket = await announced(core, eves)
    link, _ = await named_files.link(core, eves, other)
    for uid, text in (
        (hers.uid, ticket),
        (hers.uid, ""),
        (hers.uid, "x" * 54),
        (hers.uid, ticket[:-1] + ("a" if ticket[-1] != "a" else "b")),
        (hers.uid, ticket.swapcase()),
        (other.uid, link),
        ("nobody", ticket),
        ("", ticket),
        ("../" * 10, ticket),
    ):
        with pytest.raises(TicketRefused):
            await uploads.receive(core, str(uid), text, pieces(PNG))
    assert not kept(settings)


async def test_a_ticket_is_good_for_an_hour(core: Core, acme: Cast, clock: SetClock) -> None:
    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    clock.forward(minutes=60)
    with pytest.raises(TicketRefused):
        await uploads.receive(core, str(file.uid), ticket, pieces(PNG))


@pytest.mark.parametrize("how", ["logged_out", "banned", "deleted"])
async def test_a_ticket_is_no_way_around_a_ban(core: Core, acme: Cast, settings: Settings, how: str) -> None:
    it = await verified(core, acme, ann)
    first, ticket = await announced(core, it)
    second, late = await announced(core, it)
    private = await uploaded(core, it)
    link, _ = await named_files.link(core, it, private)
    assert await read(core, private, ticket=link) == PNG

    async def meanwhile() -> AsyncIterator[bytes]:
        yield PNG
        match how:
            case "logged_out":
                await sessions.log_out(core, it.session)
            case "banned":
                assert it.user
                await users.ban(core, acme.app, it.user.id)
            case "deleted":
                assert it.user
                await users.delete(core, acme.app, it.user.id)

    with pytest.raises(TicketRefused):
        await uploads.receive(core, str(first.uid), ticket, meanwhile())
    with pytest.raises(TicketRefused):
        await uploads.receive(core, str(second.uid), late, pieces(PNG))
    with pytest.raises((SessionEnded, NotFound)):
        await read(core, private, ticket=link)
    assert len(kept(settings)) == (0 if how == "deleted" else 1)


async def test_a_closed_app_takes_nothing(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    done = await uploaded(core, it, public=True)
    await apps.close(core, acme.app)
    with pytest.raises(AppClosed):
        await uploads.receive(core, str(file.uid), ticket, pieces(PNG))
    with pytest.raises(AppClosed):
        await read(core, done)


async def test_what_breaks_off_may_be_sent_again_but_not_for_ever(core: Core, acme: Cast, settings: Settings) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half of "
        raise ConnectionError

    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    for _ in range(4):
        with pytest.raises(ConnectionError):
            await uploads.receive(core, str(file.uid), ticket, broken())
    assert not kept(settings)
    assert (await uploads.receive(core, str(file.uid), ticket, pieces(PNG))).size == len(PNG)

    other, again = await announced(core, it)
    for _ in range(5):
        with pytest.raises(ConnectionError):
            await uploads.receive(core, str(other.uid), again, broken())
    with pytest.raises(TooManyRequests):
        await uploads.receive(core, str(other.uid), again, pieces(PNG))


async def test_whoever_goes_away_leaves_nothing_half(core: Core, acme: Cast, settings: Settings) -> None:
    came = asyncio.Event()

    async def hangs() -> AsyncIterator[bytes]:
        yield PNG
        came.set()
        await asyncio.Event().wait()

    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    task = asyncio.create_task(uploads.receive(core, str(file.uid), ticket, hangs()))
    await came.wait()
    task.cancel()
    await asyncio.wait([task])
    assert not kept(settings)
    with pytest.raises(Unacceptable):
        await uploads.complete(core, it, file.id)


async def test_a_full_disk_is_said_and_can_be_tried_again(
    core: Core, acme: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full() -> AsyncIterator[bytes]:
        yield PNG
        raise OSError(28, "No space left on device")

    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    with pytest.raises(Busy):
        await uploads.receive(core, str(file.uid), ticket, full())
    assert not kept(settings)
    await uploads.receive(core, str(file.uid), ticket, pieces(PNG))


async def test_what_is_too_large_is_not_kept(
    core: Core, acme: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST_UPLOAD", 1000)
    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    with pytest.raises(TooLarge):
        await uploads.receive(core, str(file.uid), ticket, pieces(bytes(1001)))
    assert not kept(settings)
    assert (await uploads.receive(core, str(file.uid), ticket, pieces(bytes(1000)))).size == 1000


@pytest.mark.parametrize(
    ("announced_as", "content", "kind"),
    [
        ("image/png", PNG, "image/png"),
        ("image/jpeg", PNG, "image/png"),
        ("text/html", PNG, "image/png"),
        ("image/png", b"<svg onload='alert(1)'/>", "application/octet-stream"),
        ("video/mp4", b"....ftypisom", "video/mp4"),
        ("nonsense", b"x", "application/octet-stream"),
    ],
)
async def test_a_file_is_what_its_bytes_say(
    core: Core, acme: Cast, announced_as: str, content: bytes, kind: str
) -> None:
    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it, announced_as)
    assert (await uploads.receive(core, str(file.uid), ticket, pieces(content))).content_type == kind


async def test_who_is_nobody_yet_announces_nothing(core: Core, acme: Cast) -> None:
    with pytest.raises(NeedsUser):
        await announced(core, await visitor(core, acme, laptop))


@on_both_databases
async def test_what_is_somebody_elses_is_left_alone(core: Core, acme: Cast) -> None:
    anns, eves = await verified(core, acme, ann), await verified(core, acme, eve)
    private, public = await uploaded(core, anns), await uploaded(core, anns, public=True)
    unfinished, _ = await announced(core, anns, public=True)

    for file, refusal in ((private, NotFound), (public, NotAllowed), (unfinished, NotFound)):
        for attempt in (
            named_files.rename(core, eves, file.id, "mine.png"),
            named_files.delete(core, eves, file.id),
            uploads.complete(core, eves, file.id),
        ):
            with pytest.raises(refusal):
                await attempt
    assert await named_files.by_number(core, eves, public.id) == public
    for file in (private, unfinished):
        with pytest.raises(NotFound):
            await named_files.by_number(core, eves, file.id)
    with pytest.raises(NotFound):
        await named_files.by_uid(core, eves, str(unfinished.uid))
    assert await read(core, private, anns) == PNG


async def test_another_app_knows_of_nothing(core: Core, acme: Cast) -> None:
    rival = Cast(await apps.create(core, "Rival"))
    anns, eves = await verified(core, acme, ann), await verified(core, rival, eve)
    private, public = await uploaded(core, anns), await uploaded(core, anns, public=True)
    for attempt in (
        read(core, private, eves),
        named_files.by_uid(core, eves, str(private.uid)),
        named_files.by_uid(core, eves, str(public.uid)),
        named_files.by_number(core, eves, public.id),
        named_files.rename(core, eves, public.id, "x"),
        named_files.delete(core, eves, public.id),
        uploads.complete(core, eves, public.id),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await read(core, public) == PNG


async def test_a_private_file_needs_somebody(core: Core, acme: Cast) -> None:
    file = await uploaded(core, await verified(core, acme, ann))
    with pytest.raises(SessionEnded):
        await read(core, file)
    with pytest.raises(NeedsUser):
        await read(core, file, await visitor(core, acme, laptop))


async def test_a_link_opens_one_file_for_an_hour(core: Core, acme: Cast, clock: SetClock) -> None:
    it = await verified(core, acme, ann)
    first, second = await uploaded(core, it), await uploaded(core, it)
    link, _ = await named_files.link(core, it, first)
    for _ in range(3):
        assert await read(core, first, ticket=link) == PNG
    with pytest.raises(SessionEnded):
        await read(core, second, ticket=link)
    clock.forward(minutes=60)
    with pytest.raises(SessionEnded):
        await read(core, first, ticket=link)


async def test_the_ticket_of_an_upload_is_no_link(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    file = await uploaded(core, it)
    _, ticket = await announced(core, it)
    with pytest.raises(SessionEnded):
        await read(core, file, ticket=ticket)


@on_both_databases
async def test_a_users_files_are_listed_page_by_page(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    hers = [await uploaded(core, anns) for _ in range(3)]
    unfinished, _ = await announced(core, anns)
    await uploaded(core, bens)
    await files.keep_of(core, anns, "by key", "", pieces(b"x"))

    first, total = await named_files.listed(core, anns, skip=0, limit=3)
    second, _ = await named_files.listed(core, anns, skip=3, limit=3)
    assert [it.id for it in first + second] == [unfinished.id, *(it.id for it in reversed(hers))]
    assert total == 4


@on_both_databases
async def test_a_new_name_and_nothing_else_changes(core: Core, acme: Cast, clock: SetClock) -> None:
    it = await verified(core, acme, ann)
    file = await uploaded(core, it)
    clock.forward(minutes=1)
    renamed = await named_files.rename(core, it, file.id, "../b.png")
    assert renamed == replace(file, name="b.png", updated_at=clock())
    assert await named_files.by_number(core, it, file.id) == renamed
    assert await read(core, file, it) == PNG


@on_both_databases
async def test_what_is_deleted_is_gone_with_its_bytes(core: Core, acme: Cast, settings: Settings) -> None:
    it = await verified(core, acme, ann)
    file = await uploaded(core, it, public=True)
    await named_files.delete(core, it, file.id)
    assert not kept(settings)
    for attempt in (read(core, file), named_files.by_number(core, it, file.id), named_files.delete(core, it, file.id)):
        with pytest.raises(NotFound):
            await attempt


@on_both_databases
async def test_what_was_never_completed_is_forgotten_after_a_day(
    core: Core, acme: Cast, settings: Settings, clock: SetClock
) -> None:
    it = await verified(core, acme, ann)
    complete = await uploaded(core, it)
    await files.keep(core, await now(core, acme), "by key", "", pieces(b"x"))
    nothing_came, _ = await announced(core, it)
    came, ticket = await announced(core, it)
    await uploads.receive(core, str(came.uid), ticket, pieces(PNG))
    assert await uploads.sweep(core) == 0

    clock.forward(hours=25)
    assert await uploads.sweep(core, at_once=1) == 1
    assert await uploads.sweep(core) == 1
    assert await uploads.sweep(core) == 0
    it = await verified(core, acme, ann)
    assert [one.id for one in (await named_files.listed(core, it, skip=0, limit=9))[0]] == [complete.id]
    assert len(kept(settings)) == 2
    assert nothing_came.id != came.id


async def test_a_deleted_users_files_go_unless_their_words_stay(core: Core, acme: Cast, settings: Settings) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    await uploaded(core, anns)
    his = await uploaded(core, bens, public=True)
    assert anns.user
    assert bens.user
    await users.delete(core, acme.app, anns.user.id)
    assert len(kept(settings)) == 1
    await allow(core, acme, keeps_messages_of_deleted_users=True)
    await users.delete(core, await now(core, acme), bens.user.id)
    assert await read(core, his) == PNG


async def test_a_session_announces_only_so_many(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    for _ in range(30):
        await announced(core, it)
    with pytest.raises(TooManyRequests):
        await announced(core, it)


async def test_an_id_of_nothing_is_nothing(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    with pytest.raises(NotFound):
        await named_files.by_number(core, it, FileId(1))
    by_key, _ = await files.keep_of(core, it, "by key", "", pieces(b"x"))
    with pytest.raises(NotFound):
        await named_files.by_number(core, it, by_key.id)


def test_a_ticket_is_good_for_as_long_as_the_vendor_says() -> None:
    assert timedelta(hours=1) == uploads.UPLOAD_LIFETIME
