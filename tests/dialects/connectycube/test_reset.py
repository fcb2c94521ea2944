"""A forgotten password: the question, the mail, and the page that its link opens."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.connectycube.asking import NO_TOKEN, OVER, PASSWORD, Cube, unacceptable
from tests.services.test_recovery import Postbox
from tests.support.clock import SetClock

NEW = "a goat in the snow"


@pytest.fixture
def postbox(core: Core, monkeypatch: pytest.MonkeyPatch) -> Postbox:
    postbox = Postbox()
    monkeypatch.setitem(core.__dict__, "mailer", postbox)
    return postbox


@pytest.fixture
async def token(cube: Cube) -> str:
    """Of a session of nobody, as whoever forgot their password has."""
    await cube.sign_up(email=ann.email, full_name=ann.name)
    return str((await cube.session())["token"])


async def ask(cube: Cube, token: str | None, email: Any, **more: Any) -> Any:
    return await cube.ask("POST", "/users/password/reset", token, json={"email": email}, **more)


async def ticket(cube: Cube, token: str, postbox: Postbox) -> str:
    assert (await ask(cube, token, ann.email)).status_code == 200
    return postbox.tickets[-1]


async def choose(cube: Cube, ticket: str, password: str = NEW, again: str | None = None) -> Any:
    data = {"token": ticket, "password": password, "again": password if again is None else again}
    return await cube.client.post("/password_reset", data=data)


async def test_the_mail_is_the_apps_and_leads_to_the_page(cube: Cube, token: str, postbox: Postbox) -> None:
    answer = await ask(cube, token, ann.email.upper())
    assert (answer.status_code, answer.text) == (200, " ")
    [mail] = postbox.mails
    assert (mail.to, mail.subject) == (ann.email, "Acme: password reset")
    assert "Hello Ann Archer," in mail.text
    assert "Hello Ann Archer," in mail.html
    link = urlsplit(re.findall(r"https?://\S+", mail.text)[0])
    assert (link.scheme, link.netloc, link.path) == ("http", "acquaint.test", "/password_reset")
    assert parse_qs(link.query) == {"application_id": [str(cube.app.id)], "token": postbox.tickets}
    page = await cube.client.get(f"{link.path}?{link.query}")
    assert page.status_code == 200
    assert postbox.tickets[0] in page.text


async def test_the_question_may_come_as_a_get(cube: Cube, token: str, postbox: Postbox) -> None:
    answer = await cube.ask("GET", f"/users/password/reset?email={ann.email}", token)
    assert (answer.status_code, answer.text, len(postbox.mails)) == (200, " ", 1)


async def test_nobody_learns_whether_anybody_has_the_address(cube: Cube, token: str, postbox: Postbox) -> None:
    known, unknown = await ask(cube, token, ann.email), await ask(cube, token, "nobody@example.com")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert known.headers.keys() == unknown.headers.keys()
    assert [it.to for it in postbox.mails] == [ann.email]


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("not an address", unacceptable(email="is invalid")),
        ("", unacceptable(email="cannot be blank")),
        (None, unacceptable(email="cannot be blank")),
        ([ann.email, "eve@example.net"], unacceptable(email="should be a text")),
        ({"0": ann.email}, unacceptable(email="should be a text")),
        (f"{ann.email},eve@example.net", unacceptable(email="is invalid")),
        (f"{ann.email}\r\nBcc: eve@example.net", unacceptable(email="is invalid")),
        (f"{ann.email} eve@example.net", unacceptable(email="is invalid")),
    ],
    ids=str,
)
async def test_only_one_address_can_be_asked_about(
    cube: Cube, token: str, postbox: Postbox, email: Any, said: Any
) -> None:
    """CVE-2023-7028: a list of addresses is no address."""
    answer = await ask(cube, token, email)
    assert (answer.status_code, answer.json()) == (422, said)
    assert postbox.mails == []


async def test_the_question_needs_a_session(cube: Cube, token: str, postbox: Postbox) -> None:
    for its, said in ((None, NO_TOKEN), ("x", OVER)):
        answer = await ask(cube, its, ann.email, headers={"CB-AuthKey": cube.app.public_keys.auth_key})
        assert (answer.status_code, answer.json()) == (401, said)
    assert postbox.mails == []


async def test_an_app_can_do_without(cube: Cube, token: str, postbox: Postbox, core: Core, acme: Cast) -> None:
    mailed = await ticket(cube, token, postbox)
    await apps.change_policy(core, acme.app, {"resets_passwords_by_mail": False})
    answer = await ask(cube, token, ann.email)
    assert (answer.status_code, answer.json()) == (422, unacceptable(base="Reset password by email is disabled"))
    assert (await choose(cube, mailed)).status_code == 404


async def test_too_many_questions_are_too_many(cube: Cube, token: str, postbox: Postbox) -> None:
    for email in (ann.email, "nobody@example.com"):
        statuses = [(await ask(cube, token, email)).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
    assert len(postbox.mails) == 3


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto", "Origin", "Referer"])
async def test_no_header_changes_where_the_link_leads(cube: Cube, token: str, postbox: Postbox, header: str) -> None:
    value = {"Forwarded": "host=evil.example", "X-Forwarded-Proto": "javascript"}.get(header, "https://evil.example")
    await ask(cube, token, ann.email, headers={header: value.removeprefix("https://") if header == "Host" else value})
    [mail] = postbox.mails
    assert "http://acquaint.test/password_reset?" in mail.text
    assert "evil" not in mail.text + mail.html


@pytest.mark.parametrize(
    "name", ["You won! http://evil.example", "evil.example", "<b>x</b>", "x" * 61, "a\nb", "Call +1 900 555", "   "]
)
async def test_a_name_that_is_no_name_is_not_mailed(cube: Cube, postbox: Postbox, name: str) -> None:
    """Whoever registers with somebody's address could have us mail them anything."""
    await cube.sign_up(email=ann.email, full_name=name)
    await ask(cube, (await cube.session())["token"], ann.email)
    [mail] = postbox.mails
    assert mail.text.startswith("Hello,\n")
    assert "evil" not in mail.html


