"""Attack 28: keys that everybody knows, or can guess. tinode.conf's default key, wallarm/jwt-secrets #32."""

from __future__ import annotations

import hmac
import json
import re
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from acquaint.domain.errors import InvalidCredentials, TokenRefused
from acquaint.domain.tokens import BODY, TokenKind, is_well_formed
from acquaint.services import apps, sign_in
from acquaint.services.core import Core, new_text
from tests.cast import Cast, ann
from tests.services.doors import at

ROOT = Path(__file__).parents[2]
GUESSES = ["", "secret", "changeme", "your-256-bit-secret", "acquaint", "acme", "0" * 32, "null", "None", "password"]


def forged(secret: str, at_second: int) -> str:
    """A token as anybody can make one, with whatever secret they think of."""

    def part(said: object) -> str:
        return urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()

    text = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'email': ann.email, 'iat': at_second})}"
    signature = hmac.digest(secret.encode(), text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def test_who_guesses_the_secret_is_anybody(core: Core, acme: Cast) -> None:
    """The attack as it would work, with the real secret: so it must not be one that can be guessed."""
    token = forged(acme.signing_secret, int(core.clock().timestamp()))
    assert (await sign_in.sign_in_with_token(core, acme.app, token, at())).user is not None


@pytest.mark.parametrize("guess", GUESSES)
async def test_no_guess_is_a_secret(core: Core, acme: Cast, guess: str) -> None:
    token = forged(guess, int(core.clock().timestamp()))
    with pytest.raises(TokenRefused):
        await sign_in.sign_in_with_token(core, acme.app, token, at())
    with pytest.raises(InvalidCredentials):
        await apps.by_signing_secret(core, acme.app.slug, guess)
    with pytest.raises(InvalidCredentials):
        await apps.by_api_key(core, guess, "org.user")


async def test_what_is_public_signs_nothing(core: Core, acme: Cast) -> None:
    public = acme.app.public_keys
    for known in (public.auth_key, public.widget_token, acme.new.chat_key, acme.app.slug, str(acme.app.id)):
        with pytest.raises(TokenRefused):
            await sign_in.sign_in_with_token(core, acme.app, forged(known, int(core.clock().timestamp())), at())


async def test_secrets_are_made_by_us_of_256_random_bits(core: Core, acme: Cast) -> None:
    """Nobody can choose one, so nobody can choose a bad one: there is no way to hand one in."""
    for text, kind in (
        (acme.signing_secret, TokenKind.SIGNING_SECRET),
        (acme.api_key, TokenKind.API_KEY),
        ((await apps.rotate_secret(core, acme.app)).text, TokenKind.SIGNING_SECRET),
    ):
        assert is_well_formed(text, kind)
    bodies = [new_text(core, TokenKind.SESSION).partition("_")[2][:BODY] for _ in range(400)]
    assert len(set(bodies)) == 400
    counts = [sum(letter in body[1:] for body in bodies) for letter in "0AZaz9"]  # the first digit is a small one
    assert min(counts) > 100, "every letter turns up"


def test_no_example_in_what_is_shipped_or_documented_is_a_working_key() -> None:
    """Keys in documents are copied. None of ours has a checksum that fits."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*")]
    for path in documents:
        if path.suffix not in (".md", ".py", ".html", ".js", ".toml", ".json"):
            continue
        for text in re.findall(r"acq[sdtkx]_[0-9A-Za-z]{49}", path.read_text()):
            assert not is_well_formed(text, TokenKind(text[:4])), f"{path}: {text}"
