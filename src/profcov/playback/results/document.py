"""The results of a playback as a JSON document: ``docs/reference/results.md`` describes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import PlaybackError
from profcov.playback.player.runner import FAILED, PASSED, SKIPPED
from profcov.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

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
