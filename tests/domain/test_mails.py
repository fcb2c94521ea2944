"""What an App mails in its own words, and what nobody gets it to mail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acquaint.domain.apps import Policy
from acquaint.domain.errors import Unacceptable
from acquaint.domain.mails import OURS, MailKind, MailTexts

VALUES = {
    "app.title": "Acme",
    "user.email": "ann@example.com",
    "user.full_name": "Ann",
    "link": "https://chat.acme.example/reset?id=7&token=acqt_x",
    "user.get_reset_password_token": "acqt_x",
}


def texts(kind: str = "welcome", subject: str = "Hello", text: str = "Welcome") -> dict[str, Any]:
    return {kind: {"subject": subject, "text": text}}


def test_every_mail_has_words_of_ours() -> None:
    assert OURS.keys() == set(MailKind)
    for kind, text in OURS.items():
        text.check(kind, "mail_texts")
        for name in ("Ann", ""):
            it = MailTexts().written(kind, VALUES | {"user.full_name": name})
            assert "#{" not in it.subject + it.text + it.html
            assert "Hello ," not in it.text
            assert "\n" not in it.subject


def test_an_app_says_it_in_its_own_words() -> None:
    own = texts("password_reset", "#{ app.title } / #{user.email}", "Hej #{user.full_name}!\r\n\r\n\r\nHere: #{link}.")
    it = MailTexts.read("mail_texts", own).written(MailKind.PASSWORD_RESET, VALUES)
    assert it.subject == "Acme / ann@example.com"
    assert it.text == "Hej Ann!\n\nHere: https://chat.acme.example/reset?id=7&token=acqt_x.\n"
    assert it.html == (
        "<p>Hej Ann!</p>\n"
        '<p>Here: <a href="https://chat.acme.example/reset?id=7&amp;token=acqt_x" rel="noreferrer">'
        "https://chat.acme.example/reset</a>.</p>\n"
    )


def test_values_are_data() -> None:
    """However they came to be what they are: no HTML, no template, no further line of a header."""
    evil = "<img src=x onerror=alert(1)>#{link}\r\nBcc: eve@example.net\u2028\x00"
    own = texts("welcome", "Hi #{app.title}", "<b>#{app.title}</b> & #{user.email}")
    it = MailTexts.read("mail_texts", own).written(MailKind.WELCOME, VALUES | {"app.title": evil})
    assert "\n" not in it.subject
    assert "\r" not in it.subject
    assert "\u2028" not in it.subject
    assert "acqt_x" not in it.subject + it.text + it.html
    assert "<img" not in it.html
    assert "<b>" not in it.html, "the App's text is plain, too"
    assert "&lt;b&gt;&lt;img" in it.html


@pytest.mark.parametrize(
    "wrong",
    [
        "not JSON",
        "[]",
        [],
        7,
        {"invoice": {"subject": "x", "text": "y"}},
        {"welcome": "x"},
        {"welcome": {"subject": "x"}},
        {"welcome": {"subject": "x", "text": 1}},
        {"welcome": {"subject": "x", "text": "y", "html": "z"}},
        texts(subject=" "),
        texts(text="\n"),
        texts(subject="x" * 201),
        texts(text="x" * 8_001),
        texts(text="#{user.password}"),
        texts(text="#{user.custom.x}"),
        texts(text="#{link}"),
        texts(text="#{"),
        texts(text="#{app.title}" * 17),
        texts(subject="one\nBcc: eve@example.net"),
        texts(subject="one\u2028two"),
        texts("address_changed", text="#{user.full_name} moved"),
        texts("password_reset", text="No link"),
        texts("password_reset", subject="#{link}", text="#{link}"),
        texts("password_reset", subject="#{user.get_reset_password_token}", text="#{link}"),
        "[" * 100_000,
    ],
)
def test_what_cannot_be_mailed_is_refused_when_it_is_set(wrong: Any) -> None:
    with pytest.raises(Unacceptable):
        Policy().changed({"mail_texts": wrong})


def test_the_policy_keeps_them_and_gives_them_up() -> None:
    own = texts(text="Welcome to #{app.title}")
    policy = Policy().changed({"mail_texts": json.dumps(own)})
    assert policy.as_data()["mail_texts"] == own
    assert Policy().changed(policy.as_data()) == policy
    assert policy.mail_texts.of(MailKind.PASSWORD_RESET) == OURS[MailKind.PASSWORD_RESET]
    assert hash(policy) == hash(Policy().changed({"mail_texts": own}))
    for nothing in ({}, None, "", {"welcome": None}):
        assert policy.changed({"mail_texts": nothing}) == Policy()
