"""Where everything meets: settings become a core, the core a house, and the house is opened, served and closed.

    parts      make_folder, migrate, move, make_keys: what must be there before; open_core: the ports in one hand
    sealing    the keys that secrets are sealed with
    house      open_house: a core that serves; build_app: the ASGI application in front of it
    tasks      what goes on beside requests
    serving    serve: listens until told to stop

Only here is anything chosen: which database, bus and mailer, and which dialects.
"""

from .house import House, build_app, open_house
from .parts import make_folder, make_keys, migrate, move, open_core, utc_now
from .readiness import NotReady
from .sealing import forget as forget_key
from .sealing import key_file
from .serving import serve

__all__ = [
    "House",
    "NotReady",
    "build_app",
    "forget_key",
    "key_file",
    "make_folder",
    "make_keys",
    "migrate",
    "move",
    "open_core",
    "open_house",
    "serve",
    "utc_now",
]
