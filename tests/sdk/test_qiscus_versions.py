"""The unmodified qiscus-sdk-core in three versions: users, tokens that expire, and messages without a broker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.sdk.driver import FOLDER, Instance, Node, SdkError, running
from tests.support.patience import PATIENCE
from tests.support.server import Server

pytestmark = pytest.mark.sdk

VERSIONS = {
    "qiscus-sdk-core": "2.16.9",
    "qiscus-sdk-core-2.14.2": "2.14.2",
    "qiscus-sdk-core-2.12.5": "2.12.5",
}
REFRESHES = ("qiscus-sdk-core",)  # the others have no part that does


@dataclass(frozen=True)
class Shop:
    server: Server
    node: Node
    slug: str
    secret: str

    def client(self, name: str, **more: Any) -> Instance:
        """Without a broker: everything comes by asking, every half a second."""
        instance = self.node.instance(name)
        nowhere = f"{self.server.socket_url}/nobody-is-here"
        config = {"AppId": self.slug, "baseURL": self.server.url, "mqttURL": nowhere, "syncInterval": 500}
        instance.call("init", config | {"withConfig": False} | more)
        return instance

    def allow(self, **rules: str) -> None:
        self.server.run("apps", "policy", self.slug, *(f"{name}={value}" for name, value in rules.items()))

    def profile(self, token: str) -> httpx2.Response:
        headers = {"QISCUS-SDK-APP-ID": self.slug, "QISCUS-SDK-TOKEN": token}
        return httpx2.get(f"{self.server.url}/api/v2/sdk/my_profile", headers=headers)


@pytest.fixture(params=VERSIONS)
def package(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shop(server: Server, package: str) -> Iterator[Shop]:
    app = server.create_app()
    with running("qiscus_sdk_core.mjs", package) as node:
        yield Shop(server, node, app["slug"], app["signing_secret"])


def until(holds: Callable[[], Any], instance: Instance) -> Any:
    """What the function answers as soon as that is something; while it waits the SDK goes on."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := holds():
            return found
        instance.wait(50)
    raise AssertionError(f"nothing came in {PATIENCE} s; heard: {instance.get('heard')}")


def heard(instance: Instance, kind: str) -> list[Any]:
    return [it[kind] for it in instance.get("heard") if kind in it]


def test_this_is_the_vendors_own_package(package: str) -> None:
    said = json.loads((FOLDER / "node_modules" / package / "package.json").read_text())
    assert (said["name"], said["version"]) == ("qiscus-sdk-core", VERSIONS[package])


def test_log_in_profile_and_log_out(shop: Shop) -> None:
    laptop = shop.client("laptop")
    user = laptop.call("setUser", "ann", "k1", "Ann", "http://x/a.png", {"role": "vip"})["user"]
    assert (user["email"], user["extras"]) == ("ann", {"role": "vip"})
    assert laptop.call("updateProfile", {"name": "Ann 2"})["username"] == "Ann 2"
    assert laptop.call("getUserProfile")["username"] == "Ann 2"
    eves = shop.client("eves")
    with pytest.raises(SdkError) as refused:
        eves.call("setUser", "ann", "guess", "Eve")
    assert refused.value.status == 401
    laptop.call("logout")
    assert laptop.get("isLogin") is False
    assert shop.profile(user["token"]).status_code == 403


def test_users_are_blocked_and_listed(shop: Shop, package: str) -> None:
    laptop, phone = shop.client("laptop"), shop.client("phone")
    phone.call("setUser", "ben", "k2", "Ben")
    laptop.call("setUser", "ann", "k1", "Ann")
    assert laptop.call("blockUser", "ben")["email"] == "ben"
    assert [it["email"] for it in laptop.call("getBlockedUser")] == ["ben"]
    assert laptop.call("unblockUser", "ben")["email"] == "ben"
    assert laptop.call("getBlockedUser") == []
    if package == "qiscus-sdk-core-2.12.5":  # in later ones the vendor's own call is broken
        assert [it["email"] for it in laptop.call("getUsers", "be")["users"]] == ["ben"]


