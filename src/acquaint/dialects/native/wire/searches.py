"""Looking for what was said."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ....domain.conversations import ConversationId
from ....domain.listings import Between
from ....domain.searches import LONGEST_SEARCH, MOST_CONVERSATIONS, MOST_WORDS, Found, Search, words_in
from . import values
from .conversations import Message, Viewer, message
from .values import Id, Paging, Shown, Since


class SearchPaging(Paging, kw_only=True):
    """What is looked for in what was said."""

    search: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LONGEST_SEARCH,
            description=f"At most {MOST_WORDS} words, each somewhere in the text, also inside of words. Neither "
            "capitals nor accents count.",
            examples=["order delivery"],
        ),
    ]
    conversations: Annotated[
        Annotated[str, Meta(pattern="^[1-9][0-9]{0,15}(,[1-9][0-9]{0,15})*$", max_length=17 * MOST_CONVERSATIONS)]
        | None,
        Meta(description=f"Only in these: ids with commas between them, at most {MOST_CONVERSATIONS}."),
    ] = None
    since: Annotated[Since | None, Meta(description="Only what was said at this moment or later.")] = None
    until: Annotated[Since | None, Meta(description="Only what was said before this moment.")] = None

    def asked(self) -> Search:
        ids = None if self.conversations is None else self.conversations.split(",")
        return Search(
            words=words_in(self.search),
            conversation_ids=None
            if ids is None
            else tuple(ConversationId(values.id_of(it, "conversations")) for it in ids),
            sent=Between(values.read_moment(self.since, "since"), values.read_moment(self.until, "until")),
        )


class FoundMessages(Shown):
    """What was found, the newest first. A page may be short, or empty, and more may be found on the next one."""

    items: list[Message]
    looked_at: Annotated[int, Meta(description="At how many messages this search looked.")]
    next: Annotated[
        Id | None,
        Meta(description="``after`` of the search that goes on from here; null when everything was looked at."),
    ]


def found(it: Found, viewer: Viewer) -> FoundMessages:
    return FoundMessages(
        items=[message(one, viewer) for one in it.messages],
        looked_at=it.looked_at,
        next=values.optional_id(it.next),
    )
