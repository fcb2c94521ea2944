"""Finding users as ConnectyCube's clients do: queries, the older routes, and what an App lets its users see."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquaint.dialects.connectycube.listing import filters_of, order_of
from acquaint.dialects.connectycube.moments import read_moment
from acquaint.dialects.connectycube.query import query_of
from acquaint.dialects.connectycube.reading import Asked, parse_pairs
from acquaint.domain.apps import Policy
from acquaint.domain.directory import Condition, Field, Operator, Query
from acquaint.domain.errors import Refusal, Unacceptable
from acquaint.domain.identities import Assurance, Identifier, Identity, ProfileChange
from acquaint.services import apps, limits, sessions, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, carol, eve
from tests.dialects.connectycube.asking import NO_TOKEN, OVER, UNKNOWN_USER, Cube, unacceptable
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

NOBODY_NAMED = unacceptable(base="Query should contain at least one stand-alone field with primary operator")


def asked(query: str) -> Asked:
    return Asked(parse_pairs(query.encode(), but=("null", "undefined")))


def meant(query: str, **policy: Any) -> Query:
    return query_of(asked(query), Policy(**policy))


def conditions(query: str) -> set[Condition]:
    return set(meant(query).conditions)


def moment(text: str) -> Any:
    found = read_moment(text)
    assert found is not None, text
    return found


# The language of V2, by the bytes that the SDK was seen to send


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (
            "id[in][]=51941&id[in][]=51946&limit=10&offset=50",
            Query((Condition.of(Field.ID, Operator.IN, 51941, 51946),), skip=50, limit=10),
        ),
        ("login=adminFirstUser", Query((Condition.of(Field.LOGIN, Operator.IN, "adminFirstUser"),))),
        (
            "last_request_at[gt]=Fri%20Nov%2010%202017%2000%3A00%3A00%20GMT%2B0000%20(Coordinated%20Universal%20Time)",
            Query((Condition.of(Field.LAST_SEEN_AT, Operator.MORE, moment("2017-11-10")),)),
        ),
        (
            "created_at[lt]=1690886495&id[in][]=1&id[in][]=2&id[in][]=3&limit=5&phone=555&sort_desc=id",
            Query(
                (
                    Condition.of(Field.CREATED_AT, Operator.LESS, moment("2023-08-01T10:41:35Z")),
                    Condition.of(Field.ID, Operator.IN, 1, 2, 3),
                    Condition.of(Field.PHONE, Operator.IN, "555"),
                ),
                is_descending=True,
                limit=5,
            ),
        ),
        (
            "full_name[start_with]=diver&id[nin][]=5&id[nin][]=6",
            Query(
                (
                    Condition.of(Field.NAME, Operator.STARTS_WITH, "diver"),
                    Condition.of(Field.ID, Operator.NOT_IN, 5, 6),
                ),
                limit=5,
            ),
        ),
        ("user_tags[in][]=a%20b&user_tags[in][]=vip", Query((Condition.of(Field.TAG, Operator.IN, "a b", "vip"),))),
        ("user_tags[]=a&user_tags[]=b", Query((Condition.of(Field.TAG, Operator.IN, "a", "b"),))),
        (
            "login[in][]=%C3%BC%40z&login[in][]=x%2By&updated_at[gte]=2019-11-06T09%3A21%3A41Z&updated_at[lte]=1690886495",
            Query(
                (
                    Condition.of(Field.LOGIN, Operator.IN, "ü@z", "x+y"),
                    Condition.of(Field.UPDATED_AT, Operator.AT_LEAST, moment("2019-11-06T09:21:41Z")),
                    Condition.of(Field.UPDATED_AT, Operator.AT_MOST, moment("1690886495")),
                )
            ),
        ),
        (
            "email=a%2Bb%40example.com&external_id=e%2F1",
            Query(
                (
                    Condition.of(Field.EMAIL, Operator.IN, "a+b@example.com"),
                    Condition.of(Field.EXTERNAL_ID, Operator.IN, "e/1"),
                )
            ),
        ),
    ],
)
def test_what_the_sdk_sends_is_understood(sent: str, expected: Query) -> None:
    assert meant(sent) == expected


@pytest.mark.parametrize("name", ["login", "email", "full_name", "phone", "external_id", "facebook_id", "twitter_id"])
def test_texts_are_named_listed_and_begun(name: str) -> None:
    for sent, operator in (
        (f"{name}=1234a", Operator.IN),
        (f"{name}[eq]=1234a", Operator.IN),
        (f"{name}[in]=1234a", Operator.IN),
        (f"{name}[in][]=1234a", Operator.IN),
        (f"{name}[start_with]=1234a", Operator.STARTS_WITH),
        (f"{name}[nin]=1234a&id=1", Operator.NOT_IN),
    ):
        assert operator in {it.operator for it in conditions(sent)}
    for operator_name in ("gt", "lt", "gte", "lte", "like", "$where", "ne"):
        with pytest.raises(Unacceptable, match="is not supported"):
            meant(f"{name}[{operator_name}]=1234a&{name}[{operator_name}]=b&id=1")


@pytest.mark.parametrize("name", ["last_request_at", "created_at", "updated_at"])
def test_moments_are_compared(name: str) -> None:
    for operator in ("gt", "lt", "gte", "lte"):
        assert len(conditions(f"{name}[{operator}]=2019-11-06T09:21:41Z")) == 1
        assert len(conditions(f"{name}[{operator}]=1690886495&id=5")) == 2
    for sent in (f"{name}=1690886495", f"{name}[in][]=1690886495", f"{name}[nin][]=1690886495"):
        assert len(conditions(f"{sent}&id=5")) == 2
        with pytest.raises(Unacceptable):
            meant(sent)
    for sent in (f"{name}[start_with]=2019", f"{name}[gt]=yesterday", f"{name}[gt]=", f"{name}[gt][]=1&{name}[gt][]=2"):
        with pytest.raises(Unacceptable) as refusal:
            meant(sent)
        assert refusal.value.field == name


@pytest.mark.parametrize(
    ("sent", "values"),
    [
        ("id[in][]=1&id[in][]=2", (1, 2)),
        ("id[in]=1&id[in]=2", (1, 2)),
        ("id[in]=1,2", (1, 2)),
        ("id[in]=1%2C2", (1, 2)),
        ("id[]=1&id[]=2", (1, 2)),
        ("id=1&id=2", (1, 2)),
        ("id[in]=", ()),
    ],
)
def test_lists_are_written_in_many_ways(sent: str, values: tuple[int, ...]) -> None:
    assert conditions(sent) == {Condition.of(Field.ID, Operator.IN, *values)}


def test_a_name_with_a_comma_is_one_name() -> None:
    assert conditions("full_name=Archer, Ann") == {Condition.of(Field.NAME, Operator.IN, "Archer, Ann")}
    assert conditions("full_name[in][]=Archer, Ann") == {Condition.of(Field.NAME, Operator.IN, "Archer, Ann")}


@pytest.mark.parametrize(
    ("sent", "lenient", "strict"),
    [
        ("id=5", True, True),
        ("id[in][]=5&id[in][]=6&last_request_at[gt]=2018-12-06T09:21:41Z", True, True),
        ("user_tags=guest", True, True),
        ("user_tags=guest&created_at[lt]=1690886495", True, True),
        ("login=smith1&phone=6754987345566&user_tags[nin][]=vip&updated_at[lte]=2018-12-06T09:21:41Z", True, True),
        ("phone=6&last_request_at=2020-11-09T08:21:41Z", True, True),
        ("full_name[start_with]=hunter&id[nin][]=68647", True, True),
        ("login[nin][]=admin19", False, False),
        ("user_tags[nin][]=guest", False, False),
        ("last_request_at=2017-07-06T11:21:41Z", False, False),
        ("created_at[gte]=2019-11-06T09:21:41Z", True, False),
        ("login[start_with]=vip", False, False),
        ("", False, False),
        ("limit=5&sort_asc=id", False, False),
        ("id=undefined", False, False),
    ],
)
def test_a_query_names_somebody(sent: str, lenient: bool, strict: bool) -> None:
    """The vendor's own list of examples. Its SDK documents one that its server forbids, so that is ours to decide."""
    for policy, is_fine in (
        ({}, lenient),
        ({"strict_user_queries": True}, strict),
        ({"lists_users": False}, strict),
    ):
        if is_fine:
            assert meant(sent, **policy).conditions
        else:
            with pytest.raises(Unacceptable):
                meant(sent, **policy)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ("password_hash=x", "password_hash"),
        ("custom_data=x&id=5", "custom_data"),
        ("__proto__=x&id=5", "__proto__"),
        ("id[in][x]=5", "id"),
        ("id[in][0][x]=5", "id"),
        ("id[like]=5", "id"),
        ("id[start_with]=1234", "id"),
        ("id=abc", "id"),
        ("id=5 OR 1=1", "id"),
        ("id=-5", "id"),
        ("id=0", "id"),
        ("id=5.5", "id"),
        ("id=٥", "id"),
        ("id=9007199254740992", "id"),
        ("id[in][]=5&id[in][]=x", "id"),
        ("id[in]=" + ",".join(map(str, range(1, 502))), "id"),
        ("login=" + "x" * 256, "login"),
        ("full_name[start_with]=abc", "full_name"),
        ("full_name[start_with]=%20%20%20a%20", "full_name"),
        ("phone[start_with]=abcd", "phone"),
        ("id=5&sort_asc=password", "sort_asc"),
        ("id=5&sort_desc=user_tags", "sort_desc"),
        ("id=5&sort_desc[]=id&sort_desc[]=login", "sort_desc"),
        ("id=5&limit=0", "limit"),
        ("id=5&limit=ten", "limit"),
        ("id=5&offset=-1", "offset"),
        ("id=5&offset=10001", "offset"),
        ("login=a\x00b", "login"),
    ],
)
def test_what_is_not_of_the_language_is_refused_by_its_name(sent: str, field: str) -> None:
    with pytest.raises(Unacceptable) as refusal:
        meant(sent)
    assert refusal.value.field == field


