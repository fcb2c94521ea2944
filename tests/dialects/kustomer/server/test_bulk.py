"""Customers in bulk: each item for itself, and what became of it can be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from acquaint.domain.keys import Role
from acquaint.services import sessions
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.kustomer.server.backends import Backend, error
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

BULK = "/v1/customers/bulk"


async def outcome(backend: Backend, job: dict[str, Any]) -> dict[str, Any]:
    """What became of the items of a job."""
    id = job["data"]["id"]
    said = (await backend.done("GET", f"/v1/bulk/{id}"))["data"]["attributes"]
    assert (said["status"], said["batches"]) == ("complete", {"complete": 1, "total": 1})
    [batch] = (await backend.done("GET", f"/v1/bulk/{id}/batches"))["data"]
    return dict(batch["attributes"])


@on_both_databases
async def test_one_that_is_refused_keeps_no_other_from_being_made(backend: Backend) -> None:
    await backend.customer(externalId="taken")
    rows = [
        {"_clientRef": "row-1", "name": "Mara", "emails": [{"email": "mara@example.org"}]},
        {"_clientRef": "row-2", "externalId": "taken"},
        {"_clientRef": "row-3", "nme": "Mistyped"},
        {"_clientRef": "row-4", "emails": [{"email": "MARA@example.org"}]},
        {"_clientRef": "row-5", "name": "Noor"},
    ]
    done = await outcome(backend, await backend.done("POST", BULK, status=201, json=rows))
    assert (done["successCount"], done["failureCount"]) == (2, 3)
    assert [(it["_clientRef"], it["status"]) for it in done["results"]] == [
        ("row-1", "created"),
        ("row-2", "failed"),
        ("row-3", "failed"),
        ("row-4", "failed"),
        ("row-5", "created"),
    ]
    assert [(it["index"], it["status"], it["source"]["pointer"]) for it in done["errors"]] == [
        (1, 409, "/externalIds/0/externalId"),
        (2, 400, "/nme"),
        (3, 409, "/emails/0/email"),
    ]
    made = (await backend.done("GET", "/v1/customers/email=mara@example.org"))["data"]
    assert made["id"] == done["objectIds"][0] == done["results"][0]["objectId"]
    assert done["errors"][2]["meta"]["conflictId"] == made["id"]


async def test_without_references_there_are_no_results_but_ids(backend: Backend) -> None:
    done = await outcome(backend, await backend.done("POST", BULK, status=201, json=[{"name": "Mara"}]))
    assert "results" not in done
    assert len(done["objectIds"]) == 1


async def test_many_are_changed_and_what_is_not_sent_stays(backend: Backend, clock: SetClock) -> None:
    mara, noor = await backend.customer(name="Mara", externalId="m-1"), await backend.customer(name="Noor")
    clock.forward(seconds=1)
    rows = [
        {"id": mara["id"], "tags": ["vip"], "_clientRef": "m"},
        {"id": noor["id"], "name": "Noor N", "rev": 1},
        {"id": "f" * 24, "name": "Nobody"},
        {"id": "x", "name": "Nobody"},
        {"name": "Nobody in particular"},
    ]
    done = await outcome(backend, await backend.done("PUT", BULK, status=201, json=rows))
    assert done["objectIds"] == [mara["id"]]
    assert [it["status"] for it in done["errors"]] == [409, 404, 400, 400]
    assert done["results"][0] == {"_clientRef": "m", "status": "updated", "objectId": mara["id"]}
    shown = (await backend.done("GET", f"/v1/customers/{mara['id']}"))["data"]["attributes"]
    assert (shown["name"], shown["tags"], shown["externalId"]) == ("Mara", ["vip"], "m-1")


async def test_many_are_deleted_by_their_ids(backend: Backend) -> None:
    mara, noor = await backend.customer(name="Mara"), await backend.customer(name="Noor")
    path = f"{BULK}?ids={mara['id']},{'e' * 24},{noor['id']}"
    done = await outcome(backend, await backend.done("DELETE", path, status=201))
    assert done["objectIds"] == [mara["id"], noor["id"]]
    assert [(it["index"], it["status"]) for it in done["errors"]] == [(1, 404)]
    assert (await backend.ask("GET", f"/v1/customers/{mara['id']}")).status_code == 404


async def test_what_is_no_list_of_customers_is_refused(backend: Backend) -> None:
    nonsense: list[Any] = [[], {}, None, ["x"], [1], [{}] * 101, [None], "x"]
    for body in nonsense:
        for method in ("POST", "PUT"):
            error(await backend.ask(method, BULK, json=body), 400, "bad_request")
    for ids in ("", "ids=", f"ids={'a' * 24}&ids=x", "id=x", "ids=" + ",".join(["a" * 24] * 101)):
        error(await backend.ask("DELETE", f"{BULK}?{ids}"), 400, "bad_request")


async def test_a_job_counts_as_one_request(backend: Backend) -> None:
    answer = await backend.ask("POST", BULK, json=[{"name": f"{it}"} for it in range(100)])
    assert answer.status_code == 201
    assert int(answer.headers["x-ratelimit-remaining"]) >= 298


async def test_a_job_is_the_orgs_own_and_gone_after_a_day(
    core: Core, acme: Cast, globex: Cast, backend: Backend, clock: SetClock
) -> None:
    job = (await backend.done("POST", BULK, status=201, json=[{"name": "Mara"}]))["data"]["id"]
    stranger = Backend(core, backend.client, globex, globex.api_key)
    for path in (f"/v1/bulk/{job}", f"/v1/bulk/{job}/batches"):
        error(await stranger.ask("GET", path), 404, "not_found")
        assert (await backend.ask("GET", path)).status_code == 200
    error(await backend.ask("GET", f"/v1/bulk/{'a' * 24}"), 404, "not_found")
    error(await backend.ask("GET", "/v1/bulk/x"), 400, "bad_request")
    clock.forward(days=1, seconds=1)
    await sessions.sweep(core)
    error(await backend.ask("GET", f"/v1/bulk/{job}"), 404, "not_found")


@pytest.mark.parametrize(
    ("role", "method"),
    [
        (Role.CUSTOMER_READ, "POST"), (Role.CUSTOMER_CREATE, "PUT"), (Role.CUSTOMER_UPDATE, "DELETE"),
        (Role.MESSAGE_READ, "POST"), (Role.USER_CUSTOMER_READ, "DELETE"),
    ],
)  # fmt: skip
async def test_a_key_does_in_bulk_what_it_may_do_one_by_one(backend: Backend, role: Role, method: str) -> None:
    mara = await backend.customer(name="Mara")
    asking = await backend.with_roles(role)
    rows = [{"name": "Eve"} | ({"id": mara["id"]} if method == "PUT" else {})]
    if method == "DELETE":
        answer = await asking.ask(method, f"{BULK}?ids={mara['id']}")
    else:
        answer = await asking.ask(method, BULK, json=rows)
    error(answer, 403, "forbidden")
    shown = (await backend.done("GET", "/v1/customers"))["data"]
    assert [it["attributes"]["name"] for it in shown] == ["Mara"]


async def test_nobody_gives_themselves_more_in_bulk(backend: Backend) -> None:
    """Mass assignment: what a customer is, an item cannot say."""
    rows = [{"name": "Eve", name: value} for name, value in (("verified", True), ("id", "a" * 24), ("org", "x"))]
    done = await outcome(backend, await backend.done("POST", BULK, status=201, json=rows))
    assert (done["successCount"], done["failureCount"]) == (0, 3)
