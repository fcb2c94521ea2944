"""Signing up, changing oneself, and a forgotten password, by the unmodified connectycube 6.1.2 in Node."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest

from tests.sdk.connectycube.conftest import Cube
from tests.support.outbox import link_mailed_to

pytestmark = pytest.mark.sdk


def unacceptable(**fields: str) -> dict[str, Any]:
    return {"code": 422, "info": {"errors": {name: [text] for name, text in fields.items()}}}


def test_somebody_signs_up_changes_and_goes(cube: Cube) -> None:
    told = cube.tells("profile")
    user = told["signedUp"]["user"]
    assert {name: user[name] for name in ("login", "email", "full_name", "phone", "website", "custom_data")} == {
        "login": "ann",
        "email": "ann@example.com",
        "full_name": "Ann Archer",
        "phone": "+49 30 123451",
        "website": "http://ann.example",
        "custom_data": '{"seat":7}',
    }
    assert (user["user_tags"], user["external_id"], user["timezone"]) == ("vip,rower", "acme-ann", 60)
    assert told["taken"] == unacceptable(base="login must be unique")
    assert told["takenAddress"] == unacceptable(base="email must be unique")
    assert told["session"]["user_id"] == user["id"]
    updated = told["updated"]["user"]
    assert (updated["full_name"], updated["avatar"], updated["user_tags"]) == (
        "Ann",
        "https://img.example/ann.png",
        "vip",
    )
    assert (told["emptied"]["user"]["avatar"], told["emptied"]["user"]["website"]) == (None, None)
    assert told["nothing"]["user"]["full_name"] == "Ann"
    assert told["noOld"] == unacceptable(old_password="cannot be blank")
    assert told["wrongOld"] == unacceptable(old_password="is invalid")
    assert told["oldPassword"]["code"] == 401
    assert told["bensName"] == unacceptable(base="login must be unique")
    assert told["withoutId"]["user"]["full_name"] == "Ann again"
    assert told["deleted"].strip() == ""
    assert told["again"]["user_id"] != user["id"]  # the login was free again


def test_an_address_is_confirmed_by_the_page_in_the_mail(cube: Cube) -> None:
    cube.allow(requires_confirmed_emails=True)
    email, other = f"ann@{cube.app['slug']}.example", f"ann@other.{cube.app['slug']}.example"
    told = cube.tells("confirming", email=email)
    unconfirmed = {"code": 403, "info": {"errors": {"base": ["Email is not confirmed"]}}}
    assert told["signedUp"]["user"]["email"] == email
    assert [told[it] for it in ("session", "login", "byLogin")] == [unconfirmed] * 3
    assert told["wrong"]["code"] == 401
    confirmed(cube, email)
    told = cube.tells("confirmed", email=email, other=other)
    assert told["updated"]["user"]["email"] == email, "the other one waits"
    assert told["connected"] is True
    confirmed(cube, other)
    was = {"email": email, "password": "secret77"}
    assert cube.tells("log_in", credentials=was | {"email": other})["user"]["email"] == other
    assert cube.tells("log_in", credentials=was)["code"] == 403, "which would be somebody new, who has to confirm it"


def confirmed(cube: Cube, email: str) -> None:
    link = link_mailed_to(cube.server, email)
    assert httpx2.get(link).status_code == 200
    token = re.findall(r"token=(\w+)", link)[0]
    answers = [
        httpx2.post(f"{cube.url}/email_confirmation", data={"token": token, "password": it})
        for it in ("not hers", "secret77", "secret77")
    ]
    assert [it.status_code for it in answers] == [422, 200, 404]
    assert not [it for it in (token, "secret77") if it in cube.server.chapter()]


def test_a_forgotten_password_is_replaced_by_the_page_in_the_mail(cube: Cube) -> None:
    email = f"ann@{cube.app['slug']}.example"  # nobody else's on this server
    told = cube.tells("forgotten", email=email)
    assert told["noSession"] == {"code": 401, "info": {"errors": ["Token is required"]}}
    assert told["mailed"] == told["unknown"] == " "
    assert told["invalid"] == unacceptable(email="is invalid")
    link = link_mailed_to(cube.server, email)
    assert httpx2.get(link).status_code == 200
    token = re.findall(r"token=(\w+)", link)[0]
    new = "a goat in the snow"
    page = httpx2.post(f"{cube.url}/password_reset", data={"token": token, "password": new, "again": new})
    assert page.status_code == 200
    assert "changed" in page.text

    was = {"email": email, "password": "secret77"}
    assert cube.tells("log_in", credentials=was)["code"] == 401
    assert cube.tells("log_in", credentials=was | {"password": new})["user"]["full_name"] == "Ann Archer"
    logged = cube.server.chapter()
    assert not [it for it in (token, told["token"], new, "secret77") if it in logged]
    headers = {"CB-Token": told["token"]}
    assert httpx2.get(f"{cube.url}/session", headers=headers).status_code == 401
