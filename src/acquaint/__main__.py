"""``python -m acquaint``, the same as ``acquaint``."""

from .cli import main

main(prog_name="acquaint")
