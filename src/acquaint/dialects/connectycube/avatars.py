"""Avatars: any text, an address, or the uid of a blob. A blob of ours is drawn anew before anybody is shown it."""

from __future__ import annotations

from ...domain.apps import App
from ...domain.errors import Unacceptable
from ...domain.files import FileId
from ...domain.users import User
from ...services import avatars
from ...services.core import Core
from .reading import Asked


async def show_avatar(core: Core, app: App, user: User | None, fields: Asked) -> None:
    """Makes what the fields name as ``avatar`` or ``blob_id`` fit to be shown; nothing where they name no blob.

    Refuses with Unacceptable for a blob that is another's, not complete, or no picture that can be read.
    """
    user_id = None if user is None else user.id
    avatar = fields.text("avatar")
    if avatar is not None:
        await avatars.show(core, app, user_id, _uid(core, avatar))
    number = fields.number("blob_id")
    if number is not None and number > 0:
        try:
            await avatars.show_by_number(core, app, user_id, FileId(number))
        except Unacceptable as rule:
            raise Unacceptable("blob_id", rule.reason) from rule


def _uid(core: Core, avatar: str) -> str:
    """What ``publicUrl`` and ``privateUrl`` make of a uid is still that blob."""
    where, _, rest = avatar.partition(f"{core.public_url}/blobs/")
    return rest.partition("?")[0].partition("/")[0] if rest and not where else avatar
