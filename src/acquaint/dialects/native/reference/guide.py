"""What a reader should know before the first route: the guide at the top of the reference page."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from ..operation import PREFIX
from ..repeats import ABANDONED_AFTER
from .prose import figure, prose

MARK: Final = (
    '<svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">'
    '<rect width="32" height="32" rx="9" fill="#0f766e"/>'
    '<circle cx="12" cy="14" r="4.6" fill="#fff"/><circle cx="21" cy="14" r="4.6" fill="#99f6e4"/>'
    '<path d="M5 26c1-5 4-7 7-7s6 2 7 7z" fill="#fff"/><path d="M14 26c1-5 4-7 7-7s6 2 7 7z" fill="#99f6e4"/></svg>'
)
ICON: Final = quote(MARK.replace(' aria-hidden="true"', ' xmlns="http://www.w3.org/2000/svg"'))

LEAD: Final = (
    "Who is in front of you, and what they may see. Visitors come in with nothing but their device, with a password, "
    "or with a token your server signed; what they said before they signed in stays theirs, and nobody else's."
)

_FIRST_STEPS: Final = """\
**1.** A page opens a session. Nobody is created for looking: there is a session, and nobody in it yet. Keep
`device_secret`, and send it whenever you open a session on this device.

**2.** The visitor says something, and is somebody now: whoever holds the device.

**3.** They sign in, with a token your server signed. What they said anonymously on this device becomes their
history, in the same step.
"""

_FIRST_COMMANDS: Final = r"""
# 1. a page opens: {"token": "acqs_…", "device_secret": "acqd_…", …}
curl {url}/sessions \
  -H 'Content-Type: application/json' -d '{"app": "acme"}'

# 2. the visitor writes
curl {url}/conversations \
  -H 'Authorization: Bearer acqs_…' -H 'Content-Type: application/json' \
  -d '{"message": {"text": "Hello, where is my order?"}}'

# 3. they sign in, and what they wrote is theirs on every device
curl {url}/sessions -H 'Content-Type: application/json' \
  -d '{"app": "acme", "device_secret": "acqd_…", "token": "eyJ…"}'
""".strip()

_CALLERS: Final = f"""\
Everybody sends `Authorization: Bearer …`, and each kind of caller has routes of its own.

**Visitors** send the token of their session (`acqs_…`), from browsers and apps.

**The App's server** sends an API key (`acqk_…`) to `{PREFIX}/app/…`. The role `org.user` is enough for users,
sessions and conversations; keys, secrets and the Policy take `org.admin`. An API key never belongs into a page:
browsers of other origins are not let near these routes.

**The operator** of the server sends a key of the server to `{PREFIX}/server/…`.

A session token on a route for keys, or a key on a route for visitors, is refused with `wrong_credential`.
"""

_VALUES: Final = """\
Ids are whole numbers below 2^53, written as text: `"7204822912614400"`. Larger ids are younger. An id never
authorises anything: whatever is not yours to see answers as if it were not there.

Moments are in UTC with milliseconds: `"2026-03-14T09:26:53.589Z"`.

A field that nobody declared is refused, in bodies and in queries. In a change, a field that is absent stays as it
is, and one that is null is emptied.

Lists are walked by key: `next` of one page is `after` of the following one, and `null` at the end. `limit` is at
most 200.
"""

_DEVICES: Final = """\
A device is known by a secret that only it holds. Whoever opens a session without one, or with one that is not good
any more, is given a new one; so is whoever signs in. Guests have none: their token is all they hold.

Logging out starts a new device epoch: the session ends, the device secret is spent, and whoever comes next on the
same machine is somebody new. Forget the token and the secret when you log out.

A verified session sees what its user joined verified, on every device. Any other session sees what was joined
unverified on its very device. Neither sees the other's, and a workspace is a scope of its own.
"""

_TOKENS: Final = """\
Your server signs a JWT with HS256 and one of the App's signing secrets. The header says `typ: JWT`; `iat` is
required and within 15 minutes of our clock, either way (the App's Policy may say otherwise); `email` or
`externalId` names the user, and `email` wins; `name` is taken over. Sign one for every sign-in.

A refusal says which claim is to blame, by how many seconds a moment is off, and what time it is here.
"""

_REPEATING: Final = f"""\
A write may carry an `Idempotency-Key` of your making. Sent again by the same caller within a day, the same request
is not served again: its first answer is repeated, with `Idempotency-Replayed: true`. Another request under the same
key is refused with `key_reused`. While the first is still being served the answer is `still_running`; if the server
died over it, the key is free again after {ABANDONED_AFTER.seconds} seconds. Refusals are not kept: nothing was
done.

Answers that hold a secret (a token, a key, a file's address) are never kept, so the routes that give one refuse the
header. So do routes without a credential, because there is nobody to keep the answer for. Messages have `client_id`
besides, which has no end.
"""

_PAGES: Final = """\
The App's Policy names the origins whose pages may call (`allowed_origins`); every page may until you say otherwise.
There are no cookies: a page can do what the token it holds allows.
"""

CHAPTERS: Final = (
    ("steps", "First steps"),
    ("callers", "Who calls"),
    ("values", "Ids, moments, lists"),
    ("devices", "Devices and epochs"),
    ("tokens", "Tokens your server signs"),
    ("repeating", "Repeating a request"),
    ("pages", "Pages that call"),
)
_TEXTS: Final = {
    "steps": _FIRST_STEPS,
    "callers": _CALLERS,
    "values": _VALUES,
    "devices": _DEVICES,
    "tokens": _TOKENS,
    "repeating": _REPEATING,
    "pages": _PAGES,
}

PROBLEMS: Final = """\
Every refusal is a problem document (RFC 9457, `application/problem+json`). Programs read `code`, which never
changes its meaning; people read `title` and `detail`. Beside them stands the evidence, in members of its own.
"""


def html(public_url: str) -> str:
    """The guide: a lead, the first steps with their commands, and a chapter for each thing that holds everywhere."""
    first, *others = (_chapter(id, title) for id, title in CHAPTERS)
    commands = figure("Three requests", _FIRST_COMMANDS.replace("{url}", public_url + PREFIX))
    return (
        f'<section id="start"><h1>The native API</h1><p class="lead">{LEAD}</p>'
        f'<div class="first">{first}{commands}</div><div class="chapters">{"".join(others)}</div></section>'
    )


def _chapter(id: str, title: str) -> str:
    return f'<div class="chapter"><h3 id="{id}"><a href="#{id}">{title}</a></h3>{prose(_TEXTS[id])}</div>'
