"""The unmodified qiscus-sdk-javascript 3.4.2, in a window of jsdom, against a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from acquaint.adapters.jose import JoseSigner
from tests.sdk.driver import FOLDER, Instance, SdkError, running
from tests.support.patience import PATIENCE
from tests.support.server import Server

pytestmark = pytest.mark.sdk


@pytest.fixture
def app(server: Server) -> dict[str, Any]:
    return server.create_app()


@pytest.fixture
def somebody(server: Server, app: dict[str, Any]) -> Iterator[Callable[[str], Instance]]:
    """``somebody("laptop")`` is set up as the vendor's documents say, with this server for a host."""
    with ExitStack() as nodes:

        def new(name: str) -> Instance:
            instance = nodes.enter_context(running("qiscus_sdk_javascript.mjs")).instance(name)
            broker = f"{server.socket_url}/mqtt"
            instance.call("setupWithCustomServer", app["slug"], server.url, broker, None, 500)
            return instance

        yield new


def test_this_is_the_vendors_own_package() -> None:
    package = json.loads((FOLDER / "node_modules/qiscus-sdk-javascript/package.json").read_text())
    assert (package["name"], package["version"]) == ("qiscus-sdk-javascript", "3.4.2")


def test_logging_in_and_ones_own_profile(somebody: Callable[[str], Instance]) -> None:
    laptop = somebody("laptop")
    user = laptop.call("setUser", "ann", "k1", "Ann", "http://x/a.png", {"role": "vip"})
    assert (user["id"], user["name"], user["extras"]) == ("ann", "Ann", {"role": "vip"})
    assert laptop.get("isLogin") is True
    assert laptop.call("updateUser", "Ann 2", "http://x/2.png", {"a": 1})["name"] == "Ann 2"
    assert laptop.call("getUserData")["name"] == "Ann 2"
    with pytest.raises(SdkError) as refused:
        somebody("eves").call("setUser", "ann", "guess", "Eve")
    assert (refused.value.status, refused.value.body["error"]["message"]) == (401, "wrong password")


def test_an_identity_token(somebody: Callable[[str], Instance], app: dict[str, Any]) -> None:
    laptop = somebody("laptop")
    now = int(time.time())
    claims = {"iss": app["slug"], "iat": now, "nbf": now, "exp": now + 120, "prn": "ann", "name": "Ann"}
    token = JoseSigner().sign(claims | {"nce": laptop.call("getJWTNonce")}, app["signing_secret"], {"ver": "v2"})
    assert laptop.call("setUserWithIdentityToken", token)["id"] == "ann"
    assert laptop.call("getUserData")["name"] == "Ann"
    with pytest.raises(SdkError) as again:
        somebody("thiefs").call("setUserWithIdentityToken", token)
    assert again.value.status == 401


def test_users_blocks_and_device_tokens(somebody: Callable[[str], Instance]) -> None:
    laptop, phone = somebody("laptop"), somebody("phone")
    phone.call("setUser", "ben", "k2", "Ben")
    laptop.call("setUser", "ann", "k1", "Ann")
    assert [it["id"] for it in laptop.call("getUsers", "be", 1, 20)] == ["ben"]
    assert laptop.call("blockUser", "ben")["id"] == "ben"
    assert [it["id"] for it in laptop.call("getBlockedUsers", 1, 20)] == ["ben"]
    assert laptop.call("unblockUser", "ben")["id"] == "ben"
    assert laptop.call("getBlockedUsers", 1, 20) == []
    assert laptop.call("registerDeviceToken", "fcm:1", False) is True
    assert laptop.call("removeDeviceToken", "fcm:1", False) is True


def test_messages_arrive(somebody: Callable[[str], Instance]) -> None:
    laptop, phone = somebody("laptop"), somebody("phone")
    phone.watch()
    phone.call("setUser", "ben", "k2", "Ben")
    laptop.call("setUser", "ann", "k1", "Ann")
    room = laptop.call("chatUser", "ben", {})
    end = time.monotonic() + PATIENCE
    said: list[str] = []
    while not phone.get("heard"):  # what is said before the phone listens comes half a minute later, with its next sync
        assert time.monotonic() < end
        said.append(f"hello Ben, for the {len(said) + 1}. time")
        laptop.call("say", room["id"], said[-1])
        phone.wait(500)
    heard = [text for it in phone.get("heard") for text in it["newMessages"]]
    assert set(heard) <= set(said)
    assert len(set(heard)) == len(heard)
