"""The results of a playback as a JSON document: ``docs/reference/results.md`` describes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import CoverageReadError, PlaybackError
from profcov.playback.player.runner import FAILED, PASSED, SKIPPED
from profcov.reading.analysis.notes import Played
from profcov.reading.report.files import read_document
from profcov.slug import Slug
from profcov.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from profcov.playback.player.runner import Outcome

SCHEMA_VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class Run:
    """One playback of many profiles: how each ended, when it began (seconds since the epoch), how long it took."""

    outcomes: Sequence[Outcome]
    is_traced: bool
    began: float
    seconds: float
    exit_code: int

    def count(self, state: str) -> int:
        """Return how many profiles ended so."""
        return sum(outcome.state == state for outcome in self.outcomes)


def results_document(run: Run) -> dict[str, Any]:
    """Return the document, ready for JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "profcov": __version__,
        "began": datetime.fromtimestamp(run.began, UTC).isoformat(timespec="seconds"),
        "seconds": round(run.seconds, 3),
        "traced": run.is_traced,
        "exit_code": run.exit_code,
        "totals": {state: run.count(state) for state in (PASSED, FAILED, SKIPPED)},
        "profiles": [_describe(outcome) for outcome in run.outcomes],
    }


def _describe(outcome: Outcome) -> dict[str, Any]:
    result = outcome.result
    return {
        "profile": outcome.profile.slug,
        "file": str(outcome.profile.path),
        "state": outcome.state,
        "tries": outcome.tries,
        "seconds": round(outcome.seconds, 3),
        "requests": result.requests if result else None,
        "jobs": list(result.jobs) if result else None,
        "notes": list(result.notes) if result else [],
        "artifact": _describe_artifact(outcome),
        "error": _describe_error(outcome),
    }


def _describe_artifact(outcome: Outcome) -> dict[str, Any] | None:
    if outcome.existing is not None:
        kept = outcome.existing
        return {"file": str(kept.path), "status": "complete", "reasons": [], "lines": outcome.lines}
    artifact = outcome.result.artifact if outcome.result else None
    if artifact is None:
        return None
    status = "complete" if artifact.complete else "partial"
    return {"file": str(artifact.path), "status": status, "reasons": list(artifact.reasons), "lines": outcome.lines}


def _describe_error(outcome: Outcome) -> dict[str, Any] | None:
    error = outcome.error
    if error is None:
        return None
    step = error.step if isinstance(error, PlaybackError) else None
    return {"code": error.code, "step": step, "message": str(error)}


def list_played(run: Run) -> dict[Slug, Played]:
    """Return how each profile was played, as :func:`read_played` would from the document."""
    return {
        Slug(each.profile.slug): Played(round(each.seconds, 3), each.result.requests if each.result else None)
        for each in run.outcomes
    }


def read_played(path: Path) -> dict[Slug, Played]:
    """Return how each profile was played, as a results document has it.

    Raises:
        CoverageReadError: they are not there, or they are something else.
    """
    hint = "`profcov playback --json FILE` makes it"
    document = read_document(path, SCHEMA_VERSION, hint)
    try:
        return {Slug(each["profile"]): _read_figures(each) for each in document["profiles"]}
    except (KeyError, TypeError, OverflowError) as error:
        reason = f"it has no results of this version: {type(error).__name__}: {error}; {hint}"
        raise CoverageReadError(path, reason) from error


def _read_figures(facts: Mapping[str, Any]) -> Played:
    seconds, requests = facts["seconds"], facts["requests"]
    if not isinstance(seconds, int | float | None) or not isinstance(requests, int | None):
        raise TypeError("seconds and requests are numbers")
    if seconds is not None and not math.isfinite(seconds):
        raise TypeError(f"no play takes {seconds} seconds")
    return Played(seconds, requests)