def test_pages_are_at_most_a_hundred_and_five_by_how_a_text_begins() -> None:
    assert meant("id=5&limit=1000").limit == 100
    assert meant("id=5").limit == 100
    assert meant("login[start_with]=hunter&limit=50").limit == 5


def test_where_contacts_are_not_shown_they_are_not_told_by_narrowing_down() -> None:
    hidden = {"shows_emails_and_phones": False}
    assert meant("email=ann@example.com&phone=4930", **hidden).conditions
    for sent in (
        "email[start_with]=ann@",
        "id=5&email[nin][]=ann@example.com",
        "phone[start_with]=4930",
        "id=5&sort_asc=email",
        "id=5&sort_desc=phone",
    ):
        assert meant(sent).conditions
        with pytest.raises(Unacceptable, match="is not supported"):
            meant(sent, **hidden)


@given(some.text(alphabet="id[]=&login,startwh%$.0123456789_gt\x00é", max_size=80))
def test_whatever_is_sent_is_a_query_or_refused(sent: str) -> None:
    for language in (query_of_any, filters_of, order_of):
        with suppress(Refusal):
            language(asked(sent))


def query_of_any(it: Asked) -> Query:
    return query_of(it, Policy())


# Moments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-12-06T09:21:41Z", "2017-12-06T09:21:41+00:00"),
        ("2017-12-06T09:21:41.123Z", "2017-12-06T09:21:41.123000+00:00"),
        ("2017-12-06T09:21:41.123456789Z", "2017-12-06T09:21:41.123456+00:00"),
        ("2017-12-06T09:21:41+01:00", "2017-12-06T08:21:41+00:00"),
        ("2017-12-06T09:21:41 01:00", "2017-12-06T08:21:41+00:00"),
        ("2017-12-06T09:21:41-0130", "2017-12-06T10:51:41+00:00"),
        ("2017-12-06T09:21:41", "2017-12-06T09:21:41+00:00"),
        ("2017-12-06 09:21:41 UTC", "2017-12-06T09:21:41+00:00"),
        ("2017-12-06 09:21", "2017-12-06T09:21:00+00:00"),
        ("1690886495", "2023-08-01T10:41:35+00:00"),
        ("1690886495123", "2023-08-01T10:41:35.123000+00:00"),
        ("0", "1970-01-01T00:00:00+00:00"),
        ("2017-12-06", "2017-12-06T00:00:00+00:00"),
        ("2017.12.06", "2017-12-06T00:00:00+00:00"),
        ("Fri Nov 10 2017 00:00:00 GMT+0000 (Coordinated Universal Time)", "2017-11-10T00:00:00+00:00"),
        ("Fri Nov 10 2017 01:30:00 GMT+0130 (Mitteleuropäische Zeit)", "2017-11-10T00:00:00+00:00"),
        ("Fri Nov 10 2017 00:00:00 GMT 0000", "2017-11-10T00:00:00+00:00"),
    ],
)
def test_moments_are_read_however_clients_write_them(text: str, expected: str) -> None:
    assert moment(text).timestamp() == moment(expected).timestamp()
    assert moment(text).astimezone(moment(expected).tzinfo).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2017-13-01", "2017-02-30", "2017-02-30T00:00:00Z", "2017-12-06T25:00:00Z", "-5", "1e9", "NaN",
        "999999999999999", "2017-12-06T09:21:41+99:99", "Fri Nov 31 2017 00:00:00 GMT+0000",
        "Fri Xyz 10 2017 00:00:00 GMT",
        "1" * 400, "2017-12-06T09:21:41." + "1" * 200, "٢٠١٧-12-06", "2017/12/06",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_none(text: str) -> None:
    assert read_moment(text) is None


