"""Two users whom the App says to be one person."""

from __future__ import annotations

from tests.cast import ann, ben
from tests.dialects.native.asking import Api, refused


async def user_of(api: Api, **identifiers: str) -> str:
    return str((await api.as_app("PUT", "/app/users", {"identifiers": identifiers})).json()["user"]["id"])


async def merge(api: Api, source: str, target: str, **more: object) -> dict[str, str]:
    answer = await api.as_app("POST", f"/app/users/{target}/merges", {"source": source}, **more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_ann_under_two_names_is_one_user_with_both_and_with_all_she_said(api: Api) -> None:
    by_number, by_address = await api.vouched("42"), await user_of(api, email=ann.email)
    said = await api.say(by_number, "As number 42.")

    made = await merge(api, str(by_number.user_id), by_address)

    assert (made["source_id"], made["target_id"]) == (by_number.user_id, by_address)
    assert (await api.as_app("GET", f"/app/users/{by_address}/merges")).json()["items"] == [made]
    left = (await api.as_app("GET", f"/app/users/{by_address}")).json()
    assert (left["identifiers"]["external_id"], left["identifiers"]["email"]) == ("42", ann.email)
    refused(await api.as_app("GET", f"/app/users/{by_number.user_id}"), 404, "not_found", what="user")
    hers = (await api.get("/conversations", by_number)).json()["items"]
    assert [it["id"] for it in hers] == [said], "who was proved to be 42 goes on as Ann"
    assert (await api.vouched("42")).user_id == by_address


async def test_what_a_visitor_said_is_shown_to_nobody_but_their_device(api: Api) -> None:
    visitor, anns = await api.arrive(), await api.vouched(ann.external_id)
    await api.say(visitor, "Who am I?")
    unverified = (await api.as_app("GET", "/app/users")).json()["items"][0]["id"]

    await merge(api, unverified, str(anns.user_id))

    assert (await api.get("/conversations", anns)).json()["items"] == []
    refused(await api.get("/conversations", visitor), 401, "session_ended")


async def test_nobody_is_merged_into_a_visitor_into_themselves_or_into_nobody(api: Api) -> None:
    visitor, anns = await api.arrive(), str((await api.vouched(ann.external_id)).user_id)
    await api.say(visitor, "Who am I?")
    unverified = (await api.as_app("GET", "/app/users")).json()["items"][0]["id"]
    for source, target, field in ((anns, unverified, "target"), (anns, anns, "source"), ("nobody", anns, "source")):
        answer = await api.as_app("POST", f"/app/users/{target}/merges", {"source": source})
        refused(answer, 400, "unacceptable", field=field)
    for source, target in (("7", anns), (anns, "7")):
        refused(await api.as_app("POST", f"/app/users/{target}/merges", {"source": source}), 404, "not_found")
    refused(await api.as_app("GET", "/app/users/7/merges"), 404, "not_found", what="user")


async def test_a_merge_that_is_asked_for_again_is_answered_again(api: Api) -> None:
    anns, bens = await user_of(api, email=ann.email), await user_of(api, email=ben.email)
    once = {"headers": {"Idempotency-Key": "once"}}
    assert await merge(api, bens, anns, **once) == await merge(api, bens, anns, **once)
