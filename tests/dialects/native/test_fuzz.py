"""schemathesis reads the description and invents requests: none breaks the server, and every answer is as described."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from tests.dialects.native.asking import DOCUMENT
from tests.support.server import serving

SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
LEFT_OUT = [
    checks.positive_data_acceptance,  # what is well-formed may be refused all the same: a wrong password, a foreign id
]


@dataclass(frozen=True)
class Fuzzed:
    """A server with Acme on it, and a key for each kind of caller that has one."""

    url: str
    keys: dict[str, str]  # by the name of the security scheme
    client: httpx2.Client
    session: requests.Session  # what schemathesis asks with

    def credential(self, scheme: str) -> str:
        return self._visitor() if scheme == "visitor" else self.keys[scheme]

    def _visitor(self) -> str:
        """Somebody new each time: what was asked before may have been to delete them."""
        answer = self.client.post(
            f"{self.url}/acquaint/v1/app/sessions",
            json={"identifiers": {"external_id": "ann"}},
            headers={"Authorization": f"Bearer {self.keys['app']}"},
        )
        return str(answer.json()["token"])


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    with serving(tmp_path_factory.mktemp("fuzzed") / "data", ACQUAINT_LIMITS="off") as server:
        app, operator = server.create_app("Acme"), server.run("keys", "create", "--server", "--name", "fuzz")
        keys = {"app": app["api_key"], "admin": app["api_key"], "operator": dict(operator)["api_key"]}
        with httpx2.Client() as client, requests.Session() as session:
            yield Fuzzed(server.url, keys, client, session)


@SCHEMA.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_breaks_anything(case: Any, fuzzed: Fuzzed) -> None:
    schemes = [name for it in case.operation.definition.raw["security"] for name in it]
    headers = {"Authorization": f"Bearer {fuzzed.credential(schemes[0])}"} if schemes else {}
    case.call_and_validate(base_url=fuzzed.url, headers=headers, session=fuzzed.session, excluded_checks=LEFT_OUT)
