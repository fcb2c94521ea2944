"""How often strangers may try. Every limit says which attack it answers, and whom too low a value would hurt."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from functools import lru_cache
from typing import Final

from ..domain.apps import App
from ..domain.identities import Identifier
from ..domain.limits import Limit
from .core import Core

MINUTE: Final = timedelta(minutes=1)

PASSWORDS_PER_ADDRESS: Final = Limit("passwords_per_address", 300, MINUTE)
"""Failed passwords. Against spraying one password over many users; lower would hurt an office behind one address."""

PASSWORDS_PER_LOGIN_AND_ADDRESS: Final = Limit("passwords_per_login_and_address", 20, MINUTE)
"""Failed passwords. Against guessing one user's; lower would hurt who mistypes (some SDKs send each login twice)."""

PASSWORDS_PER_LOGIN: Final = Limit("passwords_per_login", 200, timedelta(minutes=10))
"""Failed passwords, from anywhere. Against guessing from many addresses; lower would let strangers lock a user out."""

ARRIVALS_PER_ADDRESS: Final = Limit("arrivals_per_address", 600, MINUTE)
"""Sessions of nobody in particular. Against filling the database; lower would hurt a school behind one address."""

TOKENS_PER_ADDRESS: Final = Limit("tokens_per_address", 600, MINUTE)
"""Refused signed tokens. Against filling the audit trail; lower would hurt an App whose clock is off."""

PROVIDERS_PER_ADDRESS: Final = Limit("providers_per_address", 300, MINUTE)
"""Refused credentials of Providers. Each may cost a question to somebody else's server: against having us flood it;
lower would hurt an office behind one address while a Provider is being set up."""

PROVIDER_TRIALS_PER_APP: Final = Limit("provider_trials_per_app", 60, MINUTE)
"""Dry runs of Providers. Against an App that has us ask around; lower would hurt who is setting one up."""

WEBHOOK_WISHES_PER_APP: Final = Limit("webhook_wishes_per_app", 60, MINUTE)
"""Tests of webhooks, and deliveries that are asked for again. Against an App that has us knock at somebody's door;
lower would hurt who tells what an endpoint missed."""

REGISTRATIONS_PER_ADDRESS: Final = Limit("registrations_per_address", 300, MINUTE)
"""New users. Against registering names in bulk; lower would hurt a launch day behind one address."""

RENEWALS_PER_ADDRESS: Final = Limit("renewals_per_address", 600, MINUTE)
"""Refused renewals of tokens. Against keeping the database busy with invented tickets."""

RENEWALS_PER_SESSION: Final = Limit("renewals_per_session", 120, timedelta(minutes=10))
"""Tokens of one session. Against filling the database with tickets; lower would hurt an App that tries short ones."""

TICKETS_PER_ADDRESS: Final = Limit("tickets_per_address", 600, MINUTE)
"""Nonces. Against filling the database with tickets."""

LIVE_TICKETS_PER_ADDRESS: Final = Limit("live_tickets_per_address", 600, MINUTE)
"""Refused tickets of live connections. Against keeping the database busy with invented ones."""

RECOVERIES_PER_ADDRESS: Final = Limit("recoveries_per_address", 30, timedelta(hours=1))
"""Password reset mails asked for. Against probing many addresses."""

RECOVERIES_PER_EMAIL: Final = Limit("recoveries_per_email", 3, timedelta(hours=1))
"""Password reset mails to one address, whether or not it has a user. Against flooding somebody's inbox."""

CONFIRMATIONS_PER_ADDRESS: Final = Limit("confirmations_per_address", 300, timedelta(hours=1))
"""Mails that confirm an e-mail address, asked for from one network address. Against having us write to many people who
never heard of the App; lower would hurt a launch day behind one address: its people have to sign in again for it."""

CONFIRMATIONS_PER_EMAIL: Final = Limit("confirmations_per_email", 3, timedelta(hours=1))
"""The same to one address. Against flooding somebody's inbox."""

NOTICES_PER_EMAIL: Final = Limit("notices_per_email", 3, timedelta(hours=1))
"""Mails to one address that something was changed. Against flooding somebody's inbox by changing it again and again."""

SEARCHES_PER_ADDRESS: Final = Limit("searches_per_address", 1200, MINUTE)
"""Users looked for by other users. Against copying the whole directory, and against keeping the database busy; lower
would hurt an office behind one address, each of whose members resolves a page of names now and then."""

