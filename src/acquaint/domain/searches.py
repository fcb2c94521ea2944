"""Looking for what was said: what is looked for, and how texts are compared.

Search, Found    what is looked for in the messages that somebody sees, and what came of it
words_in         the words of a text that somebody typed
folded           a text as it is compared: neither capitals nor accents count
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .conversations import ConversationId, ConversationKind, Message
from .errors import Unacceptable
from .listings import ALWAYS, Between
from .users import UserId

LONGEST_SEARCH: Final = 200  # characters
MOST_WORDS: Final = 10
MOST_CONVERSATIONS: Final = 100  # that one search may name

LOOKED_AT: Final = 2_000
"""Messages that one search looks at; the next one goes on where it stopped. Against keeping the database busy with a
word that nobody said; lower would hurt who looks for something old, page by page."""

CHARACTERS_LOOKED_AT: Final = 500_000
"""The same for the length of what is looked at: a message may have 20,000 characters, and comparing costs by each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for. A condition that is None is not asked; one that is empty finds nothing.

    ``words`` are folded, and a message is found that has each of them somewhere in its text, also inside of words.
    ``also`` is what only the caller can tell of a message, such as what its payload means at their door.
    """

    words: tuple[str, ...] = ()
    conversation_ids: tuple[ConversationId, ...] | None = None
    conversation_kinds: frozenset[ConversationKind] | None = None
    kinds: frozenset[str] | None = None  # of messages
    senders: frozenset[UserId] | None = None
    sent: Between = ALWAYS
    also: Callable[[Message], bool] | None = None

    def __post_init__(self) -> None:
        if self.conversation_ids is not None and len(self.conversation_ids) > MOST_CONVERSATIONS:
            raise Unacceptable("conversations", f"are more than {MOST_CONVERSATIONS}")

    def finds(self, it: Message) -> bool:
        """Whether it is one of those. What was deleted is nothing any more."""
        if it.deleted_at is not None:
            return False
        if self.kinds is not None and it.kind not in self.kinds:
            return False
        if self.senders is not None and it.sender_id not in self.senders:
            return False
        if self.also is not None and not self.also(it):
            return False
        if not self.words:
            return True
        text = folded(it.text)
        return all(word in text for word in self.words)


@dataclass(frozen=True, slots=True)
class Found:
    """The newest first. ``next`` is where to go on: there may be more, whether or not anything was found until there.

    None is the end: everything that is seen was looked at. ``looked_at`` says at how many messages this search did.
    """

    messages: tuple[Message, ...]
    next: int | None
    looked_at: int


def words_in(text: str) -> tuple[str, ...]:
    """The words of what was typed, folded, each once. Refuses with Unacceptable when there are none, or too many."""
    if len(text) > LONGEST_SEARCH:
        raise Unacceptable("search", f"is longer than {LONGEST_SEARCH} characters")
    words = tuple(dict.fromkeys(folded(text).split()))
    if not words:
        raise Unacceptable("search", "cannot be blank")
    if len(words) > MOST_WORDS:
        raise Unacceptable("search", f"has more than {MOST_WORDS} words")
    return words


def folded(text: str) -> str:
    """Without capitals and accents, whichever way they were typed: Straße is strasse, É is e.

    Sign by sign, so that no sender makes it slow: a whole text is normalised in the square of the accents in a row.
    """
    if text.isascii():
        return text.lower()
    text = text.casefold()
    return unicodedata.normalize("NFC", text.translate({ord(it): _bare(it) for it in set(text)}))


def _bare(sign: str) -> str:
    apart = unicodedata.normalize("NFKD", sign)
    return "".join(it for it in apart if not unicodedata.combining(it))
