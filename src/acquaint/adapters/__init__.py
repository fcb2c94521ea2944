"""The outside world, one file per outside thing. Each keeps the promises of a port in ``ports/``."""
