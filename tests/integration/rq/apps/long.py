"""Jobs that take a while, each with a function of its own."""

from __future__ import annotations

import random
import time

import many_functions


def call(number: int, slug: str | None) -> int:
    found: int = getattr(many_functions, f"f{number}")(slug)
    time.sleep(random.random() * 0.02)
    return found
