"""Attack 18: asking a query for what it does not show. CVE-2026-31872, CVE-2026-30938, CVE-2021-22911.

Fields and operators are lists of what may be asked, in conditions and in orders, however they are nested or spelled;
what an App does not show cannot be found out by narrowing down, counting or sorting. No question takes long to read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from acquaint.dialects.connectycube.listing import filters_of, order_of
from acquaint.dialects.connectycube.moments import read_moment
from acquaint.dialects.connectycube.query import query_of
from acquaint.dialects.connectycube.reading import Asked
from acquaint.domain.apps import Policy
from acquaint.domain.directory import Field, normal
from acquaint.domain.identities import Claimed, Identifier
from acquaint.services import apps, users
from acquaint.services.core import Core
from tests.attacks.test_19_hostile_inputs import BUDGET, HOSTILE
from tests.cast import Cast, ann, ben, eve
from tests.support.work import budget, cost

HIDDEN = (
    "password", "password_hash", "standing", "is_vouched", "device_id", "by_door", "claimed", "claimed.email", "custom",
    "custom_data", "users.password_hash", "app_id", "tokens", "__proto__", "constructor", "$where", "is_claimed",
    "name", "tag", "last_seen_at", "1", "id;--",
)  # fmt: skip
SECRET = "$argon2id$"


@pytest.fixture
async def token(core: Core, acme: Cast, client: httpx2.AsyncClient) -> str:
    """Of a session of nobody: all that a stranger needs is the public key."""
    await users.put_with_password(core, acme.app, ann.verified(ann.by_email, Identifier.phone(ann.phone)), ann.password)
    await users.put_with_password(core, acme.app, ben.verified(ben.by_email), ben.password)
    sent = {"application_id": acme.app.id, "auth_key": acme.app.public_keys.auth_key}
    return str((await client.post("/session", json=sent)).json()["session"]["token"])


async def ask(client: httpx2.AsyncClient, token: str, path: str) -> httpx2.Response:
    return await client.get(path, headers={"CB-Token": token})


@pytest.mark.parametrize("name", HIDDEN)
async def test_what_is_not_shown_cannot_be_asked_for(client: httpx2.AsyncClient, token: str, name: str) -> None:
    said = quote(name, safe="")
    for path in (
        f"/users/v2?{said}=x",
        f"/users/v2?{said}[start_with]={quote(SECRET)}&login=ann",
        f"/users/v2?login=ann&{said}[nin][]=x",
        f"/users/v2?login[{said}]=ann",
        f"/users/v2?login[in][{said}]=ann",
        f"/users/v2?login=ann&sort_asc={said}",
        f"/users/v2?login=ann&sort_desc={said}",
        f"/users?filter[]=string%20{said}%20gt%20{quote(SECRET)}",
        f"/users?order=asc%20string%20{said}",
    ):
        answer = await ask(client, token, path)
        assert answer.status_code == 422, f"{path}: {answer.text}"
        other = await ask(client, token, path.replace("=x", "=y").replace(quote(SECRET), "other"))
        assert other.status_code == 422
        assert SECRET not in answer.text.replace(name, "").split("filter string")[0]


async def test_hidden_addresses_are_not_told_letter_by_letter(
    core: Core, acme: Cast, client: httpx2.AsyncClient, token: str
) -> None:
    narrowing = (
        "/users/v2?email[start_with]=ann@",
        "/users/v2?login=ann&email[nin][]=ann@example.com",
        "/users/v2?phone[start_with]=4930",
        "/users/v2?created_at[gt]=2020-01-01&sort_asc=email",
        "/users?filter[]=string%20email%20gt%20ann",
        "/users?filter[]=string%20phone%20ne%201",
        "/users?filter[]=string%20email%20between%20a,b",
        "/users?order=asc%20string%20phone",
    )
    for path in narrowing:
        assert (await ask(client, token, path)).status_code == 200, f"{path}: without the rule it works"
    await apps.change_policy(core, acme.app, {"shows_emails_and_phones": False})
    for path in narrowing:
        answer = await ask(client, token, path)
        assert answer.status_code == 422, path
        assert ann.email not in answer.text
    for path in ("/users", "/users/v2?login=ann", "/users/by_login?login=ann", f"/users/by_email?email={ann.email}"):
        answer = await ask(client, token, path)
        assert answer.status_code == 200
        assert ann.email not in answer.text
        assert ann.phone[3:] not in answer.text


async def test_no_claim_tells_who_has_proved_the_same(
    core: Core, acme: Cast, client: httpx2.AsyncClient, token: str
) -> None:
    """Eve says that Ann's address is hers: she is not found by it, and Ann is found as before."""
    eves = await users.put(core, acme.app, eve.verified())
    async with core.store.write() as tx:
        user = await tx.users.get(acme.app.id, eves[0].id)
        assert user is not None
        await tx.users.save(replace(user, profile=user.profile.claiming(Claimed(email=ann.email, phone=ann.phone))))
    for path in (
        f"/users/v2?email={ann.email}",
        "/users/v2?email[start_with]=ann@",
        f"/users/v2?phone={ann.phone[1:]}",
        f"/users?filter[]=string%20email%20eq%20{ann.email}",
    ):
        answer = await ask(client, token, path)
        assert answer.json()["total_entries"] == 1, path
        assert '"login":"eve"' not in answer.text
        assert '"login":"ann"' in answer.text


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_question_takes_long_to_read(kind: str) -> None:
    text, most = HOSTILE[kind], budget(BUDGET)
    name = text[:64]
    readers: dict[str, Any] = {
        "moment": lambda: read_moment(text),
        "login": lambda: query_of(Asked({"login": text}), Policy()),
        "begin": lambda: query_of(Asked({"full_name": {"start_with": text}}), Policy()),
        "since": lambda: query_of(Asked({"created_at": {"gt": text}}), Policy()),
        "list": lambda: query_of(Asked({"id": {"in": text}}), Policy()),
        "tags": lambda: query_of(Asked({"user_tags": {"in": text}}), Policy()),
        "name": lambda: query_of(Asked({name: "1", "login": {name: "1"}}), Policy()),
        "filter": lambda: filters_of(Asked({"filter": [text]})),
        "long filter": lambda: filters_of(Asked({"filter": [f"string login in {text[:9_900]}"]})),
        "order": lambda: order_of(Asked({"order": text})),
        **{field: lambda field=field: normal(field, text) for field in Field if field.is_text},
    }
    for reader, read in readers.items():
        taken = cost(read)
        assert taken < most, f"{reader}: {taken:.3f} s"
