"""Attack 19 on searching: what somebody said that makes looking for something else expensive.

Whoever is in a conversation decides what is looked through when others search there. As it was found: a few messages
of accents in a row, or of files whose address has them, stopped the server for minutes at each search.
"""

from __future__ import annotations

import random
import unicodedata

import httpx2

from acquaint.domain.conversations import LONGEST_TEXT
from acquaint.domain.searches import folded, words_in
from tests.attacks.test_19_hostile_inputs import BUDGET, HOSTILE
from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking
from tests.dialects.qiscus.chatting import Chatting
from tests.support.work import budget, cost, cost_of

ACCENTS = "\u0315\u0300\u05ae\u0301\u0323"
HIDDEN = "\u0f73\u0344\u0f81\uff9e"  # accents that only show when they are taken apart


def slowly(text: str) -> str:
    """What folding means."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(it for it in apart if not unicodedata.combining(it)))


def test_no_text_is_slow_to_compare() -> None:
    texts = {name: text[:LONGEST_TEXT] for name, text in HOSTILE.items()}
    texts |= {"accents": "a" + ACCENTS * (LONGEST_TEXT // 5), "hidden": "a" + HIDDEN * (LONGEST_TEXT // 4)}
    most = budget(BUDGET)
    assert {name: it for name, text in texts.items() if (it := cost(folded, text)) > most} == {}
    assert {name: it for name, text in texts.items() if (it := cost(words_in, text)) > most} == {}
    assert cost(slowly, texts["accents"]) > most, "the attack as it worked"


def test_a_text_that_is_compared_quickly_is_compared_as_before() -> None:
    any_of = random.Random(19)
    signs = [chr(it) for it in range(0x110000) if not 0xD800 <= it < 0xE000]
    assert [it for it in signs[:0x30000] if folded(it) != slowly(it)] == []
    for _ in range(500):
        text = "".join(any_of.choices(signs, k=20) + any_of.choices(ACCENTS + HIDDEN + "\u1100\u1161\u11a8e", k=20))
        assert folded(text) == slowly(text), text.encode("unicode_escape")


async def test_no_file_of_a_stranger_makes_a_list_of_files_slow(client: httpx2.AsyncClient, acme: Cast) -> None:
    chatting = Chatting(Asking(client, acme, "/api/v2/mobile"))
    ann, eve = await chatting.comes("ann"), await chatting.comes("eve")
    room = await eve.room_with("ann")
    for url in (
        "http://a" + "\u0301\u0323" * 4_000,
        "http://[",
        "https://",
        "https://x/a.png?b.pdf",
        "http://a/%2e%pdf",
    ):
        await eve.says(room, "a file", type="file_attachment", payload={"url": url})
    assert await cost_of(lambda: ann.posts("file_list", include_extensions=["png"])) < budget(BUDGET)
    listed = await ann.posts("file_list", include_extensions=["png"])
    assert [it["payload"]["url"] for it in listed["comments"]] == ["https://x/a.png?b.pdf"]
