"""Confirming an address with a mail. Who waits, and what the ticket does: tests/services/test_confirmation.py."""

from __future__ import annotations

import re

from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben
from tests.dialects.native.asking import Api, refused
from tests.dialects.native.test_recovery import mails


async def test_who_registers_with_an_address_comes_in_once_they_confirmed_it(
    api: Api, settings: Settings, core: Core, acme: Cast
) -> None:
    await apps.change_policy(core, acme.app, {"requires_confirmed_emails": True})
    who = {"app": "acme", "email": ann.email, "password": ann.password}
    refused(await api.post("/users", who), 403, "address_unconfirmed")
    refused(await api.post("/users", who), 409, "identifier_taken", identifier="login")
    refused(await api.post("/sessions", who), 403, "address_unconfirmed")
    refused(await api.post("/sessions", who | {"password": ben.password}), 401, "invalid_credentials")
    answers = [await api.post("/email-confirmations", {"app": "acme", "email": it.email}) for it in (ann, ben)]
    assert len({(it.status_code, it.text, *sorted(set(it.headers) - {"x-request-id"})) for it in answers}) == 1
    assert answers[0].status_code == 202
    assert len(mails(settings)) == 3, "as she registered, as she came, and as she asked"
    [link] = re.findall(r"\S+/email-confirmation#ticket=\S+", mails(settings)[0])
    assert link.startswith("http://acquaint.test/acquaint/v1/email-confirmation#ticket=acqt_")

    done = {"ticket": link.partition("=")[2], "password": ben.password}
    refused(await api.post("/email-confirmations/complete", done), 401, "invalid_credentials")
    assert (await api.post("/email-confirmations/complete", done | {"password": ann.password})).status_code == 204
    refused(await api.post("/email-confirmations/complete", done), 403, "ticket_refused")
    in_front = await api.arrive(email=ann.email, password=ann.password)
    assert (await api.get("/user", in_front)).json()["identifiers"]["email"] == ann.email


async def test_the_page_keeps_the_ticket_to_itself(api: Api) -> None:
    page = await api.client.get("/acquaint/v1/email-confirmation")
    script = await api.client.get("/acquaint/v1/email-confirmation/script.js")
    assert (page.status_code, script.status_code) == (200, 200)
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "history.replaceState" in script.text
