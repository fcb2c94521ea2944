"""The App's own identity provider: asked with its templates, and its answer read with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...domain.apps import App
from ...domain.providers import CustomProvider, ProviderKind
from ...domain.questions import question_of
from ...domain.testimony import Testimony, of_custom
from ...ports.outbound import Answer
from ..core import Core
from .asking import Asked, ask, good_json

NAME: Final = ProviderKind.CUSTOM.value


async def by_custom(core: Core, app: App, provider: CustomProvider, fields: Mapping[str, str]) -> Testimony:
    """Refuses with ProviderRefused, ProviderUnavailable, or Unacceptable for a field that is too long."""
    return read(provider, await answer_of(core, app, provider, fields))


async def answer_of(core: Core, app: App, provider: CustomProvider, fields: Mapping[str, str]) -> Answer:
    it = question_of(provider, fields)
    return await ask(core, app, NAME, Asked(it.method, it.url, it.headers, it.content))


def read(provider: CustomProvider, answer: Answer) -> Testimony:
    return of_custom(good_json(NAME, answer), provider)
