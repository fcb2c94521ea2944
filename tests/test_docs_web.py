"""docs/quickstart-web.md: what is signed and checked there, in four languages, is what we believe and sign."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from acquaint.adapters.jose import JoseSigner
from acquaint.domain.claims import TokenRules, identity_in
from acquaint.domain.identities import Identifier
from acquaint.domain.webhooks import new_secret, signature

PAGE = (Path(__file__).parents[1] / "docs/quickstart-web.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
SECRET, NAME = "acqx_a+b/c and more of it", 'Änn O\'Hara "42"'
RULES = TokenRules(timedelta(minutes=15), requires_typ=True)
CALLS = {  # what runs the page's function, and what is written after it: secret, id and name are its arguments
    "python": (["python3", "-"], "import sys\nprint(login_token(*sys.argv[1:]))"),
    "js": (["node", "--input-type=module", "-"], "console.log(loginToken(...process.argv.slice(-3)))"),
    "php": (["php", "--"], "echo login_token(...array_slice($argv, 1));"),
    "ruby": (["ruby", "-"], "puts login_token(*ARGV)"),
}


@pytest.mark.parametrize("language", CALLS)
def test_what_a_shop_signs_as_the_page_says_logs_its_customer_in(language: str) -> None:
    [command, call], source = CALLS[language], next(text for it, text in BLOCKS if it == language)
    opening = "<?php\n" if language == "php" else ""
    token = said_by(command, opening + source + call, SECRET, "42", NAME)
    identity = identity_in(JoseSigner().verify(token, [SECRET]), RULES, datetime.now(UTC))
    assert identity.identifiers == (Identifier.external_id("42"),)
    assert identity.profile.name == NAME


def test_nodes_lines_believe_our_webhooks_and_nothing_else() -> None:
    secret, body, now = (
        new_secret(bytes(range(24))),
        b'{"type":"message.posted","data":{"text":"\xc3\xa4"}}',
        datetime.now(UTC),
    )
    genuine = dict(signature((secret,), "msg_1", now, body))
    tries = [
        (genuine, body),
        (genuine | {"webhook-signature": f"v1,AAAA {genuine['webhook-signature']}"}, body),
        (genuine, body + b" "),
        (genuine | {"webhook-id": "msg_2"}, body),
        (genuine | {"webhook-signature": "ä" * len(genuine["webhook-signature"])}, body),
        (dict(signature((new_secret(b"x" * 24),), "msg_1", now, body)), body),
        (dict(signature((secret,), "msg_1", now - timedelta(minutes=6), body)), body),
        ({}, body),
    ]
    source = [text for it, text in BLOCKS if it == "js"][1]
    call = (
        "const [secret, tries] = process.argv.slice(-2)\n"
        "for (const [headers, body] of JSON.parse(tries))"
        " console.log(isGenuine(secret, headers, Buffer.from(body, 'base64')))"
    )
    sent = json.dumps([(headers, base64.b64encode(body).decode()) for headers, body in tries])
    said = said_by(CALLS["js"][0], source + call, secret, sent).split()
    assert said == ["true", "true", "false", "false", "false", "false", "false", "false"]


def said_by(command: list[str], script: str, *words: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    ran = subprocess.run([*command, *words], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()
