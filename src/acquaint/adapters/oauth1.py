"""OAuth 1.0a by oauthlib."""

from __future__ import annotations

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, Client


class OAuth1Signer:
    def authorization(
        self,
        method: str,
        url: str,
        *,
        consumer_key: str,
        consumer_secret: str,
        token: str,
        token_secret: str,
        nonce: str,
        timestamp: int,
    ) -> str:
        client = Client(
            consumer_key,
            client_secret=consumer_secret,
            resource_owner_key=token,
            resource_owner_secret=token_secret,
            signature_method=SIGNATURE_HMAC_SHA1,
            nonce=nonce,
            timestamp=str(timestamp),
        )
        _, headers, _ = client.sign(url, http_method=method)
        return str(headers["Authorization"])