@given(some.text(alphabet="0123456789-.:TZ +GMTFriNov()", max_size=60))
def test_no_text_breaks_the_reading_of_moments(text: str) -> None:
    read_moment(text)


# The language of V1


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("filter[]=number%20id%20in%2051941%2C51946", [Condition.of(Field.ID, Operator.IN, 51941, 51946)]),
        ("filter[]=string id in 34", [Condition.of(Field.ID, Operator.IN, 34)]),
        ("filter[]=number+id+gt+51496", [Condition.of(Field.ID, Operator.MORE, 51496)]),
        ("filter[]=number%2Bid%2Bgt%2B0", [Condition.of(Field.ID, Operator.MORE, 0)]),
        ("filter[gt]=number+id+gt+51496", [Condition.of(Field.ID, Operator.MORE, 51496)]),
        ("filter[eq]=number+id+eg+51946", [Condition.of(Field.ID, Operator.IN, 51946)]),
        ("filter=number id ne 5", [Condition.of(Field.ID, Operator.NOT_IN, 5)]),
        (
            "filter[]=number id between 5,9",
            [Condition.of(Field.ID, Operator.AT_LEAST, 5), Condition.of(Field.ID, Operator.AT_MOST, 9)],
        ),
        ("filter[]=string full_name eq Archer, Ann", [Condition.of(Field.NAME, Operator.IN, "Archer, Ann")]),
        (
            "filter[]=string login ge a&filter[]=string login lt b",
            [Condition.of(Field.LOGIN, Operator.AT_LEAST, "a"), Condition.of(Field.LOGIN, Operator.LESS, "b")],
        ),
        ("filter[]=string user_tags in vip,beta", [Condition.of(Field.TAG, Operator.IN, "vip", "beta")]),
        (
            "filter[]=date created_at eq 2026-11-21",
            [
                Condition.of(Field.CREATED_AT, Operator.AT_LEAST, moment("2026-11-21")),
                Condition.of(Field.CREATED_AT, Operator.LESS, moment("2026-11-22")),
            ],
        ),
        (
            "filter[]=date created_at between 2026.11.20,2026.11.21",
            [
                Condition.of(Field.CREATED_AT, Operator.AT_LEAST, moment("2026-11-20")),
                Condition.of(Field.CREATED_AT, Operator.LESS, moment("2026-11-22")),
            ],
        ),
        (
            "filter[]=date updated_at gt 2026-11-20",
            [Condition.of(Field.UPDATED_AT, Operator.MORE, moment("2026-11-20"))],
        ),
        ("external_user_id=x", [Condition.of(Field.EXTERNAL_ID, Operator.IN, "x")]),
        ("page=1", []),
    ],
)
def test_filters_are_understood(sent: str, expected: list[Condition]) -> None:
    assert list(filters_of(asked(sent))) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("order=desc string created_at", (Field.CREATED_AT, True)),
        ("order=asc+string+login", (Field.LOGIN, False)),
        ("order=desc%2Binteger%2Bfacebook_id", (Field.FACEBOOK_ID, True)),
        ("", (Field.ID, False)),
    ],
)
def test_orders_are_understood(sent: str, expected: tuple[Field, bool]) -> None:
    assert order_of(asked(sent)) == expected


