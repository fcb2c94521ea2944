"""The Python client of Acquaint, the identity layer of in-app chat.

Client, AsyncClient                a visitor: anonymous, then logged in; conversations, history, live messages
ServerClient, AsyncServerClient    your backend: vouches for users, answers, sets the rules
sign_login                         a login token, signed by your backend, without the network
verify_webhook                     what your backend is told of what happens, once it is clear that it is genuine
attempt, attempt_async             results instead of exceptions
errors, models, store, live        what is raised, shown, kept, and told
"""

from . import errors, models
from ._flow import Retries
from .client import AsyncClient, Client
from .errors import AcquaintError, AlreadySignedIn, Offline, Refused, SessionEnded, SomebodyElse, StaleToken
from .models import Identifiers
from .results import Done, Failed, attempt, attempt_async
from .server import AsyncServerClient, ServerClient
from .signing import sign_login
from .store import FileStore, KeyringStore, MemoryStore, Store
from .webhooks import NotGenuine, verify_webhook

__version__ = "0.1.0.dev0"

__all__ = [
    "AcquaintError",
    "AlreadySignedIn",
    "AsyncClient",
    "AsyncServerClient",
    "Client",
    "Done",
    "Failed",
    "FileStore",
    "Identifiers",
    "KeyringStore",
    "MemoryStore",
    "NotGenuine",
    "Offline",
    "Refused",
    "Retries",
    "ServerClient",
    "SessionEnded",
    "SomebodyElse",
    "StaleToken",
    "Store",
    "attempt",
    "attempt_async",
    "errors",
    "models",
    "sign_login",
    "verify_webhook",
]
