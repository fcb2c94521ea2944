"""Acquaint: the identity layer of in-app chat.

A *credential* proves an *identity*; the identity resolves to a *user*; the user opens a *session* on a
*device*; the session sees *conversations* by *visibility*. ``docs/vocabulary.md`` defines these words,
``ARCHITECTURE.md`` says where each of them lives.
"""

__version__ = "0.1.0.dev0"
