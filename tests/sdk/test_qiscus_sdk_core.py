"""The unmodified qiscus-sdk-core 2.16.9, in Node, against a real server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from acquaint.adapters.jose import JoseSigner
from tests.sdk.driver import FOLDER, Instance, Node, SdkError, running
from tests.support.server import Server

pytestmark = pytest.mark.sdk

WRONG_PASSWORD = {
    "status": 401,
    "error": {"code": 401306, "message": "wrong password", "detailed_messages": ["wrong password"]},
}
UNAUTHORIZED = {
    "status": 403,
    "error": {"code": 401301, "message": "Unauthorized", "detailed_messages": ["Unauthorized"]},
}


@dataclass(frozen=True)
class Shop:
    """An App, its own server, and the clients of its customers."""

    server: Server
    node: Node
    slug: str
    secret: str

    def client(self, name: str, *, app_id: str | None = None, **more: Any) -> Instance:
        """A client that is set up as the vendor's documents say, with this server for a host."""
        instance = self.node.instance(name)
        mqtt = f"{self.server.socket_url}/mqtt"
        config = {"AppId": app_id or self.slug, "baseURL": self.server.url, "mqttURL": mqtt, "withConfig": False}
        instance.call("init", config | more)
        return instance

    def rest(self, method: str, call: str, **asked: Any) -> Any:
        """What the App's server asks; answers ``results``."""
        headers = {"QISCUS-SDK-APP-ID": self.slug, "QISCUS-SDK-SECRET": self.secret}
        url = f"{self.server.url}/api/v2.1/rest/{call}"
        answer = httpx2.request(method, url, headers=headers, **asked)
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    def identity_token(self, nonce: str, **claims: Any) -> str:
        now = int(time.time())
        whole = {"iss": self.slug, "iat": now, "nbf": now, "exp": now + 120, "nce": nonce, "prn": "ann"} | claims
        return JoseSigner().sign(whole, self.secret, {"ver": "v2"})

    @property
    def users(self) -> list[str]:
        return [it["email"] for it in self.rest("GET", "get_user_list")["users"]]


@pytest.fixture
def shop(server: Server) -> Iterator[Shop]:
    app = server.create_app()
    with running("qiscus_sdk_core.mjs") as node:
        yield Shop(server, node, app["slug"], app["signing_secret"])


def test_this_is_the_vendors_own_package() -> None:
    package = json.loads((FOLDER / "node_modules/qiscus-sdk-core/package.json").read_text())
    assert (package["name"], package["version"]) == ("qiscus-sdk-core", "2.16.9")


def test_qiscus_chat_sdk_identity_management(shop: Shop) -> None:
    """The page of that name: the first setUser creates, the second returns the same user, another key returns none."""
    created = shop.client("first").call("setUser", "customer@example.com", "uniquevalue", "My Name")["user"]
    assert (created["email"], created["username"]) == ("customer@example.com", "My Name")

    same = shop.client("second").call("setUser", "customer@example.com", "uniquevalue", "My Name")["user"]
    of_a_session = ("token", "last_sync_event_id")
    assert same == created | {name: same[name] for name in of_a_session}

    third = shop.client("third")
    with pytest.raises(SdkError) as refused:
        third.call("setUser", "customer@example.com", "notmyuniquevalue", "My Name")
    assert (refused.value.status, refused.value.body) == (401, WRONG_PASSWORD)
    assert third.get("isLogin") is False
    assert third.get("userData") == {}

    compromised = {"user_id": "customer@example.com", "username": "My Name", "password": "anothervalue"}
    shop.rest("POST", "login_or_register", json=compromised)
    with pytest.raises(SdkError):
        shop.client("fourth").call("setUser", "customer@example.com", "uniquevalue", "My Name")
    again = shop.client("fifth").call("setUser", "customer@example.com", "anothervalue", "My Name")["user"]
    assert again["id"] == created["id"]
    assert shop.users == ["customer@example.com"]


def test_the_account_has_what_the_sdk_reads(shop: Shop) -> None:
    laptop = shop.client("laptop")
    user = laptop.call("setUser", "ann", "k1", "Ann", "http://x/a.png", {"role": "vip"})["user"]
    assert (user["username"], user["avatar_url"], user["extras"]) == ("Ann", "http://x/a.png", {"role": "vip"})
    assert re.fullmatch(r"\w+", user["token"]), "the SDK makes an MQTT topic of it"
    assert laptop.get("userData") == user
    assert laptop.get("isLogin") is True
    assert laptop.get("last_received_comment_id") == 0
    bare = shop.client("kiosk").call("setUser", "ben", "k1")["user"]
    assert bare["username"] == "ben"
    picture = httpx2.get(bare["avatar_url"])
    assert picture.headers["content-type"] == "image/png"


