"""The command line: ``acquaint [--data DIR] …``. What it imports here is light; the rest comes with the command.

frame     what all commands share: settings, the core, output, words for refusals
house     init, migrate, serve
doctor    what is wrong here, and what to do about it
extauth   answers a chat server that asks who somebody is
demo      a fresh server, a story that is played on it, and a page to play it by hand
apps keys secrets sealing providers users sessions webhooks    on the database, whether or not a server runs
"""

from __future__ import annotations

from pathlib import Path

import click

from .. import __version__
from .apps import apps
from .demo import demo
from .doctor import doctor
from .extauth import extauth
from .house import init, migrate, serve
from .keys import keys
from .providers import providers
from .sealing import sealing
from .secrets import secrets
from .sessions import sessions
from .users import users
from .webhooks import webhooks


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="The data directory. [default: ./acquaint-data]"
)
@click.version_option(__version__, prog_name="acquaint")
@click.pass_context
def main(context: click.Context, data: Path | None) -> None:
    """Acquaint, the identity layer of in-app chat.

    Settings come from options, ACQUAINT_* variables and DIR/acquaint.toml, in this order.
    """
    context.obj = data


for command in (init, migrate, serve, doctor, demo, extauth):
    main.add_command(command)
for command in (apps, keys, secrets, sealing, providers, users, sessions, webhooks):
    main.add_command(command)
