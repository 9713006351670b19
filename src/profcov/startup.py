"""A whole process belongs to one slug: ``profcov.pth`` begins the unit at start-up if ``PROFILE_TRACE_SLUG`` is set."""

from __future__ import annotations

import os

from profcov.recording.propagation import open_recorder
from profcov.settings import PROCESS_SLUG
from profcov.store.runs import note_loaded


def begin_process() -> None:
    """Make the rest of the process a unit of the slug in the environment; do nothing if profcov is off."""
    slug = os.environ.get(PROCESS_SLUG)
    if slug:
        note_loaded()
        unit = open_recorder().begin(slug)
        if unit.traced:
            unit.enter_for_good()


begin_process()
