"""The address book: what is kept of it, for whom, and who is found by it."""

from __future__ import annotations

from typing import Any

import pytest

from acquaint.domain.identities import Assurance, Identifier, Identity, ProfileChange
from acquaint.services import apps, sign_in, users
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.connectycube.asking import Cube
from tests.services.doors import at

BEN, CAROL = "4930123452", "4930123453"


async def proven(core: Core, acme: Cast, login: str, phone: str) -> int:
    """Somebody for whose number Acme's own server vouches."""
    who = Identity((Identifier.login(login), Identifier.phone(phone)), Assurance.VERIFIED, ProfileChange(name=login))
    admission = await sign_in.vouch_for(core, acme.app, who, at())
    assert admission.user is not None
    return admission.user.id


async def write(cube: Cube, token: str, *contacts: dict[str, Any], **more: Any) -> Any:
    answer = await cube.ask("POST", "/address_book", token, json={"contacts": list(contacts)} | more)
    return answer.json()


def contact(phone: str, name: str | None = "Ben", **more: Any) -> dict[str, Any]:
    return {"phone": phone, "name": name} | more


async def test_it_is_written_read_and_taken_out(cube: Cube) -> None:
    token = await cube.token("ann")
    done = await write(cube, token, contact(BEN), contact("+" + CAROL, "Carol"))
    assert done == {"created": 2, "updated": 0, "deleted": 0, "rejected": {}}
    done = await write(cube, token, contact(BEN, "Benjamin"), contact(CAROL, None, destroy=1))
    assert done == {"created": 0, "updated": 1, "deleted": 1, "rejected": {}}
    assert (await cube.ask("GET", "/address_book.json", token)).json() == [{"phone": BEN, "name": "Benjamin"}]
    done = await write(cube, token, contact(CAROL, "Carol"), force=1)
    assert (done["created"], done["deleted"]) == (1, 1)


async def test_devices_have_books_of_their_own(cube: Cube) -> None:
    token = await cube.token("ann")
    await write(cube, token, contact(BEN), udid="phone")
    await write(cube, token, contact(BEN, "Benny"), contact(CAROL, "Carol"), udid="tablet")
    book = (await cube.ask("GET", "/address_book?udid=phone", token)).json()
    assert book == [{"phone": BEN, "name": "Ben"}]
    assert [it["phone"] for it in (await cube.ask("GET", "/address_book", token)).json()] == [BEN, CAROL]
    await write(cube, token, force=1, udid="tablet")
    assert (await cube.ask("GET", "/address_book", token)).json() == [{"phone": BEN, "name": "Ben"}]


async def test_what_is_wrong_is_rejected_for_itself(cube: Cube) -> None:
    token = await cube.token("ann")
    done = await write(
        cube,
        token,
        {"name": "nobody"},
        contact("123"),
        contact(BEN, ""),
        contact(BEN, "x" * 256),
        contact("not a number"),
        {"phone": {"a": 1}, "name": "x"},
        contact(CAROL, "Carol"),
    )
    phone = "Length of 'phone' field should be min: 10 and max: 15."
    name = "Length of 'name' field should be min: 1 and max: 255."
    invalid = "Invalid fields set"
    assert done["created"] == 1
    assert done["rejected"] == {
        "0": [invalid],
        "1": [phone],
        "2": [name],
        "3": [name],
        "4": [invalid],
        "5": [invalid],
    }


@pytest.mark.parametrize("sent", [{}, {"contacts": "x"}, {"contacts": [{}] * 2001}, {"contacts": [], "udid": "x" * 65}])
async def test_a_book_that_makes_no_sense_is_refused(cube: Cube, sent: dict[str, Any]) -> None:
    token = await cube.token("ann")
    assert (await cube.ask("POST", "/address_book", token, json=sent)).status_code == 422


async def test_nobody_reads_another_s_book(cube: Cube, core: Core, acme: Cast) -> None:
    anns, eves = await cube.token("ann"), await cube.token("eve")
    await write(cube, anns, contact(BEN))
    assert (await cube.ask("GET", "/address_book", eves)).json() == []
    me = (await cube.me(anns))["id"]
    await users.delete(core, acme.app, me)
    async with core.store.read() as tx:
        assert await tx.address_books.of(me) == [], "it goes with its owner"


async def test_only_who_proved_a_number_is_found_by_it(cube: Cube, core: Core, acme: Cast) -> None:
    token = await cube.token("ann")
    ben = await proven(core, acme, "ben", BEN)
    eve = await cube.log_in("eve")
    await cube.update(eve["token"], phone=CAROL)  # says she is Carol
    await write(cube, token, contact(BEN, "Ben"), contact(CAROL, "Carol"))
    found = (await cube.ask("GET", "/address_book/registered_users.json?compact=1", token)).json()
    assert found == {"items": [{"user": {"id": ben, "phone": BEN, "address_book_name": "Ben"}}]}
    whole = (await cube.ask("GET", "/address_book/registered_users?compact=0", token)).json()
    assert [it["user"]["id"] for it in whole["items"]] == [ben]
    assert (await cube.ask("GET", "/address_book/registered_users?udid=phone", token)).json() == {"items": []}


async def test_nobody_of_another_app_is_found_and_nobody_where_the_app_shows_no_numbers(
    cube: Cube, core: Core, acme: Cast
) -> None:
    token = await cube.token("ann")
    await proven(core, Cast(await apps.create(core, "Globex")), "ben", BEN)
    await write(cube, token, contact(BEN))
    path = "/address_book/registered_users?compact=1"
    assert (await cube.ask("GET", path, token)).json() == {"items": []}
    await proven(core, acme, "ben", BEN)
    assert len((await cube.ask("GET", path, token)).json()["items"]) == 1
    await apps.change_policy(core, acme.app, {"shows_emails_and_phones": False})
    assert (await cube.ask("GET", path, token)).json() == {"items": []}


async def test_nobody_asks_of_every_number_there_is(cube: Cube) -> None:
    token = await cube.token("ann")
    answers = [(await cube.ask("POST", "/address_book", token, json={"contacts": []})).status_code for _ in range(40)]
    assert set(answers) == {200, 429}
