"""Templates of an App's own identity provider: what they find, and that what they find stays data."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquaint.domain.errors import Unacceptable
from acquaint.domain.providers import CustomProvider
from acquaint.domain.questions import LONGEST_FIELD, question_of
from acquaint.domain.templates import DEEPEST_PATH, Template, render, value_of

ANSWER = {
    "uid": 42,
    "user": {"id": "7", "name": "Ann", "tags": ["a", "b"], "none": None, "0": "zero"},
    "users": [{"uid": "first"}, {"uid": "second"}],
    "ok": True,
    "ratio": 0.5,
    "täg": "ümlaut",
    "#{login}": "never",
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("#{uid}", "42"),
        ("#{user.id}", "7"),
        ("#{ user.id }", "7"),
        ("#{users[0].uid}", "first"),
        ("#{users.1.uid}", "second"),
        ("#{user.0}", "zero"),
        ("#{user.tags[1]}", "b"),
        ("#{user.tags}", '["a","b"]'),
        ("#{ok}/#{ratio}", "true/0.5"),
        ("#{täg}", "ümlaut"),
        ("acme-#{uid}!", "acme-42!"),
        ("no path", "no path"),
        ("", ""),
        ("$#} #", "$#} #"),
        ("#{user.nobody}", None),
        ("#{user.none}", None),
        ("x#{nobody}", None),
        ("#{uid.more}", None),
        ("#{users[9].uid}", None),
        ("#{users.first}", None),
        ("#{users[-1]}", "refused"),
        ("#{user.id.__class__}", None),
    ],
)
def test_a_path_leads_where_it_says(template: str, text: str | None) -> None:
    if text == "refused":
        with pytest.raises(Unacceptable):
            Template.of(template, "x")
    else:
        assert render(Template.of(template, "x"), ANSWER) == text


@pytest.mark.parametrize(
    "template",
    ["#{", "#{}", "#{ }", "#{a", "a#{b#{c}", "#{a..b}", "#{.a}", "#{a.}", "#{a[b]}", "#{a[0}", "#{a[99999]}", "#{a b}",
     "#{" + "x" * 200 + "}", "#{" + "a." * DEEPEST_PATH + "a}", "#{a}" * 17, "x" * 3000],
)  # fmt: skip
def test_a_template_that_cannot_be_read_is_refused_at_once(template: str) -> None:
    with pytest.raises(Unacceptable):
        Template.of(template, "x")


def test_what_a_path_finds_is_not_read_as_a_template() -> None:
    data = {"login": "#{password}", "password": "hush"}
    assert render(Template.of("#{login}", "x"), data) == "#{password}"


def test_a_template_that_is_one_path_keeps_the_kind_of_what_it_finds() -> None:
    assert value_of(Template.of("#{uid}", "x"), ANSWER) == 42
    assert value_of(Template.of("#{user.tags}", "x"), ANSWER) == ["a", "b"]
    assert value_of(Template.of("#{user.tags} ", "x"), ANSWER) == '["a","b"] '
    assert value_of(Template.of("#{nobody}", "x"), ANSWER) is None


@given(some.text(), some.recursive(some.none() | some.booleans() | some.integers() | some.text(), some.lists))
def test_no_text_and_no_answer_breaks_a_template(text: str, answer: Any) -> None:
    try:
        template = Template.of(text, "x")
    except Unacceptable:
        return
    assert render(template, answer) is None or isinstance(render(template, answer), str)


def provider(**other: Any) -> CustomProvider:
    usual: dict[str, Any] = {
        "endpoint": "https://idp.example/verify?key=1",
        "response_params": {"uid": "#{uid}"},
        "request_headers": {"authorization": "Bearer #{login}"},
        "request_params": {"t": "#{login}", "p": "#{password}"},
    }
    return CustomProvider(**(usual | other))


HOSTILE = ["a&admin=1", "a\r\nX-Evil: 1", "a b+c%20", '"}, "admin": true, "x": {"', "ö€😀", "#{password}", "\x01\t\x7f"]


@pytest.mark.parametrize("login", HOSTILE)
def test_a_login_stays_the_value_of_its_parameter(login: str) -> None:
    got = question_of(provider(), {"login": login})
    assert parse_qs(got.url.partition("?")[2], keep_blank_values=True) == {"key": ["1"], "t": [login], "p": [""]}
    posted = question_of(provider(method="POST"), {"login": login})
    assert posted.url == "https://idp.example/verify?key=1"
    assert parse_qs((posted.content or b"").decode(), keep_blank_values=True) == {"t": [login], "p": [""]}
    json = question_of(provider(method="POST", request_headers={"Content-Type": "application/json"}), {"login": login})
    assert msgspec.json.decode(json.content or b"") == {"t": login, "p": ""}


@pytest.mark.parametrize("login", HOSTILE)
def test_a_login_never_leaves_its_header(login: str) -> None:
    value = question_of(provider(), {"login": login}).headers["Authorization"]
    assert value.isascii()
    assert value.isprintable()
    assert value.startswith("Bearer ")


def test_headers_are_sent_once_whatever_their_spelling() -> None:
    headers = {"content-type": "application/json", "ACCEPT": "x/y"}
    asked = question_of(provider(method="POST", request_headers=headers), {})
    assert asked.headers == {"Accept": "x/y", "Content-Type": "application/json"}


@pytest.mark.parametrize("value", ["x" * (LONGEST_FIELD + 1), "a\0b", "\ud800"])
def test_what_is_too_long_or_no_text_is_not_asked_about(value: str) -> None:
    with pytest.raises(Unacceptable):
        question_of(provider(), {"password": value})