# Over HTTP


async def people(cube: Cube, core: Core) -> dict[str, int]:
    """Ann, Ben and Carol, as Acme's server knows them; and their numbers."""
    found: dict[str, int] = {}
    for person, tags in ((ann, ("vip",)), (ben, ("vip", "beta")), (carol, ("guest",))):
        identity = person.verified(
            person.by_email,
            person.by_external_id,
            Identifier.phone(person.phone),
            Identifier.subject("https://www.facebook.com", f"fb-{person.login}"),
            Identifier.subject("https://x.com", f"x-{person.login}"),
        )
        change = ProfileChange(name=person.name, tags=tags)
        user, _ = await users.put(core, cube.app, Identity(identity.identifiers, Assurance.VERIFIED, change))
        found[person.login] = user.id
    return found


async def app_token(cube: Cube) -> str:
    return str((await cube.session())["token"])


async def logins(cube: Cube, query: str, token: str | None = None) -> list[str]:
    answer = await cube.ask("GET", f"/users/v2.json?{query}", token or await app_token(cube))
    assert answer.status_code == 200, answer.text
    return [it["login"] for it in answer.json()["items"]]


@on_both_databases
async def test_a_query_finds_bare_users(cube: Cube, core: Core) -> None:
    ids = await people(cube, core)
    token = await app_token(cube)
    answer = await cube.ask(
        "GET", f"/users/v2.json?id[in][]={ids['ann']}&id[in][]={ids['ben']}&limit=10&offset=1", token
    )
    assert answer.status_code == 200
    assert "CB-Token-ExpirationDate" in answer.headers
    body = answer.json()
    assert {name: body[name] for name in ("limit", "skip", "total_entries")} == {
        "limit": 10,
        "skip": 1,
        "total_entries": 2,
    }
    assert [it["id"] for it in body["items"]] == [ids["ben"]]
    assert body["items"][0]["full_name"] == ben.name
    assert body["items"][0]["user_tags"] == "vip,beta"

    assert await logins(cube, "user_tags=vip&sort_desc=login", token) == ["ben", "ann"]
    assert await logins(cube, "user_tags[in][]=guest&user_tags[in][]=beta&sort_asc=full_name", token) == [
        "ben",
        "carol",
    ]
    assert await logins(cube, "full_name[start_with]=ann a", token) == ["ann"]
    assert await logins(cube, f"phone={carol.phone[1:]}", token) == ["carol"]
    assert await logins(cube, "facebook_id=fb-ann&twitter_id=x-ann", token) == ["ann"]
    assert await logins(cube, "facebook_id=fb-ann&twitter_id=x-ben", token) == []
    assert await logins(cube, "created_at[gt]=2020-01-01&login[nin][]=ann", token) == ["ben", "carol"]
    assert await logins(cube, "id[in]=", token) == []


