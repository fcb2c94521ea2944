"""Identifiers and profiles: two spellings of one address are never two users, two addresses never one."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain.errors import Unacceptable
from acquaint.domain.identities import (
    Assurance,
    Claimed,
    Identifier,
    IdentifierKind,
    Identity,
    Profile,
    ProfileChange,
    normal_email,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  Ann@Example.COM \n", "ann@example.com"),
        ("ann+chat@example.com", "ann+chat@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("ann@localhost", "ann@localhost"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("cafe\u0301@example.com", "caf\u00e9@example.com"),
        ("\u00a0ann@example.com\u2003", "ann@example.com"),
        ("用户@例子.example", "用户@例子.example"),
    ],
)
def test_an_address_is_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert normal_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "@",
        "ann",
        "ann@",
        "@example.com",
        "ann@@example.com",
        "ann@ben@example.com",
        "ann@example..com",
        "ann@.example.com",
        "ann@example.com.",
        "ann@-example.com",
        "ann@example-.com",
        "ann@exam ple.com",
        "ann@exam_ple.com",
        "ann@[127.0.0.1]",
        ".ann@example.com",
        "ann.@example.com",
        "an..n@example.com",
        '"ann"@example.com',
        '"ann@example.com"@evil.example',
        "ann<ann@example.com>",
        "ann@example.com>",
        "ann,ben@example.com",
        "ann;ben@example.com",
        "ann\\@example.com",
        "ann (chat)@example.com",
        "a nn@example.com",
        "ann@example.com\x00",
        "ann\x00@example.com",
        "ann\r\nBcc: ben@example.com",
        "ann@example.com\r\nBcc: ben@example.com",
        "ann\u200b@example.com",  # zero width space
        "ann\u202e@example.com",  # turns the reading direction around
        "ann\ufeff@example.com",
        "ann\ud800@example.com",  # a lone surrogate
        "ann\uff20example.com",  # full-width @
        "ａnn@example.com",  # full-width a
        "ann@example。com",  # an ideographic full stop
        "ﬁona@example.com",  # a ligature
        "\u017fam@example.com",  # long s: its capital is S
        "\u212aim@example.com",  # Kelvin sign: its small letter is k
        "ann@\u212aim.example",
        "x" * 65 + "@example.com",
        "ann@" + "x" * 64 + ".com",
        "ann@" + ".".join(["x" * 60] * 5),
    ],
)
def test_what_is_no_plain_address_is_refused_rather_than_repaired(typed: str) -> None:
    with pytest.raises(Unacceptable) as refusal:
        normal_email(typed)
    assert refusal.value.field == "email"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mike@example.com", "m\u0131ke@example.com"),  # dotless i
        ("mike@example.com", "m\u0130ke@example.com"),  # dotted capital I
        ("ann@example.com", "аnn@example.com"),  # Cyrillic a
        ("ann@example.com", "ann+1@example.com"),
        ("ann@example.com", "an.n@example.com"),
        ("strasse@example.com", "straße@example.com"),
    ],
)
def test_two_addresses_never_become_one(one: str, other: str) -> None:
    assert normal_email(one) != normal_email(other)


@given(st.one_of(st.emails(), st.text(max_size=40), st.from_regex(r"[^@]{1,20}@[^@]{1,20}", fullmatch=True)))
def test_a_kept_address_stays_as_it_is_and_holds_nothing_surprising(typed: str) -> None:
    try:
        kept = normal_email(typed)
    except Unacceptable:
        return
    assert normal_email(kept) == kept
    assert kept == kept.lower() == unicodedata.normalize("NFC", kept)
    assert kept.count("@") == 1
    assert not any(unicodedata.category(it)[0] in "CZ" for it in kept)


def test_no_letter_outside_ascii_becomes_one_inside() -> None:
    """Every character there is. The Kelvin sign is not the k of mike (CVE-2019-19844)."""
    suspects = [
        it
        for it in map(chr, range(128, sys.maxunicode + 1))
        if unicodedata.normalize("NFKC", it).lower().isascii() or unicodedata.normalize("NFKC", it.lower()).isascii()
    ]
    assert "\u212a" in suspects
    for suspect in suspects:
        with pytest.raises(Unacceptable):
            normal_email(f"a{suspect}b@example.com")


@pytest.mark.parametrize("typed", ["+1 (555) 010-9999", "1 555 010 9999", "1.555.010.9999", "1/555/0109999"])
def test_a_phone_number_is_its_digits(typed: str) -> None:
    assert Identifier.phone(typed) == Identifier(IdentifierKind.PHONE, "15550109999")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1234",
        "1" * 16,
        "ann@example.com",
        "call 5550109999",
        "5550109999 ext. 5",  # the digits of another number
        "555010999\u0669",  # an Arabic digit is not to be dropped silently
        "５５５０１０９９９９",
        "5550109999\x00",
        "12+345678",
    ],
)
def test_what_is_no_phone_number_is_refused_rather_than_cut_down_to_one(typed: str) -> None:
    with pytest.raises(Unacceptable):
        Identifier.phone(typed)


def test_a_login_that_looks_like_an_address_is_no_address() -> None:
    assert Identifier.login("ann@example.com") != Identifier.email("ann@example.com")


@pytest.mark.parametrize("make", [Identifier.login, Identifier.external_id])
@pytest.mark.parametrize("typed", ["", "   ", "x" * 256, "ann\x00", "ann\n", "ann\u202e", "\ud800", "\x7f"])
def test_names_are_neither_blank_nor_endless_nor_invisible(make, typed: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Unacceptable):
        make(typed)


@pytest.mark.parametrize("make", [Identifier.login, Identifier.external_id])
def test_names_are_compared_exactly(make) -> None:  # type: ignore[no-untyped-def]
    assert make("Ann").value == "Ann"
    assert make(" ann").value == " ann"
    assert make("e\u0301").value == "\u00e9"
    assert make("x" * 255).value == "x" * 255


def test_issuer_and_subject_cannot_be_cut_elsewhere() -> None:
    """(issuer, subject) is one name: another issuer cannot say the same name by cutting it elsewhere."""
    named = Identifier.subject("https://id.example", "evil|ann")
    with pytest.raises(Unacceptable):
        Identifier.subject("https://id.example|evil", "ann")
    assert named != Identifier.subject("https://id.example", "ann")


def test_assurance_is_ordered() -> None:
    assert Assurance.ANONYMOUS < Assurance.CLAIMED < Assurance.VERIFIED


@pytest.mark.parametrize("assurance", [Assurance.ANONYMOUS, Assurance.CLAIMED])
def test_only_a_verified_identity_has_identifiers(assurance: Assurance) -> None:
    with pytest.raises(ValueError, match="verified"):
        Identity((Identifier.email("ann@example.com"),), assurance)


def test_a_change_empties_what_is_none_and_keeps_what_is_not_mentioned() -> None:
    was = Profile("Ann", "https://a.example/a.png", "123", {"plan": "pro"}, ("vip",), Claimed(name="Annie"))
    assert was.changed(ProfileChange()) == was
    assert was.changed(ProfileChange(name=None)) == Profile(
        None, was.avatar_url, was.phone, was.custom, was.tags, was.claimed
    )
    assert was.changed(ProfileChange(custom={}, tags=())) == Profile(
        "Ann", was.avatar_url, was.phone, {}, (), was.claimed
    )


def test_a_claim_never_touches_what_is_vouched_for() -> None:
    was = Profile("Ann", phone="123", custom={"plan": "pro"})
    after = was.claiming(Claimed("Eve", "ann@example.com", "999", {"plan": "enterprise"}))
    assert (after.name, after.phone, after.custom) == ("Ann", "123", {"plan": "pro"})
    assert after.claimed == Claimed("Eve", "ann@example.com", "999", {"plan": "enterprise"})


def test_a_claim_that_says_nothing_keeps_the_earlier_one() -> None:
    was = Profile().claiming(Claimed("Ann", "ann@example.com", "123", {"a": 1}))
    assert was.claiming(Claimed()) == was
    assert was.claiming(Claimed(custom={"b": 2})).claimed == Claimed("Ann", "ann@example.com", "123", {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 256),
        ("email", "x" * 255),
        ("phone", "1" * 65),
        ("custom", {str(it): it for it in range(101)}),
    ],
)
def test_claims_are_bounded_like_profiles(field: str, value: object) -> None:
    with pytest.raises(Unacceptable) as refusal:
        Claimed(**{field: value})  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_claims_do_not_pile_up_without_end() -> None:
    profile = Profile().claiming(Claimed(custom={str(it): it for it in range(60)}))
    with pytest.raises(Unacceptable):
        profile.claiming(Claimed(custom={str(it): it for it in range(60, 120)}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 256),
        ("avatar_url", "x" * 2049),
        ("phone", "1" * 65),
        ("custom", {str(it): it for it in range(101)}),
        ("tags", ("x",) * 21),
        ("tags", ("x" * 65,)),
    ],
)
def test_profiles_are_bounded(field: str, value: object) -> None:
    with pytest.raises(Unacceptable) as refusal:
        ProfileChange(**{field: value})  # type: ignore[arg-type]
    assert refusal.value.field == field