def test_without_a_broker_messages_arrive_by_asking(shop: Shop) -> None:
    laptop, phone = shop.client("laptop"), shop.client("phone")
    phone.watch()
    phone.call("setUser", "ben", "k2", "Ben")
    laptop.call("setUser", "ann", "k1", "Ann")
    room = laptop.call("chatTarget", "ben")
    laptop.call("sendComment", room["id"], "hello Ben")
    assert until(lambda: heard(phone, "newMessages"), phone)[0] == ["hello Ben"]
    laptop.call("sendComment", room["id"], "are you there?")
    until(lambda: ["are you there?"] in heard(phone, "newMessages"), phone)
    assert heard(phone, "newMessages").count(["hello Ben"]) == 1


def test_what_a_blocked_user_says_does_not_arrive(shop: Shop) -> None:
    laptop, phone = shop.client("laptop"), shop.client("phone")
    phone.watch()
    phone.call("setUser", "ben", "k2", "Ben")
    laptop.call("setUser", "ann", "k1", "Ann")
    room = laptop.call("chatTarget", "ben")
    phone.call("blockUser", "ann")
    assert laptop.call("sendComment", room["id"], "hello?")["status"] in ("sent", "delivered", None)
    phone.call("unblockUser", "ann")
    laptop.call("sendComment", room["id"], "now?")
    until(lambda: ["now?"] in heard(phone, "newMessages"), phone)
    assert ["hello?"] not in heard(phone, "newMessages")


@pytest.mark.parametrize("package", REFRESHES, indirect=True)
def test_a_token_that_expired_is_refreshed_and_nobody_notices(shop: Shop) -> None:
    """Two calls meet the refusal at once, and each refreshes: both are answered, with one token."""
    shop.allow(token_lifetime="1h")
    laptop = shop.client("laptop", syncInterval=60_000)
    laptop.watch()
    first = laptop.call("setUser", "ann", "k1", "Ann")["user"]
    assert first["refresh_token"]
    headers = {"QISCUS-SDK-APP-ID": shop.slug, "QISCUS-SDK-TOKEN": first["token"]}
    expired = httpx2.post(f"{shop.server.url}/api/v2/sdk/expire_user_token", headers=headers, data={"user_id": "ann"})
    assert expired.status_code == 200
    refused = shop.profile(first["token"])
    assert (refused.status_code, refused.json()["error"]["message"]) == (403, "Unauthorized. Token is expired")

    told = shop.node.tell(*[{"on": "laptop", "call": "getUserProfile", "args": []}] * 3)
    assert [it["email"] for it in told] == ["ann"] * 3
    tokens = {it["token"] for it in heard(laptop, "refreshed")}
    assert len(tokens) == 1, "the same pair for all of them"
    assert tokens != {first["token"]}
    assert laptop.get("userData.token") in tokens
    assert laptop.call("updateProfile", {"name": "Ann 2"})["username"] == "Ann 2"


@pytest.mark.parametrize("package", REFRESHES, indirect=True)
def test_the_sdk_refreshes_by_itself_when_the_time_comes(shop: Shop) -> None:
    shop.allow(token_lifetime="3s")
    laptop = shop.client("laptop", syncInterval=60_000)
    laptop.watch()
    first = laptop.call("setUser", "ann", "k1", "Ann")["user"]
    until(lambda: len(heard(laptop, "refreshed")) >= 2, laptop)
    assert laptop.call("getUserProfile")["email"] == "ann"
    chain = heard(laptop, "refreshed")
    assert chain[0]["oldToken"] == first["token"]
    assert len({it["refreshToken"] for it in chain}) == len(chain)


def test_a_token_that_was_reset_opens_nothing_and_is_refused_plainly(shop: Shop) -> None:
    laptop = shop.client("laptop")
    laptop.call("setUser", "ann", "k1", "Ann")
    headers = {"QISCUS-SDK-APP-ID": shop.slug, "QISCUS-SDK-SECRET": shop.secret}
    url = f"{shop.server.url}/api/v2.1/rest/reset_user_token"
    assert httpx2.post(url, headers=headers, json={"user_id": "ann"}).status_code == 200
    with pytest.raises(SdkError) as refused:
        laptop.call("getUserProfile")
    assert refused.value.status == 403
    assert refused.value.body["error"]["message"] == "Unauthorized"