async def test_a_query_may_come_in_a_body(cube: Cube, core: Core) -> None:
    ids = await people(cube, core)
    token = await app_token(cube)
    form = await cube.ask("GET", "/users/v2", token, data={"id[in][]": [str(ids["ann"])], "limit": "7"})
    sent = {"id": {"in": [ids["ann"], ids["ben"]]}, "login": "ann", "limit": 7}
    for answer in (form, await cube.ask("GET", "/users/v2", token, json=sent)):
        assert (answer.json()["limit"], [it["login"] for it in answer.json()["items"]]) == (7, ["ann"])


async def test_who_may_ask(cube: Cube) -> None:
    for path in (
        "/users",
        "/users/v2?id=5",
        "/users/5",
        "/users/by_login?login=ann",
        "/users/online",
        "/users/external/x",
    ):
        assert (await cube.ask("GET", path)).json() == NO_TOKEN
        assert (await cube.ask("GET", path)).status_code == 401
        assert (await cube.ask("GET", path, "acqs_invented")).json() == OVER
    token = await app_token(cube)
    for query in ("", "?", "?login[nin]=x", "?limit=4"):
        answer = await cube.ask("GET", f"/users/v2{query}", token)
        assert (answer.status_code, answer.json()) == (422, NOBODY_NAMED)
    answer = await cube.ask("GET", "/users/v2?password=x", token)
    assert (answer.status_code, answer.json()) == (422, unacceptable(password="is not supported"))