@pytest.mark.parametrize("name", ["Ann", "J. R. Smith", "Ann-Marie O’Hara", "山田太郎", "Zoë d'Arc"])
async def test_names_of_all_kinds_are_greeted(cube: Cube, postbox: Postbox, name: str) -> None:
    await cube.sign_up(email=ann.email, full_name=name)
    await ask(cube, (await cube.session())["token"], ann.email)
    assert postbox.mails[0].text.startswith(f"Hello {name},\n")


# the page


class Page(HTMLParser):
    """What of a page could do something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


async def test_the_page_needs_no_script_and_loads_nothing(cube: Cube, token: str, postbox: Postbox) -> None:
    answer = await cube.client.get("/password_reset", params={"token": await ticket(cube, token, postbox)})
    page = Page(answer.text)
    assert not {"script", "link", "img", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    assert [(it["method"], it["action"]) for it in page.all("form")] == [("post", "password_reset")]
    labels = {it["for"] for it in page.all("label")}
    fields = [it for it in page.all("input") if it["type"] != "hidden"]
    assert labels == {it["id"] for it in fields} == {"password", "again"}
    assert {it["autocomplete"] for it in fields} == {"new-password"}
    assert page.all("html") == [{"lang": "en"}]

    headers = answer.headers
    assert headers["content-type"] == "text/html; charset=utf-8"
    policy = headers["content-security-policy"]
    style = re.findall("<style>(.*)</style>", answer.text, re.DOTALL)[0]
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashed}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert (headers["x-robots-tag"], headers["x-content-type-options"]) == ("noindex", "nosniff")
    assert "access-control-allow-origin" not in headers


async def test_a_new_password_is_chosen_once_and_ends_every_session(cube: Cube, token: str, postbox: Postbox) -> None:
    anns = (await cube.session(user={"email": ann.email, "password": PASSWORD}))["token"]
    link = await ticket(cube, token, postbox)
    for _ in range(2):  # looking spends nothing
        assert (await cube.client.get("/password_reset", params={"token": link})).status_code == 200
    done = await choose(cube, link)
    assert done.status_code == 200
    assert "The password is changed" in done.text
    assert [it.subject for it in postbox.mails[1:]] == ["Acme: your password was changed"]
    assert not await cube.is_open(anns)
    assert await cube.is_open(token)
    assert (await cube.open(user={"email": ann.email, "password": PASSWORD})).status_code == 401
    await cube.session(user={"email": ann.email, "password": NEW})

    replayed = await choose(cube, link, "another goat in the snow")
    assert replayed.status_code == 404
    assert "not good any more" in replayed.text
    await cube.session(user={"email": ann.email, "password": NEW})


async def test_a_link_is_good_for_an_hour_and_the_next_one_does_not_matter(
    cube: Cube, token: str, postbox: Postbox, clock: SetClock
) -> None:
    first = await ticket(cube, token, postbox)
    clock.forward(minutes=59)
    second = await ticket(cube, token, postbox)
    clock.forward(minutes=2)
    assert (await choose(cube, first)).status_code == 404
    assert (await choose(cube, second)).status_code == 200


@pytest.mark.parametrize(
    ("password", "again", "wrong"),
    [
        ("k7#qz", "k7#qz", "is shorter than 8 characters"),
        ("password1", "password1", "is one that many people use"),
        (NEW, NEW + "!", "is not the same in both fields"),
        ("", "", "cannot be blank"),
        ("x" * 1025, "x" * 1025, "is longer than 1024 characters"),
    ],
    ids=lambda it: str(it)[:20],
)
async def test_a_password_that_breaks_the_rules_leaves_the_link_good(
    cube: Cube, token: str, postbox: Postbox, password: str, again: str, wrong: str
) -> None:
    link = await ticket(cube, token, postbox)
    answer = await choose(cube, link, password, again)
    assert answer.status_code == 422
    assert wrong in answer.text
    assert [it["id"] for it in Page(answer.text).all("p") if it.get("role") == "alert"] == ["wrong"]
    assert password not in answer.text or not password
    assert (await choose(cube, link)).status_code == 200


@pytest.mark.parametrize(
    "query", ["", "token=", "token=x", "token=%3Cscript%3E", "token=a&token=b", "token[a]=b", "token=%ff", "t" * 5000]
)
async def test_a_link_that_cannot_be_one_shows_no_form(cube: Cube, query: str) -> None:
    answer = await cube.client.get(f"/password_reset?{query}")
    assert answer.status_code == 404
    assert "<form" not in answer.text
    assert "script" not in answer.text


@pytest.mark.parametrize(
    "body", [b"", b"token=x", b"\xff\xfe", b"{", b'{"token": 7}', b"token[]=a&password=b&again=b", b"a" * 300_000]
)
async def test_a_form_that_is_broken_is_answered_with_a_page(cube: Cube, body: bytes) -> None:
    answer = await cube.client.post(
        "/password_reset", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_guessing_tickets_is_slowed_down(cube: Cube, token: str, postbox: Postbox) -> None:
    link = await ticket(cube, token, postbox)
    wrong = link[:10] + ("a" if link[10] != "a" else "b") + link[11:]
    assert (await choose(cube, wrong)).status_code == 404
