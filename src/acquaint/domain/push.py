"""A PushAddress: where somebody else's service notifies the app on a device.

Nothing here notifies anybody. Addresses are kept for the App, which does, and go with the session they came in by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from .apps import AppId
from .errors import Unacceptable
from .sessions import SessionId

LONGEST_TOKEN: Final = 1_024  # characters; Apple's have 64 to 200, Google's 140 to 350, and neither promises it
LONGEST_BUNDLE: Final = 255
MOST_ADDRESSES: Final = 10  # of one session: an app has one, and its extensions theirs


class Platform(StrEnum):
    """Whose service, or whose words for it."""

    ANDROID = "android"
    IOS = "ios"
    REACT_NATIVE = "rn"
    FLUTTER = "flutter"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class PushAddress:
    app_id: AppId
    session_id: SessionId
    platform: Platform
    token: str
    at: datetime
    bundle: str | None = None  # which app of the App's, as its platform names it
    is_development: bool = False  # of the platform's trial service

    def __post_init__(self) -> None:
        if not re.fullmatch(rf"[!-~]{{1,{LONGEST_TOKEN}}}", self.token):
            raise Unacceptable("token", f"must be 1 to {LONGEST_TOKEN} letters, digits and signs without spaces")
        if self.bundle is not None and not 0 < len(self.bundle) <= LONGEST_BUNDLE:
            raise Unacceptable("bundle", f"must have 1 to {LONGEST_BUNDLE} characters")
