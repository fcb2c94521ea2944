"""What is promised: the budgets of the design, each once."""

from __future__ import annotations

from typing import Final

from .findings import Budget

SESSION_CHECK_NATIVE: Final = Budget(0.55)  # of a bare Starlette route that answers the same bytes
SESSION_CHECK_VENDOR: Final = Budget(0.4)  # of the same route
ANONYMOUS_START: Final = Budget(3)  # times one commit per request
TOKEN_LOGIN: Final = Budget(0.15)  # of the bare route
PASSWORD_LOGIN: Final = Budget(0.85)  # of the machine's raw argon2id rate
CHECK_IN_A_STORM: Final = Budget(2, at_most=True)  # times its p99 when it is quiet
MILLION_USERS: Final = Budget(1.5, at_most=True)  # times the p95 of the same query over a tenth of them
FIRST_ANSWER: Final = Budget(1.5, at_most=True)  # seconds
RESIDENT: Final = Budget(110, at_most=True)  # MB
