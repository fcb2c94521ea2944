"""Every dialect the server speaks, one line each."""

from __future__ import annotations

from typing import Final

from ..web.dialect import Dialect
from .connectycube import DIALECT as CONNECTYCUBE
from .kustomer import DIALECT as KUSTOMER
from .native import DIALECT as NATIVE
from .qiscus import DIALECT as QISCUS

ALL: Final[tuple[Dialect, ...]] = (NATIVE, QISCUS, CONNECTYCUBE, KUSTOMER)
