"""The inner signal that a step failed, before anybody has said which step of which profile it was."""

from __future__ import annotations


class StepFailedError(Exception):
    """Raised inside a step; :mod:`profcov.playback.player.steps` turns it into a PlaybackError with slug and step.

    The text says what was asked, what was expected and what came.
    """
