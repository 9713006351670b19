"""The one context variable: which unit of work the running code belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

current: ContextVar[Any] = ContextVar("profcov_unit", default=None)