async def test_each_kind_of_name_has_a_route(cube: Cube, core: Core) -> None:
    ids = await people(cube, core)
    token = await app_token(cube)
    for path in (
        f"/users/{ids['ann']}",
        "/users/by_login?login=ann",
        f"/users/by_email?email={ann.email.upper()}",
        "/users/by_facebook_id?facebook_id=fb-ann",
        "/users/by_twitter_id?twitter_id=x-ann",
        f"/users/by_phone?phone={ann.phone[1:]}",
        f"/users/phone?phone=%2B{ann.phone[1:]}",
        f"/users/external/{ann.external_id}",
    ):
        for suffix in ("", ".json"):
            route, mark, query = path.partition("?")
            answer = await cube.ask("GET", route + suffix + mark + query, token)
            assert answer.status_code == 200, answer.text
            assert answer.json()["user"]["id"] == ids["ann"]
    for path in (
        "/users/404",
        "/users/by_login?login=nobody",
        "/users/by_email?email=nobody@example.com",
        "/users/by_phone?phone=0",
        "/users/external/nobody/at/all",
    ):
        answer = await cube.ask("GET", path, token)
        assert (answer.status_code, answer.json()) == (404, UNKNOWN_USER)
    answer = await cube.ask("GET", "/users/somebody", token)
    assert (answer.status_code, answer.json()) == (422, unacceptable(id="should be a positive integer"))
    answer = await cube.ask("GET", "/users/by_login", token)
    assert (answer.status_code, answer.json()) == (422, unacceptable(login="cannot be blank"))


async def test_pages_of_the_older_routes_wrap_each_user(cube: Cube, core: Core) -> None:
    ids = await people(cube, core)
    token = await app_token(cube)

    async def page(path: str) -> dict[str, Any]:
        answer = await cube.ask("GET", path, token)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return body | {"items": [it["user"]["id"] for it in body["items"]]}

    def of(*who: str, total: int | None = None, page: int = 1, per_page: int = 10) -> dict[str, Any]:
        return {
            "current_page": page,
            "per_page": per_page,
            "total_entries": len(who) if total is None else total,
            "items": [ids[it] for it in who],
        }

    assert await page("/users.json") == of("ann", "ben", "carol")
    assert await page("/users?page=2&per_page=2") == of("carol", total=3, page=2, per_page=2)
    assert await page("/users?order=desc string full_name&per_page=500") == of("carol", "ben", "ann", per_page=100)
    both = f"filter[]=number%20id%20in%20{ids['ann']}%2C{ids['carol']}&filter[]=string login ne ann"
    assert await page(f"/users.json?{both}&page=1&per_page=5") == of("carol", per_page=5)
    assert await page("/users/by_full_name.json?full_name=Ben%20Baker") == of("ben")
    assert await page("/users/by_tags.json?tags[]=guest&tags[]=beta") == of("ben", "carol")
    assert await page("/users/by_tags?tags=vip,apple") == of("ann", "ben")
    assert await page("/users.json?external_user_id=acme-ben") == of("ben")
    nobody = {"current_page": 1, "items": [], "per_page": 0, "total_entries": 0}
    assert await page("/users/by_full_name?full_name=Nobody") == nobody
    assert await page("/users/by_tags?tags[]=none") == nobody


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (
            "filter[]=string custom_data eq 1",
            {"errors": ['Incorrect search field - "custom_data" for filter string "string custom_data eq 1"']},
        ),
        (
            "filter[]=number id like 1",
            {"errors": ['Incorrect search operator - "like" for filter string "number id like 1"']},
        ),
        ("filter[]=id", {"errors": ['Incorrect filter string "id"']}),
        ("filter[]=number id between 5", {"errors": ['Incorrect filter string "number id between 5"']}),
        ("filter[]=number id in x", unacceptable(id="should be a positive integer")),
        ("filter[]=date created_at gt soon", unacceptable(created_at="should be a date")),
        ("order=desc string custom_data", {"errors": ['Incorrect order string "desc string custom_data"']}),
        ("order=1;DROP TABLE users", {"errors": ['Incorrect order string "1;DROP TABLE users"']}),
        ("page=0", None),
        ("filter[]=date created_at between 9999-12-31,9999-12-31", None),
        ("page=-1", unacceptable(page="should be from 1 to 1001")),
        ("page=1002", unacceptable(page="should be from 1 to 1001")),
        ("page=x", unacceptable(page="should be an integer")),
    ],
)
async def test_a_filter_that_cannot_be_is_refused_in_the_vendors_words(cube: Cube, query: str, body: Any) -> None:
    answer = await cube.ask("GET", f"/users?{query}", await app_token(cube))
    assert (answer.status_code, answer.json()) == ((422, body) if body else (200, answer.json()))