BROAD_SEARCHES_PER_ADDRESS: Final = Limit("broad_searches_per_address", 300, MINUTE)
"""Those among them that name nobody: by names, tags, how something begins, or time. Against conditions made to be slow,
which a large App may take a second for; lower would hurt an office whose members look through a list at once."""

MESSAGES_PER_SESSION: Final = Limit("messages_per_session", 300, MINUTE)
"""Messages of one session. Against flooding; lower would hurt people who paste long answers in pieces."""

TYPING_PER_KEY: Final = Limit("typing_per_key", 6_000, MINUTE)
"""Times that an App's server says an operator types. Against keeping the database busy; lower would hurt an inbox with
hundreds of people in it, each of whom says so every few seconds."""

MESSAGE_SEARCHES_PER_SESSION: Final = Limit("message_searches_per_session", 60, MINUTE)
"""Searches of one session in what it sees. Against keeping the database and a processor busy, each looks at up to 2,000
messages; lower would hurt who searches with every letter they type."""

MESSAGE_SEARCHES_PER_USER: Final = Limit("message_searches_per_user", 120, MINUTE)
"""The same of one user, whatever sessions they open. Against keeping a processor busy from a hundred of them."""

CHANGES_PER_SESSION: Final = Limit("changes_per_session", 300, MINUTE)
"""What a session says of its user, and tickets it asks for. Against keeping the database busy; lower would hurt pages
that pass the same user data on each click."""

ASIDES_PER_SESSION: Final = Limit("asides_per_session", 600, MINUTE)
"""What is said in passing. Against ringing at strangers; lower would hurt calls, which begin with dozens of them."""

ADDRESS_BOOKS_PER_USER: Final = Limit("address_books_per_user", 30, timedelta(hours=1))
"""Changes of one user's address book. Against asking of every number there is whether it has a user; lower would hurt
who sends a long book in parts."""

WORDS_PER_SESSION: Final = Limit("words_per_session", 20, timedelta(minutes=10))
"""New texts of one session that may name a device. Against filling the database; lower would hurt who changes between
workspaces that are random UUIDs."""

FILES_PER_SESSION: Final = Limit("files_per_session", 30, MINUTE)
"""Files of one session. Against filling the disk; lower would hurt people who send an album."""

FILES_PER_USER: Final = Limit("files_per_user", 1000, timedelta(days=1))
"""Files of one user, whatever sessions they open. Against filling the disk; lower would hurt who hands in a year's
receipts. What all users of an App may keep together is its Policy's ``file_space``."""

UPLOADS_PER_TICKET: Final = Limit("uploads_per_ticket", 5, timedelta(hours=1))
"""Times one announced file may be sent. Against filling the disk with one ticket, many times at once; lower would hurt
phones whose uploads break off."""

FILE_LINKS_PER_SESSION: Final = Limit("file_links_per_session", 300, MINUTE)
"""Links to private files. Against filling the database with tickets; lower would hurt who opens a long history."""

BLOCK_LISTS_PER_USER: Final = Limit("block_lists_per_user", 100, timedelta(minutes=10))
"""Changes of whom somebody blocks, of up to a thousand users at once, each with an Event: a few letters put such a list
in force, and out of it. Against filling the database; lower would hurt clients that say all of it for each user."""

AVATARS_PER_USER: Final = Limit("avatars_per_user", 20, timedelta(minutes=10))
"""Pictures drawn. Against keeping a processor busy; lower would hurt who cannot decide."""


async def take(core: Core, limit: Limit, address: str) -> None:
    """Counts one try from a network address; refuses with TooManyRequests when it is one too many."""
    await core.limiter.take(limit, party(address))


@lru_cache(maxsize=4096)
def party(address: str) -> str:
    """The part of a network address that one party holds: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


async def take_password_try(core: Core, app: App, who: Identifier, address: str) -> None:
    """Counts a password that is about to be checked, before any hashing; refuses with TooManyRequests."""
    for limit, whom in _password_limits(app, who, address):
        await core.limiter.take(limit, whom)


async def give_password_try_back(core: Core, app: App, who: Identifier, address: str) -> None:
    """The password was right: only wrong ones count."""
    for limit, whom in _password_limits(app, who, address):
        await core.limiter.give_back(limit, whom)


def _password_limits(app: App, who: Identifier, address: str) -> list[tuple[Limit, str]]:
    login = f"{app.id}|{who.kind}|{who.value}"
    return [
        (PASSWORDS_PER_ADDRESS, party(address)),
        (PASSWORDS_PER_LOGIN_AND_ADDRESS, f"{login}|{party(address)}"),
        (PASSWORDS_PER_LOGIN, login),
    ]
