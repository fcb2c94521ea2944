"""Getting back in with a mail. What the mail says and whom it reaches: tests/services/test_recovery.py."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from acquaint.settings import Settings
from tests.cast import ann, ben
from tests.dialects.native.asking import Api, refused, somebody


def mails(settings: Settings) -> list[str]:
    """Texts of the mails that were sent."""
    texts = []
    for path in sorted(Path(settings.data / "outbox").glob("*.eml")):
        body = message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("plain",))
        assert body is not None
        texts.append(body.get_content())
    return texts


async def test_a_forgotten_password_is_replaced_by_mail(api: Api, settings: Settings) -> None:
    in_front = somebody(await api.post("/users", {"app": "acme", "email": ann.email, "password": ann.password}))

    asked = await api.post("/password-resets", {"app": "acme", "email": ann.email})
    assert asked.status_code == 202
    [mail] = mails(settings)
    [link] = re.findall(r"\S+/password-reset#ticket=\S+", mail)
    assert link.startswith("http://acquaint.test/acquaint/v1/password-reset#ticket=acqt_")
    ticket = link.partition("=")[2]
    done = await api.post("/password-resets/complete", {"ticket": ticket, "password": "a goat in the snow"})

    assert done.status_code == 204
    assert "password" in mails(settings)[-1], "they are told, too"
    assert len(mails(settings)) == 2
    refused(await api.get("/session", in_front), 401, "session_ended")
    assert (await api.arrive(email=ann.email, password="a goat in the snow")).user_id == in_front.user_id
    again = await api.post("/password-resets/complete", {"ticket": ticket, "password": "a goat in the snow"})
    refused(again, 403, "ticket_refused")


async def test_who_asks_learns_nothing(api: Api, settings: Settings) -> None:
    await api.post("/users", {"app": "acme", "email": ann.email, "password": ann.password})

    answers = [await api.post("/password-resets", {"app": "acme", "email": it.email}) for it in (ann, ben)]

    assert len({(it.status_code, it.text, *sorted(set(it.headers) - {"x-request-id"})) for it in answers}) == 1
    assert len(mails(settings)) == 1


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}]
)
async def test_the_link_leads_here_whatever_the_request_says(
    api: Api, settings: Settings, headers: dict[str, str]
) -> None:
    await api.post("/users", {"app": "acme", "email": ann.email, "password": ann.password})
    await api.post("/password-resets", {"app": "acme", "email": ann.email}, headers=headers)
    [mail] = mails(settings)
    assert "evil.example" not in mail


@pytest.mark.parametrize(
    "email", [["ann@example.com"], {"0": "ann@example.com"}, "ann@example.com,eve@example.net", "", None, 7]
)
async def test_a_mail_goes_to_one_address(api: Api, settings: Settings, email: object) -> None:
    refused(await api.post("/password-resets", {"app": "acme", "email": email}), 400, "unacceptable", field="email")
    assert mails(settings) == []


async def test_a_password_that_breaks_the_rules_leaves_the_ticket_good(api: Api, settings: Settings) -> None:
    await api.post("/users", {"app": "acme", "email": ann.email, "password": ann.password})
    await api.post("/password-resets", {"app": "acme", "email": ann.email})
    ticket = re.findall(r"acqt_\w+", mails(settings)[0])[0]

    weak = await api.post("/password-resets/complete", {"ticket": ticket, "password": "password"})
    refused(weak, 400, "unacceptable", field="password")

    strong = await api.post("/password-resets/complete", {"ticket": ticket, "password": "a goat in the snow"})
    assert strong.status_code == 204


async def test_nobody_is_flooded_with_mails(api: Api, settings: Settings) -> None:
    for email in (ann.email, ben.email):  # whether or not somebody has the address
        for _ in range(3):
            assert (await api.post("/password-resets", {"app": "acme", "email": email})).status_code == 202
        refused(await api.post("/password-resets", {"app": "acme", "email": email}), 429, "too_many_requests")


async def test_the_page_behind_the_link_keeps_to_itself(api: Api) -> None:
    page = await api.client.get("/acquaint/v1/password-reset")

    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["referrer-policy"] == "no-referrer"
    for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert (await api.client.get(asset)).status_code == 200
    assert not re.findall(r"https?://", page.text)


async def test_what_is_mailed_is_in_the_apps_words(api: Api, settings: Settings) -> None:
    words = {
        "welcome": {"subject": "Hi", "text": "Hi #{user.full_name} of #{app.title}"},
        "password_changed": {"subject": "Psst", "text": "New: #{user.email}"},
    }
    changed = await api.as_app("PATCH", "/app/policy", {"mail_texts": words, "sends_welcome_mails": True})
    assert changed.json()["mail_texts"] == words
    put = {"identifiers": {"login": ann.login, "email": ann.email}, "name": ann.name}
    for _ in range(2):
        assert (await api.as_app("PUT", "/app/users", put)).status_code == 200
    assert [it.strip() for it in mails(settings)] == ["Hi Ann Archer of Acme"], "welcome once"
    user = (await api.as_app("GET", f"/app/users/lookup?login={ann.login}")).json()["id"]
    await api.as_app("PUT", f"/app/users/{user}/password", {"password": ann.password})
    in_front = await api.arrive(login=ann.login, password=ann.password)
    new = {"old_password": ann.password, "new_password": "a goat in the snow"}
    assert (await api.post("/user/password", new, in_front)).status_code == 204
    assert sorted(it.strip() for it in mails(settings)) == ["Hi Ann Archer of Acme", f"New: {ann.email}"]
    for wrong in (
        {"welcome": {"subject": "a\nBcc: x@y.z", "text": "x"}},
        {"welcome": {"subject": "x", "text": "#{x}"}},
    ):
        refused(await api.as_app("PATCH", "/app/policy", {"mail_texts": wrong}), 400, "unacceptable")
    assert (await api.as_app("PATCH", "/app/policy", {"mail_texts": {}})).json()["mail_texts"] == {}