async def test_an_app_may_switch_the_older_routes_off(cube: Cube, core: Core) -> None:
    ids = await people(cube, core)
    token = await app_token(cube)
    await apps.change_policy(core, cube.app, {"lists_users": False})
    said = "Users retrieving forbidden in admin panel, application settings. Setup it here http://acquaint.test"
    for path in ("/users", "/users/by_login?login=ann", f"/users/{ids['ann']}", "/users/by_tags?tags=vip"):
        answer = await cube.ask("GET", path, token)
        assert (answer.status_code, answer.json()) == (403, unacceptable(base=said))
    assert await logins(cube, "login=ann", token) == ["ann"]
    answer = await cube.ask("GET", "/users/v2?created_at[gt]=2020-01-01", token)
    assert answer.json() == NOBODY_NAMED


async def test_who_is_online_is_told_where_the_app_wants_it(cube: Cube, core: Core, clock: SetClock) -> None:
    token = await cube.token("ann")
    await cube.token("ben")
    answer = await cube.ask("GET", "/users/online", token)
    assert answer.status_code == 403
    await apps.change_policy(core, cube.app, {"shows_online_users": True})
    clock.forward(minutes=10)
    await cube.me(token)
    await sessions.write_behind(core)
    answer = await cube.ask("GET", "/users/online.json?limit=10&offset=0", token)
    assert [it["login"] for it in answer.json()["users"]] == ["ann"]
    assert list(answer.json()) == ["users"]
    for count in ("true", "1"):
        assert (await cube.ask("GET", f"/users/online.json?count={count}", token)).json() == {"count": 1}
    assert (await cube.ask("GET", "/users/online.json?offset=-1", token)).status_code == 422
    clock.forward(minutes=10)
    assert (await cube.ask("GET", "/users/online.json?count=true", await app_token(cube))).json() == {"count": 0}


async def test_contacts_of_others_are_shown_unless_the_app_hides_them(cube: Cube, core: Core) -> None:
    await people(cube, core)
    mine = (await cube.log_in("dora", email="dora@example.com"))["token"]
    await cube.update(mine, phone="030 55555")

    async def contacts(login: str, token: str) -> tuple[str | None, str | None]:
        found = (await cube.ask("GET", f"/users/by_login?login={login}", token)).json()["user"]
        (also,) = (await cube.ask("GET", f"/users/v2?login={login}", token)).json()["items"]
        assert also == found
        return found["email"], found["phone"]

    assert await contacts("ann", mine) == (ann.email, ann.phone[1:])
    await apps.change_policy(core, cube.app, {"shows_emails_and_phones": False})
    assert await contacts("ann", mine) == (None, None)
    assert (await contacts("dora", mine))[1] == "030 55555"
    assert await contacts("dora", await app_token(cube)) == (None, None)
    assert await logins(cube, f"email={ann.email}", mine) == ["ann"]
    answer = await cube.ask("GET", "/users/v2?email[start_with]=ann@", mine)
    assert (answer.status_code, answer.json()) == (422, unacceptable(email="is not supported"))
    assert (await cube.ask("GET", "/users?filter[]=string email gt a", mine)).status_code == 422
    assert (await cube.ask("GET", "/users?order=asc string phone", mine)).status_code == 422


