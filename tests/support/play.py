"""For programs that tests start: units of work in a few words."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import seen

from profcov.recording.processes import recorder_for

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(os.environ["PROFILE_COVERAGE_DIR"])
recorder = recorder_for()
said: list[str] = []
"""What profcov has logged."""


class _Ear(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        said.append(record.getMessage())


logging.getLogger("profcov").addHandler(_Ear())


def play(slug: str, *functions: Callable[[], object]) -> str:
    """Run functions as a unit of work and return its status."""
    unit = recorder.begin(slug)
    if unit.traced:
        run(unit, *functions)
        unit.end()
    return unit.status


def run(unit: Any, *functions: Callable[[], object]) -> None:
    """Run functions as a step of a unit."""
    with unit.step():
        for function in functions:
            function()


def shards(slug: str) -> list[str]:
    """Return the functions in the shards of a slug, sorted."""
    return sorted(seen.in_shards(DATA, slug))


def tell(value: object) -> None:
    """Hand a value to the test."""
    print(json.dumps(value))
