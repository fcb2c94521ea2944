"""Who holds a token, and how headers may be spelled."""

from __future__ import annotations

import httpx2
import pytest

from acquaint.domain.identities import Claimed
from acquaint.domain.sessions import Lifetime
from acquaint.services import sign_in, users
from acquaint.services.admission import Place
from acquaint.services.core import Core, device_of
from acquaint.services.sessions import resume
from tests.cast import Cast, ann, device
from tests.dialects.qiscus.asking import UNAUTHORIZED, Asking


@pytest.fixture
def asking(client: httpx2.AsyncClient, acme: Cast) -> Asking:
    return Asking(client, acme)


@pytest.mark.parametrize("app_id", ["QISCUS-SDK-APP-ID", "qiscus_sdk_app_id", "QISCUS_SDK_APP_ID", "Qiscus-Sdk-App-Id"])
@pytest.mark.parametrize("token", ["QISCUS-SDK-TOKEN", "qiscus_sdk_token"])
@pytest.mark.parametrize("user", ["QISCUS-SDK-USER-ID", "QISCUS_SDK_USER_EMAIL"])
async def test_headers_have_hyphens_or_underscores(
    asking: Asking, acme: Cast, app_id: str, token: str, user: str
) -> None:
    account = await asking.account("ann", "k1")
    headers = {app_id: acme.app.slug, token: account["token"], user: "ann"}
    answer = await asking.client.get("/api/v2/sdk/my_profile", headers=headers)
    assert answer.json()["results"]["user"] == account


@pytest.mark.parametrize("name", ["QISCUS-SDK-USER-ID", "QISCUS-SDK-USER-EMAIL", "qiscus_sdk_user_id"])
async def test_a_header_that_names_somebody_else_is_refused(asking: Asking, name: str) -> None:
    token = (await asking.account("ann", "k1"))["token"]
    answer = await asking.ask("GET", "my_profile", token=token, headers={name: "ben"})
    assert (answer.status_code, answer.json()) == (403, UNAUTHORIZED)


async def test_a_visitor_of_another_door_is_nobody_here(asking: Asking, core: Core, acme: Cast) -> None:
    place = Place("native", Lifetime(), device_id=device_of(device("laptop")))
    admission = await sign_in.visit(core, acme.app, place)
    assert admission.token is not None
    assert (await asking.profile(admission.token)).json() == UNAUTHORIZED
    await sign_in.claim(core, await resume(core, admission.token), Claimed(email=ann.email))
    assert (await asking.profile(admission.token)).json() == UNAUTHORIZED
    guest = await sign_in.enter_as_guest(core, acme.app, "Guest", place)
    assert guest.token is not None
    assert (await asking.profile(guest.token)).json() == UNAUTHORIZED


async def test_a_verified_user_of_another_door_is_served(asking: Asking, core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), Place("native", Lifetime()))
    assert admission.token is not None
    assert (await asking.profile(admission.token)).json()["results"]["user"]["email"] == ann.login


async def test_a_user_without_a_login_has_a_number_for_an_id(asking: Asking, core: Core, acme: Cast) -> None:
    user, _ = await users.put(core, acme.app, ann.verified())
    user = await users.rename(core, acme.app, user.id, (ann.by_email,))
    identity = ann.verified()
    admission = await sign_in.vouch_for(
        core, acme.app, type(identity)((ann.by_email,), identity.assurance), Place("native", Lifetime())
    )
    assert admission.token is not None
    account = (await asking.profile(admission.token)).json()["results"]["user"]
    assert account["email"] == str(user.id)
    listed = (await asking.rest("GET", "get_user_list")).json()["results"]
    assert listed == {"meta": {"total_data": 0, "total_page": 0}, "users": []}


async def test_a_deleted_user_is_refused_at_once(asking: Asking, core: Core, acme: Cast) -> None:
    account = await asking.account("ann", "k1")
    await users.delete(core, acme.app, account["id"])
    assert (await asking.profile(account["token"])).json() == UNAUTHORIZED
