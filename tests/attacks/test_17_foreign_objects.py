"""Attack 17: naming what is somebody else's, where a route's own tests do not look (CVE-2026-45349, CVE-2026-44569).

Ids in paths and bodies of the native API are crossed with strangers in its own tests; here what crosses doors.
"""

from __future__ import annotations

from tests.cast import ann, ben, eve
from tests.journeys.shop import SDK, Shop


async def test_an_idempotency_key_of_somebody_else_brings_nothing_of_theirs(shop: Shop) -> None:
    anns, eves = await shop.registers(ann), await shop.registers(eve)
    key, body = {"Idempotency-Key": "guessed"}, {"message": {"text": "my secret"}}
    first = await anns.ask("POST", "/conversations", body, headers=key)
    again = await anns.ask("POST", "/conversations", body, headers=key)
    assert again.json() == first.json(), "it is kept, and would be shown to whoever names it"
    hers = await eves.ask("POST", "/conversations", body, headers=key)
    assert hers.json()["id"] != first.json()["id"]
    phone = await shop.registers(ann)
    assert "idempotency-replayed" not in (await phone.ask("POST", "/conversations", body, headers=key)).headers


async def test_a_client_id_of_somebody_else_answers_nothing_of_theirs(shop: Shop) -> None:
    anns, bens = await shop.registers(ann), await shop.registers(ben)
    conversation = await anns.says("hello", kind="direct", users=[bens.user])
    path = f"/conversations/{conversation}/messages"
    mine = await anns.gets("POST", path, {"text": "mine", "client_id": "1"})
    his = await bens.gets("POST", path, {"text": "his", "client_id": "1"})
    assert mine["id"] != his["id"]
    shown = await bens.gets("GET", path)
    assert {it["text"]: it["client_id"] for it in shown["items"]} == {"his": "1", "mine": None, "hello": None}


async def test_a_live_connection_resumed_from_somebody_elses_event_hears_only_its_own(corner: Shop) -> None:
    eves = await corner.vouches(email=eve.email)
    await eves.says("eve's own")
    anns = await corner.vouches(email=ann.email)
    secret = await anns.says("my secret")
    async with eves.live() as live:
        await live.says(type="typing", conversation=secret, on=True)
        frame = await live.frame()
        while frame["type"] != "error":
            assert frame.get("conversation") != secret
            frame = await live.frame()
        assert frame["code"] == "not_found"
        await anns.gets("POST", f"/conversations/{secret}/messages", {"text": "another secret"})
        await eves.says("the end")
        assert (await live.frame())["conversation"] != secret


async def test_over_qiscus_a_token_is_its_owners_whoever_the_headers_name(shop: Shop) -> None:
    anns, eves = await shop.logs_in(ann.login, ann.password), await shop.logs_in(eve.login, eve.password)
    for name in ("USER-ID", "USER-EMAIL"):
        headers = {"QISCUS-SDK-APP-ID": shop.slug, "QISCUS-SDK-TOKEN": eves.token, f"QISCUS-SDK-{name}": ann.login}
        for method, body in (("GET", None), ("PATCH", {"name": "Eve"})):
            answer = await shop.http.request(method, f"{SDK}/my_profile", headers=headers, json=body)
            assert answer.status_code == 403
    for naming in ({"user_id": ann.login}, {"email": ann.login}, {"id": str(anns.user)}):
        answer = await shop.qiscus("PATCH", "my_profile", {"name": "Eve was here", **naming}, by=eves.token)
        assert answer.status_code == 200
    assert (await shop.server("GET", f"/users/{anns.user}"))["name"] != "Eve was here"
    await shop.qiscus("POST", "logout", {"token": eves.token, "user_id": ann.login}, by=eves.token)
    assert await anns.is_in()
    assert await eves.is_in(), "a request that names another user ends nothing"


async def test_a_file_is_read_by_its_address_and_never_by_its_id(shop: Shop) -> None:
    anns = await shop.registers(ann)
    kept = (await anns.ask("POST", "/files?name=a.txt", content=b"my secret")).json()
    assert (await shop.http.get(kept["url"])).content == b"my secret"
    key = kept["url"].rpartition("/")[2]
    for guess in (kept["id"], key[:-1], key.swapcase(), "..%2f..%2facquaint.db", key + "/.."):
        answer = await shop.native("GET", f"/files/{guess}")
        assert answer.status_code in (404, 405)
        assert b"my secret" not in answer.content


async def test_a_device_secret_is_nothing_in_another_app(shop: Shop, other: Shop) -> None:
    visitor = await shop.arrives()
    await visitor.says("my secret")
    there = await other.arrives(device_secret=visitor.device_secret)
    assert await there.sees() == []
    taken = await other.comes_by_token(visitor.device_secret, email=eve.email)
    assert await taken.sees() == []
    await taken.gets("DELETE", "/session")
    assert await visitor.sees() == [["my secret"]], "nor does leaving there end anything here"
