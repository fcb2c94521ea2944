"""How fast Acquaint is, as ratios of one run on one machine. ``python -m bench``, or ``make bench``; see README.md."""