def test_a_wrong_key_changes_nothing(shop: Shop) -> None:
    laptop = shop.client("laptop")
    laptop.call("setUser", "ann", "k1", "Ann")
    eves = shop.client("eves")
    eves.watch()
    with pytest.raises(SdkError) as refused:
        eves.call("setUser", "ann", "guess", "Eve", "http://evil/", {"role": "admin"})
    assert (refused.value.status, refused.value.body) == (401, WRONG_PASSWORD)
    assert eves.get("heard") == [{"loginError": 401}]
    profile = laptop.call("getUserProfile")
    assert (profile["username"], profile["extras"]) == ("Ann", {})
    assert shop.users == ["ann"]


def test_eight_pages_that_open_at_once_are_one_user(shop: Shop) -> None:
    pages = [shop.client(f"page {number}") for number in range(8)]
    told = shop.node.tell(*[{"on": it.name, "call": "setUser", "args": ["ann", "k1", "Ann"]} for it in pages])
    assert len({it["user"]["id"] for it in told}) == 1
    assert len({it["user"]["token"] for it in told}) == 8
    assert shop.users == ["ann"]


def test_a_profile_is_changed_and_seen_on_another_device(shop: Shop) -> None:
    laptop, phone = shop.client("laptop"), shop.client("phone")
    laptop.watch()
    token = laptop.call("setUser", "ann", "k1", "Ann", None, {"a": 1})["user"]["token"]
    phone.call("setUser", "ann", "k1", "Ann")
    changed = laptop.call("updateProfile", {"name": "Ann 2", "avatar_url": "http://x/2.png", "extras": {"b": 2}})
    assert (changed["username"], changed["avatar_url"], changed["extras"]) == ("Ann 2", "http://x/2.png", {"b": 2})
    assert laptop.get("userData.token") == token, "the SDK takes the answer for its user: without a token it goes deaf"
    assert laptop.get("heard") == [{"loginSuccess": "ann"}, {"updateProfile": "Ann 2"}]
    seen = phone.call("getUserProfile")
    assert (seen["username"], seen["extras"]) == ("Ann 2", {"b": 2})


def test_an_identity_token_logs_in_once(shop: Shop) -> None:
    laptop = shop.client("laptop")
    asked = laptop.call("getNonce")
    assert re.fullmatch(r"[A-Za-z0-9]{40}", asked["nonce"])
    assert 590 < asked["expired_at"] - time.time() <= 601
    token = shop.identity_token(asked["nonce"], name="Ann", avatar_url="http://x/a.png")
    verified = laptop.call("verifyIdentityToken", token)
    assert (verified["user"]["email"], verified["user"]["username"]) == ("ann", "Ann")
    laptop.call("setUserWithIdentityToken", verified)
    laptop.wait(500)
    assert laptop.get("isLogin") is True
    assert laptop.call("getUserProfile")["id"] == verified["user"]["id"]

    with pytest.raises(SdkError) as refused:
        shop.client("thief").call("verifyIdentityToken", token)
    error = {
        "code": 401000,
        "message": "identity token invalid",
        "detailed_messages": ["nce is unknown, used or expired"],
    }
    assert (refused.value.status, refused.value.body) == (401, {"status": 401, "error": error})
    with pytest.raises(SdkError) as forged:
        laptop.call(
            "verifyIdentityToken",
            JoseSigner().sign({"iss": shop.slug}, "a secret of my own, not the App's", {"ver": "v2"}),
        )
    assert forged.value.status == 401


def test_a_key_is_rotated_by_the_apps_server(shop: Shop) -> None:
    laptop = shop.client("laptop")
    shop.rest("POST", "login_or_register", json={"user_id": "ann", "username": "Ann", "password": "k1"})
    before = laptop.call("setUser", "ann", "k1", "Ann")["user"]
    shop.rest("POST", "login_or_register", json={"user_id": "ann", "username": "Ann", "password": "k2"})
    assert laptop.call("getUserProfile")["id"] == before["id"], "what is open stays open"
    with pytest.raises(SdkError) as refused:
        shop.client("phone").call("setUser", "ann", "k1", "Ann")
    assert (refused.value.status, refused.value.body) == (401, WRONG_PASSWORD)
    assert shop.client("tablet").call("setUser", "ann", "k2", "Ann")["user"]["id"] == before["id"]


