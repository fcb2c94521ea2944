"""Access tokens of Facebook and X: proved by asking the vendor whose they are, and that they were made for this App.

by_facebook    debug_token, then /me
by_x           verify_credentials, signed with the App's consumer key
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from ...domain.apps import App
from ...domain.errors import Doubt, ProviderRefused, TokenRefused
from ...domain.providers import FacebookProvider, ProviderKind, XProvider
from ...domain.testimony import Testimony, of_facebook, of_x
from ...ports.outbound import NoAnswer
from ..core import Core
from .asking import Asked, ask, good_object, unavailable

LONGEST_TOKEN: Final = 2048  # characters; Facebook's have some hundreds

_FACEBOOK: Final = ProviderKind.FACEBOOK.value
_X: Final = ProviderKind.X.value


async def by_facebook(core: Core, app: App, provider: FacebookProvider, *, token: str) -> Testimony:
    """Refuses with TokenRefused, ProviderRefused or ProviderUnavailable.

    A token that another app was given opens nothing: whoever runs that app has the tokens of its users
    (developers.facebook.com, "Checking access tokens"). The profile is asked for with appsecret_proof, so that only
    this App's server gets it.
    """
    _check(token, "token")
    proof = hmac.new(provider.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    graph = provider.graph_url.rstrip("/")
    own = f"{provider.app_id}|{provider.app_secret}"
    checked = await _get(core, app, _FACEBOOK, f"{graph}/debug_token?{urlencode({'input_token': token})}", own)
    data = checked.get("data")
    if not isinstance(data, dict) or data.get("is_valid") is not True:
        raise TokenRefused("token", "is not valid any more, or never was", Doubt.PROVIDER)
    if str(data.get("app_id")) != provider.app_id:
        raise TokenRefused("token", "was made for another app")
    query = urlencode({"fields": "id,name,email", "appsecret_proof": proof})
    user = await _get(core, app, _FACEBOOK, f"{graph}/me?{query}", token)
    if data.get("type", "USER") != "USER" or str(data.get("user_id")) != user.get("id"):  # a page has tokens, too
        raise ProviderRefused(_FACEBOOK, 200, "the token is not that of one user")
    return of_facebook(user)


async def by_x(core: Core, app: App, provider: XProvider, *, token: str, secret: str) -> Testimony:
    """Refuses with TokenRefused, ProviderRefused or ProviderUnavailable.

    X itself ties the token to the consumer key that signs the question.
    """
    _check(token, "token")
    _check(secret, "secret")
    url = f"{provider.credentials_url}?{urlencode({'include_email': 'true', 'skip_status': 'true'})}"
    authorization = core.oauth1.authorization(
        "GET",
        url,
        consumer_key=provider.consumer_key,
        consumer_secret=provider.consumer_secret,
        token=token,
        token_secret=secret,
        nonce=core.chance(16).hex(),
        timestamp=int(core.clock().timestamp()),
    )
    headers = {"Accept": "application/json", "Authorization": authorization}
    return of_x(await _answered(core, app, _X, Asked("GET", url, headers)))


async def _get(core: Core, app: App, name: str, url: str, bearer: str) -> Mapping[str, Any]:
    headers = {"Accept": "application/json", "Authorization": f"Bearer {bearer}"}
    return await _answered(core, app, name, Asked("GET", url, headers))


async def _answered(core: Core, app: App, name: str, asked: Asked) -> Mapping[str, Any]:
    answer = await ask(core, app, name, asked)
    if answer.status == 429 or answer.status >= 500:
        unavailable(app, name, NoAnswer(f"it answers {answer.status}"))
    return good_object(name, answer)


def _check(text: str, name: str) -> None:
    """Plain characters only: it goes into a header."""
    if not 0 < len(text) <= LONGEST_TOKEN or not all("!" <= it <= "~" for it in text):
        raise TokenRefused(name, "is not of the form that the vendor gives out", Doubt.UNREADABLE_TOKEN)
