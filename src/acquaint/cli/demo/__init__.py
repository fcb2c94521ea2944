"""``acquaint demo``: a fresh server and a customer's backend, a story that is played, and a page to play it by hand.

customer   what a customer has: people, a backend that signs tokens for them, and a page
inbox      what the customer's backend hears live
device     a device of somebody's, talking to the server as any client would
story      what is played, and what must hold
stage      the two servers, from their start to their end
"""

from __future__ import annotations

import click

from ..frame import refusals_said


@click.command()
@click.option("--port", type=int, default=8080, show_default=True, help="Acquaint's port; the page is on the next one.")
@click.option("--once", is_flag=True, help="Play the story and end, instead of serving the page until Ctrl-C.")
def demo(port: int, once: bool) -> None:
    """Play a story on a fresh server, with a page to play by hand.

    Everything is in a temporary folder, which is gone when the demo ends.
    """
    from .stage import perform

    with refusals_said():
        holds = perform(port=port, once=once)
    if not holds:
        raise SystemExit(1)
