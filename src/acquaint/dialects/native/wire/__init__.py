"""The shapes of the native API: what callers send (``Sent``) and what they are shown (``Shown``).

A file for each resource, and ``values`` for the kinds of value they share. Shapes go no further than the routes.
"""
