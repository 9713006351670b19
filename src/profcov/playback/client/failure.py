"""The inner signal that a step failed, before slug and step are added."""

from __future__ import annotations


class StepFailedError(Exception):
    """Raised inside a step; :mod:`profcov.playback.player.steps` turns it into a PlaybackError with slug and step.

    The text has what was asked, what was expected and what came.
    """