def test_logging_out_leaves_a_token_that_opens_nothing(shop: Shop) -> None:
    laptop, phone = shop.client("laptop"), shop.client("phone")
    token = laptop.call("setUser", "ann", "k1", "Ann")["user"]["token"]
    phone.call("setUser", "ann", "k1", "Ann")
    laptop.call("logout")
    assert laptop.get("isLogin") is False
    headers = {"QISCUS-SDK-APP-ID": shop.slug, "QISCUS-SDK-TOKEN": token}
    answer = httpx2.get(f"{shop.server.url}/api/v2/sdk/my_profile", headers=headers)
    assert (answer.status_code, answer.json()) == (403, UNAUTHORIZED)
    assert phone.call("getUserProfile")["email"] == "ann"
    assert laptop.call("setUser", "ann", "k1", "Ann")["user"]["token"] != token


def test_logging_out_works_when_the_session_is_over_already(shop: Shop) -> None:
    laptop = shop.client("laptop")
    laptop.call("setUser", "ann", "k1", "Ann")
    shop.rest("POST", "reset_user_token", json={"user_id": "ann"})
    with pytest.raises(SdkError) as refused:
        laptop.call("getUserProfile")
    assert (refused.value.status, refused.value.body) == (403, UNAUTHORIZED)
    laptop.call("logout")
    assert laptop.get("isLogin") is False


def test_a_deactivated_user_is_out_at_once_and_stays_out(shop: Shop) -> None:
    laptop = shop.client("laptop")
    laptop.call("setUser", "ann", "k1", "Ann")
    shop.rest("DELETE", "deactivate_users", json={"user_ids": ["ann"]})
    with pytest.raises(SdkError) as refused:
        laptop.call("getUserProfile")
    assert refused.value.status == 403
    with pytest.raises(SdkError) as at_login:
        shop.client("phone").call("setUser", "ann", "k1", "Ann")
    assert (at_login.value.status, at_login.value.body["error"]["code"]) == (401, 401300)
    shop.rest("POST", "reactivate_users", json={"user_ids": ["ann"]})
    assert shop.client("tablet").call("setUser", "ann", "k1", "Ann")["user"]["active"] is True


def test_an_unknown_app_id_is_named_as_the_trouble(shop: Shop) -> None:
    with pytest.raises(SdkError) as refused:
        shop.client("laptop", app_id="no-such-app").call("setUser", "ann", "k1", "Ann")
    assert (refused.value.status, refused.value.body["error"]["message"]) == (401, "Application not found")


def test_with_config_the_sdk_stays_with_this_server(shop: Shop) -> None:
    laptop = shop.client("laptop", withConfig=True)
    assert laptop.get("baseURL") == shop.server.url
    assert laptop.get("mqttURL") == f"{shop.server.socket_url}/mqtt?wss://"
    assert laptop.get("enableLb") is False
    assert (laptop.get("syncInterval"), laptop.get("syncOnConnect")) == (5000, 30000)
    assert (laptop.get("enableSync"), laptop.get("enableSyncEvent")) == (True, True)
    user = laptop.call("setUser", "ann", "k1", "Ann")["user"]
    assert laptop.call("updateProfile", {"name": "Ann 2"})["username"] == "Ann 2"
    assert laptop.call("getUserProfile")["id"] == user["id"]
    laptop.call("logout")
    assert laptop.get("isLogin") is False


def test_with_config_and_no_broker_of_its_own_it_is_not_sent_to_the_vendors(shop: Shop) -> None:
    laptop = shop.node.instance("laptop")
    laptop.call("init", {"AppId": shop.slug, "baseURL": shop.server.url})
    assert "qiscus.com" not in laptop.get("mqttURL")
    assert laptop.get("enableLb") is False
    assert laptop.call("setUser", "ann", "k1", "Ann")["user"]["email"] == "ann"


def test_a_broker_that_is_not_there_and_polling_disturb_nothing(shop: Shop) -> None:
    """The SDK polls for messages and knocks at the broker's door, whether or not anybody is in."""
    laptop = shop.client("laptop", syncInterval=300, mqttURL=f"{shop.server.socket_url}/nobody-is-here")
    laptop.call("setUser", "ann", "k1", "Ann")
    laptop.wait(2500)
    laptop.call("synchronize", 0)
    laptop.call("synchronizeEvent", 0)
    assert laptop.call("getUserProfile")["email"] == "ann"
