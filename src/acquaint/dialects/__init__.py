"""Every dialect the server speaks, one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..ports.formats import Format
from ..web.dialect import Dialect
from .connectycube import DIALECT as CONNECTYCUBE
from .kustomer import DIALECT as KUSTOMER
from .native import DIALECT as NATIVE
from .native import FORMAT as NATIVE_FORMAT
from .opencx import DIALECT as OPENCX
from .opencx import FORMAT as OPENCX_FORMAT
from .qiscus import DIALECT as QISCUS

ALL: Final[tuple[Dialect, ...]] = (NATIVE, QISCUS, CONNECTYCUBE, KUSTOMER, OPENCX)

FORMATS: Final[Mapping[str, Format]] = {"native": NATIVE_FORMAT, "opencx": OPENCX_FORMAT}
"""In whose words Apps can be told what happened."""
