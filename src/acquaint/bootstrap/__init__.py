"""Where everything meets: settings become a core, the core a house, and the house is opened, served and closed.

    parts      make_folder, migrate: what must be there before; open_core: the ports in one hand, for as long as needed
    house      open_house: a core that serves; build_app: the ASGI application in front of it
    tasks      what goes on beside requests
    serving    serve: listens until told to stop

Only here is anything chosen: which database, bus and mailer, and which dialects.
"""

from .house import House, build_app, open_house
from .parts import NotReady, make_folder, migrate, open_core, utc_now
from .serving import serve

__all__ = [
    "House",
    "NotReady",
    "build_app",
    "make_folder",
    "migrate",
    "open_core",
    "open_house",
    "serve",
    "utc_now",
]