async def test_an_impostor_is_not_found_under_anothers_address(cube: Cube, core: Core) -> None:
    await cube.sign_up(login="eve", email=ann.email, external_id=ann.external_id)
    token = await app_token(cube)
    assert await logins(cube, f"email={ann.email}", token) == ["eve"]
    await people(cube, core)
    for query in (f"email={ann.email}", "email[start_with]=ann@", f"external_id={ann.external_id}"):
        assert await logins(cube, query, token) == ["ann"]
    for path in (f"/users/by_email?email={ann.email}", f"/users/external/{ann.external_id}"):
        assert (await cube.ask("GET", path, token)).json()["user"]["login"] == "ann"


async def test_own_tags_find_their_user(cube: Cube) -> None:
    token = await cube.token("eve")
    await cube.update(token, tag_list=["rower", "night owl"])
    assert await logins(cube, "user_tags=rower", token) == ["eve"]
    await cube.update(token, tag_list="walker")
    assert await logins(cube, "user_tags=rower", token) == []
    assert await logins(cube, "user_tags[in][]=night owl&user_tags[in][]=walker", token) == ["eve"]


async def test_the_deprecated_number_of_elsewhere_finds_its_user(cube: Cube) -> None:
    await cube.sign_up(login="dora", external_id="acme-dora", external_user_id=77)
    answer = await cube.ask("GET", "/users.json?external_user_id=77", await app_token(cube))
    assert [it["user"]["login"] for it in answer.json()["items"]] == ["dora"]


async def test_users_of_another_app_are_not_there(cube: Cube, core: Core) -> None:
    rival = await apps.create(core, "Rival")
    theirs = Cube(cube.client, rival.app)
    ids = await people(theirs, core)
    token = await app_token(cube)
    everyone = ",".join(map(str, ids.values()))
    for path in (
        f"/users/v2?id[in]={everyone}",
        "/users/v2?user_tags=vip",
        "/users/v2?full_name[start_with]=ann a",
        "/users",
    ):
        assert (await cube.ask("GET", path, token)).json()["total_entries"] == 0
    assert (await cube.ask("GET", f"/users/{ids['ann']}", token)).status_code == 404
    assert (await cube.ask("GET", f"/users/v2?id[in]={everyone}", await app_token(theirs))).json()["total_entries"] == 3


@pytest.mark.parametrize(
    "hostile",
    [
        "' OR '1'='1",
        "%",
        "%25",
        "_",
        "\\",
        "';--",
        '"',
        "*",
        "{}",
        "$gt",
        "ann' UNION SELECT password_hash FROM users--",
    ],
)
async def test_values_are_never_more_than_values(cube: Cube, core: Core, hostile: str) -> None:
    await people(cube, core)
    token = await app_token(cube)
    for query in ({"login": hostile}, {"full_name[start_with]": hostile + "    x"}, {"user_tags[in][]": hostile}):
        answer = await cube.client.get("/users/v2", params=query, headers={"CB-Token": token})
        assert (answer.status_code, answer.json()["total_entries"]) == (200, 0), answer.text
    for path, query in (
        ("/users/by_login", {"login": hostile}),
        ("/users/by_email", {"email": hostile}),
        ("/users/by_full_name", {"full_name": hostile}),
        ("/users", {"filter[]": f"string login eq {hostile}"}),
    ):
        answer = await cube.client.get(path, params=query, headers={"CB-Token": token})
        assert answer.status_code in (200, 404), answer.text
        assert "password" not in answer.text


async def test_nobody_copies_the_directory_in_a_minute(cube: Cube) -> None:
    token = await app_token(cube)
    answer = await cube.ask("GET", "/users/by_login?login=x", token)
    for _ in range(limits.SEARCHES_PER_ADDRESS.times * 2):
        answer = await cube.ask("GET", "/users/by_login?login=x", token)
        if answer.status_code == 429:
            break
    assert (answer.status_code, answer.json()) == (429, {"errors": ["Too Many Requests"]})
    assert "Retry-After" in answer.headers


async def test_a_stranger_without_a_login_is_not_found_by_what_they_typed(cube: Cube, core: Core, acme: Cast) -> None:
    """A visitor of the widget is known to the App's server, and to no other user."""
    started = await cube.client.post(
        "/acquaint/v1/sessions", json={"app": acme.app.slug, "claims": {"email": eve.email, "name": eve.name}}
    )
    if started.status_code == 200:
        assert await logins(cube, f"email={eve.email}") == []
    assert await logins(cube, "created_at[gt]=2020-01-01") == []
